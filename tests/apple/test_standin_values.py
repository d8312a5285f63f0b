"""The pure parts: labels, names, sizes, environment, limits, ports, mounts, references, JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standins.apple import build, encode, mounts, ports, refs, values
from tests.standins.apple.errors import AppleError
from tests.standins.apple.settings import PREFIX, Settings, SetupError, parse_modes, read


def settings(version: str = "1.2.2") -> Settings:
    return read({PREFIX + "HOME": "/nowhere", PREFIX + "VERSION": version}, need_home=True)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("k=v", {"k": "v"}),
        ("k", {"k": ""}),
        ("k=", {"k": ""}),
        ("k=abc=", {"k": "abc"}),
        ("k==b", {"k": "b"}),
    ],
)
def test_labels(text: str, made: dict[str, str]) -> None:
    assert values.labels([text]) == made


@pytest.mark.parametrize("text", ["k=a=b", "k=abc==", "", "="])
def test_labels_that_are_refused(text: str) -> None:
    with pytest.raises(AppleError, match="label"):
        values.labels([text])


@given(st.text(alphabet=st.characters(exclude_characters="=", codec="ascii"), min_size=1))
def test_a_label_without_an_equals_sign_in_it_survives(value: str) -> None:
    assert values.labels([f"key={value}"]) == {"key": value}


def test_env_merges_and_inherits(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\n\n  FILE=1\nBARE\nUNSET\nOVER=file\n")
    merged = values.merge_env(
        ["IMAGE=1", "OVER=image"], [str(file)], ["OVER=flag", "EMPTY=", "GONE"], {"BARE": "b"}
    )
    assert sorted(merged) == ["BARE=b", "EMPTY=", "FILE=1", "IMAGE=1", "OVER=flag"]
    orders = {tuple(values.merge_env([f"K{n}=1" for n in range(9)], [], [], {})) for _ in range(9)}
    assert len(orders) > 1
    file.write_text("A B=1\n")
    with pytest.raises(AppleError, match="contains whitespaces"):
        values.read_env_file(str(file), {})
    with pytest.raises(AppleError, match="failed to read envfile"):
        values.read_env_file(str(tmp_path / "none"), {})


@pytest.mark.parametrize(
    ("text", "size"),
    [("1g", 1 << 30), ("2048MB", 2 << 30), ("512M", 512 << 20), ("1.5k", 1536), ("7", 7), ("1GiB", 1 << 30)],
)
def test_sizes_are_binary(text: str, size: int) -> None:
    assert values.size(text) == size


def test_memory_is_a_gibibyte_by_default_and_whole_mebibytes() -> None:
    assert values.memory(None) == 1 << 30
    assert values.memory("1025k") == 1 << 20
    with pytest.raises(AppleError):
        values.memory("much")


def test_limits() -> None:
    assert values.limits(["nofile=1:2", "core=unlimited"]) == [
        {"limit": "RLIMIT_NOFILE", "soft": 1, "hard": 2},
        {"limit": "RLIMIT_CORE", "soft": values.UNLIMITED, "hard": values.UNLIMITED},
    ]
    for bad in (["nofile"], ["speed=1"], ["nofile=2:1"], ["nofile=x"], ["nofile=1", "NOFILE=2"]):
        with pytest.raises(AppleError, match="ulimit"):
            values.limits(bad)


def test_capabilities() -> None:
    assert values.capability_names(["net_admin", "CAP_chown", "all"]) == ["CAP_NET_ADMIN", "CAP_CHOWN", "ALL"]
    new, old = settings(), settings("0.11.0")
    assert len(values.granted(new, [], [])) == 14
    assert "NET_ADMIN" not in values.granted(new, [], [])
    assert values.granted(new, ["CAP_NET_ADMIN"], ["ALL"]) == ["NET_ADMIN"]
    assert "CHOWN" not in values.granted(new, ["ALL"], ["CAP_CHOWN"])
    assert values.granted(old, [], []) == list(values.ALL_CAPS)


@pytest.mark.parametrize(
    ("text", "address", "host", "guest", "proto", "count"),
    [
        ("8080:80", "0.0.0.0", 8080, 80, "tcp", 1),
        ("127.0.0.1:8080:80/udp", "127.0.0.1", 8080, 80, "udp", 1),
        ("[::1]:8000-8002:9000-9002", "::1", 8000, 9000, "tcp", 3),
    ],
)
def test_ports(text: str, address: str, host: int, guest: int, proto: str, count: int) -> None:
    assert ports.publish(text) == {
        "containerPort": guest, "count": count, "hostAddress": address, "hostPort": host, "proto": proto,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["80", "x:80", "1:80", "80-90:80", "80:80/sctp", "::1:80:80", "70000:80", "9-8:1-2"]
)
def test_ports_that_are_refused(text: str) -> None:
    with pytest.raises(AppleError, match="publish"):
        ports.publish(text)


def test_ports_may_not_overlap_and_are_64_at_most() -> None:
    with pytest.raises(AppleError, match="overlap"):
        ports.published(["8080:80", "127.0.0.1:8080:81"])
    with pytest.raises(AppleError, match="64"):
        ports.published([f"{8000 + n}:80" for n in range(65)])


def test_networks() -> None:
    found = ports.attachments(settings(), ["wire,mac=02:42:ac:11:00:02,mtu=1500"], "me")
    options = {"hostname": "me", "mtu": 1500, "macAddress": "02:42:ac:11:00:02"}
    assert found == [{"network": "wire", "options": options}]
    assert ports.attachments(settings(), ["none"], "me") == []
    assert ports.attachments(settings(), [], "me")[0]["network"] == "default"
    for bad in (["none", "wire"], [""], ["wire,mtu=9"], ["wire,mac=x"], ["wire,speed=1"]):
        with pytest.raises(AppleError):
            ports.attachments(settings(), bad, "me")


def bind(source: Path, target: str, *options: str) -> mounts.Mount:
    return mounts.virtiofs(str(source), target, list(options))


def test_mount_flags(tmp_path: Path) -> None:
    assert mounts.from_volume_flag(f"{tmp_path}:/a:ro")["options"] == ["ro"]
    assert mounts.from_volume_flag("disk:/d")["source"] == "disk"
    assert mounts.from_volume_flag("/anonymous")["anonymous"] is True
    made = mounts.from_mount_flag(f"type=virtiofs,src={tmp_path},dst=/a,readonly")
    assert (made["source"], made["destination"], made["options"]) == (str(tmp_path), "/a", ["ro"])
    assert mounts.from_mount_flag("type=tmpfs,target=/t,size=1m")["options"] == ["size=1048576"]


@pytest.mark.parametrize(
    "text", ["a:b:c:d", "with:colon/x:/y:ro", "/nothing/here:/x", "-bad:/x", "./nothing-here:/x"]
)
def test_volume_flags_that_are_refused(text: str) -> None:
    with pytest.raises(AppleError):
        mounts.from_volume_flag(text)


def test_one_host_directory_has_the_mode_of_its_last_mount(tmp_path: Path) -> None:
    seen = mounts.effective([bind(tmp_path, "/a"), bind(tmp_path, "/b/c", "ro")])
    assert [(one["destination"], one["options"]) for one in seen] == [("/a", ["ro"]), ("/b/c", ["ro"])]


def test_a_file_bind_makes_the_mount_of_its_directory_vanish(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    other.touch()
    seen = mounts.effective([bind(tmp_path, "/dir"), bind(file, "/file", "ro"), bind(other, "/other")])
    assert [(one["destination"], one["options"]) for one in seen] == [("/file", ["ro"]), ("/other", ["ro"])]


def test_references() -> None:
    assert refs.normalize("foo") == "foo:latest"
    assert refs.normalize("docker.io/foo:1") == "docker.io/library/foo:1"
    assert refs.qualify("foo") == "docker.io/library/foo:latest"
    assert refs.qualify("localhost/foo:1") == "localhost/foo:1"
    for bad in ("Foo", "foo:", "foo bar", "", "foo@sha256:1"):
        with pytest.raises(AppleError, match="invalid reference"):
            refs.parse(bad)


def test_a_built_image_is_found_by_its_bare_name_only() -> None:
    built = {"reference": "foo:latest", "annotation": "foo:latest"}
    tagged = {"reference": "docker.io/library/bar:1", "annotation": "foo:latest"}
    pulled = {"reference": "docker.io/library/foo:1", "annotation": None}
    assert refs.search("foo", [pulled, built]) == built
    assert refs.search("docker.io/library/foo", [built]) is None
    assert refs.search("foo:1", [built, pulled]) == pulled
    assert refs.search("bar:1", [built, tagged]) == tagged
    assert refs.search("foo", [built, tagged]) == built
    assert refs.search("foo", [tagged]) == tagged


def test_json_is_foundations() -> None:
    value = {"b": "a/b é", "a": [], "c": {"n": 1.5, "t": True}}
    assert encode.to_json(settings(), value) == '{"a":[],"b":"a\\/b é","c":{"n":1.5,"t":true}}'
    assert encode.to_json(settings("1.4.1"), value) == '{"a":[],"b":"a/b é","c":{"n":1.5,"t":true}}'
    pretty = encode.to_json(settings("1.4.1"), [value], pretty=True)
    assert pretty.startswith('[\n  {\n    "a" : [\n\n    ],\n    "b" : "a/b é",') and json.loads(pretty) == [
        value
    ]
    orders = {encode.to_json(settings("0.11.0"), {str(n): n for n in range(9)}) for _ in range(9)}
    assert len(orders) > 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_json_reads_back(value: object) -> None:
    for version, pretty in (("0.11.0", False), ("1.2.2", True), ("1.4.1", False)):
        assert json.loads(encode.to_json(settings(version), value, pretty)) == value


def test_contexts_that_arrive_empty(tmp_path: Path) -> None:
    class Call:
        def __init__(self, allow: str) -> None:
            self.settings = read({PREFIX + "HOME": "/nowhere", PREFIX + "ALLOW_TMP": allow}, need_home=True)

    real, link = tmp_path / "real", tmp_path / "link"
    (real / "inner").mkdir(parents=True)
    link.symlink_to(real)
    strict, lax = Call(""), Call("1")
    for path in ("/tmp", "/tmp/x", "/var/lib/x"):
        assert build.arrives_empty(strict, path) and not build.arrives_empty(lax, path)  # type: ignore[arg-type]
    assert build.arrives_empty(lax, str(link / "inner"))  # type: ignore[arg-type] - only the settings are read
    assert not build.arrives_empty(lax, str(real / "inner"))  # type: ignore[arg-type]
    assert not build.arrives_empty(strict, os.path.expanduser("/opt/cache"))  # type: ignore[arg-type]


def test_from_is_resolved_through_arguments_and_stages() -> None:
    asked = []

    def resolve(name: str) -> str:
        asked.append(name)
        return f"local/{len(asked)}"

    text = "ARG BASE=one\nARG TAG=1\nFROM ${BASE}:$TAG AS first\nFROM first\nCOPY --from=tool:2 /a /b\n"
    made, contexts = build.resolve_stages(text, {"TAG": "9"}, resolve)
    assert asked == ["one:9", "tool:2"]
    assert made.splitlines()[2:4] == ["FROM local/1 AS first", "FROM first"]
    assert contexts == {"tool:2": "local/2"}


def test_modes_are_named_or_refused() -> None:
    modes = parse_modes("wedged, vanish:one, vanish:two@start,slow:0.5")
    assert modes.on("wedged") and modes.slow == 0.5
    assert [tuple(one) for one in modes.vanish] == [("one", ""), ("two", "start")]
    with pytest.raises(SetupError):
        parse_modes("wedge")
    with pytest.raises(SetupError):
        read({}, need_home=True)
