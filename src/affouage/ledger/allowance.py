"""What was used of the allowance, and what is promised to running requests: SQL sums and holds.

Sums come from ``usage_day`` and ``machine_day``, never from the ledger's entries: their cost does not grow with the
number of requests. Nothing here knows a rule.

Unknown energy is never free. A request that ends without its energy being known is counted, for the allowance alone, at
what was assumed of it (else at what was held for it): rows of ``usage_day`` under the dimensions ``assumed``,
``assumed_member`` and ``assumed_workshop``, which no report reads. Its receipt says unknown all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from affouage.ledger.receipt import Receipt
from affouage.ledger.sums import Sums
from affouage.storage.tables import allowance_hold, gateway_request, machine_day, usage_day

_DIMENSIONS = {
    "commons": ("total", "assumed"),
    "member": ("member", "assumed_member"),
    "workshop": ("workshop", "assumed_workshop"),
}


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Microjoules promised to a running request. ``workshop``: or the door, as on receipts."""

    request_id: str
    member_id: str
    workshop: str
    energy_uj: int


class ModelUse(msgspec.Struct, frozen=True):
    """What a model used lately, where its energy is known: tokens, and microjoules with the static part."""

    model_id: str
    prompt_tokens: int
    decoded_tokens: int
    energy_uj: int


# Built once: SQLAlchemy then finds them compiled.
_FIRST: Any = bindparam("first")
_LAST: Any = bindparam("last")
_USED = select(func.coalesce(func.sum(usage_day.c.static_uj + usage_day.c.dynamic_uj), 0)).where(
    usage_day.c.dimension.in_([bindparam("measured"), bindparam("assumed")]),
    usage_day.c.key == bindparam("key"),
    usage_day.c.day.between(_FIRST, _LAST),
)
_TOKENS = select(func.coalesce(func.sum(usage_day.c.prompt_tokens + usage_day.c.decoded_tokens), 0)).where(
    usage_day.c.dimension == "member", usage_day.c.key == bindparam("key"), usage_day.c.day == bindparam("day")
)
_KEEPING_ON = select(
    func.coalesce(func.sum(machine_day.c.idle_uj + machine_day.c.unattributed_uj + machine_day.c.contended_uj), 0)
).where(machine_day.c.day.between(_FIRST, _LAST))
_HELD = select(func.coalesce(func.sum(allowance_hold.c.energy_uj), 0))
_HELD_FOR = {
    "commons": _HELD,
    "member": _HELD.where(allowance_hold.c.member_id == bindparam("key")),
    "workshop": _HELD.where(allowance_hold.c.workshop == bindparam("key")),
}
_HOLDS = select(allowance_hold.c.request_id, allowance_hold.c.energy_uj).where(
    allowance_hold.c.request_id.in_(bindparam("ids", expanding=True))
)
_RELEASE = delete(allowance_hold).where(allowance_hold.c.request_id.in_(bindparam("ids", expanding=True)))


def sums(connection: Connection, scope: str, key: str, first_day: str, last_day: str) -> tuple[int, int]:
    """(used_uj, held_uj) of the whole commons, a member or a workshop, both days included.

    The commons' own counts what keeps the machines on besides: idle, unattributed and contended energy.
    """
    days = {"first": first_day, "last": last_day}
    measured, assumed = _DIMENSIONS[scope]
    asked = {"measured": measured, "assumed": assumed, "key": key, **days}
    used_uj = connection.execute(_USED, asked).scalar_one()
    if scope == "commons":
        used_uj += connection.execute(_KEEPING_ON, days).scalar_one()
    held_uj = connection.execute(_HELD_FOR[scope], {} if scope == "commons" else {"key": key}).scalar_one()
    return used_uj, held_uj


def tokens(connection: Connection, member_id: str, day: str) -> int:
    """Tokens this member's answers read and wrote, as far as they are settled, on ``day``."""
    used: int = connection.execute(_TOKENS, {"key": member_id, "day": day}).scalar_one()
    return used


def hold(connection: Connection, promise: Hold) -> None:
    """Promise energy to a request that begins."""
    connection.execute(insert(allowance_hold), msgspec.structs.asdict(promise))


def extend(connection: Connection, request_id: str, more_uj: int) -> bool:
    """Promise more to a running request; False when it runs no more."""
    found = connection.execute(
        update(allowance_hold)
        .where(allowance_hold.c.request_id == request_id)
        .values(energy_uj=allowance_hold.c.energy_uj + more_uj)
    )
    return found.rowcount == 1


class Closing(msgspec.Struct, frozen=True):
    """A settled request. ``day``: of the settlement, in the commons' time zone.

    ``assumed_uj``: what the whole request is taken to have used if its energy is unknown or a lower bound; None: what
    was held for it.
    """

    receipt: Receipt
    day: str
    assumed_uj: int | None = None


def close(connection: Connection, closings: Sequence[Closing], sums: Sums) -> None:
    """Give back what was held for settled requests; add to ``sums`` what is not known of them.

    In the settling transaction, once.
    """
    ids = {"ids": [one.receipt.id for one in closings]}
    held = {row.request_id: row.energy_uj for row in connection.execute(_HOLDS, ids)}
    if held:
        connection.execute(_RELEASE, {"ids": list(held)})
    for one in closings:
        receipt, held_uj = one.receipt, held.pop(one.receipt.id, None)
        missing_uj = _missing_uj(receipt, held_uj if one.assumed_uj is None else one.assumed_uj)
        if missing_uj:
            keys = {"assumed": "", "assumed_member": receipt.member_id, "assumed_workshop": receipt.workshop}
            for dimension, key in keys.items():
                unknown = {"requests": 1, "unknown": 1, "dynamic_uj": missing_uj}
                sums.count((dimension, key, one.day, "", "", "unknown"), unknown)


def release_abandoned(connection: Connection) -> None:
    """Forget the promises of nobody: at start-up, once what a stopped server left open has been settled."""
    owned = select(gateway_request.c.request_id)
    connection.execute(delete(allowance_hold).where(allowance_hold.c.request_id.not_in(owned)))


def workshops(connection: Connection, first_day: str, last_day: str) -> list[str]:
    """The workshops that used something, by name."""
    used = select(usage_day.c.key).where(
        usage_day.c.dimension.in_(_DIMENSIONS["workshop"]), usage_day.c.day.between(first_day, last_day)
    )
    return sorted({*connection.execute(used.distinct()).scalars()})


def use_by_model(connection: Connection, first_day: str) -> list[ModelUse]:
    """What each model used from ``first_day`` on, for estimates before a request runs."""
    of = usage_day.c
    amounts = [func.sum(one) for one in (of.prompt_tokens, of.decoded_tokens, of.static_uj + of.dynamic_uj)]
    query = (
        select(of.key, *amounts)
        .where(of.dimension == "model", of.day >= first_day, of.quality != "unknown")
        .group_by(of.key)
    )
    return [ModelUse(*row) for row in connection.execute(query)]


def _missing_uj(receipt: Receipt, assumed_uj: int | None) -> int:
    energy, tokens = receipt.energy, receipt.tokens
    known_uj = (energy.static_uj or 0) + (energy.dynamic_uj or 0)
    if receipt.outcome == "refused" or (energy.static_uj is not None and not energy.at_least):
        return 0
    if energy.static_uj is None and tokens.prompt == 0 and tokens.decoded == 0:
        return 0  # it never reached an engine: there is nothing to know
    return max(0, (assumed_uj or 0) - known_uj)
