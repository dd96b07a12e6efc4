"""Where a broker is, and how it is proven to be the right one: never in clear beyond this machine."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit

import msgspec

from affouage.errors import SettingsError

_SCHEMES = {"nats": False, "ws": False, "tls": True, "wss": True}
_FORMS = "Write tls://host:4222 or wss://host/path; nats:// and ws:// only for a broker on this machine."


class Address(msgspec.Struct, frozen=True):
    """``tls``: None for a broker on this machine, in clear."""

    url: str
    tls: ssl.SSLContext | None = None


def read_address(url: str, ca_pem: str = "", *, key: str = "pool.url") -> Address:
    """``ca_pem``: the authority of the broker's certificate, and the only one believed then; "": the usual ones.

    Raises SettingsError naming ``key`` for another scheme, for no host, and for a broker elsewhere in clear.
    """
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme, host = "", ""
    if not url.startswith(f"{scheme}://") or scheme not in _SCHEMES or not host or not url.isascii() or " " in url:
        raise SettingsError(
            f"{key} = {url!r:.100} is no address of a broker.", remedy=_FORMS, code="broker_address", key=key
        )
    if parts.username or parts.password:
        raise SettingsError(
            f"{key} holds a name or a password.",
            remedy="Take it out: each end has keys of its own.",
            code="broker_address",
            key=key,
        )
    if _SCHEMES[scheme]:
        return Address(url, _context(ca_pem, key))
    if not is_loopback(host):
        raise SettingsError(
            f"{key} = {url!r:.100} would pass in clear over the network.",
            remedy=_FORMS,
            code="broker_in_clear",
            key=key,
        )
    return Address(url)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine for sure: a name that has to be looked up is not, but localhost is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _context(ca_pem: str, key: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca_pem or None)
    except (ssl.SSLError, ValueError):
        raise SettingsError(
            f"The certificate authority for {key} is not a certificate in PEM.",
            remedy="Give the file that the broker's administrator gave (-----BEGIN CERTIFICATE-----).",
            code="broker_authority",
            key=key,
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
