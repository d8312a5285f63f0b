"""How layers of settings become one, and what a project file may do by itself.

A project file comes with the code it lies beside, and the agent can write it. It may tighten what the user
has set; whatever else it says is *pending* until the user trusts the file, bound to its hash. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contenant.core.settings import KEYS, FirewallSettings, Key, Layer, Origin, PendingItem, Settings
from contenant.core.settings_values import Place, parse_env_item
from contenant.errors import ConfigError, UsageError


class Source(NamedTuple):
    """One layer, parsed: a file, the environment or the command line."""

    layer: Layer
    values: Mapping[str, Any]  # by key name
    origins: Mapping[str, Origin]


class _Merged(NamedTuple):
    values: dict[str, Any]
    origins: dict[str, tuple[Origin, ...]]
    pending: list[PendingItem]


def read_tables(tables: Mapping[str, Any], layer: Layer, file: str, place: Place) -> Source:
    """A parsed TOML document -> Source. Raises ConfigError with `file:key` and the nearest known key."""
    values: dict[str, Any] = {}
    for name, raw in _flatten(tables, file):
        key = KEYS[name]
        if layer == "project" and not key.projects:
            raise ConfigError(
                f"{file}:{name}: a project cannot set this", hint="set it in your own configuration file"
            )
        if not isinstance(raw, list | dict) and key.form == "list":
            raise ConfigError(f"{file}:{name}: not a list: {raw!r}", hint="write it between [ and ]")
        try:
            values[name] = key.parse(raw, place)
        except UsageError as error:
            raise ConfigError(f"{file}:{name}: {error.message}", hint=error.hint) from None
    return Source(layer, values, {name: Origin(layer, file, name) for name in values})


def _flatten(tables: Mapping[str, Any], file: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, raw in tables.items():
        full = f"{prefix}{name}"
        if full in KEYS:
            yield full, raw
        elif not any(known.startswith(f"{full}.") for known in KEYS):
            raise ConfigError(f"{file}:{full}: no such setting", hint=nearest(full, KEYS))
        elif isinstance(raw, dict):
            yield from _flatten(raw, file, f"{full}.")
        else:
            raise ConfigError(f"{file}:{full}: not a table: {raw!r}", hint=f"write [{full}], settings below")


def with_default(source: Source, name: str, value: Any, place: str) -> Source:
    """The source with what a file at its usual place stands for, unless it says something else."""
    if name in source.values:
        return source
    origin = Origin(source.layer, place, name)
    return source._replace(values={**source.values, name: value}, origins={**source.origins, name: origin})


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known names, or all of them."""
    from difflib import get_close_matches  # needed only when something is wrong

    names = list(known)
    close = get_close_matches(name, names, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"


def read_words(layer: Layer, words: Mapping[str, tuple[str, Any]], place: Place) -> Source:
    """Variables or options, key name -> (what it is called there, what was written), to a Source.

    Raises ConfigError for variables and UsageError for options.
    """
    values, origins = {}, {}
    for name, (called, raw) in words.items():
        try:
            values[name] = _read_word(KEYS[name], raw, place)
        except UsageError as error:
            kind = UsageError if layer == "flag" else ConfigError
            raise kind(f"{called}: {error.message}", hint=error.hint) from None
        origins[name] = Origin(layer, called, name)
    return Source(layer, values, origins)


def _read_word(key: Key, raw: Any, place: Place) -> Any:
    if key.form == "table":
        return dict(parse_env_item(item, place) for item in raw)
    return key.parse(raw, place)


def merge(sources: Sequence[Source], trusted: bool) -> Settings:
    """Layers, weakest first, over the defaults. What an untrusted project may not set is `pending`."""
    merged = _Merged(
        {name: key.default for name, key in KEYS.items()},
        {name: (Origin("default", "", name),) if key.form == "one" else () for name, key in KEYS.items()},
        [],
    )
    for source in sources:
        free = source.layer != "project" or trusted
        for name, value in source.values.items():
            step = _ADD[KEYS[name].form]
            step(merged, KEYS[name], value, source.origins[name], free)
    return _settings(merged)


def _set(merged: _Merged, key: Key, value: Any, origin: Origin, free: bool) -> None:
    if free or key.tighter(merged.values[key.name], value):
        merged.values[key.name], merged.origins[key.name] = value, (origin,)
    else:
        merged.pending.append(PendingItem(key.name, key.show(value), origin))


def _extend(merged: _Merged, key: Key, value: Any, origin: Origin, free: bool) -> None:
    for item in value:
        current = merged.values[key.name]
        if item in current:
            continue
        if free or key.tighter(current, item):
            merged.values[key.name] = (*current, item)
            merged.origins[key.name] += (origin,)
        else:
            merged.pending.append(PendingItem(key.name, key.show(item), origin))


def _update(merged: _Merged, key: Key, value: Any, origin: Origin, free: bool) -> None:
    """Variables: the later layer wins name by name; the origins stand in the order of the names."""
    current: dict[str, Any] = merged.values[key.name]
    places = dict(zip(current, merged.origins[key.name], strict=True))
    allowed = dict(value) if free else {}
    for item in value.items():
        if item[0] not in allowed and item not in current.items():
            merged.pending.append(PendingItem(key.name, key.show(item), origin))
    merged.values[key.name] = {**current, **allowed}
    places |= dict.fromkeys(allowed, origin)
    merged.origins[key.name] = tuple(places.values())


_ADD = {"one": _set, "list": _extend, "table": _update, "stack": _extend}


def _settings(merged: _Merged) -> Settings:
    value = merged.values
    return Settings(
        engine=value["engine"],
        cpus=value["cpus"],
        memory=value["memory"],
        pids=value["pids"],
        read_only=value["read_only"],
        env=value["env"],
        mounts=value["mounts"],
        publish=value["publish"],
        host_services=value["host_services"],
        keep_running=value["keep_running"],
        stop_seconds=value["stop_seconds"],
        ca_certificates=value["image.ca_certificates"],
        packages=value["image.packages"],
        setup=value["image.setup"],
        containerfile=value["image.containerfile"],
        claude_version=value["claude.version"],
        devcontainer=value["devcontainer"],
        firewall=FirewallSettings(*(value[f"firewall.{name}"] for name in FirewallSettings._fields)),
        protect=value["protect"],
        ssh=value["ssh"],
        notify=value["notify"],
        worktree_metadata=value["worktree_metadata"],
        home_sync=value["home.sync"],
        database_url=value["database_url"],
        max_running=value["max_running"],
        usage_prices=value["usage.prices"],
        origins=merged.origins,
        pending=tuple(merged.pending),
    )


class SettingRow(NamedTuple):
    """One line of `contenant config show`: a setting, or one item of a list or table. Holds no secret."""

    key: str
    value: str
    layer: Layer
    source: str


def rows(settings: Settings) -> list[SettingRow]:
    """Every setting with where it comes from, in the order of the documentation; an empty list is one row."""
    result = []
    for name, value in _values(settings):
        key, origins = KEYS[name], settings.origins[name]
        items = [value] if key.form == "one" else list(value.items() if key.form == "table" else value)
        for item, origin in zip(items, origins, strict=True):
            result.append(SettingRow(name, key.show(item), origin.layer, origin.source))
        if not items:
            result.append(SettingRow(name, "", "default", ""))
    return result


def _values(settings: Settings) -> Iterator[tuple[str, Any]]:
    for name in KEYS:
        table, dot, field = name.partition(".")
        if table == "firewall" and dot:
            yield name, getattr(settings.firewall, field)
        elif table == "image":
            yield name, getattr(settings, field)
        else:
            yield name, getattr(settings, name.replace(".", "_"))
