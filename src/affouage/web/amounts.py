"""Sums of a report in words: energies with their range, impacts, rows by model or workshop. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affouage.footprint.report import Line, Report, Sum
from affouage.ledger.receipt import TRAINING, Impacts
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import Language

LINES_SHOWN = 12

Shown = tuple[str, str]
"""A figure with its unit, and its range; the range is empty only for what is known exactly."""


@dataclass(frozen=True)
class Amount:
    """An energy in words. ``energy`` None: unknown. ``share``: part of the total, in words."""

    name: str
    note: str
    energy: Shown | None
    at_least: bool
    quality: str
    share: str
    euros: Shown | None


@dataclass(frozen=True)
class ImpactRow:
    """One indicator: use, making of the machines, both. ``note`` says what it is in plain words."""

    name: str
    note: str
    anchor: str
    what: str
    use: Shown | None
    use_at_least: bool
    making: Shown | None
    making_at_least: bool
    total: Shown | None
    at_least: bool


@dataclass(frozen=True)
class LineRow:
    """A row by model, workshop, machine or declared use. ``requests`` None: fewer than 5 people, not told."""

    name: str
    requests: int | None
    words: int | None
    energy: Shown | None
    at_least: bool
    euros: Shown | None


@dataclass(frozen=True)
class Lines:
    """The biggest rows of a table; ``more``: how many others there are, in the downloads."""

    rows: tuple[LineRow, ...]
    more: int


def shown(interval: Interval | None, write: wording.Write, language: Language) -> Shown | None:
    """None for unknown; without a range when it is known exactly, as nothing at all is."""
    if interval is None:
        return None
    central, spread = write(interval, language)
    return central, "" if interval.low == interval.high else spread


def amount(name: str, spent: Sum, report: Report, language: Language, note: str = "") -> Amount:
    """A sum in words, with its part of the period's total."""
    whole = report.total.energy_uj
    return Amount(
        name=name,
        note=note,
        energy=shown(spent.interval_uj, wording.energy, language),
        at_least=spent.at_least,
        quality=language.gettext(wording.QUALITIES[spent.quality]),
        share=wording.percent(spent.energy_uj / whole, language) if whole else "",
        euros=shown(spent.cost_eur, wording.euros, language),
    )


def parts(report: Report, language: Language) -> tuple[Amount, ...]:
    """The places energy goes to; they add up to the total, to the microjoule.

    Other programs only when there are: most meters cannot tell whose work it was, and count none.
    """
    _ = language.gettext
    rows = [
        _worked(report, language),
        amount(_("Standby"), report.idle, report, language, _("the machine was on and nobody asked anything")),
        amount(
            _("Without an owner"),
            report.unattributed,
            report,
            language,
            _("counted, but nobody can say for which answer"),
        ),
    ]
    if report.contended.energy_uj:
        note = _("the machine was also doing something else for somebody")
        rows.append(amount(_("Other programs"), report.contended, report, language, note))
    return tuple(rows)


def trained(report: Report) -> Sum | None:
    """What runs of training used, of what the machine worked; None when there were none, or it is not told."""
    return next((one.sum for one in report.workshops if one.key == TRAINING and one.sum is not None), None)


def _worked(report: Report, language: Language) -> Amount:
    _ = language.gettext
    spent = trained(report)
    if spent is None:
        return amount(_("Answers"), report.to_requests, report, language, _("while the machine worked for somebody"))
    note = _("while the machine worked for somebody; of which training: {energy}")
    told = shown(spent.interval_uj, wording.energy, language)
    said = note.format(energy=_("unknown") if told is None else f"≈ {told[0]}")
    return amount(_("Answers and training"), report.to_requests, report, language, said)


def impact_rows(use: Impacts, making: Impacts, language: Language) -> tuple[ImpactRow, ...]:
    """Carbon, water, minerals, primary energy: of use, of making, and both together."""
    _ = language.gettext
    told = (
        (
            _("Carbon"),
            _("and other gases that warm the climate, brought down to it"),
            "grid",
            _("CO₂e"),
            "gwp_g",
            wording.mass,
        ),
        (
            _("Water"),
            _("water that does not go back to where it was taken, mostly at the power stations"),
            "water",
            "",
            "water_l",
            wording.volume,
        ),
        (
            _("Minerals and metals"),
            _(
                "all the ores used up, brought down to grams of one rare metal, antimony (Sb), so that they can be "
                "added; nearly all of it is the making of the machines"
            ),
            "minerals",
            _("Sb eq"),
            "adpe_g_sb",
            wording.mass,
        ),
        (
            _("Primary energy"),
            _("all the energy taken from nature to make that electricity and those machines"),
            "primary-energy",
            "",
            "primary_energy_mj",
            wording.joules,
        ),
    )
    rows = []
    for name, note, anchor, what, field, write in told:
        one, other = getattr(use, field), getattr(making, field)
        both = added(one, other)
        rows.append(
            ImpactRow(
                name=name,
                note=note,
                anchor=anchor,
                what=what,
                use=shown(one, write, language),
                use_at_least=use.at_least,
                making=shown(other, write, language),
                making_at_least=making.at_least,
                total=shown(both, write, language),
                at_least=use.at_least or making.at_least or one is None or other is None,
            )
        )
    return tuple(rows)


def added(one: Interval | None, other: Interval | None) -> Interval | None:
    """The known part of a sum; None when nothing of it is known."""
    if one is None or other is None:
        return one or other
    return one + other


def lines(rows: Sequence[Line], names: Mapping[str, str], language: Language) -> Lines:
    """Rows of a table, biggest first; those not told come last."""
    biggest_first = sorted(rows, key=lambda one: -1 if one.sum is None else one.sum.energy_uj, reverse=True)
    told = tuple(_line(one, names, language) for one in biggest_first[:LINES_SHOWN])
    return Lines(told, len(rows) - len(told))


def _line(one: Line, names: Mapping[str, str], language: Language) -> LineRow:
    spent = one.sum or Sum()
    return LineRow(
        name=names.get(one.key) or one.key or language.gettext("unknown"),
        requests=one.requests,
        words=one.tokens_decoded,
        energy=shown(spent.interval_uj, wording.energy, language),
        at_least=spent.at_least,
        euros=shown(spent.cost_eur, wording.euros, language),
    )
