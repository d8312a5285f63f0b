"""The Messages API as a stand-in inside a project's container: the real agent takes it for the real one.

The agent's own files in the image stay as they are; root in the container adds a line to /etc/hosts, and the
session trusts the stand-in's authority.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.real.conftest import Contenant
from tests.standins import messages_api
from tests.standins.authority import make_authority

PLACE = "/tmp/stand-in"  # root's own in the container


class Service:
    """The running stand-in."""

    def __init__(self, contenant: Contenant, name: str) -> None:
        self._contenant = contenant
        self._name = name

    def requests(self) -> list[dict[str, Any]]:
        """What was asked so far: method, host, path, headers, body, status."""
        text = self._contenant.raw("exec", self._name, "sh", "-c", f"cat {PLACE}/log 2>/dev/null || true")
        return [json.loads(line) for line in text.splitlines()]

    def turns(self) -> list[dict[str, Any]]:
        """The requests that were turns of the model."""
        return [request for request in self.requests() if request["path"] == "/v1/messages"]


@contextmanager
def serving(contenant: Contenant, name: str, folder: Path, *tokens: str) -> Iterator[Service]:
    """Serve the API to the container `name`, which runs and keeps running; `tokens` are valid."""
    made = make_authority(folder)
    _put(contenant, name, "messages_api.py", Path(messages_api.__file__).read_bytes())
    _put(contenant, name, "ca.crt", made.ca.read_bytes())
    _put(contenant, name, "server.pem", made.certificate.read_bytes())
    _put(contenant, name, "server.key", made.key.read_bytes())
    hosts = f"echo 127.0.0.1 {messages_api.API_HOST} {messages_api.LOGIN_HOST} >>/etc/hosts"
    contenant.raw("exec", name, "sh", "-c", hosts)
    words = ["python3", f"{PLACE}/messages_api.py", "--certificate", f"{PLACE}/server.pem"]
    words += ["--key", f"{PLACE}/server.key", "--log", f"{PLACE}/log"]
    words += [word for token in tokens for word in ("--token", token)]
    argv = [contenant.engine, "exec", name, *words]
    with subprocess.Popen(argv, env=contenant.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield Service(contenant, name)
        finally:
            process.kill()


def trusting() -> tuple[str, ...]:
    """Options of `run` by which a session trusts the stand-in."""
    return ("-e", f"NODE_EXTRA_CA_CERTS={PLACE}/ca.crt")


def _put(contenant: Contenant, name: str, file: str, data: bytes) -> None:
    script = f"umask 022; mkdir -p {PLACE}; cat >{PLACE}/{file}"
    subprocess.run(
        [contenant.engine, "exec", "-i", name, "sh", "-c", script], env=contenant.env, input=data, check=True
    )
