"""The effective policy of a project, and the file in which its container reads it."""

from collections.abc import Sequence
from getpass import getuser
from pathlib import Path
from typing import NamedTuple

from contenant.app.project import container_dir
from contenant.core import changes, policy, policy_presets
from contenant.core.changes import Change
from contenant.core.policy import Line, PolicyLayer
from contenant.core.settings import Origin, Settings
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.errors import FirewallError
from contenant.paths import ensure_private
from contenant.process import capture
from contenant.suffixes import is_public_suffix

APPLY = "/usr/local/lib/contenant/firewall/apply"
LAYERS = ("user", "project", "env", "flag")  # weakest first, over the default


class Effective(NamedTuple):
    """A policy in force."""

    hash: str  # SHA-256 of the canonical text
    text: str  # canonical
    document: str  # policy.json
    mode: str
    left_out: tuple[str, ...]  # what an untrusted project asks for


def effective(settings: Settings, now: int) -> Effective:
    """Settings to the policy they ask for at `now` (seconds since the epoch). Raises UsageError."""
    layers = [policy_presets.default_layer(settings.firewall.telemetry), *_layers(settings)]
    resolved = policy.resolve(layers, policy_presets.all_presets({}), is_public_suffix, now)
    text = policy.canonical(resolved)
    return Effective(
        policy.policy_hash(text), text, policy.document(resolved), resolved.mode, resolved.left_out
    )


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
    return changes.policy_stored(wanted.hash, wanted.text, wanted.mode, parent, reason, getuser())


def apply_live(engine: Engine, name: str) -> None:
    """Have a running container read its policy again. Raises FirewallError; the old policy then stays."""
    argv = engine.exec_argv(name, ExecSpec(argv=(APPLY, "/etc/contenant/policy")))
    done = capture(argv, timeout=30)
    if done.code != 0:
        raise FirewallError(
            f"{name} did not take the new policy: {done.stderr.strip()}", hint="the old one stays in force"
        )


def policy_dir(name: str) -> Path:
    """The host's directory with the policy of one container, mounted read-only at /etc/contenant/policy."""
    return container_dir(name) / "policy"


def place(name: str, wanted: Effective) -> None:
    """Write the policy where the container reads it, in one step: it never sees half of it."""
    directory = ensure_private(policy_dir(name))
    directory.chmod(0o755)  # its parent is closed
    fresh = directory / "policy.json.new"
    fresh.write_text(wanted.document, encoding="ascii")
    fresh.chmod(0o644)
    fresh.replace(directory / "policy.json")
