"""The way to the broker: TLS with an authority of our own, WebSocket through a proxy, and nothing in clear outside."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from affouage.adapters.buses import certificate
from affouage.adapters.buses.address import read_address
from affouage.adapters.buses.nats import NODE_PACE, NatsBus, Pass, open_bus
from affouage.clock import SystemClock
from affouage.pool.nodes import nkey
from affouage.pool.nodes.bus import BusDown
from affouage.pool.nodes.commons_keys import pool_folder
from tests.brokers import LOOPBACK, VERSIONS, NodePass, free_port, running_broker, until

A = "n_aaaaaaaaaaaa"
NOW_MS = SystemClock().now_ms()


@asynccontextmanager
async def bus_to(url: str, ca_pem: str, held: NodePass | None = None) -> AsyncIterator[NatsBus]:
    key = nkey.new_key("user")
    user = Pass(lambda: held.jwt if held else "", held.key.seed if held else key.seed)
    bus = open_bus(read_address(url, ca_pem), user, NODE_PACE, A)
    try:
        yield bus
    finally:
        await bus.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pinned_authority_alone_is_believed(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        other = certificate.authority_pem(pool_folder(tmp_path / "other"), NOW_MS)
        async with running_broker(version, tmp_path, tls=True) as broker:
            held = broker.node_credentials(A)
            commons, node = await broker.gateway(), await broker.node(held)
            heard: list[bytes] = []
            await commons.subscribe("hb.*", lambda _, payload: heard.append(payload))
            node.publish(f"hb.{A}", b"x" * 900_000)
            await until(lambda: len(heard) == 1)
            for ca_pem in (other, ""):
                async with bus_to(broker.url, ca_pem, held) as bus:
                    with pytest.raises(BusDown, match="certificate is not one this machine trusts"):
                        await bus.until_connected(1.5)
            broker.kill()
            await until(lambda: not node.connected)
            await broker.start()
            await node.until_connected(5)

    asyncio.run(main())


@pytest.mark.alone
@pytest.mark.parametrize("version", VERSIONS)
def test_the_certificate_is_renewed_in_time_and_no_connection_is_lost(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path, tls=True, tls_days_old=370) as broker:
            node, changes = await broker.node(A), []
            node.on_change(changes.append)
            old = await _served(broker.listen.port, broker.ca_pem)
            assert broker.renew()
            assert not broker.renew()
            async with asyncio.timeout(5):
                while await _served(broker.listen.port, broker.ca_pem) == old:  # noqa: ASYNC110 - the broker's doing
                    await asyncio.sleep(0.05)
            assert changes == []

    asyncio.run(main())


async def _served(port: int, ca_pem: str) -> bytes:
    """The certificate that the broker shows, after NATS' first line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await writer.start_tls(ssl.create_default_context(cadata=ca_pem), server_hostname="localhost")
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return shown


def test_a_broker_that_offers_no_tls_is_told_nothing(tmp_path: Path) -> None:
    """Or somebody in between, who takes the offer out: the pass is not sent in clear."""

    async def main() -> None:
        received: list[bytes] = []

        async def in_between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'INFO {"server_id":"N","version":"2.10.0","max_payload":1048576,"nonce":"x"}\r\n')
            while data := await reader.read(1000):
                received.append(data)
            writer.close()

        ca_pem = certificate.authority_pem(pool_folder(tmp_path), NOW_MS)
        server = await asyncio.start_server(in_between, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, bus_to(f"tls://127.0.0.1:{port}", ca_pem) as bus:
            with pytest.raises(BusDown, match="offers no TLS"):
                await bus.until_connected(1)
            assert received == []

    asyncio.run(main())


@pytest.mark.parametrize("version", VERSIONS)
def test_websocket_through_a_proxy_that_holds_the_certificate(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        web_port = free_port()
        async with running_broker(version, tmp_path, web_port=web_port) as broker:
            folder = pool_folder(tmp_path / "proxy")
            certificate.renewed(folder, LOOPBACK, NOW_MS)
            ca_pem, held = certificate.authority_pem(folder, NOW_MS), broker.node_credentials(A)
            commons, heard, at_node = await broker.gateway(), [], []
            await commons.subscribe("hb.*", lambda _, payload: heard.append(payload))
            failing = [True]
            async with (
                tls_proxy(folder, web_port, lambda: failing[0]) as port,
                bus_to(f"wss://localhost:{port}", ca_pem, held) as far,
                bus_to(f"ws://127.0.0.1:{web_port}", "", held) as near,
            ):
                await near.until_connected(5)
                with pytest.raises(BusDown):  # a proxy whose back is not there answers 502: no reason to give up
                    await far.until_connected(1)
                failing[0] = False
                await far.until_connected(5)
                await far.subscribe(f"node.{A}.>", lambda _, payload: at_node.append(payload))
                far.publish(f"hb.{A}", b"x" * 900_000)
                near.publish(f"hb.{A}", b"near")
                commons.publish(f"node.{A}.run", b"y" * 900_000)
                await until(lambda: len(heard) == 2 and len(at_node) == 1)
                broker.kill()
                await until(lambda: not far.connected and not near.connected)
                await broker.start()
                await far.until_connected(5)
                await near.until_connected(5)
                far.publish(f"hb.{A}", b"back")
                await commons.until_connected(5)
                await until(lambda: _beats(far, heard))

    asyncio.run(main())


def _beats(bus: NatsBus, heard: list[bytes]) -> bool:
    if b"back" not in heard and bus.connected:
        bus.publish(f"hb.{A}", b"back")
    return b"back" in heard


@asynccontextmanager
async def tls_proxy(folder: Path, behind: int, failing: Callable[[], bool]) -> AsyncIterator[int]:
    """As caddy or nginx in front of the broker's WebSocket; 502 while ``failing``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / certificate.CERTIFICATE, folder / certificate.KEY)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if failing():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", behind)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back_writer), pump(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
