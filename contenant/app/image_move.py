"""`contenant image save` and `load`: an image in a file, for machines without a network."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from contenant import config, host
from contenant.app import agent_flags, engines, image_stores, service
from contenant.app.current import current_image
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core import changes, labels
from contenant.core.ages import to_text
from contenant.core.records import ImageRecord
from contenant.core.values import EngineName
from contenant.core.versions import tagged_version
from contenant.engines.base import Engine
from contenant.errors import EngineError, NotFoundError, StateError, UsageError
from contenant.image import archive
from contenant.image.build import new_id, the_only_builder


def save(text: str, target: Path, engine: EngineName | None, ui: Ui) -> dict[str, Any]:
    """Write the image that `text` means, "" for the current one, to a new file that every engine can load.

    Raises NotFoundError, UsageError where the file is there already, EngineError, StateError.
    """
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already", hint="choose another name, or take it away")
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        stores = image_stores.look(ledger, settings)
        stores.refuse_silence()
        image = image_stores.resolve(text, image_stores.everything_made(ledger), stores, settings)
        having = [name for name in stores.having(image) if engine in (None, name)]
        if not having:
            raise NotFoundError(
                f"{engine or 'no engine'} {'does not have' if engine else 'has'} {image.reference}",
                hint="`contenant image list` shows where each is",
            )
        found = _write(engines.connect(ledger, having[0]), image.reference, target, ui)
    return {
        "file": str(target),
        "reference": image.reference,
        "engine": having[0],
        "digest": image.digest,
        "bytes": target.stat().st_size,
        "layers": len(found.layers),
    }


def _write(engine: Engine, reference: str, target: Path, ui: Ui) -> archive.Found:
    """Beside the target first, so that what bears its name is whole."""
    folder = target.absolute().parent / f".{target.name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700)
        ui.progress(f"saving {reference} from {engine.name}")
        engine.save_image(reference, str(folder / "engine.tar"))
        ui.progress(f"writing {target}")
        found = archive.convert(folder / "engine.tar", folder / "image.tar", reference)
        _name(folder / "image.tar", target)
    except OSError as error:
        raise StateError(
            f"cannot write {target}: {error.strerror}", hint="is there room, and may you?"
        ) from error
    finally:
        ui.finish()
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _name(file: Path, target: Path) -> None:
    """Give a finished file its name, never over one that came meanwhile. Raises OSError."""
    try:
        os.link(file, target)
    except FileExistsError:
        raise
    except OSError:  # a stick's file system may know no links
        if os.path.lexists(target):
            raise
        file.rename(target)


def load(source: Path, engine: EngineName | None, ui: Ui) -> dict[str, Any]:
    """Have an engine read an image of contenant's from a file, and put it on record.

    What the file says is looked at before the engine gets it: one image, with contenant's labels, under the
    name that these labels make. Raises UsageError, EngineError.
    """
    found = archive.look(source)
    _check(source, found)
    settings = config.load(None, os.environ, {})
    began = time.monotonic()
    with Ledger(settings.database_url) as ledger:
        picked = engines.pick(ledger, engine, None, settings.engine).engine
        service.check(picked, ui)
        store = ledger.store()
        with the_only_builder(ui):
            ui.progress(f"loading {found.reference} into {picked.name}")
            try:
                picked.load_image(str(source), found.reference)
            finally:
                ui.finish()
            agent_flags.learn(picked, found.reference, tagged_version(found.reference), ui)
            record = _record(picked, found, time.monotonic() - began)
            store.apply([changes.image_loaded(record)])
    current = current_image(settings)
    if record.reference != current:
        ui.note(f"it is not the image that new containers are made from here, {current}")
    return {
        "reference": record.reference,
        "engine": picked.name,
        "claude_version": record.claude_version,
        "recipe": record.recipe,
        "digest": record.digest,
        "size": record.size,
        "current": record.reference == current,
        "id": record.id,
    }


def _check(source: Path, found: archive.Found) -> None:
    """Raise UsageError unless it is an image of contenant's under its own name."""
    said = {name: labels.decode(value) for name, value in found.labels.items()}
    if said.get(labels.MANAGED) != "1" or not said.get(labels.RECIPE):
        raise UsageError(
            f"{source} holds an image that contenant did not make: {found.reference or 'without a name'}",
            hint="`contenant image save` writes what can be loaded",
        )
    tag = found.reference.rpartition(":")[2]
    if tagged_version(found.reference) != said.get(labels.CLAUDE) or not tag.endswith(
        f"-{said[labels.RECIPE][:12]}"
    ):
        raise UsageError(
            f"{source} holds an image called {found.reference or 'nothing'}, but its labels say that it has"
            f" Claude Code {said.get(labels.CLAUDE, '')} and the recipe {said[labels.RECIPE][:12]}",
            hint="load a file that `contenant image save` wrote",
        )


def _record(engine: Engine, found: archive.Found, seconds: float) -> ImageRecord:
    report = engine.image(found.reference)
    if report is None or report.labels.get(labels.RECIPE) != found.labels[labels.RECIPE]:
        raise EngineError(
            f"{engine.name} loaded {found.reference}, but does not show it",
            hint=f"`{engine.name} images` says",
        )
    now = host.now()
    said = image_stores.of_labels(engine.name, report)
    return said._replace(id=new_id(now), built=to_text(now), seconds=round(seconds, 3), origin="loaded")
