"""What the database remembers of the firewall's decisions and of usage: values that no start needs."""

from typing import NamedTuple


class SessionSpan(NamedTuple):
    """When a session lived; `ended` "" while it does."""

    session_id: str
    started: str
    ended: str


class EgressRecord(NamedTuple):
    """A decision of a container's firewall; equal ones are one, with a count."""

    container_id: str
    session_id: str  # "" where it is not known
    policy: str  # hash of the policy that decided
    layer: str  # dns (asked for), tls, http, tcp (a port of its own) or l3 (a packet)
    verdict: str  # allow, deny, would-deny (audit) or steered (an address was dialled, a name decided)
    destination: str  # host name, "" where an address was used
    address: str  # where it went, or would have gone; "" where it is not known
    port: int
    protocol: str  # tcp or udp
    uid: int  # of the process in the container, -1 where it is not known
    first_seen: str
    last_seen: str
    attempts: int
    sent: int  # bytes from the container
    received: int


class UsageRecord(NamedTuple):
    """What one answer of the model used (core.usage)."""

    message_id: str
    request_id: str  # "" where the transcript names none
    model: str
    at: str
    input_tokens: int  # read anew
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    conversation: str = ""  # the agent's own id of the session
    session_id: str = ""  # contenant's, "" where it is not known
    image: str = ""  # reference, "" where it is not known
    cost: float | None = None  # US dollars, estimated; None without a price
