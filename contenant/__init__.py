"""contenant: Claude Code in isolated, state-tracked Linux containers, one per project."""

__version__ = "0.1.0"
