"""What an audit found, in words: exact figures, as they are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from affouage.footprint.audit.allocate import Allocated
from affouage.footprint.audit.close import Closed
from affouage.footprint.audit.embodied import Made, Weighed
from affouage.footprint.audit.found import PeriodAudit
from affouage.footprint.audit.impact import Amounts, Assessed, CloudAssessed
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language

Row = tuple[str, str]

_WHAT = {
    "block": N_("readings"),
    "receipt": N_("receipt"),
    "day": N_("sums by day"),
    "period": N_("closed month"),
    "chain": N_("chain"),
}


def in_words(found: Any, language: Language) -> str:
    """The answer of ``audit allocate``, ``impact``, ``embodied`` or ``close``."""
    tellers: dict[Any, Callable[[Any, Language], Iterator[Row]]] = {
        Allocated: _allocated,
        Assessed: _assessed,
        CloudAssessed: _cloud,
        Weighed: _weighed,
        Closed: _closed,
    }
    tell = tellers[type(found)]
    return "\n".join(_aligned([*tell(found, language), *_notes(found, language)]))


def period_in_words(found: PeriodAudit, language: Language) -> str:
    """Identical, or where not."""
    _ = language.gettext
    rows: list[Row] = [
        (_("period"), found.period),
        (_("counted by the meter"), _uj(found.energy_uj, language)),
        (_("to requests"), _uj(found.requests_uj, language)),
        (_("idle"), _uj(found.idle_uj, language)),
        (_("nobody's work"), _uj(found.unattributed_uj, language)),
        (_("other programs"), _uj(found.contended_uj, language)),
        (_("groups of readings"), wording.whole(found.blocks, language)),
        (_("receipts"), wording.whole(found.receipts, language)),
        (_("closed months"), ", ".join(found.closed) or _("none")),
        (_("entries of the ledger"), wording.whole(found.entries, language)),
        (_("head"), found.head),
    ]
    lines = list(_aligned(rows))
    for one in found.differences:
        where = language.gettext(_WHAT[one.what]) + (f" {one.id}" if one.id else "")
        entry = "" if one.entry is None else _("entry {seq}").format(seq=one.entry) + ", "
        values = _("in the books {books}, computed again {again}").format(books=one.books, again=one.again)
        lines.append(f"{entry}{where}, {one.field}" + ("" if one.what == "chain" else f": {values}"))
    if found.identical:
        lines.append(_("Identical: the books say what the readings say."))
    else:
        count = found.differences_count
        told = language.ngettext("NOT identical: {count} difference.", "NOT identical: {count} differences.", count)
        lines.append(told.format(count=wording.whole(count, language)))
    return "\n".join(lines)


def _aligned(rows: Iterable[Row]) -> Iterator[str]:
    every = list(rows)
    width = max(len(name) for name, _ in every)
    return (f"{name:<{width}}  {value}".rstrip() for name, value in every)


def _notes(found: Any, language: Language) -> Iterator[Row]:
    for note in getattr(found, "notes", ()):
        yield language.gettext("note"), note


def _uj(value: int | None, language: Language) -> str:
    return language.gettext("unknown") if value is None else f"{wording.whole(value, language)}{wording.NO_BREAK}µJ"


def _allocated(found: Allocated, language: Language) -> Iterator[Row]:
    _ = language.gettext
    for one in found.requests:
        text = _("{total} (static {static}, dynamic {dynamic})").format(
            total=_uj(one.total_uj, language),
            static=_uj(one.static_uj, language),
            dynamic=_uj(one.dynamic_uj, language),
        )
        yield one.id, (_("at least {figure}").format(figure=text) if one.at_least else text)
    yield _("idle"), _uj(found.idle_uj, language)
    yield _("nobody's work"), _uj(found.unattributed_uj, language)
    yield _("other programs"), _uj(found.contended_uj, language)
    yield _("sum"), _uj(found.sum_uj, language)
    yield _("counted by the meter"), _uj(found.meter_uj, language)
    yield _("difference"), _uj(found.residual_uj, language)
    if found.flags:
        yield _("flags"), ", ".join(found.flags)


def _figures(interval: Interval | None, unit: str, language: Language) -> str:
    if interval is None:
        return f"{unit}{wording.NO_BREAK}: {language.gettext('unknown')}"
    if interval.low == interval.high:
        return _figure(interval.central, unit, language)
    low, high = (wording.figures(one, language, digits=9) for one in (interval.low, interval.high))
    spread = language.gettext("{low} to {high}").format(low=low, high=high)
    return f"{_figure(interval.central, unit, language)} ({spread})"


def _figure(value: float | None, unit: str, language: Language) -> str:
    if value is None:
        return f"{unit}{wording.NO_BREAK}: {language.gettext('unknown')}"
    return f"{wording.figures(value, language, digits=9)}{wording.NO_BREAK}{unit}"


def _assessed(found: Assessed, language: Language) -> Iterator[Row]:
    _ = language.gettext
    yield _("energy"), _figures(found.energy_kwh, "kWh", language)
    yield _("with the building"), _figures(found.drawn_kwh, "kWh", language)
    yield _("carbon"), _figures(found.gwp_g, "g CO2e", language)
    yield _("water"), _figures(found.water_l, "L", language)
    yield _("minerals"), _figures(found.adpe_g_sb, "g Sb eq", language)
    yield _("primary energy"), _figures(found.primary_energy_mj, "MJ", language)
    yield _("known as"), language.gettext(wording.QUALITIES[found.quality])
    for name, factor in found.factors.items():
        if factor is not None:
            source = f"{_figures(factor.value, factor.unit, language)}, {factor.scope}, {factor.source}"
            yield _("factor {name}").format(name=name), source


def _cloud(found: CloudAssessed, language: Language) -> Iterator[Row]:
    _ = language.gettext
    yield _("energy"), _figure(found.it_kwh, "kWh", language)
    yield _("with the building"), _figure(found.kwh, "kWh", language)
    yield _("length of the answer"), _figure(found.seconds, "s", language)
    yield _("cards"), str(found.gpus)
    for name, amounts in ((_("use"), found.use), (_("making"), found.embodied)):
        yield name, _amounts(amounts, language)


def _amounts(amounts: Amounts, language: Language) -> str:
    told = (
        (amounts.gwp_kg, "kg CO2e"),
        (amounts.adpe_kg_sb, "kg Sb eq"),
        (amounts.primary_energy_mj, "MJ"),
        (amounts.water_l, "L"),
    )
    return " ; ".join(_figure(value, unit, language) for value, unit in told)


def _weighed(found: Weighed, language: Language) -> Iterator[Row]:
    _ = language.gettext
    yield _("whole machine"), _made(found.total, language)
    for name, made in ((_("each day"), found.machine_day), (_("each day, the commons"), found.commons_day)):
        if made is not None:
            yield name, _made(made, language)
    for one in found.requests:
        yield one.id, _made(one.made, language)
    if found.pot is not None:
        yield _("common pot"), _made(found.pot, language)
    if found.written_off is not None:
        yield _("written off"), _made(found.written_off, language)
    yield _("known as"), language.gettext(wording.QUALITIES[found.quality])


def _made(made: Made, language: Language) -> str:
    told = (
        _figures(made.gwp_kg, "kg CO2e", language),
        _figures(made.adpe_kg_sb, "kg Sb eq", language),
        _figures(made.primary_energy_mj, "MJ", language),
    )
    text = " ; ".join(told)
    return language.gettext("at least {figure}").format(figure=text) if made.at_least else text


def _closed(found: Closed, language: Language) -> Iterator[Row]:
    _ = language.gettext
    for one in found.members:
        own, kept = _uj(one.own_uj, language), one.keeping_on_uj
        share = _("nothing of the pot") if kept is None else _uj(kept, language)
        yield one.id, _("own use {own}, keeping it on {share}").format(own=own, share=share)
    yield _("common pot"), _uj(found.pot_uj, language)
    yield _("stays in the pot"), _uj(found.pot_kept_uj, language)
    yield _("other programs"), _uj(found.contended_uj, language)
    yield _("sum"), _uj(found.sum_uj, language)
    if found.meter_uj is not None:
        yield _("counted by the meter"), _uj(found.meter_uj, language)
        yield _("difference"), _uj(found.residual_uj, language)
