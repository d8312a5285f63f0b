"""The Homebrew formula: `formula.py SDIST` prints it, with the dependencies of that source distribution.

What it installs stands in resources.toml beside it, the same versions and hashes for everybody. `formula.py
--lock` makes that file anew from what pyproject.toml asks for, with uv, from the package index uv is set to.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
LOCK = HERE / "resources.toml"
_PYPI = "https://files.pythonhosted.org/packages/source"  # where PyPI redirects from by name, for Homebrew
_PYTHON = "3.13"

_TEMPLATE = """\
# Made by packaging/homebrew/formula.py; a tap holds it as Formula/contenant.rb.
class Contenant < Formula
  include Language::Python::Virtualenv

  desc "{description}"
  homepage "{homepage}"
  url "{url}"
  sha256 "{sha256}"
  license "MIT"

  depends_on "python@{python}"

{resources}

  def install
    virtualenv_install_with_resources
    # pip put them into the virtual environment, where neither man nor a shell looks.
    man1.install_symlink libexec/"share/man/man1/contenant.1"
    bash_completion.install_symlink libexec/"share/bash-completion/completions/contenant"
    zsh_completion.install_symlink libexec/"share/zsh/site-functions/_contenant"
    fish_completion.install_symlink libexec/"share/fish/vendor_completions.d/contenant.fish"
  end

  def caveats
    <<~EOS
      contenant needs a container engine: `brew install container` on macOS, podman or docker on Linux.
      `contenant doctor` says what is missing.
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/contenant --version")
    assert_match "contenant help firewall", shell_output("#{{bin}}/contenant help")
    assert_path_exists man1/"contenant.1"
  end
end
"""


class Resource(NamedTuple):
    """A source distribution on PyPI."""

    name: str
    version: str
    file: str
    sha256: str  # 64 hex digits

    def url(self) -> str:
        """Where PyPI has it."""
        return f"{_PYPI}/{self.name[0]}/{self.name}/{self.file}"


def read(text: str) -> tuple[Resource, ...]:
    """What resources.toml says, by name."""
    return tuple(Resource(**one) for one in tomllib.loads(text)["resource"])


def write(resources: Iterable[Resource]) -> str:
    """resources.toml."""
    parts = ["# Made by `formula.py --lock`: what the Homebrew formula installs beside contenant.\n"]
    for one in sorted(resources):
        lines = (f'{key} = "{value}"\n' for key, value in one._asdict().items())
        parts.append("[[resource]]\n" + "".join(lines))
    return "\n".join(parts)


def from_pylock(text: str) -> tuple[Resource, ...]:
    """The source distributions that a lock file names (the format of PEP 751)."""
    found = []
    for package in tomllib.loads(text)["packages"]:
        sdist = package["sdist"]
        file = sdist.get("name") or sdist["url"].rpartition("/")[2]
        found.append(Resource(package["name"], package["version"], file, sdist["hashes"]["sha256"]))
    return tuple(found)


def lock() -> str:
    """resources.toml as the package index has it now. Raises CalledProcessError."""
    argv = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", _PYTHON]
    argv += ["--format", "pylock.toml", "--no-header", str(HERE.parents[1] / "pyproject.toml")]
    uv = Path(sys.executable).with_name("uv")
    argv[0] = str(uv) if uv.exists() else "uv"
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    return write(
        one for one in from_pylock(done.stdout) if "win32" not in one.name and one.name != "colorama"
    )


def formula(sdist: Path, resources: Iterable[Resource], description: str, homepage: str) -> str:
    """The formula for a source distribution, which has to be on PyPI under its name."""
    name, _, version = sdist.name.removesuffix(".tar.gz").partition("-")
    own = Resource(name, version, sdist.name, hashlib.sha256(sdist.read_bytes()).hexdigest())
    blocks = (
        f'  resource "{one.name}" do\n    url "{one.url()}"\n    sha256 "{one.sha256}"\n  end'
        for one in sorted(resources)
    )
    return _TEMPLATE.format(
        description=description, homepage=homepage, url=own.url(), sha256=own.sha256, python=_PYTHON,
        resources="\n\n".join(blocks),
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    """The exit code."""
    if arguments == ["--lock"]:
        LOCK.write_text(lock(), encoding="utf-8")
        return 0
    if len(arguments) != 1 or not arguments[0].endswith(".tar.gz"):
        print("usage: formula.py SDIST.tar.gz | --lock", file=sys.stderr)
        return 2
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    homepage = project.get("urls", {}).get("Homepage", f"https://pypi.org/project/{project['name']}/")
    resources = read(LOCK.read_text(encoding="utf-8"))
    sys.stdout.write(formula(Path(arguments[0]), resources, project["description"], homepage))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
