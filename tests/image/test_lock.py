"""The version lock."""

from __future__ import annotations

import base64

import pytest

from contenant.errors import ImageBuildError
from contenant.image.lock import PLATFORMS, read_lock
from contenant.paths import asset

SUM = "sha512-" + base64.b64encode(bytes(64)).decode()
GOOD = f"# note\nversion 1.2.3\n\nlinux-x64 {SUM}\nlinux-arm64 {SUM}\n"


def test_the_shipped_lock_is_whole() -> None:
    lock = read_lock((asset("image") / "claude.lock").read_text())
    assert set(lock.sha512) == {"linux-x64", "linux-arm64"}
    assert lock.sha512["linux-x64"] != lock.sha512["linux-arm64"]
    assert lock.file_name("arm64") == f"claude-code-linux-arm64-{lock.version}.tgz"
    assert lock.package("amd64") == "@anthropic-ai/claude-code-linux-x64"


def test_a_lock_is_read() -> None:
    lock = read_lock(GOOD)
    assert lock.version == "1.2.3"
    assert lock.sha512 == dict.fromkeys(PLATFORMS.values(), bytes(64))


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("version 1.2.3\n", ""),
        GOOD.replace("1.2.3", "latest"),
        GOOD.replace("1.2.3", "1.2.3; rm -rf /"),
        GOOD.replace(f"linux-arm64 {SUM}\n", ""),
        GOOD.replace("sha512-", "sha1-"),
        GOOD.replace(SUM, "sha512-AAAA"),
        GOOD.replace(SUM, "sha512-***"),
        GOOD + "linux-mips sha512-x\n",
    ],
)
def test_a_bad_lock_is_refused(text: str) -> None:
    with pytest.raises(ImageBuildError, match=r"claude\.lock"):
        read_lock(text)
