"""The public's side of the desk: ask without an account, pick up what a person answered, say that it is wrong.

A code travels in the body of a form, never in an address: addresses stay in browsers and in logs of others.
"""

from __future__ import annotations

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.errors import AffouageError, BadRequest, Closed, Conflict, NotFound, TooMuch
from affouage.sheets.age import today_utc
from affouage.web import sentences
from affouage.web.desk import views, words
from affouage.web.desk.pages import AskPage, CodeMade, PickUpPage
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.workshops.desk.texts import QUESTION_MOST

_ANSWERS = ("sent_as_is", "sent_edited", "sent_own", "referred", "refused")


def open_door(door: Door) -> None:
    door.page("/questions", begin, Policy.PUBLIC)
    door.page("/questions", ask, Policy.PUBLIC, post=True, own_pages=True)
    door.page("/questions/answer", type_code, Policy.PUBLIC)
    door.page("/questions/answer", pick_up, Policy.PUBLIC, post=True, own_pages=True)


def _address(visit: Visit) -> str:
    client = visit.request.client
    return client.host if client else ""


async def begin(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _ask_page(visit))


async def ask(visit: Visit) -> Response:
    form, front = await visit.form(), visit.commons.desk.front
    question, contact = form.one("question"), form.one("contact")
    try:
        made = await front.ask(question, address=_address(visit), contact=contact, language=visit.language.code)
    except (BadRequest, Closed, TooMuch) as no:
        field = "contact" if no.code == "desk_contact" else "question"
        problems = {field: " ".join(sentences.explain(no, visit.language))}
        page = await _ask_page(visit, question, contact, problems)
        return visit.site.refusal(visit.request.scope, page, no)
    masked = words.masked(made.masked, visit.language)
    return visit.site.page(visit.request.scope, CodeMade(made.code, "", masked, visit.commons.keeping().desk))


async def _ask_page(
    visit: Visit, question: str = "", contact: str = "", problems: dict[str, str] | None = None
) -> AskPage:
    front = visit.commons.desk.front
    counts, waiting = await front.counts(), await front.waiting()
    return AskPage(
        open=front.open,
        answered=sum(counts[one] for one in _ANSWERS),
        errors=counts["errors_clerk"] + counts["errors_public"],
        corrected=counts["corrected"],
        waiting=waiting.waiting + waiting.taken,
        keep_days=visit.commons.keeping().desk,
        most=QUESTION_MOST,
        question=question,
        contact=contact,
        problems=problems or {},
    )


async def type_code(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, PickUpPage())


async def pick_up(visit: Visit) -> Response:
    """The answers of a code; with ``wrong``, first the reader's word that the last one is not right."""
    form = await visit.form()
    code = form.one("code")
    refused: AffouageError | None = None
    told = False
    if form.ticked("wrong"):
        try:
            await visit.commons.desk.front.complain(code, form.one("words"), address=_address(visit))
            told = True
        except (BadRequest, Conflict, TooMuch) as no:
            refused = no
    problem = " ".join(sentences.explain(refused, visit.language)) if refused else ""
    try:
        page = await _answers(visit, form, code, told, problem)
    except (NotFound, TooMuch) as no:
        return _no_answer(visit, no, code)
    scope = visit.request.scope
    return visit.site.page(scope, page) if refused is None else visit.site.refusal(scope, page, refused)


async def _answers(visit: Visit, form: Form, code: str, told: bool, problem: str) -> PickUpPage:
    found = await visit.commons.desk.front.pick_up(code, address=_address(visit))
    today = views.Today(today_utc(visit.commons.clock.now_ms()), visit.language)
    return PickUpPage(
        code=code,
        question=found.question,
        asked_ms=found.asked_ms,
        letters=views.letters(found.sent, today, public=True),
        disputed=found.disputed,
        told=told,
        complaint_problem=problem,
        words=form.one("words") if problem else "",
    )


def _no_answer(visit: Visit, no: AffouageError, code: str) -> Response:
    problem = " ".join(sentences.explain(no, visit.language))
    return visit.site.refusal(visit.request.scope, PickUpPage(code=code, problem=problem), no)
