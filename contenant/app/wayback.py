"""The way back: what the host runs from a project without asking, compared before and after each session."""

from collections.abc import Collection
from pathlib import Path

from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.protect import Finding, Snapshot, compare, decode, encode, summary
from contenant.core.records import ContainerRecord
from contenant.paths import ensure_private
from contenant.scan import scan

SHOWN = 10  # findings that are printed; all are recorded


def begin(container: ContainerRecord, session_id: str, project: str) -> None:
    """Keep what the project is like now. A project that cannot be read is the session's own trouble."""
    try:
        text = encode(scan(Path(project), *_beside(container)))
    except OSError:
        return
    place = _baseline(container.name, session_id)
    ensure_private(place.parent)
    place.write_text(text, encoding="utf-8", errors="surrogateescape")


def end(ledger: Ledger, container: ContainerRecord, session_id: str, project: str, ui: Ui) -> None:
    """Compare with the beginning; say and record what is different."""
    place = _baseline(container.name, session_id)
    try:
        before = decode(place.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return
    findings = _differences(before, project, _beside(container))
    if findings:
        change = changes.way_back(session_id, container.project_id, summary(findings))
        ledger.store().apply([change])
        _tell(findings, ui)
    place.unlink(missing_ok=True)


def catch_up(ledger: Ledger, container: ContainerRecord, live: Collection[str], project: str, ui: Ui) -> None:
    """Compare for sessions that ended while no contenant watched."""
    for place in _baseline(container.name, "").parent.glob("*.json"):
        if place.stem not in live:
            end(ledger, container, place.stem, project, ui)


def _beside(container: ContainerRecord) -> tuple[str, str]:
    """The repositories that the container was given beside its project, git's and jj's, "" for none."""
    if '/worktrees"' not in container.spec and '/.jj/repo"' not in container.spec:  # it costs nothing here
        return "", ""
    import json

    from contenant.core.jj import repo_in
    from contenant.core.worktree import common_in

    mounted = json.loads(container.spec)["mounts"]
    repo, common = repo_in(mounted)
    return common_in(mounted) or common, repo


def _differences(before: Snapshot, project: str, beside: tuple[str, str]) -> tuple[Finding, ...]:
    try:
        return compare(before, scan(Path(project), *beside))
    except OSError:
        return ()


def _tell(findings: tuple[Finding, ...], ui: Ui) -> None:
    for finding in findings[:SHOWN]:
        text = f"this session left: {finding.text()}"
        if finding.level == "danger":
            ui.warn(text)
        else:
            ui.note(text)
    if len(findings) > SHOWN:
        ui.warn(f"and {len(findings) - SHOWN} more; `contenant history --kind session.left` has all")


def _baseline(name: str, session_id: str) -> Path:
    return container_dir(name) / "before" / f"{session_id}.json"
