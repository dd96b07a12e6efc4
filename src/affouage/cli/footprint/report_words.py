"""A report in words and columns, for somebody who keeps the accounts and knows nothing about carbon. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from affouage.footprint.public import OTHER
from affouage.footprint.report import Line, Mine, Report, Restated, Sum
from affouage.units import Interval
from affouage.web import amounts
from affouage.web import format as wording
from affouage.web.amounts import Shown
from affouage.web.language import Language
from affouage.web.limits import pot_sentence
from affouage.web.periods import named

Row = Sequence[str]


def in_words(report: Report, today: str, language: Language) -> str:
    """The whole report, section after section; an empty one is left out."""
    sections = (
        _heading(report, today, language),
        _energy(report, language),
        _impacts(report, language),
        *_tables(report, language),
        _costs(report, language),
        _mine(report.mine, language),
        _restated(report.restated, language),
    )
    return "\n\n".join(language.typeset("\n".join(lines)) for section in sections if (lines := list(section)))


def _heading(report: Report, today: str, language: Language) -> Iterator[str]:
    _ = language.gettext
    state = _("still running") if report.period <= today else _("to come")
    if report.closed:
        state = _("closed, entry {seq} of the ledger").format(seq=report.entry_seq)
    elif not today.startswith(report.period) and report.period < today:
        state = _("over, not closed yet")
    yield f"{named(report.period, language)} ({state})"
    asked = language.ngettext("{count} request", "{count} requests", report.requests)
    roll = language.ngettext("{count} member", "{count} members", report.members)
    counts = (asked.format(count=_n(report.requests, language)), roll.format(count=_n(report.members, language)))
    yield " · ".join(counts)
    counted = wording.duration(report.known_s * 1000, language)
    yield _("Counted during {time}, all machines together.").format(time=counted)
    if report.gap_s:
        silent = wording.duration(report.gap_s * 1000, language)
        yield _("A meter was silent for {time}: what was used then is not known, so totals are “at least”.").format(
            time=silent
        )


def _energy(report: Report, language: Language) -> Iterator[str]:
    _ = language.gettext
    rows: list[Row] = [(_("Energy"), _("kWh or Wh"), _("between"), _("known as"), _("part"), _("electricity"))]
    rows.append(_energy_row(_("Total"), report.total, report, language))
    places = ("to_requests", "idle", "unattributed", "contended")
    for part, name in zip(places, _parts(report, language), strict=False):  # other programs: only when there are
        rows.append(_energy_row(f"  {name}", getattr(report, part), report, language))
        if part == "to_requests":
            losses = _("of which losses")
            rows.append(_energy_row(f"    {losses}", report.losses, report, language))
            if (trained := amounts.trained(report)) is not None:
                training = _("of which training")
                rows.append(_energy_row(f"    {training}", trained, report, language))
    yield from _aligned(rows)
    yield ""
    told = _("Losses: answers that a machine or the software failed. Standby: on, and nobody asked anything.")
    yield told
    yield pot_sentence(report.pot_sharing, language)


def _parts(report: Report, language: Language) -> list[str]:
    return [one.name for one in amounts.parts(report, language)]


def _energy_row(name: str, spent: Sum, report: Report, language: Language) -> Row:
    told = amounts.amount(name, spent, report, language)
    known = told.energy is not None
    return (
        name,
        *_split(told.energy, spent.at_least, language),
        told.quality if known else "",
        told.share if known else "",
        _one(told.euros, spent.at_least, language) if report.total.cost_eur else "",
    )


def _impacts(report: Report, language: Language) -> Iterator[str]:
    _ = language.gettext
    rows: list[Row] = [(_("What it costs the world"), _("using"), _("making of the machines"), _("together"))]
    for one in amounts.impact_rows(report.total.use, report.embodied.total, language):
        name = f"{one.name}, {one.what}" if one.what else one.name
        cells = (
            _one(one.use, one.use_at_least, language),
            _one(one.making, one.making_at_least, language),
            _one(one.total, one.at_least, language),
        )
        rows.append((name, *cells))
    yield from _aligned(rows)
    if report.factor_sets:
        yield _("Factors: {sets}. Their sources: affouage footprint factors").format(sets=", ".join(report.factor_sets))
    elif report.total.interval_uj is None:
        yield _("Nothing was counted in this period. Another one: affouage footprint report 2026-11")
    else:
        yield _("No country is set: the carbon of the electricity is unknown. See: affouage footprint factors")
    if report.embodied.undescribed:
        names = ", ".join(report.embodied.undescribed)
        told = _("Nobody described {machines}: what making it weighs is unknown. See: affouage footprint machine init")
        yield told.format(machines=names)
    if report.embodied.amortised:
        told = _("Past the life that was planned, so counted no more: {machines}.")
        yield told.format(machines=", ".join(report.embodied.amortised))


def _tables(report: Report, language: Language) -> Iterator[Iterable[str]]:
    _ = language.gettext
    uses = {name: _(word) for name, word in wording.USES.items()}
    yield _lines(_("By model"), report.models, {}, language)
    yield _lines(_("By workshop"), report.workshops, wording.doors(language), language)
    yield _lines(_("By machine, standby included"), report.machines, {}, language)
    yield _lines(_("By declared use"), report.uses, uses, language)


def _lines(title: str, lines: Sequence[Line], names: Mapping[str, str], language: Language) -> Iterator[str]:
    _ = language.gettext
    if not lines:
        return
    rows: list[Row] = [(title, _("requests"), _("kWh or Wh"), _("between"), _("electricity"))]
    known = {**names, OTHER: _("others, together")}
    table = amounts.lines(lines, known, language)
    for one in table.rows:
        requests = "" if one.requests is None else _n(one.requests, language)
        euros = _one(one.euros, one.at_least, language) if one.euros else ""
        rows.append((one.name, requests, *_split(one.energy, one.at_least, language), euros))
    yield from _aligned(rows)
    if table.more:
        yield _("and {n} others, in --csv and --json").format(n=table.more)


def _costs(report: Report, language: Language) -> Iterator[str]:
    _ = language.gettext
    if report.total.cost_eur is None:
        yield _("Euros of electricity: unknown. Tell the price: settings.toml, [footprint] price_eur_per_kwh")
    if report.fixed_cost_eur is None:
        yield _("Machines and hosting: unknown. Tell them in machine.toml (price_eur) and settings.toml")
    else:
        yield _("Machines and hosting: {euros}").format(euros=_exact(report.fixed_cost_eur, wording.euros, language))
    if not report.public:
        yield _("Where the limits stand: affouage footprint budget")


def _mine(mine: Mine | None, language: Language) -> Iterator[str]:
    _ = language.gettext
    if mine is None:
        return
    asked = language.ngettext("{count} request", "{count} requests", mine.requests)
    rows: list[Row] = [(_("This member"), asked.format(count=_n(mine.requests, language)), "")]
    rows.append((_("own use"), *_split(_energy_of(mine.use, language), mine.use.at_least, language)))
    if mine.keeping_on is not None:
        kept = mine.keeping_on
        rows.append((_("share of keeping it on"), *_split(_energy_of(kept, language), kept.at_least, language)))
    elif mine.keeping_on_if_equal is not None:
        equal = mine.keeping_on_if_equal
        name = _("share of keeping it on, if it were equal")
        rows.append((name, *_split(_energy_of(equal, language), equal.at_least, language)))
    making = amounts.shown(mine.embodied.gwp_g, wording.mass, language)
    rows.append((_("own part of making the machines, CO₂e"), *_split(making, mine.embodied.at_least, language)))
    euros = amounts.shown(mine.cost_eur, wording.euros, language)
    rows.append((_("real share of the costs"), *_split(euros, mine.cost_at_least, language)))
    yield from _aligned(rows)


def _restated(restated: Sequence[Restated], language: Language) -> Iterator[str]:
    _ = language.gettext
    for one in restated:
        told = _("Counted again with {set} (entry {seq}): {old} of CO₂e become {new}. Reason: {reason}")
        old, new = (
            _one(amounts.shown(part.gwp_g, wording.mass, language), part.at_least, language)
            for part in (one.old, one.new)
        )
        yield told.format(set=one.new_set, seq=one.entry_seq, old=old, new=new, reason=one.reason)


def _energy_of(spent: Sum, language: Language) -> Shown | None:
    return amounts.shown(spent.interval_uj, wording.energy, language)


def _split(shown: Shown | None, at_least: bool, language: Language) -> tuple[str, str]:
    """(central figure, range) for two columns."""
    if shown is None:
        return language.gettext("unknown"), ""
    prefix = f"{language.gettext('at least')} " if at_least else ""
    return prefix + shown[0], shown[1]


def _one(shown: Shown | None, at_least: bool, language: Language) -> str:
    """The same in one cell."""
    central, spread = _split(shown, at_least, language)
    return f"{central} ({spread})" if spread else central


def _exact(amount: Interval, write: wording.Write, language: Language) -> str:
    return _one(amounts.shown(amount, write, language), False, language)


def _n(count: int, language: Language) -> str:
    return wording.whole(count, language)


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
