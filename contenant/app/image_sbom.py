"""`contenant image sbom`: what is installed in an image, asked of the image itself."""

from __future__ import annotations

import os
import uuid
from typing import Any, Literal

from contenant import __version__, config, host
from contenant.app import engines, image_stores
from contenant.app.ledger import Ledger
from contenant.core import sbom
from contenant.errors import EngineError, NotFoundError
from contenant.image.apt import SUITE

Form = Literal["spdx", "cyclonedx"]
_WRITERS = {"spdx": sbom.spdx, "cyclonedx": sbom.cyclonedx}


def bill(text: str, form: Form) -> dict[str, Any]:
    """The bill of materials of the image that `text` means, "" for the current one; JSON-ready.

    A container of it, without a network, lists what its package manager has. Raises NotFoundError,
    EngineError.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        stores = image_stores.look(ledger, settings)
        stores.refuse_silence()
        image = image_stores.resolve(text, image_stores.everything_made(ledger), stores, settings)
        having = stores.having(image)
        if not having:
            raise NotFoundError(
                f"no engine has {image.reference} any more", hint="`contenant image list` shows where each is"
            )
        engine = engines.fit(ledger, engines.connect(ledger, having[0]))
        held = next(report for report in stores.held[having[0]] if report.reference == image.reference)
        printed = engine.run_once(image.reference, ("sh", "-c", sbom.SCRIPT))
    own = image_stores.of_labels(engine.name, held)
    subject = sbom.Subject(
        reference=image.reference,
        digest=held.digest,
        claude_version=own.claude_version,
        integrity=own.integrity,
        made_by=__version__,
        now=f"{host.now():%FT%TZ}",
        serial=str(uuid.uuid4()),
    )
    try:
        return _WRITERS[form](subject, sbom.packages(printed, subject, SUITE))
    except ValueError as error:
        raise EngineError(
            f"{image.reference} does not list its packages as expected: {error}",
            hint="is it an image of contenant's? `contenant image show` says",
        ) from error
