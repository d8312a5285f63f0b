"""Which version of the agent new containers get and why; pinning one, and choosing another, on record."""

from __future__ import annotations

from typing import Literal, NamedTuple

from contenant import locks
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.choices import Chosen
from contenant.core.settings import Settings
from contenant.core.versions import LATEST
from contenant.errors import ImageBuildError
from contenant.image import choice, registry, versions
from contenant.image.choice import Choice
from contenant.image.lock import Lock, assemble, integrity
from contenant.image.registry import RegistryError

Why = Literal["upgrade", "rollback", "latest"]


class Decision(NamedTuple):
    """The version that settings mean, and what decides that."""

    version: str
    by: Literal["setting", "latest", "chosen", "shipped"]
    source: str  # file or variable of the setting, "" where there is none

    def told(self) -> str:
        """The reason, for people."""
        match self.by:
            case "setting":
                return f"claude.version in {self.source}"
            case "latest":
                return f'claude.version = "latest" in {self.source}, as last asked'
            case "chosen":
                return "chosen by `contenant image upgrade` or `rollback`"
            case "shipped":
                return "shipped with this contenant"


class Prepared(NamedTuple):
    """A version whose packages are pinned."""

    version: str
    latest: str = ""  # what "latest" was found to mean just now, "" where that was not asked


def decide(settings: Settings) -> Decision:
    """What the settings mean now. Asks no registry. Raises StateError."""
    setting, known = settings.claude_version, choice.read()
    version = versions.meant(setting, versions.shipped().version)
    source = settings.origins["claude.version"][0].source
    if setting not in ("", LATEST):
        return Decision(version, "setting", source)
    if setting and known.latest:
        return Decision(version, "latest", source)
    return Decision(version, "chosen" if known.chosen else "shipped", "")


def newest(seconds: float) -> str:
    """The version that the registry calls the latest. Raises RegistryError."""
    found = registry.tags(seconds).get("latest")
    if found is None:
        raise RegistryError(
            f"npm names no latest version of {registry.PACKAGE}",
            hint="name one: contenant image upgrade --to",
        )
    return found


def prepare(ledger: Ledger, settings: Settings, ui: Ui, *, refresh: bool) -> Prepared:
    """Have the version that the settings mean pinned.

    `latest` is asked for where it was never found out, and with `refresh`; while the registry is silent the
    version in use stays. Raises RegistryError for a version that was never pinned, else as `pin`.
    """
    latest = ""
    if settings.claude_version == LATEST and (refresh or not choice.read().latest):
        try:
            latest = newest(registry.BRIEFLY)
        except RegistryError as error:
            ui.warn(f"{error.message}; the version in use stays")
    version = latest or decide(settings).version
    if versions.kept(version) is None:
        pin(ledger, version, ui)
    return Prepared(version, latest)


def note_latest(ledger: Ledger, settings: Settings, prepared: Prepared) -> None:
    """What "latest" means from now on, on record."""
    known = choice.read()
    if not prepared.latest or prepared.latest == known.latest:
        return
    before = decide(settings).version
    ledger.store().apply([changes.claude_chosen(prepared.latest, before, "latest")])
    choice.write(known._replace(latest=prepared.latest))


def pin(ledger: Ledger, version: str, ui: Ui) -> Lock:
    """The lock of a version, as the registry says now and as it said when this machine first saw it.

    A registry that is silent is no obstacle for a version that is pinned. Raises RegistryError for any other,
    ImageBuildError where the packages are not what they were.
    """
    known = versions.kept(version)
    if known is not None and version == versions.shipped().version:
        return known
    try:
        found = registry.ask_lock(version)
    except RegistryError as error:
        if known is None:
            raise
        ui.note(f"{error.message}; Claude Code {version} was pinned before")
        return known
    first = known or _first_seen(ledger, version)
    if first is not None and first.sha512 != found.sha512:
        raise ImageBuildError(
            f"the packages of Claude Code {version} are not those that this machine first saw: "
            "the registry names another integrity",
            hint="nothing was built; `contenant history --kind claude.pinned` says what it was, "
            "`npm config get registry` who is asked now",
        )
    if first is None:
        sums = {platform: integrity(digest) for platform, digest in found.sha512.items()}
        ledger.store().apply([changes.claude_pinned(version, sums)])
    if known is None:
        versions.keep(found)
    return found


def _first_seen(ledger: Ledger, version: str) -> Lock | None:
    """By the record, where the lock itself is gone."""
    view = ledger.snapshot()
    for row in view.history(kinds=("claude.pinned",)) if view else ():
        if row.subject == version:
            return assemble(version, row.data["data"]["integrity"], f"the record of Claude Code {version}")
    return None


def choose(ledger: Ledger, settings: Settings, version: str, why: Why) -> str:
    """Let new containers have another version, on record, and return the one before.

    Both stay pinned, whatever contenant ships later. Where a setting decides, or nothing changes, nothing is
    recorded. Raises StateError.
    """
    own = versions.shipped().version
    with locks.held("claude-version", lambda: None):
        decision = decide(settings)
        before = decision.version
        if decision.by == "setting" or version == before:
            return before
        for each in (version, before):
            if (lock := versions.kept(each)) is not None and not choice.lock_file(each).exists():
                versions.keep(lock)
        ledger.store().apply([changes.claude_chosen(version, before, why)])
        back = why == "rollback" and version == own  # whoever is back there goes on with contenant's own
        choice.write(Choice("" if back else version, version))
    return before


def record(ledger: Ledger, setting: str) -> list[Chosen]:
    """The choices that concern a setting of `claude.version`, oldest first."""
    view = ledger.snapshot()
    rows = list(view.history(kinds=("claude.chosen",))) if view else []
    steps = [Chosen(*(row.data["data"][key] for key in ("from", "to", "why"))) for row in reversed(rows)]
    return [step for step in steps if setting == LATEST or step.why != "latest"]
