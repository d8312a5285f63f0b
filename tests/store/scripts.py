"""Migrations that were never released: the real ones, and a few more in a directory of their own."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

from contenant.paths import asset
from contenant.store.migrate import Plan
from contenant.store.revision import REVISIONS

NEXT = f"{int(REVISIONS[-1]) + 1:04d}"  # the revision of the first script of `further`


def further(place: Path, *bodies: str) -> Plan:
    """A plan that goes on after the real migrations, one script for each body of `upgrade`."""
    scripts = Path(
        shutil.copytree(asset("migrations"), place / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    )
    revisions = list(REVISIONS)
    for body in bodies:
        own = f"{int(revisions[-1]) + 1:04d}"
        text = "import sqlalchemy as sa\nfrom alembic import op\n\n"
        text += f"revision = {own!r}\ndown_revision = {revisions[-1]!r}\n\n\ndef upgrade():\n"
        (scripts / "versions" / f"{own}_more.py").write_text(
            text + textwrap.indent(textwrap.dedent(body), "    ")
        )
        revisions.append(own)
    return Plan(revisions, scripts)
