"""``audit embodied``: what making a machine cost, per day and per request. Pure; :mod:`affouage.footprint.embodied`,
``machine`` and ``gpu_model`` compute, a part being read as in ``machine.toml``."""

from __future__ import annotations

import json
import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from affouage.errors import SettingsError
from affouage.footprint.allocation import Presence, Window, allocate
from affouage.footprint.audit.form import (
    TIME_US,
    Amount,
    Form,
    Id,
    Positive,
    Range,
    Real,
    Said,
    distinct,
    interval,
    one_of,
    refuse,
    understand,
    whole,
)
from affouage.footprint.embodied import Charge, day_charge, life_days, split_day, totals
from affouage.footprint.machine import Machine, PartImpact, read_machine
from affouage.ledger.receipt import Impacts
from affouage.units import Interval, Quality

ANY_DAY = "2026-01-01"
"""A machine without a day of acquisition weighs the same on any day."""
YEARS_MAX = 1000
Moment = Real | UnsetType


class PartForm(Form, frozen=True, kw_only=True):
    """A part as in ``machine.toml`` (docs/how-to/describe-a-machine.md): declared figures with their source, a graphics
    card by its facts or by name, or an archetype by its kind."""

    kind: str
    model: str | UnsetType = UNSET
    count: int | UnsetType = UNSET
    gwp_kg: Range | UnsetType = UNSET
    adpe_kg_sb: Range | UnsetType = UNSET
    primary_energy_mj: Range | UnsetType = UNSET
    source: str | UnsetType = UNSET
    die_mm2: Amount | UnsetType = UNSET
    vram_gb: Amount | UnsetType = UNSET
    vram_chips: int | UnsetType = UNSET
    board_cm2: Amount | UnsetType = UNSET
    length_mm: Amount | UnsetType = UNSET
    height_mm: Amount | UnsetType = UNSET
    tdp_w: Amount | UnsetType = UNSET
    casing_kg: Amount | UnsetType = UNSET
    heatsink_kg: Amount | UnsetType = UNSET
    mass_kg: Amount | UnsetType = UNSET
    gb: Amount | UnsetType = UNSET


class Served(Form, frozen=True, kw_only=True):
    """A request of the day: its machine time, or when it was served (each second is shared by those present)."""

    id: Id
    machine_s: Said = UNSET
    machine_ms: Said = UNSET
    machine_us: Said = UNSET
    machine_ns: Said = UNSET
    start_s: Moment = UNSET
    start_ms: Moment = UNSET
    start_us: Moment = UNSET
    start_ns: Moment = UNSET
    end_s: Moment = UNSET
    end_ms: Moment = UNSET
    end_us: Moment = UNSET
    end_ns: Moment = UNSET


class Question(Form, frozen=True, kw_only=True):
    """A machine: its ``parts``, or the figures of the whole. Without ``planned_years`` only the whole is told. ``day``:
    needed only with ``acquired`` or ``retired``."""

    note: str = ""
    id: Id = "machine"
    gwp_kg: Range | UnsetType | None = UNSET
    adpe_kg_sb: Range | UnsetType | None = UNSET
    primary_energy_mj: Range | UnsetType | None = UNSET
    parts: list[PartForm] | UnsetType = UNSET
    age_years: Annotated[int, Meta(ge=0, le=YEARS_MAX)] | Annotated[float, Meta(ge=0, le=YEARS_MAX)] = 0
    planned_years: Positive | UnsetType = UNSET
    commons_share: Amount = 1
    acquired: str | UnsetType = UNSET
    retired: str | UnsetType = UNSET
    day: str | UnsetType = UNSET
    requests: list[Served] = []


class Made(Struct, frozen=True, kw_only=True):
    """kg CO2e, kg Sb eq, MJ; low, central, high. None: unknown (water always is)."""

    gwp_kg: Interval | None
    adpe_kg_sb: Interval | None
    primary_energy_mj: Interval | None
    at_least: bool


class RequestMade(Struct, frozen=True, kw_only=True):
    id: str
    machine_share_us: int
    made: Made


class Weighed(Struct, frozen=True, kw_only=True):
    """``total``: the whole machine. ``machine_day``: a day of its life; ``commons_day``: the commons' part of it, which
    the requests and the pot sum to. ``written_off``: what is left on the day it retires early."""

    quality: Quality
    total: Made
    parts: list[PartImpact]
    life_days: float | None = None
    day: str | None = None
    state: str | None = None
    machine_day: Made | None = None
    commons_day: Made | None = None
    requests: list[RequestMade] = []
    pot: Made | None = None
    written_off: Made | None = None


def answer(said: Any) -> Weighed:
    """Weigh the machine an auditor wrote (parsed JSON). Raises BadRequest."""
    form = understand(said, Question)
    machine = _machine(form)
    summed = totals(machine)
    whole_machine = Weighed(
        quality=summed.quality,
        total=Made(
            gwp_kg=summed.gwp_kg,
            adpe_kg_sb=summed.adpe_kg_sb,
            primary_energy_mj=summed.primary_energy_mj,
            at_least=summed.at_least,
        ),
        parts=list(machine.parts),
    )
    if isinstance(form.planned_years, UnsetType):
        if form.requests:
            refuse("planned_years is missing", "$", "Write how many more years the machine is meant to serve.")
        return whole_machine
    return _by_day(form, machine, whole_machine)


def _by_day(form: Question, machine: Machine, found: Weighed) -> Weighed:
    day, shares_us = _day(form), _shares_us(form)
    charge = day_charge(machine, day)
    alone = day_charge(msgspec.structs.replace(machine, commons_share=1.0), day)
    parts, pot = split_day(charge, shares_us)
    return msgspec.structs.replace(
        found,
        life_days=life_days(machine),
        day=day,
        state=charge.state,
        machine_day=_made(alone.impacts),
        commons_day=_made(charge.impacts),
        requests=[RequestMade(id=one, machine_share_us=us, made=_made(parts[one])) for one, us in shares_us.items()],
        pot=_made(pot),
        written_off=_written_off(charge),
    )


def _machine(form: Question) -> Machine:
    planned = 1 if isinstance(form.planned_years, UnsetType) else form.planned_years
    if planned > YEARS_MAX or form.commons_share > 1:
        refuse("planned_years is at most 1000, commons_share at most 1", "$")
    return Machine(
        id=form.id,
        acquired=None if isinstance(form.acquired, UnsetType) else _date(form.acquired, "$.acquired"),
        retired=None if isinstance(form.retired, UnsetType) else _date(form.retired, "$.retired"),
        age_years=float(form.age_years),
        planned_years=float(planned),
        commons_share=float(form.commons_share),
        parts=_parts(form),
    )


def _parts(form: Question) -> tuple[PartImpact, ...]:
    figures: dict[str, Any] = {
        name: None if value is None else interval(value, f"$.{name}")
        for name in ("gwp_kg", "adpe_kg_sb", "primary_energy_mj")
        if not isinstance(value := getattr(form, name), UnsetType)
    }
    if isinstance(form.parts, UnsetType) == (not figures):
        refuse(
            "what the machine is made of", "$", "Write parts, or gwp_kg, adpe_kg_sb, primary_energy_mj of the whole."
        )
    if isinstance(form.parts, UnsetType):
        return (PartImpact(kind="machine", model="", basis="declared", source="file", quality="declared", **figures),)
    return _read_parts(form.parts)


def _read_parts(parts: list[PartForm]) -> tuple[PartImpact, ...]:
    """By production's own reader of ``machine.toml``, so that nothing is understood in another way here."""
    lines, places = ["[machine]", 'id = "file"', "acquired = 2000-01-01", "planned_years = 1"], ["$"] * 4
    for i, part in enumerate(parts):
        lines.append("[[part]]")
        places.append(f"$.parts[{i}]")
        for name, value in msgspec.structs.asdict(part).items():
            if not isinstance(value, UnsetType):
                lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
                places.append(f"$.parts[{i}].{name}")
    try:
        return read_machine("\n".join(lines), "parts").parts
    except SettingsError as wrong:
        line = re.search(r"line (\d+)", wrong.message)
        place = places[min(int(line[1]), len(places)) - 1] if line else "$.parts"
        what = re.sub(r"^parts(, line \d+)?:? *", "", wrong.message).rstrip(".")
        refuse(what, place, wrong.remedy)


def _day(form: Question) -> str:
    if not isinstance(form.day, UnsetType):
        return _date(form.day, "$.day")
    if not (isinstance(form.acquired, UnsetType) and isinstance(form.retired, UnsetType)):
        refuse("which day is missing", "$.day", "Write day: a machine that came or left does not weigh every day.")
    return ANY_DAY


def _date(text: str, place: str) -> str:
    try:
        if len(text) != len(ANY_DAY):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        refuse(f"{text[:40]!r} is no day", place, "Write it as 2026-11-22.")


def _shares_us(form: Question) -> dict[str, int]:
    distinct([one.id for one in form.requests], "$.requests")
    told: dict[str, int] = {}
    present: list[Presence] = []
    for i, one in enumerate(form.requests):
        place = f"$.requests[{i}]"
        time, start, end = (one_of(one, name, TIME_US, place) for name in ("machine", "start", "end"))
        if isinstance(time, Fraction) and isinstance(start, UnsetType) and isinstance(end, UnsetType):
            told[one.id] = whole(time)
        elif isinstance(time, UnsetType) and isinstance(start, Fraction) and isinstance(end, Fraction) and start <= end:
            present.append(Presence(request_id=one.id, start_us=whole(start), end_us=whole(end)))
        else:
            refuse("its machine time", place, "Write machine_s, or start_s and end_s in this order.")
    told.update(_together(present))
    return {one.id: told[one.id] for one in form.requests}


def _together(present: list[Presence]) -> dict[str, int]:
    """Machine time of requests served at known times, as PC-1 shares it."""
    if not present:
        return {}
    first, last = min(one.start_us for one in present), max(one.end_us for one in present)
    shared = allocate(Window(t0_us=first, t1_us=max(last, first + 1), energy_uj=0, requests=tuple(present)))
    return {one: part.machine_share_us for one, part in shared.parts.items()}


def _made(impacts: Impacts) -> Made:
    return Made(
        gwp_kg=_kg(impacts.gwp_g),
        adpe_kg_sb=_kg(impacts.adpe_g_sb),
        primary_energy_mj=impacts.primary_energy_mj,
        at_least=impacts.at_least,
    )


def _kg(grams: Interval | None) -> Interval | None:
    return None if grams is None else Interval(grams.low / 1000, grams.central / 1000, grams.high / 1000)


def _written_off(charge: Charge) -> Made | None:
    return None if charge.written_off is None else _made(charge.written_off)
