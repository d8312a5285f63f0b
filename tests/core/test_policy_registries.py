"""Hosts of registries from the words of the tools; the hosts here are made up."""

from __future__ import annotations

import pytest

from contenant.core.policy_registries import joined, read_configuration, read_report


@pytest.mark.parametrize(
    ("tool", "text", "hosts"),
    [
        (
            "pip",
            "[global]\nindex-url = https://user:p%40ss@py.mirror.example.org/simple\n",
            ("py.mirror.example.org",),
        ),
        (
            "pip",
            (
                "[global]\nextra-index-url =\n    https://one.example.org:8443/x\n    http://two.example.org:80/\n"
                "# index-url = https://not.example.org\nproxy = http://proxy.example.org\n"
            ),
            ("one.example.org:8443", "two.example.org"),
        ),
        (
            "npm",
            (
                "registry=https://npm.example.org/\n@corp:registry = http://corp.example.org/npm/\n"
                "//npm.example.org/:_authToken=secret\n; registry=https://not.example.org\n"
            ),
            ("corp.example.org", "npm.example.org"),
        ),
        (
            "apt",
            (
                "deb [signed-by=/x] http://deb.example.org/debian trixie main\n"
                "#deb http://not.example.org x y\n"
                "Types: deb\nURIs: http://a.example.org/debian https://b.example.org/security\n"
            ),
            ("a.example.org", "b.example.org", "deb.example.org"),
        ),
        (
            "cargo",
            '[registries.x]\nindex = "sparse+https://crates.example.org/index/"\n',
            ("crates.example.org",),
        ),
        ("go", "GOPROXY=https://go.example.org,direct\nGOFLAGS=-mod=mod\n", ("go.example.org",)),
        ("pip", "[global]\nindex-url = http://10.0.0.1/simple\nfind-links = /opt/wheels\n", ()),
    ],
)
def test_configuration_files(tool: str, text: str, hosts: tuple[str, ...]) -> None:
    assert read_configuration(tool, text) == hosts


def test_the_report_of_the_image() -> None:
    pip = "pip\thttps://index.example.org/simple\npip\tfiles.example.org\n"
    text = pip + "npm\thttps://npm.example.org/\nnonsense\nx\ty\n"
    found = read_report(text)
    assert found["pip"] == ("files.example.org", "index.example.org")
    assert found["npm"] == ("npm.example.org",)
    assert found["apt"] == ()


def test_joined() -> None:
    merged = joined(
        [{"pip": ("b.example.org",)}, {"pip": ("a.example.org", "b.example.org"), "go": ("c.example.org",)}]
    )
    assert merged["pip"] == ("a.example.org", "b.example.org")
    assert merged["go"] == ("c.example.org",)
