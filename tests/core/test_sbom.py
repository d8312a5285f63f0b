"""Bills of materials: what is listed, and that both formats' own validators take them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from contenant.core import sbom
from contenant.core.sbom import Package, Subject, packages

SUBJECT = Subject(
    reference="contenant:2.1.330-0123456789ab",
    digest="sha256:" + "0" * 64,
    claude_version="2.1.330",
    integrity="sha512-" + "A" * 86 + "==",
    made_by="0.1.0",
    now="2026-11-26T18:00:00Z",
    serial="01a21922-222e-4b81-8662-8e422c000000",
)
LINES = (
    ("zlib1g", "1:1.3.dfsg+really1.3.1-1+b1", "amd64", "zlib", "1:1.3.dfsg+really1.3.1-1", "installed"),
    ("dpkg", "1.22.21", "amd64", "dpkg", "1.22.21", "installed"),
    ("libstdc++6", "14.2.0-19", "amd64", "gcc-14", "14.2.0-19", "installed"),
    ("gone", "1", "all", "gone", "1", "config-files"),
)
PRINTED = "".join("\t".join(line) + "\n" for line in LINES) + "\njj 0.35.0\n"


def test_what_is_listed() -> None:
    found = packages(PRINTED, SUBJECT, "trixie")
    assert [one.name for one in found] == ["dpkg", "libstdc++6", "zlib1g", "claude-code", "jj"]
    by_name = {one.name: one for one in found}
    assert by_name["zlib1g"] == Package(
        "zlib1g",
        "1:1.3.dfsg+really1.3.1-1+b1",
        "pkg:deb/debian/zlib1g@1%3A1.3.dfsg%2Breally1.3.1-1%2Bb1?arch=amd64&distro=trixie",
        "zlib 1:1.3.dfsg+really1.3.1-1",
    )
    assert by_name["libstdc++6"].purl.startswith("pkg:deb/debian/libstdc%2B%2B6@")
    assert by_name["claude-code"].purl == "pkg:npm/%40anthropic-ai/claude-code-linux-x64@2.1.330"
    assert by_name["claude-code"].sha512 == "00" * 64
    assert by_name["jj"].version == "0.35.0"


@pytest.mark.parametrize("printed", ["", "what\n\njj 1\n", PRINTED.replace("jj ", "sh: jj "), "\n\n"])
def test_what_is_no_list_is_refused(printed: str) -> None:
    with pytest.raises(ValueError):
        packages(printed, SUBJECT, "trixie")


def test_spdx_is_valid() -> None:
    document = json.loads(json.dumps(sbom.spdx(SUBJECT, packages(PRINTED, SUBJECT, "trixie"))))
    parsed = JsonLikeDictParser().parse(document)
    assert validate_full_spdx_document(parsed, "SPDX-2.3") == []
    assert len(parsed.packages) == 6
    assert (document["spdxVersion"], document["dataLicense"]) == ("SPDX-2.3", "CC0-1.0")


def test_an_spdx_document_that_is_wrong_is_found_to_be() -> None:
    document: dict[str, Any] = sbom.spdx(SUBJECT, packages(PRINTED, SUBJECT, "trixie"))
    document["packages"][1]["SPDXID"] = "not an id"
    parsed = JsonLikeDictParser().parse(document)
    assert validate_full_spdx_document(parsed, "SPDX-2.3") != []


def test_cyclonedx_is_valid() -> None:
    document = sbom.cyclonedx(SUBJECT, packages(PRINTED, SUBJECT, "trixie"))
    check = JsonStrictValidator(SchemaVersion.V1_5)
    assert check.validate_str(json.dumps(document)) is None
    assert check.validate_str(json.dumps({**document, "serialNumber": "7"})) is not None
    assert [one["name"] for one in document["components"]][-2:] == ["claude-code", "jj"]
    assert document["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in document["components"]]
