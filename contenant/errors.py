"""Every failure contenant can name: class -> exit code, slug and what to do next.

The table of exit codes is part of the interface (docs/exit-codes.md). Nothing here prints.
"""

from __future__ import annotations

from typing import ClassVar


class ContenantError(Exception):
    """A failure to be shown as one line, without a traceback.

    `message` says what failed and which object; `hint`, what to do next.
    """

    exit_code: ClassVar[int] = 1
    slug: ClassVar[str] = "failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def advice(self) -> str:
        """Message and hint in one line, for where the failure is told beside what went well."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(ContenantError):
    """The command line is wrong."""

    exit_code = 2
    slug = "usage"


class ConfigError(ContenantError):
    """A setting or a configuration file is wrong."""

    exit_code = 2
    slug = "config"


class PathRefusedError(UsageError):
    """The project path is missing, not a directory, or too much to hand to an agent."""

    slug = "path-refused"


class EngineError(ContenantError):
    """The engine answered with a failure to one call."""

    slug = "engine-failed"


class EngineUnavailableError(EngineError):
    """The engine is missing, down, wedged or too old: nothing is known about its containers."""

    exit_code = 3
    slug = "engine-unavailable"


class NotFoundError(ContenantError):
    """A project, container or session that was named does not exist, or the name is ambiguous."""

    exit_code = 4
    slug = "not-found"


class BusyError(ContenantError):
    """Something else holds it: a live session, another contenant, a lock."""

    exit_code = 5
    slug = "busy"


class ForeignContainerError(BusyError):
    """A container that is not contenant's holds the name."""

    slug = "foreign-container"


class FirewallError(ContenantError):
    """The firewall or the policy could not be proven; nothing was let out."""

    exit_code = 6
    slug = "firewall"


class StateError(ContenantError):
    """The state directory or the database cannot be used."""

    slug = "state"


class ImageBuildError(ContenantError):
    """The image could not be built."""

    slug = "image-build"
