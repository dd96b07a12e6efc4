"""One question at the desk: passages to open, the draft sentence by sentence, and what a person decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from affouage.assembly.access import Policy, Scope
from affouage.errors import AffouageError, BadRequest, Conflict, NotFound, TooMuch
from affouage.sheets.age import today_utc
from affouage.web import format as wording
from affouage.web import sentences
from affouage.web.desk import views, words
from affouage.web.desk.pages import ItemPage, PrintedLetter
from affouage.web.desk.queue import me, names_of, switch
from affouage.web.door import Door, Visit
from affouage.web.explain import words as explain_words
from affouage.web.forms import Form
from affouage.web.language import N_
from affouage.web.site import see_other
from affouage.workshops.desk.desk import Desk
from affouage.workshops.desk.shapes import Seen


def open_door(door: Door) -> None:
    door.page("/desk/{id}", show, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/desk/{id}/letter", letter, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/desk/{id}/focus", focus, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)
    door.page("/desk/{id}/{act}", act, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)


async def show(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _page(visit))


async def letter(visit: Visit) -> Response:
    """What left, for paper. Raises NotFound while nothing has."""
    seen = await visit.commons.desk.item(me(visit), visit.part("id"))
    if not seen.sent:
        raise NotFound("Nothing has left for this question yet.", code="desk_item_not_found")
    today = views.Today(today_utc(visit.commons.clock.now_ms()), visit.language)
    rows = views.letters(seen.sent, today, public=True)
    return visit.site.page(
        visit.request.scope, PrintedLetter(seen.item.id, seen.item.question, seen.item.created_ms, rows)
    )


async def focus(visit: Visit) -> Response:
    """The page was in focus for so many milliseconds more. Nothing to show."""
    form = await visit.form()
    told = form.one("ms")[:8]
    if told.isascii() and told.isdigit():
        await visit.commons.desk.noted_focus(me(visit), visit.part("id"), int(told))
    return Response(status_code=204)


# -- acts --------------------------------------------------------------------------------------------------------------

Act = Callable[[Visit, Desk, str, Form], Awaitable[str]]
"""Does it and says where to go on."""


async def _take(visit: Visit, desk: Desk, item_id: str, _form: Form) -> str:
    await desk.take(me(visit), item_id)
    return f"/desk/{item_id}"


async def _release(visit: Visit, desk: Desk, item_id: str, _form: Form) -> str:
    await desk.release(me(visit), item_id)
    return "/desk?done=released"


async def _open(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.open_passage(me(visit), item_id, form.one("passage"))
    place = form.one("place")[:4]
    return f"/desk/{item_id}#passage-{place}" if place.isalnum() else f"/desk/{item_id}#found"


async def _write(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.write_first(me(visit), item_id, form.one("text"))
    await desk.show_draft(me(visit), item_id)
    return f"/desk/{item_id}#draft"


async def _show(visit: Visit, desk: Desk, item_id: str, _form: Form) -> str:
    await desk.show_draft(me(visit), item_id)
    return f"/desk/{item_id}#draft"


async def _send(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    done = await desk.send_as_is(me(visit), item_id, draft_sha256=form.one("draft"), sign=form.ticked("sign"))
    return _sent(item_id, quick=done.quick)


async def _edit(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    text, sources, sign = form.one("text"), form.all("source"), form.ticked("sign")
    sha256 = form.one("draft")
    done = await desk.send_edited(me(visit), item_id, text, draft_sha256=sha256, sources=sources, sign=sign)
    return _sent(item_id, quick=done.quick)


async def _answer(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.answer(me(visit), item_id, form.one("text"), sources=form.all("source"), sign=form.ticked("sign"))
    return _sent(item_id)


async def _refer(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.refer(me(visit), item_id, form.one("text"), sign=form.ticked("sign"))
    return _sent(item_id)


async def _refuse(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.refuse(me(visit), item_id, form.one("text"), sign=form.ticked("sign"))
    return _sent(item_id)


async def _complain(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.complain(me(visit), item_id, form.one("text"))
    return f"/desk/{item_id}?done=told"


async def _correct(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.correct(me(visit), item_id, form.one("text"), sources=form.all("source"), sign=form.ticked("sign"))
    return _sent(item_id)


async def _maintain(visit: Visit, desk: Desk, item_id: str, form: Form) -> str:
    await desk.maintain(me(visit), item_id, form.one("text"), sign=form.ticked("sign"))
    return _sent(item_id)


async def _called(visit: Visit, desk: Desk, item_id: str, _form: Form) -> str:
    await desk.called(me(visit), item_id)
    return "/desk?done=called"


def _sent(item_id: str, *, quick: bool = False) -> str:
    return f"/desk/{item_id}?done={'quick' if quick else 'sent'}#sent"


_ACTS: dict[str, Act] = {
    "take": _take,
    "release": _release,
    "open": _open,
    "write": _write,
    "show": _show,
    "send": _send,
    "edit": _edit,
    "answer": _answer,
    "refer": _refer,
    "refuse": _refuse,
    "complain": _complain,
    "correct": _correct,
    "maintain": _maintain,
    "called": _called,
}


async def act(visit: Visit) -> Response:
    """Whatever a clerk does with an item; what is refused comes back beside its form, with what was typed."""
    form, name, item_id = await visit.form(), visit.part("act"), visit.part("id")
    if name not in _ACTS:
        raise NotFound("There is nothing at this address.", remedy="Go back to the queue.")
    try:
        return see_other(await _ACTS[name](visit, visit.commons.desk, item_id, form))
    except (BadRequest, Conflict, TooMuch) as no:
        page = await _page(visit, no, name, form)
        return visit.site.refusal(visit.request.scope, page, no)


# -- the page ----------------------------------------------------------------------------------------------------------

_NOTICES = {
    "sent": N_("Sent. A person read it: you."),
    "quick": N_("Sent, faster than it takes to read it. That is counted, never by name: is the text right?"),
    "told": N_("Noted: it is counted in public, and has to be read again."),
}


async def _page(visit: Visit, no: AffouageError | None = None, name: str = "", form: Form | None = None) -> ItemPage:
    commons, language = visit.commons, visit.language
    seen = await commons.desk.item(me(visit), visit.part("id"))
    names = await names_of(visit, [seen.item.holder_id, *(one.actor_id for one in seen.events)])
    found = seen.draft or seen.found
    today = views.Today(today_utc(commons.clock.now_ms()), language)
    notice = _NOTICES.get(visit.query("done"), "")
    return ItemPage(
        row=views.row(seen.item, names, language),
        language=seen.language,
        contact=seen.contact,
        masked=words.masked(seen.masked, language),
        held_until_ms=seen.held_until_ms,
        acts=seen.acts,
        must_open=seen.must_open,
        sheets=views.sheets(seen, form.all("source") if form else None, language),
        looked=found is not None,
        why_not="" if found is None or found.answers else explain_words.why_not(found.scope, language),
        ask_instead=() if found is None else found.ask_instead,
        draft=views.draft(seen.draft, language),
        draft_there=seen.draft is not None,
        draft_text="" if seen.draft is None else seen.draft.text,
        draft_sha256=seen.draft_sha256,
        draft_told=_draft_told(seen, visit),
        by_model=bool(seen.draft and seen.draft.model),
        receipt_id=(seen.draft.receipt_id or "") if seen.draft else "",
        reading=wording.duration(seen.reading_ms, language) if seen.reading_ms else "",
        written=seen.written,
        letters=views.letters(seen.sent, today, public=False),
        complaints=seen.complaints,
        events=tuple((one.at_ms, words.event(one.kind, language), names(one.actor_id)) for one in seen.events),
        to_call=seen.item.to_call,
        switch=await switch(visit),
        notice=language.gettext(notice) if notice else "",
        problems={} if no is None else {name: " ".join(sentences.explain(no, language))},
        typed=form.one("text") if form else "",
    )


def _draft_told(seen: Seen, visit: Visit) -> str:
    """Why there is no draft to see, "" where there is one."""
    if seen.draft is not None:
        return ""
    told = words.DRAFT_STATES.get(seen.item.draft_state)
    if told is None:  # it is made, and not for this reader to see: nobody has taken the question
        return visit.language.gettext("Take this question to see its draft.")
    return visit.language.gettext(told)
