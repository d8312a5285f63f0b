"""build: Apple's checks and output around podman's build.

Traps carried over: a Dockerfile of 16384 bytes or more is refused (issue 735); a context reached through
a symlink, or below /tmp or /var (which are symlinks on a Mac), is sent empty without a word (issue 2285).
FROM finds local images by Apple's names; what is not local is pulled, which fails where there is no
registry.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from . import refs
from .builder import started
from .call import Call, complain, say
from .create import architecture
from .errors import AppleError, ParseError
from .images import describe, fetch, next_number, put, ready
from .podman import end_with_parent
from .state import State

MAXIMUM = 16 * 1024
FROM = re.compile(r"(\s*FROM\s+(?:--platform=\S+\s+)?)(\S+)((?:\s+AS\s+(\S+))?\s*)", re.IGNORECASE)
ARG = re.compile(r"\s*ARG\s+(\w+)(?:=(.*))?", re.IGNORECASE)
COPY_FROM = re.compile(r"--from=(\S+)")
MAC_LINKS = ("/tmp", "/var")


def validate(call: Call) -> None:
    """What the command line itself refuses. Raises ParseError (64)."""
    args = call.args
    context = args["context_dir"] or "."
    if not os.path.exists(context):
        raise ParseError(f"context dir does not exist {context}")
    for name in args["tag"]:
        try:
            refs.parse(name)
        except AppleError as error:
            raise ParseError(f"invalid reference {name}") from error
    dockerfile(call)
    for secret in args["secret"]:
        check_secret(call, secret)
    if args["ssh"] not in (None, "", "default"):
        raise ParseError("only --ssh default is currently supported")
    if args["ssh"] == "default" and "SSH_AUTH_SOCK" not in call.environ:
        raise ParseError("--ssh default requires SSH_AUTH_SOCK to be set")


def check_secret(call: Call, secret: str) -> None:
    """One --secret. Raises ParseError."""
    head, comma, tail = secret.partition(",")
    key = head.removeprefix("id=")
    if not head.startswith("id="):
        raise ParseError(f"secret must start with id=<key> {secret}")
    if "=" in key:
        raise ParseError(f"secret id cannot contain '=' {key}")
    variable = tail.removeprefix("env=") if comma else key
    if (not comma or tail.startswith("env=")) and variable not in call.environ:
        raise ParseError(f"secret env var doesn't exist {variable}")
    if comma and not tail.startswith(("env=", "src=")):
        raise ParseError(f"secret bad value {tail}")


def dockerfile(call: Call) -> str:
    """The Dockerfile's path, or `-`. Raises ParseError."""
    given: str | None = call.args["file"]
    if given == "-":
        return "-"
    if given is not None:
        if not os.path.exists(given):
            raise ParseError(f"dockerfile does not exist {given}")
        return os.path.abspath(given)
    context = call.args["context_dir"] or "."
    for name in ("Dockerfile", "Containerfile"):
        if os.path.exists(os.path.join(context, name)):
            return os.path.abspath(os.path.join(context, name))
    raise ParseError("dockerfile not found in context dir")


def arrives_empty(call: Call, context: str) -> bool:
    """Whether the context reaches the builder without its files."""
    path = os.path.abspath(context)
    real = os.path.realpath(path)
    below = any(real == link or real.startswith(f"{link}/") for link in MAC_LINKS)
    return path != real or (below and not call.settings.allow_tmp)


def substitute(text: str, variables: dict[str, str]) -> str:
    """`$NAME`, `${NAME}` and `${NAME:-default}` in a FROM."""

    def value(match: re.Match[str]) -> str:
        name: str = match[1] or match[3]
        fallback: str = match[2] or ""
        return variables.get(name) or fallback

    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)", value, text)


def resolve_stages(
    text: str, variables: dict[str, str], resolve: Callable[[str], str]
) -> tuple[str, dict[str, str]]:
    """The Dockerfile with every FROM an image of podman's, and such names for COPY --from. Raises
    AppleError.
    """
    stages: set[str] = set()
    known = {"TARGETARCH": architecture(), "TARGETOS": "linux", "TARGETPLATFORM": f"linux/{architecture()}"}
    seen_from = False
    lines, contexts = [], {}
    for line in text.splitlines():
        if not seen_from and (argument := ARG.fullmatch(line)):
            known[argument[1]] = variables.get(
                argument[1], substitute((argument[2] or "").strip("\"'"), known)
            )
        if match := FROM.fullmatch(line):
            seen_from = True
            name = substitute(match[2], {**known, **variables})
            local = name.lower() in stages or name == "scratch"
            line = substitute(match[1], known) + (name if local else resolve(name)) + match[3]
            stages |= {match[4].lower()} if match[4] else set()
        elif (match := COPY_FROM.search(line)) and match[1].lower() not in stages and not match[1].isdigit():
            contexts[match[1]] = resolve(match[1])
        lines.append(line)
    return "\n".join(lines) + "\n", contexts


def read_dockerfile(call: Call, path: str) -> str:
    """The text. Raises AppleError when it is too large."""
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    if len(data) >= MAXIMUM:
        if not call.at_least(1):
            raise AppleError("Transport became inactive", "unknown")
        raise AppleError(
            f'invalidArgument: "Dockerfile size ({len(data)} bytes) exceeds the maximum allowed size of '
            f'{MAXIMUM} bytes. See https://github.com/apple/container/issues/735."'
        )
    return data.decode()


def secret_words(call: Call, scratch: Path) -> list[str]:
    """podman's flags for the secrets."""
    words = []
    for number, secret in enumerate(call.args["secret"]):
        head, comma, tail = secret.partition(",")
        key = head.removeprefix("id=")
        source = Path(tail.removeprefix("src="))
        if not tail.startswith("src="):
            source = scratch / f"secret-{number}"
            source.touch(mode=0o600)
            source.write_text(call.environ[tail.removeprefix("env=") if comma else key])
        words += ["--secret", f"id={key},src={source}"]
    return words


def check_platforms(call: Call) -> None:
    """Only the host's platform can be built here. Raises AppleError."""
    for text in call.args["platform"] or [f"linux/{arch}" for arch in call.args["arch"]]:
        for one in text.split(","):
            if one.split("/")[:2] != ["linux", architecture()]:
                raise AppleError(f"invalid platform specified {one}")


def podman_words(call: Call, scratch: Path, path: str, number: int, contexts: dict[str, str]) -> list[str]:
    """The whole podman build."""
    args = call.args
    words = [
        "build",
        "--pull=never",
        "--tag",
        call.podman.image(number),
        "--file",
        str(scratch / "Dockerfile"),
    ]
    words += ["--no-cache"] if args["no_cache"] else []
    for name, image in contexts.items():
        words += ["--build-context", f"{name}=container-image://{image}"]
    for flag, key in (("--build-arg", "build_arg"), ("--label", "label"), ("--dns", "dns")):
        for value in args[key]:
            words += [flag, value]
    words += ["--target", args["target"]] if args["target"] else []
    words += secret_words(call, scratch)
    context = args["context_dir"] or "."
    if path != "-" and os.path.exists(f"{path}.dockerignore"):
        words += ["--ignorefile", f"{path}.dockerignore"]
    empty = scratch / "empty"
    empty.mkdir()
    return [*words, str(empty) if arrives_empty(call, context) else context]


def stream(call: Call, words: list[str]) -> None:
    """Run podman build, its lines on stderr as BuildKit's plain progress. Raises AppleError."""
    received: list[int] = []
    with subprocess.Popen(
        ["podman", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=call.podman.environment(),
        preexec_fn=end_with_parent,
    ) as child:

        def interrupt(number: int, _frame: object) -> None:
            received.append(number)
            child.terminate()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, interrupt)
        assert child.stdout is not None
        last = show(call, child.stdout)
    if received:
        raise AppleError(f'interrupted: "exiting on signal {received[0]}"', "interrupted")
    if child.returncode != 0:
        raise AppleError(f'unknown: "failed to solve: {last.removeprefix("Error: ")}"', "unknown")


def show(call: Call, lines: Iterable[str]) -> str:
    """Print the lines of a build as numbered steps, unless it is to be quiet; the last of them."""
    step, last = 1, ""
    for line in lines:
        last = line.strip() or last
        step += "STEP " in line
        if not call.args["quiet"]:
            complain(f"#{step} {line.rstrip()}")
    return last


def build(call: Call) -> int:
    """`container build`: one normalized name per line on stdout (1.0), everything else on stderr."""
    args = call.args
    if args["progress"] == "tty" and not os.isatty(2):
        raise AppleError("the provided fd is not a pty", "internalError")
    path = dockerfile(call)
    check_platforms(call)
    with call.store.transaction() as state:
        started(call, state, args["cpus"], args["memory"])
    text = read_dockerfile(call, path)
    names = [refs.normalize(name) for name in args["tag"] or [str(uuid.uuid4())]]
    variables = dict(pair.partition("=")[::2] for pair in args["build_arg"])
    with tempfile.TemporaryDirectory(dir=ready(call)) as directory:
        scratch = Path(directory)
        with call.store.transaction() as state:
            number = next_number(state)
            source, contexts = resolve_stages(text, variables, lambda name: local_name(call, state, name))
        (scratch / "Dockerfile").write_text(source)
        stream(call, podman_words(call, scratch, path, number, contexts))
    with call.store.transaction() as state:
        for name in names:
            put(call, state, describe(call, number, name, name, built=True))
    for name in names:
        say(name if call.at_least(1) else f"Successfully built {name}")
    return 0


def local_name(call: Call, state: State, name: str) -> str:
    """podman's tag of the image a FROM names. Raises AppleError."""
    began = time.monotonic()
    found = fetch(call, state, name)
    if not call.args["quiet"]:
        complain(f"#1 [internal] load metadata for {found['reference']} ({time.monotonic() - began:.1f}s)")
    return call.podman.image(found["number"])
