""" "Comment on le sait": every figure shown anywhere, with its method, source, range, licence and year. For anybody."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import ClassVar

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy
from affouage.footprint import cloud
from affouage.footprint.embodied import totals
from affouage.footprint.equivalents import Equivalents, equivalents
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.machine import Machine
from affouage.footprint.meter import METHODS, MeterInfo
from affouage.settings import FootprintSettings
from affouage.units import Interval, Quality
from affouage.web import format as wording
from affouage.web import methods
from affouage.web.amounts import Shown
from affouage.web.door import Door, Visit
from affouage.web.language import N_, Language
from affouage.web.pages import Page

ECOLOGITS_URL = "https://ecologits.ai/"

_NOTES = (
    N_("As its source, or the collective, declares it."),
    N_("Lowest, median and highest of the published figures of the same scope."),
    N_("One series only: its lowest year divided by 1.3, its latest, twice its highest."),
    N_("A third to twice the published figure: evaporation of reservoirs is contested."),
    N_("Half to twice the published figure, which describes the electricity of 2011."),
)
"""How ranges were made: the sentences of ``footprint.factors.RANGES``, marked for translation."""

_BASES = {
    "gpu model": N_("parametric model of a graphics card"),
    "gpu model, facts estimated": N_("parametric model of a graphics card, some facts estimated"),
    "archetype": N_("usual figure for a part of this kind"),
    "declared": N_("published figure, declared by the owner"),
}


_KINDS = {
    "gpu": N_("graphics card"),
    "computer": N_("computer"),
    "motherboard": N_("motherboard"),
    "cpu": N_("processor"),
    "ram": N_("memory"),
    "ssd": N_("solid-state disk"),
    "hdd": N_("hard disk"),
    "psu": N_("power supply"),
    "case": N_("case"),
    "assembly": N_("assembly"),
}


@dataclass(frozen=True)
class MeterHere:
    """The meter in use; ``idle_watts`` empty while nobody knows."""

    id: str
    code: str
    title: str
    sentence: str
    quality: Quality
    low: str
    high: str
    idle_watts: str


@dataclass(frozen=True)
class Method:
    """A way of counting energy there may be."""

    code: str
    title: str
    sentence: str
    here: bool


@dataclass(frozen=True)
class Sources(Page):
    """``making``: of the whole machine, (name, figure); ``prices``: (name, told), empty when not told.

    ``notes``, ``bases`` and ``kinds``: words of the data, by the text that stands there.
    """

    template: ClassVar[str] = "sources.html"
    country: str
    meter: MeterHere | None
    methods: tuple[Method, ...]
    grid: GridFactors | None
    notes: dict[str, str]
    site_pue: str
    site_water: str
    machine: Machine | None
    making: tuple[tuple[str, Shown | None], ...]
    bases: dict[str, str]
    kinds: dict[str, str]
    prices: tuple[tuple[str, str], ...]
    table: Equivalents
    ecologits: str
    ecologits_url: str
    cloud_batch: int


def open_door(door: Door) -> None:
    door.page("/sources", explain, Policy.PUBLIC)


async def explain(visit: Visit) -> Response:
    page = _read(visit.commons, visit.language)
    return visit.site.page(visit.request.scope, page)


def _read(commons: Commons, language: Language) -> Sources:
    return view(
        meter=commons.metering.meter.info(),
        idle_uw=commons.metering.idle_uw,
        grid=commons.grid,
        site=commons.site,
        machine=commons.machine,
        settings=commons.settings.footprint,
        language=language,
    )


def view(
    *,
    meter: MeterInfo | None,
    idle_uw: int | None,
    grid: GridFactors | None,
    site: Site,
    machine: Machine | None,
    settings: FootprintSettings,
    language: Language,
) -> Sources:
    """The page, from what is in force."""
    _ = language.gettext
    return Sources(
        country=settings.country,
        meter=None if meter is None else _meter_here(meter, idle_uw, language),
        methods=tuple(
            Method(code, methods.title(code, language), methods.plain(code, language), _uses(meter, code))
            for code in METHODS
        ),
        grid=grid,
        notes={note: _(note) for note in _NOTES},
        site_pue="" if site.pue == Interval(1, 1, 1) else _between(site.pue, language),
        site_water=_between(site.water_on_site_l_per_kwh, language),
        machine=machine,
        making=_making(machine, language),
        bases={basis: _(words) for basis, words in _BASES.items()},
        kinds={kind: _(words) for kind, words in _KINDS.items()},
        prices=_prices(settings, machine, language),
        table=equivalents(),
        ecologits=version("ecologits"),
        ecologits_url=ECOLOGITS_URL,
        cloud_batch=cloud.BATCH,
    )


def _uses(meter: MeterInfo | None, code: str) -> bool:
    return meter is not None and meter.method == code


def _meter_here(meter: MeterInfo, idle_uw: int | None, language: Language) -> MeterHere:
    watts = None if idle_uw is None else wording.figures(idle_uw / 1e6, language, digits=3)
    return MeterHere(
        id=meter.id,
        code=meter.method,
        title=methods.title(meter.method, language),
        sentence=methods.sentence(meter.method, meter.facts, language)[0],
        quality=meter.quality,
        low=wording.figures(meter.low_factor, language),
        high=wording.figures(meter.high_factor, language, digits=3),
        idle_watts="" if watts is None else f"{watts}{wording.NO_BREAK}W",
    )


def _between(value: Interval, language: Language) -> str:
    central = wording.figures(value.central, language, digits=3)
    if value.low == value.high:
        return central
    return f"{central} ({wording.ratio(value, '', language)[1]})"


def _making(machine: Machine | None, language: Language) -> tuple[tuple[str, Shown | None], ...]:
    """The whole machine, before it is spread over its life."""
    if machine is None or not machine.parts:
        return ()
    _ = language.gettext
    whole = totals(machine)

    def told(value: Interval | None, factor: float, write: wording.Write) -> Shown | None:
        return None if value is None else write(value.scaled(factor), language)

    return (
        (_("Making, in carbon (CO₂e)"), told(whole.gwp_kg, 1000, wording.mass)),
        (_("Making, in minerals (Sb eq)"), told(whole.adpe_kg_sb, 1000, wording.mass)),
        (_("Making, in primary energy"), told(whole.primary_energy_mj, 1, wording.joules)),
    )


def _prices(settings: FootprintSettings, machine: Machine | None, language: Language) -> tuple[tuple[str, str], ...]:
    _ = language.gettext

    def told(amount: float | None, unit: str) -> str:
        return "" if not amount else f"{wording.figures(amount, language, digits=4)}{wording.NO_BREAK}{unit}"

    return (
        (_("Electricity"), told(settings.price_eur_per_kwh, "€/kWh")),
        (_("Hosting, connection, repairs"), told(settings.hosting_eur_per_month, _("€ per month"))),
        (_("Price of the machine"), told(machine.price_eur if machine else None, "€")),
        (_("Subscription it is compared with"), told(settings.subscription_eur_per_month, _("€ per month"))),
    )
