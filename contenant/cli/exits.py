"""The exit codes: what each means, in one table that help, reference and tests share."""

from __future__ import annotations

EXIT_UNREACHABLE = 3
EXITS: dict[int, str] = {
    0: "done",
    1: "failed, or done in part",
    2: "wrong usage, configuration or project path",
    3: "an engine is missing, down or too old",
    4: "not found, or ambiguous",
    5: "busy: a live session, a lock, a foreign container",
    6: "firewall or policy not proven, nothing was let out; or drift was found",
    70: "a bug in contenant; a crash log was written",
    125: "our own failure while running a command",
    126: "the command cannot be executed",
    127: "the command does not exist in the image",
    130: "interrupted",
    141: "the reader of our output went away",
}
