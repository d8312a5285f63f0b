"""Names and labels: every path gives a name all engines take, and survives the trip through a label."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import labels, names

# As the system gives them: any bytes, those that are no UTF-8 escaped (PEP 383).
paths = st.binary(max_size=300).map(
    lambda raw: "/" + raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)


@given(paths)
def test_a_name_is_one_that_every_engine_takes(path: str) -> None:
    name = names.container_name(path)
    assert len(name) <= names.MAX_NAME
    assert re.fullmatch(r"contenant-[a-z0-9]([a-z0-9-]*[a-z0-9])?-[0-9a-f]{8}", name)


@given(paths, st.from_regex(names.VARIANT, fullmatch=True))
def test_the_names_of_a_project_begin_alike(path: str, variant: str) -> None:
    start = names.common_start(path)
    assert names.container_name(path).startswith(start)
    assert names.container_name(path, variant).startswith(start)


def test_two_checkouts_with_one_basename_have_two_names() -> None:
    assert names.container_name("/a/app") != names.container_name("/b/app")


@pytest.mark.parametrize(
    ("path", "base"),
    [("/w/My App!", "my-app"), ("/w/日本", "project"), ("/", "project"), ("/w/" + "x" * 300, "x" * 21)],
)
def test_the_basename_shows_in_the_name(path: str, base: str) -> None:
    assert names.container_name(path) == f"contenant-{base}-{names.path_hash(path)}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_label_values_come_back(value: str) -> None:
    encoded = labels.encode(value)
    assert not set(encoded) & set("=, \t\n\"'")
    assert labels.decode(encoded) == value


def test_undecodable_file_names_come_back() -> None:
    value = b"/w/\xff\xfe".decode("utf-8", "surrogateescape")
    assert labels.decode(labels.encode(value)) == value


def test_ordinary_paths_stay_readable() -> None:
    assert labels.encode("/home/me/my-app_2") == "/home/me/my-app_2"


def test_a_stray_percent_sign_is_kept() -> None:
    assert labels.decode("100%") == "100%"


def test_only_our_marks_make_a_container_ours() -> None:
    marks = {labels.MANAGED: "1", labels.HOST: "h", labels.CONTAINER: "c"}
    assert labels.is_ours(marks)
    assert not labels.is_ours({labels.MANAGED: "1"}), "inherited from our image"
    assert not labels.is_ours({labels.MANAGED: "0"})
    assert not labels.is_ours({labels.PROJECT: "/w"})
