"""Where a broker may be: in clear on this machine only, and the certificate of our own making."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from affouage.adapters.buses import certificate
from affouage.adapters.buses.address import is_loopback, read_address
from affouage.errors import SettingsError

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    "url", ["nats://127.0.0.1:4222", "nats://localhost:4222", "ws://[::1]:4223", "nats://127.8.9.1", "ws://localhost/x"]
)
def test_on_this_machine_in_clear(url: str) -> None:
    assert read_address(url).tls is None


@pytest.mark.parametrize("url", ["tls://broker.example.org:4222", "wss://commun.example.org/pool", "tls://127.0.0.1:1"])
def test_elsewhere_with_tls(url: str) -> None:
    context = read_address(url).tls
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nats://broker.example.org:4222", "broker_in_clear"),
        ("ws://192.168.1.4:4222", "broker_in_clear"),
        ("nats://0.0.0.0:4222", "broker_in_clear"),
        ("nats://localhost.example.org:4222", "broker_in_clear"),
        ("nats://127.0.0.1.example.org", "broker_in_clear"),
        ("nats://[fe80::1]:4222", "broker_in_clear"),
        ("http://127.0.0.1:4222", "broker_address"),
        ("127.0.0.1:4222", "broker_address"),
        ("TLS://host:4222", "broker_address"),
        ("tls://", "broker_address"),
        ("tls://host:notaport", "broker_address"),
        ("tls://host:99999", "broker_address"),
        ("tls://[::1", "broker_address"),
        ("tls://a b", "broker_address"),
        ("tls://hôte:4222", "broker_address"),
        ("tls://user:secret@host:4222", "broker_address"),
        ("nats://127.0.0.1:4222,nats://evil:4222", "broker_address"),
        ("", "broker_address"),
    ],
)
def test_what_cannot_be_is_said_with_a_remedy(url: str, code: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_address(url)
    assert told.value.code == code
    assert told.value.remedy
    assert "secret" not in str(told.value)


def test_an_authority_that_is_none_is_said() -> None:
    with pytest.raises(SettingsError) as told:
        read_address("tls://host:1", "not a certificate")
    assert told.value.code == "broker_authority"


def test_loopback_for_sure() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "localhost.", "", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_certificate_is_made_again_when_it_must_and_the_authority_never(tmp_path: Path) -> None:
    hosts = ("commun.example.org", "127.0.0.1", "::1")
    authority = certificate.authority_pem(tmp_path, NOW_MS)
    assert certificate.renewed(tmp_path, hosts, NOW_MS)
    assert not certificate.renewed(tmp_path, hosts, NOW_MS + 366 * DAY_MS)
    assert certificate.renewed(tmp_path, hosts, NOW_MS + 368 * DAY_MS)
    assert certificate.renewed(tmp_path, (*hosts, "autre.example.org"), NOW_MS + 368 * DAY_MS)
    (tmp_path / certificate.KEY).write_text("damaged")
    assert certificate.renewed(tmp_path, hosts, NOW_MS + 368 * DAY_MS)
    (tmp_path / certificate.CERTIFICATE).unlink()
    assert certificate.renewed(tmp_path, hosts, NOW_MS + 368 * DAY_MS)
    assert certificate.authority_pem(tmp_path, NOW_MS + 368 * DAY_MS) == authority
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    made = x509.load_pem_x509_certificate((tmp_path / certificate.CERTIFICATE).read_bytes())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))


def test_a_damaged_authority_is_said_and_never_made_anew(tmp_path: Path) -> None:
    certificate.authority_pem(tmp_path, NOW_MS)
    for name in ("ca.pem", "ca.key"):
        kept = (tmp_path / name).read_text()
        (tmp_path / name).write_text("damaged")
        with pytest.raises(SettingsError) as told:
            certificate.renewed(tmp_path, ("localhost",), NOW_MS)
        assert name in told.value.message
        (tmp_path / name).write_text(kept)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(SettingsError):
        certificate.authority_pem(tmp_path, NOW_MS)
