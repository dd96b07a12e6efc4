"""The broker that ``affouage up --pool`` starts: where it listens, its certificate, and how machines reach it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from affouage.adapters.buses import certificate
from affouage.adapters.buses.address import is_loopback
from affouage.adapters.buses.broker_config import Listen, own_config
from affouage.adapters.buses.nats_server import Server, find_server, kept_running
from affouage.clock import Clock
from affouage.errors import SettingsError
from affouage.pool.nodes.commons_keys import CommonsKeys, pool_folder
from affouage.pool.nodes.revoked import read_revoked
from affouage.settings import PoolSettings, Settings

_LOOK_AGAIN_S = 6 * 3600


def with_own_broker(settings: Settings) -> Settings:
    """The settings as they are once that broker runs: ``pool.url``, ``public_url`` and ``ca_file`` say where it is.

    Raises SettingsError for a place it cannot listen on, and when a broker elsewhere is named in ``pool.url``.
    """
    asked = settings.pool
    if asked.url:
        raise SettingsError(
            f"pool.url names a broker already ({asked.url}).",
            remedy="Use that one, without --pool; or empty pool.url to start one here.",
            code="broker_named",
            url=asked.url,
        )
    host, port = read_place("pool.listen", asked.listen)
    _check_files(asked)
    if asked.websocket and not is_loopback(read_place("pool.websocket", asked.websocket)[0]):
        raise SettingsError(
            f"pool.websocket = {asked.websocket!r:.80} would pass in clear over the network.",
            remedy="Have it listen on 127.0.0.1, behind a proxy that holds the certificate.",
            code="broker_in_clear",
            key="pool.websocket",
        )
    if not _with_tls(asked, host):
        url = f"nats://{_in_url(host)}:{port}"
        return replace(settings, pool=replace(asked, url=url, public_url=asked.public_url or url))
    public_url = asked.public_url or f"tls://{_in_url(_public_host(settings, host))}:{port}"
    if asked.cert_file:  # it bears the public name, and no other for sure
        return replace(settings, pool=replace(asked, url=public_url, public_url=public_url))
    there = "127.0.0.1" if _is_everywhere(host) else host
    ca_file = str(settings.home / "pool" / certificate.CA)
    made = replace(asked, url=f"tls://{_in_url(there)}:{port}", public_url=public_url, ca_file=ca_file)
    return replace(settings, pool=made)


@asynccontextmanager
async def own_broker(settings: Settings, keys: CommonsKeys, clock: Clock) -> AsyncIterator[Server]:
    """It runs while open, started again if it dies, its certificate renewed in time; nothing is left afterwards.

    ``settings``: from :func:`with_own_broker`. Raises SetUpError.
    """
    folder = pool_folder(settings.home)
    host, port = read_place("pool.listen", settings.pool.listen)
    listen = _listen(settings.pool, folder, host, port)
    ours = listen.certificate is not None and not settings.pool.cert_file
    hosts = _hosts(settings, host) if ours else []
    if ours:
        certificate.renewed(folder, hosts, clock.now_ms())

    def configuration() -> str:
        return own_config(keys, listen, folder, clock.now_ms() // 1000, read_revoked(settings.home))

    server = Server(find_server(settings.pool.server), host, port, folder, configuration)
    async with kept_running(server):
        renewing = asyncio.create_task(_renew(server, folder, hosts, clock), name="certificate of the broker")
        try:
            yield server
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])


async def _renew(server: Server, folder: Path, hosts: list[str], clock: Clock) -> None:
    while hosts:
        await asyncio.sleep(_LOOK_AGAIN_S)
        if certificate.renewed(folder, hosts, clock.now_ms()):
            server.reload()


def read_place(key: str, text: str) -> tuple[str, int]:
    """``host:port``, ``[::1]:port``. Raises SettingsError naming ``key``."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path or parts.username:
        raise SettingsError(
            f"{key} = {text!r:.80} is no place to listen.",
            remedy="Write host:port, as 127.0.0.1:4222.",
            code="broker_place",
            key=key,
        )
    return host, port


def _listen(asked: PoolSettings, folder: Path, host: str, port: int) -> Listen:
    web_host, web_port = read_place("pool.websocket", asked.websocket) if asked.websocket else ("", 0)
    proof: tuple[Path, Path] | tuple[None, None] = (None, None)
    if asked.cert_file:
        proof = Path(asked.cert_file).expanduser(), Path(asked.key_file).expanduser()
    elif _with_tls(asked, host):
        proof = folder / certificate.CERTIFICATE, folder / certificate.KEY
    return Listen(host=host, port=port, certificate=proof[0], key=proof[1], web_host=web_host, web_port=web_port)


def _with_tls(asked: PoolSettings, host: str) -> bool:
    return bool(asked.cert_file) or not is_loopback(host)


def _check_files(asked: PoolSettings) -> None:
    given = {"pool.cert_file": asked.cert_file, "pool.key_file": asked.key_file}
    for key, file in given.items() if any(given.values()) else ():
        if not Path(file).expanduser().is_file():
            raise SettingsError(
                f"{key} = {file!r:.200} is no file.",
                remedy="pool.cert_file and pool.key_file go together: give the path of both, or none.",
                code="broker_authority",
                key=key,
            )


def _hosts(settings: Settings, host: str) -> list[str]:
    """Every name by which the broker may be called."""
    names = {"localhost", "127.0.0.1", "::1", urlsplit(settings.pool.public_url).hostname or "localhost"}
    if not _is_everywhere(host):
        names.add(host)
    return sorted(names)


def _public_host(settings: Settings, host: str) -> str:
    if not _is_everywhere(host):
        return host
    return urlsplit(settings.server.public_url).hostname or _address_on_the_network()


def _address_on_the_network() -> str:
    """By which machines nearby reach this one; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        try:
            towards.connect(("192.0.2.1", 9))  # an address that is nobody's
            address: str = towards.getsockname()[0]
        except OSError:
            return socket.gethostname()
    return address


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
