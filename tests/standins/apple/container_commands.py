"""The subcommands on containers (the command structs of apple/container, first tags from its history)."""

from __future__ import annotations

from .flags import (
    ALL,
    DEBUG,
    FETCH,
    ID,
    IDS,
    MANAGEMENT,
    PROCESS,
    PROGRESS,
    QUIET,
    REGISTRY,
    RESOURCE,
    RUN_WORDS,
    flag,
    formats,
    option,
)
from .grammar import Command, Positional

CONTAINER = (
    Command(
        ("run",),
        "Run a container",
        (*PROCESS, *RESOURCE, *MANAGEMENT, *REGISTRY, *PROGRESS, *FETCH, DEBUG),
        RUN_WORDS,
        ping=True,
    ),
    Command(
        ("create",),
        "Create a new container",
        (*PROCESS, *RESOURCE, *MANAGEMENT, *REGISTRY, *FETCH, DEBUG),
        RUN_WORDS,
        ping=True,
    ),
    Command(("start",), "Start a container", (flag("-a,--attach"), flag("-i,--interactive"), DEBUG), (ID,)),
    Command(
        ("stop",),
        "Stop one or more running containers",
        (ALL, option("-s,--signal"), option("-t,--time", type="int"), DEBUG),
        (IDS,),
    ),
    Command(
        ("kill",),
        "Kill or signal one or more running containers",
        (ALL, option("-s,--signal"), DEBUG),
        (IDS,),
    ),
    Command(("delete",), "Delete one or more containers", (ALL, flag("-f,--force"), DEBUG), (IDS,), ("rm",)),
    Command(
        ("exec",),
        "Run a new command in a running container",
        (*PROCESS, flag("-d,--detach"), DEBUG),
        (ID, Positional("arguments", passthrough=True)),
    ),
    Command(("prune",), "Remove all stopped containers", (DEBUG,), since=(0, 9)),
    Command(("clean",), "Reclaim unused space in containers", (DEBUG,), (IDS,), since=(1, 4, 1)),
    Command(("list",), "List containers", (ALL, *formats(), QUIET, DEBUG), aliases=("ls",)),
    Command(
        ("inspect",),
        "Display information about one or more containers",
        (DEBUG,),
        (Positional("container_ids", repeat=True),),
    ),
    Command(
        ("logs",),
        "Fetch container logs",
        (flag("--boot"), flag("-f,--follow"), option("-n", key="lines", label="n", type="int"), DEBUG),
        (ID,),
    ),
    Command(
        ("stats",),
        "Display resource usage statistics for containers",
        (*formats((0, 7)), flag("--no-stream"), DEBUG),
        (IDS,),
        since=(0, 7),
    ),
    Command(
        ("copy",),
        "Copy files/folders between a container and the local filesystem",
        (DEBUG,),
        (Positional("source"), Positional("destination")),
        ("cp",),
        since=(1,),
    ),
    Command(
        ("export",),
        "Export a container's filesystem as a tar archive",
        (option("-o,--output"), DEBUG),
        (ID,),
        since=(0, 10),
    ),
)
