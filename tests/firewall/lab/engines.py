"""Containers in the lab, through a small interface, so that any engine can be put behind it.

Each engine runs inside the lab's machine namespace: its bridges, its address translation and its containers have
no way out but into the lab's internet.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.firewall.lab.network import RESOLVER, Lab

CAPABILITIES = ("NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "NET_BIND_SERVICE", "CHOWN", "KILL")
FIREWALL = "/usr/local/lib/contenant/firewall"
INSIDE = Path(__file__).parent.parent / "inside"
AGENT = 1000


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

    def argv(self, *words: str) -> list[str]: ...

    def create(self, name: str, shape: Shape, image: str, policy: Path) -> None: ...

    def host_name(self) -> str: ...

    def close(self) -> None: ...


class _Command:
    """What podman and docker have in common."""

    name: str
    gateway: str
    lab: Lab
    environment: dict[str, str]
    start_words: tuple[str, ...] = ()

    def argv(self, *words: str) -> list[str]:
        return self.lab.on_host("env", *(f"{k}={v}" for k, v in self.environment.items()), self.name, *words)

    def call(self, *words: str, timeout: float = 60) -> Done:
        done = subprocess.run(self.argv(*words), capture_output=True, timeout=timeout, text=True, errors="replace")
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

    def _network(self, shape: Shape) -> list[str]:
        raise NotImplementedError


class PodmanLab(_Command):
    """podman, rootful, on a network of its own."""

    name = "podman"
    gateway = "10.123.0.1"
    environment: dict[str, str] = {}  # noqa: RUF012 - set per instance where needed

    def __init__(self, lab: Lab) -> None:
        from contenant.engines.select import find_working_runtime

        self.lab = lab
        self.environment = {}
        runtime = find_working_runtime("podman")
        self._global = ("--runtime", runtime) if runtime else ()
        self.start_words = tuple(limits())
        self._networks = {True: f"fwlab{os.getpid()}-6", False: f"fwlab{os.getpid()}-4"}
        for ipv6, words in ((True, ("--ipv6", "--subnet", "10.123.0.0/24", "--subnet", "fd4c:123::/64")),
                            (False, ("--subnet", "10.123.1.0/24"))):  # fmt: skip
            self.must("network", "create", "--disable-dns", *words, self._networks[ipv6])

    def argv(self, *words: str) -> list[str]:
        line = super().argv(*words)
        at = line.index(self.name, line.index("env")) + 1
        return [*line[:at], *self._global, *line[at:]]

    def host_name(self) -> str:
        return "host.containers.internal"

    def close(self) -> None:
        for network in self._networks.values():
            self.call("network", "rm", "--force", network)

    def _network(self, shape: Shape) -> list[str]:
        return ["--network", shape.network or self._networks[shape.ipv6]]


class DockerLab(_Command):
    """A docker daemon of the lab's own, in the machine's namespace. Its default bridge has IPv6."""

    name = "docker"
    gateway = "10.178.0.1"

    def __init__(self, lab: Lab, image_tar: Callable[[], Path], image: str) -> None:
        self.lab = lab
        kept = os.environ.get("CONTENANT_TEST_DOCKER_ROOT")
        self._directory = Path(tempfile.mkdtemp(prefix="fwlab-docker-"))
        self._data = Path(kept) / "fwlab" if kept else self._directory / "data"
        self._keep = bool(kept)
        self.environment = {"DOCKER_HOST": f"unix://{self._directory}/sock", "DOCKER_CONFIG": str(self._directory)}
        self._log = (self._directory / "log").open("wb")
        self._daemon = subprocess.Popen(
            lab.on_host(
                "dockerd", "--data-root", str(self._data), "-H", f"unix://{self._directory}/sock",
                "--exec-root", str(self._directory / "exec"), "--pidfile", str(self._directory / "pid"),
                "--bip", "10.178.0.1/24", "--ipv6", "--fixed-cidr-v6", "fd4c:178::/64", "--iptables=true",
            ),
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._await()
        for ipv6, words in ((True, ("--ipv6", "--subnet", "fd4c:179::/64", "--subnet", "10.178.2.0/24")),
                            (False, ("--subnet", "10.178.3.0/24"))):  # fmt: skip
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


class Box:
    """One container under test."""

    def __init__(self, engine: LabEngine, lab: Lab, name: str, image: str, shape: Shape, policy: dict[str, Any]) -> None:
        self.engine, self.lab, self.name, self.shape = engine, lab, name, shape
        self.policy_directory = Path(tempfile.mkdtemp(prefix="fwlab-policy-"))
        self.policy_directory.chmod(0o755)
        self.write_policy(policy)
        engine.create(name, shape, image, self.policy_directory)
        self.addresses: set[str] = set()

    def write_policy(self, policy: dict[str, Any] | str) -> None:
        """Replace the mounted policy.json in one step, as the host does. Text is written as it stands."""
        text = policy if isinstance(policy, str) else json.dumps({"format": 1, "policy": policy})
        temporary = self.policy_directory / "policy.new"
        temporary.write_bytes(text.encode("latin-1"))
        temporary.chmod(0o644)
        temporary.replace(self.policy_directory / "policy.json")

    def start(self, wait: bool = True) -> None:
        """Start; wait until the firewall's check agrees."""
        _must(self._run("start", self.name))
        if wait:
            self.await_ready()

    def await_ready(self, seconds: float = 20) -> None:
        """Wait until `check` agrees and the entrypoint has marked the container ready."""
        deadline = time.monotonic() + seconds
        while self.root("sh", "-c", f"test -e /run/contenant/ready && {FIREWALL}/check").code:
            if time.monotonic() > deadline or not self.running():
                raise RuntimeError(f"{self.name} is not ready: {self.logs()[-800:]}")
            time.sleep(0.05)
        self.addresses = self._addresses()

    def root(self, *argv: str, timeout: float = 60) -> Done:
        """A command as the container's root, as the engine execs it."""
        return self._run("exec", "--user", "0", self.name, *argv, timeout=timeout)

    def plain(self, *argv: str, timeout: float = 60) -> Done:
        """A command as the agent by the engine's own means, without the wrapper: nobody should, somebody will."""
        return self._run("exec", "--user", str(AGENT), self.name, *argv, timeout=timeout)

    def agent(self, *argv: str, timeout: float = 60) -> Done:
        """A command as the agent, started the way sessions are: checked as root, then dropped for good."""
        drop = (f"--reuid={AGENT}", f"--regid={AGENT}", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
                "--inh-caps=-all", "--ambient-caps=-all")  # fmt: skip
        script = f'{FIREWALL}/check && exec setpriv {" ".join(drop)} -- "$@"'
        return self.root("sh", "-c", script, "session", *argv, timeout=timeout)

    def probe(self, *calls: Sequence[Any], timeout: float = 60, start: str = "agent") -> list[dict[str, Any]]:
        """Probes of inside/probe.py as (name, {arguments}); their results."""
        wanted = [[call[0], call[1] if len(call) > 1 else {}] for call in calls]
        run = {"agent": self.agent, "plain": self.plain, "root": self.root}[start]
        done = run("python3", "-IS", "/lab/probe.py", json.dumps(wanted), timeout=timeout)
        if done.code:
            raise RuntimeError(f"probe failed: {done.code} {done.err[-800:]}")
        results: list[dict[str, Any]] = json.loads(done.out)
        return results

    def try_one(self, what: str, /, **arguments: Any) -> dict[str, Any]:
        """One probe."""
        return self.probe((what, arguments))[0]

    def firewall(self, command: str, *words: str) -> Done:
        """One of the firewall's commands."""
        return self.root(f"{FIREWALL}/{command}", *words)

    def apply(self, policy: dict[str, Any] | str, *flags: str) -> Done:
        """Replace the mounted policy and bring it into force."""
        self.write_policy(policy)
        return self.firewall("apply", "/etc/contenant/policy", *flags)

    def rows(self, **fields: Any) -> list[dict[str, Any]]:
        """What was recorded, with these fields."""
        lines = [json.loads(line) for line in self.firewall("collect").out.splitlines()]
        return [row for row in lines if "layer" in row and all(row.get(k) == v for k, v in fields.items())]

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.firewall("status").out)
        return found

    def left(self, since: float) -> set[tuple[str, str, int, str]]:
        """What left this container after a moment."""
        return self.lab.left(self.addresses, since)

    def running(self) -> bool:
        return self._run("inspect", "--format", "{{.State.Running}}", self.name).out.strip() == "true"

    def exit_code(self, seconds: float = 15) -> int:
        """Wait for the container to end by itself."""
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} still runs")
            time.sleep(0.1)
        return int(self._run("inspect", "--format", "{{.State.ExitCode}}", self.name).out)

    def logs(self) -> str:
        done = self._run("logs", self.name)
        return done.out + done.err

    def stop(self) -> None:
        _must(self._run("stop", "--time", "2", self.name))

    def remove(self) -> None:
        self._run("kill", self.name)
        self._run("rm", "--force", self.name)
        shutil.rmtree(self.policy_directory, ignore_errors=True)

    def _addresses(self) -> set[str]:
        done = self.root("cat", "/proc/net/fib_trie", "/proc/net/if_inet6")
        lines = done.out.splitlines()
        four = {lines[i - 1].split()[-1] for i, line in enumerate(lines) if "32 host LOCAL" in line}
        six = {_spelt(line.split()[0]) for line in lines if len(line.split()) == 6 and len(line.split()[0]) == 32}
        return {address for address in four | six if not address.startswith("127.") and address != "::1"}

    def _run(self, *words: str, timeout: float = 60) -> Done:
        done = subprocess.run(
            self.engine.argv(*words), capture_output=True, timeout=timeout, text=True, errors="replace",
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)


def _must(done: Done) -> None:
    if done.code:
        raise RuntimeError(done.err.strip())


def _spelt(digits: str) -> str:
    import ipaddress

    return str(ipaddress.IPv6Address(int(digits, 16)))


def limits() -> list[str]:
    """podman's defaults exceed the hard limits of some machines."""
    from contenant.engines.podman import host_limits

    wanted = {name: limit for name, limit in host_limits()._asdict().items() if limit}
    return [word for name, limit in wanted.items() for word in ("--ulimit", f"{name}={limit}:{limit}")]
