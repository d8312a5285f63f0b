"""`contenant image show`, `history` and `log`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant import config
from contenant.app import image_stores
from contenant.app.current import kept_image
from contenant.app.ledger import Ledger, database_url
from contenant.core.ages import from_text
from contenant.core.records import ImageRecord
from contenant.core.versions import tagged_version
from contenant.errors import NotFoundError
from contenant.paths import state_dir

if TYPE_CHECKING:
    from contenant.store.images import Made
    from contenant.store.rows import HistoryRow

LOG_LIMIT = 4 * 1024 * 1024  # bytes of a log's end that are shown


def show(text: str) -> dict[str, Any]:
    """Everything about one image, "" for the current one; JSON-ready. `unreachable`: engine -> what to do.

    Raises NotFoundError where no text means it, or several could.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        stores = image_stores.look(ledger, settings)
        known = image_stores.everything_made(ledger)
        image = image_stores.resolve(text, known, stores, settings)
        view = ledger.snapshot()
        containers = view.containers() if view else []
        facts = {
            "used_by": [one.name for one in containers if one.image == image.reference],
            "engines": list(stores.having(image)),
            "current": image.reference == kept_image(settings),
        }
    return _tree(image, known, facts) | {
        "unreachable": {name: error.advice for name, error in stores.unreachable.items()}
    }


def _tree(image: ImageRecord, known: list[Made], facts: dict[str, Any]) -> dict[str, Any]:
    record = next((one for one in known if one.image.id and one.image.id == image.id), None)
    return {
        "image": {
            "reference": image.reference,
            "id": image.id,
            "digest": image.digest,
            "layer": image.layer,
            "claude_version": image.claude_version,
            "size": image.size,
            "removed": record.removed if record else "",
            "removed_why": record.removed_why if record else "",
        }
        | facts,
        "build": {
            "origin": image.origin,
            "engine": image.engine,
            "built": image.built,
            "seconds": image.seconds,
            "steps": dict(json.loads(image.steps)),
            "log": image.log,
        },
        "base": {
            "reference": image.parent,
            "origin": image.base_origin,
            "digest": image.base_digest,
            "snapshot": image.snapshot,
            "chain": image_stores.chain(image, known),
        },
        "recipe": {
            "hash": image.recipe,
            "build_args": json.loads(image.build_args),
            "integrity": image.integrity,
            "inputs": [{"path": path, "sha256": digest} for path, digest in _inputs(image)],
        },
    }


def _inputs(image: ImageRecord) -> list[tuple[str, str]]:
    return sorted(json.loads(image.inputs).items())


class Entry(NamedTuple):
    """Something that happened to an image."""

    at: str
    what: str  # built, failed, building (no end on record), loaded, removed, …
    reference: str
    claude_version: str
    engine: str
    seconds: float | None  # how long a build took, failed or not
    size: int
    recipe: str
    log: str
    why: str
    id: str  # of the image's record, "" where there is none


def history() -> list[Entry]:
    """What happened to images, newest first. No engine is asked."""
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        rows = list(view.history(kinds=("image",))) if view else []
    return list(_entries(reversed(rows)))[::-1]


def _entries(rows: Iterable[HistoryRow]) -> Iterator[Entry]:
    """A build's beginning is told by its end; one without an end stays as it is, where it began."""
    begun: dict[str, HistoryRow] = {}
    entries: list[Entry] = []
    for row in rows:
        data = row.data["data"]
        reference = data.get("reference") or row.subject
        if row.kind == "image.building":
            begun[reference] = row
        elif row.kind in ("image.built", "image.failed"):
            entries.append(_entry(row, reference, begun.pop(reference, None)))
        else:
            entries.append(_entry(row, reference, None))
    entries += [_entry(row, reference, None) for reference, row in begun.items()]
    yield from sorted(entries, key=lambda entry: entry.at)


def _entry(row: HistoryRow, reference: str, began: HistoryRow | None) -> Entry:
    data = row.data["data"]
    seconds = data.get("seconds")
    if seconds is None and began is not None:
        seconds = max(0.0, (from_text(row.at) - from_text(began.at)).total_seconds())
    return Entry(
        at=row.at,
        what=row.kind.partition(".")[2],
        reference=reference,
        claude_version=data.get("claude_version") or tagged_version(reference),
        engine=data.get("engine", ""),
        seconds=seconds,
        size=data.get("size", 0),
        recipe=data.get("recipe", ""),
        log=data.get("log", ""),
        why=data.get("why", ""),
        id=data.get("id", ""),
    )


class Log(NamedTuple):
    """The end of a build's log."""

    path: str
    text: str
    left_out: int  # bytes before that


def log(text: str, *, failed: bool) -> Log:
    """The newest log there is: of the image that `text` means (the beginning of a reference, tag, id or
    recipe), where it is given, and of a build that failed where that is asked for. Raises NotFoundError.
    """
    fitting = [entry for entry in history() if _fits(entry, text) and (entry.what == "failed" or not failed)]
    found = next((entry.log for entry in fitting if entry.log and Path(entry.log).is_file()), "")
    if not found and not text and not failed:
        found = str(max((state_dir() / "logs").glob("build-*.log"), default=""))
    if not found:
        raise NotFoundError(_no_log(fitting, text), hint="`contenant image history` shows what happened")
    return _read(Path(found))


def _no_log(fitting: list[Entry], text: str) -> str:
    of = f" of {text}" if text else ""
    if fitting:
        return f"the log{of} is not kept any more: only the newest are"
    return f"there is no build{of} on record"


def _fits(entry: Entry, text: str) -> bool:
    tag = entry.reference.rpartition(":")[2]
    starts = (entry.reference, tag, entry.id, entry.recipe)
    return not text or any(start.startswith(text) for start in starts)


def _read(path: Path) -> Log:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - LOG_LIMIT)
        file.seek(start)
        content = file.read(LOG_LIMIT)
    return Log(str(path), content.decode("utf-8", "backslashreplace"), start)
