"""Reporting a refused use, and for each person what was decided about them: decision, reasons, appeal, panel."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of, maybe_identity
from affouage.assembly.access import Policy, Scope
from affouage.assembly.member import Member
from affouage.assembly.refused_uses.decide import REASON_MAX, REASON_MIN
from affouage.assembly.refused_uses.views import Case, Mine
from affouage.errors import AffouageError, BadRequest, Conflict, NotFound, TooMuch
from affouage.web import sentences
from affouage.web.door import Door, Room, Visit
from affouage.web.forms import Form
from affouage.web.language import Language
from affouage.web.reports_pages import MineRow, MyReports, ReportForm, ReportPage, ReportSent
from affouage.web.reports_words import decision_row, outcome_words, report_row, sanction_row
from affouage.web.sign_in import address_of
from affouage.web.site import see_other

_FIELDS = {"report_receipt": "receipt", "reported_receipt": "receipt", "report_line": "line"}
_FIELDS |= {"report_words": "words", "report_content": "content"}


def open_door(door: Door) -> None:
    def post(path: str, room: Room) -> None:
        door.page(path, room, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)

    door.page("/report", ask, Policy.PUBLIC)
    door.page("/report", send, Policy.PUBLIC, post=True, own_pages=True)
    door.page("/reports", mine, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/reports/{id}", one, Policy.MEMBER, scope=Scope.ACCOUNT)
    post("/reports/{id}/appeal", appeal)
    post("/reports/{id}/read", read)
    post("/reports/{id}/opinion", give_opinion)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


# --- reporting --------------------------------------------------------------------------------------------------------


async def ask(visit: Visit) -> Response:
    page = await _form_page(visit, receipt=visit.query("receipt").strip()[:100], line=visit.query("line")[:100])
    return visit.site.page(visit.request.scope, page)


async def send(visit: Visit) -> Response:
    form = await visit.form()
    attach, content = form.ticked("attach"), form.one("content")
    reporter = _maybe_me(visit)
    try:
        if attach and not content.strip():
            raise BadRequest("Nothing was pasted.", remedy="Paste the text.", code="report_no_content")
        report_id = await visit.commons.reports.file(
            reporter,
            receipt_id=form.one("receipt")[:100],
            line=form.one("line"),
            words=form.one("words"),
            content=content if attach else "",
            address=address_of(visit),
        )
    except (BadRequest, NotFound, TooMuch) as no:
        return await _not_sent(visit, form, no)
    days = visit.commons.reports.terms().rules.open_days
    return visit.site.page(visit.request.scope, ReportSent(report_id, reporter is not None, attach, days))


async def _not_sent(visit: Visit, form: Form, no: AffouageError) -> Response:
    """The page once more, what was typed in it, with what is wrong beside the field."""
    told = " ".join(sentences.explain(no, visit.language))
    field = "content" if no.code == "report_no_content" else _FIELDS.get(no.code, "")
    page = await _form_page(
        visit,
        receipt=form.one("receipt")[:100],
        line=form.one("line")[:100],
        words=form.one("words"),
        attach=form.ticked("attach"),
        content=form.one("content"),
        problem="" if field else told,
        problems={field: told} if field else {},
    )
    return visit.site.refusal(visit.request.scope, page, no)


async def _form_page(visit: Visit, *, receipt: str, **typed: object) -> ReportForm:
    language, terms, reader = visit.language, visit.commons.reports.terms(), _maybe_me(visit)
    return ReportForm(
        lines=tuple((one.id, language.typeset(one.in_language(language.code))) for one in terms.rules.refused),
        preamble=language.typeset(terms.rules.preamble(language.code)),
        signed_in=reader is not None,
        open_days=terms.rules.open_days,
        receipt=receipt,
        own=reader is not None and await _is_own(visit, receipt, reader),
        **typed,  # type: ignore[arg-type]
    )


async def _is_own(visit: Visit, receipt_id: str, reader: Member) -> bool:
    try:
        await visit.commons.ledger.receipt(receipt_id, reader.id)
    except NotFound:
        return False
    return True


def _maybe_me(visit: Visit) -> Member | None:
    identity = maybe_identity(visit.request.scope)
    return None if identity is None or identity.via == "machine" else identity.member


# --- what concerns me -------------------------------------------------------------------------------------------------


async def mine(visit: Visit) -> Response:
    reports, me = visit.commons.reports, _me(visit)
    found = await reports.mine(me)
    rows = tuple(_mine_row(visit, one) for one in found)
    page = MyReports(rows=rows, moderates=await reports.may_moderate(me))
    return visit.site.page(visit.request.scope, page)


def _mine_row(visit: Visit, one: Mine) -> MineRow:
    return MineRow(
        row=report_row(one.queued, visit.commons.reports.terms(), visit.language),
        part=one.part,
        outcome=outcome_words(one.decisions[-1].outcome, visit.language) if one.decisions else "",
        waits=one.waits,
    )


async def one(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _page(visit, notice=_notice(visit.query("done"), visit.language)))


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "appealed": _("Your appeal is made: a panel was drawn by lot."),
        "lifted": _("Nobody was left to sit on a panel: the sanction is lifted."),
        "opinion": _("Your opinion is kept."),
    }.get(done, "")


async def appeal(visit: Visit) -> Response:
    form = await visit.form()
    try:
        drawn = await visit.commons.reports.appeal(_me(visit), visit.part("id"), form.one("reason"))
    except (BadRequest, Conflict) as no:
        return await _again(visit, no, "reason", form)
    return see_other(f"/reports/{visit.part('id')}?done={'appealed' if drawn else 'lifted'}")


async def read(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.reports.read(_me(visit), visit.part("id"), form.one("reason"))
    except BadRequest as no:
        return await _again(visit, no, "reading", form)
    return see_other(f"/reports/{visit.part('id')}#shown")


async def give_opinion(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.reports.give_opinion(_me(visit), visit.part("id"), form.one("opinion"), form.one("reason"))
    except (BadRequest, Conflict) as no:
        return await _again(visit, no, "opinion" if no.code == "opinion_refused" else "reason", form)
    return see_other(f"/reports/{visit.part('id')}?done=opinion")


async def _again(visit: Visit, no: AffouageError, field: str, form: Form) -> Response:
    problems = {field: " ".join(sentences.explain(no, visit.language))}
    page = await _page(visit, problems=problems, typed=form.one("reason"), chosen=form.one("opinion"))
    return visit.site.refusal(visit.request.scope, page, no)


async def _page(visit: Visit, **more: object) -> ReportPage:
    reports, language = visit.commons.reports, visit.language
    seen, case = await reports.one(_me(visit), visit.part("id"))
    return _report_page(visit, seen, case, language, **more)


def _report_page(visit: Visit, seen: Mine, case: Case | None, language: Language, **more: object) -> ReportPage:
    terms, now_ms = visit.commons.reports.terms(), visit.commons.clock.now_ms()
    return ReportPage(
        row=report_row(seen.queued, terms, language),
        part=seen.part,
        words=seen.words,
        decisions=tuple(decision_row(made, language) for made in seen.decisions),
        sanction=None if seen.sanction is None else sanction_row(seen.sanction, now_ms, language),
        appeal=seen.appeal if seen.part == "concerned" or (case is not None and case.opened is not None) else "",
        appeal_until_ms=seen.may_appeal_until_ms,
        panel_size=terms.rules.panel_size,
        given=seen.seats[0],
        seats=seen.seats[1],
        draw_seq=seen.draw_seq,
        opened=None if case is None else case.opened,
        hearing=seen.hears,
        opinion="" if seen.seat is None or seen.seat.opinion is None else seen.seat.opinion,
        least=REASON_MIN,
        most=REASON_MAX,
        **more,  # type: ignore[arg-type]
    )
