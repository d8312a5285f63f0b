"""The lab, the engines and the containers under test, and the table of attacks (docs/security/attacks.md)."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.firewall.lab.apple import AppleLab, archive
from tests.firewall.lab.box import Box
from tests.firewall.lab.engines import DockerLab, LabEngine, PodmanLab, Shape, limits
from tests.firewall.lab.network import Lab, remove_leftovers
from tests.firewall.report import AttackReport

POLICY: dict[str, Any] = {
    "mode": "block",
    "allow": [
        {"name": "allowed.example"},
        {"name": "*.wild.example"},
        {"name": "rot.example"},
        {"name": "point.example"},
        {"name": "git.example", "port": 22},
    ],
    "deny": [{"name": "no.wild.example"}],
    "host": [],
    "inbound": ["5000/tcp"],
}
# What the attack layer adds to the image: every way up that a careless image might hold.
PLANTED = """\
FROM {image}
LABEL dev.contenant.layer=lab
RUN mkdir -p /opt/lab && cp /usr/sbin/nft /opt/lab/nft \\
 && cp /bin/bash /usr/local/bin/suid-bash && chmod 4755 /usr/local/bin/suid-bash \\
 && cp "$(readlink -f /usr/bin/python3)" /usr/local/bin/cap-python \\
 && python3 -c "import os, struct; os.setxattr('/usr/local/bin/cap-python', 'security.capability', \\
    struct.pack('<IIIII', 0x02000001, 1 << 12, 0, 0, 0))" \\
 && mkdir -p /etc/sudoers.d && echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/planted
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--attack-report", metavar="FILE", help="write the table of attacks of this run")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "attack(number, title, expected): one of the attacks of the report")
    config.addinivalue_line("markers", "every_engine: no attack, and yet run on each engine as they are")
    config.pluginmanager.register(AttackReport(config), "attack-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Through the slow stand-in go the attacks and their controls. Other tests are about what happens within
    a container, which is of the same image everywhere: podman and docker show it.
    """
    told = ("attack", "every_engine")
    left_out = [
        item
        for item in items
        if _engine(item) == "apple" and not any(item.get_closest_marker(m) for m in told)
    ]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _engine(item: pytest.Item) -> str:
    spec = getattr(item, "callspec", None)
    return str(spec.params.get("engine", "")) if spec else ""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The internet of our own."""
    if os.geteuid() != 0:
        pytest.fail("the firewall's lab makes network namespaces: run these tests as root")
    remove_leftovers()
    built = Lab(tmp_path_factory.mktemp("internet"))
    yield built
    built.close()


@pytest.fixture(scope="session")
def base_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image to attack: CONTENANT_TEST_IMAGE, or the one `contenant image build` makes."""
    given = os.environ.get("CONTENANT_TEST_IMAGE", "")
    if given:
        return given
    home = str(tmp_path_factory.mktemp("builder"))
    env = {**os.environ, "CONTENANT_ENGINE": "podman", "CONTENANT_HOME": home}
    argv = [sys.executable, "-m", "contenant", "image", "build", "--json"]
    done = subprocess.run(argv, check=True, env=env, timeout=1800, stdout=subprocess.PIPE)
    return str(json.loads(done.stdout)["reference"])


@pytest.fixture(scope="session")
def image(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image with what a careless layer might add."""
    context = tmp_path_factory.mktemp("planted")
    (context / "Dockerfile").write_text(PLANTED.format(image=base_image))
    return build(context, f"localhost/fwlab:{base_image.rpartition(':')[2]}")


def build(context: Path, tag: str) -> str:
    """Build with podman, whose store docker's is filled from."""
    from contenant.engines.select import find_working_runtime

    runtime = find_working_runtime("podman")
    words = ["podman", *(("--runtime", runtime) if runtime else ()), "build", "--quiet", "--network", "none"]
    done = subprocess.run(
        [*words, *limits(), "--tag", tag, str(context)], capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        pytest.fail(f"the image could not be built: {done.stderr[-600:]}")
    return tag


def save(tag: str, directory: Path) -> Path:
    """An image as an archive that docker loads."""
    path = directory / "image.tar"
    subprocess.run(["podman", "save", "--quiet", "--output", str(path), tag], check=True, timeout=600)
    return path


@pytest.fixture(scope="session", params=["podman", "docker", "apple"])
def engine(
    request: pytest.FixtureRequest, lab: Lab, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabEngine]:
    """Each engine in turn."""
    made: LabEngine
    if request.param == "podman":
        made = PodmanLab(lab, image)
    elif request.param == "apple":
        made = AppleLab(lab, lambda: archive(image, tmp_path_factory.mktemp("archive")))
    else:
        # The tag is of the content, so that a kept store is not asked for an older one.
        identity = subprocess.run(
            ["podman", "image", "inspect", "--format", "{{.Id}}", image],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        tag = f"localhost/fwlab:{identity[:16]}"
        subprocess.run(["podman", "tag", image, tag], check=True)
        made = DockerLab(lab, lambda: save(tag, tmp_path_factory.mktemp("save")), tag)
        made.image = tag
    yield made
    made.close()


_numbers = itertools.count()


@pytest.fixture(scope="session")
def make(engine: LabEngine, lab: Lab, image: str) -> Iterator[Callable[..., Box]]:
    """Containers by shape and policy; all are removed at the end."""
    boxes: list[Box] = []

    def create(policy: dict[str, Any] | None = None, start: bool = True, **shape: Any) -> Box:
        name = f"fwlab{os.getpid()}-{next(_numbers)}"
        wanted = Shape(**shape)
        if (wanted.volumes or wanted.tmpfs) and not engine.file_mounts:
            pytest.skip("this engine mounts directories only")
        box = Box(engine, lab, name, engine.image or image, wanted, POLICY if policy is None else policy)
        boxes.append(box)
        if start:
            box.start()
        return box

    yield create
    for box in boxes:
        box.remove()


@pytest.fixture(scope="session")
def shared(make: Callable[..., Box]) -> Box:
    """One container for the attacks that leave no mark on it."""
    return make()


@pytest.fixture
def box(shared: Box, lab: Lab) -> Iterator[Box]:
    """The shared container, with the policy of the lab in force before and after."""
    lab.set_zone({})
    yield shared
    lab.set_zone({})


@pytest.fixture
def own(make: Callable[..., Box]) -> Iterator[Callable[..., Box]]:
    """Containers of a test's own, removed when it is over."""
    made: list[Box] = []

    def create(*args: Any, **kwargs: Any) -> Box:
        made.append(make(*args, **kwargs))
        return made[-1]

    yield create
    for each in made:
        each.remove()
