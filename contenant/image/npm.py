"""The host's npm, as its owner set it up: registry, proxy and credentials stay its own affair."""

from __future__ import annotations

import os
from pathlib import Path

from contenant.process import ProcessTimeoutError, capture


class NpmError(Exception):
    """npm is missing, failed or did not answer in time; the text says why in its words."""


def npm(*words: str, folder: Path, seconds: float) -> str:
    """What `npm WORDS` writes to stdout. `folder` is empty, and the caller's. Raises NpmError."""
    # --prefix: the calling directory may be a project whose .npmrc is nobody's choice
    argv = ["npm", *words, "--prefix", str(folder)]
    try:
        result = capture(argv, timeout=seconds, env=os.environ)
    except (OSError, ProcessTimeoutError) as error:
        raise NpmError(str(error)) from None
    if result.code != 0:
        raise NpmError(_reason(result.stderr))
    return result.stdout


def _reason(stderr: str) -> str:
    """What npm says in words: it begins with codes."""
    for line in stderr.splitlines():
        text = line.strip().removeprefix("npm ERR!").removeprefix("npm error").strip()
        if text and text.partition(" ")[0] not in ("code", "errno", "syscall"):
            return text.removeprefix("404").strip()
    return "it does not say why"
