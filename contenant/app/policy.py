"""The effective policy of a project, and the files in which its container reads it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import NamedTuple

from contenant.app import firewall_registries
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.core import changes, policy, policy_presets, policy_rules
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.core.policy import Line, Policy, PolicyLayer
from contenant.core.policy_readme import readme
from contenant.core.records import ContainerRecord, RuleRecord
from contenant.core.settings import Origin, Settings
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.errors import FirewallError
from contenant.paths import ensure_private
from contenant.process import capture
from contenant.suffixes import is_public_suffix

APPLY = "/usr/local/lib/contenant/firewall/apply"
APPLY_SECONDS = 30.0  # for one that takes a fraction of a second
LAYERS = ("user", "project", "env", "flag")  # weakest first, over the default


class Effective(NamedTuple):
    """A policy in force."""

    hash: str  # SHA-256 of the canonical text
    text: str  # canonical
    document: str  # policy.json
    mode: str
    left_out: tuple[str, ...]  # what an untrusted project asks for
    expires: str  # moment at which its first entry ends; "": none does
    found: tuple[str, ...]  # presets in it whose hosts the image's own tools name
    resolved: Policy
    services: tuple[
        tuple[int, Origin], ...
    ] = ()  # of the host, shown to sessions; no way through the firewall


class Given(NamedTuple):
    """What a policy is made of besides the settings."""

    rules: tuple[RuleRecord, ...]  # given by command for the project
    hosts: Callable[[], Mapping[str, Sequence[str]]]  # what the image's tools name, tool -> hosts


def gather(ledger: Ledger, path: str, container: ContainerRecord | None) -> Given:
    """The rules of the project at a canonical path, and what the image of its container was found to name."""
    view = ledger.snapshot()
    rules = tuple(view.rules(path)) if view else ()
    return Given(rules, lambda: firewall_registries.remembered(ledger, container) if container else {})


def effective(settings: Settings, given: Given, now: int) -> Effective:
    """The policy that is asked for at `now` (seconds since the epoch). Raises UsageError."""
    base = policy_presets.default_layer(settings.firewall.telemetry)
    layers = [base, *_layers(settings), policy_rules.layer(given.rules)]
    used = {line.text for layer in layers for line in layer.presets}
    found = tuple(sorted(used & policy_presets.FOUND.keys()))
    presets = policy_presets.all_presets(given.hosts() if found else {})
    resolved = policy.resolve(layers, presets, is_public_suffix, now)
    text = policy.canonical(resolved)
    return Effective(
        hash=policy.policy_hash(text),
        text=text,
        document=policy.document(resolved),
        mode=resolved.mode,
        left_out=resolved.left_out,
        expires=_first_end(resolved),
        found=found,
        resolved=resolved,
        services=tuple(zip(settings.host_services, _origins(settings, "host_services"), strict=True)),
    )


def _first_end(resolved: Policy) -> str:
    ends = [rule.until for rule in (*resolved.allow, *resolved.deny) if rule.until]
    return to_text(datetime.fromtimestamp(min(ends), UTC)) if ends else ""


def _layers(settings: Settings) -> list[PolicyLayer]:
    """The merged settings, taken apart again by where each entry was written."""
    wanted = settings.firewall
    mode_origin = _origins(settings, "firewall.mode")
    ports = tuple(f"{port.container_port}/{port.protocol}" for port in settings.publish)
    return [
        PolicyLayer(
            name,
            wanted.mode if mode_origin and mode_origin[0].layer == name else None,
            allow=_lines(settings, "firewall.allow", wanted.allow, name),
            deny=_lines(settings, "firewall.deny", wanted.deny, name),
            presets=_lines(settings, "firewall.presets", wanted.presets, name),
            inbound=ports if name == LAYERS[-1] else (),  # what is published was let through already
        )
        for name in LAYERS
    ]


def _lines(settings: Settings, key: str, items: Sequence[str], layer: str) -> tuple[Line, ...]:
    origins = _origins(settings, key)
    return tuple(
        Line(item, source=origin.source)
        for item, origin in zip(items, origins, strict=False)
        if origin.layer == layer
    )


def _origins(settings: Settings, key: str) -> tuple[Origin, ...]:
    return settings.origins.get(key, ())


def stored(wanted: Effective, parent: str = "", reason: str = "settings") -> Change:
    """The change that stores a policy under its hash; stored already, nothing happens."""
    return changes.policy_stored(
        wanted.hash, wanted.text, wanted.mode, parent, reason, getuser(), wanted.expires
    )


def applied(container: ContainerRecord, wanted: Effective) -> Change:
    """The change that a running container was given a policy."""
    return changes.policy_applied(container, wanted.hash, "live")


def apply_live(engine: Engine, name: str) -> None:
    """Have a running container read its policy again. Raises FirewallError; the old policy then stays."""
    argv = engine.exec_argv(name, ExecSpec(argv=(APPLY, "/etc/contenant/policy")))
    try:
        done = capture(argv, timeout=APPLY_SECONDS)
    except OSError as error:  # a timeout too; then it is not known which policy is in force
        raise FirewallError(
            f"{name} could not be given the new policy: {error}",
            hint="try again; `contenant firewall test` says what is in force",
        ) from error
    if done.code != 0:
        raise FirewallError(
            f"{name} did not take the new policy: {done.stderr.strip()}", hint="the old one stays in force"
        )


def policy_dir(name: str) -> Path:
    """The host's directory with the policy of one container, mounted read-only at /etc/contenant/policy."""
    return container_dir(name) / "policy"


def place(name: str, wanted: Effective) -> None:
    """Write the policy where the container reads it, each file in one step: it never sees half of one."""
    directory = ensure_private(policy_dir(name))
    directory.chmod(0o755)  # its parent is closed
    _write(directory / "README", readme(wanted.resolved))
    _write(directory / "policy.json", wanted.document)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)
