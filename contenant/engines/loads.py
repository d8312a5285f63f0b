"""What an engine's containers use: the question for `contenant top`, while the answer is on its way."""

from collections.abc import Callable
from typing import NamedTuple

from contenant.core.values import Load
from contenant.engines.call import Answer


class PendingLoads(NamedTuple):
    """What an engine says that containers use, asked for and read when it is wanted."""

    answer: Answer
    read: Callable[[str], tuple[Load, ...]]

    def result(self) -> tuple[Load, ...]:
        return self.answer.read("say what its containers use", "what its containers use", self.read)
