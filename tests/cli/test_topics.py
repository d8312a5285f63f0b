"""`contenant help`: topics that are true, commands as their own --help shows them."""

from __future__ import annotations

import re

import pytest

from contenant.cli.exits import EXITS
from contenant.cli.reference import commands
from contenant.cli.topics import TOPICS
from contenant.core.settings import KEYS
from tests.cli.conftest import Run

PATHS = {context.command_path for context in commands()}


def test_alone_it_lists_the_topics(run: Run) -> None:
    result = run("help")
    assert result.code == 0
    assert all(f"contenant help {name}" in result.out for name in TOPICS)


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_fits_a_screen(run: Run, name: str) -> None:
    result = run("help", name)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 96


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_names_commands_that_exist(name: str) -> None:
    text = TOPICS[name][1]
    for words in re.findall(r"contenant ((?:[a-z]+ )*[a-z]+)", text):
        parts = words.split()
        known = [" ".join(["contenant", *parts[:n]]) for n in (1, 2)]
        assert known[0] in PATHS, words
        if known[0] in {"contenant config", "contenant firewall", "contenant auth"}:
            assert known[1] in PATHS, words


def test_the_settings_it_shows_are_settings() -> None:
    text = TOPICS["config"][1]
    names = set(re.findall(r"\b([a-z_]+) = ", text)) - {"EDITOR"}
    assert names == {"memory", "cpus", "mounts", "publish", "allow", "presets"}
    assert {"memory", "cpus", "mounts", "publish", "firewall.allow", "firewall.presets", "env"} <= set(KEYS)


def test_every_exit_code_is_named() -> None:
    assert all(f"  {code} " in TOPICS["exit-codes"][1] for code in EXITS)


@pytest.mark.parametrize("words", [("list",), ("image", "build"), ("image",)])
def test_a_command_shows_its_own_help(run: Run, words: tuple[str, ...]) -> None:
    assert run("help", *words).out == run(*words, "--help").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [(("confg",), "did you mean config"), (("image", "bild"), "did you mean build"), (("list", "x"), "")],
)
def test_an_unknown_word_is_refused(run: Run, words: tuple[str, ...], hint: str) -> None:
    result = run("help", *words)
    assert result.code == 2
    assert hint in result.err
