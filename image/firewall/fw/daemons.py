"""The two daemons: started without any right, stopped, told to read anew, looked at.

Both start under their own uid with an empty bounding set: no port below 1024 is needed, so neither ever is
root. Their files cannot grow beyond `place.LOG_LIMIT`: the limit comes from the kernel (RLIMIT_FSIZE, with
SIGXFSZ ignored as Python leaves it), so a flood fills a log and nothing else.
"""

from __future__ import annotations

import os
import resource
import signal
import time

from fw import place, run
from fw.place import FWDNS, FWPROXY

DNS_CONF, WEB_CONF = place.RUN + "/dnsmasq.{port}.conf", place.RUN + "/nginx.conf"
_WEB_PID = place.PROXY_RUN + "/nginx.pid"


def start_dns(port: int) -> run.Started:
    """Start dnsmasq; it returns when it is bound."""
    return _start(FWDNS, "dnsmasq", f"--conf-file={DNS_CONF.format(port=port)}")


def start_web() -> run.Started:
    """Start nginx; it returns when it is bound."""
    return _start(FWPROXY, "nginx", "-e", "stderr", "-c", WEB_CONF)


def settle(started: run.Started, what: str) -> None:
    """Wait until a daemon stands; raises FirewallError with its own words."""
    result = run.finish(started, 5.0)
    if result.code:
        lines = (result.err.strip() or result.out.strip()).splitlines()
        raise place.FirewallError(
            f"{what} did not start: {lines[-1].strip() if lines else f'exit {result.code}'}"
        )


def begin_test_web(path: str) -> run.Started:
    """Have nginx check a configuration; `settle` waits for the verdict."""
    return _start(FWPROXY, "nginx", "-e", "stderr", "-t", "-q", "-c", path)


def dns_pid(port: int) -> int:
    """The pid of the dnsmasq that serves `port`, 0 when it is not running."""
    return _alive(f"{place.DNS_RUN}/dnsmasq.{port}.pid", FWDNS)


def web_pid() -> int:
    """The pid of nginx's master, 0 when it is not running."""
    return _alive(_WEB_PID, FWPROXY)


def stop(pid: int, seconds: float = 2.0) -> None:
    """End a process and see it gone."""
    if not pid:
        return
    for name in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, name)
        except ProcessLookupError:
            return
        if _gone(pid, seconds):
            return


def sweep(uid: int) -> None:
    """Kill what still runs under a daemon's uid: workers outlive a killed master, and hold its ports."""
    mine = [int(name) for name in os.listdir("/proc") if name.isdigit() and _uid(name) == uid]
    for pid in mine:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for pid in mine:
        _gone(pid, 1.0)


def reload_web() -> tuple[int, ...]:
    """Have nginx take over its new configuration; the workers of before, which keep their open streams.

    Raises FirewallError when no new worker appears: nginx then goes on with the configuration it had.
    """
    master = web_pid()
    if not master:
        start = start_web()
        settle(start, "nginx")
        return ()
    before = workers(master)
    os.kill(master, signal.SIGHUP)
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        if set(workers(master)) - set(before):
            return before
        time.sleep(0.003)
    raise place.FirewallError("nginx did not take the new configuration")


def workers(master: int) -> tuple[int, ...]:
    """nginx's worker processes, leaving ones included."""
    return tuple(int(pid) for pid in place.read(f"/proc/{master}/task/{master}/children").split())


def reopen_logs(dns_port: int) -> None:
    """Have both daemons open their log files anew, after a rotation."""
    for pid, name in ((dns_pid(dns_port), signal.SIGUSR2), (web_pid(), signal.SIGUSR1)):
        if pid:
            os.kill(pid, name)


def _start(uid: int, *argv: str) -> run.Started:
    drop = [
        "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs",
        "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--",
    ]  # fmt: skip
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.LOG_LIMIT, hard))
    try:
        return run.start([*drop, run.find(argv[0]) or argv[0], *argv[1:]])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _alive(pid_file: str, uid: int) -> int:
    """The pid in a daemon's file, when it is a process of that uid: the file is the daemon's own to write."""
    text = place.read(pid_file, 20).strip()
    return int(text) if text.isdigit() and _uid(text) == uid else 0


def _uid(pid: str) -> int:
    """The uid of a living process, -1 for a zombie or none."""
    for line in place.read(f"/proc/{pid}/status").splitlines():
        if line.startswith("State:") and line.split()[1] == "Z":
            return -1
        if line.startswith("Uid:"):
            return int(line.split()[1])
    return -1


def _gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = place.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if not state or state[0] == "Z":
            return True
        time.sleep(0.002)
    return False
