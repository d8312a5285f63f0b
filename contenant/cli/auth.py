"""`contenant auth`: the credential that sessions get."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

AUTH_COMMANDS = {
    "status": Lazy("auth_status", "Show where a session's credential comes from, and who holds one."),
    "login": Lazy("auth_login", "Keep a token of one year, or an API key, for all sessions."),
    "logout": Lazy("auth_logout", "Forget the credential that login kept."),
}

command = LazyGroup(
    "auth",
    lazy=AUTH_COMMANDS,
    examples=(
        ("contenant auth status", "which credential the next session here gets, and why"),
        ("contenant auth login", "keep what `claude setup-token` prints"),
    ),
    short_help=COMMANDS["auth"].summary,
    help="Show, keep or forget what signs the agent in.",
)
