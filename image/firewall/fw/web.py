"""The proxy's configuration: nginx, TLS by SNI and HTTP by Host. Pure: facts in, text out.

A name is first checked for its characters, then looked up, and only then resolved: what is denied causes no
query. What is connected to is the checked name, never the address the agent dialled. An exact entry is
connected to as the policy spells it, so that not even the case of its letters leaves.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from fw.environment import Environment
from fw.place import PROXY_LOGS, PROXY_RUN
from fw.policy import Entry, Policy
from fw.ruleset import HTTP_PORT, TLS_PORT

_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
# \z, not $: $ also matches before a last newline.
_CLEAN = r'"~^(?=.{3,253}\z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+\z"'
_BUFFER = "proxy_buffer_size 64k;"  # a seventh more throughput than with the default of 16k
# Unused without buffering, but nginx refuses a first buffer that is larger than these.
_BUFFERS = f"{_BUFFER} proxy_buffers 4 64k;"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Port(NamedTuple):
    """An explicit entry: what is dialled, what answers locally, and what that is connected to."""

    name: str
    fake: str  # the address the name has in the container
    port: int
    local: int  # on 127.0.0.1
    target: str  # host name or address


def render(policy: Policy, environment: Environment, ports: tuple[Port, ...]) -> str:
    """nginx's configuration."""
    upstream = " ".join(f"[{item}]" if ":" in item else item for item in environment.resolvers)
    connections = max(64, min(2048, environment.files - 32))
    head = [
        f"load_module {_MODULE};" if os.path.exists(_MODULE) else "",
        "worker_processes 1;",
        "worker_shutdown_timeout 24h;",
        f"pid {PROXY_RUN}/nginx.pid;",
        f"error_log {PROXY_LOGS}/error.log crit;",
        f"worker_rlimit_nofile {environment.files};",
        f"events {{ worker_connections {connections}; }}",
    ]
    # Without an upstream nothing can be reached; the dead address keeps the configuration valid.
    resolver = f"resolver {upstream or '127.0.0.1:9'} ipv6={'on' if environment.routed6 else 'off'};"
    return "\n".join(
        [*head, *_stream(policy, environment, ports, resolver), *_http(policy, environment, resolver), ""]
    )


def _stream(policy: Policy, environment: Environment, ports: tuple[Port, ...], resolver: str) -> list[str]:
    lines = [
        "stream {",
        resolver,
        f"resolver_timeout 3s; {_BUFFER}",
        *_maps(policy, "$ssl_preread_server_name", 443),
        *_log_format(
            "tls", policy, "$ssl_preread_server_name", "$bytes_received", "$bytes_sent", "$session_time"
        ),
        "server {",
        *_listen(TLS_PORT, environment),
        "ssl_preread on; preread_timeout 5s; preread_buffer_size 16k;",
        "proxy_connect_timeout 5s; proxy_timeout 1h; proxy_socket_keepalive on;",
        f"access_log {PROXY_LOGS}/proxy.log tls;",
        "proxy_pass $target;",
        "}",
    ]
    for port in ports:
        lines += _fixed(port, policy)
    return [*lines, "}"]


def _fixed(port: Port, policy: Policy) -> list[str]:
    """A port of its own for one name: raw TCP, for protocols that carry no name to check."""
    label = f"raw{port.local}"
    fixed = f'"ts":"$msec","layer":"tcp","verdict":"allow","name":"{port.name}","port":{port.port}'
    traffic = '"sent":$bytes_received,"received":$bytes_sent,"seconds":$session_time'
    return [
        f'log_format {label} \'{{{fixed},"dst":"$upstream_addr",{traffic},"policy":"{policy.hash}"}}\';',
        f"server {{ listen 127.0.0.1:{port.local};",
        f"set ${label} {port.target}:{port.port}; proxy_pass ${label};",
        "proxy_connect_timeout 5s; proxy_timeout 1h; proxy_socket_keepalive on; proxy_half_close on;",
        f"access_log {PROXY_LOGS}/proxy.log {label}; }}",
    ]


def _http(policy: Policy, environment: Environment, resolver: str) -> list[str]:
    temporary = [f"{name}_temp_path {PROXY_RUN}/{name};" for name in _TEMPORARY]
    sentence = (
        "contenant: $clean is not in this container's policy. "
        "On the host: contenant firewall allow $clean --reason 'why it is needed'"
    )
    return [
        "http {",
        resolver,
        "resolver_timeout 3s; server_tokens off; default_type text/plain;",
        *temporary,
        *_maps(policy, "$host", 80),
        *_log_format("http", policy, "$host", "$request_length", "$bytes_sent", "$request_time"),
        "server {",
        *_listen(HTTP_PORT, environment),
        'server_name "";',
        f"access_log {PROXY_LOGS}/proxy.log http;",
        "client_max_body_size 0; proxy_max_temp_file_size 0;",
        f"proxy_request_buffering off; proxy_buffering off; {_BUFFERS}",
        "proxy_connect_timeout 5s; proxy_read_timeout 1h; proxy_send_timeout 1h;",
        'proxy_http_version 1.1; proxy_set_header Host $clean; proxy_set_header Connection "";',
        "location / {",
        f'if ($target = "") {{ return 403 "{sentence}\\n"; }}',
        "proxy_pass http://$target;",
        "} } }",
    ]


def _listen(port: int, environment: Environment) -> list[str]:
    return [f"listen 127.0.0.1:{port};"] + ([f"listen [::1]:{port};"] if environment.local6 else [])


def _maps(policy: Policy, source: str, port: int) -> list[str]:
    audit = policy.mode == "audit"
    target = [_row(entry, f"{entry.name}:{port}", port) for entry in policy.allow if entry.port in (0, port)]
    verdict = [_row(entry, "allow", port) for entry in policy.allow if entry.port in (0, port)]
    wrong = "would-deny" if audit else "deny"
    holes = {_key(entry) for entry in policy.deny}
    return [
        "map_hash_max_size 8192; map_hash_bucket_size 512;",
        f'map {source} $clean {{ default ""; {_CLEAN} {source}; }}',
        f'map $clean $target {{ hostnames; default "{f"$clean:{port}" if audit else ""}"; "" "";',
        *sorted(set(target)),
        *(f'{key} "";' for key in sorted(holes) if not audit),
        "}",
        f'map $clean $verdict {{ hostnames; default {wrong}; "" deny;',
        *sorted(set(verdict)),
        *(f"{key} {wrong};" for key in sorted(holes)),
        "}",
    ]


def _row(entry: Entry, value: str, port: int) -> str:
    if entry.wildcard and value != "allow":
        value = f"$clean:{port}"
    return f'{_key(entry)} "{value}";'


def _key(entry: Entry) -> str:
    return f"*.{entry.name}" if entry.wildcard else entry.name


def _log_format(layer: str, policy: Policy, name: str, sent: str, received: str, seconds: str) -> list[str]:
    fields = (
        f'"ts":"$msec","layer":"{layer}","verdict":"$verdict","name":"{name}","dst":"$upstream_addr",'
        f'"sent":{sent},"received":{received},"seconds":{seconds},"policy":"{policy.hash}"'
    )
    return [f"log_format {layer} escape=json '{{{fields}}}';"]
