"""Reads the layers of settings from the disk, the environment and the command line.

Every start comes here: what costs an import is imported only where a file exists or something is wrong.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant import files, paths
from contenant.core.settings import KEYS, Settings
from contenant.core.settings_layers import Source, merge, nearest, read_tables, read_words, with_default
from contenant.core.settings_values import Forbidden, Place, parse_mount, refuse_source, show_mount
from contenant.core.values import Mount
from contenant.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from contenant.core.layer import Layer
    from contenant.devcontainer_files import Found

PROJECT_FILE = ".contenant.toml"
CONTAINERFILE = "Containerfile"  # beside the user's settings, or in a project's `.contenant`
MAX_BYTES = 256 * 1024
_PREFIX = "CONTENANT_"
_OF_LAYERS = ("image.packages", "image.setup", "image.containerfile", "devcontainer")
_VARIABLES = {
    _PREFIX + name.upper().replace(".", "_"): name for name, key in KEYS.items() if key.form != "table"
}


class ConfigFile(NamedTuple):
    """A configuration file as it was read: the hash is of the very bytes that were parsed."""

    path: str
    tables: Mapping[str, Any]
    hash: str  # SHA-256, 64 hex digits; "" for the user's own file


class ProjectAsks(NamedTuple):
    """Everything that a project asks for, trusted or not."""

    path: str  # of its settings, whether or not there are any
    source: Source
    hash: str  # of the bytes of the settings, of a dev container's file and of the layer, 64 hex digits
    layer: "Layer | None"
    devcontainer: "Found | None"


def user_path() -> Path:
    """Where the user's settings are, whether or not the file exists."""
    return paths.config_dir() / "config.toml"


def project_path(project: Path) -> Path:
    """Where a project's settings are, whether or not the file exists."""
    return project / PROJECT_FILE


def load(
    project: Path | None, env: Mapping[str, str], flags: Mapping[str, Any], *, trusted_hash: str = ""
) -> Settings:
    """All layers as one: default < user < project < environment < command line.

    `flags` holds what was given, key name -> text, number, truth or, for lists, texts; None and () mean not
    given. `trusted_hash` is the hash of the project file the user trusts. Raises ConfigError, and UsageError
    for flags. What an untrusted project asks for is in `Settings.pending`.
    """
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib costs more, and raises where there is no home
    sources = _user_layer(home)
    later = []
    if words := _variables(env):
        later.append(read_words("env", words, _here(home)))
    if words := _options(flags):
        later.append(read_words("flag", words, _here(home)))
    asks = None
    if project is not None:
        wanted = any(source.values.get("devcontainer") for source in (*sources, *later))
        asks = project_asks(project, devcontainer=wanted)
        sources += [asks.source] if asks else []
    sources += later
    trusted = asks is not None and asks.hash == trusted_hash
    settings = merge(sources, trusted=trusted)
    if settings.packages or settings.setup or settings.containerfile:
        from contenant import layer_files  # few have a layer

        theirs = asks.layer if asks is not None and trusted else None
        settings = settings._replace(layers=layer_files.chain(settings, theirs))
    if asks is not None and asks.devcontainer is not None and trusted:
        from contenant import project_layers

        settings = project_layers.with_devcontainer(settings, asks, asks.devcontainer)
    return settings._replace(project_file=asks.path, project_hash=asks.hash) if asks else settings


def _here(home: str) -> Place:
    try:
        return Place(home, os.getcwd())  # noqa: PTH109 - a text is wanted
    except FileNotFoundError:  # the working directory was removed
        return Place(home, "/")


def database_url(env: Mapping[str, str]) -> str:
    """The database's address from the user's file and the environment, "" for the one in the state directory.

    The database says which project files are trusted, so no project is asked here. Raises ConfigError.
    """
    return load(None, env, {}).database_url


def _user_layer(home: str) -> list[Source]:
    path = user_path()
    data, default = _read(path, follow=True), str(path.with_name(CONTAINERFILE))
    there = os.path.lexists(default)
    if data is None and not there:
        return []
    tables = {} if data is None else _parse(data, path)
    source = read_tables(tables, "user", str(path), Place(home, str(path.parent)))
    return [with_default(source, "image.containerfile", (default,), default) if there else source]


def asks_for_something(project: str) -> bool:
    """Whether a project has anything that could be trusted: cheap, for every start asks."""
    return os.path.lexists(f"{project}/{PROJECT_FILE}") or any(
        os.path.lexists(f"{project}/{name}") for name in (".contenant", ".devcontainer")
    )


def project_asks(project: Path, *, devcontainer: bool) -> ProjectAsks | None:
    """What the project asks for, None where it has no settings and no layer. Raises ConfigError.

    `devcontainer`: whether the user wants a dev container's file to be taken; the project itself may say so.
    """
    found, default = read_project(project), f"{project}/.contenant/{CONTAINERFILE}"
    there = os.path.lexists(default)
    if found is None and not there and not devcontainer:
        return None
    path, home = str(project_path(project)), os.path.expanduser("~")  # noqa: PTH111 - as above
    source = read_tables(found.tables if found else {}, "project", path, Place(home, str(project)))
    if there:
        source = with_default(source, "image.containerfile", (default,), default)
    asks = ProjectAsks(path, source, found.hash if found else "", None, None)
    if devcontainer or not source.values.keys().isdisjoint(_OF_LAYERS):
        from contenant import project_layers  # few have a layer

        asks = project_layers.complete(asks, str(project), home, devcontainer=devcontainer)
    return asks if asks.source.values or found else None


def read_project(project: Path) -> ConfigFile | None:
    """A project's file, or None. Raises ConfigError where it is a link, no file, too large or not TOML."""
    path = project_path(project)
    data = _read(path, follow=False)
    if data is None:
        return None
    import hashlib  # only projects with a file pay for it

    return ConfigFile(str(path), _parse(data, path), hashlib.sha256(data).hexdigest())


def _read(path: Path, *, follow: bool) -> bytes | None:
    try:
        return files.read(path, MAX_BYTES, follow=follow)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}", hint="make it a plain file that you can read"
        ) from error


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    import tomllib  # only starts that find a file pay for it

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", hint="correct the file") from error


def _variables(env: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    """Settings among the variables. A name that is almost one of ours is refused as a slip of the pen."""
    words, others = {}, []
    for name in env:
        if not name.startswith(_PREFIX):
            continue
        if (key := _VARIABLES.get(name)) is None:
            others.append(name)
        elif env[name]:
            words[key] = (name, env[name])
    _refuse_slips(others)
    return words


def _refuse_slips(names: Iterable[str]) -> None:
    for name in names:
        if name in ("CONTENANT_HOME", "CONTENANT_FORMAT", "CONTENANT_COLOR"):
            continue
        from difflib import SequenceMatcher  # only where there is a variable that we do not know

        if any(SequenceMatcher(None, name, known).ratio() > 0.93 for known in _VARIABLES):
            raise ConfigError(f"{name}: no such setting", hint=nearest(name, _VARIABLES))


def _options(flags: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    return {
        name: (KEYS[name].option or f"--{name}", raw)
        for name, raw in flags.items()
        if raw is not None and raw != ()
    }


def pending_message(settings: Settings) -> str:
    """One line that says what untrusted files of a project ask for and how to grant it; "" where nothing."""
    if not settings.pending:
        return ""
    *others, last = dict.fromkeys(item.origin.source for item in settings.pending)
    who = f"{', '.join(others)} and {last} ask" if others else f"{last} asks"
    asked = "; ".join(f"{item.key} {item.text}" for item in settings.pending[:8])
    asked += "; …" if len(settings.pending) > 8 else ""
    return f"{who} for more than you allow: {asked}. It has no effect before `contenant config trust`."


def absolute_mounts(texts: Sequence[str]) -> tuple[str, ...]:
    """`--mount` as it can be kept: read again from another directory, it means the same.

    What is no mount stays as it is, for `load` to refuse.
    """
    if not texts:
        return ()
    here = _here(os.path.expanduser("~"))  # noqa: PTH111 - as above
    return tuple(_absolute_mount(text, here) for text in texts)


def _absolute_mount(text: str, here: Place) -> str:
    try:
        return show_mount(parse_mount(text, here))
    except UsageError:
        return text


def usable_mounts(settings: Settings, project: Path, env: Mapping[str, str]) -> tuple[Mount, ...]:
    """The mounts with their real source paths. Raises ConfigError, naming where the mount was asked for.

    Refused: what is no directory, `/`, the home directory, contenant's own directories, the engines' sockets
    and stores, the agent's credentials, a target taken twice, and the project itself a second time, writable.
    """
    if not settings.mounts:
        return ()
    forbidden, usable = forbidden_sources(env), {}
    for mount, origin in zip(settings.mounts, settings.origins["mounts"], strict=True):
        try:
            real = _real_source(mount, project, forbidden)
            if mount.target in usable:
                raise UsageError(
                    f"two mounts at {mount.target}", hint="choose another target for one of them"
                )
        except UsageError as error:
            raise ConfigError(f"{origin.source}:mounts: {error.message}", hint=error.hint) from None
        usable[mount.target] = mount._replace(source=real)
    return tuple(usable.values())


def _real_source(mount: Mount, project: Path, forbidden: tuple[Forbidden, ...]) -> str:
    real = os.path.realpath(mount.source)
    refuse_source(real, forbidden)
    if not os.path.isdir(real):  # noqa: PTH112 - a text is at hand
        raise UsageError(f"{mount.source} is not a directory", hint="only directories can be mounted")
    if not mount.read_only:
        refuse_source(real, [Forbidden(str(project), "the project itself")])
    return real


def forbidden_sources(env: Mapping[str, str]) -> tuple[Forbidden, ...]:
    """What no container may see, each as it is called and as it really is."""
    home = os.path.expanduser("~")  # noqa: PTH111 - as above
    own = (paths.state_dir(), paths.config_dir(), paths.cache_dir())
    claude = env.get("CLAUDE_CONFIG_DIR") or f"{home}/.claude"
    entries = [
        Forbidden(home, "the home directory", parts=True),
        Forbidden(f"{claude}/.credentials.json", "the agent's credentials"),
        *(Forbidden(str(path), "contenant's own directory") for path in own),
        *(Forbidden(path, "an engine's socket or store") for path in _engine_places(home, env)),
    ]
    if agent := env.get("SSH_AUTH_SOCK"):
        entries.append(Forbidden(agent, "the SSH agent's socket"))
    real = [entry._replace(path=os.path.realpath(entry.path)) for entry in entries]
    return tuple(dict.fromkeys((*entries, *real)))


def _engine_places(home: str, env: Mapping[str, str]) -> list[str]:
    """Sockets and stores of the engines: who holds one holds the host."""
    places = [
        "/var/run/docker.sock", "/run/docker.sock", "/run/podman", "/var/run/podman", "/run/containerd",
        "/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", f"{home}/.docker/run",
        f"{home}/.local/share/containers", f"{home}/.local/share/docker", f"{home}/.colima",
        f"{home}/.lima", f"{home}/.orbstack", f"{home}/.rd",
        f"{home}/Library/Containers/com.docker.docker",
        f"{home}/Library/Application Support/com.apple.container",
    ]  # fmt: skip
    if runtime := env.get("XDG_RUNTIME_DIR"):
        places += [f"{runtime}/docker.sock", f"{runtime}/podman", f"{runtime}/containers"]
    for variable in ("DOCKER_HOST", "CONTAINER_HOST"):
        if (address := env.get(variable, "")).startswith("unix://"):
            places.append(address.removeprefix("unix://"))
    return places


def caller_env(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """The variables for the session: those asked for by name alone are taken from `env`, or left out."""
    wanted = {name: env.get(name) if value is None else value for name, value in settings.env.items()}
    return {name: value for name, value in wanted.items() if value is not None}
