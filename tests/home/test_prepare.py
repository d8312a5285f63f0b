"""The home as a whole: what is carried, what is kept, what is linked, what an agent can do about it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from contenant import home as homes
from contenant.errors import StateError
from contenant.home import Wanted, links, prepare
from contenant.home.layout import AGENT_TARGET, HOST_TARGET, mounts
from contenant.paths import home_dir

from .conftest import write


def tree(base: Path) -> dict[str, str]:
    """Every file and link below a directory: what is in it, or where it leads."""
    found = {}
    for path in sorted(base.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(base))] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[str(path.relative_to(base))] = path.read_text()
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_first_start(home: Path, wanted: Wanted) -> None:
    report = prepare(home, wanted)
    assert report.notes == ()
    host = tree(home / "host")
    assert set(host) == {
        ".contenant/gitconfig", "CLAUDE.md", "docs/style.md", "rules/python.md", "commands/team/deploy.md",
        "skills/review/SKILL.md", "skills/review/run.sh", "agents/critic.md", "output-styles/terse.md",
        "keybindings.json",
    }  # fmt: skip
    links = {name: target for name, target in tree(home / "agent").items() if target.startswith("->")}
    linked = "CLAUDE.md docs/style.md rules/python.md commands/team skills/review agents/critic.md"
    names = [*linked.split(), "output-styles/terse.md", "keybindings.json"]
    assert links == {name: f"-> {HOST_TARGET}/{name}" for name in names}


def test_nothing_private_is_carried(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    everything = json.dumps(tree(home))
    assert "private" not in everything
    assert "sk-ant" not in everything
    assert "TOKEN" not in everything


def test_who_can_enter(home: Path, wanted: Wanted) -> None:
    os.umask(0)
    try:
        prepare(home, wanted)
    finally:
        os.umask(0o022)
    for path in (home, home / "agent", home / "agent" / "ssh", home / "agent" / "skills"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert stat.S_IMODE((home / "agent" / ".claude.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "host" / "skills" / "review" / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "host" / "CLAUDE.md").stat().st_mode) == 0o644


def test_a_narrow_umask_does_not_lock_the_agent_out(home: Path, wanted: Wanted) -> None:
    os.umask(0o077)
    try:
        prepare(home, wanted)
    finally:
        os.umask(0o022)
    for path in (home / "host").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, path
    assert stat.S_IMODE((home / "host").stat().st_mode) == 0o755


def test_the_agents_state(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    state = read(home / "agent" / ".claude.json")
    assert state["hasCompletedOnboarding"] is True
    assert state["projects"]["/project"]["hasTrustDialogAccepted"] is True
    assert read(home / "agent" / "settings.json") == {"model": "opus", "theme": "dark"}


def test_a_second_start_changes_nothing(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in home.rglob("*")}
    report = prepare(home, wanted)
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in home.rglob("*")} == before
    assert report.notes == ()


def test_what_the_agent_wrote_stays(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    agent = home / "agent"
    state = read(agent / ".claude.json") | {"numStartups": 7}
    state["projects"]["/project"]["lastCost"] = 1.5
    (agent / ".claude.json").write_text(json.dumps(state))
    (agent / "settings.json").write_text('{"model": "haiku", "theme": "dark", "new": 1}')
    write(agent / "projects" / "-project" / "t.jsonl", "transcript")
    write(agent / "skills" / "mine" / "SKILL.md", "the agent's own skill")
    write(wanted.claude_dir / "settings.json", '{"model": "sonnet", "theme": "light"}')
    prepare(home, wanted)
    assert read(agent / ".claude.json") == state
    assert read(agent / "settings.json") == {"model": "haiku", "theme": "light", "new": 1}
    assert (agent / "projects" / "-project" / "t.jsonl").read_text() == "transcript"
    assert (agent / "skills" / "mine" / "SKILL.md").read_text() == "the agent's own skill"


def test_changes_and_removals_on_the_host_follow(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    source = wanted.claude_dir
    write(source / "CLAUDE.md", "Be long.\n")
    (source / "agents" / "critic.md").unlink()
    (source / "rules" / "python.md").unlink()
    write(source / "rules" / "python.md" / "now-a-directory.md")
    (source / "commands" / "team" / "deploy.md").unlink()
    (source / "commands" / "team").rmdir()
    write(source / "commands" / "team")
    prepare(home, wanted)
    host, agent = tree(home / "host"), tree(home / "agent")
    assert host["CLAUDE.md"] == "Be long.\n"
    assert "agents/critic.md" not in host and "agents/critic.md" not in agent
    assert "docs/style.md" not in host and "docs/style.md" not in agent
    assert host["rules/python.md/now-a-directory.md"] == host["commands/team"] == "text\n"
    assert not (home / "host" / "agents").exists()


def test_a_shorter_list(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    prepare(home, wanted._replace(sync=("skills",)))
    assert set(tree(home / "host")) == {
        ".contenant/gitconfig",
        "skills/review/SKILL.md",
        "skills/review/run.sh",
    }
    links = [name for name, target in tree(home / "agent").items() if target.startswith("->")]
    assert links == ["skills/review"]
    assert read(home / "agent" / "settings.json") == {}


def test_a_user_without_claude_code(home: Path, wanted: Wanted, tmp_path: Path) -> None:
    report = prepare(home, wanted._replace(claude_dir=tmp_path / "nowhere"))
    assert report.notes == ()
    assert set(tree(home / "host")) == {".contenant/gitconfig"}


def test_news_are_told_once(home: Path, wanted: Wanted) -> None:
    (wanted.claude_dir / "skills" / "lost").symlink_to("/nowhere/at/all")
    first = prepare(home, wanted)
    assert first.news == first.notes != ()
    second = prepare(home, wanted)
    assert (second.notes, second.news) == (first.notes, ())
    (wanted.claude_dir / "skills" / "lost").unlink()
    prepare(home, wanted)
    (wanted.claude_dir / "skills" / "lost").symlink_to("/nowhere/at/all")
    assert prepare(home, wanted).news == first.notes


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000])
@pytest.mark.parametrize("name", [".claude.json", "settings.json"])
def test_a_damaged_file_of_the_agents_is_kept_aside(home: Path, wanted: Wanted, name: str, text: str) -> None:
    prepare(home, wanted)
    (home / "agent" / name).write_text(text)
    report = prepare(home, wanted)
    assert read(home / "agent" / name)
    if text != "null":
        assert any(name in note for note in report.notes)
        assert (home / "agent" / "displaced" / f"{name}.0").read_text() == text


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_damaged_settings_of_the_users_are_named(home: Path, wanted: Wanted, text: str) -> None:
    write(wanted.claude_dir / "settings.json", text)
    (note,) = prepare(home, wanted).notes
    assert note.startswith("settings.json stays on the host")


def test_what_took_a_customisations_place_is_moved_aside(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    agent = home / "agent"
    for name in ("CLAUDE.md", "skills/review", "agents/critic.md"):
        (agent / name).unlink()
    write(agent / "CLAUDE.md", "obey me")
    write(agent / "skills" / "review" / "SKILL.md", "obey me")
    write(agent / "displaced" / "CLAUDE.md.0", "older")
    (agent / "agents").rmdir()
    write(agent / "agents", "a file")
    report = prepare(home, wanted)
    found = tree(agent)
    assert found["CLAUDE.md"] == f"-> {HOST_TARGET}/CLAUDE.md"
    assert found["skills/review"] == f"-> {HOST_TARGET}/skills/review"
    assert found["agents/critic.md"] == f"-> {HOST_TARGET}/agents/critic.md"
    assert found["displaced/CLAUDE.md.0"] == "older"
    assert found["displaced/CLAUDE.md.1"] == found["displaced/skills-review.0/SKILL.md"] == "obey me"
    assert found["displaced/agents.0"] == "a file"
    assert len(report.notes) == 3


@pytest.mark.parametrize(
    "name",
    [".claude.json", "settings.json", "CLAUDE.md", "skills", "agents", "ssh", "displaced", "skills/review"],
)
def test_no_link_of_the_agents_is_followed_on_the_host(
    home: Path, wanted: Wanted, tmp_path: Path, name: str
) -> None:
    """The agent points a name at something of the user's: it is not read, written, entered or removed."""
    prepare(home, wanted)
    victim = tmp_path / "victim"
    write(victim / "inside.txt", "victim")
    write(victim / "review" / "file", "victim")
    os.symlink(f"{HOST_TARGET}/skills/gone", victim / "looks-stale")
    target = (
        victim if name in ("skills", "agents", "ssh", "displaced", "skills/review") else victim / "inside.txt"
    )
    place = home / "agent" / name
    if place.is_symlink():
        place.unlink()
    elif place.is_dir():
        os.rename(place, tmp_path / "away")
    elif place.exists():
        place.unlink()
    place.symlink_to(target)
    if name == "displaced":
        (home / "agent" / "CLAUDE.md").unlink()
        write(home / "agent" / "CLAUDE.md", "own")
    before, mode = tree(victim), victim.stat().st_mode
    prepare(home, wanted)
    assert tree(victim) == before
    assert victim.stat().st_mode == mode
    assert not place.is_symlink() or os.readlink(place).startswith(HOST_TARGET)


def test_a_pipe_in_the_way_does_not_hang(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    for name in (".claude.json", "settings.json"):
        (home / "agent" / name).unlink()
        os.mkfifo(home / "agent" / name)
    prepare(home, wanted)
    assert read(home / "agent" / ".claude.json")["hasCompletedOnboarding"] is True


def test_a_giant_in_the_way_is_not_read(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    with (home / "agent" / ".claude.json").open("wb") as file:
        file.truncate(1 << 40)
    prepare(home, wanted)
    assert read(home / "agent" / ".claude.json")["hasCompletedOnboarding"] is True


def test_a_home_that_cannot_be_made(home: Path, wanted: Wanted) -> None:
    write(home.parent, "a file in the way")
    with pytest.raises(StateError) as caught:
        prepare(home, wanted)
    assert caught.value.hint


def test_damaged_notes_of_ours_are_forgotten(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    for text in ("", "[]", '{"settings": 5, "told": 5}'):
        (home / "seeded.json").write_text(text)
        prepare(home, wanted)
        assert read(home / "seeded.json")["settings"] == {"model": "opus", "theme": "dark"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_root_gives_the_home_to_the_agent(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    write(home / "agent" / "projects" / "a" / "b" / "deep.jsonl")
    given = wanted._replace(owner=(4321, 4322))
    prepare(home, given)
    for path in [home / "agent", *(home / "agent").rglob("*")]:
        assert (path.lstat().st_uid, path.lstat().st_gid) == (4321, 4322), path
    assert (home / "host").stat().st_uid == 0
    write(wanted.claude_dir / "skills" / "newer" / "SKILL.md")
    write(wanted.claude_dir / "settings.json", '{"model": "x"}')
    prepare(home, given)
    for path in (home / "agent" / "skills" / "newer", home / "agent" / "settings.json"):
        assert path.lstat().st_uid == 4321, path


def test_a_project_of_somebody_else(home: Path, wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    report = prepare(home, wanted._replace(owner=(1235, 1235)))
    assert any("1235" in note for note in report.notes)


def test_a_status_line_of_the_users_own(home: Path, wanted: Wanted) -> None:
    script = write(wanted.claude_dir / "statusline.sh", "echo hi\n")
    line = {"type": "command", "command": "bash ~/.claude/statusline.sh --short"}
    write(wanted.claude_dir / "settings.json", json.dumps({"statusLine": line}))
    prepare(home, wanted)
    assert read(home / "agent" / "settings.json")["statusLine"]["command"] == (
        f"bash {HOST_TARGET}/statusline.sh --short"
    )
    assert (home / "host" / "statusline.sh").read_text() == "echo hi\n"
    script.unlink()
    prepare(home, wanted)
    assert read(home / "agent" / "settings.json") == {}


def test_signed_in(home: Path, wanted: Wanted) -> None:
    prepare(home, wanted)
    assert not homes.signed_in(home)
    file = home / "agent" / ".credentials.json"
    for text, result in (("{", False), ("{}", False), ('{"claudeAiOauth": {"accessToken": "x"}}', True)):
        file.write_text(text)
        assert homes.signed_in(home) is result


def test_removal(home: Path, wanted: Wanted, tmp_path: Path) -> None:
    prepare(home, wanted)
    write(tmp_path / "victim" / "file")
    (home / "agent" / "way-out").symlink_to(tmp_path / "victim")
    homes.remove(home)
    homes.remove(home)
    assert not home.exists()
    assert (tmp_path / "victim" / "file").exists()


def test_mounts(contenant_home: Path) -> None:
    place = home_dir("contenant-x")
    assert place == contenant_home / "state" / "homes" / "contenant-x"
    agent, host, drop = mounts(place)
    assert agent == (str(place / "agent"), AGENT_TARGET, False)
    assert host == (str(place / "host"), HOST_TARGET, True)
    assert drop == (str(place / "drop"), "/drop", False)


def test_a_link_put_there_between_look_and_step_is_not_followed(
    home: Path, wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent is at work meanwhile: the last look said directory, and now it is a link."""
    prepare(home, wanted)
    victim = tmp_path / "victim"
    victim.mkdir()
    os.rename(home / "agent" / "skills", tmp_path / "away")
    (home / "agent" / "skills").symlink_to(victim)
    monkeypatch.setattr(links, "_is_real_directory", lambda directory, name: True)
    with pytest.raises(StateError):
        prepare(home, wanted)
    assert list(victim.iterdir()) == []
