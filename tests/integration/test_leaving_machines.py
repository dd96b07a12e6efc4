"""When a member leaves, their machines leave too: shut out within a second, in the ledger, and nameless once erased."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import insert

from affouage.adapters import joining
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Role
from affouage.errors import Conflict, NotAllowed
from affouage.ledger.ledger import verify
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy
from affouage.storage import open_database
from affouage.storage.tables import node_day
from tests.integration.accounts_home import refused
from tests.integration.enrolment_house import House, code_of, on_house


def test_closing_an_account_revokes_its_machines_for_good(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe, ali = await place.home.joined("Zoé"), await place.home.joined("Ali")
        ines = await place.home.joined("Inès", Role.OPERATOR)
        serving, waiting = await place.joined("atelier", zoe), await place.joined("grenier", zoe)
        kept = [await place.joined("cave", ali), await place.joined("salle")]
        for one in (serving, *kept):
            await place.enrolment.approve(ines, one.node_id)
        serving = await joining.renewed(serving, place.clock)
        await place.home.accounts.deactivate(ines, zoe.id)

        written = [(one["id"], one["what"], one["by"]) for one in place.entries()][-2:]
        assert sorted(written) == sorted((one.node_id, "revoked", ines.id) for one in (serving, waiting))
        for one in (serving, waiting):
            assert await code_of(joining.renewed(one, place.clock)) == "node_revoked"
        assert all([(await place.enrolment.record(one.node_id)).serves for one in kept]), "nobody else's"

        before = len(place.entries())
        await place.home.accounts.deactivate(ines, zoe.id)
        await place.home.accounts.reactivate(ines, zoe.id)
        assert len(place.entries()) == before
        with pytest.raises(NotAllowed):
            await joining.renewed(serving, place.clock)
        await refused(place.enrolment.approve(ines, serving.node_id), Conflict, "node_closed")
        assert (await place.joined("atelier", zoe)).state == "asked", "invited again, with keys of its own"
        assert place.home.database.read_now(verify).problems == []

    on_house(tmp_path, work)


def test_a_running_server_hears_of_it_as_of_any_revocation(tmp_path: Path) -> None:
    """The account is closed by another program, on a connection of its own to the same file."""

    async def work(place: House) -> None:
        told: asyncio.Queue[NodeRecord] = asyncio.Queue()

        async def on_change(_before: NodeRecord | None, now: NodeRecord) -> None:
            told.put_nowait(now)

        zoe = await place.home.joined("Zoé")
        asked = await place.joined("atelier", zoe)
        await place.enrolment.approve(None, asked.node_id)
        other_db = open_database(place.home.path)
        async with place.enrolment.watching(on_change), asyncio.timeout(3):
            assert (await told.get()).state == "approved"
            await Accounts(other_db, place.clock).deactivate(None, zoe.id)
            async with asyncio.timeout(1.5):  # within a second, on a machine that is busy
                assert (await told.get()).state == "revoked"
            assert not place.enrolment.records()[asked.node_id].serves
        other_db.close()

    on_house(tmp_path, work)


def test_erasing_oneself_shuts_out_and_forgets(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe = await place.home.joined("Zoé Vincent")
        asked = await place.joined("Atelier de Zoé", zoe)
        secret = await place.invited(zoe)
        await place.enrolment.approve(None, asked.node_id)
        await place.enrolment.note_policy(asked.node_id, Policy(hours=(("21:07", "06:13"),)), 4)
        await place.home.accounts.erase(zoe)

        record = await place.enrolment.record(asked.node_id)
        assert (record.name, record.state, record.policy) == (asked.node_id, "revoked", Policy())
        assert (place.entries()[-1]["what"], place.entries()[-1]["by"]) == ("revoked", zoe.id)
        assert await code_of(joining.ask(place.machine(), secret, place.clock)) == "node_invitation_not_found"
        stored = place.home.bytes_on_disk()
        for trace in ("Atelier de", "21:07", "Vincent"):
            assert trace.encode() not in stored, trace
        assert asked.node_id.encode() in stored, "we did look in the right place"

    on_house(tmp_path, work)


def test_the_export_lists_what_a_member_lends(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe, ali = await place.home.joined("Zoé"), await place.home.joined("Ali")
        await place.joined("cave", ali)
        asked = await place.joined("atelier", zoe)
        unused = await place.invited(zoe)
        await place.enrolment.approve(None, asked.node_id, 3)
        await place.enrolment.set_max_watts(zoe, asked.node_id, 350)
        await place.enrolment.note_policy(asked.node_id, Policy(hours=(("21:00", "06:00"),)), 1)
        day = {"requests": 3, "own_requests": 1, "lost": 0, "decoded_tokens": 90, "served_us": 7, "energy_uj": 0}
        rows = [{"node_id": asked.node_id, "day": f"2026-11-2{n}", **day, "energy_uj": n * 500} for n in (0, 1)]
        await place.home.database.write(lambda c: c.execute(insert(node_day), rows))

        given = await place.home.accounts.export(zoe)
        (machine,) = given["machines"]
        assert (machine["name"], machine["state"], machine["trust"]) == ("atelier", "approved", "everyone")
        assert (machine["max_watts"], machine["lends"]["hours"]) == (350, [["21:00", "06:00"]])
        assert machine["created"].endswith("Z")
        assert machine["revoked"] is None
        assert [one["energy_uj"] for one in machine["served"]] == [None, 500], "unknown is not nothing"
        assert machine["served"][1]["requests"] == 3
        assert [one["machine_id"] for one in given["machine_invitations"]] == [asked.node_id, None]
        for kept_secret in (unused, asked.seed, asked.box_private):
            assert kept_secret not in json.dumps(given)

    on_house(tmp_path, work)
