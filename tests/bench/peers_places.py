"""Where the comparison runs: a podman store and a docker daemon that hold nothing else, one image in both.

Peers get contenant's image with one file more, a `claude` that is a shell: its size is the same, and what a
tool starts in it is ready when its prompt is there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers_terminal import PROMPT
from tests.real.engine_fixtures import busybox_tarball, own_daemon

PEER, TINY = "bench-peer:1", "bench-tiny:1"
CLAUDE = f"#!/bin/sh\nexec env PS1='{PROMPT}\n' sh -i\n"
BASHRC = f"PS1='{PROMPT}\\n'\n"
DOCKERFILE = """\
FROM localhost/{image}
COPY --chmod=0755 claude /usr/local/bin/claude
COPY bashrc /etc/bash.bashrc
COPY bashrc /root/.bashrc
ENTRYPOINT []
CMD ["/usr/local/bin/claude"]
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{place}/graph"
runroot = "{place}/run"
[storage.options]
additionalimagestores = ["{images}"]
"""
# Locks in files: those in shared memory would be another store's, too. The limits are those that this
# process has, since a container may not be given more where root is not the machine's own.
CONTAINERS = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
lock_type = "file"
tmp_dir = "{place}/libpod"
"""


class Place(NamedTuple):
    """An engine to measure on: its name, what the environment must hold, and the size of the image there."""

    engine: str
    env: Mapping[str, str]
    version: str

    def call(self, *words: str) -> str:
        """The engine itself; what it prints. Raises RuntimeError."""
        return call(self.engine, *words, env=self.env)


def call(*argv: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> str:
    """A command's output. Raises RuntimeError where it fails."""
    done = subprocess.run(
        argv, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)[:300]}: {done.stderr.decode(errors='replace')[-1500:]}")
    return done.stdout.decode(errors="replace").strip()


@contextlib.contextmanager
def podman_store() -> Iterator[Place]:
    """A store of its own that reads the usual one's images; at the end nothing of it is left."""
    import resource

    place = Path(tempfile.mkdtemp(prefix="bench-podman-"))
    images = call("podman", "info", "--format", "{{.Store.GraphRoot}}")
    limits = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    files, processes = (min(limit, 4096) if limit > 0 else 4096 for limit in limits)
    (place / "storage.conf").write_text(STORAGE.format(place=place, images=images))
    (place / "containers.conf").write_text(CONTAINERS.format(place=place, files=files, processes=processes))
    env = {
        "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
        "CONTAINERS_CONF": str(place / "containers.conf"),
    }
    try:
        yield Place("podman", env, call("podman", "version", "--format", "{{.Client.Version}}", env=env))
    finally:
        call("podman", "rm", "--all", "--force", "--time", "0", env=env)
        with contextlib.suppress(RuntimeError):
            call("umount", "--lazy", str(place / "graph/overlay"))
        shutil.rmtree(place)


@contextlib.contextmanager
def docker_daemon() -> Iterator[Place]:
    """A daemon of its own, gone with all that it held."""
    kept = os.environ.pop("CONTENANT_TEST_DOCKER_ROOT", None)  # the list must hold what is measured alone
    try:
        with own_daemon() as host:
            env = {"DOCKER_HOST": host}
            yield Place("docker", env, call("docker", "version", "--format", "{{.Server.Version}}", env=env))
    finally:
        if kept is not None:
            os.environ["CONTENANT_TEST_DOCKER_ROOT"] = kept


def contenant_image(place: Place, home: Path, contenant: str) -> str:
    """contenant's image, in podman's usual store; built when it is missing. Its reference."""
    import json

    env = {"CONTENANT_HOME": str(home), "CONTENANT_ENGINE": place.engine}
    return str(json.loads(call(contenant, "image", "build", "--json", env=env))["reference"])


def peer_image(podman: Place, image: str, scratch: Path) -> int:
    """Make the peers' image and the tiny one in podman's store. Bytes of the first."""
    context = scratch / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE.format(image=image))
    (context / "claude").write_text(CLAUDE)
    (context / "bashrc").write_text(BASHRC)
    podman.call(
        "build", "--quiet", "--pull=never", "--network=none", "--tag", f"localhost/{PEER}", str(context)
    )
    podman.call("import", str(busybox_tarball(scratch)), f"localhost/{TINY}")
    return int(podman.call("image", "inspect", "--format", "{{.Size}}", f"localhost/{PEER}"))


def to_docker(podman: Place, docker: Place, image: str, scratch: Path) -> None:
    """The same images in docker, under the same names."""
    archive = scratch / "images.tar"
    wanted = (image, PEER, TINY)
    podman.call(
        "save",
        "--quiet",
        "--multi-image-archive",
        "--output",
        str(archive),
        *(f"localhost/{name}" for name in wanted),
    )
    docker.call("load", "--quiet", "--input", str(archive))
    archive.unlink()
    for name in wanted:
        docker.call("tag", f"localhost/{name}", name)
