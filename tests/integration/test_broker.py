"""The broker of a pool, for real: who gets in, what each may say and hear, and what happens when it dies."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from affouage.adapters.buses.address import read_address
from affouage.adapters.buses.broker_config import own_config
from affouage.adapters.buses.nats import GATEWAY_PACE, NODE_PACE, NatsBus, Pass, open_bus
from affouage.pool.nodes import nkey
from affouage.pool.nodes.bus import BusDown
from affouage.pool.nodes.commons_keys import commons_keys, pool_folder
from affouage.pool.nodes.credentials import node_jwt
from affouage.pool.nodes.revoked import read_revoked
from tests.brokers import VERSIONS, Broker, NodePass, running_broker, until

A, B = "n_aaaaaaaaaaaa", "n_bbbbbbbbbbbb"

pytestmark = pytest.mark.parametrize("version", VERSIONS)


@asynccontextmanager
async def hostile(broker: Broker, held: NodePass | None) -> AsyncIterator[tuple[Client, list[str]]]:
    """A node that does what it likes: a client without our adapter, and what the broker answers it."""
    said: list[str] = []

    async def on_error(problem: Exception) -> None:
        said.append(str(problem))

    options = {}
    if held is not None:
        options["user_jwt_cb"] = lambda: held.jwt.encode()
        options["signature_cb"] = lambda nonce: base64.b64encode(held.key.sign(nonce.encode()))
    client = Client()
    try:
        await client.connect(broker.url, allow_reconnect=False, error_cb=on_error, **options)
        yield client, said
    finally:
        await client.close()


HEARD = [f"node.{B}.run", f"node.{B}.>", "node.>", ">", f"out.{B}.>", "hb.*", f"hb.{A}", "$SYS.>", "_INBOX.>", "*.*"]
SAID = [f"out.{B}.r1", f"node.{B}.run", f"node.{A}.run", f"hb.{B}", "$JS.API.INFO", "$SYS.REQ.SERVER.PING", "_INBOX.x"]


def test_a_node_says_and_hears_its_own_subjects_only(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            commons, other = await broker.gateway(), await broker.node(B)
            taken, at_commons, at_other = [], [], []
            await commons.subscribe(">", lambda subject, _: at_commons.append(subject))
            await other.subscribe(f"node.{B}.>", lambda subject, _: at_other.append(subject))
            async with hostile(broker, broker.node_credentials(A)) as (client, said):

                async def took(message: object) -> None:
                    taken.append(message)

                for refusals, subject in enumerate(HEARD, start=1):
                    await client.subscribe(subject, cb=took)
                    await client.flush()
                    await until(lambda n=refusals: len(said) == n)
                for refusals, subject in enumerate(SAID, start=len(HEARD) + 1):
                    await client.publish(subject, b"forged")
                    await client.flush()
                    await until(lambda n=refusals: len(said) == n)
                assert all("permissions violation" in one for one in said), said
                commons.publish(f"node.{B}.run", b"a question")
                other.publish(f"out.{B}.r1", b"an answer")
                other.publish(f"hb.{B}", b"a beat")
                await until(lambda: len(at_commons) == 3 and len(at_other) == 1)
                await client.publish(f"hb.{A}", b"its own beat")
                await until(lambda: len(at_commons) == 4)
                await client.flush()
            assert taken == []
            assert sorted(at_commons) == sorted([f"node.{B}.run", f"out.{B}.r1", f"hb.{B}", f"hb.{A}"])

    asyncio.run(main())


@pytest.mark.incident("empty-token")
def test_whoever_has_no_pass_of_ours_stays_outside(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            good = broker.node_credentials(A)
            others, now_s = commons_keys(tmp_path / "others"), broker.now_s()
            thief = nkey.new_key("user")
            refused = {
                "nobody": None,
                "of another commons": NodePass(A, good.key, node_jwt(others, A, good.key.public, now_s, 30)),
                "without its key": NodePass(A, thief, good.jwt),
                "past its time": NodePass(A, good.key, node_jwt(broker.keys, A, good.key.public, now_s - 86_401, 1)),
                "altered": NodePass(A, good.key, good.jwt[:-6] + "AAAAAA"),
                "empty": NodePass(A, good.key, ""),
            }
            for who, held in refused.items():
                with pytest.raises((NatsError, OSError)) as told:
                    async with hostile(broker, held):
                        pass
                assert "Authorization Violation" in str(told.value), who
            async with hostile(broker, good) as (_, said):
                assert said == []

    asyncio.run(main())


def test_a_pass_that_ends_ends_the_connection_and_the_renewed_one_is_taken(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            key = nkey.new_key("user")
            jwts = [node_jwt(broker.keys, A, key.public, broker.now_s() - 86_400 + 2, 1)]
            bus = open_bus(read_address(broker.url), Pass(lambda: jwts[-1], key.seed), NODE_PACE, A)
            try:
                await bus.until_connected(5)
                await until(lambda: not bus.connected)
                assert "expired" in bus.problem
                jwts.append(node_jwt(broker.keys, A, key.public, broker.now_s(), 1))
                await bus.until_connected(5)
            finally:
                await bus.close()

    asyncio.run(main())


def test_a_key_taken_back_is_out_within_a_second_and_for_good(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            control = await broker.control()
            held = [broker.node_credentials(f"n_{n}") for n in range(3)]
            out, too, kept = [await broker.node(one) for one in held]
            loop = asyncio.get_running_loop()
            asked_s = loop.time()
            assert await control.revoke(held[0].key.public)
            await until(lambda: not out.connected)
            assert loop.time() - asked_s < 1.0
            assert await control.revoke(held[1].key.public)  # in the same second
            await until(lambda: not too.connected, within_s=1)
            with pytest.raises(BusDown, match=r"(?i)authorization|revoked"):
                await out.until_connected(1.5)
            again = NodePass("n_0", held[0].key, broker.node_credentials("n_0", key=held[0].key).jwt)
            with pytest.raises(BusDown):  # a new pass for the old key is no better
                await broker.node(again, wait_s=1)
            assert kept.connected
            broker.kill()
            await broker.start()
            await kept.until_connected(5)
            with pytest.raises(BusDown):
                await broker.node(held[0], wait_s=1)
            assert not out.connected
            assert not too.connected
            assert set(read_revoked(broker.home)) == {held[0].key.public, held[1].key.public}

    asyncio.run(main())


def test_a_key_taken_back_while_the_broker_is_down_is_out_when_it_returns(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            control, held = await broker.control(), broker.node_credentials(A)
            node = await broker.node(held)
            broker.kill()
            await until(lambda: not control.connected)
            assert not await control.revoke(held.key.public)
            await broker.start()
            await until(lambda: control.connected)
            with pytest.raises(BusDown):
                await node.until_connected(2)

    asyncio.run(main())


def test_a_revocation_outlives_a_broker_whose_configuration_is_older(version: str, tmp_path: Path) -> None:
    """As with a broker that is somebody else's: its file was written before, and stays as it was."""

    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            held = broker.node_credentials(A)
            node, control = await broker.node(held), await broker.control()
            long_ago_s, folder = broker.now_s() - 60, pool_folder(broker.home)
            written = own_config(broker.keys, broker.listen, folder, long_ago_s, {})
            assert await control.revoke(held.key.public)
            await until(lambda: not node.connected)
            await control.close()  # nobody is there to tell the broker again
            broker.configure_with(written)
            broker.kill()
            await broker.start()
            await broker.gateway()
            with pytest.raises(BusDown):
                await node.until_connected(2)

    asyncio.run(main())


def test_the_end_of_a_node_is_known_at_once_but_not_that_of_its_older_connection(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            control, gone = await broker.control(), []
            control.on_gone(gone.append)
            held = broker.node_credentials(A)
            first, second = await broker.node(held), await broker.node(held)  # one identity, twice: both are let in
            heard: list[bytes] = []
            for bus in (first, second):
                await bus.subscribe(f"node.{A}.>", lambda _, payload: heard.append(payload))
            commons = await broker.gateway()
            commons.publish(f"node.{A}.run", b"run")
            await until(lambda: heard == [b"run", b"run"])  # heartbeats tell: their `run` differs
            await first.close()
            other = await broker.node(B)
            await other.close()
            await until(lambda: bool(gone))
            await second.close()
            took_s = await until(lambda: len(gone) == 2)
            assert took_s < 1
            assert gone[1] == held.key.public
            assert gone[0] != held.key.public

    asyncio.run(main())


def test_killed_and_back_messages_flow_again_within_three_seconds(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            commons, nodes = await broker.gateway(), [await broker.node(f"n_{n}") for n in range(5)]
            heard: set[str] = set()
            await commons.subscribe("hb.*", lambda subject, _: heard.add(subject))
            for _ in range(3):
                broker.kill()
                await until(lambda: not any(bus.connected for bus in (commons, *nodes)), within_s=1)
                await asyncio.sleep(0.5)
                await broker.start()
                loop = asyncio.get_running_loop()
                back_s = loop.time()
                heard.clear()

                def beat() -> bool:
                    for number, node in enumerate(nodes):
                        if node.connected:
                            node.publish(f"hb.n_{number}", b"beat")
                    return len(heard) == len(nodes)

                await until(beat)
                assert loop.time() - back_s < 3

    asyncio.run(main())


def test_a_broker_that_hangs_is_noticed_and_left(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            node = await broker.node(A)
            os.kill(broker.pid, signal.SIGSTOP)
            try:
                for _ in range(8):
                    node.publish(f"out.{A}.r", b"x" * 900_000)
                with pytest.raises(BusDown, match="slow"):
                    node.publish(f"out.{A}.r", b"x" * 900_000)  # what waits is bounded, and nobody is held up
                took_s = await until(lambda: not node.connected, within_s=10)
                assert took_s < 8  # three pings, two seconds apart
                began_s = asyncio.get_running_loop().time()
                await node.close()
                assert asyncio.get_running_loop().time() - began_s < 5
            finally:
                os.kill(broker.pid, signal.SIGCONT)

    asyncio.run(main())


def test_a_broker_that_hangs_does_not_hold_up_whoever_closes(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            node = await broker.node(A)
            os.kill(broker.pid, signal.SIGSTOP)
            try:
                node.publish(f"hb.{A}", b"never sent")
                began_s = asyncio.get_running_loop().time()
                await node.close()
                assert asyncio.get_running_loop().time() - began_s < 5
            finally:
                os.kill(broker.pid, signal.SIGCONT)

    asyncio.run(main())


def test_a_message_larger_than_the_broker_takes_ends_its_sender_alone(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            commons, other = await broker.gateway(), await broker.node(B)
            heard: list[str] = []
            await commons.subscribe(">", lambda subject, _: heard.append(subject))
            async with hostile(broker, broker.node_credentials(A)) as (client, said):
                client._max_payload = 1 << 30  # it says what it likes
                await client.publish(f"out.{A}.r", b"x" * 3_000_000)
                await until(lambda: client.is_closed)
            other.publish(f"hb.{B}", b"")
            await until(lambda: bool(heard))
            assert heard == [f"hb.{B}"]
            assert commons.connected
            del said

    asyncio.run(main())


def test_the_connection_is_there_before_the_broker(version: str, tmp_path: Path) -> None:
    """The commons starts, and serves from its own machine, whether or not the broker does."""

    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            await broker.stop()
            early: NatsBus = await broker.gateway(wait_s=0)
            heard: list[str] = []
            await early.subscribe("hb.*", lambda subject, _: heard.append(subject))
            with pytest.raises(BusDown):
                early.publish(f"node.{A}.run", b"")
            with pytest.raises(BusDown, match="cannot be reached"):
                await early.until_connected(0.5)
            await broker.start()
            await early.until_connected(3)
            (await broker.node(A)).publish(f"hb.{A}", b"")
            await until(lambda: bool(heard))

    asyncio.run(main())


def test_in_uvloop_as_in_the_server(version: str, tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            commons, node = await broker.gateway(), await broker.node(A)
            heard: list[bytes] = []
            await commons.subscribe("hb.*", lambda _, payload: heard.append(payload))
            broker.kill()
            await until(lambda: not node.connected and not commons.connected)
            await broker.start()
            await commons.until_connected(3)
            await node.until_connected(3)
            node.publish(f"hb.{A}", b"back")
            await until(lambda: heard == [b"back"])

    uvloop.run(main())


def test_a_broker_elsewhere_with_what_the_command_line_printed(version: str, tmp_path: Path) -> None:
    """As in docs/how-to/use-an-existing-broker.md: a file of its administrator's, which includes ours."""

    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            folder, place = tmp_path / "accounts", tmp_path / "elsewhere"
            folder.mkdir()
            place.mkdir()
            printed = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "affouage", "pool", "broker-config", "--folder", str(folder)),
                env={**os.environ, "AFFOUAGE_HOME": str(broker.home)},
                stdout=asyncio.subprocess.PIPE,
            )
            text, _ = await printed.communicate()
            assert printed.returncode == 0
            (broker.home / "pool" / "affouage.conf").write_bytes(text)
            pid_file = f'pid_file: "{place / "pid"}"\n'
            own = f"host: 127.0.0.1\nport: {broker.listen.port}\n{pid_file}include ./affouage.conf\n"
            broker.configure_with(own)
            await broker.start()
            held = broker.node_credentials(A)
            commons, node, control = await broker.gateway(), await broker.node(held), await broker.control()
            heard: list[bytes] = []
            await commons.subscribe("hb.*", lambda _, payload: heard.append(payload))
            node.publish(f"hb.{A}", b"beat")
            await until(lambda: heard == [b"beat"])
            assert await control.revoke(held.key.public)
            await until(lambda: not node.connected, within_s=1)
            assert list(folder.iterdir())

    asyncio.run(main())


def test_passes_and_seeds_are_never_in_words(version: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            held = broker.node_credentials(A)
            shown = (
                repr(Pass(lambda: held.jwt, held.key.seed)) + repr(held.key) + repr(broker.keys) + repr(GATEWAY_PACE)
            )
            config = (broker.home / "pool" / "broker.conf").read_text()
            for secret in (held.key.seed, held.jwt, broker.keys.account.seed, broker.keys.box.hex()):
                assert secret not in shown
                assert secret not in config

    asyncio.run(main())
