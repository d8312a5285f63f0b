"""The real agent takes a turn through the firewall: its one host allowed, its telemetry off, nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contenant.core.policy import Policy, body, resolve
from contenant.core.policy_presets import default_layer
from tests.firewall.common import nothing_left
from tests.firewall.lab.box import Box
from tests.firewall.lab.network import RESOLVER, RESOLVER6, Lab
from tests.firewall.lab.sniff import netns_path
from tests.standins import messages_api
from tests.standins.authority import make_authority

pytestmark = pytest.mark.real
ADDRESS, PORT = "45.77.0.1", "11443"  # of the stand-in's own in the lab's internet
TOKEN = "sk-ant-oat01-stand-in-token"
SESSION = "/usr/local/lib/contenant/session"
REDIRECT = f"""
table ip standin {{
  chain arriving {{
    type nat hook prerouting priority dstnat;
    ip daddr {ADDRESS} tcp dport 443 redirect to :{PORT}
  }}
}}
"""


class Api(NamedTuple):
    """The stand-in of the Messages API, on an address of the lab's internet."""

    folder: Path

    def turns(self) -> list[dict[str, Any]]:
        """Requests for a message, in order."""
        lines = (self.folder / "requests.jsonl").read_text().splitlines()
        return [request for line in lines if (request := json.loads(line))["path"] == "/v1/messages"]


@pytest.fixture
def api(lab: Lab, tmp_path: Path) -> Iterator[Api]:
    authority = make_authority(tmp_path)
    inside = ["nsenter", f"--net={netns_path(lab.net)}", "--"]
    subprocess.run([*inside, "nft", "-f", "-"], input=REDIRECT, text=True, check=True)
    words = ["--certificate", str(authority.certificate), "--key", str(authority.key), "--token", TOKEN]
    words += ["--listen", f"0.0.0.0:{PORT}", "--log", str(tmp_path / "requests.jsonl")]
    argv = [*inside, "python3", str(Path(messages_api.__file__)), *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert served.stdout.readline() == "ready\n"
        lab.set_zone({"api.anthropic.com": [ADDRESS]})
        yield Api(tmp_path)
        served.kill()
    lab.set_zone({})
    subprocess.run([*inside, "nft", "delete", "table", "ip", "standin"], check=True)


@pytest.mark.every_engine
def test_a_turn_through_the_firewall(own: Callable[..., Box], lab: Lab, api: Api) -> None:
    policy: Policy = resolve([default_layer(telemetry=False)], {}, lambda name: "." not in name, 0)
    wanted = body(policy)
    assert (wanted["mode"], wanted["allow"]) == ("block", [{"name": "api.anthropic.com"}])
    box = own(wanted)
    # The policy's directory is mounted already; the authority's certificate is no secret.
    shutil.copy(api.folder / "ca.crt", box.policy_directory)
    (box.policy_directory / "ca.crt").chmod(0o644)
    given = {
        "CLAUDE_CODE_OAUTH_TOKEN": TOKEN,
        "NODE_EXTRA_CA_CERTS": "/etc/contenant/policy/ca.crt",
        "CLAUDE_CONFIG_DIR": "/tmp/claude",
    }
    since = lab.now()
    done = box.root(
        *("env", *(f"CONTENANT_ENV_{name}={value}" for name, value in given.items())),
        *(SESSION, "run", "turn", "--", "claude", "-p", "say hi"),
        timeout=120,
    )
    assert (done.code, done.out) == (0, "Hi from the stand-in.\n"), done.err
    (turn, *_) = turns = api.turns()
    assert {each["status"] for each in turns} == {200}
    assert "contenant firewall allow NAME --reason" in json.dumps(turn["body"]), "the agent knows"
    # It went through the proxy, which asked for that one name, and nothing else was even tried.
    asked = {("udp", server, 53, "api.anthropic.com") for server in (RESOLVER, RESOLVER6)}
    nothing_left(box, since, {*asked, ("tcp", ADDRESS, 443, "")})
    allowed = box.rows(layer="tls", verdict="allow")
    assert {(row["name"], row["dst"]) for row in allowed} == {("api.anthropic.com", ADDRESS)}
    assert not [row for row in box.rows() if row["verdict"] != "allow"]
    assert lab.arrived(since, kind="dns", name="api.anthropic.com")
