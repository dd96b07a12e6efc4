"""The page of the work: a month of it, the question of the week, what people said of the last months."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.asgi.statuses import status_of
from affouage.assembly.access import Policy, Scope
from affouage.assembly.member import Member
from affouage.errors import BadRequest, Conflict, NotAllowed
from affouage.web import sentences
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.site import see_other
from affouage.web.work.views import view
from affouage.workshops.work.survey import SCALES

_FIELDS = {"work_said": "said", "work_words": "words", "work_scales": "scales"}


def open_door(door: Door) -> None:
    door.page("/work", month, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/work", answer, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)
    door.page("/workload", load, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


async def month(visit: Visit) -> Response:
    return await _page(visit, notice=_notice(visit.query("done"), visit.language))


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "answered": _("Your answer is kept, without your name."),
        "weighed": _("Your six figures are kept, without your name."),
    }.get(done, "")


async def answer(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.work.say(_me(visit), form.one("said"), form.one("words"))
    except (BadRequest, Conflict, NotAllowed) as no:
        return await _again(visit, no, chosen=form.one("said"), typed=form.one("words"))
    return see_other("/work?done=answered")


async def load(visit: Visit) -> Response:
    form = await visit.form()
    scales = {name: form.one(name).strip() for name in SCALES}
    try:
        await visit.commons.work.weigh(_me(visit), list(scales.values()))
    except (BadRequest, Conflict, NotAllowed) as no:
        return await _again(visit, no, scales=scales)
    return see_other("/work?done=weighed")


async def _again(visit: Visit, no: BadRequest | Conflict | NotAllowed, **typed: object) -> Response:
    """The page once more, what was typed in it, with what is wrong beside the field."""
    problems = {_FIELDS.get(no.code, ""): " ".join(sentences.explain(no, visit.language))}
    return await _page(visit, status=status_of(no), problems=problems, **typed)


async def _page(visit: Visit, *, status: int = 200, **more: object) -> Response:
    commons, language = visit.commons, visit.language
    told = await commons.work.told()
    report = await commons.work.report(visit.query("month"))
    page = view(
        told,
        report,
        await commons.work.asked(_me(visit)),
        today=commons.calendar.day(commons.clock.now_ms()),
        founded=commons.charter.founded,
        language=language,
        **more,  # type: ignore[arg-type]
    )
    return visit.site.page(visit.request.scope, page, status=status)
