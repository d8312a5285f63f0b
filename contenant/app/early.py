"""What a new container needs of its engine, asked for while it is found out whether one is to be made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contenant.app import configuration, desired

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.core.settings import Settings
    from contenant.engines.base import Engine, Survey


class Early:
    """One start's settings and survey of its engine: begun at once where a container is likely to be made."""

    def __init__(self, ledger: Ledger, engine: Engine, project: str) -> None:
        self.engine, self._ledger, self._project = engine, ledger, project
        self._loaded: tuple[Mapping[str, Any], Settings] | None = None
        self._begun: tuple[str, Survey] | None = None

    def begin(self, flags: Mapping[str, Any]) -> None:
        """Begin the survey for the image that a container with these flags would have.

        Raises what loading the settings raises.
        """
        self._loaded = flags, configuration.load(self._ledger, self._project, flags)
        image = desired.kept_image(self._loaded[1])
        self._begun = image, self.engine.survey(image)

    def settings(self, flags: Mapping[str, Any]) -> Settings:
        """The project's settings under these flags. Raises as `configuration.load`."""
        if self._loaded is not None and self._loaded[0] == flags:
            return self._loaded[1]
        return configuration.load(self._ledger, self._project, flags)

    def take(self, image: str) -> Survey:
        """The survey for this image, now the caller's; another one where a different image was meant."""
        if self._begun is not None and self._begun[0] == image:
            survey, self._begun = self._begun[1], None
            return survey
        self.give_up()
        return self.engine.survey(image)

    def give_up(self) -> None:
        """End what is on its way and was not taken."""
        if self._begun is not None:
            self._begun[1].cancel()
            self._begun = None
