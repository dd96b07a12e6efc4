"""What *La coupe* shows: one period of a commons, computed from sums by day. Types here; reading is the books' work."""

from __future__ import annotations

import msgspec

from affouage.footprint.budget import LimitState
from affouage.ledger.receipt import Impacts
from affouage.units import Interval, Quality


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """An energy in microjoules with its range, what it cost the world (use phase) and its electricity in euros.

    ``energy_uj``: exact central sum; ``at_least``: some part is not known, so this is a lower bound.
    """

    energy_uj: int = 0
    interval_uj: Interval | None = None
    quality: Quality = "unknown"
    at_least: bool = False
    use: Impacts = Impacts()
    cost_eur: Interval | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table: ``key`` is a model, workshop, machine or declared use. None: fewer than 5 people, not told."""

    key: str
    requests: int | None
    tokens_decoded: int | None = None
    sum: Sum | None = None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """``day``: 2026-11-22. ``requests_uj`` + ``idle_uj`` + ``unattributed_uj`` + ``contended_uj`` = ``energy_uj``."""

    day: str
    requests: int
    energy_uj: int
    requests_uj: int
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    gap_s: int
    at_least: bool = False
    """Some of this day's energy is not known."""


class Embodied(msgspec.Struct, frozen=True, kw_only=True):
    """Making of the machines, for the days of the period: ``total`` (commons' share of it), of which served requests
    carry ``served`` and the pot the rest. ``amortised``: ids of machines past their planned life."""

    total: Impacts
    to_requests: Impacts
    to_pot: Impacts
    amortised: tuple[str, ...] = ()
    undescribed: tuple[str, ...] = ()
    """Machines nobody described: their making is unknown, so totals are lower bounds."""


class Restated(msgspec.Struct, frozen=True, kw_only=True):
    """What a closed period's use phase would be with newer factors; the period's own figures stay as they are."""

    entry_seq: int
    old_sets: tuple[str, ...]
    new_set: str
    reason: str
    at_ms: int
    old: Impacts
    new: Impacts


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A member's own: ``use`` (their requests), and ``keeping_on``: their share of the rest by the pot rule, None when
    it stays in the common pot; ``keeping_on_if_equal`` is then what an equal share would be."""

    requests: int
    use: Sum
    keeping_on: Sum | None
    keeping_on_if_equal: Sum | None
    embodied: Impacts
    cost_eur: Interval | None
    """Electricity, hardware and hosting: the real share for the period. What the pot keeps counts in equal parts."""
    cost_at_least: bool = False
    """Some of these was not told (price, cost of the machine) or not counted."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One day (2026-11-22), month (2026-11) or year (2026). ``closed``: figures are final, entry in the ledger."""

    period: str
    t0_ms: int
    t1_ms: int
    closed: bool
    members: int
    requests: int
    total: Sum
    to_requests: Sum
    idle: Sum
    unattributed: Sum
    contended: Sum
    losses: Sum
    """Part of ``to_requests`` burned by attempts that a machine or the software failed."""
    pot: Sum = Sum()
    """Keeping it on: idle + unattributed + losses + the commons' own requests, borne by the rule ``pot_sharing``."""
    unsettled_uj: int = 0
    """Part of ``to_requests`` that is on no receipt of the period: answers running as it began or ended. May be < 0."""
    known_s: int = 0
    """Time whose energy was counted, all machines together; ``gap_s``: time a meter was silent."""
    gap_s: int
    first_day: str = ""
    """First day the books count in it: the period's own, or the one they were opened; "" for none."""
    embodied: Embodied
    days: tuple[Day, ...]
    models: tuple[Line, ...]
    workshops: tuple[Line, ...]
    machines: tuple[Line, ...]
    uses: tuple[Line, ...]
    limits: tuple[LimitState, ...]
    fixed_cost_eur: Interval | None
    """Hardware and hosting of the period."""
    factor_sets: tuple[str, ...]
    pot_sharing: str
    entry_seq: int | None = None
    """Entry of the ledger that closed it."""
    restated: tuple[Restated, ...] = ()
    public: bool = False
    """Without anything that tells of fewer than five people (``footprint.public``)."""
    mine: Mine | None = None
