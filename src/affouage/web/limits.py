"""The limits of the allowance and the rules in force, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from affouage.footprint.budget import BudgetRules, HoursRules, LimitState
from affouage.web import format as wording
from affouage.web.language import Language

BAR_CELLS = 20


@dataclass(frozen=True)
class LimitRow:
    """Where a limit stands. ``bar``: drawn with characters, for the eye; ``state``: calm | near | full."""

    name: str
    bar: str
    share: str
    used: str
    held: str
    amount: str
    resets: str
    state: str


def limit_rows(
    states: Sequence[LimitState],
    member_id: str,
    rules: BudgetRules | None,
    names: Mapping[str, str],
    day_of: Callable[[int], str],
    language: Language,
) -> tuple[LimitRow, ...]:
    """Limits of the commons, of workshops, and of the reader alone among members. ``day_of``: the day of an instant."""
    near = (rules.notice_percent if rules else 80) / 100
    seen = [one for one in states if one.limit.scope != "member" or one.key == member_id]
    return tuple(_limit_row(one, near, names, day_of(one.resets_ms), language) for one in seen)


def _limit_row(state: LimitState, near: float, names: Mapping[str, str], resets: str, language: Language) -> LimitRow:
    _ = language.gettext
    who = {
        "commons": _("The whole commons"),
        "member": _("You"),
        "workshop": _("Workshop: {name}").format(name=names.get(state.key, state.key)),
    }[state.limit.scope]
    span = {"day": _("per day"), "month": _("per month"), "year": _("per year")}[state.limit.span]
    return LimitRow(
        name=f"{who}, {span}",
        bar=text_bar(state.used / state.limit.amount, state.held / state.limit.amount),
        share=wording.percent(state.fraction, language),
        used=in_unit(state.used, state.limit.unit, language),
        held=in_unit(state.held, state.limit.unit, language) if state.held else "",
        amount=in_unit(state.limit.amount, state.limit.unit, language),
        resets=wording.date_words(resets, language),
        state="full" if state.fraction >= 1 else "near" if state.fraction >= near else "calm",
    )


def text_bar(used: float, held: float, cells: int = BAR_CELLS) -> str:
    """``██████▒░░░``: used, promised to answers still running, left. Something is never drawn as nothing."""
    full = min(cells, max(int(used * cells), 1 if used > 0 else 0))
    promised = min(cells - full, max(round(held * cells), 1 if held > 0 else 0))
    return "█" * full + "▒" * promised + "░" * (cells - full - promised)


def in_unit(value: float, unit: str, language: Language) -> str:
    """An amount of a limit, which counts central values: ``3,2 kWh``, ``50 Wh``."""
    if unit == "kwh" and 0 < value < 1:
        return f"{wording.figures(value * 1000, language, digits=3)}{wording.NO_BREAK}Wh"
    name = {"kwh": "kWh", "g": language.gettext("g CO₂e"), "eur": "€"}[unit]
    return f"{wording.figures(value, language, digits=3)}{wording.NO_BREAK}{name}"


def rule_sentences(
    budget: BudgetRules | None,
    hours: HoursRules | None,
    pot_sharing: str,
    names: Mapping[str, str],
    language: Language,
) -> tuple[str, ...]:
    """What happens at 80 and at 100 %, when the commons is closed, who bears standby."""
    _ = language.gettext
    told = []
    if budget is not None and budget.limits:
        near = wording.percent(budget.notice_percent / 100, language)
        told.append(_("At {share} of a limit, a notice stands under each answer.").format(share=near))
        full = wording.percent(1, language)
        if budget.at_full == "sober":
            sober = names.get(budget.sober_model, budget.sober_model)
            told.append(
                _(
                    "At {share} of the commons’ limit, a smaller model answers: {model}. At that of a member or a "
                    "workshop, questions are refused until it begins again."
                ).format(share=full, model=sober)
            )
        else:
            told.append(
                _(
                    "At {share}, questions are refused until the limit begins again; the reason is told, and what "
                    "would cost less."
                ).format(share=full)
            )
        if budget.exempt_uses:
            exempt = ", ".join(_(wording.USES.get(one, one)) for one in budget.exempt_uses)
            told.append(_("Never refused, but counted in public: {uses}.").format(uses=exempt))
    if hours is not None and hours.closed_from:
        closed = _("The commons answers nobody from {start} to {end}.")
        told.append(closed.format(start=hours.closed_from, end=hours.closed_until))
    if pot_sharing:
        told.append(pot_sentence(pot_sharing, language))
    return tuple(told)


def pot_sentence(sharing: str, language: Language) -> str:
    """Who bears what nobody asked for."""
    _ = language.gettext
    return {
        "pro_rata": _("Standby and losses are shared among members in proportion to their own use."),
        "equal": _("Standby and losses are shared equally among members."),
    }.get(sharing, _("Standby and losses stay in the common pot: nobody bears them alone."))
