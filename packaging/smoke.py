"""Install what `make dist` made as people do, far from any checkout, and look whether all of it is there.

    smoke.py [--with pip,pipx,uv,uvx] FILE...     wheels and source distributions

pip installs each file into a bare virtual environment; pipx, `uv tool install` and `uvx` take the wheel. They
come from the environment of this Python, and use the package index that pip is set to. Prints a line for each
thing that was looked at; exit code 1 with the first that is wrong.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

SHARED = (
    "share/man/man1/contenant.1",
    "share/bash-completion/completions/contenant",
    "share/zsh/site-functions/_contenant",
    "share/fish/vendor_completions.d/contenant.fish",
)
ASSETS = ("image/Dockerfile", "migrations/env.py", "migrations/versions")
_WHERE = "from contenant.paths import asset; print(asset('image').parent)"
# Programs that do not ask pip: what it is called there -> here.
_INDEX = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}


class WrongError(Exception):
    """Something is not as it must be; the text says what."""


def environment(place: Path) -> dict[str, str]:
    """Variables of somebody who has nothing yet, in `place`, with pip's own settings for every installer."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT"))}
    kept |= {
        "HOME": str(place),
        "PATH": f"{place}/.local/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    for setting, variable in _INDEX.items():
        if value := pip_setting(setting):
            kept.setdefault(f"PIP_{setting.replace('-', '_').upper()}", value)
            # uv refuses an index that is a directory which is not there
            kept.setdefault(variable, " ".join(one for one in value.split() if not one.startswith("file:")))
    return {name: value for name, value in kept.items() if value}


def pip_setting(name: str) -> str:
    """What pip's own configuration says; "" where it says nothing."""
    argv = [sys.executable, "-m", "pip", "config", "get", f"global.{name}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def run(argv: Sequence[str | Path], place: Path, environ: Mapping[str, str]) -> str:
    """The standard output of a command that must succeed. Raises WrongError."""
    words = [str(word) for word in argv]
    done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WrongError(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def look(program: Path, prefix: Path, version: str, place: Path, environ: Mapping[str, str]) -> None:
    """Whether the installed program runs and everything that belongs to it is there. Raises WrongError."""
    said = run([program, "--version"], place, environ).strip()
    if said != f"contenant {version}":
        raise WrongError(f"{program} --version says {said!r}, not {version}")
    if "contenant help exit-codes" not in run([program, "help"], place, environ):
        raise WrongError(f"{program} help lists no topics")
    assets = Path(run([prefix / "bin/python", "-I", "-c", _WHERE], place, environ).strip())
    if not assets.is_relative_to(prefix):
        raise WrongError(f"the program reads {assets}, which is not its own")
    for wanted in (*(prefix / name for name in SHARED), *(assets / name for name in ASSETS)):
        if not wanted.exists():
            raise WrongError(f"{wanted} is missing")
    print(f"  {said}; help; man page; completions of bash, zsh and fish; image, migrations")


def by_pip(file: Path, version: str, place: Path, environ: Mapping[str, str]) -> None:
    """Into a virtual environment of its own."""
    venv.create(place / "bare", with_pip=True)
    run([place / "bare/bin/pip", "install", "--quiet", file], place, environ)
    look(place / "bare/bin/contenant", place / "bare", version, place, environ)


def by_pipx(file: Path, version: str, place: Path, environ: Mapping[str, str]) -> None:
    """With pipx, which links the program and its man page."""
    run(["pipx", "install", "--quiet", file], place, environ)
    prefix = (
        Path(run(["pipx", "environment", "--value", "PIPX_LOCAL_VENVS"], place, environ).strip())
        / "contenant"
    )
    look(place / ".local/bin/contenant", prefix, version, place, environ)
    if not (place / ".local/share/man/man1/contenant.1").exists():
        raise WrongError("pipx linked no man page")
    print("  man page where man looks: ~/.local/share/man")


def by_uv(file: Path, version: str, place: Path, environ: Mapping[str, str]) -> None:
    """With `uv tool install`."""
    run(["uv", "tool", "install", "--quiet", "--compile-bytecode", file], place, environ)
    prefix = Path(run(["uv", "tool", "dir"], place, environ).strip()) / "contenant"
    look(place / ".local/bin/contenant", prefix, version, place, environ)


def by_uvx(file: Path, version: str, place: Path, environ: Mapping[str, str]) -> None:
    """Run once, not installed."""
    said = run(["uvx", "--quiet", "--from", file, "contenant", "--version"], place, environ).strip()
    if said != f"contenant {version}":
        raise WrongError(f"uvx: contenant --version says {said!r}, not {version}")
    print(f"  {said}")


WAYS = {"pip": by_pip, "pipx": by_pipx, "uv": by_uv, "uvx": by_uvx}


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--with", dest="ways", default="pip", help=f"of {', '.join(WAYS)}")
    parser.add_argument("files", nargs="+", type=Path)
    given = parser.parse_args()
    for file in (path.resolve() for path in given.files):
        version = file.name.removesuffix(".tar.gz").split("-")[1]
        for way in given.ways.split(","):
            if file.suffix != ".whl" and way != "pip":
                continue
            print(f"{way}: {file.name}", flush=True)
            with tempfile.TemporaryDirectory(prefix="contenant-smoke-") as name:
                try:
                    WAYS[way](file, version, Path(name), environment(Path(name)))
                except WrongError as error:
                    print(f"smoke: {error}", file=sys.stderr)
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
