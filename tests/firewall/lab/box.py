"""One container under test, and what can be done in it."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.firewall.lab.engines import Done, LabEngine, Shape
from tests.firewall.lab.network import Lab

FIREWALL = "/usr/local/lib/contenant/firewall"
AGENT = 1000


class Box:
    """One container under test."""

    def __init__(
        self, engine: LabEngine, lab: Lab, name: str, image: str, shape: Shape, policy: dict[str, Any]
    ) -> None:
        self.engine, self.lab, self.name, self.shape = engine, lab, name, shape
        self.policy_directory = Path(tempfile.mkdtemp(prefix="fwlab-policy-"))
        self.policy_directory.chmod(0o755)
        self.write_policy(policy)
        engine.create(name, shape, image, self.policy_directory)
        self.addresses: set[str] = set()
        self._removed = False

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
        """A command as the agent by the engine's own means, without the wrapper."""
        return self._run("exec", "--user", str(AGENT), self.name, *argv, timeout=timeout)

    def agent(self, *argv: str, timeout: float = 60) -> Done:
        """A command as the agent, started the way sessions are: checked as root, then dropped for good."""
        drop = (
            f"--reuid={AGENT}",
            f"--regid={AGENT}",
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--ambient-caps=-all",
        )
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
        return self.engine.state(self.name)[0]

    def exit_code(self, seconds: float = 15) -> int | None:
        """Wait for the container to end by itself; its code, where the engine tells."""
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} still runs")
            time.sleep(0.1)
        return self.engine.state(self.name)[1]

    def logs(self) -> str:
        done = self._run("logs", self.name)
        return done.out + done.err

    def stop(self) -> None:
        _must(self._run(*self.engine.stop_words(self.name)))

    def kill(self) -> None:
        self._run("kill", "--signal", "KILL", self.name)

    def remove(self) -> None:
        """Kill and remove it, once."""
        if self._removed:
            return
        self._removed = True
        self._run(*self.engine.remove_words(self.name))
        shutil.rmtree(self.policy_directory, ignore_errors=True)

    def _addresses(self) -> set[str]:
        done = self.root("cat", "/proc/net/fib_trie", "/proc/net/if_inet6")
        lines = done.out.splitlines()
        four = {lines[i - 1].split()[-1] for i, line in enumerate(lines) if "32 host LOCAL" in line}
        six = {
            _spelt(line.split()[0]) for line in lines if len(line.split()) == 6 and len(line.split()[0]) == 32
        }
        return {address for address in four | six if not address.startswith("127.") and address != "::1"}

    def _run(self, *words: str, timeout: float = 60) -> Done:
        done = subprocess.run(
            self.engine.argv(*words),
            capture_output=True,
            timeout=timeout,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
        return Done(done.returncode, done.stdout, done.stderr)


def _must(done: Done) -> None:
    if done.code:
        raise RuntimeError(done.err.strip())


def _spelt(digits: str) -> str:
    return str(ipaddress.IPv6Address(int(digits, 16)))
