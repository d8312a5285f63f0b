"""An npm that knows a registry of its own and takes no other command line than contenant's."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

PROGRAM = """\
#!{python}
import json, pathlib, re, sys, time
place = pathlib.Path({place!r})
words = sys.argv[1:]
with (place / "calls").open("a") as log:
    log.write(" ".join(words) + "\\n")
if (place / "down").exists():
    sys.exit("npm error code ENOTFOUND\\nnpm error errno ENOTFOUND\\nnpm error network request failed")
if (place / "hung").exists():
    time.sleep(60)
options = ["--json", "--fetch-retries", "0", "--prefix"]
if len(words) != 8 or words[0] != "view" or words[3:7] != options:
    sys.exit("npm error not a command line of contenant's: " + " ".join(words))
if list(pathlib.Path(words[7]).iterdir()):
    sys.exit("npm error the prefix is not empty")
known = json.loads((place / "registry.json").read_text())
if words[1:3] == ["@anthropic-ai/claude-code", "dist-tags"]:
    answer = known["tags"]
else:
    asked = re.fullmatch("@anthropic-ai/claude-code-(linux-x64|linux-arm64)@(.+)", words[1])
    if not asked or words[2] != "dist.integrity":
        sys.exit("npm error not a question of contenant's: " + " ".join(words))
    answer = known["versions"].get(asked[2], {{}}).get(asked[1])
if answer is None:
    sys.exit("npm error code E404\\nnpm error 404 No match found for version " + asked[2])
print(answer[4:] if str(answer).startswith("raw:") else json.dumps(answer))
"""


class Npm:
    """What it knows, and what it was asked."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._known: dict[str, dict[str, object]] = {"tags": {}, "versions": {}}
        place.mkdir()
        program = place / "npm"
        program.write_text(PROGRAM.format(python=sys.executable, place=str(place)))
        program.chmod(0o755)
        self._write()

    def publish(self, version: str, *, latest: bool = True, integrity: str = "") -> None:
        """A version, with the integrity that `integrity` says, or with one that follows from its name."""
        sums = {name: integrity or digest(version + name) for name in ("linux-x64", "linux-arm64")}
        self._known["versions"][version] = sums
        if latest:
            self._known["tags"]["latest"] = version
        self._write()

    def tag(self, name: str, version: str) -> None:
        """Let a distribution tag name a version."""
        self._known["tags"][name] = version
        self._write()

    def switch(self, what: str, on: bool = True) -> None:
        """`down`: the registry cannot be reached. `hung`: no answer comes."""
        (self.place / what).touch() if on else (self.place / what).unlink()

    def calls(self) -> list[str]:
        """What was asked since this was last asked: package and field."""
        log = self.place / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [" ".join(line.split()[1:3]) for line in lines]

    def _write(self) -> None:
        (self.place / "registry.json").write_text(json.dumps(self._known))


def digest(text: str) -> str:
    """An integrity as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def install(place: Path, patch: pytest.MonkeyPatch) -> Npm:
    """Put it first on PATH."""
    npm = Npm(place)
    patch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    return npm
