"""Steps from what the builders print."""

from __future__ import annotations

import pytest

from contenant.image.progress import Step, Tracker, count_steps
from contenant.paths import asset

DOCKERFILE = '# x\nARG BASE=a\n\nFROM ${BASE} AS one\nCOPY a \\\n  b /\nRUN ["/x/y"]\nFROM scratch\nENV A=b\n'


def steps(total: int, *lines: str) -> list[Step]:
    tracker = Tracker(total)
    return [step for line in lines if (step := tracker.step(line))]


def test_instructions_are_counted_from_the_first_stage_on() -> None:
    assert count_steps(DOCKERFILE) == 5
    assert count_steps((asset("image") / "Dockerfile").read_text()) > 20
    assert count_steps("") == 0


def test_podman_counts_each_stage_anew() -> None:
    found = steps(
        3,
        "[1/2] STEP 1/2: FROM base AS one",
        "--> 0123",
        '[1/2] STEP 2/2: RUN ["/x/y"]',
        "[2/2] STEP 1/1: FROM scratch",
    )
    assert found == [Step(1, 3, "FROM base AS one"), Step(2, 3, "stage y"), Step(3, 3, "FROM scratch")]


def test_podman_with_one_stage() -> None:
    assert steps(1, "STEP 1/1: FROM base") == [Step(1, 1, "FROM base")]


def test_docker_counts_the_file() -> None:
    found = steps(2, "Step 1/2 : FROM base", " ---> 0123", "Step 2/2 : RUN apt-get   update")
    assert found == [Step(1, 2, "FROM base"), Step(2, 2, "RUN apt-get update")]


def test_buildkit_repeats_itself() -> None:
    found = steps(
        5,
        "#5 [one 1/2] FROM base",
        "#5 0.3 text",
        "#6 [one 2/2] COPY a b",
        "#5 [one 1/2] FROM base",
        "#6 DONE 0.1s",
    )
    assert found == [Step(1, 5, "FROM base"), Step(2, 5, "COPY a b")]


def test_never_more_than_there_are() -> None:
    assert steps(1, "STEP 1/1: FROM a", "STEP 2/1: LABEL a=b")[-1] == Step(1, 1, "labels")


@pytest.mark.parametrize("line", ["", "STEP", "a STEP 1/2: x", "Get:1 http://x", "#7 sha256:12 1MB / 2MB"])
def test_other_lines_are_no_steps(line: str) -> None:
    assert steps(9, line) == []
