"""What has to be known of an engine before a container is made there, asked for in one go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from contenant.engines.base import EngineVersion

if TYPE_CHECKING:
    from contenant.engines.base import Engine
    from contenant.engines.call import Answer


class Facts(NamedTuple):
    """An engine's own facts, and whether it has one image."""

    version: EngineVersion
    identity: str  # as `Engine.identity`
    image: str  # the reference that was asked for, "" where it has none


class Pending(NamedTuple):
    """A survey whose answers are on their way."""

    read: Callable[[], Facts]
    given_up: Callable[[], None] = lambda: None

    def result(self) -> Facts:
        """Wait for the answers. Raises as the calls do one by one."""
        try:
            return self.read()
        finally:
            self.given_up()  # after a failure the others are still on their way

    def cancel(self) -> None:
        """Give up what is on its way."""
        self.given_up()


def pending(read: Callable[[], Facts], *answers: Answer) -> Pending:
    """For an engine that is asked for everything at once: `read` makes the facts of the answers."""

    def give_up() -> None:
        for answer in answers:
            answer.pending.cancel()

    return Pending(read, give_up)


def in_turn(engine: Engine, reference: str) -> Pending:
    """For an engine that is asked one thing after the other, when the answers are wanted."""
    return Pending(
        lambda: Facts(engine.version(), engine.identity(), reference if engine.image(reference) else "")
    )
