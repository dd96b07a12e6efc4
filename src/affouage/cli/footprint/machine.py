"""``affouage footprint machine``: what this machine is made of, and what its making weighs each day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import click
import msgspec

from affouage import settings as settings_of
from affouage.catalogue.machine import machine_id
from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.footprint.machine_template import look, template
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import Conflict, HomeReadOnly, NotFound, SettingsError
from affouage.footprint import gpu_model
from affouage.footprint.embodied import DAYS_PER_YEAR, Charge, Totals, day_charge, scaled, totals
from affouage.footprint.machine import Machine, PartImpact, read_machine
from affouage.footprint.parts import facts_of, known_cards
from affouage.footprint.period import Calendar
from affouage.ledger.machines import record_if_changed
from affouage.ledger.receipt import Impacts
from affouage.settings import Settings
from affouage.storage.home import prepare
from affouage.units import Interval
from affouage.web.language import N_, Language

FILE = "machine.toml"
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

_BASIS = {
    "gpu model": N_("computed by ADEME's model of graphics cards, from a card that was measured"),
    "gpu model, facts estimated": N_("computed by ADEME's model of graphics cards, some facts of the card estimated"),
    "archetype": N_("figures of a usual part of this kind"),
    "declared": N_("declared in the description"),
}


@click.group()
def machine() -> None:
    """The machine's parts and what making them cost: describe it once, and each day carries its part.

    \b
    Examples:
      affouage footprint machine init
      affouage footprint machine check
      affouage footprint machine show
      affouage footprint machine cards --json
      affouage footprint machine record
    """


@machine.command()
@as_json
def show(as_json: bool) -> None:
    """Each part with its range and source; what a year and a day weigh for the commons; paid off or not.

    \b
    --json prints: {"described", "file", "machine", "totals", "today", "per_day", "per_year", "paid_off"}
    "machine" is null when nobody described it. Masses in "totals" are in kg; "today", "per_day" and "per_year" in g and
    MJ, for the commons' share. Water is null: unknown.
    """
    with telling():
        settings = settings_of.read()
        path, day = settings.home / FILE, _today(settings)
        found = _read(path, day) if path.exists() else None
    language = spoken()
    if found is None:
        if as_json:
            echo_json({"described": False, "file": str(path), "machine": None})
        else:
            click.echo(_undescribed(language))
        return
    charge, whole = day_charge(found, day), totals(found)
    per_day = _serving_day(found)
    if as_json:
        shape = {"described": bool(found.parts), "file": str(path), "machine": found, "totals": whole, "today": charge}
        per_year = scaled(per_day, DAYS_PER_YEAR)
        echo_json({**shape, "per_day": per_day, "per_year": per_year, "paid_off": _paid_off(found)})
        return
    for line in _in_words(found, whole, charge, per_day, language):
        click.echo(line)


@machine.command()
@as_json
def cards(as_json: bool) -> None:
    """The graphics cards known by name, with what making one cost.

    \b
    --json prints: [{"name", "aliases", "vram_gb", "gwp_kg", "adpe_kg_sb", "primary_energy_mj", "facts", "source"}, ...]
    """
    language = spoken()
    rows = []
    for card in known_cards():
        facts, told = facts_of(card)
        cost = gpu_model.making(facts)
        rows.append((card, cost, told))
    if as_json:
        echo_json(
            [
                {
                    "name": card.name,
                    "aliases": card.aliases,
                    "vram_gb": card.vram_gb,
                    "gwp_kg": cost.gwp_kg,
                    "adpe_kg_sb": cost.adpe_kg_sb,
                    "primary_energy_mj": cost.primary_energy_mj,
                    "facts": told,
                    "source": gpu_model.SOURCE,
                }
                for card, cost, told in rows
            ]
        )
        return
    wide = max(len(card.name) for card, _, _ in rows)
    for card, cost, _told in rows:
        click.echo(f"{card.name:<{wide}}  {_carbon(cost.gwp_kg, 1000.0, language)}")
    click.echo(language.gettext("Source: {source}.").format(source=gpu_model.SOURCE))


@machine.command()
@click.option("--force", is_flag=True, help="Write over a description that is already there.")
def init(force: bool) -> None:
    """Write AFFOUAGE_HOME/machine.toml, filled with what this machine tells of itself, for its owner to complete.

    Looks at the processor, the memory, the disks, and at NVIDIA cards when nvidia-ml-py is installed. Asks nobody else.
    """
    with telling():
        settings = settings_of.read()
        path = settings.home / FILE
        if path.exists() and not force:
            raise Conflict(
                f"{path} is already there.",
                remedy="Edit it, or add --force to write over it.",
                code="machine_described",
            )
        prepare(settings.home)
        text = template(look(machine_id(), _today(settings)))
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as refused:
            raise HomeReadOnly(f"{path} cannot be written: {refused.strerror}.", remedy="Free the disk.") from refused
    _ = spoken().gettext
    click.echo(_("Written: {path}").format(path=path))
    click.echo(
        _("Now mend the day it came, its age then and the years planned; then: affouage footprint machine check")
    )


@machine.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def check(file: Path | None) -> None:
    """Read a description (that of the home, when no FILE is said) and say what is wrong with it. Exit status 2 then."""
    with telling():
        settings = settings_of.read()
        path = file or settings.home / FILE
        if not path.exists():
            raise NotFound(
                f"There is no {path}.", remedy="Write one: affouage footprint machine init", code="machine_undescribed"
            )
        found = _read(path, _today(settings))
    language = spoken()
    _ = language.gettext
    carbon = _carbon(totals(found).gwp_kg, 1000.0, language)
    said = _("{file} is right: {parts} parts, {carbon}.")
    click.echo(said.format(file=path.name, parts=sum(part.count for part in found.parts), carbon=carbon))


@machine.command()
def record() -> None:
    """Write the description in the books, when it changed. The server does it too, each time it starts."""
    with telling(), open_home() as (settings, database):
        path = settings.home / FILE
        if not path.exists():
            raise NotFound(
                f"There is no {path}.", remedy="Write one: affouage footprint machine init", code="machine_undescribed"
            )
        found, now_ms = _read(path, _today(settings)), SystemClock().now_ms()
        written = database.write_now(lambda connection: record_if_changed(connection, found, now_ms))
    _ = spoken().gettext
    click.echo(_("Written in the books.") if written else _("The books have it already."))


def _today(settings: Settings) -> str:
    return Calendar(settings.commons.time_zone).day(SystemClock().now_ms())


def _read(path: Path, today: str) -> Machine:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        raise SettingsError(f"{path} is not UTF-8 text.", remedy="Save it as UTF-8.", code="machine_file") from wrong
    except OSError as refused:
        raise SettingsError(
            f"{path} cannot be read: {refused.strerror}.",
            remedy="Give this user the right to read it.",
            code="machine_file",
        ) from refused
    return read_machine(text, path.name, today=today)


def _serving_day(found: Machine) -> Impacts:
    """A whole day of service, whenever: what the commons carries while the machine is not paid off."""
    undated = msgspec.structs.replace(found, acquired=None, retired=None)
    return day_charge(undated, "2000-01-01").impacts


def _paid_off(found: Machine) -> str | None:
    if found.acquired is None:
        return None
    return (date.fromisoformat(found.acquired) + timedelta(days=found.planned_years * DAYS_PER_YEAR)).isoformat()


def _undescribed(language: Language) -> str:
    _ = language.gettext
    return "\n".join(
        (
            _("Nobody has described this machine: what making it cost is unknown, and totals say “at least”."),
            _("To describe it: affouage footprint machine init"),
        )
    )


def _in_words(found: Machine, whole: Totals, charge: Charge, per_day: Impacts, language: Language) -> list[str]:
    _ = language.gettext
    lines = [found.name or found.id, *(line for part in found.parts for line in _part(part, language)), ""]
    if not found.parts:
        lines.append(_("No part is described: what making it cost is unknown."))
    else:
        rows = (
            (_("whole machine"), whole.gwp_kg, 1000.0, whole.adpe_kg_sb, 1000.0, whole.primary_energy_mj),
            (_("a year, for the commons"), *_bounds(scaled(per_day, DAYS_PER_YEAR))),
            (_("a day, for the commons"), *_bounds(per_day)),
        )
        for name, gwp, gwp_g, adpe, adpe_g, energy in rows:
            lines.append(_("{name}:").format(name=name))
            lines.append(f"  {_costs(gwp, gwp_g, adpe, adpe_g, energy, language)}")
        if whole.at_least:
            lines.append(_("Some figures of some parts are unknown: these are lower bounds."))
    lines.append(_("Water used in making it: unknown."))
    lines.append(_state(found, charge, language))
    return [language.typeset(line) for line in lines]


def _bounds(impacts: Impacts) -> tuple[Interval | None, float, Interval | None, float, Interval | None]:
    return impacts.gwp_g, 1.0, impacts.adpe_g_sb, 1.0, impacts.primary_energy_mj


def _part(part: PartImpact, language: Language) -> list[str]:
    _ = language.gettext
    name = part.model or part.kind
    basis = _(_BASIS[part.basis]) if part.basis in _BASIS else part.basis
    return [
        "",
        name if part.count == 1 else _("{count} x {name}, each:").format(count=part.count, name=name),
        f"  {_costs(part.gwp_kg, 1000.0, part.adpe_kg_sb, 1000.0, part.primary_energy_mj, language)}",
        "  " + _("{basis}; source: {source}").format(basis=basis, source=part.source),
        *("    " + _fact(name, value, language) for name, value in part.facts.items()),
    ]


_FACTS = {
    "die": N_("area of the graphics chip"),
    "vram": N_("memory of the card"),
    "board": N_("circuit board"),
    "mass": N_("whole card"),
    "heatsink": N_("heatsink"),
    "casing": N_("casing"),
}
_WORDINGS = (
    (
        r"(?P<low>\S+) to (?P<high>\S+) (?P<unit>\S+), estimated from the mass",
        N_("{low} to {high} {unit}, estimated from the mass"),
    ),
    (
        r"(?P<low>\S+) to (?P<high>\S+) (?P<unit>\S+), estimated from (?P<what>.+)",
        N_("{low} to {high} {unit}, estimated from {what}"),
    ),
    (r"(?P<gb>\S+) GB in (?P<chips>\d+) chips(?P<source>.*)", N_("{gb} GB in {chips} chips{source}")),
)


def _fact(name: str, value: str, language: Language) -> str:
    """A fact as the description keeps it (English), in the reader's words where they are foreseen."""
    if language.code == "en":
        return f"{name}: {value}"
    _ = language.gettext
    if name not in _FACTS:
        return _("In detail, in English: {text}").format(text=f"{name}, {value}")
    for pattern, sentence in _WORDINGS:
        found = re.fullmatch(pattern, value)
        if found is not None:
            value = _(sentence).format(**found.groupdict())
            break
    return _("{name}: {value}").format(name=_(_FACTS[name]), value=value)


def _costs(
    gwp: Interval | None,
    gwp_g: float,
    adpe: Interval | None,
    adpe_g: float,
    energy: Interval | None,
    language: Language,
) -> str:
    return " · ".join((_carbon(gwp, gwp_g, language), _minerals(adpe, adpe_g, language), _energy(energy, language)))


def _carbon(interval: Interval | None, grams: float, language: Language) -> str:
    _ = language.gettext
    if interval is None:
        return _("carbon unknown")
    return _("{amount} CO2e ({spread})").format(**_amount(interval, grams, language))


def _minerals(interval: Interval | None, grams: float, language: Language) -> str:
    _ = language.gettext
    if interval is None:
        return _("minerals unknown")
    return _("minerals and metals worth {amount} of antimony ({spread})").format(**_amount(interval, grams, language))


def _amount(interval: Interval, grams: float, language: Language) -> dict[str, str]:
    from affouage.web import format as wording

    amount, spread = wording.mass(interval.scaled(grams), language)
    return {"amount": amount, "spread": spread}


def _energy(interval: Interval | None, language: Language) -> str:
    from affouage.web import format as wording

    _ = language.gettext
    if interval is None:
        return _("primary energy unknown")
    low, central, high = (wording.figures(v, language) for v in (interval.low, interval.central, interval.high))
    spread = _("{low} to {high}").format(low=low, high=high)
    return _("{amount} of primary energy ({spread})").format(amount=f"{central}{wording.NO_BREAK}MJ", spread=spread)


def _state(found: Machine, charge: Charge, language: Language) -> str:
    _ = language.gettext
    if charge.state == "retired":
        return _("It left on {day}: it weighs nothing more.").format(day=_day(found.retired, language))
    day = _day(_paid_off(found), language)
    if charge.state == "amortised":
        return _("Its making is paid off since {day}: it weighs nothing more.").format(day=day)
    return _("Its making is paid off on {day}, if it serves as long as planned.").format(day=day)


def _day(iso: str | None, language: Language) -> str:
    from affouage.web import format as wording

    if iso is None:
        return language.gettext("unknown")
    noon = datetime.combine(date.fromisoformat(iso), time(12), UTC)
    return wording.day(int(noon.timestamp() * 1000), language, UTC)
