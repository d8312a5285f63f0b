"""What engines are called, and the states of their containers; apart from values, which cost more to load."""

from typing import Literal, get_args

EngineName = Literal["container", "podman", "docker"]
ENGINE_NAMES: tuple[EngineName, ...] = get_args(EngineName)

# `created` never ran; `paused` and `unknown` are never acted upon without --force.
ContainerState = Literal["created", "running", "stopped", "paused", "unknown"]
