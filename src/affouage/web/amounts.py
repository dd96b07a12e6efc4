"""Sums of a report in words: energies with their range, impacts, rows by model or workshop. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affouage.footprint.report import Line, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import Language

Shown = tuple[str, str]
"""A figure with its unit, and its range: always both."""


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


def amount(name: str, spent: Sum, report: Report, language: Language, note: str = "") -> Amount:
    """A sum in words, with its part of the period's total."""
    whole = report.total.energy_uj
    return Amount(
        name=name,
        note=note,
        energy=None if spent.interval_uj is None else wording.energy(spent.interval_uj, language),
        at_least=spent.at_least,
        quality=language.gettext(wording.QUALITIES[spent.quality]),
        share=wording.percent(spent.energy_uj / whole, language) if whole else "",
        euros=None if spent.cost_eur is None else wording.euros(spent.cost_eur, language),
    )


def parts(report: Report, language: Language) -> tuple[Amount, ...]:
    """The four places energy goes to; they add up to the total, to the microjoule."""
    _ = language.gettext
    rows = [
        amount(_("Answers"), report.to_requests, report, language, _("while the machine worked for somebody")),
        amount(_("Standby"), report.idle, report, language, _("the machine was on and nobody asked anything")),
        amount(
            _("Without an owner"),
            report.unattributed,
            report,
            language,
            _("counted, but nobody can say for which answer"),
        ),
        amount(
            _("Other programs"),
            report.contended,
            report,
            language,
            _("the machine was also doing something else for somebody"),
        ),
    ]
    return tuple(rows)


def impact_rows(use: Impacts, making: Impacts, language: Language) -> tuple[ImpactRow, ...]:
    """Carbon, water, minerals, primary energy: of use, of making, and both together."""
    _ = language.gettext
    told = (
        (_("Carbon"), "", "grid", _("CO₂e"), "gwp_g", wording.mass),
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
                use=None if one is None else write(one, language),
                use_at_least=use.at_least,
                making=None if other is None else write(other, language),
                making_at_least=making.at_least,
                total=None if both is None else write(both, language),
                at_least=use.at_least or making.at_least or one is None or other is None,
            )
        )
    return tuple(rows)


def added(one: Interval | None, other: Interval | None) -> Interval | None:
    """The known part of a sum; None when nothing of it is known."""
    if one is None or other is None:
        return one or other
    return one + other


def lines(rows: Sequence[Line], names: Mapping[str, str], language: Language) -> tuple[LineRow, ...]:
    """Rows of a table, biggest first; those not told come last."""
    told = [
        LineRow(
            name=names.get(one.key) or one.key or language.gettext("unknown"),
            requests=one.requests,
            words=one.tokens_decoded,
            energy=None
            if one.sum is None or one.sum.interval_uj is None
            else wording.energy(one.sum.interval_uj, language),
            at_least=one.sum is not None and one.sum.at_least,
            euros=None if one.sum is None or one.sum.cost_eur is None else wording.euros(one.sum.cost_eur, language),
        )
        for one in sorted(rows, key=lambda one: -1 if one.sum is None else one.sum.energy_uj, reverse=True)
    ]
    return tuple(told)
