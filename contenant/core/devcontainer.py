"""`.devcontainer/devcontainer.json`: what of it contenant understands, and what it leaves out. Pure.

Names of properties: containers.dev, "Dev Container metadata reference". The image of a dev container has
neither the firewall nor the agent; so only a plain Debian is taken, and contenant's base put in its place.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from contenant.core.containerfile import BASE
from contenant.core.settings_values import Place, parse_env_item, parse_mount
from contenant.core.values import Mount
from contenant.errors import ConfigError, UsageError

_DEBIAN = re.compile(
    r"(docker\.io/(library/)?|library/)?debian(:[\w.-]+)?(@sha256:[0-9a-f]{64})?"
    r"|mcr\.microsoft\.com/(vscode/)?devcontainers/base"
    r"(:([\w.]+-)?(debian|buster|bullseye|bookworm|trixie)[\w.-]*)?"
)
# Properties of an editor's, or that say nothing about the container.
_SILENT = frozenset({"$schema", "name", "customizations", "settings", "extensions", "portsAttributes"})
_UNDERSTOOD = frozenset(
    {"image", "build", "dockerFile", "context", "containerEnv", "mounts", "postCreateCommand"}
)
_REASONS = {
    "features": "install what they bring by a Containerfile, or by image.packages",
    "runArgs": "contenant alone says how a container is made",
    "forwardPorts": "use the setting publish",
    "remoteUser": "the agent is always claude",
    "containerUser": "the agent is always claude",
    "remoteEnv": "use containerEnv or the setting env",
    "privileged": "no container is privileged",
    "capAdd": "no container has more capabilities than contenant's",
    "dockerComposeFile": "one container per project",
}


class DevContainer(NamedTuple):
    """What is taken of the file."""

    image: str  # "" where a file is built, or nothing said
    dockerfile: str  # relative to the file's directory, "" for none
    context: str  # likewise
    arguments: Mapping[str, str]
    env: Mapping[str, str | None]
    mounts: tuple[Mount, ...]
    post_create: tuple[str, ...]  # a command, () for none
    notes: tuple[str, ...]  # what is left out, and why


def read(text: str, path: str, place: Place) -> DevContainer:
    """The file at `path`; `place.base` is the project's directory.

    Raises ConfigError where it is no JSON with comments, or a property that is understood has another form.
    """
    data = _parse(text, path)
    build = data.get("build", {})
    if not isinstance(build, dict):
        raise _wrong(path, "build", "not an object")
    notes: list[str] = [
        f"{name} is left out" + (f": {_REASONS[name]}" if name in _REASONS else "")
        for name in data
        if name not in _UNDERSTOOD | _SILENT
    ]
    notes += [f"build.{name} is left out" for name in build if name not in ("dockerfile", "context", "args")]
    return DevContainer(
        image=_text(data, "image", path),
        dockerfile=_text(build, "dockerfile", path) or _text(data, "dockerFile", path),
        context=_text(build, "context", path) or _text(data, "context", path) or ".",
        arguments=_arguments(build, path),
        env=_env(data.get("containerEnv", {}), path, place, notes),
        mounts=_mounts(data.get("mounts", []), path, place, notes),
        post_create=_command(data.get("postCreateCommand", ""), path),
        notes=tuple(notes),
    )


def on_base(text: str, path: str, arguments: Mapping[str, str]) -> str:
    """A Dockerfile whose last stage starts from a plain Debian, with contenant's base in its place.

    Raises ConfigError where it starts from something else.
    """
    lines = text.splitlines()
    froms = [number for number, line in enumerate(lines) if re.match(r"\s*FROM\s", line, re.IGNORECASE)]
    if not froms:
        raise ConfigError(f"{path}:1: it has no FROM", hint="begin it with FROM debian:trixie")
    known = {
        match[1]: match[2].strip("\"'")
        for line in lines[: froms[0]]
        if (match := re.fullmatch(r"\s*ARG\s+(\w+)=(\S*)\s*", line, re.IGNORECASE))
    } | dict(arguments)
    words = lines[froms[-1]].split()
    image = re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: known.get(found[1] or found[2], found[0]), words[1])
    if image != BASE:
        check_image(image, f"{path}:{froms[-1] + 1}")
    lines[froms[-1]] = " ".join(["FROM", BASE, *words[2:]])
    return "\n".join(lines) + "\n"


def check_image(image: str, where: str) -> None:
    """Raise ConfigError for an image that contenant's base cannot stand in for."""
    if not _DEBIAN.fullmatch(image):
        raise ConfigError(
            f"{where}: {image} is not taken: contenant's base, which is Debian, replaces a plain Debian only",
            hint=f"write a .contenant/Containerfile, FROM {BASE}, or take devcontainer = true away",
        )


def _parse(text: str, path: str) -> dict[str, Any]:
    """JSON with // and /* */ comments and commas before a closing bracket."""
    token = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
    bare = token.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
    ended = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.DOTALL)
    try:
        data = json.loads(ended.sub(lambda found: "" if found[0] == "," else found[0], bare))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON with comments: {error}", hint="correct the file") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: not an object", hint="correct the file")
    return data


def _wrong(path: str, name: str, reason: str) -> ConfigError:
    return ConfigError(f"{path}:{name}: {reason}", hint="correct the file")


def _text(data: Mapping[str, Any], name: str, path: str) -> str:
    found = data.get(name, "")
    if not isinstance(found, str) or "\n" in found or "\0" in found:
        raise _wrong(path, name, "not a text of one line")
    return found


def _arguments(build: Mapping[str, Any], path: str) -> dict[str, str]:
    found = build.get("args", {})
    if not isinstance(found, dict) or not all(
        re.fullmatch(r"\w+", name) and isinstance(value, str) and "${" not in value
        for name, value in found.items()
    ):
        raise _wrong(path, "build.args", "not an object of plain texts")
    return found


def _expand(text: str, place: Place) -> str:
    """The variables that mean the same in contenant."""
    text = text.replace("${localWorkspaceFolder}", place.base).replace(
        "${containerWorkspaceFolder}", "/project"
    )
    return text.replace("${localWorkspaceFolderBasename}", place.base.rpartition("/")[2])


def _env(found: Any, path: str, place: Place, notes: list[str]) -> dict[str, str | None]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise _wrong(path, "containerEnv", "not an object of texts")
    result: dict[str, str | None] = {}
    for name, raw in found.items():
        value = _expand(raw, place)
        try:
            key, _ = parse_env_item(f"{name}=", place)
        except UsageError as error:
            raise _wrong(path, "containerEnv", error.message) from None
        if value == f"${{localEnv:{name}}}":
            result[key] = None
        elif "${" in value:
            notes.append(f"containerEnv.{name} is left out: {value} is not known here")
        else:
            result[key] = value
    return result


def _mounts(found: Any, path: str, place: Place, notes: list[str]) -> tuple[Mount, ...]:
    if not isinstance(found, list):
        raise _wrong(path, "mounts", "not a list")
    result = []
    for one in found:
        parts = _mount_parts(one)
        source, target = parts.get("source", parts.get("src", "")), parts.get("target", parts.get("dst", ""))
        source = _expand(source, place)
        if parts.get("type", "bind") != "bind" or not source or "${" in source + target:
            notes.append(
                f"a mount at {target or '?'} is left out: only directories of this machine are mounted"
            )
            continue
        read_only = "readonly" in parts or "ro" in parts
        try:
            result.append(parse_mount(f"{source}:{target}{':ro' if read_only else ''}", place))
        except UsageError as error:
            raise _wrong(path, "mounts", error.message) from None
    return tuple(result)


def _mount_parts(one: Any) -> dict[str, str]:
    """`source=…,target=…,type=bind,readonly`, or the same as an object."""
    if isinstance(one, dict):
        return {str(name): str(value) for name, value in one.items() if value not in (False, None)}
    parts = (word.partition("=") for word in str(one).split(","))
    return {name.strip(): value.strip() for name, _, value in parts if value.strip() != "false"}


def _command(found: Any, path: str) -> tuple[str, ...]:
    """A text is the shell's, a list is a command; an object's are run one after the other."""
    if isinstance(found, str):
        return ("sh", "-c", found) if found.strip() else ()
    if isinstance(found, list) and found and all(isinstance(word, str) for word in found):
        return tuple(found)
    if isinstance(found, dict) and found and all(isinstance(one, str) for one in found.values()):
        return ("sh", "-c", " && ".join(f"({one})" for one in found.values()))
    raise _wrong(path, "postCreateCommand", "neither a text nor a list of texts")
