"""The host's package sources, for the base image and for apt within the build, where the host is a Debian."""

import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from contenant.process import ProcessTimeoutError, capture

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"  # within the image
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PROXIES = ("Acquire::http::Proxy", "Acquire::https::Proxy")


class Sources(NamedTuple):
    """Where packages come from. All empty where the base image's own sources serve."""

    main: str  # URI of the archive
    security: str  # URI of the security archive, "" when the host has none
    proxies: tuple[tuple[str, str], ...]  # apt option, value
    bundle: str  # path of the CA bundle that https needs, "" for none

    def lines(self) -> list[str]:
        """One-line sources of the base suite, its updates and its security fixes."""
        if not self.main:
            return []
        lines = [f"deb {self.main} {SUITE} main", f"deb {self.main} {SUITE}-updates main"]
        return [*lines, *([f"deb {self.security} {SUITE}-security main"] if self.security else [])]

    def deb822(self) -> str:
        """The same as a `.sources` file with the archive's key; "" where there is nothing to say."""
        paragraphs = []
        for line in self.lines():
            _, uri, suite, component = line.split()
            paragraphs.append(
                f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: {component}\nSigned-By: {KEYRING}\n"
            )
        return "\n".join(paragraphs)

    def options(self) -> list[str]:
        """Lines for an apt.conf."""
        return [f'{option} "{value}";' for option, value in self.proxies]


NONE = Sources("", "", (), "")


def host_sources() -> Sources:
    """This host's, NONE unless it is a Debian with an archive that a container can reach."""
    release = _os_release()
    if release.get("ID") != "debian" or not shutil.which("apt-get"):
        return NONE
    listed = _ask("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages")
    main, security = pick(listed.splitlines(), release.get("VERSION_CODENAME", ""))
    if not main:
        return NONE
    https = any(uri.startswith("https:") for uri in (main, security))
    bundle = str(_BUNDLE) if https and _BUNDLE.exists() else ""
    return Sources(main, security, read_proxies(_ask("apt-config", "dump", *_PROXIES)), bundle)


def pick(targets: Iterable[str], codename: str) -> tuple[str, str]:
    """The first archive and security archive for a release, from lines of URI and suite; "" for none.

    Only what is fetched over the net counts: a disc or a directory of the host is not in the container.
    """
    main = security = ""
    for target in targets:
        uri, _, suite = target.rpartition(" ")
        if not uri.startswith(("http://", "https://")) or not codename:
            continue
        if suite == codename:
            main = main or uri.rstrip("/")
        elif suite == f"{codename}-security":
            security = security or uri.rstrip("/")
    return main, security


def read_proxies(dump: str) -> tuple[tuple[str, str], ...]:
    """The proxies of `apt-config dump`, whose lines read `Name "value";`."""
    found = []
    for line in dump.splitlines():
        option, _, value = line.rstrip(";").partition(" ")
        if option in _PROXIES and (value := value.strip('"')):
            found.append((option, value))
    return tuple(found)


def _os_release() -> Mapping[str, str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: "".join(shlex.split(value)) for key, _, value in pairs}


def _ask(*argv: str) -> str:
    """What a command prints, "" when it fails."""
    try:
        result = capture(argv, timeout=30)
    except (OSError, ProcessTimeoutError):
        return ""
    return result.stdout if result.code == 0 else ""
