"""What is in the built image."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from contenant.image.certificates import parse
from contenant.image.lock import read_lock
from contenant.image.recipe import current
from contenant.paths import asset
from tests.image.containers import Box

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    "command",
    [
        ("git", "--version"),
        ("jj", "--version"),
        ("rg", "--version"),
        ("jq", "--version"),
        ("curl", "--version"),
        ("ssh", "-V"),
        ("less", "--version"),
        ("ps", "--version"),
        ("unzip", "-v"),
        ("python3", "-m", "venv", "--help"),
        ("gcc", "--version"),
        ("make", "--version"),
        ("tmux", "-V"),
    ],
    ids=lambda command: command[0],
)
def test_the_agents_tools_run(box: Box, command: tuple[str, ...]) -> None:
    done = box.run(*command)
    assert done.code == 0, done


def test_claude_is_the_locked_version(box: Box) -> None:
    lock = read_lock((asset("image") / "claude.lock").read_text())
    assert box.run("claude", "--version").out == f"{lock.version} (Claude Code)\n"


def test_jj_works_on_a_repository(box: Box) -> None:
    script = "set -e; cd $(mktemp -d); git init -q .; jj git init --colocate; jj describe -m first; jj log"
    done = box.run("sh", "-c", script)
    assert done.code == 0, done
    assert "first" in done.out


def test_only_jj_uses_the_newer_c_library(box: Box) -> None:
    found = box.run("sh", "-c", "ldd /usr/local/bin/jj; ldd /usr/bin/git; dpkg -s libc6 | grep ^Version").out
    jj, _, rest = found.partition("libpcre")
    assert "/usr/local/lib/jj/libc.so.6" in jj
    assert "/usr/local/lib/jj" not in rest
    assert "deb13" in rest, "the system's C library is the base suite's"


def test_nothing_gains_a_privilege_by_being_started(box: Box) -> None:
    find = "find / -xdev -type f -perm /6000 -not -path '/proc/*' -print"
    assert box.execute("sh", "-c", find).out == ""
    assert box.execute("/usr/local/lib/contenant/seal", "--check") == (0, "", "")
    assert box.execute("sh", "-c", "for p in sudo doas pkexec; do command -v $p; done").out == ""


def test_the_seal_finds_what_it_is_for(box: Box) -> None:
    script = (
        "cp /bin/true /srv/setuid && chmod 4755 /srv/setuid; cp /bin/true /srv/sudo; "
        "/usr/local/lib/contenant/seal --check; code=$?; rm -f /srv/*; exit $code"
    )
    done = box.execute("bash", "-c", script)
    assert done.code == 1
    assert "/srv/setuid is setuid or setgid" in done.err
    assert "/srv/sudo has no place in the image" in done.err


def test_nothing_of_the_build_is_left(box: Box) -> None:
    assert box.execute("sh", "-c", "ls -A /var/lib/apt/lists; ls -d /tmp/contenant /tmp/home").out == ""
    assert box.execute("sh", "-c", "for p in npm node patchelf; do command -v $p; done").out == ""
    assert box.execute("sh", "-c", "ls /etc/apt/apt.conf.d").out.split() == ["01autoremove", "70debconf"]


def test_the_firewall_has_what_it_needs(box: Box) -> None:
    assert box.execute("id", "-u", "fwproxy").out == "64971\n"
    assert box.execute("id", "-u", "fwdns").out == "64972\n"
    assert box.execute("sh", "-c", "for p in nft dnsmasq nginx; do command -v $p; done").out.count("\n") == 3
    assert "ssl_preread" in box.execute("nginx", "-V").err


def test_the_agents_settings_are_roots(box: Box) -> None:
    assert box.execute("stat", "-c", "%U %a", "/etc/claude-code/managed-settings.json").out == "root 644\n"
    assert box.run("sh", "-c", "echo x >>/etc/claude-code/managed-settings.json").code != 0
    memory = box.execute("cat", "/etc/claude-code/CLAUDE.md").out
    assert "/etc/contenant/policy/README" in memory
    assert "contenant firewall allow NAME --reason" in memory
    assert box.run("sh", "-c", "echo x >>/etc/claude-code/CLAUDE.md").code != 0
    assert box.execute("stat", "-c", "%U %a", "/home/claude/.claude.json").out == "claude 600\n"


def test_extra_certificates_are_trusted_and_told_to_the_agent(box: Box) -> None:
    wanted = current(SimpleNamespace(ca_certificates=(), claude_version="")).certificates
    trusted = {
        one.fingerprint for one in parse(box.run("cat", "/etc/ssl/certs/ca-certificates.crt").out.encode())
    }
    assert {one.fingerprint for one in wanted} <= trusted
    assert len(trusted) > 100, "beside the public ones"
    told = box.run("sh", "-c", 'cat "${NODE_EXTRA_CA_CERTS:-/dev/null}"').out.encode()
    assert set(parse(told)) == set(wanted)
