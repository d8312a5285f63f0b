"""The views of the history over a small installation with a past, asked as an auditor asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contenant import host
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.core.policy import policy_hash
from contenant.core.records import ContainerRecord
from contenant.store.store import Store, open_store
from tests.cli.conftest import Run
from tests.store.samples import attempt, container, image, made, rule, session

BEGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OLD_IMAGE, NEW_IMAGE = "contenant:2.1.0-aaaaaaaaaaaa", "contenant:2.2.0-bbbbbbbbbbbb"


def rules(*names: str, mode: str = "block", until: datetime | None = None, deny: tuple[str, ...] = ()) -> str:
    ends = {"until": int(until.timestamp())} if until else {}
    body = {
        "allow": [{"name": name, **ends} for name in names],
        "deny": [{"name": name} for name in deny],
        "host": [],
        "inbound": [],
        "mode": mode,
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


CLOSED, OPEN, OFF = rules(), rules("a.example.com", "*.b.example.com"), rules(mode="off")
ENDING = rules("ending.example.com", until=BEGIN + timedelta(minutes=30))
HASH = {text: policy_hash(text) for text in (CLOSED, OPEN, OFF, ENDING)}


class Past:
    """Writes a past: each step at a minute of its own."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.store: Store = open_store(now=lambda: self.now, host_id=host.installation_id())

    def at(self, minute: int, *what: Change) -> None:
        self.now = BEGIN + timedelta(minutes=minute)
        self.store.apply(what)

    def start(self, minute: int, key: str, of: ContainerRecord, **more: Any) -> None:
        moment = to_text(BEGIN + timedelta(minutes=minute))
        record = session(key, of.id, image=of.image, started=moment, **more)
        self.at(minute, changes.session_starting(record, of.project_id))

    def end(self, minute: int, key: str, of: ContainerRecord, code: int | None) -> None:
        how = "lost" if code is None else "exited"
        self.at(minute, changes.session_ended(key, of.project_id, how, code))


ONE = container("c1", "p1", image=OLD_IMAGE, policy=HASH[CLOSED], spec='{"cpus":2,"memory":0}')
TWO = container("c2", "p2", image=NEW_IMAGE, policy=HASH[ENDING], spec='{"cpus":4,"memory":0}')


@pytest.fixture
def past(contenant_home: Any) -> None:
    """p1: s1 closed, s2 opened half-way; p2: s3 under an entry that ends, s4 after its end, s5 lives, off."""
    past = Past()
    stored = [changes.policy_stored(HASH[t], t, json.loads(t)["mode"], "", "why", "me") for t in HASH]
    built = [image("i1", reference=OLD_IMAGE), image("i2", reference=NEW_IMAGE, claude_version="2.2.0")]
    past.at(0, *stored, *(changes.image_built(each) for each in built))
    for one, path in ((ONE, "/work/one"), (TWO, "/work/two")):
        added, _, created = made(one.id, one.project_id, path)
        past.at(0, added, changes.container_creating(one), created)
    past.start(1, "s1-first", ONE, policy=HASH[CLOSED], credential="0123456789ab", argv=("make", "test"))
    past.end(5, "s1-first", ONE, 1)
    past.start(10, "s2-second", ONE, policy=HASH[CLOSED], argv=("claude",), kind="agent")
    past.at(11, changes.rule_added(rule(added=to_text(BEGIN))))
    past.at(12, changes.policy_applied(ONE, HASH[OPEN], "live"))
    past.end(20, "s2-second", ONE, 0)
    past.start(25, "s3-third", TWO, policy=HASH[ENDING])
    past.end(28, "s3-third", TWO, 0)
    past.start(40, "s4-fourth", TWO, policy=HASH[ENDING])
    past.end(41, "s4-fourth", TWO, None)
    past.start(50, "s5-fifth", TWO, policy=HASH[OFF])
    rows = [
        attempt("c1", session_id="s2-second", verdict="allow", layer="tls", policy=HASH[OPEN]),
        attempt("c1", session_id="s1-first", verdict="deny", policy=HASH[CLOSED]),
        attempt("c1", session_id="s1-first", verdict="allow", layer="dns", destination="asked.example.com"),
        attempt("c2", session_id="", verdict="deny", layer="l3", destination="", address="192.0.2.7",
                first_seen="2026-03-01T08:26:00.000Z", last_seen="2026-03-01T08:27:00.000Z"),
    ]  # fmt: skip
    past.at(55, changes.egress_collected(ONE, "", "1", [(f"e{n}", row) for n, row in enumerate(rows[:3])]))
    past.at(56, changes.egress_collected(TWO, "", "1", [("e9", rows[3])]))
    past.store.close()


def asked(run: Run, *arguments: str) -> list[dict[str, Any]]:
    done = run("history", *arguments, "--json")
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ["s5", "s4", "s3", "s2", "s1"]),
        ("/work/one", ["s2", "s1"]),
        ("--image 2.2.0", ["s5", "s4", "s3"]),
        (f"--image {OLD_IMAGE}", ["s2", "s1"]),
        ("--image 2.1.0-aaaa", ["s2", "s1"]),
        ("--image 9.9.9", []),
        ("--credential 0123456789ab", ["s1"]),
        ("--exit-code 0", ["s3", "s2"]),
        ("--exit-code 1", ["s1"]),
        (f"--policy {HASH[CLOSED][:8]}", ["s2", "s1"]),
        (f"--policy {HASH[OPEN]}", ["s2"]),
        ("--contacted a.example.com", ["s2"]),
        ("--contacted asked.example.com", []),
        ("--denied A.example.com", ["s1"]),
        ("--denied 192.0.2.7", ["s3"]),
        ("--allowed a.example.com", ["s5", "s2"]),
        ("--allowed deep.b.example.com", ["s5", "s2"]),
        ("--allowed a.example.com:22", ["s5"]),
        ("--allowed ending.example.com", ["s5", "s3"]),
        ("--allowed other.example.com", ["s5"]),
        ("--allowed a.example.com --image 2.1.0", ["s2"]),
        ("--since 2026-03-01T08:30Z --until 2026-03-01T08:45Z", ["s4"]),
        ("--limit 2", ["s5", "s4"]),
    ],
)
def test_sessions(run: Run, options: str, expected: list[str]) -> None:
    assert [row["id"][:2] for row in asked(run, "sessions", *options.split())] == expected


@pytest.mark.usefixtures("past")
def test_session_keys(run: Run) -> None:
    row = asked(run, "sessions", "--exit-code", "1")[0]
    assert row == {
        "id": "s1-first",
        "started": "2026-03-01T08:01:00.000Z",
        "ended": "2026-03-01T08:05:00.000Z",
        "exit_code": 1,
        "how": "exited",
        "kind": "command",
        "argv": ["make", "test"],
        "project": "/work/one",
        "container": "contenant-p1",
        "container_id": "c1",
        "image": OLD_IMAGE,
        "claude": "2.1.0",
        "policy": HASH[CLOSED],
        "credential": "0123456789ab",
        "tty": True,
        "detachable": False,
    }
    assert run("history", "sessions", "-q", "--limit", "1").out == "s5-fifth\n"
    lines = run("history", "sessions").out.splitlines()
    assert lines[0].split() == ["STARTED", "ID", "PROJECT", "IMAGE", "POLICY", "EXIT", "COMMAND"]
    assert ["live" in lines[1], "lost" in lines[2]] == [True, True]


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("--policy zz", 2, "not a policy: zz"),
        ("--policy ffffffff", 4, "no policy begins with ffffffff"),
        ("--allowed *.example.com", 2, "*.example.com is no host"),
        ("--allowed 10.0.0.1", 2, "policy entry refused"),
        ("--exit-code 300", 2, "invalid value"),
        ("--credential me", 2, "not a fingerprint"),
    ],
)
def test_wrong_filters(run: Run, options: str, code: int, message: str) -> None:
    done = run("history", "sessions", *options.split())
    assert done.code == code
    assert done.err.startswith(f"contenant: error: {message}")


@pytest.mark.usefixtures("past")
def test_events_are_every_line_of_the_log(run: Run) -> None:
    rows = asked(run, "events")
    assert [row["data"]["seq"] for row in rows] == list(range(len(rows), 0, -1))
    sessions = asked(run, "events", "--kind", "session", "/work/one")
    assert [row["kind"] for row in sessions] == ["session.ended", "session.starting"] * 2
    assert {row["kind"] for row in asked(run, "events", "--kind", "rule", "--kind", "container.policy")} == {
        "rule.added",
        "container.policy",
    }


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ["192.0.2.7", "asked.example.com", "a.example.com", "a.example.com"]),
        ("/work/two", ["192.0.2.7"]),
        ("--host 192.0.2.7", ["192.0.2.7"]),
        ("--host A.EXAMPLE.com --verdict allow", ["a.example.com"]),
        ("--verdict deny --verdict would-deny", ["192.0.2.7", "a.example.com"]),
        ("--session s1-first", ["asked.example.com", "a.example.com"]),
        (f"--policy {HASH[OPEN][:6]}", ["a.example.com"]),
        ("--since 2026-03-01", ["192.0.2.7"]),
        ("--limit 1", ["192.0.2.7"]),
    ],
)
def test_egress(run: Run, options: str, expected: list[str]) -> None:
    rows = asked(run, "egress", *options.split())
    assert [row["destination"] or row["address"] for row in rows] == expected


@pytest.mark.usefixtures("past")
def test_egress_is_read_in_pages(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asked(run, "egress")
    monkeypatch.setattr("contenant.store.audit.PAGE", 1)
    assert asked(run, "egress") == whole
    assert (whole[0]["project"], whole[0]["container"]) == ("/work/two", "contenant-p2")


@pytest.mark.usefixtures("past")
def test_policies(run: Run) -> None:
    found = {row["hash"]: row for row in asked(run, "policies")}
    assert set(found) == set(HASH.values())
    assert found[HASH[CLOSED]]["sessions"] == 2
    assert found[HASH[OPEN]] == {
        "hash": HASH[OPEN],
        "mode": "block",
        "created": "2026-03-01T08:00:00.000Z",
        "author": "me",
        "reason": "why",
        "parent": "",
        "expires": "",
        "sessions": 0,
        "first_used": "",
        "last_used": "",
        "rules": json.loads(OPEN),
    }
    of_project = {row["hash"] for row in asked(run, "policies", "/work/one")}
    assert of_project == {HASH[CLOSED], HASH[OPEN]}, "given to the container while a session ran"
    opening = {row["hash"] for row in asked(run, "policies", "--allowed", "a.example.com")}
    assert opening == {HASH[OPEN], HASH[OFF]}
    assert "*.b.example.com" in run("history", "policies").out


@pytest.mark.usefixtures("past")
def test_diff_of_two_sessions(run: Run) -> None:
    rows = {row["what"]: row for row in asked(run, "diff", "s1-f", "s5-f")}
    assert (rows["image"]["before"], rows["image"]["after"]) == (OLD_IMAGE, NEW_IMAGE)
    assert (rows["claude"]["before"], rows["claude"]["after"]) == ("2.1.0", "2.2.0")
    assert (rows["setting cpus"]["before"], rows["setting cpus"]["after"]) == ("2", "4")
    assert (rows["credential"]["before"], rows["credential"]["after"]) == ("0123456789ab", "")
    assert rows["opened"]["after"] == "mode off"
    assert rows["denied"]["before"] == "a.example.com:443"
    assert rows["event rule.added"]["at"] == "2026-03-01T08:11:00.000Z"
    assert rows["event container.policy"]["after"].endswith(f"{HASH[OPEN]}")
    assert "setting memory" not in rows
    moments = [row["at"] for row in asked(run, "diff", "s1-f", "s5-f") if row["at"]]
    assert moments == sorted(moments)


@pytest.mark.usefixtures("past")
def test_diff_names_sessions_by_their_age(run: Run) -> None:
    assert asked(run, "diff", "last-4", "last") == asked(run, "diff", "s1-first", "s5-fifth")
    same = run("history", "diff", "last", "last")
    assert same == (0, "", "contenant: nothing changed between them\n")


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("s1-first nope-nope", 4, "no session nope-nope"),
        ("s1 s2", 2, "s1 is too short for a session"),
        ("last last-99", 4, "no session last-99"),
        ("last last-x", 2, "not a session: last-x"),
    ],
)
def test_sessions_that_are_none(run: Run, words: str, code: int, message: str) -> None:
    done = run("history", "diff", *words.split())
    assert (done.code, done.err.splitlines()[0]) == (code, f"contenant: error: {message}")


@pytest.mark.parametrize("view", ["sessions", "events", "egress", "policies"])
def test_every_view_of_nothing(run: Run, view: str) -> None:
    assert run("history", view) == (0, "", "contenant: no history matches\n")
    assert run("history", view, "--json") == (0, "[]\n", "")
    for form in ("csv", "jsonl"):
        assert run("history", view, "--format", form).code == 0


@pytest.mark.usefixtures("past")
def test_a_view_is_not_taken_for_a_project(run: Run) -> None:
    assert asked(run, "timeline", "--kind", "session") == asked(run, "--kind", "session")
    assert asked(run, "./sessions") == []
