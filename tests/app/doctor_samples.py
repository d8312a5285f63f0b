"""Facts of machines where everything is well, to be broken one by one."""

from __future__ import annotations

from contenant.app.doctor.facts import (
    AppleFacts,
    ContainerFacts,
    CredentialFacts,
    DatabaseFacts,
    EngineFacts,
    Facts,
    Machine,
    Manager,
    PodmanFacts,
    Program,
    StateFacts,
)

HOME = "/home/me"
MAC_HOME = "/Users/me"
MANAGERS: tuple[Manager, ...] = ("apt", "dnf", "pacman", "zypper", "brew", "")
LARGE = 500 * 10**9
IMAGE = "contenant:2.1.3-0123456789ab"

LINUX = Machine(
    system="linux",
    release="Debian GNU/Linux 13 (trixie)",
    version=(),
    kernel="6.12.41",
    arch="x86_64",
    translated=False,
    manager="apt",
    root=False,
    systemd=True,
    home=HOME,
    nf_tables="yes",
)
MAC = Machine(
    system="darwin",
    release="macOS 26.1",
    version=(26, 1),
    kernel="25.1.0",
    arch="arm64",
    translated=False,
    manager="brew",
    root=False,
    systemd=False,
    home=MAC_HOME,
    nf_tables="",
)

SHOP = ContainerFacts("contenant-shop-0a1b2c3d", f"{HOME}/shop", "running", IMAGE, "4.9.4", test_code=0)
PODMAN = EngineFacts(
    name="podman",
    wanted=True,
    path="/usr/bin/podman",
    client="5.4.2",
    seconds=0.2,
    kernel="6.12.41",
    cgroups="v2",
    controllers=("cpuset", "cpu", "io", "memory", "pids"),
    store=f"{HOME}/.local/share/containers/storage",
    store_free=LARGE,
    image=True,
    containers=(SHOP,),
    podman=PodmanFacts(
        rootless=True,
        own_runtime="crun",
        remembered="",
        runtimes=(("", ""),),
        uids=65536,
        gids=65536,
    ),
)
DOCKER = EngineFacts(
    name="docker",
    wanted=True,
    path="/usr/bin/docker",
    client="28.2.2",
    server="28.2.2",
    seconds=0.2,
    kernel="6.12.41",
    cgroups="v2",
    store="/var/lib/docker",
    store_free=LARGE,
    image=True,
)
VILLA = ContainerFacts(
    "contenant-villa-4e5f6a7b", f"{MAC_HOME}/villa", "running", IMAGE, "1.4.1", kernel="6.18.15", test_code=0
)
APPLE = EngineFacts(
    name="container",
    wanted=True,
    path="/opt/homebrew/bin/container",
    client="1.4.1",
    server="1.4.1",
    seconds=0.1,
    local=False,
    store=f"{MAC_HOME}/Library/Application Support/com.apple.container",
    store_free=LARGE,
    image=True,
    containers=(VILLA,),
    apple=AppleFacts("running", "vmlinux-6.18.15-186", "excluded"),
)
DATABASE = DatabaseFacts(
    f"{HOME}/.local/state/contenant/contenant.db",
    there=True,
    schema="0001",
    head="0001",
    checked=True,
    events=12,
    verified=True,
    backups=1,
    newest_backup="contenant-20261001T100000-000000-0001.db",
)
CREDENTIAL = CredentialFacts("file", f"{HOME}/token", "oauth", "2027-10-01T10:00:00.000Z")

FACTS = Facts(
    machine=LINUX,
    program=Program("0.1.0", (3, 13, 5)),
    engines=(PODMAN, DOCKER),
    wanted_engine="podman",
    image=IMAGE,
    outdated=(),
    open_firewalls=(),
    state=StateFacts(f"{HOME}/.local/state/contenant", free=LARGE),
    database=DATABASE,
    credentials=(CREDENTIAL,),
)
MAC_FACTS = FACTS._replace(machine=MAC, engines=(APPLE,), wanted_engine="container")
