"""``audit close``: the pot of a period among its members. Pure; :mod:`affouage.footprint.period` decides."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from affouage.footprint.allocation import MILLION
from affouage.footprint.audit.form import ENERGY_UJ, MOST, Form, Id, Said, distinct, one_of, refuse, understand, whole
from affouage.footprint.period import Sums, share_pot


class MemberForm(Form, frozen=True, kw_only=True):
    """A member on the roll: the parts of their own requests, 0 when left out; or ``use``, when nobody knows the parts
    (then nothing can be shared pro rata)."""

    id: Id
    static_uj: Said = UNSET
    static_j: Said = UNSET
    static_wh: Said = UNSET
    static_kwh: Said = UNSET
    dynamic_uj: Said = UNSET
    dynamic_j: Said = UNSET
    dynamic_wh: Said = UNSET
    dynamic_kwh: Said = UNSET
    use_uj: Said = UNSET
    use_j: Said = UNSET
    use_wh: Said = UNSET
    use_kwh: Said = UNSET


class Question(Form, frozen=True, kw_only=True):
    """A period. ``losses``: burned by attempts the machine or the software failed; ``overhead``: used by the commons
    itself; neither is in the members' own use. ``meter``: what was counted, to be compared with the sum."""

    note: str = ""
    rule: Literal["kept", "pro_rata", "equal"]
    members: list[MemberForm] = []
    idle_uj: Said = UNSET
    idle_j: Said = UNSET
    idle_wh: Said = UNSET
    idle_kwh: Said = UNSET
    unattributed_uj: Said = UNSET
    unattributed_j: Said = UNSET
    unattributed_wh: Said = UNSET
    unattributed_kwh: Said = UNSET
    contended_uj: Said = UNSET
    contended_j: Said = UNSET
    contended_wh: Said = UNSET
    contended_kwh: Said = UNSET
    losses_uj: Said = UNSET
    losses_j: Said = UNSET
    losses_wh: Said = UNSET
    losses_kwh: Said = UNSET
    overhead_uj: Said = UNSET
    overhead_j: Said = UNSET
    overhead_wh: Said = UNSET
    overhead_kwh: Said = UNSET
    meter_uj: Said = UNSET
    meter_j: Said = UNSET
    meter_wh: Said = UNSET
    meter_kwh: Said = UNSET


class MemberShare(Struct, frozen=True, kw_only=True):
    """``own_uj``: their requests; ``keeping_on_uj``: their share of the pot (null when it is kept)."""

    id: str
    own_uj: int
    keeping_on_uj: int | None
    total_uj: int
    own_j: float
    keeping_on_j: float | None
    total_j: float


class Closed(Struct, frozen=True, kw_only=True):
    """``pot_uj`` = idle + unattributed + losses + overhead = ``pot_shared_uj`` + ``pot_kept_uj``. ``contended_uj``
    was not the commons' work: told apart, in no share. ``residual_uj`` = meter - sum; null without a meter."""

    rule: str
    pot_uj: int
    pot_shared_uj: int
    pot_kept_uj: int
    contended_uj: int
    members: list[MemberShare]
    sum_uj: int
    meter_uj: int | None
    residual_uj: int | None
    notes: list[str]


def answer(said: Any) -> Closed:
    """Close the period an auditor wrote (parsed JSON). Raises BadRequest."""
    form = understand(said, Question)
    distinct([one.id for one in form.members], "$.members")
    own, dynamic = {}, {}
    for i, one in enumerate(form.members):
        own[one.id], dynamic[one.id] = _own(one, form.rule, f"$.members[{i}]")
    sums = _sums(form, sum(own.values()))
    if max(sums.energy_uj, sums.pot_uj) > MOST:
        refuse("these quantities are too large together", "$")
    shares = share_pot(sums.pot_uj, form.rule, dynamic)
    shared = sum(shares.values())
    total = sum(own.values()) + sums.pot_uj + sums.contended_uj
    meter = one_of(form, "meter", ENERGY_UJ, "$")
    meter_uj = whole(meter) if isinstance(meter, Fraction) else None
    return Closed(
        rule=form.rule,
        pot_uj=sums.pot_uj,
        pot_shared_uj=shared,
        pot_kept_uj=sums.pot_uj - shared,
        contended_uj=sums.contended_uj,
        members=[_member(one, own[one], shares.get(one)) for one in own],
        sum_uj=total,
        meter_uj=meter_uj,
        residual_uj=None if meter_uj is None else meter_uj - total,
        notes=_notes(form, shares),
    )


def _own(one: MemberForm, rule: str, place: str) -> tuple[int, int]:
    """(whole own use, its dynamic part)."""
    static_uj, dynamic_uj, use_uj = (_uj(one, name, place) for name in ("static", "dynamic", "use"))
    if not use_uj:
        return static_uj + dynamic_uj, dynamic_uj
    if static_uj or dynamic_uj:
        refuse("use is written, and its parts too", place, "Write use, or static and dynamic.")
    if rule == "pro_rata":
        refuse(
            "the pot is shared in proportion to the dynamic part of each use", place, "Write dynamic_j or dynamic_uj."
        )
    return use_uj, 0


def _sums(form: Question, own_uj: int) -> Sums:
    parts = {name: _uj(form, name, "$") for name in ("idle", "unattributed", "contended", "losses", "overhead")}
    requests_uj = own_uj + parts["losses"] + parts["overhead"]
    return Sums(
        energy_uj=requests_uj + parts["idle"] + parts["unattributed"] + parts["contended"],
        requests_uj=requests_uj,
        idle_uj=parts["idle"],
        unattributed_uj=parts["unattributed"],
        contended_uj=parts["contended"],
        receipts_uj=requests_uj,
        losses_uj=parts["losses"],
        overhead_uj=parts["overhead"],
    )


def _uj(form: Form, name: str, place: str) -> int:
    found = one_of(form, name, ENERGY_UJ, place)
    if found is None:
        refuse(f"{name} is not known", place, "What is not known cannot be shared: write the figure, or leave it out.")
    return 0 if isinstance(found, UnsetType) else whole(found)


def _notes(form: Question, shares: dict[str, int]) -> list[str]:
    if form.rule == "kept" or shares:
        return []
    why = "nobody is on the roll" if not form.members else "nobody used anything to share in proportion to"
    return [f"The pot is kept: {why}."]


def _member(one: str, own_uj: int, share_uj: int | None) -> MemberShare:
    total_uj = own_uj + (share_uj or 0)
    return MemberShare(
        id=one,
        own_uj=own_uj,
        keeping_on_uj=share_uj,
        total_uj=total_uj,
        own_j=own_uj / MILLION,
        keeping_on_j=None if share_uj is None else share_uj / MILLION,
        total_j=total_uj / MILLION,
    )
