"""A known token is planted; the world is then searched for it. And real turns on every kind of credential."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contenant.core.names import container_name
from contenant.credentials.values import fingerprint
from tests.real import behind
from tests.real.conftest import LINUX, Contenant, wait_for
from tests.real.service import serving, trusting

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")

# New in each run: another one beside it on this machine plants its own.
TOKEN = f"sk-ant-oat01-planted-{secrets.token_hex(16)}"
REFRESH = f"sk-ant-ort01-planted-{secrets.token_hex(16)}"
OWN = "sk-ant-oat01-of-this-project-alone-0123456789"
API_KEY = "sk-ant-api03-planted-AAAABBBBCCCCDDDDEEEE"
GATEWAY = "gateway-planted-FFFFGGGGHHHH"
# What takes the credential off the pipe, says which one it was, and stays until it is told to go.
TAKE = 'IFS= read -r -d "" token <&3; printf %s "$token" | sha256sum; unset token; read -r line'
PLACES = ("run", "tmp", "var", "home", "root", "etc", "opt", "usr/local", "project", "dev/shm")
# Loaded by each Python that contenant is: writes down every process it starts, arguments and environment.
AUDIT = """
import os, sys
def note(event, given):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        handle = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, (event + repr(given) + chr(10)).encode(errors="surrogateescape"))
        os.close(handle)
sys.addaudithook(note)
"""
# Low enough for an engine that may raise none, such as one in a container.
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
WRAPPER = """#!/bin/sh
{{ printf '%s\\n' "$0" "$@"; env; }} >>"{log}"
exec "{real}" "$@"
"""


class Host:
    """A user's machine, where every call of the engine's client is written down."""

    def __init__(self, contenant: Contenant, folder: Path) -> None:
        self.contenant, self.folder = contenant, folder
        self.home, self.log = folder / "me", folder / "calls.log"
        self.claude = self.home / ".claude"
        self.claude.mkdir(parents=True)
        (folder / "bin").mkdir()
        real = shutil.which(contenant.engine, path=contenant.env["PATH"])
        assert real
        wrapper = folder / "bin" / contenant.engine
        wrapper.write_text(WRAPPER.format(log=self.log, real=real))
        wrapper.chmod(0o755)
        path = f"{folder / 'bin'}:{contenant.env['PATH']}"
        self.starts = folder / "starts.log"
        (folder / "audit").mkdir()
        (folder / "audit" / "sitecustomize.py").write_text(AUDIT.format(log=str(self.starts)))
        python = ":".join(filter(None, (str(folder / "audit"), os.environ.get("PYTHONPATH"))))
        contenant.env |= {"HOME": str(self.home), "PATH": path, "PYTHONPATH": python}  # type: ignore[operator]
        for name in ("CLAUDE_CONFIG_DIR", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
            contenant.env.pop(name, None)  # type: ignore[attr-defined]

    def sign_in(self) -> Path:
        """What Claude Code leaves on a Linux host."""
        oauth = {"accessToken": TOKEN, "refreshToken": REFRESH, "expiresAt": 32503679999000}
        path = self.claude / ".credentials.json"
        path.write_text(json.dumps({"claudeAiOauth": oauth | {"subscriptionType": "max"}}))
        path.chmod(0o600)
        return path


@pytest.fixture
def host(contenant: Contenant, tmp_path: Path) -> Iterator[Host]:
    before = dict(contenant.env)
    yield Host(contenant, tmp_path)
    contenant.env = before


def plant(host: Host, source: str, cwd: Path) -> None:
    if source == "environment":
        host.contenant.env |= {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN}  # type: ignore[operator]
    elif source == "claude-file":
        host.sign_in()
    else:
        host.contenant.ok("auth", "login", cwd=cwd, stdin=TOKEN)


@pytest.mark.parametrize("source", ["environment", "claude-file", "file"])
def test_a_planted_token_is_found_nowhere(host: Host, project: Path, source: str) -> None:
    contenant, name = host.contenant, container_name(str(project))
    plant(host, source, project)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(host.home)}
    session = contenant.start("--", "bash", "-c", TAKE, cwd=project)
    contenant.env.pop("CLAUDE_CODE_OAUTH_TOKEN", None)  # type: ignore[attr-defined]  # our own calls go without
    assert session.stdout is not None
    assert session.stdin is not None
    assert session.stdout.readline().decode().split()[0] == hashlib.sha256(TOKEN.encode()).hexdigest()

    found = {what: text for what, text in world(host, name, session.pid) if holds(text)}
    assert not found.keys()

    session.stdin.write(b"\n")
    session.stdin.close()
    assert session.wait(30) == 0
    assert session.stderr is not None
    assert not holds(session.stderr.read())
    assert not {what for what, text in world(host, name, session.pid) if holds(text)}
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(host.home)} == before
    rows = contenant.history(project, "--credential", fingerprint(TOKEN))
    assert {"session", "credential.used"} <= {row["kind"] for row in rows}
    assert [row["data"]["data"]["source"] for row in rows if row["kind"] == "credential.used"] == [source]


def holds(text: bytes | str) -> bool:
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return any(secret.encode() in data for secret in (TOKEN, REFRESH))


def world(host: Host, name: str, ours: int) -> Iterable[tuple[str, bytes | str]]:
    """Everything a token could have got into: what it is called, and its content."""
    contenant = host.contenant
    yield "calls of the engine's client", host.log.read_bytes()
    yield "processes started", host.starts.read_bytes()
    yield "inspect", contenant.raw("inspect", name)
    image = behind.image_of(contenant, name)
    yield "image", contenant.raw("image", "inspect", image)
    if contenant.engine != "container":  # whose inspection of an image holds the history
        yield "image history", contenant.raw("history", "--no-trunc", image)
    yield "logs", contenant.raw("logs", name)
    for path in files(contenant.home):
        if path != contenant.home / "state" / "credentials" / "token":
            yield str(path), path.read_bytes()
    yield from processes(ours)
    pid = behind.first_pid(contenant, name)
    if pid:
        assert Path(f"/proc/{pid}/environ").read_bytes(), "the processes above are the container's too"
        yield "files inside", TOKEN if files_inside(pid) else ""


def files_inside(pid: int) -> str:
    """Names of files with the token in a container, looked at from the host: its own root sees less."""
    places = [f"/proc/{pid}/root/{place}" for place in PLACES]
    argv = ["grep", "-rlsaF", "-f", "-", "--", *places]
    return subprocess.run(argv, input=TOKEN, capture_output=True, text=True, check=False).stdout


def processes(ours: int) -> Iterable[tuple[str, bytes]]:
    """Arguments and environments of all processes of this machine, the containers' among them.

    Our own may have it in its environment: from there it was taken.
    """
    for place in Path("/proc").glob("[0-9]*"):
        for part in ("cmdline", "environ"):
            if part == "environ" and int(place.name) == ours:
                continue
            try:
                yield f"{place}/{part}", (place / part).read_bytes()
            except OSError:
                continue


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def test_the_search_finds_what_is_there(host: Host, project: Path) -> None:
    """Where a token does go astray, the search above sees it."""
    contenant, name = host.contenant, container_name(str(project))
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true"}  # type: ignore[operator]
    contenant.ok("--", "sh", "-c", f"echo {TOKEN} >/tmp/astray", cwd=project)
    contenant.raw("exec", "-d", "-e", f"ASTRAY={TOKEN}", name, "sleep", "60")
    wait_for(lambda: any("environ" in what for what in strays(host, name)), 10, "an environment inside")
    found = strays(host, name)
    assert {"calls of the engine's client", "processes started", "files inside"} <= found
    assert any("contenant.db" in what for what in found)


def test_the_search_finds_what_the_engine_keeps(host: Host, project: Path) -> None:
    """A container and an image with the token in them, under the name of the project's."""
    contenant, name = host.contenant, container_name(str(project))
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true"}  # type: ignore[operator]
    contenant.ok("--", "true", cwd=project)
    plant = plant_apple if contenant.engine == "container" else plant_oci
    with plant(contenant, behind.image_of(contenant, name), f"{name}-astray") as expected:
        wait_for(lambda: "logs" in strays(host, f"{name}-astray"), 20, "the log")
        assert expected <= strays(host, f"{name}-astray")


@contextmanager
def plant_oci(contenant: Contenant, own: str, box: str) -> Iterator[set[str]]:
    """A container with the token, of an image with the token. Yields where the search has to find it."""
    image = "localhost/contenant-astray:1"
    change = ("--change", f"ENV ASTRAY={TOKEN}", "-m", TOKEN)
    if contenant.engine == "podman":
        change += ("--format", "docker")  # its own format holds no message
    try:
        contenant.raw("create", "--name", box, "--label", f"astray={TOKEN}", own, "sh", "-c", f"echo {TOKEN}")
        contenant.raw("commit", *change, box, image)
        contenant.raw("rm", "-f", box)
        contenant.raw(
            *("run", "-d", "--name", box, *LIMITS, "--entrypoint", "sh", image),
            *("-c", f"echo {TOKEN}; sleep 60"),
        )
        # podman's history tells nothing of a commit: what it holds of one is in the image's own description.
        yield {"inspect", "image", "logs"} | ({"image history"} if contenant.engine == "docker" else set())
    finally:
        for words in (("rm", "-f", box), ("rmi", "-f", image)):
            contenant.raw(*words)


@contextmanager
def plant_apple(contenant: Contenant, own: str, box: str) -> Iterator[set[str]]:
    """The same where no container becomes an image."""
    try:
        contenant.raw(
            *("run", "-d", "--name", box, "--label", f"astray={TOKEN}", "--entrypoint", "sh", own),
            *("-c", f"echo {TOKEN}; sleep 60"),
        )
        yield {"inspect", "logs"}
    finally:
        contenant.raw("delete", "-f", box)


def strays(host: Host, name: str) -> set[str]:
    """Where the search finds the token."""
    return {what for what, text in world(host, name, 0) if holds(text)}


@pytest.mark.parametrize(
    ("variable", "secret", "header", "value"),
    [
        ("CLAUDE_CODE_OAUTH_TOKEN", TOKEN, "authorization", f"Bearer {TOKEN}"),
        ("ANTHROPIC_API_KEY", API_KEY, "x-api-key", API_KEY),
        ("", TOKEN, "authorization", f"Bearer {TOKEN}"),
    ],
    ids=["oauth", "api-key", "claude-file"],
)
def test_a_real_turn_sends_the_credential(
    host: Host, project: Path, tmp_path: Path, variable: str, secret: str, header: str, value: str
) -> None:
    contenant, name = host.contenant, container_name(str(project))
    kept = host.sign_in()
    before = kept.read_bytes(), kept.stat()
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true"}  # type: ignore[operator]
    contenant.ok("--", "true", cwd=project)
    env = {variable: secret} if variable else {}
    (tmp_path / "authority").mkdir()
    with serving(contenant, name, tmp_path / "authority", secret) as service:
        done = contenant("run", *trusting(), "--", "claude", "-p", "say hi", cwd=project, env=env)
        assert (done.returncode, done.stdout) == (0, "Hi from the stand-in.\n"), done.stderr
        turns = service.turns()
        assert {turn["headers"][header] for turn in turns} == {value}
        others = [request for request in service.requests() if request["status"] == 401]
        assert not others
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == (before[0], before[1].st_mtime_ns)


@pytest.mark.parametrize("source", ["login", "file"])
def test_a_real_turn_runs_on_what_comes_before_the_hosts(
    host: Host, project: Path, tmp_path: Path, source: str
) -> None:
    """A login inside, which the agent itself keeps in the project's home; and contenant's own store."""
    contenant, name = host.contenant, container_name(str(project))
    kept = host.sign_in()
    before = kept.read_bytes(), kept.stat().st_mtime_ns
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true"}  # type: ignore[operator]
    oauth = {"accessToken": OWN, "expiresAt": 32503679999000, "scopes": ["user:inference"]}
    write = 'umask 077; cat >"$CLAUDE_CONFIG_DIR/.credentials.json"' if source == "login" else "true"
    inside = json.dumps({"claudeAiOauth": {**oauth, "refreshToken": "", "subscriptionType": "max"}})
    contenant.ok("--", "sh", "-c", write, cwd=project, stdin=inside)
    if source == "file":
        contenant.ok("auth", "login", cwd=project, stdin=OWN)
    (tmp_path / "authority").mkdir()
    with serving(contenant, name, tmp_path / "authority", OWN, TOKEN) as service:
        contenant.ok("run", *trusting(), "--", "claude", "-p", "say hi", cwd=project)
        assert {turn["headers"]["authorization"] for turn in service.turns()} == {f"Bearer {OWN}"}
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == before


def test_a_gateways_token_is_sent_too(host: Host, project: Path, tmp_path: Path) -> None:
    """The service itself refuses one, as the stand-in does: what counts is what the agent sent."""
    contenant, name = host.contenant, container_name(str(project))
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true"}  # type: ignore[operator]
    contenant.ok("--", "true", cwd=project)
    (tmp_path / "authority").mkdir()
    with serving(contenant, name, tmp_path / "authority") as service:
        words = ("--", "bash", "-c", "timeout 20 claude -p 'say hi'")
        contenant("run", *trusting(), *words, cwd=project, env={"ANTHROPIC_AUTH_TOKEN": GATEWAY})
        assert {turn["headers"]["authorization"] for turn in service.turns()} == {f"Bearer {GATEWAY}"}


CUSTOM = {
    "CLAUDE.md": "Always answer in the spirit of marker-memory.\n",
    "skills/count/SKILL.md": "---\nname: count\ndescription: marker-skill counts things\n---\nCount.\n",
    "commands/greet.md": "Greet with marker-command.\n",
    "agents/critic.md": "---\nname: critic\ndescription: marker-agent finds fault\n---\nFind fault.\n",
}


def test_the_users_customisations_are_there_and_cannot_be_changed(
    host: Host, project: Path, tmp_path: Path
) -> None:
    contenant, name = host.contenant, container_name(str(project))
    for path, text in CUSTOM.items():
        (host.claude / path).parent.mkdir(parents=True, exist_ok=True)
        (host.claude / path).write_text(text)
    contenant.env |= {"CONTENANT_KEEP_RUNNING": "true", "CLAUDE_CODE_OAUTH_TOKEN": TOKEN}  # type: ignore[operator]
    contenant.ok("--", "true", cwd=project)
    (tmp_path / "authority").mkdir()
    with serving(contenant, name, tmp_path / "authority", TOKEN) as service:
        contenant.ok("run", *trusting(), "--", "claude", "-p", "/greet", cwd=project)
        bodies = json.dumps([turn["body"] for turn in service.turns()])
    for marker in ("marker-memory", "marker-skill", "marker-command", "marker-agent"):
        assert marker in bodies, f"{marker} did not reach the real agent"
    for path in CUSTOM:
        place = f'"$CLAUDE_CONFIG_DIR/{path}"'
        done = contenant("--", "bash", "-c", f"echo evil >>{place}", cwd=project)
        refused = any(word in done.stderr for word in ("Read-only file system", "Permission denied"))
        assert (done.returncode, refused) == (1, True), f"{path}: {done.stderr}"
        contenant("--", "bash", "-c", f"rm -rf {place}; echo evil >{place}", cwd=project)
    assert {path: (host.claude / path).read_text() for path in CUSTOM} == CUSTOM
    shown = contenant.ok("--", "bash", "-c", 'cat "$CLAUDE_CONFIG_DIR/CLAUDE.md"', cwd=project)
    wait_for(lambda: shown == CUSTOM["CLAUDE.md"], 1, f"what is put in its place gives way again: {shown}")
