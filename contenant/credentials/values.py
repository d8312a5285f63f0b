"""What a credential is: a secret that cannot be printed by mistake, and what may be told about it. Pure."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, NoReturn

from contenant.core.ages import from_text, to_text
from contenant.errors import ContenantError, UsageError

# What the agent takes it for. `oauth` signs in with a subscription, `api-key` bills an account, `auth-token`
# is what a gateway in front of the API wants.
Kind = Literal["oauth", "api-key", "auth-token"]
SourceName = Literal["flag", "environment", "keyring", "file", "keychain", "claude-file"]

# The agent's own variables, in the order in which contenant looks at them.
VARIABLES: tuple[tuple[str, Kind], ...] = (
    ("CLAUDE_CODE_OAUTH_TOKEN", "oauth"),
    ("ANTHROPIC_API_KEY", "api-key"),
    ("ANTHROPIC_AUTH_TOKEN", "auth-token"),
)
SOON = timedelta(minutes=30)
SETUP_TOKEN_LIFE = timedelta(days=365)  # Anthropic's documentation of `claude setup-token`: one year
_TOKEN = re.compile(r"[\x21-\x7e]{8,16384}")


class CredentialError(ContenantError):
    """A credential was found and cannot be used: expired, damaged, open to others, or out of reach."""

    slug: ClassVar[str] = "credential"


class Secret:
    """A text that is shown by `reveal` alone: not printed, logged, formatted, pickled or copied into JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Credential(NamedTuple):
    """One credential. Everything but `secret` may be shown and recorded."""

    kind: Kind
    source: SourceName
    where: str  # for people: the variable, the file, the keychain item
    secret: Secret
    fingerprint: str
    expires: str  # ISO-8601 UTC, "" where it is not known
    plan: str = ""  # the subscription's name as the agent calls it, "" where it is not known
    tier: str = ""  # its rate limit tier


def fingerprint(text: str) -> str:
    """12 hex digits that tell one secret from another and give nothing away about it.

    The prefix keeps them apart from every other hash of the same secret.
    """
    return hashlib.sha256(b"contenant credential\n" + text.encode()).hexdigest()[:12]


def credential(
    kind: Kind,
    source: SourceName,
    where: str,
    text: str,
    *,
    expires: str = "",
    plan: str = "",
    tier: str = "",
) -> Credential:
    """Make one of a text. Raises CredentialError where the text cannot be a token at all."""
    if not _TOKEN.fullmatch(text):
        raise CredentialError(
            f"the credential in {where} is not a token", hint="set it again, without spaces or line ends"
        )
    return Credential(kind, source, where, Secret(text), fingerprint(text), expires, plan, tier)


def classify(text: str) -> tuple[Kind, str]:
    """What a pasted text is, and the text without the blanks a terminal wrapped it with.

    Raises UsageError for what cannot be kept: a refresh token, an empty line, something unknown.
    """
    token = "".join(text.split())
    if token.startswith("sk-ant-ort"):
        raise UsageError(
            "this is a refresh token, which works once and logs you out elsewhere",
            hint="run `claude setup-token` and paste what it prints",
        )
    kinds: tuple[tuple[str, Kind], ...] = (("sk-ant-oat", "oauth"), ("sk-ant-api", "api-key"))
    for prefix, kind in kinds:
        if token.startswith(prefix) and len(token) >= len(prefix) + 8 and _TOKEN.fullmatch(token):
            return kind, token
    raise UsageError(
        "this is neither a token of `claude setup-token` nor an API key",
        hint="they begin with sk-ant-oat or sk-ant-api",
    )


def from_claude(text: str, source: SourceName, where: str) -> Credential | None:
    """The access token in what Claude Code keeps, None where it is not signed in. Nothing else of it is kept.

    The refresh token works once: whoever uses a copy of it logs its owner out. It never leaves this function.
    Raises CredentialError where the text is not what Claude Code writes.
    """
    try:
        data = json.loads(text)
        found = data.get("claudeAiOauth") if isinstance(data, dict) else None
        token = found.get("accessToken") if isinstance(found, dict) else None
        if not token:
            return None
        assert isinstance(found, dict)
        return credential(
            "oauth", source, where, str(token),
            expires=_from_milliseconds(found.get("expiresAt")),
            plan=_word(found, "subscriptionType"), tier=_word(found, "rateLimitTier"),
        )  # fmt: skip
    except (ValueError, RecursionError):
        raise CredentialError(
            f"{where} does not hold what Claude Code writes there",
            hint="run `claude` on the host and sign in",
        ) from None  # the text is a secret: it must not be in a chained traceback


def _word(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value) else ""


def _from_milliseconds(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 32503680000000:
        return ""
    return to_text(datetime.fromtimestamp(value / 1000, UTC))


def is_expired(found: Credential, now: datetime) -> bool:
    """Whether its time is over; one without a known end never is."""
    return bool(found.expires) and from_text(found.expires) <= now


def refuse_expired(found: Credential, now: datetime) -> None:
    """Raise CredentialError, with what to do, for a credential whose time is over."""
    if is_expired(found, now):
        raise CredentialError(
            f"the credential in {found.where} expired at {found.expires}", hint=_REMEDY[found.source]
        )


def warning(found: Credential, now: datetime) -> str:
    """One line about a credential that ends within 30 minutes, "" otherwise."""
    if not found.expires or not timedelta() < (left := from_text(found.expires) - now) <= SOON:
        return ""
    minutes = max(1, int(left.total_seconds() // 60))
    return f"the credential in {found.where} ends in {minutes} min; {_REMEDY[found.source]}"


_RENEW = "run `claude` once on the host, which renews it, or `contenant auth login` for a token of one year"
_AGAIN = "run `contenant auth login` again"
_REMEDY: dict[SourceName, str] = {
    "flag": "give another one",
    "environment": "set another one",
    "keyring": _AGAIN,
    "file": _AGAIN,
    "keychain": _RENEW,
    "claude-file": _RENEW,
}
