"""What can be configured: the settings, and the table of their keys. Pure; layers: `settings_layers`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant.core import settings_values as parse
from contenant.core.settings_values import Parser
from contenant.core.values import EngineName, Mount, Publish
from contenant.core.versions import parse_version

if TYPE_CHECKING:
    from contenant.core.layer import Layer as ImageLayer

Layer = Literal["default", "user", "project", "env", "flag"]
FirewallMode = Literal["block", "audit", "off"]
ProtectMode = Literal["auto", "strict", "warn", "off"]  # auto: strict where the engine can, else warn

# Parts of the host's Claude Code directory that are carried into the container (docs/credentials.md).
CUSTOMISATIONS = (
    "CLAUDE.md", "rules", "commands", "skills", "agents", "output-styles", "workflows", "themes",
    "keybindings.json", "settings.json", "plugins",
)  # fmt: skip

# Every engine's own default is at least this much, so a project that asks for no more asks for less.
LEAST_DEFAULT_CPUS = 4
LEAST_DEFAULT_MEMORY = 1024**3  # bytes
LEAST_DEFAULT_PIDS = 2048  # podman's own


class Origin(NamedTuple):
    """Where a value, or one item of a list, was written."""

    layer: Layer
    source: str  # file, variable or option; "" for a default
    key: str


class FirewallSettings(NamedTuple):
    """What may leave the container. Entries are as written; the policy judges their grammar."""

    mode: FirewallMode
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    presets: tuple[str, ...]
    telemetry: bool  # whether the hosts of the telemetry, which the image turns off, are open


class PendingItem(NamedTuple):
    """Something a project file asks for that only a trusted one gets."""

    key: str
    text: str  # the value for people
    origin: Origin


class Settings(NamedTuple):
    """Every setting in force. `origins` says per key where it comes from, for a list item by item."""

    engine: EngineName | None  # None: chosen by what is installed
    cpus: int  # 0: the engine's default
    memory: int  # bytes, 0: the engine's default
    pids: int  # processes and threads, 0: the engine's default
    read_only: bool  # the project is mounted read-only
    env: Mapping[str, str | None]  # None: taken from the calling environment
    mounts: tuple[Mount, ...]
    publish: tuple[Publish, ...]
    host_services: tuple[int, ...]  # ports of the host's loopback, shown to each new session
    keep_running: bool  # False: the container stops with its last session
    stop_seconds: int
    ca_certificates: tuple[str, ...]  # absolute paths
    claude_version: str  # exact, or "latest"; "": the one that was chosen, else the shipped one
    packages: tuple[str, ...]  # Debian's names, for layers of the image
    setup: tuple[str, ...]  # absolute paths of scripts, the user's before the project's
    containerfile: tuple[str, ...]  # absolute paths, the user's before the project's
    devcontainer: bool  # whether a project's .devcontainer is taken as its layer
    firewall: FirewallSettings
    protect: ProtectMode
    ssh: bool
    notify: bool  # say when the agent waits or is done, while contenant shows it
    worktree_metadata: bool  # a worktree's repository is mounted, too
    home_sync: tuple[str, ...]  # names in the host's Claude Code directory
    database_url: str  # "": SQLite in the state directory
    max_running: int  # containers that run at a time, 0: any number
    usage_prices: str  # absolute path of a price list, "" for none
    origins: Mapping[str, tuple[Origin, ...]]
    pending: tuple[PendingItem, ...]
    project_file: str = ""  # "" where there is none
    project_hash: str = ""  # SHA-256 of its bytes and of those of its layer, 64 hex digits
    post_create: tuple[str, ...] = ()  # a command for a new container, by a trusted dev container's file
    notes: tuple[str, ...] = ()  # what is left out of that file
    layers: "tuple[ImageLayer, ...]" = ()  # of the image, the lowest first; a project's where it is trusted


class Key(NamedTuple):
    """One setting: how it is read, what it is without being set, and when a project may set it untrusted."""

    name: str
    parse: Parser
    default: Any
    tighter: Callable[[Any, Any], bool]  # (in force, proposed or its item) -> no more is allowed than before
    form: Literal["one", "list", "table", "stack"] = "one"  # a list grows from layer to layer; so does a
    # stack, to which each layer adds one
    option: str = ""  # the command line's name for it
    show: Callable[[Any], str] = str
    projects: bool = True  # whether a project file may hold it at all


def _never(current: Any, proposed: Any) -> bool:
    return False


def _always(current: Any, proposed: Any) -> bool:
    return True


def _lower(current: int, proposed: int) -> bool:
    return proposed <= current


def _below(default: int) -> Callable[[int, int], bool]:
    """At most the current limit, or at most what every engine gives where there is none."""
    return lambda current, proposed: proposed <= (current or default)


def _later(*order: str) -> Callable[[str, str], bool]:
    return lambda current, proposed: order.index(proposed) >= order.index(current)


def _part(current: Sequence[str], proposed: Sequence[str]) -> bool:
    return set(proposed) <= set(current)


def _only(wanted: bool) -> Callable[[bool, bool], bool]:
    return lambda current, proposed: proposed is wanted or proposed is current


def _show_flag(value: bool) -> str:
    return "true" if value else "false"


def _show_names(value: Sequence[str]) -> str:
    return ", ".join(value)


def _show_url(value: str) -> str:
    """A database address without its password."""
    scheme, mark, rest = value.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{account.partition(':')[0]}:***@{place}" if at and ":" in account else value


def _show_variable(item: tuple[str, str | None]) -> str:
    """Only the name: a value may be a secret."""
    return item[0] if item[1] is None else f"{item[0]}=…"


_ENGINE, _FIREWALL, _PROTECT = parse.choice(EngineName), parse.choice(FirewallMode), parse.choice(ProtectMode)
_ENTRIES, _PATHS = parse.listed(parse.parse_entry), parse.listed(parse.parse_path)
_FLAG = parse.parse_flag

KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("engine", _ENGINE, None, _never, option="--engine", show=lambda value: value or ""),
        Key("cpus", parse.parse_cpus, 0, _below(LEAST_DEFAULT_CPUS), option="--cpus",
            show=lambda value: str(value or "")),
        Key("memory", parse.parse_memory, 0, _below(LEAST_DEFAULT_MEMORY), option="--memory",
            show=parse.show_memory),
        Key("pids", parse.parse_pids, 0, _below(LEAST_DEFAULT_PIDS), option="--pids",
            show=lambda value: str(value or "")),
        Key("read_only", _FLAG, False, _only(True), option="--read-only", show=_show_flag),
        Key("env", parse.parse_env_table, {}, _never, "table", option="--env", show=_show_variable),
        Key("mounts", parse.listed(parse.parse_mount), (), _never, "list", option="--mount",
            show=parse.show_mount),
        Key("publish", parse.listed(parse.parse_publish), (), _never, "list", option="--publish",
            show=parse.show_publish),
        Key("host_services", parse.listed(parse.parse_port), (), _never, "list", option="--host-service"),
        Key("keep_running", _FLAG, False, _only(False), show=_show_flag),
        Key("stop_seconds", parse.parse_seconds, 10, _lower),
        Key("image.ca_certificates", _PATHS, (), _never, "list"),
        Key("claude.version", parse_version, "", _never),
        Key("image.packages", parse.listed(parse.parse_package), (), _never, "list"),
        Key("image.setup", parse.parse_stacked_path, (), _never, "stack"),
        Key("image.containerfile", parse.parse_stacked_path, (), _never, "stack"),
        Key("devcontainer", _FLAG, False, _never, show=_show_flag),
        Key("firewall.mode", _FIREWALL, "block", _later("off", "audit", "block")),
        Key("firewall.allow", _ENTRIES, (), _never, "list"),
        Key("firewall.deny", _ENTRIES, (), _always, "list"),
        Key("firewall.presets", _ENTRIES, (), _never, "list"),
        Key("firewall.telemetry", _FLAG, False, _only(False), show=_show_flag),
        Key("protect", _PROTECT, "auto", _later("off", "warn", "auto", "strict")),
        Key("ssh", _FLAG, False, _only(False), option="--ssh", show=_show_flag),
        Key("notify", _FLAG, False, _only(False), option="--notify", show=_show_flag),
        Key("worktree_metadata", _FLAG, False, _only(False), option="--worktree-metadata", show=_show_flag),
        Key("home.sync", parse.listed(parse.parse_customisation), CUSTOMISATIONS, _part, show=_show_names),
        Key("usage.prices", parse.parse_path, "", _never, projects=False),
        Key("max_running", parse.parse_places, 0, _never, show=lambda value: str(value or ""),
            projects=False),
        Key("database_url", parse.parse_text, "", _never, show=_show_url, projects=False),
    )
}  # fmt: skip
