"""Taking an emergency measure, for whoever holds that mandate: a closed list, some days, a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.emergencies import MEASURES, REASON_MOST
from affouage.errors import BadRequest, Conflict, NotAllowed
from affouage.web import sentences
from affouage.web.assembly import words
from affouage.web.assembly.overview import holds, me
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.pages import Page
from affouage.web.site import see_other

NEEDS_TARGET = ("refuse_model", "lower_limit")


@dataclass(frozen=True)
class EmergencyForm(Page):
    """``measures``: (code, words); ``limits``: names of those that stand, for the one that lowers one."""

    template: ClassVar[str] = "assembly_emergency.html"
    measures: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, str], ...]
    measure: str
    target: str
    reason: str
    days: str
    days_most: int
    reason_most: int
    problems: dict[str, str] = field(default_factory=dict)


def open_door(door: Door) -> None:
    door.page("/assembly/emergency", blank, Policy.MEMBER)
    door.page("/assembly/emergency", take, Policy.MEMBER, post=True)


async def blank(visit: Visit) -> Response:
    state = await visit.commons.assembly.state()
    if not holds(state, me(visit), "emergency", visit.commons.clock.now_ms()):
        raise NotAllowed(
            "This takes the mandate for emergencies.",
            remedy="The members give it by a vote; ask who holds it.",
            code="no_emergency_mandate",
        )
    return await _shown(visit, Form(()))


async def _shown(visit: Visit, form: Form, problems: dict[str, str] | None = None) -> Response:
    now_ms = visit.commons.clock.now_ms()
    rules = visit.commons.charter.in_force("governance").value
    budget = await visit.commons.assembly.look(lambda house: house.document("budget", now_ms))
    limits = budget.get("limits", {})
    page = EmergencyForm(
        measures=tuple((code, words.say(words.MEASURES, code, visit.language)) for code in MEASURES),
        limits=tuple((name, str(amount)) for name, amount in limits.items()),
        measure=form.one("measure"),
        target=form.one("target"),
        reason=form.one("reason"),
        days=form.one("days") or str(min(3, rules.emergency_days)),
        days_most=rules.emergency_days,
        reason_most=REASON_MOST,
        problems=problems or {},
    )
    return visit.site.page(visit.request.scope, page, status=400 if problems else 200)


async def take(visit: Visit) -> Response:
    form = await visit.form()
    text = form.one("days").strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    try:
        await visit.commons.assembly.emergency(
            me(visit), form.one("measure"), form.one("target").strip(), form.one("reason"), days
        )
    except (BadRequest, Conflict) as refused:
        param = getattr(refused, "param", None) or "all"
        where = param if param in ("measure", "target", "reason", "days") else "all"
        return await _shown(visit, form, {where: " ".join(sentences.explain(refused, visit.language))})
    return see_other("/assembly?done=emergency")
