"""Real engines for the contract suite."""

from tests.real.engine_fixtures import (  # fixtures are found by name
    docker_engine,
    docker_host,
    doomed,
    podman_engine,
    real_engine,
    small_image,
)

__all__ = ["docker_engine", "docker_host", "doomed", "podman_engine", "real_engine", "small_image"]
