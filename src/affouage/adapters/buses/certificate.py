"""The broker's own certificate, when nobody gave a better one: an authority of this commons, which its nodes believe
and no other, and a certificate it signs, made again a month before it ends or when the broker's names change.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from affouage.errors import SettingsError
from affouage.pool.nodes.commons_keys import write_once, write_over

_AUTHORITY = timedelta(days=20 * 365)
_CERTIFICATE = timedelta(days=397)
_RENEWED_BEFORE = timedelta(days=30)
_CLOCKS_APART = timedelta(days=2)
"""A certificate begins that long ago: clocks of members' machines may be late by a day."""

CA, CERTIFICATE, KEY = "ca.pem", "broker.pem", "broker.key"
_CA_KEY = "ca.key"


def authority_pem(folder: Path, now_ms: int) -> str:
    """The authority's certificate, made once in ``folder``. Raises SettingsError when it is damaged."""
    if (folder / CA).exists() and not (folder / _CA_KEY).exists():
        raise _damaged(folder / _CA_KEY)
    if not (folder / CA).exists():
        key = _read_or_make(folder / _CA_KEY)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "affouage, broker of this commons")])
        made = (
            _builder(name, name, key.public_key(), now_ms, _AUTHORITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_once(folder / CA, _pem(made))
    return (folder / CA).read_text(encoding="ascii")


def renewed(folder: Path, hosts: Sequence[str], now_ms: int) -> bool:
    """Whether the broker's certificate had to be made now, for ``hosts``: names, addresses. Raises SettingsError."""
    authority = _certificate(folder / CA, authority_pem(folder, now_ms))
    if _holds(folder, authority, hosts, now_ms):
        return False
    signer, key = _read_or_make(folder / _CA_KEY), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    made = (
        _builder(name, authority.subject, key.public_key(), now_ms, _CERTIFICATE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(signed_by, critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in sorted(set(hosts))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    # The key first: cut in between, the pair does not match and is made again.
    write_over(folder / KEY, _key_pem(key))
    write_over(folder / CERTIFICATE, _pem(made))
    return True


def _holds(folder: Path, authority: x509.Certificate, hosts: Sequence[str], now_ms: int) -> bool:
    """Whether what is there still serves: ours, its key beside it, for these hosts, for a month at least."""
    try:
        found = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        key = serialization.load_pem_private_key((folder / KEY).read_bytes(), None)
        found.verify_directly_issued_by(authority)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    except Exception:  # cryptography's InvalidSignature, and whatever a damaged file makes it say
        return False
    same_key = key.public_key() == found.public_key()
    return (
        same_key
        and set(names) == {_general(host) for host in hosts}
        and (_time(now_ms) + _RENEWED_BEFORE < found.not_valid_after_utc)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now_ms: int, lasts: timedelta
) -> x509.CertificateBuilder:
    now = _time(now_ms)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        write_once(path, _key_pem(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        raise _damaged(path) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _damaged(path)
    return key


def _certificate(path: Path, text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise _damaged(path) from None


def _damaged(path: Path) -> SettingsError:
    return SettingsError(
        f"{path} is damaged.",
        remedy="Put it back from a backup. Without one, take the folder away: machines then have to join again.",
        code="pool_key",
        file=str(path),
    )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _time(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms // 1000, UTC)


def _pem(made: x509.Certificate) -> str:
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
