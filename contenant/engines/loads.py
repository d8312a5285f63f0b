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
        caller = self.answer.caller
        result = self.answer.result(caller.timeouts.quick)
        if result.code != 0:
            raise caller.failure("say what its containers use", result.stderr)
        with caller.reading("what its containers use"):
            return self.read(result.stdout)
