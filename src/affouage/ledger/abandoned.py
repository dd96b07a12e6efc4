"""What a process that was killed left open: which requests, what they used as far as the meters' blocks tell.

A part that belongs to no receipt is the collective's loss, or the books would not add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, select, tuple_

from affouage.ledger.bodies import RECEIPTS, decode_block, decode_receipt, decode_reservation
from affouage.ledger.receipt import (
    UNCLAIMED,
    Block,
    Durations,
    Energy,
    EngineStamp,
    Impacts,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
    part_name,
)
from affouage.storage.tables import gateway_request, ledger_entry
from affouage.units import Interval

STOPPED = "server_stopped"
"""Problem of a request whose process was killed."""
LOOK_BACK_MS = 600_000
LOOK_BACK_ENTRIES = 20_000
"""How far behind its death the parts of a gateway's runs are looked for, whatever it left open."""


def open_reservations() -> Select[str]:
    """Bodies of what is reserved and not settled."""
    return select(ledger_entry.c.body).where(ledger_entry.c.kind == "reserved", _not_settled())


def nobodys(connection: Connection) -> list[Reservation]:
    """What is open and of no gateway that is known: of a process that was killed before this one began."""
    owned = and_(
        gateway_request.c.request_id == ledger_entry.c.request_id, gateway_request.c.attempt == ledger_entry.c.attempt
    )
    query = open_reservations().where(not_(select(gateway_request.c.request_id).where(owned).exists()))
    return [decode_reservation(body) for body in connection.execute(query).scalars()]


def among(connection: Connection, requests: Collection[tuple[str, int]]) -> list[Reservation]:
    """Those of these requests (id and attempt) that are open."""
    of = tuple_(ledger_entry.c.request_id, ledger_entry.c.attempt)
    query = open_reservations().where(of.in_(list(requests)))
    return [decode_reservation(body) for body in connection.execute(query).scalars()] if requests else []


def _not_settled() -> ColumnElement[bool]:
    closing = ledger_entry.alias()
    same = and_(
        closing.c.request_id == ledger_entry.c.request_id,
        closing.c.attempt == ledger_entry.c.attempt,
        closing.c.kind.in_(RECEIPTS),
    )
    return not_(select(closing.c.seq).where(same).exists())


def parts_in_blocks(connection: Connection, abandoned: list[Reservation]) -> dict[str, tuple[Energy, str]]:
    """What blocks written since the first of these reservations say each of them used, by name, with the machine.

    Of one that a node was working for, nobody knows any more under which name: see :func:`left_in_blocks`.
    """
    if not abandoned:
        return {}
    wanted = {name_of(one) for one in abandoned}
    first = _first_of(abandoned).scalar_subquery()
    query = select(ledger_entry.c.body).where(ledger_entry.c.kind == "block", ledger_entry.c.seq > first)
    found: dict[str, tuple[Energy, str]] = {}
    for body in connection.execute(query).scalars():
        block = decode_block(body)
        for name in wanted & block.parts.keys():
            before, _ = found.get(name, (Energy(), ""))
            found[name] = (energy_of(before, block, block.parts[name], at_least=True), block.machine_id)
    return found


def left_in_blocks(connection: Connection, since: int | None, wanted: Callable[[str], bool]) -> list[tuple[Block, str]]:
    """Parts of runs on other machines that no receipt tells, in the blocks written after entry ``since``.

    Of what a node was doing for a request that was abandoned, nobody knows any more under which name it was: these are
    the names that stand on no receipt since. ``wanted``: is a run of this name nobody's who lives? None: no block.
    """
    if since is None:
        return []
    kinds = (*RECEIPTS, "block")
    query = select(ledger_entry.c.kind, ledger_entry.c.body).where(
        ledger_entry.c.seq > since, ledger_entry.c.kind.in_(kinds)
    )
    left: dict[str, list[Block]] = defaultdict(list)
    for kind, body in connection.execute(query.order_by(ledger_entry.c.seq)):
        if kind in RECEIPTS:
            receipt = decode_receipt(body)
            left.pop(receipt.run_id or receipt.id, None)
            continue
        block = decode_block(body)
        for name in filter(wanted, block.parts if block.signed_by else ()):
            left[name].append(block)
    return [(block, name) for name, blocks in left.items() for block in blocks]


def first_of(connection: Connection, abandoned: list[Reservation]) -> int | None:
    """The entry of the first of these reservations; None for none."""
    return connection.execute(_first_of(abandoned)).scalar() if abandoned else None


def lately(connection: Connection, now_ms: int) -> int:
    """An entry before which nothing is looked for that may have been left by who died just now."""
    last = connection.execute(select(func.max(ledger_entry.c.seq))).scalar() or 0
    recent = select(func.min(ledger_entry.c.seq)).where(
        ledger_entry.c.seq > last - LOOK_BACK_ENTRIES, ledger_entry.c.created_ms >= now_ms - LOOK_BACK_MS
    )
    first: int = connection.execute(recent).scalar() or last
    return first - 1


def told_already(connection: Connection, block: Block, name: str) -> bool:
    """Is this part of this block written as the collective's loss?"""
    its = ledger_entry.alias()
    entry = select(its.c.seq).where(its.c.request_id == block.id, its.c.kind == "block").scalar_subquery()
    later = select(ledger_entry.c.seq).where(
        ledger_entry.c.request_id == name, ledger_entry.c.kind == "settled", ledger_entry.c.seq > entry
    )
    return connection.execute(later.limit(1)).first() is not None


def _first_of(abandoned: list[Reservation]) -> Select[int]:
    return select(func.min(ledger_entry.c.seq)).where(
        ledger_entry.c.kind == "reserved", ledger_entry.c.request_id.in_({one.id for one in abandoned})
    )


def name_of(reservation: Reservation) -> str:
    return part_name(reservation.id, reservation.attempt)


def energy_of(before: Energy, block: Block, part: tuple[int, int, int], *, at_least: bool) -> Energy:
    static_uj, dynamic_uj = (before.static_uj or 0) + part[0], (before.dynamic_uj or 0) + part[1]
    central, meter = static_uj + dynamic_uj, block.meter
    return Energy(
        interval_uj=Interval(central * meter.low_factor, central, central * meter.high_factor).outwards(),
        static_uj=static_uj,
        dynamic_uj=dynamic_uj,
        method=meter.method,
        quality="unknown" if at_least else meter.quality,
        facts={"meter": meter.id, **meter.facts},
        at_least=at_least,
        machine_share_us=(before.machine_share_us or 0) + part[2],
    )


def lost(reservation: Reservation, now_ms: int, energy: Energy, impacts: Impacts, machine_id: str) -> Receipt:
    """What can be said of a request whose server stopped: that it failed, and what it used at least."""
    return Receipt(
        id=reservation.id,
        attempt=reservation.attempt,
        member_id=reservation.member_id,
        door=reservation.door,
        kind=reservation.kind,
        created_ms=reservation.created_ms,
        outcome="failed",
        problem=STOPPED,
        model=ModelStamp(id=reservation.model_id, name=reservation.model_id),
        engine=EngineStamp("unknown", None, "unknown"),
        tokens=TokenCounts(),
        durations=Durations(wait_ms=0, wait_reason="unknown", total_ms=max(0, now_ms - reservation.created_ms)),
        energy=energy,
        impacts=impacts,
        machine_id=machine_id,
        run_id=name_of(reservation) if reservation.attempt > 1 else "",
        workshop=reservation.workshop,
        use=reservation.use,
    )


def unclaimed(block: Block, name: str, attempt: int, now_ms: int, energy: Energy, impacts: Impacts) -> Receipt:
    return Receipt(
        id=name,
        attempt=attempt,
        member_id="",
        door="start-up",
        kind=UNCLAIMED,
        created_ms=now_ms,
        outcome="failed",
        problem="told_too_late",
        model=ModelStamp(id="", name=""),
        engine=EngineStamp("unknown", None, "unknown"),
        tokens=TokenCounts(),
        durations=Durations(wait_ms=0, wait_reason="unknown", total_ms=0),
        energy=energy,
        impacts=impacts,
        machine_id=block.machine_id,
        run_id=name,
    )
