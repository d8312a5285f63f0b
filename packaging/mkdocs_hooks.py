"""SECURITY.md stands at the top of the repository, where people look for it; the site has it as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

TOP = Path(__file__).parents[1]
PAGE = "SECURITY.md"


def on_files(files: Files, config: Any) -> Files:
    """Add the page to those below docs/."""
    files.append(File.generated(config, PAGE, abs_src_path=str(TOP / PAGE)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point what a page of docs/ calls `../SECURITY.md` to it."""
    up = "../" * page.file.src_uri.count("/")
    return markdown.replace(f"](../{up}{PAGE}", f"]({up}{PAGE}")
