"""A certificate authority for stand-ins that speak TLS, made with the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.standins.messages_api import API_HOST, LOGIN_HOST, Authority

# What RFC 5280 wants of a certificate, and Python checks since 3.13.
LEAF = """
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def make_authority(folder: Path, names: tuple[str, ...] = (API_HOST, LOGIN_HOST)) -> Authority:
    """A new authority and a server certificate for `names`, as PEM files in `folder`."""
    ca, ca_key = folder / "ca.crt", folder / "ca.key"
    certificate, key, request = folder / "server.crt", folder / "server.key", folder / "server.csr"
    extensions = folder / "server.ext"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + LEAF)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        *(
            "req",
            "-x509",
            *curve,
            "-keyout",
            ca_key,
            "-out",
            ca,
            "-days",
            "2",
            "-subj",
            "/CN=contenant test CA",
        ),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    _openssl("req", *curve, "-keyout", key, "-out", request, "-subj", f"/CN={names[0]}")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial"),
        *("-extfile", extensions, "-out", certificate, "-days", "2"),
    )
    return Authority(ca, certificate, key)


def _openssl(*argv: object) -> None:
    subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True, timeout=60)
