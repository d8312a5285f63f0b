"""What the agent used: taken over once, from where it was left off, kept, and added up."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.app import homes, prices, usage
from contenant.app.ledger import Ledger
from contenant.app.results import Verdict
from contenant.app.usage import Home, UsageQuery
from contenant.core import changes
from contenant.core.names import container_name
from contenant.core.usage import cost
from contenant.errors import ConfigError, NotFoundError
from contenant.paths import home_dir
from tests.store.samples import container, project, session

OPUS, UNKNOWN = "claude-opus-5-5-20260901", "claude-next-9"


class Ear:
    """A `Ui` that remembers the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def note(self, text: str) -> None: ...
    def progress(self, text: str, done: int = 0, total: int = 0) -> None: ...
    def waiting(self, text: str) -> None: ...
    def finish(self) -> None: ...
    def confirm(self, question: str) -> bool | None: ...

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def line(key: str, at: str = "2026-01-31T09:40:00.000Z", model: str = OPUS, **counts: int) -> str:
    used = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 1000} | counts
    message = {"id": key, "model": model, "usage": used}
    return (
        json.dumps({"type": "assistant", "requestId": f"r{key}", "timestamp": at, "message": message}) + "\n"
    )


class World:
    """Two projects with homes, one session each; the first one's transcript has two answers."""

    def __init__(self, place: Path) -> None:
        self.paths = [str(place / name) for name in ("one", "two")]
        self.names = [container_name(path) for path in self.paths]
        with Ledger() as ledger:
            for number, (path, name) in enumerate(zip(self.paths, self.names, strict=True)):
                mine = container(f"c{number}", f"p{number}", name=name, image=f"contenant:{number}")
                known = project(f"p{number}", path, name=name)
                began = session(f"s{number}", f"c{number}", kind="agent", image=mine.image)
                ledger.store().apply([changes.project_added(known), changes.container_creating(mine)])
                ledger.store().apply([changes.session_starting(began, f"p{number}")])
        self.write(0, "conv.jsonl", line("a") + line("b") + line("b"))
        self.write(1, "conv.jsonl", line("c", "2026-02-01T12:00:00.000Z", UNKNOWN))

    def transcript(self, number: int, name: str) -> Path:
        return home_dir(self.names[number]) / "agent/projects/-project" / name

    def write(self, number: int, name: str, text: str) -> Path:
        path = self.transcript(number, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)
        return path

    def ask(self, by: Any = "project", **more: Any) -> dict[str, usage.Usage]:
        found = usage.usage(UsageQuery(by, **more), Ear())
        return {row.key: row for row in found.rows}

    def answers(self) -> int:
        return sum(row.answers for row in self.ask().values())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger() as opened:
        yield opened


def events() -> list[str]:
    with Ledger() as ledger:
        view = ledger.snapshot()
        return [event.kind for event in view.events()] if view else []


def test_answers_are_counted_once_and_grouped(world: World) -> None:
    rows = world.ask()
    assert set(rows) == set(world.paths)
    one, two = (rows[path] for path in world.paths)
    assert (one.answers, one.input_tokens, one.output_tokens, one.cache_read_tokens) == (2, 200, 20, 2000)
    assert one.cost_estimate == pytest.approx((200 * 4 + 20 * 20 + 2000 * 0.2) / 1e6)
    assert (two.cost_estimate, two.answers_without_price) == (None, 1)
    assert set(world.ask("model")) == {OPUS, UNKNOWN}
    assert world.ask("session")["s0"].answers == 2
    assert world.ask("image")["contenant:1"].answers == 1
    assert set(world.ask("project", path=Path(world.paths[1]))) == {world.paths[1]}
    assert set(world.ask("project", since="2026-02-01T00:00:00.000Z")) == {world.paths[1]}
    assert set(world.ask("project", until="2026-02-01T00:00:00.000Z")) == {world.paths[0]}


def test_days_are_local(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for zone, days in (("UTC", {"2026-01-31", "2026-02-01"}), ("NPT-5:45", {"2026-01-31", "2026-02-01"}),
                       ("FAR+14:30", {"2026-01-30", "2026-01-31"})):  # fmt: skip
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert set(world.ask("day")) == days
    monkeypatch.undo()
    time.tzset()


def test_only_what_is_new_is_read_and_recorded(world: World) -> None:
    assert world.answers() == 3
    before = events()
    assert before.count("usage.collected") == 2
    assert world.answers() == 3
    assert events() == before
    world.write(0, "conv.jsonl", line("d") + line("e")[:40])
    world.write(0, "conv/subagents/agent-1.jsonl", line("f"))
    assert world.answers() == 5
    world.write(0, "conv.jsonl", line("e")[40:])
    assert world.answers() == 6


def test_a_resumed_conversation_counts_nothing_twice(world: World) -> None:
    assert world.answers() == 3
    world.write(0, "resumed.jsonl", line("a") + line("b", output_tokens=99) + line("g"))
    assert world.answers() == 4
    assert world.ask()[world.paths[0]].output_tokens == 10 + 99 + 10


def test_two_agents_at_once_are_told_apart_by_their_conversations(world: World) -> None:
    """The second begins while the first talks; each conversation is whoever's alone it once was."""
    second = session("second", "c0", kind="agent", started="2026-01-31T10:00:00.000Z", image="contenant:0")
    with Ledger() as ledger:
        ledger.store().apply([changes.session_starting(second, "p0")])

    def says(conversation: str, key: str, at: str) -> None:
        entry = json.loads(line(key, f"2026-01-31T{at}:00.000Z")) | {"sessionId": conversation}
        world.write(0, f"{conversation}.jsonl", json.dumps(entry) + "\n")

    says("one", "x1", "09:50")  # the first one is alone
    says("one", "x2", "10:10")  # read in one piece with it
    assert _by_session(world) == {"s0": 4}
    says("one", "x3", "10:20")  # read later: what is on record tells
    says("two", "y1", "10:15")  # nobody knows: a second conversation of the first one's, or the second
    assert _by_session(world) == {"s0": 5, "": 1}


def _by_session(world: World) -> dict[str, int]:
    return {key: row.answers for key, row in world.ask("session", path=Path(world.paths[0])).items()}


def test_usage_outlives_the_transcripts(world: World) -> None:
    assert world.answers() == 3
    for number in (0, 1):
        world.transcript(number, "conv.jsonl").unlink()
    assert world.answers() == 3
    shutil.rmtree(home_dir("x").parent)
    assert world.answers() == 3


def test_a_transcript_that_was_replaced_or_cut_is_read_anew(world: World) -> None:
    assert world.answers() == 3
    path = world.transcript(0, "conv.jsonl")
    path.write_text(line("h"))
    assert world.answers() == 4
    path.unlink()
    world.write(0, "conv.jsonl", line("h") + line("i"))
    assert world.answers() == 5


def test_a_home_that_is_purged_is_read_first(world: World, ledger: Ledger) -> None:
    ledger.store().apply([changes.container_gone(ledger.store().containers()[0], "clean")])
    verdict = Verdict("home", world.names[0], "", "", "remove", "", "", world.names[0])
    assert homes.remove(ledger, verdict).result == "removed"
    assert not home_dir(world.names[0]).exists()
    assert world.ask()[world.paths[0]].answers == 2


def test_nothing_is_opened_where_nothing_changed(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.answers() == 3
    monkeypatch.setattr(ledger, "store", lambda: pytest.fail("opened for writing"))
    assert usage.collect(ledger, Home(world.names[0], "p0"), prices.load(""), usage.AT_END) == 0


def test_two_that_read_at_once_count_once(world: World, ledger: Ledger) -> None:
    """The second one found the transcript before the first had recorded it."""
    listed, home = prices.load(""), Home(world.names[0], "p0")
    (found,) = usage.transcripts.find(home_dir(home.name))
    with Ledger() as other:
        assert list(usage._collect(other, home, found, None, listed, 10**9)) == [(2, found.size)]
    list(usage._collect(ledger, home, found, None, listed, 10**9))
    assert events().count("usage.collected") == 1
    assert world.answers() == 3


def test_hostile_transcripts_are_no_trouble(world: World) -> None:
    path = world.write(0, "bad.jsonl", "{}\n" + "[" * 100_000 + "\n" + line("x")[:-20] + "\n")
    path.write_bytes(path.read_bytes() + os.urandom(5000) + b"\n" + line("z").encode())
    hostile = {"type": "assistant", "timestamp": "2026-01-31T09:40:00Z"}
    bad = {"id": "\ud800", "model": OPUS, "usage": {"input_tokens": 1}}
    world.write(0, "bad.jsonl", json.dumps(hostile | {"message": bad}) + "\n")
    assert world.answers() == 4


def test_a_name_that_is_not_utf_8(world: World) -> None:
    directory = os.fsencode(world.transcript(0, "x").parent)
    with open(directory + b"/\xff.jsonl", "w") as file:
        file.write(line("q"))
    assert world.answers() == 4
    before = events()
    assert world.answers() == 4
    assert events() == before


def test_the_end_of_a_session_reads_and_never_fails(world: World, ledger: Ledger) -> None:
    mine, ear = ledger.store().containers()[0], Ear()
    usage.at_end(ledger, mine, ear)
    assert (events().count("usage.collected"), ear.warnings) == (1, [])
    list_of_prices = Path(os.environ["CONTENANT_HOME"]) / "config/config.toml"
    list_of_prices.parent.mkdir(parents=True)
    list_of_prices.write_text('[usage]\nprices = "absent.toml"\n')
    usage.at_end(ledger, mine, ear)
    assert "absent.toml" in ear.warnings[0]


def test_an_unknown_project_is_not_found(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        world.ask(path=tmp_path / "three")


def test_no_database_is_no_usage() -> None:
    assert usage.usage(UsageQuery("day"), Ear()).rows == []


# Prices


def test_the_packages_prices_are_whole_and_plausible() -> None:
    listed = prices.load("")
    assert listed.date >= "2026-10-24"
    assert set(listed.long) <= set(listed.models)
    for price in listed.models.values():
        assert price.cache_read < price.input < price.cache_write_5m < price.cache_write_1h < price.output


def test_own_prices_win_model_by_model(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine.toml"
    one = "{ input = 1, output = 2, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0 }"
    mine.write_text(f'date = "2026-11-01"\n[models]\n"{UNKNOWN}" = {one}\n"claude-haiku-5-5" = {one}\n')
    monkeypatch.setenv("CONTENANT_USAGE_PRICES", str(mine))
    assert world.ask()[world.paths[1]].cost_estimate == pytest.approx((100 + 20) / 1e6)
    assert world.ask()[world.paths[0]].cost_estimate
    listed = prices.load(str(mine))
    assert "2026-11-01" in listed.date
    assert "claude-haiku-5-5" not in listed.long, "the long price of a model whose price is one's own"


@pytest.mark.parametrize(
    "text",
    [
        "date = ",
        "",
        'date = "2026-01-01"\nmodels = 3',
        'date = "2026-01-01"\nlong_prompt = "x"',
        'date = "2026-01-01"\ncolour = "red"',
        'date = "2026-01-01"\n[models]\na = { input = 1 }',
        (
            'date = "2026-01-01"\n[models]\na = '
            "{ input = nan, output = 2, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0 }"
        ),
        (
            'date = "2026-01-01"\n[models]\na = '
            "{ input = -1, output = 2, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0 }"
        ),
    ],
)
def test_a_price_list_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"p\.toml"):
        prices.load(str(tmp_path / "p.toml"))


def test_the_recorded_estimate_is_that_of_the_day(world: World, ledger: Ledger) -> None:
    world.answers()
    view = ledger.snapshot()
    assert view is not None
    rows = view._read("SELECT cost FROM usage WHERE host = :host AND message_id = 'a'")
    (record,) = [r for r in map(usage.parse_line, [line("a").encode()]) if r]
    assert rows[0][0] == pytest.approx(cost(record, prices.load("")))
    assert host.installation_id() == view.host_id
