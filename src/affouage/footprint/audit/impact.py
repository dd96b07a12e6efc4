"""``audit impact``: an energy times factors, or a cloud answer by EcoLogits' closed form. Pure; only conversions here:
:mod:`affouage.footprint.impact` and :mod:`affouage.footprint.cloud` compute."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from affouage.errors import AffouageError
from affouage.footprint import cloud
from affouage.footprint.audit.form import (
    ENERGY_UJ,
    Amount,
    Form,
    Positive,
    Range,
    exact,
    interval,
    refuse,
    understand,
)
from affouage.footprint.factors import SCOPES, UNITS, Factor, GridFactors, Site, grid_factors
from affouage.footprint.impact import MICROJOULES_PER_KWH, assess, times
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval, Quality

SHARE: Final = 100
_SCALES: Final[dict[str, dict[str, float]]] = {
    "gwp": {"gco2e/kwh": 1, "g/kwh": 1, "kgco2e/kwh": 1000, "kg/kwh": 1000},
    "water": {"l/kwh": 1, "ml/kwh": 0.001, "m3/mwh": 1, "m3/kwh": 1000},
    "adpe": {"gsbe/kwh": 1, "gsb/kwh": 1, "g/kwh": 1, "kgsbe/kwh": 1000, "kgsb/kwh": 1000, "kg/kwh": 1000},
    "primary_energy": {"mj/kwh": 1, "kwh/kwh": 3.6},
}
"""How a unit may be written, without spaces and in small letters, and its size in the unit of ``factors.UNITS``."""


class FactorForm(Form, frozen=True, kw_only=True):
    """A factor. ``value``: a figure or [low, central, high], in ``unit``."""

    value: Range
    unit: str
    source: Annotated[str, Meta(min_length=1)]
    scope: str = ""
    url: str = ""
    year: int | None = None
    licence: str = ""
    retrieved: str = ""
    note: str = ""


class FactorForms(Form, frozen=True, kw_only=True):
    """Factors of the electricity; each replaces the country's. null: unknown."""

    gwp: FactorForm | UnsetType | None = UNSET
    water: FactorForm | UnsetType | None = UNSET
    adpe: FactorForm | UnsetType | None = UNSET
    primary_energy: FactorForm | UnsetType | None = UNSET


class _Placed(Form, frozen=True, kw_only=True):
    """Where the electricity is used. ``wue_off_l_per_kwh`` is short for a factor ``water`` in L/kWh."""

    note: str = ""
    country: str = ""
    factor_set: str = ""
    factors: FactorForms = FactorForms()
    pue: Range = 1
    wue_on_l_per_kwh: Range = 0
    wue_off_l_per_kwh: Range | UnsetType = UNSET


class EnergyQuestion(_Placed, frozen=True, kw_only=True):
    """An energy as counted at the machine, before the building (PUE). null: unknown."""

    method: Literal["factors"] = "factors"
    energy_uj: Range | UnsetType | None = UNSET
    energy_j: Range | UnsetType | None = UNSET
    energy_wh: Range | UnsetType | None = UNSET
    energy_kwh: Range | UnsetType | None = UNSET
    plus_minus_percent: Annotated[int, Meta(ge=0, le=SHARE)] | Annotated[float, Meta(ge=0, le=SHARE)] = 0
    quality: Quality = "unknown"
    at_least: bool = False


class CloudQuestion(_Placed, frozen=True, kw_only=True):
    """An answer of a cloud model. Sizes in billions of parameters; a dense model says ``billions`` alone."""

    method: Literal["ecologits"]
    decoded_tokens: Amount
    billions: Positive | UnsetType = UNSET
    active_billions: Positive | UnsetType = UNSET
    total_billions: Positive | UnsetType = UNSET
    bits: Annotated[int, Meta(gt=0, le=64)] = 16
    tokens_per_s: Positive | UnsetType = UNSET
    first_token_s: Amount = 0
    latency_s: Amount | UnsetType = UNSET


Question = EnergyQuestion | CloudQuestion


class Assessed(Struct, frozen=True, kw_only=True):
    """Use phase. ``energy_kwh`` at the machine, ``drawn_kwh`` with the building (PUE). None: unknown, never 0."""

    method: str
    energy_uj: Interval | None
    energy_kwh: Interval | None
    drawn_kwh: Interval | None
    gwp_g: Interval | None
    water_l: Interval | None
    adpe_g_sb: Interval | None
    primary_energy_mj: Interval | None
    quality: Quality
    at_least: bool
    factors: dict[str, Factor | None]
    factor_set: str | None
    notes: list[str]


class Amounts(Struct, frozen=True, kw_only=True):
    """Central figures: kg CO2e, kg Sb eq, MJ, litres. None: unknown."""

    gwp_kg: float | None = None
    adpe_kg_sb: float | None = None
    primary_energy_mj: float | None = None
    water_l: float | None = None


class CloudAssessed(Struct, frozen=True, kw_only=True):
    """EcoLogits' closed form. ``it_kwh`` before the building, ``kwh`` with it; ``seconds`` of generation on ``gpus``.
    ``shown``: with the wide range production puts around it, in g and microjoules."""

    method: str
    it_kwh: float
    kwh: float
    seconds: float
    gpus: int
    use: Amounts
    embodied: Amounts
    shown: cloud.CloudEstimate
    factors: dict[str, Factor | None]
    factor_set: str | None
    notes: list[str]


def answer(said: Any) -> Assessed | CloudAssessed:
    """Assess what an auditor wrote (parsed JSON). Raises BadRequest."""
    if isinstance(said, dict) and said.get("method") == "ecologits":
        return _cloud(understand(said, CloudQuestion))
    return _assessed(understand(said, EnergyQuestion))


def _assessed(form: EnergyQuestion) -> Assessed:
    notes: list[str] = []
    energy_uj, grid, site = _energy_uj(form), _grid(form, notes), _site(form)
    energy = Energy(interval_uj=energy_uj, quality=form.quality, at_least=form.at_least)
    impacts = assess(energy, grid, site)
    kwh = None if energy_uj is None else energy_uj.scaled(1 / MICROJOULES_PER_KWH)
    return Assessed(
        method=form.method,
        energy_uj=energy_uj,
        energy_kwh=kwh,
        drawn_kwh=None if kwh is None else times(kwh, site.pue),
        gwp_g=impacts.gwp_g,
        water_l=impacts.water_l,
        adpe_g_sb=impacts.adpe_g_sb,
        primary_energy_mj=impacts.primary_energy_mj,
        quality=impacts.quality,
        at_least=impacts.at_least,
        factors=_told(grid),
        factor_set=impacts.factor_set,
        notes=notes,
    )


def _energy_uj(form: EnergyQuestion) -> Interval | None:
    written = {unit: value for unit in ENERGY_UJ if (value := getattr(form, f"energy_{unit}")) is not UNSET}
    if len(written) != 1:
        both = " and ".join(f"energy_{unit}" for unit in written)
        refuse(f"{both} are both written" if both else "the energy is missing", "$", "Write energy_j, once.")
    ((unit, value),) = written.items()
    if value is None:
        return None
    place = f"$.energy_{unit}"
    bounds = value if isinstance(value, list) else [value] * 3
    interval(bounds, place)  # in order, said in the unit that was written
    low, central, high = (exact(one, place) * ENERGY_UJ[unit] for one in bounds)
    if form.plus_minus_percent:
        if isinstance(value, list):
            refuse("an energy in three figures has its range already", "$.plus_minus_percent")
        spread = exact(form.plus_minus_percent, "$.plus_minus_percent") / SHARE
        low, high = low * (1 - spread), high * (1 + spread)
    return interval([_number(one) for one in (low, central, high)], place)


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _site(form: _Placed) -> Site:
    pue, water = interval(form.pue, "$.pue"), interval(form.wue_on_l_per_kwh, "$.wue_on_l_per_kwh")
    if pue.low < 1:
        refuse("a building uses at least what its machines use", "$.pue", "A PUE is 1 or more; 1 at home.")
    return Site(pue, water)


def _grid(form: _Placed, notes: list[str]) -> GridFactors | None:
    try:
        grid = grid_factors(form.country, form.factor_set)
    except AffouageError as unknown:
        refuse(unknown.message, "$.country", unknown.remedy)
    own: dict[str, Any] = {
        name: None if said is None else _factor(name, said, notes)
        for name in UNITS
        if not isinstance(said := getattr(form.factors, name), UnsetType)
    }
    if not isinstance(form.wue_off_l_per_kwh, UnsetType):
        if "water" in own:
            refuse("it is the factor water, which is written too", "$.wue_off_l_per_kwh", "Keep one of them.")
        value = interval(form.wue_off_l_per_kwh, "$.wue_off_l_per_kwh")
        own["water"] = _made("water", value, FactorForm(value=0, unit="", source="this file"))
    if not own:
        if grid is None:
            notes.append("No country and no factor: every impact is unknown.")
        return grid
    before: dict[str, Any] = {name: getattr(grid, name, None) for name in UNITS}
    name = "this file" if grid is None else f"{grid.name} + this file"
    return GridFactors(set_id=name, country="", **{**before, **own})


def _factor(name: str, said: FactorForm, notes: list[str]) -> Factor:
    place = f"$.factors.{name}"
    unit = "".join(said.unit.lower().replace("₂", "2").replace("³", "3").split())
    unit = unit.replace("co2eq", "co2e").replace("sbeq", "sbe")
    scale = _SCALES[name].get(unit)
    if scale is None:
        refuse(f"the unit {said.unit[:40]!r} is not known here", f"{place}.unit", f"Write it in {UNITS[name]}.")
    if said.scope and said.scope not in SCOPES[name]:
        refuse(f"the scope {said.scope[:40]!r} is not known", f"{place}.scope", f"Known: {', '.join(SCOPES[name])}.")
    if said.scope == "direct only":
        notes.append("gwp counts direct emissions only: not to be compared with a life cycle.")
    value = interval(said.value, f"{place}.value")
    scaled = Interval(value.low * scale, value.central * scale, value.high * scale)
    return _made(name, scaled if scale != 1 else value, said)


def _made(name: str, value: Interval, said: FactorForm) -> Factor:
    if not math.isfinite(value.high):
        refuse("this factor is too large", f"$.factors.{name}.value")
    return Factor(
        value=value,
        unit=UNITS[name],
        scope=said.scope or "not stated",
        source=said.source,
        url=said.url,
        year=said.year,
        licence=said.licence,
        retrieved=said.retrieved,
        note=said.note,
    )


def _told(grid: GridFactors | None) -> dict[str, Factor | None]:
    return {name: getattr(grid, name, None) for name in UNITS}


def _cloud(form: CloudQuestion) -> CloudAssessed:
    notes = ["An estimate, to be compared with estimates only; it counts nothing for the tokens of the prompt."]
    grid, site, model = _grid(form, notes), _site(form), _model(form)
    latency_s = math.inf if isinstance(form.latency_s, UnsetType) else float(form.latency_s)
    try:
        point = cloud.closed_form(model, float(form.decoded_tokens), latency_s)
        shown = cloud.compare(float(form.decoded_tokens), model, grid, site, latency_s)
    except AffouageError as refused:
        refuse(refused.message, "$", refused.remedy)
    uj = point.it_kwh * MICROJOULES_PER_KWH
    use = assess(Energy(interval_uj=Interval(uj, uj, uj), quality="estimated"), grid, site)
    return CloudAssessed(
        method=form.method,
        it_kwh=point.it_kwh,
        kwh=point.it_kwh * site.pue.central,
        seconds=point.seconds,
        gpus=point.gpus,
        use=_amounts(use),
        embodied=Amounts(
            gwp_kg=point.embodied_gwp_kg,
            adpe_kg_sb=point.embodied_adpe_kg_sb,
            primary_energy_mj=point.embodied_pe_mj,
        ),
        shown=shown,
        factors=_told(grid),
        factor_set=use.factor_set,
        notes=notes,
    )


def _model(form: CloudQuestion) -> cloud.CloudModel:
    sizes = (form.billions, form.active_billions, form.total_billions)
    dense, active, total = (None if isinstance(one, UnsetType) else float(one) for one in sizes)
    if (dense is None) == (active is None or total is None) or (dense is not None and (active or total)):
        refuse("the model's size", "$", "Write billions, or both active_billions and total_billions.")
    speed = None if isinstance(form.tokens_per_s, UnsetType) else float(form.tokens_per_s)
    return cloud.CloudModel(
        active_billions=dense or active or 0.0,
        total_billions=dense or total or 0.0,
        bits=form.bits,
        tokens_per_s=speed,
        first_token_s=float(form.first_token_s),
    )


def _amounts(impacts: Impacts) -> Amounts:
    gwp, adpe = impacts.gwp_g, impacts.adpe_g_sb
    pe, water = impacts.primary_energy_mj, impacts.water_l
    return Amounts(
        gwp_kg=None if gwp is None else gwp.central / 1000,
        adpe_kg_sb=None if adpe is None else adpe.central / 1000,
        primary_energy_mj=None if pe is None else pe.central,
        water_l=None if water is None else water.central,
    )
