"""What a build prints -> which step of how many it is at. Pure.

podman:          `[2/4] STEP 3/4: RUN …`   steps of each stage counted anew
docker, classic: `Step 3/29 : RUN …`       steps of the whole file
BuildKit:        `#9 [system 3/5] RUN …`   only what does something; lines come twice and out of order
"""

from __future__ import annotations

import re
from typing import NamedTuple

_STEP = re.compile(
    r"(?:\[\d+/\d+\] )?STEP (?P<podman>\d+)/\d+: (?P<podman_text>.+)"
    r"|Step (?P<docker>\d+)/\d+ : (?P<docker_text>.+)"
    r"|#\d+ (?P<kit>\[[^\]]+ \d+/\d+\]) (?P<kit_text>.+)"
)
_INSTRUCTION = re.compile(r"[A-Z]+ ")


class Step(NamedTuple):
    """A build step has begun."""

    done: int  # steps begun so far, this one included
    total: int  # instructions of the Dockerfile
    text: str


def count_steps(dockerfile: str) -> int:
    """Instructions that a build shows as steps: all but the ARG lines before the first FROM."""
    joined = dockerfile.replace("\\\n", " ").splitlines()
    names = [line.split(" ", 1)[0] for line in joined if _INSTRUCTION.match(line)]
    return len(names[names.index("FROM") :]) if "FROM" in names else 0


class Tracker:
    """Follows one build, line by line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen: set[str] = set()
        self._done = 0

    def step(self, line: str) -> Step | None:
        """The step that this line begins, None for any other line."""
        match = _STEP.match(line)
        if match is None:
            return None
        if kit := match["kit"]:
            if kit in self._seen:
                return None
            self._seen.add(kit)
        self._done = min(self._done + 1, self._total)
        text = match["podman_text"] or match["docker_text"] or match["kit_text"]
        return Step(self._done, self._total, _plain(text))


def _plain(text: str) -> str:
    """An instruction for people: an exec form without its brackets, a stage's script by its name."""
    if text.startswith("LABEL "):
        return "labels"  # one of them is long
    words = re.sub(r'[\[\],"]', " ", text).split()
    if words[0] == "RUN" and words[1:] and words[1].startswith("/"):  # contenant's own steps are scripts
        return " ".join(["stage", words[1].rpartition("/")[2], *words[2:]])
    return " ".join(words)
