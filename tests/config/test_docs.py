"""docs/configuration.md names every setting with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from contenant.core.settings import CUSTOMISATIONS, KEYS

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_and_no_other() -> None:
    table = TEXT.partition("## Settings")[2].partition("`home.sync` is by default")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == list(KEYS)


def test_the_defaults() -> None:
    shown = dict(re.findall(r"^\| `([^`]+)` \| `\"?([^`\"]+)\"?` \|", TEXT, re.MULTILINE))
    assert {name: KEYS[name].show(KEYS[name].default) for name in shown} == shown


def test_the_parts_that_are_carried() -> None:
    part = TEXT.partition("`home.sync` is by default")[2].partition("\n\n")[0]
    assert tuple(re.findall("`([^`]+)`", part)) == CUSTOMISATIONS


def test_what_a_project_may_do() -> None:
    """A dash in the last column stands for a key that only trust opens."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE)
    closed = {name for name, may in rows if may in ("\u2013", "never, trusted or not")}
    assert closed == {name for name, key in KEYS.items() if key.tighter.__name__ == "_never"}
