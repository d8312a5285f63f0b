"""Flags that several subcommands share, gated by release (Flags.swift of apple/container)."""

from __future__ import annotations

from .grammar import NEVER, Gate, Option, Positional


def option(
    names: str,
    kind: str = "value",
    key: str = "",
    label: str = "",
    type: str = "str",  # noqa: A002
    choices: str = "",
    since: Gate = (0,),
    until: Gate = NEVER,
    sets: bool = True,
) -> Option:
    """An Option from `-n,--name`; the key is the last long name in snake case, the label its words."""
    words = tuple(names.split(","))
    long = next((word for word in reversed(words) if word.startswith("--")), words[0]).lstrip("-")
    return Option(
        words,
        key or long.replace("-", "_"),
        kind,
        label or long,
        type,
        tuple(filter(None, choices.split("|"))),
        since,
        until,
        "",
        sets,
    )


def flag(names: str, key: str = "", since: Gate = (0,), until: Gate = NEVER) -> Option:
    """A flag."""
    return option(names, "flag", key, since=since, until=until)


def formats(since: Gate = (0,)) -> tuple[Option, ...]:
    """`--format` with the values of each release: yaml from 0.12, toml from 1.0."""
    rows: tuple[tuple[str, Gate, Gate], ...] = (
        ("json|table", (0,), (0, 12)),
        ("json|table|yaml", (0, 12), (1,)),
        ("json|table|yaml|toml", (1,), NEVER),
    )
    return tuple(
        option("--format", choices=values, since=max(first, since), until=until)
        for values, first, until in rows
        if until > since
    )


DEBUG = flag("--debug")
QUIET = flag("-q,--quiet")
ALL = flag("-a,--all")
IDS = Positional("container_ids", optional=True, repeat=True)
ID = Positional("container_id")

PROCESS = (
    option("-e,--env", "list"),
    option("--env-file", "list"),
    option("--gid", type="uint"),
    flag("-i,--interactive"),
    flag("-t,--tty"),
    option("-u,--user"),
    option("--uid", type="uint"),
    option("-w,--workdir,--cwd", key="cwd", label="dir"),
    option("--ulimit", "list", label="limit", since=(0, 9)),
)
RESOURCE = (option("-c,--cpus", type="int"), option("-m,--memory"))
DNS = (
    option("--dns", "list", label="ip"),
    option("--dns-domain", label="domain"),
    option("--dns-option", "list", label="option"),
    option("--dns-search", "list", label="domain"),
)
BUILD_DNS = tuple(row._replace(since=(0, 9)) for row in DNS)
MANAGEMENT = (
    option("-a,--arch"),
    option("--cap-add", "list", label="cap", since=(0, 12)),
    option("--cap-drop", "list", label="cap", since=(0, 12)),
    option("--cidfile"),
    flag("-d,--detach"),
    *DNS,
    option("--entrypoint", label="cmd"),
    flag("--init", since=(0, 10)),
    option("--init-image", label="image", since=(0, 10)),
    option("-k,--kernel", label="path"),
    option("--kernel-arg", "list", label="arg", since=(1, 2)),
    option("-l,--label", "list"),
    option("--masked-path", "list", label="path", since=(1, 2, 1)),
    option("--mount", "list"),
    option("--name"),
    option("--network", "list"),
    flag("--no-dns"),
    option("--os"),
    option("-p,--publish", "list", label="spec"),
    option("--platform"),
    option("--publish-socket", "list", label="spec"),
    flag("--read-only", since=(0, 8)),
    option("--read-only-path", "list", label="path", since=(1, 2, 1)),
    flag("--rm,--remove"),
    flag("--rosetta", since=(0, 7)),
    option("--runtime", since=(0, 10)),
    option("--shm-size", since=(1,)),
    flag("--ssh"),
    option("--tmpfs", "list"),
    option("-v,--volume", "list"),
    flag("--virtualization"),
)
REGISTRY = (option("--scheme"),)
FETCH = (option("--max-concurrent-downloads", type="int", since=(0, 7, 1)),)
PROGRESS = (
    option("--progress", label="type", choices="none|ansi", since=(0, 7), until=(0, 12)),
    option("--progress", label="type", choices="auto|none|ansi|plain|color", since=(0, 12)),
)
PLATFORM = (option("-a,--arch"), option("--os"), option("--platform"))
RUN_WORDS = (Positional("image"), Positional("arguments", optional=True, passthrough=True))
