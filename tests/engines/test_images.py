"""Listing, running in, saving and loading images: each call word for word, and what is read of answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contenant.core.values import EngineName
from contenant.engines.options import own_name
from contenant.errors import EngineError, EngineUnavailableError
from tests.engines.fake_cli import FakeCli, apple, docker, engine_of, podman, recorded

OURS = {"dev.contenant.managed": "1"}
REF = "contenant:2.1.330-0123456789ab"


def inspected(identifier: str, names: list[str], labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"Id": identifier, "RepoTags": names, "Config": {"Labels": labels or OURS}, "Size": 7}


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_images_with_and_without_a_name(name: EngineName, fake: Callable[[str], FakeCli]) -> None:
    cli = fake(name)
    cli.answer("image\\ ls*", "aa\nbb\nbb\n")
    answer = [inspected("aa", []), inspected("bb", [f"localhost/{REF}", "docker.io/library/x:1"])]
    cli.answer("image\\ inspect*", json.dumps(answer))
    found = engine_of(name).images()
    assert [(one.engine_id, one.reference) for one in found] == [("aa", ""), ("bb", REF), ("bb", "x:1")]
    assert cli.calls() == [
        ["image", "ls", "--quiet", "--no-trunc", "--filter", "label=dev.contenant.managed=1"],
        ["image", "inspect", "aa", "bb"],
    ]


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_no_images_and_one_that_goes_meanwhile(name: EngineName, fake: Callable[[str], FakeCli]) -> None:
    cli = fake(name)
    assert engine_of(name).images() == ()
    cli.answer("image\\ ls*", "aa\nbb\n")
    gone = json.dumps([inspected("aa", [REF])])
    cli.answer("image\\ inspect*", gone, stderr="Error: no such image: bb", code=1)
    assert [one.engine_id for one in engine_of(name).images()] == ["aa"]
    cli.answer("image\\ inspect*", "", stderr="Error: something else", code=1)
    with pytest.raises(EngineError, match="something else"):
        engine_of(name).images()
    cli.answer("image\\ inspect*", "[7]")
    with pytest.raises(EngineUnavailableError):
        engine_of(name).images()


ONCE = ["run", "--rm", "--pull", "never", "--network", "none", "--user", "0:0", "--cap-drop", "ALL"]
ONCE += ["--security-opt", "no-new-privileges", "--entrypoint", "sh", REF, "-c", "x"]


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_run_once(name: EngineName, fake: Callable[[str], FakeCli]) -> None:
    cli = fake(name)
    cli.answer("run*", "said\n", stderr="a warning\n")
    assert engine_of(name).run_once(REF, ("sh", "-c", "x")) == "said\n"
    assert cli.calls() == [ONCE]
    cli.answer("run*", "", stderr="sh: nothing of the kind", code=127)
    with pytest.raises(EngineError, match="nothing of the kind"):
        engine_of(name).run_once(REF, ("sh", "-c", "x"))


def test_run_once_on_apples(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("container")
    cli.answer("image\\ inspect*", recorded("container-1.2/image.json"))
    cli.answer("run*", "said\n")
    assert apple().run_once(REF, ("sh", "-c", "x")) == "said\n"
    expected = ["run", "--rm", "--network", "none", "--user", "0:0", "--cap-drop", "ALL"]
    assert cli.calls()[1] == [*expected, "--memory", "4096M", "--entrypoint", "sh", REF, "-c", "x"]


def test_run_once_on_apples_never_pulls(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("container")
    cli.answer("image\\ inspect*", stderr=f"Error: image not found: {REF}", code=1)
    with pytest.raises(EngineError, match="is not there"):
        apple().run_once(REF, ("sh", "-c", "x"))
    assert [call[0] for call in cli.calls()] == ["image"]


def test_save_and_load(fake: Callable[[str], FakeCli]) -> None:
    for name, engine, save, load in (
        (
            "podman",
            podman(),
            ["save", "--quiet", "--format", "docker-archive", "--output"],
            ["load", "--input"],
        ),
        ("docker", docker(), ["save", "--output"], ["load", "--input"]),
        ("container", apple(), ["image", "save", "--output"], ["image", "load", "--input"]),
    ):
        cli = fake(name)
        cli.answer("image\\ exists*", code=1)
        engine.save_image(REF, "/f.tar")
        engine.load_image("/f.tar", REF)
        assert [call for call in cli.calls() if "exists" not in call] == [
            [*save, "/f.tar", REF],
            [*load, "/f.tar"],
        ]


def test_podman_takes_the_registry_off_a_name(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("podman")
    podman().load_image("/f.tar", REF)
    there = f"docker.io/library/{REF}"
    assert cli.calls()[1:] == [
        ["image", "exists", there],
        ["tag", there, f"localhost/{REF}"],
        ["untag", there, there],
    ]


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_apples_images(version: str, fake: Callable[[str], FakeCli]) -> None:
    cli = fake("container")
    ours = json.loads(recorded(f"container-{version}/image.json"))[0]
    theirs = json.loads(json.dumps(ours).replace("dev.contenant.managed", "com.example"))
    cli.answer("image\\ list*", json.dumps([ours, theirs]))
    (found,) = apple().images()
    assert found.reference == REF
    assert found.labels["dev.contenant.managed"] == "1"
    assert len(cli.calls()) == 1


def test_apples_images_before_lists_told_labels(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("container")
    row = {"reference": f"docker.io/library/{REF}", "descriptor": {"digest": "sha256:1"}, "fullSize": "1 MB"}
    cli.answer("image\\ list*", json.dumps([row]))
    cli.answer("image\\ inspect*", recorded("container-0.12/image.json"))
    (found,) = apple().images()
    assert (found.reference, found.size) == (REF, 123456789)


def test_names_without_a_registry() -> None:
    assert own_name("localhost/a:1") == own_name("docker.io/library/a:1") == own_name("a:1") == "a:1"
    assert own_name("docker.io/me/a:1") == "docker.io/me/a:1"
