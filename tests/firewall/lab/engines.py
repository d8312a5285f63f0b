"""Containers in the lab, through a small interface, so that any engine can be put behind it.

Each engine runs inside the lab's machine namespace: its bridges, its address translation and its containers
have no way out but into the lab's internet.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.firewall.lab.network import RESOLVER, Lab

CAPABILITIES = ("NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "NET_BIND_SERVICE", "CHOWN", "KILL")
INSIDE = Path(__file__).parent.parent / "inside"


class Done(NamedTuple):
    """How a command in a container ended."""

    code: int
    out: str
    err: str


class Shape(NamedTuple):
    """What a container is created with."""

    capabilities: tuple[str, ...] = CAPABILITIES
    env: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default, never written to
    publish: tuple[int, ...] = ()
    ipv6: bool = True
    network: str = ""  # "": the engine's default of the lab
    resolver: str = RESOLVER  # given to the engine; "" for none
    volumes: tuple[str, ...] = ()
    tmpfs: str = ""  # path:options
    words: tuple[str, ...] = ()  # instead of the image's entrypoint


class LabEngine(Protocol):
    """What the lab needs of an engine. Names are the lab's own."""

    name: str
    gateway: str  # IPv4 address of the machine as containers see it
    image: str
    no_new_privileges: bool
    file_mounts: bool
    ipv6: bool

    def argv(self, *words: str) -> list[str]: ...

    def create(self, name: str, shape: Shape, image: str, policy: Path) -> None: ...

    def state(self, name: str) -> tuple[bool, int | None]: ...

    def stop_words(self, name: str) -> list[str]: ...

    def remove_words(self, name: str) -> list[str]: ...

    def host_name(self) -> str: ...

    def close(self) -> None: ...


class Command:
    """What podman and docker have in common."""

    name: str
    gateway: str
    lab: Lab
    environment: dict[str, str]
    image: str = ""  # its own name for the image, where it has one
    start_words: tuple[str, ...] = ()
    at_once: tuple[str, ...] = ()  # what makes `rm --force` kill
    no_new_privileges = True  # the engine sets it for every process
    file_mounts = True
    ipv6 = True

    def argv(self, *words: str) -> list[str]:
        return self.lab.on_host("env", *(f"{k}={v}" for k, v in self.environment.items()), self.name, *words)

    def call(self, *words: str, timeout: float = 60) -> Done:
        done = subprocess.run(
            self.argv(*words), capture_output=True, timeout=timeout, text=True, errors="replace"
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str, timeout: float = 120) -> str:
        done = self.call(*words, timeout=timeout)
        if done.code:
            raise RuntimeError(f"{self.name} {' '.join(words[:3])}: {done.err.strip()}")
        return done.out.strip()

    def create(self, name: str, shape: Shape, image: str, policy: Path) -> None:
        words = ["create", "--name", name, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        for capability in shape.capabilities:
            words += ["--cap-add", capability]
        for key, value in {"CONTENANT_KEEP": "1", **shape.env}.items():
            words += ["--env", f"{key}={value}"]
        for port in shape.publish:
            words += ["--publish", f"127.0.0.1:{port}:{port}"]
        words += ["--dns", shape.resolver] if shape.resolver else []
        words += ["--tmpfs", shape.tmpfs] if shape.tmpfs else []
        for volume in (f"{policy}:/etc/contenant/policy:ro", f"{INSIDE}:/lab:ro", *shape.volumes):
            words += ["--volume", volume]
        words += ["--entrypoint", shape.words[0]] if shape.words else []
        self.must(*words, *self.start_words, *self._network(shape), image, *shape.words[1:])

    def state(self, name: str) -> tuple[bool, int | None]:
        """Whether it runs, and the code it ended with."""
        shown = self.call("inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", name).out.split()
        return shown[0] == "true", int(shown[1])

    def stop_words(self, name: str) -> list[str]:
        return ["stop", "--time", "2", name]

    def remove_words(self, name: str) -> list[str]:
        return ["rm", "--force", *self.at_once, name]

    def _network(self, shape: Shape) -> list[str]:
        raise NotImplementedError


class PodmanLab(Command):
    """podman, rootful, on a network of its own."""

    name = "podman"
    at_once = ("--time", "0")
    gateway = "10.123.0.1"
    environment: dict[str, str] = {}  # noqa: RUF012 - set per instance where needed

    def __init__(self, lab: Lab, image: str) -> None:
        from contenant.engines.select import find_working_runtime

        self.lab = lab
        self.environment = {}
        runtime = find_working_runtime("podman")
        self._global = ("--runtime", runtime) if runtime else ()
        self.start_words = tuple(limits())
        self._remove_leftovers()
        self._networks = {True: f"fwlab{os.getpid()}-6", False: f"fwlab{os.getpid()}-4"}
        for ipv6, words in (
            (True, ("--ipv6", "--subnet", "10.123.0.0/24", "--subnet", "fd4c:123::/64")),
            (False, ("--subnet", "10.123.1.0/24")),
        ):
            self.must("network", "create", "--disable-dns", *words, self._networks[ipv6])
        for network in self._networks.values():
            self.must(
                "run",
                "--detach",
                "--name",
                f"{network}-keeper",
                "--network",
                network,
                *self.start_words,
                "--entrypoint",
                "sleep",
                image,
                "infinity",
            )
        self._pin_bridges()

    def _remove_leftovers(self) -> None:
        """Containers and networks of runs that ended without tidying up."""
        for kind, words in (("container", ("ps", "--all")), ("network", ("network", "ls"))):
            for name in self.must(
                *words, "--format", "{{.Name}}" if kind == "network" else "{{.Names}}"
            ).split():
                found = re.match(r"fwlab([0-9]+)-", name)
                if found and not Path(f"/proc/{found[1]}").exists():
                    self.call("kill", name)
                    self.call(kind, "rm", "--force", name)

    def _pin_bridges(self) -> None:
        """A bridge takes its address from its ports, so it changes as containers come and go, and for half a
        minute the others talk to nobody. Only this lab's business: it starts and ends one a second.
        """
        shown = subprocess.run(
            self.lab.on_host("ip", "-j", "link", "show", "type", "bridge"), capture_output=True
        )
        for number, link in enumerate(json.loads(shown.stdout)):
            words = ("ip", "link", "set", link["ifname"], "address", f"02:00:00:00:00:{number + 1:02x}")
            subprocess.run(self.lab.on_host(*words), check=True)

    def argv(self, *words: str) -> list[str]:
        line = super().argv(*words)
        at = line.index(self.name, line.index("env")) + 1
        return [*line[:at], *self._global, *line[at:]]

    def host_name(self) -> str:
        return "host.containers.internal"

    def close(self) -> None:
        for network in self._networks.values():
            self.call("kill", f"{network}-keeper")
            self.call("rm", "--force", f"{network}-keeper")
            self.call("network", "rm", "--force", network)

    def _network(self, shape: Shape) -> list[str]:
        return ["--network", shape.network or self._networks[shape.ipv6]]


class DockerLab(Command):
    """A docker daemon of the lab's own, in the machine's namespace. Its default bridge has IPv6."""

    name = "docker"
    gateway = "10.178.0.1"

    def __init__(self, lab: Lab, image_tar: Callable[[], Path], image: str) -> None:
        self.lab = lab
        kept = os.environ.get("CONTENANT_TEST_DOCKER_ROOT")
        self._directory = Path(tempfile.mkdtemp(prefix="fwlab-docker-"))
        self._data = Path(kept) / "fwlab" if kept else self._directory / "data"
        self._keep = bool(kept)
        self.environment = {
            "DOCKER_HOST": f"unix://{self._directory}/sock",
            "DOCKER_CONFIG": str(self._directory),
        }
        self._log = (self._directory / "log").open("wb")
        self._daemon = subprocess.Popen(
            lab.on_host(
                "dockerd",
                "--data-root",
                str(self._data),
                "-H",
                f"unix://{self._directory}/sock",
                "--exec-root",
                str(self._directory / "exec"),
                "--pidfile",
                str(self._directory / "pid"),
                "--bip",
                "10.178.0.1/24",
                "--ipv6",
                "--fixed-cidr-v6",
                "fd4c:178::/64",
                "--iptables=true",
            ),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._await()
        for ipv6, words in (
            (True, ("--ipv6", "--subnet", "fd4c:179::/64", "--subnet", "10.178.2.0/24")),
            (False, ("--subnet", "10.178.3.0/24")),
        ):
            self.call("network", "rm", f"fwlab{ipv6:d}")
            self.must("network", "create", *words, f"fwlab{ipv6:d}")
        if self.call("image", "inspect", image).code:
            self.must("load", "--input", str(image_tar()), timeout=600)

    def host_name(self) -> str:
        return "host.docker.internal"

    def close(self) -> None:
        # Containers of this run are gone by now; the daemon's own end takes its networks and mounts along.
        self._daemon.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._daemon.wait(30)
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _network(self, shape: Shape) -> list[str]:
        if shape.network:
            return ["--network", shape.network]
        return [] if shape.ipv6 else ["--network", "fwlab0"]

    def _await(self) -> None:
        deadline = time.monotonic() + 40
        while self.call("version").code:
            if time.monotonic() > deadline or self._daemon.poll() is not None:
                raise RuntimeError(f"dockerd did not start: {(self._directory / 'log').read_text()[-800:]}")
            time.sleep(0.2)


def limits() -> list[str]:
    """podman's defaults exceed the hard limits of some machines."""
    from contenant.engines.podman import host_limits

    wanted = {name: limit for name, limit in host_limits()._asdict().items() if limit}
    return [word for name, limit in wanted.items() for word in ("--ulimit", f"{name}={limit}:{limit}")]
