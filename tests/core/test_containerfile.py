"""Which Containerfiles may become a layer, and what is said of the others."""

from __future__ import annotations

import pytest

from contenant.core.containerfile import read
from contenant.errors import ConfigError

PARENT = "contenant:2.1.330-0123456789ab"

GOOD = """\
# syntax=docker/dockerfile:1
ARG GO=1.22
FROM golang:${GO} AS tools
ENTRYPOINT ["/x"]
RUN go install example.org/x@latest
from contenant/base as other
FROM contenant/base AS mine
ENV A=1 \\
    # a comment between
    B="two words"
ENV C three of them
ARG D=4
COPY --from=tools /go/bin/x /usr/local/bin/
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /usr/local/bin/
COPY --chown=1000:1000 ./bin "etc/my file" /opt/
ADD ["a.tar", "/opt/"]
RUN x <<<"text" && \\
    y
"""


def test_a_good_one() -> None:
    found = read(GOOD, "/c/Containerfile", PARENT)
    assert found.sources == ("bin", "etc/my file", "a.tar")
    assert found.images == ("ghcr.io/astral-sh/uv:0.5",)  # what a variable names is not known
    assert found.variables == ("A", "B", "C")
    assert found.environment == 'ENV A=1 B="two words"\nENV C three of them\nARG D=4'
    assert found.before.splitlines()[-1] == f"FROM {PARENT} AS other"
    assert found.before.count("FROM") == 2
    assert "FROM" not in found.after
    assert found.after.splitlines() == GOOD.splitlines()[7:], "the steps stay as they were written"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no FROM"),
        ("FROM debian\n", 1, "the last stage starts FROM debian"),
        ("FROM scratch\n", 1, "the last stage starts FROM scratch"),
        ("FROM contenant/base\nFROM debian\n", 2, "the last stage starts FROM debian"),
        ("ARG X=contenant/base\nFROM $X\n", 2, r"the last stage starts FROM \$X"),
        ("FROM contenant/base:latest\n", 1, "the last stage starts FROM contenant/base:latest"),
        ("FROM --platform=linux/arm64 contenant/base\n", 1, "stands alone on its line"),
        ("FROM contenant/base \\\n  AS x\n", 1, "stands alone on its line"),
        ("FROM contenant/base AS contenant-sift\n", 1, "the build's own"),
        ("FROM contenant/base extra\n", 1, "FROM names an image"),
        ('FROM contenant/base\n\nENTRYPOINT ["/bin/sh"]\n', 3, "ENTRYPOINT is not for a layer"),
        ("FROM contenant/base\nCMD x\n", 2, "CMD is not for a layer"),
        ("FROM contenant/base\nhealthcheck CMD x\n", 2, "HEALTHCHECK is not for a layer"),
        ("FROM contenant/base\nVOLUME /x\n", 2, "VOLUME is not for a layer"),
        ("FROM contenant/base\nSTOPSIGNAL KILL\n", 2, "STOPSIGNAL is not for a layer"),
        ("FROM debian AS a\nONBUILD RUN x\nFROM contenant/base\n", 2, "ONBUILD is not for a layer"),
        ("FROM contenant/base\nENV LD_PRELOAD=/x.so\n", 2, "ENV LD_PRELOAD would bend"),
        ("FROM contenant/base\nENV A=1 BASH_ENV=/x\n", 2, "ENV BASH_ENV would bend"),
        ("FROM contenant/base\nENV HOME /root\n", 2, "ENV HOME would bend"),
        ("FROM contenant/base\nENV CONTENANT_UID=0\n", 2, "ENV CONTENANT_UID would bend"),
        ("FROM contenant/base\nENV $X=1\n", 2, "not a variable"),
        ("FROM contenant/base\nRUN cat <<EOF\nFROM debian\nEOF\n", 2, "`<<` begins a text"),
        ("FROM contenant/base\nCOPY <<EOF /x\n", 2, "`<<` begins a text"),
        ("FROM contenant/base\nRUN --mount=type=cache,target=/x y\n", 2, "options of RUN"),
        ("FROM contenant/base\nCOPY --parents a b\n", 2, "--parents is not known"),
        ("FROM contenant/base\nCOPY ../x /x\n", 2, "not below the file's directory"),
        ("FROM contenant/base\nCOPY *.sh /x\n", 2, "only plain names"),
        ("FROM contenant/base\nCOPY $X /x\n", 2, "only plain names"),
        ("FROM contenant/base\nADD https://example.org/x /x\n", 2, "another thing tomorrow"),
        ("FROM contenant/base\nCOPY contenant.layer /x\n", 2, "the build's own"),
        ("FROM contenant/base\nCOPY .dockerignore /x\n", 2, "the build's own"),
        ("FROM contenant/base\nCOPY x\n", 2, "what is copied and where to"),
        ("FROM contenant/base\nCOPY --from=contenant/base /x /x\n", 1, "holds all of it already"),
        ("FROM contenant/base\nRUN x \\\n", 2, "is continued, and nothing follows"),
        ("FROM contenant/base\nRUN x \\\n\n# y\n", 2, "is continued, and nothing follows"),
        ("FROM contenant/base\nRUN x \\\\\nFROM debian\n", 2, "builders do not agree"),
        ("FROM contenant/base\nRUN\n", 2, "RUN says nothing"),
        ("FROM contenant/base\nINCLUDE x\n", 2, "no such instruction: INCLUDE"),
        ("# escape=`\nFROM contenant/base\n", 1, "`escape` cannot be chosen"),
        ("FROM contenant/base\nENV A='\n", 2, "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_by_file_and_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"^/c/Containerfile:{line}: .*{reason}") as caught:
        read(text, "/c/Containerfile", PARENT)
    assert caught.value.hint


def test_the_whole_directory() -> None:
    assert read("FROM contenant/base\nCOPY . /x\nCOPY /a /y\n", "f").sources == (".", "a")
