"""``affouage doctor`` where machines work together: on the commons, and on a machine that is lent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from affouage.adapters import joining
from affouage.cli import main
from affouage.cli.doctor import _CHECKS
from affouage.clock import SystemClock
from affouage.pool.nodes.commons_keys import commons_keys
from affouage.pool.nodes.identity import FILE, write_identity
from affouage.pool.nodes.node_state import NodeState, write_state
from affouage.storage.home import claimed
from affouage.storage.tables import node
from tests.brokers import VERSIONS, running_broker
from tests.integration.enrolment_house import House, on_house

NOBODY = {"AFFOUAGE_POOL_URL": "nats://127.0.0.1:9"}


def examine(home: Path, **environ: str) -> dict[str, list[dict[str, str]]]:
    told = CliRunner().invoke(main, ["doctor", "--json"], env={"AFFOUAGE_HOME": str(home), **environ})
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(told.stdout)["findings"]:
        assert (one["status"] == "ok") == (one["remedy"] == ""), one
        found.setdefault(one["check"], []).append(one)
    assert set(found) <= set(_CHECKS), "each has its word in French"
    return found


def said(found: dict[str, Any], check: str) -> str:
    return " ".join(f"{one['status']}: {one['what']} {one['remedy']}" for one in found.get(check, []))


def test_without_a_pool_nothing_is_said_of_one(home: Path) -> None:
    found = examine(home)
    assert not {"pool", "broker", "machines", "lent machine"} & set(found)


def test_a_pool_without_its_packages(home: Path) -> None:
    hidden = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, package=None: None if name == 'nats' else find(name, package);"
        "import sys; sys.modules['nats'] = None;"
        "from affouage.cli import main; main(['doctor', '--json'])"
    )
    environ = {**os.environ, "AFFOUAGE_HOME": str(home), **NOBODY}
    done = subprocess.run([sys.executable, "-c", hidden], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (one,) = [one for one in json.loads(done.stdout)["findings"] if one["check"] == "pool"]
    assert one["status"] == "problem"
    assert "make pool" in one["remedy"]


def test_the_keys_of_the_commons_are_looked_at_and_left_as_they_are(home: Path) -> None:
    assert "not made yet" in said(examine(home, **NOBODY), "pool")
    assert not (home / "pool").exists()
    commons_keys(home)
    (home / "pool" / "box.key").chmod(0o640)
    found = examine(home)
    assert "problem: Other users of this machine can read the keys of the pool (box.key)" in said(found, "pool")
    assert (home / "pool" / "box.key").stat().st_mode & 0o777 == 0o640
    (home / "pool" / "box.key").chmod(0o600)
    assert "ok: Its keys are whole" in said(examine(home), "pool")
    (home / "pool" / "revoked.json").write_text("[")
    assert "problem: " in said(examine(home), "pool")
    (home / "pool" / "account.seed").unlink()
    assert "lacks account.seed" in said(examine(home), "pool")
    assert not (home / "pool" / "account.seed").exists()


def test_a_broker_that_is_not_there(home: Path) -> None:
    commons_keys(home)
    found = examine(home, **NOBODY)
    assert "problem: The broker at nats://127.0.0.1:9 cannot be reached" in said(found, "broker")
    assert "only this very machine can join" in said(found, "pool")
    assert "ok: " in said(examine(home), "broker"), "of its own: the program is there"
    assert "pool.server" in said(examine(home, AFFOUAGE_POOL_SERVER="/nowhere/nats"), "broker")
    with claimed(home):
        assert "affouage up --pool" in said(examine(home, AFFOUAGE_POOL_LISTEN="127.0.0.1:9"), "broker")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broker_that_answers(version: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(version, tmp_path) as broker:
            serving = await broker.gateway()
            found = await asyncio.to_thread(examine, broker.home, AFFOUAGE_POOL_URL=broker.url)
            assert "answers and knows this commons" in said(found, "broker")
            assert serving.connected, "the commons that runs is not disturbed"

    asyncio.run(work())


def test_machines_that_wait_and_machines_that_are_away(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        now_ms = SystemClock().now_ms()
        for name, days in (("here", 0), ("away", 9)):
            asked = await place.joined(name)
            await place.enrolment.approve(None, asked.node_id)
            seen = update(node).where(node.c.id == asked.node_id).values(seen_ms=now_ms - days * 86_400_000)
            await place.home.database.write(lambda c, seen=seen: c.execute(seen))  # type: ignore[misc]
        await place.joined("waits")
        commons_keys(tmp_path)
        told = said(await asyncio.to_thread(examine, tmp_path), "machines")
        assert "ok: 2 approved, 1 of them heard of" in told
        assert "1 wait for a steward" in told
        assert "away has been" not in told, "nobody listens while no server runs"
        with claimed(tmp_path):
            assert "away has been silent for 9 days" in said(await asyncio.to_thread(examine, tmp_path), "machines")

    on_house(tmp_path, work)


def test_a_machine_that_is_lent(tmp_path: Path) -> None:
    there = tmp_path / "lent"

    async def told() -> str:
        return said(await asyncio.to_thread(examine, there), "lent machine")

    async def work(place: House) -> None:
        asked = await place.joined("atelier")
        write_identity(there, asked)
        assert "a steward has to approve it" in await told()
        await place.enrolment.approve(None, asked.node_id)
        kept = await joining.renewed(asked, SystemClock())
        write_identity(there, kept)
        before = (there / FILE).read_bytes()
        found = await told()
        assert "atelier" in found
        assert "answers and knows it" in found
        assert "warning: It does not serve now" in found
        assert (there / FILE).read_bytes() == before, "nothing is changed"
        with claimed(there):
            write_state(there, NodeState(at_ms=1, started_ms=1, connected=False, problem="no route"))
            assert "does not reach the broker: no route" in await told()
            write_state(there, NodeState(at_ms=1, started_ms=1, connected=True))
            assert "ok: It runs and reaches the broker." in await told()
        (there / FILE).chmod(0o644)
        assert "problem: Other users" in await told()
        await place.enrolment.revoke(None, asked.node_id)
        assert "problem: This machine was revoked" in await told()

    on_house(tmp_path, work)
    (there / FILE).chmod(0o600)
    assert "database" not in examine(there), "it keeps none"
    assert "cannot be reached" in asyncio.run(told()), "that commons has stopped"
    (there / FILE).write_text("{}")
    assert "not what this machine wrote" in asyncio.run(told())
