"""A machine described by its parts, and what its making cost. Pure: ``AFFOUAGE_HOME/machine.toml`` says it."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import date, datetime
from typing import Any, NoReturn

import msgspec

from affouage.errors import BadRequest, SettingsError
from affouage.footprint import gpu_model
from affouage.footprint.gpu_model import Making
from affouage.footprint.parts import Archetype, Card, archetype_making, facts_of, find_card, known_archetypes
from affouage.units import Interval, Quality

HOW_TO = "See docs/how-to/describe-a-machine.md."
AGE_YEARS_MAX = 40.0
PLANNED_YEARS_MAX = 30.0
_TEXT_MAX = 100_000
_LEAST = 1e-9
"""Nothing is made at no cost: 0 is refused as a declared figure; a figure that is unknown is left out."""
_CONTAINED = ("motherboard", "cpu", "case", "psu", "assembly")
"""What a whole computer already contains: the two are never added."""


class PartImpact(msgspec.Struct, frozen=True, kw_only=True):
    """Making, transport and end of life of ONE such part, in kg CO2e, kg Sb eq and MJ; the machine has ``count``.

    ``basis``: gpu model | gpu model, facts estimated | archetype | declared. ``facts``: each fact it was computed from,
    with where that comes from. None: unknown.
    """

    kind: str
    model: str
    count: int = 1
    gwp_kg: Interval | None = None
    adpe_kg_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    basis: str = ""
    source: str = ""
    licence: str = ""
    quality: Quality = "unknown"
    facts: dict[str, str] = {}


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """``acquired``: ISO date it came. ``age_years`` it had then; ``planned_years`` more it is meant to serve.

    ``commons_share``: part of its time given to the commons, 0..1. ``price_eur``: what it cost, None if unknown.
    ``retired``: ISO date it died or left, None while it serves.
    """

    id: str
    name: str = ""
    acquired: str | None = None
    age_years: float = 0.0
    planned_years: float = 5.0
    commons_share: float = 1.0
    price_eur: float | None = None
    retired: str | None = None
    parts: tuple[PartImpact, ...] = ()


def read_machine(text: str, name: str = "machine.toml", *, today: str | None = None) -> Machine:
    """The machine that ``text`` (TOML) describes. ``name``: of the file, for messages. ``today``: ISO date.

    Raises SettingsError naming the line, what stands there and what would do: a syntax error, an unknown key or part, a
    number out of range, a date that does not exist or (when ``today`` is given) lies in the future.
    """
    return _Reading(text, name, today).machine()


class _Reading:
    """One file being read: knows its name and its lines, for the messages."""

    def __init__(self, text: str, name: str, today: str | None) -> None:
        self._text = text
        self._name = name
        self._today = today
        self._at = ("machine", 0)

    def machine(self) -> Machine:
        document = self._document()
        for key in document:
            if key not in ("machine", "part"):
                self._refuse(f"unknown table [{key}]", "Known: [machine], [[part]].", key)
        row, rows = document.get("machine"), document.get("part", [])
        if not isinstance(row, dict):
            self._refuse("no table [machine]", "Begin with [machine], then id, acquired, planned_years.")
        if not (isinstance(rows, list) and all(isinstance(one, dict) for one in rows)):
            self._refuse("[part] is one table", "Write [[part]], with two brackets, for each part.", "part")
        described = self._header(dict(row))
        return msgspec.structs.replace(described, parts=self._parts(rows))

    def _document(self) -> dict[str, Any]:
        if len(self._text) > _TEXT_MAX:
            self._refuse(f"longer than {_TEXT_MAX} characters", "Describe one machine.")
        try:
            return tomllib.loads(self._text)
        except (ValueError, RecursionError) as wrong:  # tomllib's own error is a ValueError that names the line
            reason = str(wrong) or "nested too deeply"
            raise SettingsError(
                f"{self._name} is not TOML: {reason}.", remedy=f"Mend it. {HOW_TO}", code="machine_file"
            ) from wrong

    def _header(self, row: dict[str, Any]) -> Machine:
        self._at = ("machine", 0)
        id_ = self._words(row, "id")
        if not id_ or not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", id_):
            self._refuse("[machine] needs an id", 'Its network name: id = "tower"; letters, digits, . _ -', "id")
        acquired = self._day(row, "acquired")
        if acquired is None:
            self._refuse("[machine] needs acquired", "The day it came: acquired = 2024-05-01", "acquired")
        retired = self._day(row, "retired")
        if retired is not None and retired < acquired:
            self._refuse(f"retired on {retired}, before {acquired}", "Mend one of the two dates.", "retired")
        machine = Machine(
            id=id_,
            name=self._words(row, "name") or "",
            acquired=acquired,
            retired=retired,
            age_years=self._number(row, "age_years", 0.0, 0.0, AGE_YEARS_MAX) or 0.0,
            planned_years=self._number(row, "planned_years", 0.1, 0.1, PLANNED_YEARS_MAX, needed=True) or 0.0,
            commons_share=self._number(row, "commons_share", 1.0, 0.001, 1.0) or 0.0,
            price_eur=self._number(row, "price_eur", None, 0.0, 1e7),
        )
        self._nothing_left(row, Machine.__struct_fields__[:-1])
        return machine

    def _parts(self, rows: list[dict[str, Any]]) -> tuple[PartImpact, ...]:
        parts = tuple(self._part(index, dict(row)) for index, row in enumerate(rows))
        kinds = [part.kind for part in parts]
        both = [kind for kind in kinds if kind in _CONTAINED] if "computer" in kinds else []
        if both:
            self._at = ("part", kinds.index(both[0]))
            self._refuse(
                f"a whole computer and its {both[0]}", "A computer contains it already: keep one of the two.", "kind"
            )
        return parts

    def _part(self, index: int, row: dict[str, Any]) -> PartImpact:
        self._at = ("part", index)
        kind = self._words(row, "kind")
        if not kind:
            self._refuse("a [[part]] without kind", f'kind = "gpu", or one of: {", ".join(_kinds())}', "kind")
        model = self._words(row, "model") or ""
        count = self._number(row, "count", 1, 1, 64, whole=True)
        if any(key in row for key in ("gwp_kg", "adpe_kg_sb", "primary_energy_mj")):
            part = self._declared(kind, model, row)
        elif kind == "gpu":
            part = self._gpu(model, row)
        else:
            part = self._archetype(kind, model, row)
        return msgspec.structs.replace(part, count=int(count or 1))

    def _declared(self, kind: str, model: str, row: dict[str, Any]) -> PartImpact:
        """Figures somebody published: one number is taken from half to twice, three as they stand."""
        source = self._words(row, "source")
        if not source:
            self._refuse("figures without a source", 'Say who published them: source = "..."', "source")
        part = PartImpact(
            kind=kind,
            model=model,
            gwp_kg=self._figure(row, "gwp_kg"),
            adpe_kg_sb=self._figure(row, "adpe_kg_sb"),
            primary_energy_mj=self._figure(row, "primary_energy_mj"),
            basis="declared",
            source=source,
            quality="declared",
        )
        known = ("gwp_kg", "adpe_kg_sb", "primary_energy_mj", "source")
        self._nothing_left(row, ("kind", "model", "count", *known))
        return part

    def _gpu(self, model: str, row: dict[str, Any]) -> PartImpact:
        if "die_mm2" in row:
            card = self._described_card(model, row)
        elif model:
            self._nothing_left(row, ("kind", "model", "count", "vram_gb"))
            try:
                card = find_card(model, self._number(row, "vram_gb", None, 0.1, 1000.0))
            except BadRequest as unknown:
                self._refuse(unknown.message.rstrip("."), unknown.remedy, unknown.param or "model")
        else:
            self._refuse(
                "a graphics card without model", 'model = "GeForce RTX 3090", or die_mm2, vram_gb ...', "model"
            )
        try:
            facts, told = facts_of(card)
            cost = gpu_model.making(facts)
        except ValueError as missing:
            self._refuse(f"the graphics card {model!r}: {missing}", HOW_TO, "die_mm2")
        guessed = any("estimated" in fact for fact in told.values())
        return _impact("gpu", card.name, cost, _gpu_basis(guessed), gpu_model.SOURCE, gpu_model.LICENCE, told)

    def _described_card(self, model: str, row: dict[str, Any]) -> Card:
        self._nothing_left(row, ("kind", "model", "count", *_CARD_BOUNDS))
        given = {
            key: self._number(row, key, None, low, high, needed=key in _CARD_NEEDED, whole=key == "vram_chips")
            for key, (low, high) in _CARD_BOUNDS.items()
        }
        chips = int(given.pop("vram_chips") or 1)
        mass, inside = given["mass_kg"], (given["casing_kg"] or 0) + (given["heatsink_kg"] or 0)
        if mass is not None and inside > mass:
            self._refuse(
                "casing and heatsink weigh more than the card", "mass_kg is that of the whole card.", "mass_kg"
            )
        return msgspec.convert({"name": model or "graphics card", "vram_chips": chips, **given}, Card)

    def _archetype(self, kind: str, model: str, row: dict[str, Any]) -> PartImpact:
        same_kind = [one for one in known_archetypes() if one.kind == kind]
        if not same_kind:
            self._refuse(
                f"the kind {kind!r} is not known", f"Known: {', '.join(_kinds())}; or give gwp_kg, source.", "kind"
            )
        one = same_kind[0]
        if one.model:
            found = [other for other in same_kind if other.model == model]
            names = ", ".join(other.model for other in same_kind)
            if not found:
                self._refuse(
                    f"the {kind} {model!r} is not known", f"Known: {names}; or give gwp_kg and source.", "model"
                )
            one = found[0]
        keys = () if one.key is None else (one.key,)
        self._nothing_left(row, ("kind", "model", "count", *keys))
        amount = None if one.key is None else self._number(row, one.key, None, 0.01, one.key_max)
        return self._of_archetype(one, kind, model, amount)

    def _of_archetype(self, one: Archetype, kind: str, model: str, amount: float | None) -> PartImpact:
        try:
            cost = archetype_making(one, amount)
        except ValueError as missing:
            self._refuse(f"a {kind} without its size: {missing}", f"{one.key} = ...", "kind")
        told = {"note": one.note} if one.note else {}
        if one.key is not None and amount is not None:
            told[one.key] = f"{amount:g}"
        return _impact(kind, model, cost, "archetype", one.source, one.licence, told)

    # one value each

    def _words(self, row: dict[str, Any], key: str) -> str | None:
        value = row.get(key)
        if value is not None and not (isinstance(value, str) and len(value) <= 300 and value.isprintable()):
            self._refuse(f"{key} is no line of text", f'Between quotation marks: {key} = "..."', key)
        return value.strip() if isinstance(value, str) else None

    def _day(self, row: dict[str, Any], key: str) -> str | None:
        value = row.get(key)
        if value is None:
            return None
        try:
            if isinstance(value, datetime) or not isinstance(value, (date, str)):
                raise ValueError("not a day")
            day = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self._refuse(f"{key} is no day", f"Write it as year-month-day: {key} = 2024-05-01", key)
        if day.year < 1990:
            self._refuse(f"{key} = {day}: no machine of today is so old", "Mend the year.", key)
        if self._today is not None and day.isoformat() > self._today:
            self._refuse(f"{key} = {day} lies in the future", f"Today is {self._today}.", key)
        return day.isoformat()

    def _number(
        self,
        row: dict[str, Any],
        key: str,
        default: float | None,
        low: float,
        high: float,
        *,
        needed: bool = False,
        whole: bool = False,
    ) -> float | None:
        if key not in row:
            if needed:
                self._refuse(f"{key} is missing", f"{key} = ..., between {low:g} and {high:g}")
            return default
        value = row[key]
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right or not low <= value <= high:  # also refuses nan
            kind = "whole number" if whole else "number"
            self._refuse(f"{key} = {_shown(value)} will not do", f"A {kind} between {low:g} and {high:g}.", key)
        return float(value)

    def _figure(self, row: dict[str, Any], key: str) -> Interval | None:
        if key not in row:
            return None
        value = row[key]
        if not isinstance(value, list):
            return gpu_model.spread(gpu_model.exact(self._number(row, key, None, _LEAST, 1e7) or 0.0))
        bounds = [self._number({key: one}, key, None, _LEAST, 1e7) or 0.0 for one in value]
        if len(bounds) != 3 or sorted(bounds) != bounds:
            self._refuse(f"{key} is not [low, central, high]", f"Three numbers, in order: {key} = [50, 100, 200]", key)
        return Interval(*bounds)

    def _nothing_left(self, row: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in row:
            if key not in known:
                self._refuse(f"unknown key {key!r}", f"Known here: {', '.join(known)}.", key)

    def _refuse(self, what: str, remedy: str, key: str = "") -> NoReturn:
        line = _line_of(self._text, *self._at, key)
        raise SettingsError(f"{self._name}, line {line}: {what}.", remedy=remedy, code="machine_file")


_CARD_NEEDED = ("die_mm2", "vram_gb", "vram_chips")
_CARD_BOUNDS: dict[str, tuple[float, float]] = {
    "die_mm2": (1.0, gpu_model.DIE_MM2_MAX),
    "wafer_mm2": (1.0, 10_000.0),
    "vram_gb": (0.1, 1000.0),
    "vram_chips": (1, 128),
    "board_cm2": (1.0, 3000.0),
    "length_mm": (30.0, 600.0),
    "height_mm": (30.0, 300.0),
    "tdp_w": (1.0, 2000.0),
    "casing_kg": (0.0, 20.0),
    "heatsink_kg": (0.0, 20.0),
    "mass_kg": (0.01, 20.0),
}


def _kinds() -> list[str]:
    return ["gpu", *dict.fromkeys(one.kind for one in known_archetypes())]


def _gpu_basis(guessed: bool) -> str:
    return "gpu model, facts estimated" if guessed else "gpu model"


def _impact(
    kind: str, model: str, cost: Making, basis: str, source: str, licence: str, facts: dict[str, str]
) -> PartImpact:
    return PartImpact(
        kind=kind,
        model=model,
        gwp_kg=cost.gwp_kg,
        adpe_kg_sb=cost.adpe_kg_sb,
        primary_energy_mj=cost.primary_energy_mj,
        basis=basis,
        source=source,
        licence=licence,
        quality="estimated",
        facts=facts,
    )


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return repr(value)[:60] if not isinstance(value, int) or abs(value) < 10**30 else "a huge number"


def _line_of(text: str, table: str, index: int, key: str) -> int:
    """The line of ``key`` in the ``index``-th ``table``; of the table when the key is not written there; else 1."""
    found, seen = 1, -1
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]\s]+)\s*\]", line)
        if header:
            seen += header[1] == table
            inside = header[1] == table and seen == index
            if inside or header[1] == key:
                found = number
        elif inside and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return found
