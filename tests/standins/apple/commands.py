"""Every subcommand of Apple's container, each gated by the releases that have it.

Sources: the command structs of apple/container; first tags from its history.
"""

from __future__ import annotations

from .container_commands import CONTAINER
from .flags import (
    ALL,
    BUILD_DNS,
    DEBUG,
    FETCH,
    PLATFORM,
    PROGRESS,
    QUIET,
    REGISTRY,
    RESOURCE,
    flag,
    formats,
    option,
)
from .grammar import Command, Positional

IMAGES = Positional("images", optional=True, repeat=True)
IMAGE = (
    Command(
        ("image", "list"), "List images", (*formats(), QUIET, flag("-v,--verbose"), DEBUG), aliases=("ls",)
    ),
    Command(
        ("image", "inspect"),
        "Display information about one or more images",
        (DEBUG,),
        (Positional("images", repeat=True),),
    ),
    Command(
        ("image", "delete"), "Delete one or more images", (ALL, flag("-f,--force"), DEBUG), (IMAGES,), ("rm",)
    ),
    Command(
        ("image", "tag"),
        "Create a new reference for an existing image",
        (DEBUG,),
        (Positional("source"), Positional("target")),
    ),
    Command(
        ("image", "pull"),
        "Pull an image",
        (*REGISTRY, *PROGRESS, *FETCH, *PLATFORM, DEBUG),
        (Positional("reference"),),
    ),
    Command(
        ("image", "push"),
        "Push an image",
        (*REGISTRY, *PROGRESS, *PLATFORM, DEBUG),
        (Positional("reference"),),
    ),
    Command(
        ("image", "save"),
        "Save one or more images as an OCI compatible tar archive",
        (*PLATFORM, option("-o,--output"), DEBUG),
        (Positional("references", repeat=True),),
    ),
    Command(
        ("image", "load"),
        "Load images from an OCI compatible tar archive",
        (option("-i,--input"), flag("-f,--force"), DEBUG),
    ),
    Command(("image", "prune"), "Remove all dangling images", (ALL, DEBUG)),
)
BUILD = (
    Command(
        ("build",),
        "Build an image from a Dockerfile or Containerfile",
        (
            option("-a,--arch", "list"),
            option("--build-arg", "list", label="key=val"),
            option("--cache-in", "list"),
            option("--cache-out", "list"),
            *RESOURCE,
            *BUILD_DNS,
            option("-f,--file", label="path"),
            option("-l,--label", "list", label="key=val"),
            flag("--no-cache"),
            option("-o,--output", "list", label="value"),
            option("--os", "list"),
            option("--platform", "list"),
            option("--progress", label="type", choices="auto|plain|tty"),
            flag("--pull", since=(0, 10)),
            QUIET,
            option("--secret", "list", label="id=key,...", since=(0, 11)),
            option("--ssh", label="default", since=(1, 2, 1)),
            option("-t,--tag", "list", label="name"),
            option("--target", label="stage"),
            option("--vsock-port", type="uint", label="port"),
            DEBUG,
        ),
        (Positional("context_dir", optional=True),),
        ping=True,
    ),
    Command(("builder", "start"), "Start the builder container", (*RESOURCE, *BUILD_DNS, DEBUG), ping=True),
    Command(("builder", "status"), "Display the builder container status", (*formats((0, 12)), QUIET, DEBUG)),
    Command(("builder", "stop"), "Stop the builder container", (DEBUG,)),
    Command(
        ("builder", "delete"), "Delete the builder container", (flag("-f,--force"), DEBUG), aliases=("rm",)
    ),
)
SYSTEM = (
    Command(
        ("system", "start"),
        "Start `container` services",
        (
            option("-a,--app-root"),
            option("--install-root"),
            option("--log-root"),
            option("--enable-kernel-install", "toggle", "kernel_install"),
            option("--disable-kernel-install", "toggle", "kernel_install", sets=False),
            option("--timeout", since=(0, 10)),
            DEBUG,
        ),
        service=False,
    ),
    Command(
        ("system", "stop"), "Stop all `container` services", (option("-p,--prefix"), DEBUG), service=False
    ),
    Command(
        ("system", "status"),
        "Show the status of `container` services",
        (option("-p,--prefix"), *formats((0, 10)), DEBUG),
        service=False,
    ),
    Command(
        ("system", "version"),
        "Show version information",
        (*formats((0, 10)), DEBUG),
        since=(0, 10),
        service=False,
    ),
    Command(
        ("system", "df"),
        "Show disk usage for images, containers, and volumes",
        (*formats((0, 7)), DEBUG),
        since=(0, 7),
    ),
    Command(
        ("system", "logs"),
        "Fetch system logs for `container` services",
        (flag("-f,--follow"), option("--last"), DEBUG),
        service=False,
    ),
    Command(
        ("system", "dns", "create"),
        "Create a local DNS domain",
        (option("--localhost", since=(0, 9)), DEBUG),
        (Positional("domain_name"),),
        service=False,
    ),
    Command(
        ("system", "dns", "delete"),
        "Delete a local DNS domain",
        (DEBUG,),
        (Positional("domain_name"),),
        ("rm",),
        service=False,
    ),
    Command(
        ("system", "dns", "list"),
        "List local DNS domains",
        (*formats((1,)), QUIET, DEBUG),
        aliases=("ls",),
        service=False,
    ),
    Command(
        ("system", "kernel", "set"),
        "Set the default kernel",
        (
            option("--arch"),
            option("--binary"),
            flag("--force"),
            flag("--recommended"),
            option("--tar"),
            DEBUG,
        ),
        ping=True,
    ),
    Command(
        ("system", "property", "list"),
        "List system properties",
        (
            option("--format", choices="toml|json", since=(1,)),
            option("--format", choices="json|table", until=(1,)),
            flag("-q,--quiet", until=(1,)),
            DEBUG,
        ),
        aliases=("ls",),
        service=False,
    ),
    Command(
        ("system", "property", "get"),
        "Retrieve a system property",
        (DEBUG,),
        (Positional("id"),),
        until=(1,),
        service=False,
    ),
    Command(
        ("system", "property", "set"),
        "Set a system property",
        (DEBUG,),
        (Positional("id"), Positional("value")),
        until=(1,),
        service=False,
    ),
    Command(
        ("system", "property", "clear"),
        "Clear a system property",
        (DEBUG,),
        (Positional("id"),),
        until=(1,),
        service=False,
    ),
)
NETWORKS = Positional("network_names", optional=True, repeat=True)
NETWORK = (
    Command(
        ("network", "create"),
        "Create a new network",
        (
            flag("--internal", since=(0, 9)),
            option("--label", "list"),
            option("--option", "list", since=(1,)),
            option("--plugin", since=(0, 12)),
            option("--subnet"),
            option("--subnet-v6", since=(0, 8)),
            DEBUG,
        ),
        (Positional("name"),),
    ),
    Command(("network", "list"), "List networks", (*formats(), QUIET, DEBUG), aliases=("ls",)),
    Command(
        ("network", "inspect"),
        "Display information about one or more networks",
        (DEBUG,),
        (Positional("networks", repeat=True),),
    ),
    Command(("network", "delete"), "Delete one or more networks", (ALL, DEBUG), (NETWORKS,), ("rm",)),
    Command(("network", "prune"), "Remove networks with no container connections", (DEBUG,), since=(0, 8)),
)
VOLUMES = Positional("names", optional=True, repeat=True)
VOLUME = (
    Command(
        ("volume", "create"),
        "Create a new volume",
        (option("--label", "list"), option("--opt", "list"), option("-s", key="size", label="s"), DEBUG),
        (Positional("name"),),
    ),
    Command(("volume", "list"), "List volumes", (*formats(), QUIET, DEBUG), aliases=("ls",)),
    Command(
        ("volume", "inspect"),
        "Display information about one or more volumes",
        (DEBUG,),
        (Positional("names", repeat=True),),
    ),
    Command(("volume", "delete"), "Delete one or more volumes", (ALL, DEBUG), (VOLUMES,), ("rm",)),
    Command(("volume", "prune"), "Remove volumes with no container references", (DEBUG,)),
)
OTHER = (
    Command(
        ("registry", "list"),
        "List registry logins",
        (*formats((0, 12)), QUIET, DEBUG),
        aliases=("ls",),
        since=(0, 12),
        service=False,
    ),
    Command(
        ("registry", "login"),
        "Log in to a registry",
        (*REGISTRY, flag("--password-stdin"), option("-u,--username"), DEBUG),
        (Positional("server"),),
    ),
    Command(("registry", "logout"), "Log out from a registry", (DEBUG,), (Positional("registry"),)),
    Command(
        ("machine", "list"),
        "List container machines",
        (*formats((1,)), QUIET, DEBUG),
        aliases=("ls",),
        since=(1,),
    ),
)
COMMANDS = (*CONTAINER, *BUILD, *IMAGE, *SYSTEM, *NETWORK, *VOLUME, *OTHER)
GROUP_ALIASES = {"i": "image", "n": "network", "v": "volume", "s": "system", "r": "registry", "m": "machine"}
