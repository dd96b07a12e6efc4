"""*Comparer*: an answer from here beside the same from a cloud model, what a member really pays, and how many we are.

Estimates are told as estimates; what is not known is said, with who can fill it in, and is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from markupsafe import Markup
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy, Scope
from affouage.footprint import cloud, curve
from affouage.footprint.cloud import CloudEstimate, CloudModel, Published
from affouage.footprint.comparison import Basis, days_so_far, month_costs, requests_per_day, running_of
from affouage.footprint.costs import Costs, Share, exactly
from affouage.footprint.curve import Mean
from affouage.footprint.report import Report
from affouage.web import format as wording
from affouage.web.door import Door, Visit
from affouage.web.how_many import Figure, SpotRow, drawing, figure, spots, today
from affouage.web.language import N_, Language
from affouage.web.pages import Page
from affouage.web.periods import named

TOKENS_ASSUMED = 400
"""Of an answer, when nothing was asked yet: about a page."""
HOURS = (24, 16, 8)
DEFAULT_SIZE = "large"

_MISSING = {
    "requests": (
        N_("Nothing was asked this month yet: there is no average answer to compare."),
        N_("Ask a first question, then come back."),
    ),
    "energy": (
        N_("The electricity of the month is not known, or only in part."),
        N_("Whoever looks after the machine sees which meters there are with: affouage meter list"),
    ),
    "country": (
        N_("No country is set for the electricity: the carbon of it is unknown."),
        N_("Whoever looks after the machine sets it in settings.toml: [footprint] country"),
    ),
    "idle": (
        N_("What the machine takes when it is on and does nothing is not known yet."),
        N_("Whoever looks after the machine measures it with: affouage meter calibrate"),
    ),
    "price": (
        N_("Nobody told the price of a kWh."),
        N_("It stands on the electricity bill. The file settings.toml takes it: [footprint] price_eur_per_kwh"),
    ),
    "machine": (
        N_("Nobody described the machine: what its making cost the world, and its price, are unknown."),
        N_("Whoever bought it can tell the parts, the age and the price; the file is machine.toml."),
    ),
    "machine_price": (
        N_("The price of the machine is not told."),
        N_("The treasurer knows it. It is written in machine.toml: price_eur"),
    ),
}
_ANCHORS = {"requests": "", "energy": "energy", "country": "grid", "idle": "energy", "price": "price"}


@dataclass(frozen=True)
class Lacking:
    """What is not known, and who can fill it in; ``anchor``: where the sources tell more."""

    what: str
    remedy: str
    anchor: str


@dataclass(frozen=True)
class AnswerRow:
    """``quality``: how its energy is known. A figure None does not belong in this row."""

    name: str
    note: str
    quality: str
    energy: Figure
    use: Figure
    making: Figure | None
    total: Figure | None
    anchor: str


@dataclass(frozen=True)
class PayRow:
    name: str
    amount: Figure
    note: str
    anchor: str


@dataclass(frozen=True)
class Compare(Page):
    """``sizes`` and ``hours``: (value, words) to choose among; ``verdict``: what the two energies allow to say."""

    template: ClassVar[str] = "compare.html"
    period: str
    sizes: tuple[tuple[str, str], ...]
    size: str
    hours: tuple[int, ...]
    awake_h: int
    tokens: int
    tokens_assumed: bool
    answers: tuple[AnswerRow, ...]
    measured: bool
    verdict: str
    pay: tuple[PayRow, ...]
    members: int
    since: str
    per_member: Figure
    subscription: Figure
    in_subscriptions: str
    spots: tuple[SpotRow, ...]
    drawing: Markup | None
    today: tuple[str, ...]
    published: tuple[tuple[Published, str, str], ...]
    lacking: tuple[Lacking, ...]


def view(report: Report, basis: Basis, *, size: str, awake_h: int, language: Language) -> Compare:
    """The page for a report of the month so far. Raises BadRequest for a size that cannot be."""
    mean, model = curve.mean_request(report), cloud.model_of(size)
    known_tokens = mean is not None and mean.tokens is not None and mean.tokens >= 1
    tokens = round(mean.tokens) if mean is not None and mean.tokens is not None and known_tokens else TOKENS_ASSUMED
    there = cloud.compare(tokens, model, basis.grid)
    paid, part = month_costs(report, basis)
    running = running_of(report, basis, awake_h)
    each_day = requests_per_day(report, basis)
    return Compare(
        period=named(report.period, language),
        sizes=_sizes(model, language),
        size=model.key,
        hours=HOURS,
        awake_h=awake_h,
        tokens=tokens,
        tokens_assumed=not known_tokens,
        answers=_answers(mean, there, language),
        measured=mean is not None and mean.quality == "measured",
        verdict=_verdict(mean, there, language),
        pay=_pay(paid, basis, language),
        members=report.members,
        since=named(days_so_far(report, basis)[0].isoformat(), language),
        per_member=figure(part.per_member, wording.euros, language, part.at_least),
        subscription=_declared_eur(basis.subscription_eur, language),
        in_subscriptions=_in_subscriptions(part, language),
        spots=spots(running, each_day, language),
        drawing=drawing(running, each_day, language),
        today=today(running, each_day, language),
        published=tuple(
            (one, one.fr, one.scope_fr) if language.code == "fr" else (one, one.en, one.scope_en)
            for one in cloud.catalogue().published
        ),
        lacking=_lacking(report, basis, paid, language),
    )


def open_door(door: Door) -> None:
    door.page("/compare", month, Policy.MEMBER, scope=Scope.RECEIPTS)


async def month(visit: Visit) -> Response:
    commons, asked = visit.commons, visit.query("hours")
    report = await commons.books.report(commons.calendar.month(commons.clock.now_ms()))
    page = view(
        report,
        basis_of(commons),
        size=visit.query("size") or DEFAULT_SIZE,
        awake_h=int(asked) if asked in map(str, HOURS) else HOURS[0],
        language=visit.language,
    )
    return visit.site.page(visit.request.scope, page)


def basis_of(commons: Commons) -> Basis:
    """What this commons knows of its machine, its electricity and its prices, now."""
    asked, idle_uw = commons.settings.footprint, commons.metering.idle_uw
    return Basis(
        grid=commons.grid,
        site=commons.site,
        machines=() if commons.machine is None else (commons.machine,),
        idle_w=None if idle_uw is None else idle_uw / 1e6,
        eur_per_kwh=asked.price_eur_per_kwh or None,
        hosting_eur_per_month=asked.hosting_eur_per_month,
        subscription_eur=asked.subscription_eur_per_month or None,
        today=date.fromisoformat(commons.calendar.day(commons.clock.now_ms())),
    )


# -- words -----------------------------------------------------------------------------------------------------------


def _declared_eur(amount: float | None, language: Language) -> Figure:
    return Figure(None) if amount is None else Figure(wording.euros(exactly(amount), language)[0])


def _sizes(model: CloudModel, language: Language) -> tuple[tuple[str, str], ...]:
    found = [(one.key, one.fr if language.code == "fr" else one.en) for one in cloud.catalogue().model]
    if model.key not in dict(found):
        found.append((model.key, language.gettext("{size} billion").format(size=model.key)))
    return tuple((key, language.typeset(words)) for key, words in found)


def _answers(mean: Mean | None, there: CloudEstimate, language: Language) -> tuple[AnswerRow, ...]:
    _ = language.gettext
    rows = []
    if mean is not None:
        rows += [
            AnswerRow(
                name=_("Here, everything counted"),
                note=_("its work, its part of the machine being on and of the machine being made"),
                quality=mean.quality,
                energy=figure(mean.all_uj, wording.energy, language, mean.at_least),
                use=figure(mean.all_use_g, wording.mass, language, mean.at_least),
                making=figure(mean.making_g, wording.mass, language, mean.making_at_least),
                total=figure(mean.all_g, wording.mass, language, mean.all_g_at_least),
                anchor="energy",
            ),
            AnswerRow(
                name=_("Here, while it answers"),
                note=_("without the machine waiting, nor its making"),
                quality=mean.quality,
                energy=figure(mean.own_uj, wording.energy, language, mean.at_least),
                use=figure(mean.own_use_g, wording.mass, language, mean.at_least),
                making=None,
                total=None,
                anchor="energy",
            ),
        ]
    rows.append(
        AnswerRow(
            name=_("In the cloud, while it answers"),
            note=_("an ordinary data centre, on the same electricity as ours, its machines always full"),
            quality="estimated",
            energy=figure(there.energy_uj, wording.energy, language),
            use=figure(there.use.gwp_g, wording.mass, language, there.use.at_least),
            making=figure(there.embodied.gwp_g, wording.mass, language),
            total=figure(there.total_gwp_g, wording.mass, language),
            anchor="cloud",
        )
    )
    return tuple(rows)


def _verdict(mean: Mean | None, there: CloudEstimate, language: Language) -> str:
    """Only energies while answering are of like scope; ranges that meet allow no order."""
    _ = language.gettext
    if mean is None or mean.own_uj is None:
        return ""
    if mean.own_uj.low > there.energy_uj.high:
        return _("While it answers, our machine takes more energy than the cloud would, wherever the truth may lie.")
    if mean.own_uj.high < there.energy_uj.low and not mean.at_least:
        return _("While it answers, our machine takes less energy than the cloud would, wherever the truth may lie.")
    return _("The two ranges meet: nobody can say which of the two takes less energy while it answers.")


def _pay(paid: Costs, basis: Basis, language: Language) -> tuple[PayRow, ...]:
    _ = language.gettext
    price = "" if not basis.eur_per_kwh else wording.figures(basis.eur_per_kwh, language, digits=4)
    per_kwh = (
        _("at {price} € per kWh, standby included").format(price=price)
        if price
        else _("the price of a kWh is not told")
    )
    hosting = Figure(_("none declared")) if not paid.hosting else _declared_eur(paid.hosting, language)
    hardware = figure(paid.hardware, wording.euros, language, "machine_price" in paid.missing)
    if paid.hardware is not None and paid.hardware.low == paid.hardware.high:
        hardware = Figure(hardware.text, at_least=hardware.at_least)
    years = _("the price of the machine, in equal parts over the years it is meant to serve")
    return (
        PayRow(
            _("Electricity"),
            figure(paid.electricity, wording.euros, language, "energy" in paid.missing),
            per_kwh,
            "price",
        ),
        PayRow(_("The machine"), hardware, _("it is paid off") if paid.paid_off else years, "machine"),
        PayRow(_("Rent, connection, repairs"), hosting, "", "price"),
        PayRow(_("In all"), figure(paid.total, wording.euros, language, paid.at_least), "", "price"),
    )


def _in_subscriptions(part: Share, language: Language) -> str:
    """One sentence; empty when nothing can be said."""
    if part.as_subscriptions is None or part.subscriptions is None or part.members < 1:
        return ""
    times = part.as_subscriptions.central
    count = wording.figures(times, language)
    single = times < 2 if language.code == "fr" else count == "1"
    _ = language.gettext
    sentence = (
        _(
            "So far, all of it costs at least as much as {subscriptions}. "
            "{members}, over the same days, would cost {euros} €."
        )
        if part.at_least
        else _(
            "So far, all of it costs about as much as {subscriptions}. "
            "{members}, over the same days, would cost {euros} €."
        )
    )
    return sentence.format(
        subscriptions=language.ngettext("{count} subscription", "{count} subscriptions", 1 if single else 2).format(
            count=count
        ),
        members=language.ngettext("One for {count} member", "One for each of the {count} members", part.members).format(
            count=wording.whole(part.members, language)
        ),
        euros=wording.figures(part.subscriptions, language, digits=3),
    )


def _lacking(report: Report, basis: Basis, paid: Costs, language: Language) -> tuple[Lacking, ...]:
    codes = [
        *(["requests"] if not report.requests else []),
        *(["country"] if basis.grid is None else []),
        *(["idle"] if basis.idle_w is None else []),
        *paid.missing,
    ]
    return tuple(
        Lacking(language.gettext(_MISSING[code][0]), language.gettext(_MISSING[code][1]), _ANCHORS.get(code, "machine"))
        for code in codes
    )
