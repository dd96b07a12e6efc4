"""What may be told to everybody: nothing that tells of fewer than five people, even by subtraction. Pure.

A month's requests fall into cells: one model, workshop, machine, declared use, lost or not. The lines of a public
report are unions of cells, and whatever anybody computes from those lines (a workshop's less a model's) is made of
*published cells*: what is common to a line of each table. So lines are merged into "other" until every published cell
is the work of at least five people: then nothing that can be computed is the work of fewer.

Only whole months that are over are published: the same month told on two days would tell what was used in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from affouage.footprint.balance import add_sums, portion_of_sum
from affouage.footprint.report import Line, Report, Sum

FEWEST = 5
OTHER = "*"
"""Key of the line where lines of fewer people are merged; no model, workshop or machine has that name."""


class Cell(NamedTuple):
    """What requests have in common, down to the finest line that any table tells."""

    model: str
    workshop: str
    machine: str
    use: str
    lost: str
    """"lost" or ""."""


People = Mapping[Cell, frozenset[str]]
"""Who was in each cell of the period, as opaque ids; the commons itself is nobody, but its cells stand there."""

Grouping = tuple[Mapping[str, str], ...]
"""For each field of a cell: key -> the line it is told under, itself or OTHER."""


def public(report: Report, people: People) -> Report | None:
    """The report without what tells of fewer than five people; None when the whole does.

    Days, members' own figures, the pot (which holds single losses) and limits of members and workshops are left out;
    answers running as the month turned are told with idle energy.
    """
    if len(frozenset().union(*people.values())) < FEWEST:
        return None
    groups = grouping(people)
    losses_told = groups[4].get("lost", "lost") == "lost"
    turned_uj = report.idle.energy_uj + report.unsettled_uj
    return msgspec.structs.replace(
        report,
        public=True,
        to_requests=portion_of_sum(report.to_requests, report.to_requests.energy_uj - report.unsettled_uj),
        idle=portion_of_sum(report.idle, turned_uj),
        unsettled_uj=0,
        losses=report.losses if losses_told else Sum(at_least=True),
        pot=Sum(),
        days=(),
        models=_merged(report.models, groups[0]),
        workshops=_merged(report.workshops, groups[1]),
        machines=_merged(report.machines, groups[2]),
        uses=_uses(report.uses, groups[3]),
        limits=tuple(one for one in report.limits if one.limit.scope == "commons" and one.limit.span != "day"),
        mine=None,
    )


def grouping(people: People) -> Grouping:
    """Under which line each key is told, so that every published cell has at least ``FEWEST`` people.

    The whole must have them. The line of fewest people goes first; the same people always give the same lines.
    """
    groups = [{cell[field]: cell[field] for cell in people} for field in range(len(Cell._fields))]
    while small := _smallest(people, groups):
        field, line = _next_to_merge(people, groups, small)
        groups[field] = {key: OTHER if told == line else told for key, told in groups[field].items()}
    return tuple(_named(group) for group in groups)


def _named(group: Mapping[str, str]) -> Mapping[str, str]:
    """A line that is alone under OTHER keeps its name: nothing had to be merged with it in the end."""
    merged = [key for key, told in group.items() if told == OTHER]
    return {**group, merged[0]: merged[0]} if len(merged) == 1 else group


def published(people: People, groups: Iterable[Mapping[str, str]]) -> dict[tuple[str, ...], frozenset[str]]:
    """People of each published cell."""
    told: dict[tuple[str, ...], frozenset[str]] = {}
    groups = tuple(groups)
    for cell, those in people.items():
        lines = tuple(group[key] for group, key in zip(groups, cell, strict=True))
        told[lines] = told.get(lines, frozenset()) | those
    return told


def _smallest(people: People, groups: list[dict[str, str]]) -> tuple[str, ...] | None:
    cells = published(people, groups)
    small = [(len(those), lines) for lines, those in cells.items() if len(those) < FEWEST]
    return min(small)[1] if small else None


def _next_to_merge(people: People, groups: list[dict[str, str]], small: tuple[str, ...]) -> tuple[int, str]:
    """The line with the fewest people: of those the small cell is in, else of all that are left."""
    of_the_cell = [(field, line) for field, line in enumerate(small) if line != OTHER and _several(groups[field])]
    of_all = [
        (field, line) for field, group in enumerate(groups) if _several(group) for line in set(group.values()) - {OTHER}
    ]

    def people_of(candidate: tuple[int, str]) -> tuple[int, int, str]:
        field, line = candidate
        those = [people[cell] for cell in people if groups[field][cell[field]] == line]
        return len(frozenset().union(*those)), -field, line

    return min(of_the_cell or of_all, key=people_of)


def _several(group: Mapping[str, str]) -> bool:
    return len(set(group.values())) > 1


def _merged(lines: Iterable[Line], group: Mapping[str, str]) -> tuple[Line, ...]:
    """Lines nobody used (a machine that only waited) stay as they are."""
    told: dict[str, list[Line]] = {}
    for line in lines:
        told.setdefault(group.get(line.key, line.key), []).append(line)
    return tuple(_one(key, those) for key, those in told.items())


def _uses(lines: Iterable[Line], group: Mapping[str, str]) -> tuple[Line, ...]:
    """Requests without a declared use have no line: merged with them, a use has none either."""
    shown = [line for line in lines if group.get(line.key) != group.get("", "")]
    return _merged(shown, group)


def _one(key: str, lines: list[Line]) -> Line:
    if len(lines) == 1:
        return msgspec.structs.replace(lines[0], key=key)
    return Line(
        key=key,
        requests=sum(line.requests or 0 for line in lines),
        tokens_decoded=sum(line.tokens_decoded or 0 for line in lines),
        sum=add_sums([line.sum for line in lines if line.sum is not None]),
    )
