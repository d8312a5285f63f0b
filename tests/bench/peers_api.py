"""Containers made over an engine's API, which is docker's on both: no process is started for each."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.bench.peers_places import Place


class Api(http.client.HTTPConnection):
    """A connection to the socket of a daemon, or of podman's service."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def create(self, name: str, image: str, command: Sequence[str], labels: Mapping[str, str]) -> str:
        """Make a container without a network, and do not start it; its id. Raises RuntimeError."""
        wanted = {
            "Image": image,
            "Cmd": [*command],
            "Labels": {**labels},
            "HostConfig": {"NetworkMode": "none"},
        }
        headers = {"Content-Type": "application/json"}
        self.request("POST", f"/v1.40/containers/create?name={name}", json.dumps(wanted), headers)
        answer = self.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{name} was not created: {said.decode(errors='replace')}")
        return str(json.loads(said)["Id"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def api(place: Place) -> Iterator[Api]:
    """The API of a place: docker's daemon, or a service of podman's that runs meanwhile."""
    if place.engine == "docker":
        with Api(place.env["DOCKER_HOST"].removeprefix("unix://")) as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="bench-api-") as where:
        path = Path(where) / "socket"
        argv = ["podman", "system", "service", "--time", "0", f"unix://{path}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(argv, env={**os.environ, **place.env}, **quiet) as service:  # type: ignore[call-overload]
            try:
                deadline = time.monotonic() + 30
                while not path.exists() and time.monotonic() < deadline:
                    time.sleep(0.05)
                with Api(str(path)) as found:
                    yield found
            finally:
                service.terminate()
