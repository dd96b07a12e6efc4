"""A machine joins, is approved, is revoked: over HTTP with its real keys, on a real database, two programs at once."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

from affouage.adapters import joining
from affouage.assembly.member import Role
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound, Unavailable
from affouage.ledger.ledger import verify
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.joining import (
    fingerprint,
)
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy
from affouage.storage import open_database
from affouage.testing import ManualClock
from tests.integration.accounts_home import DAY_MS, refused
from tests.integration.enrolment_house import POOL, House, code_of, on_house


def test_a_machine_asks_waits_serves_and_is_shut_out(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe = await place.home.joined("Zoé")
        ines = await place.home.joined("Inès", Role.STEWARD)
        asked = await place.joined("atelier", zoe)
        assert (asked.state, asked.jwt, asked.commons_name) == ("asked", "", "Le Bois")
        record = await place.enrolment.find("ATELIER")
        assert (record.owner_id, record.owned_by, record.trust, record.serves) == (zoe.id, "member", 2, False)
        assert fingerprint(record.public_key, record.box_key) == fingerprint(
            asked.public_key, joining.box_public(asked)
        )
        assert (await joining.renewed(asked, place.clock)).state == "asked"

        assert (await place.enrolment.approve(ines, asked.node_id)).serves
        now = await joining.renewed(asked, place.clock)
        assert (now.state, now.bus_url, now.machine_id) == ("approved", POOL, "vm-0")
        assert len(bytes.fromhex(now.commons_box_key)) == 32
        assert now.jwt_expires_ms == place.clock.now_ms() + 7 * DAY_MS
        place.clock.advance(ms=DAY_MS)
        assert (await joining.renewed(now, place.clock)).jwt_expires_ms == now.jwt_expires_ms + DAY_MS

        await place.enrolment.revoke(ines, asked.node_id)
        with pytest.raises(NotAllowed) as shut_out:
            await joining.renewed(now, place.clock)
        assert shut_out.value.code == "node_revoked"
        await refused(place.enrolment.approve(ines, asked.node_id), Conflict, "node_closed")

    on_house(tmp_path, work)


def test_every_decision_is_in_the_ledger_and_no_secret_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(place: House) -> None:
        zoe = await place.home.joined("Zoé")
        ines = await place.home.joined("Inès", Role.STEWARD)
        asked = await place.joined("Atelier de Zoé", zoe)
        await place.enrolment.approve(ines, asked.node_id)
        await place.enrolment.approve(ines, asked.node_id)  # nothing changes: nothing is written
        await place.enrolment.approve(None, asked.node_id, 3)
        await place.enrolment.set_max_watts(zoe, asked.node_id, 350)
        await place.enrolment.rename(zoe, asked.node_id, "Grenier")
        place.seeds.append((await joining.renewed(asked, place.clock)).jwt)
        await place.enrolment.revoke(zoe, asked.node_id)
        refused_one = await place.joined("autre")
        await place.enrolment.refuse(ines, refused_one.node_id)
        said = [(one["what"], one["by"], one["trust"], one["attempt"]) for one in place.entries()]
        assert said == [
            ("invited", "", None, 1),
            ("asked", "", None, 1),
            ("approved", ines.id, 2, 2),
            ("approved", "", 3, 3),
            ("max_watts", zoe.id, 3, 4),
            ("renamed", zoe.id, 3, 5),
            ("revoked", zoe.id, None, 6),
            ("invited", "", None, 1),
            ("asked", "", None, 1),
            ("refused", ines.id, None, 2),
        ]
        assert {one["owner_id"] for one in place.entries()} == {zoe.id, ""}
        assert place.home.database.read_now(verify).problems == []
        everywhere = place.home.bytes_on_disk()
        words = json.dumps(place.entries(), ensure_ascii=False) + caplog.text
        for secret in place.seeds:
            assert secret not in words
            assert secret.encode() not in everywhere
        for name in ("Zoé", "Inès", "Atelier", "Grenier"):
            assert name not in words

    on_house(tmp_path, work)


def test_an_invitation_serves_once_and_not_for_ever(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        secret, first = await place.invited(), place.machine("un")
        assert (await joining.ask(first, secret, place.clock)).state == "asked"
        again = await joining.ask(first, secret, place.clock)
        assert (again.node_id, again.state) == (first.node_id, "asked"), "the answer was lost on the way"
        assert await code_of(joining.ask(place.machine("deux"), secret, place.clock)) == "node_invitation_used"
        late = await place.invited()
        place.clock.advance(ms=48 * 3_600_000)
        assert await code_of(joining.ask(place.machine("deux"), late, place.clock)) == "node_invitation_expired"
        assert (await joining.ask(first, secret, place.clock)).state == "asked", "used in time is used for good"
        elsewhere = joining.ask(place.machine("deux"), "a" * 52, place.clock)
        assert await code_of(elsewhere) == "node_invitation_not_found"
        for wrong in ("", "é" * 52, "x", "A" * 52):
            asked = joining.ask(place.machine("deux"), wrong, place.clock)
            assert await code_of(asked) == "node_invitation_not_found", "closed, whatever is presented"
        assert len(place.enrolment.records()) == 1

    on_house(tmp_path, work)


def test_of_two_machines_with_one_invitation_one_comes_in(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        secret = await place.invited()
        both = [joining.ask(place.machine(name), secret, place.clock) for name in ("un", "deux")]
        came = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(one).__name__ for one in came) == ["AffouageError", "Enrolled"]
        assert len(place.enrolment.records()) == 1

    on_house(tmp_path, work)


def test_a_name_taken_leaves_the_invitation_whole(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        first, secret = await place.joined("Atelier"), await place.invited()
        assert await code_of(joining.ask(place.machine("ATÉLIER"), secret, place.clock)) == "node_name_taken"
        assert await code_of(joining.ask(place.machine("\u202ex"), secret, place.clock)) == "invalid_name"
        await place.enrolment.refuse(None, first.node_id)
        second = await joining.ask(place.machine("Atelier"), secret, place.clock)
        assert second.name == "Atelier", "who is gone leaves the name"
        names = {one.id: one.name for one in place.enrolment.records().values()}
        assert names == {first.node_id: f"Atelier {first.node_id}", second.node_id: "Atelier"}

    on_house(tmp_path, work)


def test_two_machines_never_share_a_name_in_the_books(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        ids = []
        for name in ("un", "deux"):
            asked = await joining.ask(place.machine(name, "debian"), await place.invited(), place.clock)
            ids.append(asked.machine_id)
        assert ids[0] == "debian"
        assert ids[1].startswith("debian-")
        own = await joining.ask(place.machine("trois", joining_own_machine_id()), await place.invited(), place.clock)
        assert own.machine_id != joining_own_machine_id(), "nor with the commons' own"

    on_house(tmp_path, work)


def joining_own_machine_id() -> str:
    from affouage.catalogue.machine import machine_id

    return machine_id()


def test_who_may_decide(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe, ali = await place.home.joined("Zoé"), await place.home.joined("Ali")
        ines = await place.home.joined("Inès", Role.STEWARD)
        await place.home.joined("Odile", Role.OPERATOR)
        enrolment, node_id = place.enrolment, (await place.joined("atelier", zoe)).node_id
        for nobody in (zoe, ali):
            await refused(enrolment.invite(nobody, nobody), NotAllowed, "insufficient_role")
            await refused(enrolment.approve(nobody, node_id), NotAllowed, "insufficient_role")
            await refused(enrolment.refuse(nobody, node_id), NotAllowed, "insufficient_role")
        await refused(enrolment.revoke(ali, node_id), NotAllowed, "insufficient_role")
        await refused(enrolment.rename(ali, "n_aaaaaaaaaaaa", "x"), NotAllowed, "insufficient_role")
        await refused(enrolment.approve(ines, "n_aaaaaaaaaaaa"), NotFound, "node_not_found")
        await refused(enrolment.approve(ines, node_id, 1), BadRequest, "node_trust")
        await refused(enrolment.set_max_watts(zoe, node_id, float("nan")), BadRequest, "node_watts")
        await enrolment.approve(ines, node_id)
        await refused(enrolment.refuse(ines, node_id), Conflict, "node_approved")
        await place.home.accounts.set_role(None, ines.id, Role.MEMBER)
        await refused(enrolment.approve(ines, node_id, 3), NotAllowed, "insufficient_role")
        own = await place.joined("serveur")
        assert (await enrolment.approve(None, own.node_id)).trust == 1, "the collective's own counts as such"
        await enrolment.revoke(zoe, node_id)

    on_house(tmp_path, work)


def test_an_invitation_of_somebody_who_left_opens_nothing(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe = await place.home.joined("Zoé")
        secret = await place.invited(zoe)
        await place.home.accounts.deactivate(None, zoe.id)
        assert await code_of(joining.ask(place.machine(), secret, place.clock)) == "member_deactivated"
        await refused(place.enrolment.invite(None, zoe), Conflict, "member_deactivated")
        await refused(place.enrolment.invite(None, None, 0), BadRequest, "node_hours")
        await refused(place.enrolment.invite(None, None, 721), BadRequest, "node_hours")

    on_house(tmp_path, work)


def test_a_clock_wrong_by_a_day_still_joins(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        for wrong_ms in (-DAY_MS, DAY_MS):
            clock = ManualClock(place.clock.now_ms() + wrong_ms)
            asked = await joining.ask(place.machine(f"a{wrong_ms}"), await place.invited(), clock)
            await place.enrolment.approve(None, asked.node_id)
            assert (await joining.renewed(asked, clock)).state == "approved"

    on_house(tmp_path, work)


def test_a_running_server_hears_of_what_others_decide(tmp_path: Path) -> None:
    """The command line is another program: another Enrolment, on a connection of its own to the same file."""

    async def work(place: House) -> None:
        told: asyncio.Queue[tuple[str | None, NodeRecord]] = asyncio.Queue()
        down = True

        async def on_change(before: NodeRecord | None, now: NodeRecord) -> None:
            if down:
                raise Unavailable("the broker is down")
            told.put_nowait((None if before is None else before.state, now))

        async def next_told() -> tuple[str | None, NodeRecord]:
            async with asyncio.timeout(1.5):  # within a second, on a machine that is busy
                return await told.get()

        asked = await place.joined()
        other_db = open_database(place.home.path)
        other = Enrolment(other_db, place.clock)
        async with place.enrolment.watching(on_change):
            await asyncio.sleep(0.1)
            down = False
            before, now = await next_told()
            assert (before, now.state) == (None, "pending"), "told again once it could be"
            await other.approve(None, asked.node_id)
            before, now = await next_told()
            assert (before, now.state) == ("pending", "approved")
            assert place.enrolment.records()[asked.node_id].serves
            await other.note_seen(asked.node_id, 5)
            await other.note_policy(asked.node_id, Policy(paused=True), 3)
            before, now = await next_told()
            assert (now.policy.paused, now.seen_ms) == (True, 5)
            await other.note_policy(asked.node_id, Policy(), 2)
            await other.revoke(None, asked.node_id)
            before, now = await next_told()
            assert (before, now.state, now.policy.paused) == ("approved", "revoked", True)
        assert told.empty()
        other_db.close()
        assert not [one for one in asyncio.all_tasks() if one.get_name() == "enrolment"]

    on_house(tmp_path, work)


def test_without_watching_records_are_read_again_after_half_a_second(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        asked = await place.joined()
        other_db = open_database(place.home.path)
        await Enrolment(other_db, place.clock).approve(None, asked.node_id)
        other_db.close()
        assert not place.enrolment.records()[asked.node_id].serves
        place.clock.advance(ms=500)
        assert place.enrolment.records()[asked.node_id].serves

    on_house(tmp_path, work)
