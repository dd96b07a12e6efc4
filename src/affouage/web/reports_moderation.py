"""*La modération*, for members who hold the mandate: the queue without any content, then a report with a reason."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly import readings
from affouage.assembly.access import Policy, Scope
from affouage.assembly.member import Member
from affouage.assembly.refused_uses.decide import REASON_MAX, REASON_MIN
from affouage.errors import AffouageError, BadRequest, Conflict
from affouage.web import sentences
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.reports_pages import Moderation, ModerationCase
from affouage.web.reports_words import choice_words, decision_row, report_row, sanction_row, step_words
from affouage.web.site import see_other


def open_door(door: Door) -> None:
    door.page("/moderation", queue, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/moderation/{id}", case, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/moderation/{id}/read", read, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)
    door.page("/moderation/{id}/decide", decide, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


async def queue(visit: Visit) -> Response:
    reports, everything = visit.commons.reports, visit.query("all") == "1"
    found = await reports.queue(_me(visit), closed=everything)
    rows = tuple(report_row(one, reports.terms(), visit.language) for one in found)
    _ = visit.language.gettext
    notice = _("Decided, logged, and told to the person concerned.") if visit.query("done") == "decided" else ""
    return visit.site.page(visit.request.scope, Moderation(rows=rows, everything=everything, notice=notice))


async def case(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _page(visit))


async def read(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.reports.read(_me(visit), visit.part("id"), form.one("reason"))
    except BadRequest as no:
        return await _again(visit, no, "reading", form)
    return see_other(f"/moderation/{visit.part('id')}#shown")


async def decide(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.reports.decide(_me(visit), visit.part("id"), form.one("outcome"), form.one("reason"))
    except (BadRequest, Conflict) as no:
        return await _again(visit, no, "outcome" if no.code == "outcome_refused" else "reason", form)
    return see_other("/moderation?done=decided")


async def _again(visit: Visit, no: AffouageError, field: str, form: Form) -> Response:
    problems = {field: " ".join(sentences.explain(no, visit.language))}
    page = await _page(visit, problems=problems, typed=form.one("reason"), chosen=form.one("outcome"))
    return visit.site.refusal(visit.request.scope, page, no)


async def _page(visit: Visit, **more: object) -> ModerationCase:
    reports, language = visit.commons.reports, visit.language
    found = await reports.case(_me(visit), visit.part("id"))
    terms, now_ms = reports.terms(), visit.commons.clock.now_ms()
    return ModerationCase(
        row=report_row(found.queued, terms, language),
        opened=found.opened,
        past=found.past,
        proposed="" if found.proposed is None else step_words(found.proposed, language),
        choices=tuple((one, choice_words(one, found.proposed, terms, language)) for one in found.choices),
        somebody=found.somebody,
        decisions=tuple(decision_row(made, language) for made in found.decisions),
        sanction=None if found.sanction is None else sanction_row(found.sanction, now_ms, language),
        least=REASON_MIN,
        most=REASON_MAX,
        reading_least=readings.REASON_MIN,
        reading_most=readings.REASON_MAX,
        **more,  # type: ignore[arg-type]
    )
