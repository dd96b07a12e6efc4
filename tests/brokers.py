"""Real brokers on loopback: both versions of nats-server, each with the keys of a commons of its own.

    async with running_broker(version, tmp_path) as broker:
        bus = await broker.gateway()            # the commons' end, connected
        node = await broker.node("n_aaaa")      # a node's end, connected, with its own pass
        broker.kill(); await broker.start()     # kill -9, and again on the same port

Versions: see VERSIONS; a missing one skips (on CI: fails).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from affouage.adapters.buses import certificate
from affouage.adapters.buses.address import read_address
from affouage.adapters.buses.broker_config import Listen, own_config
from affouage.adapters.buses.broker_control import BrokerControl, open_control
from affouage.adapters.buses.nats import GATEWAY_PACE, NODE_PACE, NatsBus, Pass, open_bus
from affouage.adapters.buses.nats_server import Server
from affouage.clock import SystemClock
from affouage.pool.nodes import nkey
from affouage.pool.nodes.commons_keys import CommonsKeys, commons_keys, pool_folder
from affouage.pool.nodes.credentials import gateway_jwt, node_jwt
from affouage.pool.nodes.nkey import Key
from affouage.pool.nodes.revoked import read_revoked
from tests.conftest import missing

VERSIONS = ("2.15.1", "2.9.10")
"""The wheel's, and Debian 12's."""

LOOPBACK = ("127.0.0.1", "localhost")

_PLACES = {"2.15.1": sysconfig.get_path("scripts"), "2.9.10": "/usr/sbin:/usr/local/sbin"}


class NodePass(msgspec.Struct, frozen=True):
    """What a node holds to connect."""

    node_id: str
    key: Key
    jwt: str


class Broker:
    """A nats-server with its commons. ``home``: where its keys lie; ``url``: as the gateway and the nodes use it."""

    def __init__(self, program: Path, home: Path, listen: Listen) -> None:
        self.home = home
        self.listen = listen
        self.keys: CommonsKeys = commons_keys(home)
        scheme = "nats" if listen.certificate is None else "tls"
        self.url = f"{scheme}://127.0.0.1:{listen.port}"
        self.ca_pem = ""
        self._written = ""
        self._clock = SystemClock()
        self._server = Server(program, listen.host, listen.port, pool_folder(home), self._config)
        self._buses = AsyncExitStack()

    @property
    def pid(self) -> int:
        assert self._server.pid is not None
        return self._server.pid

    def now_s(self) -> int:
        return self._clock.now_ms() // 1000

    async def start(self) -> None:
        await self._server.stop()
        await self._server.start()

    def renew(self) -> bool:
        """What the commons does from time to time about a certificate of its own making."""
        if certificate.renewed(pool_folder(self.home), LOOPBACK, self._clock.now_ms()):
            self._server.reload()
            return True
        return False

    def kill(self) -> None:
        """kill -9; `start` starts it again."""
        os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """As an administrator does."""
        await self._server.stop()

    def node_credentials(self, node_id: str, *, key: Key | None = None, days: int = 30) -> NodePass:
        key = key or nkey.new_key("user")
        return NodePass(node_id, key, node_jwt(self.keys, node_id, key.public, self.now_s(), days))

    async def gateway(self, *, wait_s: float = 10) -> NatsBus:
        """The commons' end, closed with the broker."""
        user = Pass(lambda: gateway_jwt(self.keys, self.now_s()), self.keys.gateway.seed)
        return await self._opened(open_bus(read_address(self.url, self.ca_pem), user, GATEWAY_PACE, "gateway"), wait_s)

    async def node(self, held: NodePass | str, *, wait_s: float = 10) -> NatsBus:
        """A node's end, with its pass (by default made for that id), closed with the broker."""
        held = self.node_credentials(held) if isinstance(held, str) else held
        user = Pass(lambda: held.jwt, held.key.seed)
        return await self._opened(open_bus(read_address(self.url, self.ca_pem), user, NODE_PACE, held.node_id), wait_s)

    async def control(self) -> BrokerControl:
        """By which the commons takes keys back, closed with the broker."""
        control = await open_control(read_address(self.url, self.ca_pem), self.keys, self.home, self._clock)
        self._buses.push_async_callback(control.close)
        await until(lambda: control.connected)
        return control

    async def _opened(self, bus: NatsBus, wait_s: float) -> NatsBus:
        self._buses.push_async_callback(bus.close)
        if wait_s:
            await bus.until_connected(wait_s)
        return bus

    async def close(self) -> None:
        await self._buses.aclose()
        await self._server.stop()

    def configure_with(self, text: str) -> None:
        """From the next start on, this configuration instead of one made then."""
        self._written = text

    def _config(self) -> str:
        if self._written:
            return self._written
        return own_config(self.keys, self.listen, pool_folder(self.home), self.now_s(), read_revoked(self.home))


def server_program(version: str) -> Path:
    """The nats-server of that version; skips the test when it is not there."""
    found = shutil.which("nats-server", path=_PLACES[version])
    if found is None:
        missing(f"nats-server {version}")
    assert found is not None
    return Path(found)


@asynccontextmanager
async def running_broker(
    version: str, tmp_path: Path, *, tls: bool = False, tls_days_old: int = 0, web_port: int = 0
) -> AsyncIterator[Broker]:
    """A broker that accepts connections, on a free port of loopback.

    ``tls``: with a certificate of the commons' own making, so many days ago, ``broker.ca_pem`` being its authority.
    ``web_port``: with WebSocket there, in clear.
    """
    home, proof = tmp_path / "broker", (None, None)
    if tls:
        folder = pool_folder(home)
        certificate.renewed(folder, LOOPBACK, SystemClock().now_ms() - tls_days_old * 86_400_000)
        proof = (folder / certificate.CERTIFICATE, folder / certificate.KEY)
    listen = Listen(
        host="127.0.0.1",
        port=free_port(),
        certificate=proof[0],
        key=proof[1],
        web_host="127.0.0.1" if web_port else "",
        web_port=web_port,
    )
    broker = Broker(server_program(version), home, listen)
    if tls:
        broker.ca_pem = certificate.authority_pem(pool_folder(home), SystemClock().now_ms())
    await broker.start()
    try:
        yield broker
    finally:
        await broker.close()


async def until(true: Callable[[], bool], within_s: float = 10) -> float:
    """Wait for it; the seconds that took. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is waited for is another program's doing
            await asyncio.sleep(0.005)
    return loop.time() - began_s


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
