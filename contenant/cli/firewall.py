"""`contenant firewall`: what may leave a project's container, and what tried to."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

FIREWALL_COMMANDS = {
    "show": Lazy("firewall_show", "Show the rules of a project, or everything in force."),
    "allow": Lazy("firewall_allow", "Let the container reach hosts, at once."),
    "deny": Lazy("firewall_deny", "Close hosts whatever opens them, at once."),
    "remove": Lazy("firewall_remove", "Take rules back that were given by command."),
    "preset": Lazy("firewall_preset", "Let the container reach named groups of hosts."),
    "mode": Lazy("firewall_mode", "Block, only watch, or switch the firewall off."),
    "log": Lazy("firewall_log", "Show what left the container and what was refused."),
    "why": Lazy("firewall_why", "Say why a host can or cannot be reached."),
    "test": Lazy("firewall_probe", "Test the firewall from inside the container."),
    "suggest": Lazy("firewall_suggest", "Suggest what to allow and what to take back."),
    "diff": Lazy("firewall_diff", "Compare two policies."),
}

command = LazyGroup(
    "firewall",
    lazy=FIREWALL_COMMANDS,
    examples=(
        ("contenant firewall log --denied", "what was refused in this project"),
        ('contenant firewall allow example.com --reason "our API"', "open it, at once"),
        ("contenant firewall why example.com", "which rule decides about it"),
    ),
    short_help=COMMANDS["firewall"].summary,
    help="""Say what may leave a project's container, and see what tried to.

    Only what the policy names goes out. A change is in force at once in a container that runs, and at its
    next start in one that does not: an addition breaks no connection, a removal cuts what is open.
    Settings and project files are the weaker layers of the policy: docs/firewall.md.
    """,
)
