"""Which certificates are taken into the image."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contenant.errors import ConfigError
from contenant.image.certificates import Certificate, extra, parse, without

ONE, TWO = Certificate("11" * 32, b"one" * 40), Certificate("22" * 32, b"two" * 50)
SHIPPED = Path(__file__).parents[2] / "contenant/image/debian_ca.txt"


def test_pem_survives_the_round_trip() -> None:
    text = b"comment\n" + ONE.pem() + b"\r\nmore\n" + TWO.pem().replace(b"\n", b"\r\n")
    assert [one.der for one in parse(text)] == [ONE.der, TWO.der]
    assert max(len(line) for line in ONE.pem().splitlines()) <= 64


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nothing",
        b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA",
        ONE.pem().replace(b"CERTIFICATE", b"PRIVATE KEY"),
    ],
)
def test_what_is_no_certificate_is_passed_over(text: bytes) -> None:
    assert parse(text) == ()


def test_openssl_reads_what_we_write(tmp_path: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"),
            *("-keyout", "/dev/null", "-out", tmp_path / "made.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (made,) = parse((tmp_path / "made.pem").read_bytes())
    (tmp_path / "ours.pem").write_bytes(made.pem())
    said = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "ours.pem", "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.strip().partition("=")[2].replace(":", "").lower() == made.fingerprint


def test_known_and_repeated_ones_are_left_out() -> None:
    assert without([TWO, ONE, TWO], [ONE.fingerprint]) == (TWO,)
    assert without([TWO, ONE, TWO], []) == (ONE, TWO)


def test_the_public_roots_are_left_out_of_a_bundle(tmp_path: Path) -> None:
    public = Path("/usr/share/ca-certificates/mozilla")
    roots = b"".join(path.read_bytes() for path in public.glob("*.crt"))
    if not roots:
        pytest.skip("no ca-certificates package here")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(roots + ONE.pem())
    found = extra((), {"SSL_CERT_FILE": str(bundle), "NODE_EXTRA_CA_CERTS": str(bundle)})
    assert [one.der for one in found] == [ONE.der]


def test_the_shipped_list_is_fingerprints() -> None:
    lines = SHIPPED.read_text().split()
    assert len(lines) > 100
    assert lines == sorted(set(lines))
    assert all(len(line) == 64 and int(line, 16) for line in lines)


def test_a_configured_file_has_to_be_there_and_hold_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        extra([str(tmp_path / "missing.pem")], {})
    with pytest.raises(ConfigError, match="cannot read"):
        extra([str(tmp_path)], {})
    (tmp_path / "empty.pem").write_bytes(b"")
    with pytest.raises(ConfigError, match="holds no certificate"):
        extra([str(tmp_path / "empty.pem")], {})


def test_what_the_environment_names_may_be_missing(tmp_path: Path) -> None:
    assert extra((), {"SSL_CERT_FILE": str(tmp_path / "missing"), "NODE_EXTRA_CA_CERTS": ""}) == ()
    assert extra((), {}) == ()
