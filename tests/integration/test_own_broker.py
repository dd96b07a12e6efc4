"""The broker that the commons starts itself: it runs while it should, and nothing is left of it afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from affouage.adapters.buses.nats_server import find_server
from affouage.adapters.buses.own_broker import own_broker, with_own_broker
from affouage.adapters.buses.pool_bus import open_node_bus, open_pool
from affouage.cli.pool_broker import broker_config
from affouage.clock import SystemClock
from affouage.errors import SettingsError, SetUpError
from affouage.pool.nodes import jwt, nkey
from affouage.pool.nodes.commons_keys import commons_keys
from affouage.pool.nodes.credentials import node_jwt
from affouage.pool.nodes.identity import Enrolled
from affouage.settings import PoolSettings, Settings
from tests.brokers import VERSIONS, free_port, server_program, until

A = "n_aaaaaaaaaaaa"


def settings_of(home: Path, **pool: object) -> Settings:
    given = {"listen": f"127.0.0.1:{free_port()}", **pool}
    return Settings(home=home, pool=PoolSettings(**given))  # type: ignore[arg-type]


def enrolled_in(settings: Settings) -> Enrolled:
    keys, key = commons_keys(settings.home), nkey.new_key("user")
    return Enrolled(
        state="approved",
        node_id=A,
        name="atelier",
        machine_id="atelier",
        commons_url="http://127.0.0.1:8420",
        public_key=key.public,
        seed=key.seed,
        box_private="00" * 32,
        bus_url=settings.pool.public_url,
        ca_pem=Path(settings.pool.ca_file).read_text() if settings.pool.ca_file else "",
        jwt=node_jwt(keys, A, key.public, SystemClock().now_ms() // 1000, 7),
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_pool_opens_with_its_broker_and_leaves_nothing(version: str, home: Path) -> None:
    async def main() -> None:
        settings = settings_of(home, server=str(server_program(version)))
        async with open_pool(settings, SystemClock(), own_broker=True) as link:
            await link.bus.until_connected(5)
            enrolled = enrolled_in(link.settings)
            node = open_node_bus(lambda: enrolled)
            try:
                heard: list[bytes] = []
                await link.bus.subscribe("hb.*", lambda _, payload: heard.append(payload))
                await node.until_connected(5)
                node.publish(f"hb.{A}", b"beat")
                await until(lambda: heard == [b"beat"])
                assert await link.control.revoke(enrolled.public_key)
                await until(lambda: not node.connected, within_s=1)
            finally:
                await node.close()
            assert _children()
        assert not _children()
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    asyncio.run(main())


def _children() -> list[psutil.Process]:
    """Those of brokers: engines, a PostgreSQL and a Slurm that other tests share may be there too."""
    theirs = ("python", "postgres", "munged", "slurmctld", "slurmd", "slurmscriptd", "slurmstepd")
    return [one for one in psutil.Process().children(recursive=True) if one.name() not in theirs]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broker_that_dies_is_started_again(version: str, home: Path) -> None:
    async def main() -> None:
        settings = with_own_broker(settings_of(home, server=str(server_program(version))))
        async with own_broker(settings, commons_keys(home), SystemClock()) as server:
            for _ in range(3):
                first = server.pid
                assert first is not None
                os.kill(first, signal.SIGKILL)
                await until(lambda gone=first: server.pid not in (None, gone))
                await until(lambda: _answers(settings))
        assert not _children()

    asyncio.run(main())


def _answers(settings: Settings) -> bool:
    host, port = settings.pool.listen.rsplit(":", 1)
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def test_killed_without_a_word_the_commons_takes_its_broker_with_it(home: Path) -> None:
    port = free_port()
    program = f"""
import asyncio
from pathlib import Path
from affouage.adapters.buses.own_broker import own_broker, with_own_broker
from affouage.clock import SystemClock
from affouage.pool.nodes.commons_keys import commons_keys
from affouage.settings import PoolSettings, Settings
async def main():
    home = Path({str(home)!r})
    settings = with_own_broker(Settings(home=home, pool=PoolSettings(listen="127.0.0.1:{port}")))
    async with own_broker(settings, commons_keys(home), SystemClock()) as server:
        print(server.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""

    async def main() -> None:
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        assert parent.stdout is not None
        broker = psutil.Process(int(await parent.stdout.readline()))
        assert "nats-server" in broker.name()
        parent.kill()
        await parent.wait()
        await until(lambda: not broker.is_running() or broker.status() == psutil.STATUS_ZOMBIE)

    asyncio.run(main())


def test_a_port_that_is_taken_is_said(home: Path) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            settings = with_own_broker(settings_of(home, listen=f"127.0.0.1:{other.getsockname()[1]}"))
            with pytest.raises(SetUpError, match="cannot listen on") as told:
                async with own_broker(settings, commons_keys(home), SystemClock()):
                    pass
            assert told.value.code == "broker_port"
            assert told.value.details["port"] == str(other.getsockname()[1]), "as it is written, without spaces"
        assert not _children()

    asyncio.run(main())


def test_a_program_that_is_no_broker_is_said_with_its_last_words(home: Path, tmp_path: Path) -> None:
    async def main() -> None:
        odd = tmp_path / "odd"
        odd.write_text("#!/bin/sh\necho 'nats-server: unknown field' >&2\nexit 1\n")
        odd.chmod(0o700)
        settings = with_own_broker(settings_of(home, server=str(odd)))
        with pytest.raises(SetUpError, match="unknown field") as told:
            async with own_broker(settings, commons_keys(home), SystemClock()):
                pass
        assert told.value.code == "broker_failed"
        assert not _children()

    asyncio.run(main())


def test_finding_the_program(tmp_path: Path) -> None:
    assert find_server("").name == "nats-server"
    with pytest.raises(SetUpError, match="no program") as told:
        find_server(str(tmp_path / "nothing"))
    assert told.value.code == "broker_program"


# --- where it listens, and how machines reach it: no broker is started ----------------------------------------------


def test_on_this_machine_alone_it_is_in_clear(home: Path) -> None:
    pool = with_own_broker(Settings(home=home, pool=PoolSettings())).pool
    assert (pool.url, pool.public_url, pool.ca_file) == ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222", "")
    behind = PoolSettings(websocket="127.0.0.1:4223", public_url="wss://commun.example.org/pool")
    assert with_own_broker(Settings(home=home, pool=behind)).pool.public_url == "wss://commun.example.org/pool"


def test_beyond_it_only_with_tls(home: Path) -> None:
    pool = with_own_broker(Settings(home=home, pool=PoolSettings(listen="0.0.0.0:4222"))).pool
    assert pool.url == "tls://127.0.0.1:4222"
    assert pool.public_url.startswith("tls://")
    assert not pool.public_url.startswith("tls://0.")
    assert pool.ca_file == str(home / "pool" / "ca.pem")
    settings = Settings(home=home, pool=PoolSettings(listen="[::]:4222"))
    named = replace(settings, server=replace(settings.server, public_url="https://commun.example.org"))
    assert with_own_broker(named).pool.public_url == "tls://commun.example.org:4222"
    chosen = PoolSettings(listen="192.0.2.7:4222", public_url="tls://chez-nous.example:443")
    pool = with_own_broker(Settings(home=home, pool=chosen)).pool
    assert (pool.url, pool.public_url) == ("tls://192.0.2.7:4222", "tls://chez-nous.example:443")


def test_with_files_that_were_given(home: Path, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    files = {"cert_file": str(tmp_path / "cert.pem"), "key_file": str(tmp_path / "key.pem")}
    given = PoolSettings(listen="0.0.0.0:4222", public_url="tls://commun.example.org:4222", **files)
    pool = with_own_broker(Settings(home=home, pool=given)).pool
    assert (pool.url, pool.ca_file) == ("tls://commun.example.org:4222", "")


@pytest.mark.parametrize(
    ("pool", "code"),
    [
        ({"listen": "4222"}, "broker_place"),
        ({"listen": "127.0.0.1"}, "broker_place"),
        ({"listen": "127.0.0.1:99999"}, "broker_place"),
        ({"listen": "nats://127.0.0.1:4222"}, "broker_place"),
        ({"websocket": "0.0.0.0:4223"}, "broker_in_clear"),
        ({"cert_file": "only.pem"}, "broker_authority"),
        ({"cert_file": "/nowhere/a.pem", "key_file": "/nowhere/b.pem"}, "broker_authority"),
        ({"url": "tls://elsewhere.example:4222"}, "broker_named"),
    ],
)
def test_what_cannot_be_is_said(home: Path, pool: dict[str, str], code: str) -> None:
    with pytest.raises(SettingsError) as told:
        with_own_broker(Settings(home=home, pool=PoolSettings(**pool)))
    assert told.value.code == code
    assert told.value.remedy


def test_what_a_broker_elsewhere_must_know_is_printed_and_is_no_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFOUAGE_HOME", str(home))
    printed = CliRunner().invoke(broker_config, ["--json"])
    assert printed.exit_code == 0
    keys, known = commons_keys(home), json.loads(printed.stdout)
    assert known["account"] == keys.account.public
    now_s = SystemClock().now_ms() // 1000
    assert jwt.decode(known["account_jwt"], issuer=keys.operator.public, now_s=now_s).sub == keys.account.public
    text = CliRunner().invoke(broker_config, ["--folder", "/srv/nats"]).stdout
    assert 'dir: "/srv/nats"' in text
    for secret in (keys.operator.seed, keys.account.seed, keys.system.seed, keys.gateway.seed, keys.box.hex()):
        assert secret not in printed.stdout + text
    (home / "pool" / "account.seed").write_text("damaged")
    refused = CliRunner().invoke(broker_config, [])
    assert refused.exit_code == 2
    assert "account.seed is damaged" in refused.stderr
