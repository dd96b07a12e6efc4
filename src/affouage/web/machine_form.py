"""The form by which an owner says what his machine lends: shown, read back, checked field by field. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from affouage.errors import BadRequest
from affouage.pool.nodes.policy import hours_text, read_hours, with_changes
from affouage.pool.nodes.wire import Policy
from affouage.web import format as wording
from affouage.web.forms import Form
from affouage.web.language import Language

MOST_WATTS = 100_000
_FIELD_MAX = 400


@dataclass(frozen=True)
class ModelTick:
    """A model the owner may lend."""

    id: str
    name: str
    lent: bool


@dataclass(frozen=True)
class LendForm:
    """What stands in the form. ``some``: only the ticked models; ``problems``: by field (hours, watts, models,
    share)."""

    owner_first: bool
    hours: str
    watts: str
    some: bool
    models: tuple[ModelTick, ...]
    share: str
    problems: dict[str, str] = field(default_factory=dict)


def filled(policy: Policy, there: Sequence[str], names: Mapping[str, str], language: Language) -> LendForm:
    """The form as the policy stands. ``there``: ids of the models the machine has; ``names``: theirs, by id."""
    cap = policy.power_cap_w
    return LendForm(
        owner_first=policy.owner_first,
        hours=hours_text(policy.hours).replace(",", ", "),
        watts="" if cap is None else wording.figures(cap, language, digits=6),
        some=bool(policy.models),
        models=_ticks(policy.models, there, names),
        share=str(policy.max_share_percent),
    )


def read(
    form: Form, before: Policy, there: Sequence[str], names: Mapping[str, str], language: Language
) -> tuple[Policy, LendForm]:
    """What was sent: the policy it makes of ``before`` (``paused`` is not in this form), and the form as typed.

    With problems in the form, the policy is worth nothing.
    """
    _ = language.gettext
    given = {name: form.one(name).strip()[:_FIELD_MAX] for name in ("hours", "watts", "share")}
    ticked = [one[:_FIELD_MAX] for one in form.all("model") if one]
    some = form.one("which") == "some"
    changes: dict[str, object] = {"owner_first": form.ticked("owner_first")}
    problems: dict[str, str] = {}
    try:
        changes["hours"] = read_hours(given["hours"])
    except BadRequest:
        problems["hours"] = _("Write each span once, from-to, on the 24-hour clock: 12:00-14:00, 20:00-07:00")
    watts = _number(given["watts"])
    changes["power_cap_w"] = watts
    if given["watts"] and (watts is None or not 0 < watts <= MOST_WATTS):
        problems["watts"] = _("Give watts, above 0, or leave it empty: no limit.")
    share = _number(given["share"])
    if share is None or not 0 <= share <= 100 or share != int(share):
        problems["share"] = _("Give a whole number from 0 to 100.")
    else:
        changes["max_share_percent"] = int(share)
    changes["models"], problem = _lent(ticked, language) if some else ((), "")
    if problem:
        problems["models"] = problem
    typed = LendForm(
        owner_first=form.ticked("owner_first"),
        hours=given["hours"],
        watts=given["watts"],
        some=some,
        models=_ticks(ticked, there, names),
        share=given["share"],
        problems=problems,
    )
    return (before if problems else with_changes(before, **changes)), typed


def _lent(ticked: Sequence[str], language: Language) -> tuple[tuple[str, ...], str]:
    _ = language.gettext
    if not ticked:
        return (), _("Tick at least one model. To lend none for now, pause the machine.")
    try:
        return with_changes(Policy(), models=tuple(dict.fromkeys(ticked))).models, ""
    except BadRequest:
        return (), _("One of these is no model of this machine.")


def _ticks(lent: Sequence[str], there: Sequence[str], names: Mapping[str, str]) -> tuple[ModelTick, ...]:
    """What the machine has, and what is lent that it does not tell of now."""
    known = dict.fromkeys([*there, *lent])
    ticks = [ModelTick(one, names.get(one, one), one in lent) for one in known]
    return tuple(sorted(ticks, key=lambda one: (one.name.casefold(), one.id)))


def _number(text: str) -> float | None:
    """As people write it: ``45``, ``45,5``, ``45 W``, ``50 %``. None for anything else."""
    plain = text.replace(wording.NO_BREAK, "").replace("\u202f", "").replace(" ", "").removesuffix("%")
    plain = plain.removesuffix("W").removesuffix("w").replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
