"""What each engine and version prints, read from recordings; and what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import labels
from contenant.core.values import ContainerReport, EngineName, Mount
from contenant.engines import apple_json, docker, moments, oci_inspect, podman
from contenant.engines.docker import PS_FORMAT
from contenant.engines.oci import read_image
from contenant.errors import EngineError, EngineUnavailableError
from tests.engines.fake_cli import FakeCli, engine_of, recorded

OURS = {
    labels.MANAGED: "1",
    labels.CONTAINER: "01k00000000000000000000000",
    labels.PROJECT: "/home/me/two%20words%2C%20%22odd%22",
}


def by_name(reports: tuple[ContainerReport, ...]) -> dict[str, ContainerReport]:
    return {report.name: report for report in reports}


class TestInspection:
    def test_podman(self) -> None:
        found = oci_inspect.read_container(recorded("podman-4.3/container.json"))
        assert len(found.engine_id) == len(found.image_id) == 64
        assert found.image_digest.startswith("sha256:")
        assert found.image_digest.removeprefix("sha256:") != found.image_id
        assert found.mounts == (
            Mount("/home/me/two words", "/project"),
            Mount("/home/me/state/policy", "/etc/contenant/policy", read_only=True),
        )
        assert (found.cpus, found.memory, found.pids) == (2.0, 512 * 1024**2, -1)

    def test_docker_says_cpus_otherwise_and_has_one_id(self) -> None:
        data = json.loads(recorded("podman-4.3/container.json"))
        data[0] |= {"HostConfig": {"NanoCpus": 1_500_000_000, "Memory": 0, "PidsLimit": None}}
        data[0]["ImageDigest"] = None
        found = oci_inspect.read_container(json.dumps(data))
        assert (found.cpus, found.memory, found.pids) == (1.5, 0, 0)
        assert found.image_digest == found.image_id

    def test_variables_of_an_image(self) -> None:
        assert oci_inspect.read_variables('[{"Config": {"Env": ["A=1", "B=x=y"]}}]') == ("A", "B")
        assert oci_inspect.read_variables('[{"Config": {}}]') == ()

    @pytest.mark.parametrize("version", ["container-0.12", "container-1.2", "container-1.4"])
    def test_apple(self, version: str) -> None:
        item = next(
            item
            for item in json.loads(recorded(f"{version}/list.json"))
            if item["configuration"]["id"] == "contenant-app-00000002"
        )
        found = apple_json.read_inspection(json.dumps([item]))
        assert (found.engine_id, found.image_id) == ("contenant-app-00000002", "")
        assert found.image_digest.startswith("sha256:")
        assert {mount.target for mount in found.mounts} <= {"/project"}  # 0.12 was recorded without


class TestPodman:
    def test_containers(self) -> None:
        found = by_name(podman.read_containers(recorded("podman-4.3/ps.json")))
        states = {name[-1]: report.state for name, report in found.items()}
        assert states == {"1": "created", "2": "running", "3": "stopped", "4": "paused", "r": "created"}
        report = found["contenant-app-00000002"]
        assert report.labels == OURS
        assert len(report.engine_id) == 64
        assert report.image == "localhost/contenant:2.1.330-0123456789ab"
        assert report.created.startswith("2026-11-23T13:5")
        assert found["other"].labels == {}
        assert found["contenant-app-00000004"].labels == {"note": "1,dev.contenant.managed=1=2"}

    def test_no_containers(self) -> None:
        assert (
            podman.read_containers("[]") == podman.read_containers("") == podman.read_containers("null") == ()
        )

    @pytest.mark.parametrize(
        ("state", "read"), [("stopping", "running"), ("removing", "unknown"), ("new-state", "unknown")]
    )
    def test_rare_states(self, state: str, read: str) -> None:
        text = json.dumps([{"Id": "1", "Names": ["n"], "State": state}])
        (report,) = podman.read_containers(text)
        assert (report.state, report.created, report.labels) == (read, "", {})

    def test_image(self) -> None:
        report = read_image(recorded("podman-4.3/image.json"), "contenant:x")
        assert report.engine_id == "36ae2f87be98b041aa263695a1a465c05694a93e42c783499f8aef7a71fa022e"
        assert report.digest == "sha256:c9864e15d1e6281bfdb832920196ad9d115c4bd1fe7db0d474f4c86d131e0271"
        assert (report.reference, report.size, report.labels) == ("contenant:x", 127558219, {})
        assert report.created == "2026-11-23T12:43:47.762Z"

    def test_version(self, fake: Callable[[str], FakeCli]) -> None:
        fake("podman").answer("'version '*", recorded("podman-4.3/version.json"))
        assert engine_of("podman").version() == ("4.3.1", "")


class TestDocker:
    def test_containers(self) -> None:
        found = by_name(docker.read_containers(recorded("docker-20.10/ps.jsonl")))
        states = {name[-1]: report.state for name, report in found.items()}
        assert states == {"1": "created", "2": "running", "3": "stopped", "4": "paused", "r": "created"}
        report = found["contenant-app-00000002"]
        assert report.labels == OURS
        assert report.image == "contenant:2.1.330-0123456789ab"
        assert report.created.startswith("2026-11-23T13:54:0")
        assert found["contenant-app-00000004"].labels == {}  # the foreign label that held ours

    def test_every_label_of_ours_is_asked_for(self) -> None:
        names = {
            value
            for name, value in vars(labels).items()
            if name.isupper() and str(value).startswith(labels.PREFIX)
        } - {labels.PREFIX, *labels.OF_IMAGES}
        assert {labels.MANAGED, labels.POLICY, labels.SPEC, labels.CONTAINER} < names
        assert all(f'"{name}":{{{{json (.Label "{name}")}}}}' in PS_FORMAT for name in names)
        assert labels.INPUTS not in PS_FORMAT

    def test_links_and_zones(self) -> None:
        item = {"ID": "1", "Names": "web/db,db", "State": "dead", "Image": "i"}
        (report,) = docker.read_containers(
            json.dumps(item | {"CreatedAt": "2026-11-23 01:02:03 +0100 CET"}) + "\n\n"
        )
        assert (report.name, report.state, report.created) == ("db", "unknown", "2026-11-23T00:02:03.000Z")

    def test_image(self) -> None:
        report = read_image(recorded("docker-20.10/image.json"), "contenant:x")
        # made here, never in a registry: the configuration's digest is all there is
        assert report.digest == report.engine_id
        assert report.digest.startswith("sha256:2056a593")
        assert report.created == "2026-11-23T12:44:31.504Z"

    def test_image_with_a_manifest_digest_and_labels(self) -> None:
        (item,) = json.loads(recorded("docker-20.10/image.json"))
        item["RepoDigests"] = ["contenant@sha256:abc"]
        item["Config"]["Labels"] = {"k": "v"}
        report = read_image(json.dumps([item]), "x")
        assert (report.digest, report.labels) == ("sha256:abc", {"k": "v"})

    def test_version_and_identity(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("docker")
        cli.answer("'version '*", recorded("docker-20.10/version.json"))
        cli.answer("'info '*", recorded("docker-20.10/info.json"))
        assert engine_of("docker").version() == ("28.2.2", "20.10.24+dfsg1")
        assert engine_of("docker").identity().startswith("/var/lib/docker@AAAA:BBBB")

    def test_the_store_is_proven_by_the_id_in_its_directory(
        self, fake: Callable[[str], FakeCli], tmp_path: Path
    ) -> None:
        def identity() -> str:
            fake("docker").answer("'info '*", json.dumps(["an-id", [], str(tmp_path), "28.0.1", None]))
            return engine_of("docker").identity()

        assert identity() == f"{tmp_path}@an-id"
        (tmp_path / "engine-id").write_text("another-id")
        assert identity() == f"{tmp_path}@an-id", "that directory is another daemon's"
        (tmp_path / "engine-id").write_text("an-id\n")
        assert identity() == f"{tmp_path}#an-id"


class TestApple:
    @pytest.mark.parametrize("era", ["0.12", "1.2", "1.4"])
    def test_containers(self, era: str) -> None:
        reports = apple_json.read_containers(recorded(f"container-{era}/list.json"))
        names = [report.name for report in reports]
        assert names == sorted(names)
        assert "buildkit" not in names
        found = by_name(reports)
        running, stopped = found["contenant-app-00000002"], found["contenant-app-00000001"]
        assert (running.state, stopped.state) == ("running", "stopped")
        assert running.engine_id == running.name
        assert labels.decode(running.labels[labels.PROJECT]) == "/Users/me/two words"
        assert running.image == "contenant:2.1.330-0123456789ab"
        assert running.created == ("" if era == "0.12" else "2026-08-07T09:15:02.000Z")
        assert stopped.created == ""  # not said, or the epoch for what an older version made
        if era != "0.12":
            assert found["other"].state == "running"  # stopping: its processes live

    def test_the_builder_is_known_by_its_role_too(self) -> None:
        role = {"com.apple.container.resource.role": "builder"}
        item = {"configuration": {"id": "builder-2", "labels": role}, "status": {"state": "running"}}
        assert apple_json.read_containers(json.dumps([item])) == ()

    @pytest.mark.parametrize("status", [None, "new-state", {"state": "unknown"}, {}])
    def test_a_state_it_does_not_know(self, status: Any) -> None:
        (report,) = apple_json.read_containers(json.dumps([{"configuration": {"id": "c"}, "status": status}]))
        assert report.state == "unknown"

    @pytest.mark.parametrize("era", ["0.12", "1.2", "1.4"])
    def test_image(self, era: str) -> None:
        report = apple_json.read_image(recorded(f"container-{era}/image.json"), "contenant:x")
        assert report is not None
        assert report.digest == "sha256:8f00000000000000000000000000000000000000000000000000000000000001"
        assert report.labels == {labels.MANAGED: "1", labels.RECIPE: "0123456789ab"}
        assert report.size == 123456789  # of the arm64 variant, not of the attestation
        assert report.created == ("2026-04-28T00:00:00.123Z" if era == "0.12" else "2026-08-01T00:00:00.000Z")

    def test_no_image(self) -> None:
        assert apple_json.read_image("[]", "x") is None

    @pytest.mark.parametrize(("era", "version"), [("0.12", "0.12.3"), ("1.2", "1.2.2"), ("1.4", "1.4.1")])
    def test_versions_and_status(self, era: str, version: str) -> None:
        assert apple_json.read_versions(recorded(f"container-{era}/version.json")) == (version, version)
        status = apple_json.read_status(recorded(f"container-{era}/status.json"))
        assert status == ("running", "/Users/me/Library/Application Support/com.apple.container/")

    def test_the_service_does_not_tell_its_version(self) -> None:
        (client, _server) = json.loads(recorded("container-1.2/version.json"))
        assert apple_json.read_versions(json.dumps([client])) == ("1.2.2", "")


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("2026-11-23T12:43:47.762296355Z", "2026-11-23T12:43:47.762Z"),
            ("2026-11-23T12:43:47Z", "2026-11-23T12:43:47.000Z"),
            ("2026-11-23T12:43:47.5+02:00", "2026-11-23T10:43:47.500Z"),
            ("2026-11-23 13:14:26 +0000 UTC", "2026-11-23T13:14:26.000Z"),
            ("2026-11-23 13:14:26 -0330 NST", "2026-11-23T16:44:26.000Z"),
            ("0001-01-01T00:00:00Z", ""),
            ("1970-01-01T00:00:00Z", ""),
            ("", ""),
        ],
    )
    def test_text(self, text: str, read: str) -> None:
        assert moments.from_engine_text(text) == read

    def test_other_text(self) -> None:
        with pytest.raises(ValueError, match="3 seconds ago"):
            moments.from_engine_text("3 seconds ago")

    def test_seconds(self) -> None:
        assert moments.from_unix(1795439663) == "2026-11-23T13:14:23.000Z"
        assert moments.from_unix(-62135596800) == ""
        assert moments.from_foundation(0.25) == "2001-01-01T00:00:00.250Z"
        assert moments.from_foundation(793456789.123) == "2026-02-22T12:39:49.123Z"
        assert moments.from_foundation(None) == ""


READERS: list[Callable[[str], Any]] = [
    podman.read_containers,
    docker.read_containers,
    apple_json.read_containers,
    lambda text: apple_json.read_image(text, "x"),
    apple_json.read_status,
    apple_json.read_versions,
    lambda text: read_image(text, "x"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Id", "ID", "Names", "configuration", "status", "labels", "x"]), inner
        )
    ),
    max_leaves=8,
)


class TestWhatCannotBeRead:
    @given(JSON.map(json.dumps) | st.text(max_size=30))
    def test_readers_raise_only_what_is_turned_into_an_error(self, text: str) -> None:
        for read in READERS:
            try:
                read(text)
            except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
                continue

    @pytest.mark.parametrize("name", ["podman", "docker", "container"])
    @pytest.mark.parametrize("text", ["<html>", "[{}]", '[{"Id": "1"}, 7]', "{", '["x"]'])
    def test_a_strange_list_means_nothing_is_known(
        self, name: EngineName, text: str, fake: Callable[[str], FakeCli]
    ) -> None:
        fake(name).answer("*", text)
        with pytest.raises(EngineUnavailableError, match=f"{name} describes its containers in a way"):
            engine_of(name).containers().result()

    @pytest.mark.parametrize("name", ["podman", "docker", "container"])
    def test_other_answers(self, name: EngineName, fake: Callable[[str], FakeCli]) -> None:
        cli = fake(name)
        cli.answer("*", "surprise")
        cli.answer("--version", "container CLI version 1.2.2")
        engine = engine_of(name)
        with pytest.raises(EngineError, match=r"surprise|in a way"):
            engine.version()
        with pytest.raises(EngineError, match="in a way"):
            engine.image("x:1")
        if name != "podman":
            with pytest.raises(EngineError, match="in a way"):
                engine.identity()
