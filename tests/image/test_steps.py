"""How long each step of a build took, by what three builders print."""

from __future__ import annotations

from collections.abc import Iterable

from contenant.image.progress import Tracker
from contenant.image.steps import StepTimes

PODMAN = (
    (0.0, "[1/4] STEP 1/3: FROM localhost/base AS system"),
    (0.01, '[1/4] STEP 2/3: RUN ["/tmp/contenant/stages/system"]'),
    (3.0, "unpacking"),
    (40.01, '[2/4] STEP 1/2: RUN ["/tmp/contenant/stages/jj"]'),
    (52.01, '[2/4] STEP 2/2: LABEL "dev.contenant.inputs"="%7B%22a%22"'),
    (52.05, '[2/4] STEP 3/2: LABEL "dev.contenant.managed"="1"'),
    (54.01, "COMMIT contenant:1"),
    (60.01, ""),
)
KIT = (
    (0.0, '#9 [system 3/5] RUN ["/tmp/contenant/stages/system"]'),
    (0.1, '#10 [jj 3/4] RUN ["/tmp/contenant/stages/jj"]'),
    (5.0, "#10 DONE 4.5s"),
    (6.0, '#9 [system 3/5] RUN ["/tmp/contenant/stages/system"]'),
    (9.0, "#9 DONE 8.8s"),
    (9.1, "#11 exporting to image"),
    (9.9, "#11 DONE 0.8s"),
)


def times(lines: Iterable[tuple[float, str]]) -> list[tuple[str, float]]:
    now = [0.0]
    steps, tracker = StepTimes(lambda: now[0]), Tracker(9)
    for now[0], line in lines:
        steps.line(line, tracker.step(line))
    steps.end()
    return steps.seconds()


def test_a_step_ends_where_the_next_begins() -> None:
    assert times(PODMAN) == [("stage system", 40.0), ("stage jj", 12.0), ("labels", 8.0)]


def test_steps_that_run_at_once_say_themselves_how_long_they_took() -> None:
    assert times(KIT) == [("stage jj", 4.5), ("stage system", 8.8)]


def test_steps_of_one_name_are_added_up_and_trifles_left_out() -> None:
    lines = [(0.0, "Step 1/3 : COPY a b"), (1.0, "Step 2/3 : COPY a b"), (3.0, "Step 3/3 : CMD x")]
    assert times([*lines, (3.01, "done")]) == [("COPY a b", 3.0)]


def test_what_is_timed_counts_though_it_fails() -> None:
    now = iter((1.0, 4.0))
    steps = StepTimes(lambda: next(now))
    try:
        with steps.timed("base image"):
            raise KeyError
    except KeyError:
        pass
    assert steps.seconds() == [("base image", 3.0)]
