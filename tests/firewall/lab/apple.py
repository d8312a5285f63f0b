"""Apple's `container`, played by the stand-in over podman, in the lab. It shows that the firewall needs none
of what podman and docker add: no no-new-privileges, no profile of theirs. A virtual machine it is not.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.firewall.lab.engines import INSIDE, Command, Shape
from tests.firewall.lab.network import RESOLVER, Lab
from tests.standins.apple.fixture import clean
from tests.standins.apple.fixture import make as make_standin


class AppleLab(Command):
    """Directories only as mounts, no IPv6, no option of a tmpfs, no rule but the container's own."""

    name = "container"
    gateway = "10.88.0.1"  # of podman's default network, which the stand-in uses
    no_new_privileges = False
    file_mounts = False
    ipv6 = False

    def __init__(self, lab: Lab, image_tar: Callable[[], Path]) -> None:
        self.lab = lab
        self._home = Path(tempfile.mkdtemp(prefix="fwlab-apple-")).resolve()
        self._standin = make_standin(self._home, "1.2.2")
        self.environment = {**self._standin.env, "CONTAINER_STANDIN_RESOLVER": RESOLVER}
        loaded = self.must("image", "load", "--input", str(image_tar()), timeout=900)
        self.image = loaded.split()[-1]

    def argv(self, *words: str) -> list[str]:
        pairs = (f"{key}={value}" for key, value in self.environment.items())
        return self.lab.on_host("env", *pairs, str(self._standin.launcher), *words)

    def create(self, name: str, shape: Shape, image: str, policy: Path) -> None:
        words = ["create", "--name", name, "--user", "0:0", "--cap-drop", "ALL"]
        for capability in shape.capabilities:
            words += ["--cap-add", capability]
        for key, value in {"CONTENANT_KEEP": "1", **shape.env}.items():
            words += ["--env", f"{key}={value}"]
        words += ["--dns", shape.resolver] if shape.resolver else []
        for volume in (f"{policy}:/etc/contenant/policy:ro", f"{INSIDE}:/lab:ro"):
            words += ["--volume", volume]
        words += ["--entrypoint", shape.words[0]] if shape.words else []
        self.must(*words, image, *shape.words[1:])

    def host_name(self) -> str:
        return "host.container.internal"

    def state(self, name: str) -> tuple[bool, int | None]:
        done = self.call("inspect", name)
        if done.code:
            return False, None
        shown = json.loads(done.out)[0]
        status = shown["status"]
        return (status["state"] if isinstance(status, dict) else status) == "running", None

    def stop_words(self, name: str) -> list[str]:
        return ["stop", "--time", "2", name]

    def remove_words(self, name: str) -> list[str]:
        return ["delete", "--force", name]

    def close(self) -> None:
        names = self.call("list", "--all", "--quiet").out.split()
        for name in names:
            self.call("kill", "--signal", "KILL", name)
            self.call("delete", "--force", name)
        clean(self._home)


def archive(tag: str, directory: Path) -> Path:
    """An image as the archive that `container image load` takes."""
    path = directory / "image.oci.tar"
    words = ["podman", "save", "--quiet", "--format", "oci-archive", "--output", str(path), tag]
    subprocess.run(words, check=True, timeout=900)
    return path
