"""What is installed in an image, as a software bill of materials: SPDX 2.3 or CycloneDX 1.5, as JSON values.

https://spdx.github.io/spdx-spec/v2.3/ and https://cyclonedx.org/docs/1.5/json/. Licences are not looked into:
SPDX says NOASSERTION, CycloneDX nothing. Pure.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

# What the program in the image prints: one line per package of dpkg, an empty line, and jj's own version.
FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "db:Status-Status")
_SHOW = "".join("${" + field + "}\\t" for field in FIELDS[:-1]) + "${" + FIELDS[-1] + "}\\n"
SCRIPT = f"dpkg-query --show --showformat='{_SHOW}' && echo && jj --version"
_NPM = "@anthropic-ai/claude-code"


class Package(NamedTuple):
    """Something installed."""

    name: str
    version: str
    purl: str  # https://github.com/package-url/purl-spec
    source: str = ""  # Debian's source package and its version
    sha512: str = ""  # hex digits, of the file it came in; "" where that is not known
    program: bool = False  # rather than a library or a package of both


class Subject(NamedTuple):
    """The image."""

    reference: str
    digest: str  # sha256:…
    claude_version: str
    integrity: str  # sha512-<base64>, "" where it is not known
    made_by: str  # version of contenant that writes this
    now: str  # moment, ISO-8601 UTC with whole seconds
    serial: str  # a UUID of this document's own


def packages(printed: str, subject: Subject, suite: str) -> list[Package]:
    """Debian's packages by name, then Claude Code and jj. Raises ValueError for what SCRIPT never prints."""
    listed, _, jj = printed.partition("\n\n")
    found = [_debian(line, suite) for line in listed.splitlines()]
    installed = sorted(package for package in found if package is not None)
    architecture = next(
        (line.split("\t")[2] for line in listed.splitlines() if line.startswith("dpkg\t")), ""
    )
    platform = {"amd64": "-linux-x64", "arm64": "-linux-arm64"}.get(architecture, "")
    claude = Package(
        "claude-code",
        subject.claude_version,
        f"pkg:npm/{quote(_NPM + platform, safe='/')}@{quote(subject.claude_version)}",
        sha512=_hex(subject.integrity),
        program=True,
    )
    version = re.match(r"jj (\S+)", jj.strip())
    if version is None:
        raise ValueError(f"jj says {jj.strip()!r}")
    return [
        *installed,
        claude,
        Package("jj", version[1], f"pkg:generic/jj@{quote(version[1])}", program=True),
    ]


def _debian(line: str, suite: str) -> Package | None:
    """A package of dpkg's, None for one that is not installed (removed, its settings kept)."""
    name, version, architecture, source, source_version, status = line.split("\t")
    if status != "installed":
        return None
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='~')}?arch={architecture}&distro={suite}"
    return Package(name, version, purl, f"{source} {source_version}")


def _hex(integrity: str) -> str:
    return base64.b64decode(integrity.removeprefix("sha512-")).hex() if integrity else ""


def spdx(subject: Subject, contents: Iterable[Package]) -> dict[str, Any]:
    """An SPDX 2.3 document."""
    described = [(f"SPDXRef-Package-{number}", package) for number, package in enumerate(contents, 1)]
    image = "SPDXRef-Image"
    relations = [
        ("SPDXRef-DOCUMENT", "DESCRIBES", image),
        *((image, "CONTAINS", key) for key, _ in described),
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": subject.reference,
        "documentNamespace": f"https://spdx.org/spdxdocs/contenant-{subject.serial}",
        "creationInfo": {"created": subject.now, "creators": [f"Tool: contenant-{subject.made_by}"]},
        "packages": [
            {
                **_spdx_common(image, subject.reference, subject.digest),
                "primaryPackagePurpose": "CONTAINER",
            },
            *(_spdx_package(key, package) for key, package in described),
        ],
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
            for one, kind, other in relations
        ],
    }


def _spdx_common(key: str, name: str, version: str) -> dict[str, Any]:
    unsaid = dict.fromkeys(("downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"))
    return {
        "SPDXID": key,
        "name": name,
        "versionInfo": version,
        "filesAnalyzed": False,
        **dict.fromkeys(unsaid, "NOASSERTION"),
    }


def _spdx_package(key: str, package: Package) -> dict[str, Any]:
    locator = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl"}
    more: dict[str, Any] = {"externalRefs": [{**locator, "referenceLocator": package.purl}]}
    if package.source:
        more["sourceInfo"] = f"built from the Debian source package {package.source}"
    if package.sha512:
        more["checksums"] = [{"algorithm": "SHA512", "checksumValue": package.sha512}]
    if package.program:
        more["primaryPackagePurpose"] = "APPLICATION"
    return _spdx_common(key, package.name, package.version) | more


def cyclonedx(subject: Subject, contents: Iterable[Package]) -> dict[str, Any]:
    """A CycloneDX 1.5 document."""
    components = [_component(package) for package in contents]
    image = f"image:{subject.reference}"
    tool = {"type": "application", "name": "contenant", "version": subject.made_by}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{subject.serial}",
        "version": 1,
        "metadata": {
            "timestamp": subject.now,
            "tools": {"components": [tool]},
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": subject.reference,
                "version": subject.digest,
            },
        },
        "components": components,
        "dependencies": [{"ref": image, "dependsOn": [one["bom-ref"] for one in components]}],
    }


def _component(package: Package) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "application" if package.program else "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.source:
        found["properties"] = [{"name": "contenant:debian:source", "value": package.source}]
    if package.sha512:
        found["hashes"] = [{"alg": "SHA-512", "content": package.sha512}]
    return found
