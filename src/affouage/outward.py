"""Which addresses a program of ours may open because somebody, or something, wrote them: one guard for all fetchers.

A name is looked up once, and the connection goes to the addresses that were looked at: what a name server says a
moment later changes nothing. Hosts of this machine or of a private network are opened only where the settings name
them, whoever asks; nothing that stands on the open internet ever leads there. With a proxy of the environment it is the
proxy that looks names up: its owner's rules count then; addresses in figures are judged here all the same.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from affouage import __version__
from affouage.errors import BadRequest

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LEAST_PORT = 1024
"""Below it only 443: the others belong to services that are not the web's."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(BadRequest):
    """Not opened, and why. ``details``: the host."""

    code = "address_refused"


@dataclass(frozen=True)
class Outward:
    """``local``: hosts of this machine or of a private network that may be opened: names or addresses, no ports."""

    local: frozenset[str] = frozenset()

    @classmethod
    def naming(cls, *addresses: str, local_hosts: Iterable[str] = ()) -> Outward:
        """The hosts of ``addresses``, which the settings hold, and ``local_hosts``."""
        hosts = (_host_of(one) for one in addresses)
        return cls(frozenset(one.lower() for one in (*hosts, *local_hosts) if one))

    def check(self, address: str | URL) -> URL:
        """The address, if a fetch may begin there. Raises AddressRefused."""
        try:
            url = URL(address) if isinstance(address, str) else address
            host, port = (url.host or "").lower(), url.port or 0
        except ValueError:
            raise _refused(str(address), "it is not an address") from None
        named = host in self.local
        if not host or url.scheme not in ("https", "http"):
            raise _refused(str(address), "only https:// is fetched from")
        if url.user is not None or url.password is not None:
            raise _refused(host, "an address must not hold a name or a password")
        if url.scheme == "http" and not named:
            raise _refused(str(address), "what comes by plain http can be changed on the way")
        if port < LEAST_PORT and port != 443 and not named:
            raise _refused(str(address), f"port {port} is not one of the web's")
        if is_private(host) and not named:
            raise _refused(str(address), "it is on this machine or in a private network")
        return url

    def next_hop(self, first: URL, here: URL, location: str) -> URL:
        """Where a redirect leads on the way from ``first``. Raises AddressRefused.

        Only from a named host to a named host may it stay within: the open internet never leads inside. Nothing leads
        down to http.
        """
        try:
            there = here.join(URL(location, encoded=True))
        except ValueError:
            raise _refused(location, f"{here.host} redirects to nowhere") from None
        if not location or not there.host or there.scheme not in ("http", "https"):
            raise _refused(location, f"{here.host} redirects to nowhere")
        if here.scheme == "https" and there.scheme == "http":
            raise _refused(str(there), f"{here.host} redirects to plain http")
        inside = self._names(first) and self._names(here)
        return (self if inside else Outward()).check(there)

    def session(self, url: URL, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        """For one fetch that begins at ``url``; redirects are to be followed by :meth:`next_hop` alone."""
        named = self._names(url)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Resolver(self.local if named else frozenset())),
            timeout=timeout,
            headers={"User-Agent": f"affouage/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=not (named and is_private(url.host or "")),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _names(self, url: URL) -> bool:
        return (url.host or "").lower() in self.local


@dataclass
class Resolver(AbstractResolver):
    """Names to addresses; of a private network only those of ``local`` hosts, and of the environment's proxy."""

    local: frozenset[str]
    _inner: ThreadedResolver = field(default_factory=ThreadedResolver)

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """Raises AddressRefused when any of them is inside: one good address beside it does not make it good."""
        found = await self._inner.resolve(host, port, family)
        if host.lower() not in self.local | _proxies() and any(is_private(one["host"]) for one in found):
            raise _refused(host, "its name leads to this machine or into a private network")
        return found

    async def close(self) -> None:
        await self._inner.close()


def is_private(host: str) -> bool:
    """Is ``host`` an address that is not one of the open internet, however it is written? False for a name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not _innermost(address).is_global or address.is_multicast


def _innermost(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one carries, where it is a form of carrying one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _proxies() -> frozenset[str]:
    return frozenset(_host_of(one).lower() for one in urllib.request.getproxies().values())


def _host_of(address: str) -> str:
    try:
        return URL(address).host or ""
    except ValueError:
        return ""


def _refused(address: str, why: str) -> AddressRefused:
    address = address.partition("?")[0]  # what follows may be a signature that opens it
    return AddressRefused(
        f"{address:.200} is not opened: {why}.",
        remedy="Give an https:// address of the open internet. For a server of your own network, name its host in"
        " settings.toml: [outward] local_hosts.",
        address=address[:200],
    )
