"""The real containers underneath: podman, with a configuration file of our own and every object labelled.

Apple's capabilities reach the guest's processes as the runtime's defaults, not as additions: podman hands
additions to non-root processes as ambient ones, which Apple does not.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .settings import Settings

LABEL = "io.standin.apple"
DEFAULT_CAPS = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
)
STATIC_INITS = (
    "/usr/libexec/podman/catatonit",
    "/usr/bin/catatonit",
    "/usr/bin/tini-static",
    "/usr/bin/tini",
)


class PodmanError(Exception):
    """podman answered with a failure; `text` is its last line."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """In a child: get the signal when the parent dies. What runs in the guest is conmon's and lives on."""
    ctypes.CDLL(None).prctl(1, number)


def end_with_parent() -> None:
    """In a child that has something to tidy up: a session of its own, and SIGTERM when the parent dies."""
    os.setsid()
    die_with_parent(signal.SIGTERM)


class Podman:
    """podman's command line in the scope of one stand-in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scope = settings.scope

    def name(self, identifier: str) -> str:
        """The podman name of one of our objects."""
        return f"acs-{self.scope}-{identifier}"

    def image(self, number: int) -> str:
        """The podman tag of our image `number`."""
        return f"localhost/acs-{self.scope}/i:{number}"

    @property
    def label(self) -> list[str]:
        return ["--label", f"{LABEL}={self.scope}"]

    def configure(self, identifier: str = "", caps: Sequence[str] = DEFAULT_CAPS) -> Path:
        """Write the containers.conf under which a container is made; returns its path."""
        directory = self.settings.home / "conf"
        directory.mkdir(parents=True, exist_ok=True)
        init = next((path for path in STATIC_INITS if Path(path).exists()), "")
        lines = [
            "[containers]",
            f"default_capabilities={json.dumps(list(caps))}",
            'default_ulimits=["nofile=1024:1024","nproc=1024:1024"]',
            'host_containers_internal_ip="none"',
            'base_hosts_file="none"',
            f"init_path={json.dumps(init)}",
            "label=false",
            'log_driver="k8s-file"',
            "pids_limit=0",
            "env=[]",
            "[engine]",
            'events_logger="file"',
        ]
        if self.settings.runtime:
            lines.append(f"runtime={json.dumps(self.settings.runtime)}")
        path = directory / f"{identifier or 'default'}.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def environment(self, conf: Path | None = None) -> dict[str, str]:
        """The environment podman runs in."""
        return {**os.environ, "CONTAINERS_CONF": str(conf or self.configure())}

    def run(
        self,
        *words: str,
        conf: Path | None = None,
        check: bool = True,
        timeout: float = 300,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run podman and capture it. Raises PodmanError when `check` and it fails."""
        if shutil.which("podman") is None:
            raise PodmanError("the stand-in needs podman on PATH", 127)
        done = subprocess.run(
            ["podman", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(conf),
            cwd=cwd,
            check=False,
        )
        if check and done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["podman said nothing"]
            raise PodmanError(lines[-1].removeprefix("Error: "), done.returncode)
        return done

    def json(self, *words: str) -> Any:
        """Run podman and read its JSON; a failure raises PodmanError."""
        return json.loads(self.run(*words).stdout or "null")

    def containers(self) -> dict[str, dict[str, Any]]:
        """Our containers as podman has them, by podman name."""
        rows = self.json("ps", "--all", "--filter", f"label={LABEL}={self.scope}", "--format", "json") or []
        return {row["Names"][0]: row for row in rows}
