"""Gathering facts: files, records, engines that answer, lie or hang; and always within the time."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant import host
from contenant.app import doctor
from contenant.app.doctor import gather, gather_machine, gather_podman, gather_use
from contenant.app.doctor.clock import Deadline, Task, ask
from contenant.app.doctor.facts import DatabaseFacts
from contenant.app.doctor.gather_apple import default_kernel
from contenant.app.doctor.gather_engines import look_at
from contenant.app.doctor.question import Question
from contenant.core import changes
from contenant.core.values import EngineName
from contenant.errors import StateError
from contenant.paths import state_dir
from contenant.store import revision
from contenant.store.store import open_store
from tests.app.world import SilentUi
from tests.cli.world import populate
from tests.engines.fake_cli import FakeCli

KERNEL = "6.1.0-x"


def soon(seconds: float = 20) -> Deadline:
    return Deadline(time.monotonic() + seconds)


# Time.


def test_a_program_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()
    answer = ask(["sleep", "60"], soon(), 0.6)
    assert (answer.code, answer.hung) == (-1, True)
    assert time.monotonic() - began < 5


def test_nothing_is_asked_when_the_time_is_over() -> None:
    answer = ask(["sh", "-c", "exit 0"], soon(0), 5)
    assert (answer.code, answer.hung, answer.stderr) == (-1, False, "there was no time left to ask")


def test_a_program_that_is_not_there() -> None:
    answer = ask(["contenant-no-such-program"], soon(), 5)
    assert (answer.code, answer.hung) == (-1, False)


@pytest.fixture
def forever() -> Iterator[Callable[[], bool]]:
    """A wait that lasts as long as the test."""
    over = threading.Event()
    yield over.wait
    over.set()


def test_a_task_is_waited_for_no_longer_than_wanted(forever: Callable[[], bool]) -> None:
    slow = Task(forever)
    assert not slow.wait(0.05)
    assert slow.result() is None
    quick = Task(lambda: 7)
    assert quick.wait(5)
    assert quick.result() == 7
    broken = Task(lambda: 1 // 0)
    broken.wait(5)
    with pytest.raises(ZeroDivisionError):
        broken.result()


# The host.


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"proc/kallsyms": "0 T x\n0 t nf_tables_newtable [nf_tables]\n"}, "yes"),
        ({f"boot/config-{KERNEL}": "CONFIG_NF_TABLES=m\n"}, "yes"),
        ({f"boot/config-{KERNEL}": "# CONFIG_NF_TABLES is not set\n"}, "no"),
        ({f"lib/modules/{KERNEL}/modules.dep": "kernel/net/netfilter/nf_tables.ko.xz: x.ko\n"}, "yes"),
        ({f"lib/modules/{KERNEL}/modules.builtin": "kernel/net/netfilter/nf_tables.ko\n"}, "yes"),
        (
            {
                f"lib/modules/{KERNEL}/modules.dep": "kernel/x.ko: kernel/net/netfilter/nf_tables.ko\n",
                f"lib/modules/{KERNEL}/modules.builtin": "kernel/y.ko\n",
            },
            "no",
        ),
        ({f"lib/modules/{KERNEL}/modules.dep": "kernel/x.ko:\n"}, ""),
        ({}, ""),
    ],
)
def test_whether_a_kernel_has_nf_tables(tmp_path: Path, files: dict[str, str], found: str) -> None:
    for name, text in files.items():
        put(tmp_path, name, text)
    assert gather_machine.nf_tables(tmp_path, KERNEL) == found


def test_this_kernel_is_known(tmp_path: Path) -> None:
    machine = gather_machine.machine(soon())
    assert machine.arch == os.uname().machine
    assert machine.manager == "apt"  # the tests run on Debian
    assert machine.nf_tables == "yes"
    assert machine.root == (os.getuid() == 0)


def test_a_state_directory_that_cannot_be_made(contenant_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contenant_home.mkdir(parents=True, exist_ok=True)
    assert gather_machine.state(None, mac=False).writable
    real = os.access  # as root, access to a closed directory is granted: a disk without writes is made up
    monkeypatch.setattr(os, "access", lambda path, mode: path != contenant_home and real(path, mode))
    found = gather_machine.state(None, mac=False)
    assert (found.there, found.writable) == (False, False)


def test_a_state_directory_that_others_can_read(contenant_home: Path) -> None:
    place = state_dir()
    assert not gather_machine.state(None, mac=False).there
    place.mkdir(parents=True, mode=0o700)
    (place / "contenant.db").touch(0o600)
    (place / "credentials").mkdir(0o700)
    (place / "containers").mkdir(0o700)
    assert gather_machine.state(None, mac=False).loose == ()
    place.chmod(0o750)
    (place / "contenant.db").chmod(0o604)
    (place / "credentials").chmod(0o711)
    loose = gather_machine.state(None, mac=False).loose
    assert [(Path(item.path).name, item.mode, item.wanted) for item in loose] == [
        ("state", 0o750, 0o700), ("contenant.db", 0o604, 0o600), ("credentials", 0o711, 0o700),
    ]  # fmt: skip
    assert not any(item.foreign for item in loose)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_state_directory_of_somebody_else(contenant_home: Path) -> None:
    state_dir().mkdir(parents=True, mode=0o700)
    os.chown(state_dir(), 4242, 4242)
    (item,) = gather_machine.state(None, mac=False).loose
    assert item.foreign


def test_room_on_a_disk(tmp_path: Path) -> None:
    assert gather_machine.free(tmp_path / "not" / "there") == pytest.approx(
        gather_machine.free(tmp_path), rel=0.5
    )


def test_mounts_that_no_container_needs(contenant_home: Path) -> None:
    above = state_dir() / "containers"
    points = [f"{above}/gone/project", f"{above}/here/project", "/", f"{above}", "/elsewhere/gone/project"]
    assert list(gather_machine.leftovers(points, {"here"})) == [f"{above}/gone/project"]
    assert gather_machine.owner_of(f"{above}/gone/project") == "gone"
    assert gather_machine.owner_of(str(above)) == ""


def test_nothing_is_left_over_where_the_records_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    state_dir().mkdir(parents=True)
    point = f"{state_dir()}/containers/gone/project"
    monkeypatch.setattr(gather_machine, "_mount_points", lambda: [point])
    assert gather_machine.state(set(), mac=False).mounts == (point,)
    assert gather_machine.state(None, mac=False).mounts == ()


def test_a_mount_point_with_blanks() -> None:
    assert gather_machine._unescaped(r"/a\040b\134c") == r"/a b\c"


# The records.


def store_with_events(count: int = 3) -> Path:
    """A database with events; its file."""
    with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
        for number in range(count):
            store.apply([changes.engine_remembered("podman", "oci-runtime", f"runc{number}")])
    return state_dir() / "contenant.db"


def database() -> DatabaseFacts:
    return gather_use.database("", soon())


def test_no_database_yet() -> None:
    found = database()
    assert (found.there, found.trouble, found.head) == (False, "", revision.HEAD)
    assert not state_dir().exists(), "looking makes nothing"
    assert not gather_use.records("").known


def test_a_healthy_database() -> None:
    store_with_events()
    found = database()
    assert (found.there, found.checked, found.schema, found.events) == (True, True, revision.HEAD, 3)
    assert (found.verified, found.fault, found.trouble) == (True, "", "")


def test_records_of_a_container(tmp_path: Path) -> None:
    container = populate(tmp_path / "shop", tmp_path / "bin")
    found = gather_use.records("")
    assert found.known
    assert (list(found.engines), list(found.names)) == (["podman"], [container.name])
    assert found.projects == {(str(tmp_path / "shop"), ""): container.image}
    assert found.runtime is None


def test_a_damaged_database() -> None:
    path = store_with_events()
    path.write_bytes(b"junk" * 5000)
    found = database()
    assert "damaged" in found.trouble or "not a database" in found.trouble
    assert found.hint
    with pytest.raises(StateError):
        gather_use.records("")
    assert not gather.read_records("").known


def test_a_page_that_was_overwritten() -> None:
    path = store_with_events(200)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, size = (connection.execute(f"PRAGMA {n}").fetchone()[0] for n in ("page_count", "page_size"))
    with path.open("r+b") as file:
        for page in range(pages // 2, pages):
            file.seek(page * size)
            file.write(b"\xff" * 200)
    found = database()
    assert found.trouble, "the integrity check sees it"
    assert found.hint


def test_an_event_that_was_altered() -> None:
    path = store_with_events()
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE event SET data = '{}' WHERE seq = 2")
        connection.commit()
    found = database()
    assert (found.events, found.verified) == (1, False)
    assert "event 2 was altered" in found.fault


@pytest.mark.parametrize(("schema", "newer"), [("9999", True), (None, False)])
def test_another_schema_is_seen_and_not_touched(schema: str | None, newer: bool) -> None:
    path = store_with_events()
    with closing(sqlite3.connect(path)) as connection:
        if schema:
            connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        else:
            connection.execute("DELETE FROM alembic_version")
        connection.commit()
    before = path.read_bytes()
    found = database()
    assert (found.schema, found.newer, found.events) == (schema or "none", newer, -1)
    assert not gather_use.records("").known
    assert path.read_bytes() == before


def test_a_chain_that_takes_too_long_is_walked_as_far_as_there_is_time() -> None:
    store_with_events()
    found = gather_use.database("", soon(0))
    assert (found.events, found.verified, found.fault) == (0, False, "")


def test_a_database_url_that_is_none() -> None:
    found = gather_use.database("mysql://x", soon())
    assert "neither sqlite" in found.trouble


SECRET = "sk-ant-oat01-THIS-MUST-NEVER-BE-SEEN-0123456789"


def test_a_credential_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    assert gather_use.credentials({}) == ()
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", SECRET)
    (found,) = gather_use.credentials({})
    assert (found.source, found.kind, found.where) == ("environment", "oauth", "CLAUDE_CODE_OAUTH_TOKEN")
    assert SECRET not in repr(found)
    found = gather_use.credentials({"CLAUDE_CODE_OAUTH_TOKEN": None})[0]
    assert found.source == "flag"


def test_an_expired_credential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    place = tmp_path / ".claude" / ".credentials.json"
    place.parent.mkdir()
    past = int(time.time() - 60) * 1000
    place.write_text(json.dumps({"claudeAiOauth": {"accessToken": SECRET, "expiresAt": past}}))
    (found,) = gather_use.credentials({})
    assert (found.source, found.expired) == ("claude-file", True)
    place.write_text(json.dumps({"claudeAiOauth": {"accessToken": SECRET, "expiresAt": past + 10 * 60000}}))
    assert gather_use.credentials({})[0].soon
    place.write_text("{ not json")
    (found,) = gather_use.credentials({})
    assert found.trouble


# Engines, as command lines that answer.


@pytest.fixture
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing on PATH but what a fake command line needs."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cat", "sleep", "printf"):
        (tools / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    return tmp_path


def question(name: EngineName, image: str = "", runtime: str | None = None) -> Question:
    return Question(name, True, image, runtime, soon())


def podman_cli(place: Path, patch: pytest.MonkeyPatch, store: Path, **security: bool) -> FakeCli:
    cli = FakeCli("podman", place, patch)
    info = {
        "host": {
            "kernel": os.uname().release,
            "cgroupVersion": "v2",
            "cgroupControllers": ["cpu", "memory"],
            "ociRuntime": {"name": "crun"},
            "security": {"rootless": False} | security,
            "serviceIsRemote": False,
        },
        "store": {"graphRoot": str(store), "graphDriverName": "vfs"},
    }
    cli.answer("version*", json.dumps({"Client": {"Version": "5.4.2"}}))
    cli.answer("info*", json.dumps(info))
    cli.answer("ps*", "[]")
    for pattern in ("run*", "--runtime*"):
        cli.answer(pattern, stderr="Error: crun: executable file not found", code=127)
    return cli


def test_a_podman_that_is_well(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes)
    cli.answer("image?inspect?contenant:1", "[{}]")
    cli.answer("image?inspect?contenant:2", stderr="Error: no such image", code=1)
    found = look_at(question("podman", "contenant:1"))
    assert (found.trouble, found.list_trouble, found.client, found.cgroups) == ("", "", "5.4.2", "v2")
    assert (found.local, found.image, found.store) == (True, True, str(only_fakes))
    assert found.store_free > 0
    assert found.podman is not None
    assert found.podman.runtimes == (("", ""),)
    assert found.podman.driver == "vfs"
    assert look_at(question("podman", "contenant:2")).image is False


def test_a_runtime_that_fails_and_one_that_works(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes)
    FakeCli("crun", only_fakes, monkeypatch)
    FakeCli("runc", only_fakes, monkeypatch)
    cli.answer("run*", stderr="Error: OCI runtime error: cgroups in hybrid mode not supported", code=126)
    cli.answer("--runtime?crun?run*", stderr="Error: the same", code=126)
    found = gather_podman.runtimes(None, soon())
    assert [name for name, why in found] == ["", "crun", "runc"]
    assert "hybrid" in found[0][1] and not found[2][1]
    assert gather_podman.runtimes("runc", soon()) == (("runc", ""),)
    (call,) = [call for call in cli.calls() if call[:2] == ["--runtime", "crun"]]
    assert call[2:6] == ["run", "--rm", "--network", "none"]
    assert call[-3] == "--rootfs" and not Path(call[-2]).exists()


def test_podman_without_root(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    podman_cli(only_fakes, monkeypatch, only_fakes, rootless=True)
    ids = FakeCli("getsubids", only_fakes, monkeypatch)
    ids.answer("*", "0: me 100000 65536\n")
    ids.answer("-g*", "Error fetching ranges", code=1)
    FakeCli("pasta", only_fakes, monkeypatch)
    found = look_at(question("podman")).podman
    assert found is not None
    assert (found.rootless, found.uids, found.newuidmap, found.network_helper) == (True, 65536, False, True)


@pytest.mark.parametrize(
    ("version", "said", "there", "command", "helper"),
    [
        ("5.4.2", "pasta", "slirp4netns", "pasta", False),  # the other one does not do
        ("5.4.2", "slirp4netns", "slirp4netns", "slirp4netns", True),
        ("4.3.1", "", "pasta", "slirp4netns", False),
        ("5.0.0", "", "pasta", "", True),
    ],
)
def test_the_network_is_made_by_what_podman_is_set_to(
    only_fakes: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    said: str,
    there: str,
    command: str,
    helper: bool,
) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes, rootless=True)
    cli.answer("version*", json.dumps({"Client": {"Version": version}}))
    host = {"security": {"rootless": True}, "rootlessNetworkCmd": said}
    cli.answer("info*", json.dumps({"host": host, "store": {"graphRoot": str(only_fakes)}}))
    FakeCli(there, only_fakes, monkeypatch)
    found = look_at(question("podman")).podman
    assert found is not None
    assert found.driver == ""
    assert (found.network_command, found.network_helper) == (command, helper)


def test_a_podman_that_cannot_map_ids(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes)
    cli.answer("info*", stderr='Error: cannot set up namespace using "/usr/bin/newuidmap"', code=125)
    found = look_at(question("podman"))
    assert found.trouble == "unusable-ids"
    assert found.podman is not None and not found.podman.newuidmap


def test_a_podman_that_cannot_even_tell_its_version(
    only_fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes)
    cli.answer("version*", stderr='Error: exec: "newuidmap": executable file not found in $PATH', code=125)
    found = look_at(question("podman"))
    assert found.trouble == "unusable-ids"
    assert found.podman is not None and not found.podman.newuidmap


def test_an_old_podman_without_root(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes, rootless=True)
    cli.answer("version*", json.dumps({"Client": {"Version": "4.2.0"}}))
    found = look_at(question("podman"))
    assert (found.trouble, "4.3" in found.said) == ("too-old", True)


def docker_cli(place: Path, patch: pytest.MonkeyPatch, **info: object) -> FakeCli:
    cli = FakeCli("docker", place, patch)
    versions = {"Client": {"Version": "28.2.2"}, "Server": {"Version": "28.2.2"}}
    cli.answer("version*", json.dumps(versions))
    facts = {"KernelVersion": os.uname().release, "CgroupVersion": "2", "DockerRootDir": str(place)}
    cli.answer("info*", json.dumps(facts | info))
    return cli


def test_docker(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker_cli(only_fakes, monkeypatch)
    found = look_at(question("docker"))
    assert (found.trouble, found.server, found.cgroups, found.local) == ("", "28.2.2", "v2", True)
    docker_cli(only_fakes, monkeypatch, KernelVersion="6.6.1-linuxkit")
    found = look_at(question("docker"))
    assert (found.local, found.store, found.store_free) == (False, "", -1)


@pytest.mark.parametrize(
    ("versions", "info", "trouble"),
    [
        ({"Client": {"Version": "28.2.2"}, "Server": None}, {}, "failed"),
        ({"Client": {"Version": "28.2.2"}, "Server": {"Version": "19.03.1"}}, {}, "too-old"),
        (None, {"SecurityOptions": ["name=rootless"]}, "unsupported"),
    ],
)
def test_daemons_that_will_not_do(
    only_fakes: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: object,
    info: dict[str, object],
    trouble: str,
) -> None:
    cli = docker_cli(only_fakes, monkeypatch, **info)
    if versions:
        cli.answer("version*", json.dumps(versions))
    found = look_at(question("docker"))
    assert found.trouble == trouble and found.said


def test_a_daemon_that_is_not_there(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = FakeCli("docker", only_fakes, monkeypatch)
    down = "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
    cli.answer("version*", json.dumps({"Client": {"Version": "28.2.2"}, "Server": None}), stderr=down, code=1)
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    found = look_at(question("docker"))
    assert (found.trouble, found.client, found.endpoint) == ("down", "28.2.2", "unix:///x")


def test_a_list_that_cannot_be_read(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = podman_cli(only_fakes, monkeypatch, only_fakes)
    cli.answer("ps*", '[{"Names": 7}]')
    assert look_at(question("podman")).list_trouble == "failed"
    cli.answer("ps*", stderr="Error: oops", code=125)
    found = look_at(question("podman"))
    assert (found.list_trouble, found.said, found.containers) == ("failed", "oops", ())


def test_an_engine_that_is_not_installed(only_fakes: Path) -> None:
    assert look_at(question("docker")).trouble == "not-installed"


def test_the_kernel_of_new_containers_is_named_by_a_link(tmp_path: Path) -> None:
    assert default_kernel(tmp_path) == ""
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "default.kernel-arm64").symlink_to("/x/kernels/vmlinux-6.18.15-186")
    assert default_kernel(tmp_path) == "vmlinux-6.18.15-186"


def test_the_version_of_macos_is_asked_of_macos(only_fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather_machine.platform, "mac_ver", lambda: ("16.0", ("", "", ""), "arm64"))
    assert gather_machine.macos_version(soon()) == "16.0"
    FakeCli("sw_vers", only_fakes, monkeypatch).answer("-productVersion", "26.1\n")
    assert gather_machine.macos_version(soon()) == "26.1"


# All of it.


def test_engines_that_hang_do_not_hang_doctor(
    only_fakes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("podman", "docker", "container"):
        FakeCli(name, only_fakes, monkeypatch).hang()
    monkeypatch.setattr(doctor, "BUDGET", 3.0)
    began = time.monotonic()
    report = doctor.examine(None, fix=False, ui=SilentUi())
    assert time.monotonic() - began < 12
    lines = {line.id: line for line in report.lines}
    assert lines["engine.podman"].status == "fail"
    assert lines["engine.docker"].status == "warn"
    for name in ("podman", "docker", "container"):
        assert "hangs: no answer within 3 s" in lines[f"engine.{name}"].detail
    assert {"contenant", "state", "database", "credential"} <= set(lines)


def test_a_part_that_hangs_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, only_fakes: Path, forever: Callable[[], bool]
) -> None:
    monkeypatch.setattr(gather_use, "credentials", lambda env: forever())
    monkeypatch.setattr(gather_machine, "state", lambda needed, mac: forever())
    monkeypatch.setattr(gather, "SETTLE", 0.1)
    monkeypatch.setattr(doctor, "BUDGET", 1.0)
    lines = {line.id: line for line in doctor.examine(None, fix=False, ui=SilentUi()).lines}
    assert (lines["credential"].status, lines["state"].status) == ("warn", "fail")
    assert lines["database"].status == "ok"


def test_which_engines_are_looked_at(
    only_fakes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ids(only: EngineName | None = None) -> list[str]:
        lines = doctor.examine(only, fix=False, ui=SilentUi()).lines
        return [line.id for line in lines if line.id.startswith("engine")]

    assert ids() == ["engine"]
    FakeCli("docker", only_fakes, monkeypatch)
    assert ids() == ["engine.docker"]
    assert ids("podman") == ["engine.podman"]
    populate(tmp_path / "shop", tmp_path / "podman-bin")  # a record of podman's, which is not on PATH
    assert ids() == ["engine.podman", "engine.docker"]


def test_a_configuration_that_cannot_be_read(contenant_home: Path, only_fakes: Path) -> None:
    (contenant_home / "config").mkdir(parents=True)
    (contenant_home / "config" / "config.toml").write_text("this is not TOML")
    lines = {line.id: line for line in doctor.examine(None, fix=False, ui=SilentUi()).lines}
    assert lines["configuration"].status == "fail"
    assert lines["database"].status == "ok"


def test_an_installation_whose_files_cannot_be_read(
    only_fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(settings: object) -> str:
        raise PermissionError(13, "Permission denied", "/x/Dockerfile")

    monkeypatch.setattr(gather, "current_image", denied)
    podman_cli(only_fakes, monkeypatch, only_fakes)
    lines = {line.id: line for line in doctor.examine(None, fix=False, ui=SilentUi()).lines}
    assert "/x/Dockerfile cannot be read: Permission denied" in lines["image.podman"].detail


def test_looking_writes_nothing(contenant_home: Path, only_fakes: Path) -> None:
    doctor.examine(None, fix=False, ui=SilentUi())
    assert not contenant_home.exists()
    path = store_with_events()
    before = path.read_bytes()
    doctor.examine(None, fix=False, ui=SilentUi())
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
