"""Emergency measures as they bear on a rule: for a few days, some of its paths have another value.

They are read from the events of the assembly. None outlives its end, and none lasts longer than the software allows,
whatever its event says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from affouage.assembly.area import Area
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.rules.governance import EMERGENCY_DAYS_MOST
from affouage.errors import RuleRefused
from affouage.journal import log
from affouage.ledger.rule_rows import RuleProblem
from affouage.storage.tables import assembly_event

LONGEST_MS = EMERGENCY_DAYS_MOST * 24 * 3_600_000


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """``patch``: path -> value on the rule's document; ``end_ms``: excluded, earlier than planned when lifted."""

    id: int
    area: str
    patch: dict[str, Any]
    from_ms: int
    end_ms: int

    def active(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.end_ms


class _Said(msgspec.Struct, frozen=True):
    """What of an event is read here."""

    id: int
    area: str = ""
    patch: dict[str, Any] = {}
    from_ms: int = 0
    until_ms: int = 0
    at_ms: int = 0


def read(connection: Connection) -> tuple[list[Suspension], list[RuleProblem]]:
    """Every measure ever taken, oldest first; those that the public log does not hold are told and left out."""
    query = (
        select(assembly_event.c.kind, assembly_event.c.body, assembly_event.c.leaf_seq)
        .where(assembly_event.c.kind.in_(("emergency", "emergency_lifted")))
        .order_by(assembly_event.c.seq)
    )
    found: dict[int, Suspension] = {}
    problems = []
    for kind, body, leaf_seq in connection.execute(query):
        said = msgspec.json.decode(body, type=_Said)
        if kind == "emergency_lifted":
            if said.id in found:
                known = found[said.id]
                found[said.id] = msgspec.structs.replace(known, end_ms=min(known.end_ms, said.at_ms))
        elif _in_log(connection, leaf_seq, said):
            end_ms = min(said.until_ms, said.from_ms + LONGEST_MS)
            found[said.id] = Suspension(
                id=said.id, area=said.area, patch=said.patch, from_ms=said.from_ms, end_ms=end_ms
            )
        else:
            problems.append(RuleProblem(area=said.area, version=said.id, what="emergency_not_in_log", applied=False))
    return list(found.values()), problems


def applied(
    area: Area, value: Any, active: Sequence[Suspension]
) -> tuple[Any, tuple[int, ...], tuple[RuleProblem, ...]]:
    """The rule with the measures on it, the numbers of those that could be applied, and those that could not."""
    done, problems = [], []
    for measure in active:
        try:
            value = area.checked(patches.apply(area.shape(value), Patch(set=measure.patch)))
            done.append(measure.id)
        except RuleRefused:
            told = RuleProblem(area=area.name, version=measure.id, what="emergency_not_applicable", applied=False)
            problems.append(told)
    return value, tuple(done), tuple(problems)


def _in_log(connection: Connection, leaf_seq: int | None, said: _Said) -> bool:
    if leaf_seq is None:
        return False
    return any(_same(leaf.public, said) for leaf in log.leaves(connection, leaf_seq, 1))


def _same(public: dict[str, Any], said: _Said) -> bool:
    told = [public.get(name) for name in ("id", "area", "patch", "from_ms", "until_ms")]
    return told == [said.id, said.area, said.patch, said.from_ms, said.until_ms]
