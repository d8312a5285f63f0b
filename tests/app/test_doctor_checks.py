"""Every check, as a pure function of facts: each status it can have, and the fix that goes with it."""

from __future__ import annotations

from typing import Any

import pytest

from contenant.app.doctor import check_apple, check_engines, check_machine, check_podman, check_use, judge
from contenant.app.doctor.facts import (
    ContainerFacts,
    CredentialFacts,
    DatabaseFacts,
    EngineFacts,
    Facts,
    Loose,
    PodmanFacts,
    Program,
    StateFacts,
)
from contenant.app.doctor.line import Line
from tests.app.doctor_samples import (
    APPLE,
    CREDENTIAL,
    DATABASE,
    DOCKER,
    FACTS,
    HOME,
    IMAGE,
    LARGE,
    LINUX,
    MAC,
    MAC_FACTS,
    MAC_HOME,
    PODMAN,
    SHOP,
    VILLA,
)

START = "container system start --enable-kernel-install"
RESTART = f"container system stop && {START}"
NEW_KERNEL = "container system kernel set --recommended --force"


def line_of(facts: Facts, identifier: str) -> Line:
    """The one line with that id."""
    (found,) = [line for line in judge(facts) if line.id == identifier]
    return found


@pytest.mark.parametrize("facts", [FACTS, MAC_FACTS], ids=["linux", "macos"])
def test_where_everything_is_well_every_line_is_ok(facts: Facts) -> None:
    lines = judge(facts)
    assert {line.status for line in lines} == {"ok"}
    assert [line.fix for line in lines if line.fix] == []
    assert len({line.id for line in lines}) == len(lines)
    assert all(facts.machine.home not in line.detail for line in lines)


def test_what_is_looked_at() -> None:
    common = ["contenant", "configuration", "platform"]
    state = ["state", "disk.state", "mounts"]
    end = ["containers", "firewall.{}", "credential"]
    records = ["database", "database.schema", "database.audit", "database.backups"]
    assert [line.id for line in judge(FACTS)] == [
        *common, "kernel", *state,
        "engine.podman", "runtime.podman", "ids.podman", "network.podman", "cgroups.podman", "disk.podman",
        "engine.docker", "cgroups.docker", "disk.docker", "image.podman", "image.docker",
        *[name.format(SHOP.name) for name in end], *records,
    ]  # fmt: skip
    assert [line.id for line in judge(MAC_FACTS)] == [
        *common, *state,
        "engine.container", "service.container", "release.container", "skew.container", "kernel.container",
        "guests.container", "age.container", "time-machine", "disk.container", "image.container",
        *[name.format(VILLA.name) for name in end], *records,
    ]  # fmt: skip


# The program and the host.


def test_an_old_python_fails() -> None:
    found = check_machine.program(Program("0.1.0", (3, 10, 9)))
    assert (found.status, found.fix) == ("fail", "install Python 3.11")
    assert "needs 3.11" in found.detail


def test_a_broken_configuration_fails_and_hides_nothing_else() -> None:
    program = Program("0.1.0", (3, 13, 5), "config.toml: not valid TOML", "correct the file")
    facts = FACTS._replace(program=program, image="", engines=(PODMAN._replace(image=None),))
    found = line_of(facts, "configuration")
    assert (found.status, found.detail, found.fix) == (
        "fail",
        "config.toml: not valid TOML",
        "correct the file",
    )
    assert line_of(facts, "image.podman").status == "ok"
    assert len(judge(facts)) > 12


@pytest.mark.parametrize(
    ("changed", "engine", "status", "word"),
    [
        ({"arch": "aarch64"}, "podman", "ok", "aarch64"),
        ({"arch": "riscv64"}, "podman", "fail", "x86_64 and aarch64"),
        ({"system": "freebsd14"}, "podman", "fail", "Linux and macOS"),
        ({"system": "darwin", "version": (26, 0), "arch": "arm64"}, "container", "ok", "arm64"),
        ({"system": "darwin", "version": (15, 7), "arch": "arm64"}, "container", "warn", "macOS 26"),
        ({"system": "darwin", "version": (15, 7), "arch": "arm64"}, "podman", "ok", "arm64"),
        ({"system": "darwin", "version": (14, 2), "arch": "arm64"}, "container", "fail", "macOS 15"),
        ({"system": "darwin", "version": (26, 0)}, "container", "fail", "Apple silicon"),
        ({"system": "darwin", "version": (26, 0)}, "docker", "ok", "x86_64"),
        ({"system": "darwin", "version": (26, 0), "translated": True}, "docker", "fail", "Rosetta"),
    ],
)
def test_platform(changed: dict[str, Any], engine: str, status: str, word: str) -> None:
    facts = FACTS._replace(machine=LINUX._replace(**changed), wanted_engine=engine)
    found = check_machine.platform(facts)
    assert found.status == status
    assert word in found.detail


def test_the_fix_of_a_platform() -> None:
    def fix(**changed: Any) -> str:
        machine = MAC._replace(**changed)
        return check_machine.platform(MAC_FACTS._replace(machine=machine)).fix

    assert fix(version=(14, 2)) == fix(version=(15, 7)) == "softwareupdate --list"
    assert fix(arch="x86_64") == "brew install --cask docker-desktop && open -a Docker"
    assert fix(translated=True).startswith("/opt/homebrew/bin/brew install python")


@pytest.mark.parametrize(
    ("has", "status", "word"),
    [("yes", "ok", "has nf_tables"), ("no", "fail", "no nf_tables"), ("", "ok", "cannot be seen")],
)
def test_kernel_of_linux(has: Any, status: str, word: str) -> None:
    found = check_machine.kernel(FACTS._replace(machine=LINUX._replace(nf_tables=has)))
    assert found.status == status
    assert word in found.detail
    assert found.fix == ("sudo modprobe nf_tables" if has == "no" else "")


def test_a_kernel_that_no_container_runs_on_does_not_matter() -> None:
    machine = LINUX._replace(nf_tables="no")
    for engines in ((), (PODMAN._replace(local=False),), (PODMAN._replace(trouble="down"),)):
        assert check_machine.kernel(FACTS._replace(machine=machine, engines=engines)).status == "ok"


# The state directory.

STATE = StateFacts(f"{HOME}/state", free=LARGE)


@pytest.mark.parametrize(
    ("changed", "status", "word", "fix", "mend"),
    [
        ({}, "ok", "closed to others", "", ""),
        ({"there": False}, "ok", "not there yet", "", ""),
        (
            {"there": False, "writable": False},
            "fail",
            "is not there and cannot be made",
            "set CONTENANT_HOME to a directory that can be written",
            "",
        ),
        (
            {"loose": (Loose("/s", 0o755, 0o700), Loose("/s/a b", 0o644, 0o600))},
            "fail",
            "/s is open to others (0755), /s/a b is open to others (0644)",
            "chmod 700 /s && chmod 600 '/s/a b'",
            "modes",
        ),
        (
            {"loose": (Loose("/s/db", 0o600, 0o600, foreign=True), Loose("/s", 0o755, 0o700))},
            "fail",
            "/s/db belongs to somebody else",
            f'sudo chown -R "$(id -un)" {HOME}/state',
            "",
        ),
        ({"writable": False}, "fail", "cannot be written", f"chmod u+rwx {HOME}/state", ""),
    ],
)
def test_state_directory(changed: dict[str, Any], status: str, word: str, fix: str, mend: str) -> None:
    found = check_machine.state(STATE._replace(**changed), LINUX)
    assert (found.status, found.fix, found.mend) == (status, fix, mend)
    assert word in found.detail


@pytest.mark.parametrize(
    ("free", "status"), [(-1, "ok"), (10**6, "fail"), (5 * 10**8, "warn"), (2 * 10**9, "ok")]
)
def test_disk_of_the_state(free: int, status: str) -> None:
    found = check_machine.state_disk(STATE._replace(free=free))
    assert found.status == status
    assert bool(found.fix) == (status != "ok")


def test_leftover_mounts() -> None:
    assert check_machine.mounts(STATE, LINUX).status == "ok"
    left = STATE._replace(mounts=("/s/containers/a/project",))
    found = check_machine.mounts(left, LINUX)
    assert (found.status, found.fix, found.mend) == ("warn", "sudo umount /s/containers/a/project", "")
    found = check_machine.mounts(left, LINUX._replace(root=True))
    assert (found.fix, found.mend) == ("umount /s/containers/a/project", "unmount")


def test_a_state_directory_that_does_not_answer() -> None:
    assert line_of(FACTS._replace(state=None), "state").status == "fail"


# Engines.

TROUBLES: list[tuple[EngineFacts, str, str, str]] = [
    (PODMAN._replace(trouble="not-installed"), "not installed", "sudo apt-get install podman", ""),
    (
        PODMAN._replace(trouble="too-old", said="podman client is 3.4.4"),
        "podman client is 3.4.4",
        "sudo apt-get install --only-upgrade podman",
        "",
    ),
    (PODMAN._replace(trouble="wedged", seconds=12.0), "no answer within 12 s", "ps -C podman", ""),
    (PODMAN._replace(trouble="down"), "machine is not running", "podman machine start", ""),
    (
        PODMAN._replace(trouble="down", endpoint="ssh://me@box/run/podman.sock"),
        "(at ssh://…@box/run/podman.sock)",
        "unset CONTAINER_HOST",
        "",
    ),
    (
        PODMAN._replace(trouble="unusable-ids", said="no subuid ranges found", podman=None),
        "no subuid ranges found",
        'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$(id -un)" && podman',
        "",
    ),
    (PODMAN._replace(trouble="failed", said="panic: oops"), "panic: oops", "", ""),
    (DOCKER._replace(trouble="down"), "daemon is not running", "sudo systemctl enable --now docker", ""),
    (DOCKER._replace(trouble="permission"), "may not use its daemon", "sudo usermod -aG docker", ""),
    (DOCKER._replace(trouble="wedged"), "hangs", "sudo systemctl restart docker", ""),
    (DOCKER._replace(trouble="context", said='context "x" not found'), "not found", "docker context use", ""),
    (DOCKER._replace(trouble="unsupported", said="runs without root"), "without root", "--engine podman", ""),
    (DOCKER._replace(trouble="not-installed"), "not installed", "sudo apt-get install docker.io", ""),
    (APPLE._replace(trouble="down"), "service is not running", START, "start-service"),
    (APPLE._replace(trouble="stuck"), "does not answer", RESTART, ""),
    (APPLE._replace(trouble="skew"), "do not understand each other", RESTART, ""),
    (APPLE._replace(trouble="wedged", seconds=12.0), "hangs", f"{RESTART}; where that hangs too", ""),
    (APPLE._replace(trouble="too-old", said="container is 0.9.0"), "0.9.0", "upgrade Apple's container", ""),
]


@pytest.mark.parametrize(
    ("engine", "word", "fix", "mend"), TROUBLES, ids=[f"{e.name}-{e.trouble}" for e, *_ in TROUBLES]
)
def test_an_engine_in_trouble(engine: EngineFacts, word: str, fix: str, mend: str) -> None:
    found = line_of(FACTS._replace(engines=(engine,)), f"engine.{engine.name}")
    assert (found.status, found.mend) == ("fail", mend)
    assert word in found.detail
    assert found.fix.startswith(fix) or fix in found.fix
    assert bool(found.fix) == bool(fix)
    unused = line_of(FACTS._replace(engines=(engine._replace(wanted=False),)), f"engine.{engine.name}")
    assert unused.status == "warn"
    assert unused.detail.endswith("; nothing uses it")


def test_an_engine_in_trouble_is_asked_no_more() -> None:
    lines = check_engines.check(FACTS._replace(engines=(PODMAN._replace(trouble="wedged"),)))
    assert [line.id for line in lines] == ["engine.podman"]


@pytest.mark.parametrize(
    ("machine", "fix"), [(LINUX, "sudo apt-get install podman"), (MAC, f"brew install container && {START}")]
)
def test_no_engine_at_all(machine: Any, fix: str) -> None:
    found = line_of(FACTS._replace(engines=(), machine=machine), "engine")
    assert (found.status, found.fix) == ("fail", fix)


def test_an_engine_that_gives_no_list() -> None:
    hung = PODMAN._replace(list_trouble="wedged", said="no answer within 12 s")
    found = line_of(FACTS._replace(engines=(hung,)), "list.podman")
    assert found.status == "fail"
    assert found.fix.startswith("ps -C podman")
    failed = DOCKER._replace(list_trouble="failed", said="oops", wanted=False)
    found = line_of(FACTS._replace(engines=(failed,)), "list.docker")
    assert (found.status, found.fix) == ("warn", "docker ps --all")
    apple = APPLE._replace(list_trouble="failed", said="oops")
    assert line_of(MAC_FACTS._replace(engines=(apple,)), "list.container").fix == RESTART


@pytest.mark.parametrize(
    ("free", "status"), [(-1, "ok"), (10**9, "fail"), (5 * 10**9, "warn"), (10**10, "ok")]
)
def test_disk_of_an_engine(free: int, status: str) -> None:
    found = check_engines.disk(PODMAN._replace(store_free=free))
    assert found.status == status
    assert found.fix == ("" if status == "ok" else "contenant clean --stale 30d --images")


def podman(**changed: Any) -> PodmanFacts:
    assert PODMAN.podman is not None
    return PODMAN.podman._replace(**changed)


@pytest.mark.parametrize(
    ("changed", "manager", "status", "fix"),
    [
        ({}, "apt", "ok", ""),
        ({"cgroups": "v1"}, "apt", "warn", "add systemd.unified_cgroup_hierarchy=1 to the kernel's"),
        ({"cgroups": "v1"}, "dnf", "warn", "sudo grubby --update-kernel=ALL --args=systemd.unified"),
        ({"cgroups": "v1", "podman": podman(rootless=False)}, "apt", "ok", ""),
        ({"controllers": ("memory", "pids")}, "apt", "warn", "sudo mkdir -p /etc/systemd/system/user@"),
        ({"controllers": ()}, "apt", "ok", ""),
    ],
)
def test_cgroups(changed: dict[str, Any], manager: Any, status: str, fix: str) -> None:
    found = check_engines.cgroups(PODMAN._replace(**changed), LINUX._replace(manager=manager))
    assert found.status == status
    assert found.fix.startswith(fix)
    assert bool(found.fix) == bool(fix)


@pytest.mark.parametrize(
    ("changed", "status", "word", "fix", "mend"),
    [
        ({}, "ok", "crun starts containers", "", ""),
        ({"remembered": None}, "ok", "crun starts containers", "", ""),
        (
            {"remembered": "runc", "runtimes": (("runc", ""),)},
            "ok",
            "runc starts containers, instead of crun",
            "",
            "",
        ),
        (
            {
                "remembered": None,
                "runtimes": (("", "cgroups in hybrid mode"), ("crun", "same"), ("runc", "")),
            },
            "warn",
            "crun cannot start containers here, runc can: cgroups in hybrid mode",
            "contenant doctor --fix",
            "remember-runtime",
        ),
        (
            {"remembered": "runc", "runtimes": (("runc", "not found"), ("", ""))},
            "warn",
            "runc cannot start containers here, crun can",
            "contenant doctor --fix",
            "remember-runtime",
        ),
        (
            {"runtimes": (("", "a"), ("crun", "b"))},
            "fail",
            "none can start a container: crun: a",
            "sudo apt-get install crun runc",
            "",
        ),
    ],
)
def test_oci_runtime(changed: dict[str, Any], status: str, word: str, fix: str, mend: str) -> None:
    found = check_podman.runtime(podman(**changed), LINUX)
    assert (found.status, found.fix, found.mend) == (status, fix, mend)
    assert word in found.detail


@pytest.mark.parametrize(
    ("changed", "status", "word", "fix"),
    [
        ({}, "ok", "65536 uids", ""),
        ({"uids": -1, "gids": -1}, "ok", "", ""),
        ({"uids": 0}, "fail", "0 uids to map", "sudo usermod --add-subuids"),
        ({"uids": 10, "gids": 10}, "fail", "10 uids and 10 gids", "sudo usermod --add-subuids"),
        ({"newuidmap": False}, "fail", "newuidmap is missing", "sudo apt-get install uidmap"),
        ({"namespaces": False}, "fail", "no user namespaces", "sudo sysctl -w"),
    ],
)
def test_ids_without_root(changed: dict[str, Any], status: str, word: str, fix: str) -> None:
    found = check_podman.ids(podman(**changed), LINUX)
    assert found.status == status
    assert word in found.detail
    assert found.fix.startswith(fix)


def test_ids_that_keep_podman_from_working_are_told_with_the_right_fix() -> None:
    broken = PODMAN._replace(trouble="unusable-ids", said="exec newuidmap", podman=podman(newuidmap=False))
    facts = FACTS._replace(engines=(broken,), machine=LINUX._replace(manager="dnf"))
    assert line_of(facts, "engine.podman").fix == "sudo dnf install shadow-utils"
    assert line_of(facts, "ids.podman").status == "fail"


def test_a_store_that_copies_whole_layers() -> None:
    assert "driver.podman" not in [
        line.id for line in check_podman.check(PODMAN._replace(podman=podman()), LINUX)
    ]
    (found,) = [
        line
        for line in check_podman.check(PODMAN._replace(podman=podman(driver="vfs")), LINUX)
        if line.id == "driver.podman"
    ]
    assert (found.status, "40 GB" in found.detail, "storage.conf" in found.fix) == ("warn", True, True)


def test_network_without_root() -> None:
    assert check_podman.network(podman(), LINUX).status == "ok"
    found = check_podman.network(podman(network_helper=False), LINUX._replace(manager="zypper"))
    assert (found.status, found.fix) == ("fail", "sudo zypper install passt")
    older = podman(network_command="slirp4netns", network_helper=False)
    found = check_podman.network(older, LINUX._replace(manager="apt"))
    assert (found.status, found.detail) == ("fail", "slirp4netns is not there")
    assert found.fix.endswith("slirp4netns")


def test_root_needs_no_ranges_of_ids() -> None:
    facts = FACTS._replace(engines=(PODMAN._replace(podman=podman(rootless=False, uids=0)),))
    assert "ids.podman" not in [line.id for line in judge(facts)]


# Apple's container.


def apple(**changed: Any) -> EngineFacts:
    assert APPLE.apple is not None
    return APPLE._replace(apple=APPLE.apple._replace(**changed))


def test_skew() -> None:
    assert check_apple.skew(APPLE).status == "ok"
    found = check_apple.skew(APPLE._replace(server="1.0.0"))
    assert (found.status, found.fix) == ("fail", RESTART)
    assert "the command is 1.4.1, the running service 1.0.0" in found.detail


def test_release() -> None:
    assert check_apple.release(APPLE, MAC).status == "ok"
    found = check_apple.release(APPLE._replace(client="0.12.3"), MAC)
    assert (found.status, found.fix) == ("warn", f"brew upgrade container && {RESTART}")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("vmlinux-6.18.15-186", "ok"),
        ("vmlinux-6.18.35-197-debug", "ok"),
        ("vmlinux-7.0.1-200", "ok"),
        ("vmlinux-6.12.28-153", "fail"),
        ("vmlinux-6.18.5-177", "fail"),
        ("my-kernel", "ok"),
        ("", "ok"),
    ],
)
def test_kernel_of_new_containers(name: str, status: str) -> None:
    engine = apple(default_kernel=name)
    assert engine.apple is not None
    found = check_apple.default_kernel(engine.apple)
    assert (found.status, found.fix) == (status, NEW_KERNEL if status == "fail" else "")


def test_kernels_of_running_containers() -> None:
    assert check_apple.running_kernels(APPLE, MAC).status == "ok"
    assert "no container runs" in check_apple.running_kernels(APPLE._replace(containers=()), MAC).detail
    old = VILLA._replace(kernel="6.12.28", test_code=1)
    found = check_apple.running_kernels(APPLE._replace(containers=(old,)), MAC)
    assert found.status == "fail"
    assert found.fix == f"{NEW_KERNEL} && contenant run --recreate ~/villa -- true"
    proven = old._replace(test_code=0)
    assert check_apple.running_kernels(APPLE._replace(containers=(proven,)), MAC).status == "ok"


def test_containers_made_with_another_release() -> None:
    old = VILLA._replace(engine_version="1.2.2", project=f"{MAC_HOME}/my villa")
    found = check_apple.made_before(APPLE._replace(containers=(old, VILLA)), MAC)
    assert (found.status, found.fix) == ("warn", "contenant run --recreate ~/'my villa' -- true")
    assert "was made with 1.2.2" in found.detail


@pytest.mark.parametrize(("state", "status"), [("excluded", "ok"), ("included", "warn"), ("", "ok")])
def test_time_machine(state: Any, status: str) -> None:
    found = line_of(MAC_FACTS._replace(engines=(apple(time_machine=state),)), "time-machine")
    assert found.status == status
    wanted = "tmutil addexclusion ~/'Library/Application Support/com.apple.container'"
    assert found.fix == (wanted if status == "warn" else "")


def test_time_machine_is_of_macos_only() -> None:
    facts = MAC_FACTS._replace(machine=LINUX, engines=(apple(time_machine="included"),))
    assert "time-machine" not in [line.id for line in judge(facts)]


# Image, containers, firewall, credential, database.


@pytest.mark.parametrize(
    ("there", "status", "fix"),
    [
        (True, "ok", ""),
        (False, "warn", "contenant image build --engine podman"),
        (None, "warn", "contenant image list"),
    ],
)
def test_image(there: bool | None, status: str, fix: str) -> None:
    found = check_use.image(PODMAN._replace(image=there), IMAGE, "")
    assert (found.status, found.fix) == (status, fix)


def test_an_image_that_cannot_be_told() -> None:
    program = FACTS.program._replace(image_trouble="/x/Dockerfile cannot be read: Permission denied")
    found = line_of(FACTS._replace(program=program, image=""), "image.podman")
    assert found.status == "fail"
    assert "/x/Dockerfile cannot be read" in found.detail


def test_an_engine_that_is_not_used_needs_no_image() -> None:
    facts = FACTS._replace(engines=(PODMAN, DOCKER._replace(wanted=False, image=False)))
    assert "image.docker" not in [line.id for line in judge(facts)]


def test_containers_behind() -> None:
    facts = FACTS._replace(outdated=(f"{HOME}/a", f"{HOME}/b c"))
    found = check_use.behind(facts)
    assert (found.status, found.detail) == ("warn", "2 are of an older image")
    assert found.fix == ("contenant run --recreate ~/a -- true && contenant run --recreate ~/'b c' -- true")
    assert check_use.behind(FACTS._replace(outdated=("/x",))).detail == "1 is of an older image"


def firewalls(*containers: ContainerFacts, **changed: Any) -> list[Line]:
    facts = FACTS._replace(engines=(PODMAN._replace(containers=containers),), **changed)
    return list(check_use.firewalls(facts))


def test_firewall() -> None:
    stopped = SHOP._replace(state="stopped", test_code=-1)
    (found,) = firewalls(stopped)
    assert (found.id, found.status) == ("firewall", "ok")
    assert "no container runs" in found.detail and "contenant doctor" in found.detail
    (found,) = firewalls(SHOP._replace(test_code=-1))
    assert (found.status, found.fix) == ("warn", "contenant doctor")
    (found,) = firewalls(SHOP)
    assert (found.id, found.status) == (f"firewall.{SHOP.name}", "ok")
    (found,) = firewalls(SHOP._replace(test_code=1, test_said="rules: not in the kernel as set"))
    assert (found.status, found.fix) == ("fail", "contenant run --recreate ~/shop -- true")
    assert "not in the kernel as set" in found.detail


@pytest.mark.parametrize(("mode", "word"), [("off", "everything"), ("audit", "recorded")])
def test_a_firewall_that_is_open_is_a_warning(mode: str, word: str) -> None:
    found = firewalls(open_firewalls=((SHOP.name, mode),))[-1]
    assert (found.id, found.status) == (f"mode.{SHOP.name}", "warn")
    assert word in found.detail


MOMENT = "2026-10-01T10:00:00.000Z"


@pytest.mark.parametrize(
    ("found", "status", "word", "fix"),
    [
        (None, "warn", "no answer in time", "contenant auth status"),
        ((), "warn", "none", "contenant auth login"),
        ((CREDENTIAL,), "ok", f"oauth from {HOME}/token, good until 2027", ""),
        ((CREDENTIAL._replace(expires=""),), "ok", "no end known", ""),
        ((CREDENTIAL._replace(soon=True),), "warn", "ends at", "contenant auth login"),
        ((CREDENTIAL._replace(expired=True),), "fail", "ended at", "contenant auth login"),
        (
            (CredentialFacts("claude-file", "f", "oauth", MOMENT, expired=True),),
            "fail",
            "ended at",
            "claude -p hi",
        ),
        (
            (CredentialFacts("environment", "CLAUDE_CODE_OAUTH_TOKEN", "oauth", MOMENT, soon=True),),
            "warn",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "set another one",
        ),
        (
            (CredentialFacts("keyring", "keyring", trouble="the keyring did not answer"), CREDENTIAL),
            "fail",
            "the keyring did not answer",
            "contenant auth login",
        ),
    ],
)
def test_credential(found: Any, status: str, word: str, fix: str) -> None:
    line = check_use.credential(found)
    assert line.status == status
    assert word in line.detail
    assert line.fix.startswith(fix)
    assert bool(line.fix) == (status != "ok")


def database(**changed: Any) -> dict[str, Line]:
    return {line.id: line for line in check_use.database(DATABASE._replace(**changed))}


def test_database() -> None:
    assert {line.status for line in database().values()} == {"ok"}
    assert database()["database.audit"].detail == "12 events, each follows from the one before"
    absent = {line.id: line for line in check_use.database(DatabaseFacts(f"{HOME}/db"))}
    assert list(absent) == ["database"] and absent["database"].status == "ok"
    (silent,) = check_use.database(None)
    assert silent.status == "fail"


@pytest.mark.parametrize(
    ("changed", "identifier", "status", "word", "fix", "mend"),
    [
        (
            {"trouble": "it is damaged", "hint": "mv it", "schema": ""},
            "database",
            "fail",
            "damaged",
            "mv it",
            "",
        ),
        ({"trouble": "locked", "hint": "wait"}, "database", "fail", "locked", "wait", ""),
        ({"checked": False}, "database", "ok", "too large", "", ""),
        ({"server": True}, "database", "ok", "answers", "", ""),
        ({"schema": "0000"}, "database.schema", "warn", "0000", "contenant doctor --fix", "migrate"),
        ({"schema": "9", "newer": True}, "database.schema", "fail", "9", "pip install --upgrade", ""),
        ({"fault": "event 13 is missing"}, "database.audit", "fail", "12 events, then event 13", "", ""),
        ({"verified": False}, "database.audit", "ok", "the first 12 events", "", ""),
        ({"events": -1}, "database.audit", "warn", "in time", "", ""),
        ({"backups": 0}, "database.backups", "ok", "none", "", ""),
    ],
)
def test_a_database_in_trouble(
    changed: dict[str, Any], identifier: str, status: str, word: str, fix: str, mend: str
) -> None:
    line = database(**changed)[identifier]
    assert (line.status, line.mend) == (status, mend)
    assert word in line.detail
    assert line.fix.startswith(fix)


def test_a_chain_of_another_schema_is_not_judged() -> None:
    assert "database.audit" not in database(schema="0000")
    assert "database.backups" not in database(server=True)
