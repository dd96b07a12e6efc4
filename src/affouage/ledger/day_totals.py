"""When a day's totals may be told to everybody: never of fewer than five people, not even by subtraction. Pure.

Days are told in spans: consecutive days that at least five people used together. A span is held back until the next
one is whole, so that what remains at the end of a month can join the last: the spans of a month are then all of it, and
neither the month's total nor the total of any run of days tells of fewer than five.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

FEWEST = 5


class DayUse(msgspec.Struct, frozen=True):
    """One day: who used the commons (ids), and what was counted. Energies in microjoules."""

    day: str
    people: frozenset[str]
    requests: int
    unknown: int
    energy_uj: int
    low_uj: int
    high_uj: int
    qualities: frozenset[str] = frozenset()


class Span(msgspec.Struct, frozen=True):
    """Consecutive days told together, both ends in. ``unknown``: requests whose energy is not known in full."""

    first: str
    last: str
    requests: int
    unknown: int
    energy_uj: int
    low_uj: int
    high_uj: int
    qualities: tuple[str, ...]


def told(days: Sequence[DayUse], *, month_over: bool) -> tuple[Span, ...]:
    """What may be told at the end of the last of these days, which begin with the first of a month.

    ``month_over``: it is the last day of the month. Told once each, over the month: together they are all its days
    when at least five people used the commons in it; else nothing is ever told.
    """
    ready: tuple[DayUse, ...] = ()
    held: tuple[DayUse, ...] = ()
    growing: tuple[DayUse, ...] = ()
    for day in days:
        ready, growing = (), (*growing, day)
        if len(_people(growing)) >= FEWEST:
            ready, held, growing = held, growing, ()
    spans = [ready] if ready else []
    if month_over and held:
        spans.append((*held, *growing))
    return tuple(_span(one) for one in spans)


def _people(days: Sequence[DayUse]) -> frozenset[str]:
    return frozenset().union(*(day.people for day in days))


def _span(days: Sequence[DayUse]) -> Span:
    return Span(
        first=days[0].day,
        last=days[-1].day,
        requests=sum(day.requests for day in days),
        unknown=sum(day.unknown for day in days),
        energy_uj=sum(day.energy_uj for day in days),
        low_uj=sum(day.low_uj for day in days),
        high_uj=sum(day.high_uj for day in days),
        qualities=tuple(sorted(frozenset().union(*(day.qualities for day in days)))),
    )
