"""``affouage meter``: every source of energy figures there is here, which one counts, and how good it is."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click
import msgspec

from affouage import settings as settings_of
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken, zone_here
from affouage.cli.sentences import told
from affouage.clock import SystemClock
from affouage.errors import AffouageError, Conflict, NotFound
from affouage.settings import Settings
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web import methods
from affouage.web.language import N_, Language

_KINDS = {"plug_http": "plug", "plug_mqtt": "plug", "counter_file": "counter"}
_STATES = {
    "counts": N_("COUNTS"),
    "inside": N_("is in the one that counts"),
    "spare": N_("works; not added: the one that counts already covers the same"),
    "on_request": N_(
        'works; only its owner knows what it covers: footprint.meter = "{id}" takes it as the whole machine'
    ),
    "unreadable": N_("is there, but cannot be read"),
    "absent": N_("is not there"),
}


@click.group()
def meter() -> None:
    """Where the energy figures come from: list, test, calibrate.

    \b
    Examples:
      affouage meter list
      affouage meter test --seconds 10
      affouage meter calibrate
    """


@meter.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(as_json: bool) -> None:
    """Every source found on this machine: which one counts, why the others do not, what would make them readable.

    \b
    Examples:
      affouage meter list
      affouage meter list --json
    \b
    --json prints: {"counts": ID, "sources": [{"id", "kind", "state", "info", "code", "problem", "remedy", "facts"}]}
    """
    from affouage.adapters.meters.choose import find_meters
    from affouage.adapters.meters.processors import own_programs_us

    with telling():
        settings = settings_of.read()
    found = run(find_meters(settings, SystemClock(), own_programs_us))
    if as_json:
        echo_json({"counts": next(one.id for one in found if one.state == "counts"), "sources": found})
        return
    language = spoken()
    for one in found:
        click.echo("\n".join(_source(one, language)))


def _source(one: Any, language: Language) -> list[str]:
    state = language.gettext(_STATES[one.state]).format(id=one.id)
    kind = methods.title(one.info.method if one.info else _KINDS.get(one.kind, one.kind), language)
    lines = [f"{one.id:<18} {kind} · {state}"]
    if one.info is not None:
        quality = language.gettext(wording.QUALITIES[one.info.quality])
        said = language.gettext("{quality}; the truth lies between {low} and {high} times what it counts")
        low, high = (wording.figures(factor, language) for factor in (one.info.low_factor, one.info.high_factor))
        lines.append(f"{'':<18} {language.typeset(said.format(quality=quality, low=low, high=high))}")
        lines.append(f"{'':<18} {methods.sentence(one.info.method, one.info.facts, language)[0]}")
    if one.problem:
        error = AffouageError(one.problem, remedy=one.remedy, code=one.code, **one.facts)
        first, *others = told(error, language)
        lines += [f"{'':<18} {first}", *(f"{'':<18} -> {line}" for line in others)]
    return lines


def _same_name(settings: Settings, meter_id: str) -> None:
    """Raises NotFound for a meter typed by a name that no source here has."""
    from affouage.adapters.meters.choose import find_meters
    from affouage.adapters.meters.processors import own_programs_us

    if not meter_id:
        return
    unnamed = replace(settings, footprint=replace(settings.footprint, meter=""))
    ids = [one.id for one in run(find_meters(unnamed, SystemClock(), own_programs_us))]
    if meter_id not in ids:
        known = ", ".join(ids)
        raise NotFound(
            f"No meter here is called {meter_id!r}.",
            remedy=f"There are: {known}. Why each counts or not: affouage meter list",
            code="meter_not_found",
            name=meter_id,
            known=known,
        )


@meter.command()
@click.argument("meter_id", metavar="[ID]", default="")
@click.option("--seconds", type=click.IntRange(1, 3600), default=5, show_default=True, help="How long to read.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def test(meter_id: str, seconds: int, as_json: bool) -> None:
    """Read the meter that counts, or the one called ID, once a second, and show its watts. Ctrl-C stops.

    \b
    Examples:
      affouage meter test
      affouage meter test powercap --seconds 30
      affouage meter test plug-bureau --json
    \b
    --json prints: {"meter": {...}, "seconds": [{"watts": {"low", "central", "high"} or null, "why"}], "mean": {...}}
    """
    with telling():
        settings = settings_of.read()
    if meter_id:
        settings = replace(settings, footprint=replace(settings.footprint, meter=meter_id))
    language = spoken()

    def show(watts: Interval | None, why: AffouageError | None) -> None:
        if not as_json:
            click.echo(f"  {_watts(watts, why, language)}")

    with telling():
        _same_name(settings, meter_id)
    info, seen = run(_read(settings, seconds, show))
    known = [watts for watts, _ in seen if watts is not None]
    mean = sum(known[1:], known[0]).scaled(1 / len(known)) if known else None
    if as_json:
        rows = [{"watts": watts, "why": "" if why is None else str(why)} for watts, why in seen]
        echo_json({"meter": info, "seconds": rows, "mean": mean})
    else:
        click.echo(
            language.typeset(
                language.gettext("{id}: mean {watts}").format(id=info.id, watts=_watts(mean, None, language))
            )
        )
    with telling():
        if not known and (last := next((why for _, why in reversed(seen) if why is not None), None)) is not None:
            raise last


Seen = tuple[Interval | None, AffouageError | None]


async def _read(settings: Settings, seconds: int, show: Callable[..., None]) -> tuple[Any, list[Seen]]:
    from affouage.adapters.meters.choose import open_meter
    from affouage.adapters.meters.processors import own_programs_us
    from affouage.cli.calibration import powers

    leaving = asyncio.Event()
    with suppress(NotImplementedError):  # Windows: Ctrl-C then ends the command at once
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, leaving.set)

    async def wait(pause_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(leaving.wait(), pause_s)
        return leaving.is_set()

    seen: list[Seen] = []
    meter = open_meter(settings, SystemClock(), own_programs_us)
    try:
        async for power in powers(meter, seconds, wait):
            seen.append((power.watts, power.why))
            show(power.watts, power.why)
    finally:
        await meter.close()
    return meter.info(), seen


def _watts(watts: Interval | None, why: AffouageError | None, language: Language) -> str:
    if watts is not None:
        central, spread = wording.ratio(watts, "W", language)
        return f"≈ {central} ({spread})"
    return told(why, language)[0] if why is not None else language.gettext("nothing new counted yet")


@meter.command()
@click.option(
    "--model", "models", multiple=True, help="Model to weigh (may be given again); the default one otherwise."
)
@click.option(
    "--seconds", type=click.IntRange(3, 600), default=10, show_default=True, help="Quiet windows of a second."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def calibrate(models: tuple[str, ...], seconds: int, as_json: bool) -> None:
    """Find the machine's power when it serves nobody, and what reading weighs against writing, by model.

    The model is loaded and asked four short questions by the same way as everybody's (they are in the books, for the
    collective); then the meter is read with nobody asking. No server may run on the home meanwhile: it would be asked
    things. Do not use the machine for anything else. Results are dated; the newest counts from the next start on.

    \b
    Examples:
      affouage meter calibrate
      affouage meter calibrate --model smollm3-3b --seconds 60
      affouage meter calibrate --json
    \b
    --json prints: {"machine", "at_ms", "meter", "idle": {"watts", "known_by"}, "models": [{"model", "kappa",
    "decode_ms", "prompt_tokens", "decoded_tokens"}]}
    """
    from affouage.storage.home import in_use

    with telling():
        settings = settings_of.read()
        if in_use(settings.home):
            raise Conflict(
                "A server runs on this home: it might be asked something meanwhile, and spoil the quiet.",
                remedy="Stop it, calibrate, start it again.",
                code="meter_server_runs",
            )
        with open_home():
            pass  # makes the home and its database, or says why not
    found = run(_calibrated(settings, models or (settings.engine.default_model,), seconds))
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(_found(found, spoken())))


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and written. ``idle``: watts, and whether the ``meter`` knew them or they were ``measured``."""

    machine: str
    at_ms: int
    meter: str
    idle: dict[str, Any]
    models: list[Any]


async def _calibrated(settings: Settings, models: tuple[str, ...], seconds: int) -> Calibrated:
    from affouage.adapters.meters.choose import open_meter
    from affouage.app import open_commons
    from affouage.cli.calibration import idle_uw, weigh
    from affouage.ledger import calibrations
    from affouage.pool.processor_time import ProcessorTime

    clock = SystemClock()
    async with open_commons(settings) as commons:
        weights = [await weigh(commons, model) for model in models]
        meter = open_meter(settings, clock, ProcessorTime(commons.node.engines))
        try:
            info = meter.info()
            measured = await idle_uw(meter, seconds) if info.idle_uw is None else None
        finally:
            await meter.close()
        at_ms, here = clock.now_ms(), commons.metering.machine_id
        by_model = {one.model: (one.kappa, one.decode_ms) for one in weights if one.kappa and one.decode_ms}
        await commons.db.write(
            lambda connection: calibrations.write(connection, here, at_ms, info.id, idle_uw=measured, by_model=by_model)
        )
    known = info.idle_uw if measured is None else measured
    idle = {"watts": None if known is None else known / 1e6, "known_by": "meter" if measured is None else "measured"}
    return Calibrated(machine=here, at_ms=at_ms, meter=info.id, idle=idle, models=weights)


def _found(found: Calibrated, language: Language) -> list[str]:
    _ = language.gettext
    watts = f"{wording.figures(found.idle['watts'], language, digits=3)}{wording.NO_BREAK}W"
    if found.idle["known_by"] == "measured":
        said = _("When it serves nobody, {machine} draws {watts} by the meter {meter} (median, {date}).")
    else:
        said = _("When it serves nobody, {machine} draws {watts}: the meter {meter} knows it without measuring.")
    date = wording.moment(found.at_ms, language, zone_here())
    lines = [said.format(machine=found.machine, watts=watts, meter=found.meter, date=date)]
    for one in found.models:
        if one.kappa is None:
            said = _("{model}: its engine does not tell its times; nothing is written for it.")
            lines.append(said.format(model=one.model))
            continue
        said = _("{model}: a token read weighs {kappa} of a token written, which takes {milliseconds} ms.")
        kappa, took = (wording.figures(value, language, digits=3) for value in (one.kappa, one.decode_ms))
        lines.append(said.format(model=one.model, kappa=kappa, milliseconds=took))
    return [language.typeset(line) for line in lines]
