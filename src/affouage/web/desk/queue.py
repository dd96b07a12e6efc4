"""The queue of the desk: what waits, a question typed for somebody who is there, and the tool stopped or started."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy, Scope
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, NotAllowed, NotFound
from affouage.web import sentences
from affouage.web.desk import views, words
from affouage.web.desk.pages import CodeMade, Queue, SwitchShown
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.language import N_
from affouage.web.site import see_other

_DONE = {
    "sent": N_("Sent. A person read it: you."),
    "quick": N_("Sent, faster than it takes to read. It is counted, without your name, and shown to nobody else."),
    "released": N_("The question is back in the queue."),
    "stopped": N_("The tool is stopped: no draft is made any more."),
    "resumed": N_("The tool works again."),
    "called": N_("Noted: the person was told."),
}


def open_door(door: Door) -> None:
    door.page("/desk", queue, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/desk", receive, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)
    door.page("/desk/switch", turn, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)


def me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


async def queue(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _page(visit, visit.query("list") or "open"))


async def receive(visit: Visit) -> Response:
    """A question typed; on to its page, or first to the code that its asker takes away."""
    form, desk = await visit.form(), visit.commons.desk
    try:
        made = await desk.receive(
            me(visit),
            form.one("question"),
            contact=form.one("contact"),
            language="en" if form.one("answer_in") == "en" else "fr",
            with_code=form.ticked("with_code"),
        )
    except BadRequest as no:
        field = "contact" if no.code == "desk_contact" else "question"
        return await _again(visit, no, field, form)
    if made.code or made.masked:
        masked = words.masked(made.masked, visit.language)
        page = CodeMade(made.code, made.item_id, masked, visit.commons.keeping().desk)
        return visit.site.page(visit.request.scope, page)
    return see_other(f"/desk/{made.item_id}")


async def turn(visit: Visit) -> Response:
    """*Arrêter l'outil*, or start it again."""
    form, desk = await visit.form(), visit.commons.desk
    stop = form.one("turn") == "stop"
    try:
        await (desk.stop if stop else desk.resume)(me(visit), form.one("reason"))
    except BadRequest as no:
        return await _again(visit, no, "switch", form)
    return see_other(f"/desk?done={'stopped' if stop else 'resumed'}")


async def _again(visit: Visit, no: BadRequest, field: str, form: Form) -> Response:
    told = " ".join(sentences.explain(no, visit.language))
    page = await _page(visit, "open", {field: told}, form)
    return visit.site.refusal(visit.request.scope, page, no)


async def _page(visit: Visit, which: str, problems: dict[str, str] | None = None, form: Form | None = None) -> Queue:
    commons, language, problems = visit.commons, visit.language, problems or {}
    found = await commons.desk.queue(me(visit), which)
    names = await names_of(visit, [one.holder_id for one in found])
    waiting = await commons.desk.front.waiting()
    rules = commons.desk.rules
    done = _DONE.get(visit.query("done"), "")
    return Queue(
        which=which,
        lists=tuple((name, language.gettext(told)) for name, told in words.LISTS),
        rows=tuple(views.row(one, names, language) for one in found),
        late=waiting.late,
        alarm_hours=rules.alarm_hours,
        per_hour=rules.items_per_hour,
        public_open=rules.public_open,
        keep_days=commons.keeping().desk,
        switch=await switch(visit, problems.get("switch", ""), form.one("reason") if form else ""),
        notice=language.gettext(done) if done else "",
        question=form.one("question") if form else "",
        contact=form.one("contact") if form else "",
        problems=problems,
    )


async def switch(visit: Visit, problem: str = "", typed: str = "") -> SwitchShown:
    """What every page of the desk shows: whether drafts are made, and how to stop them."""
    now, member = await visit.commons.desk.switch(), me(visit)
    names = await names_of(visit, [now.by])
    return SwitchShown(
        stopped=now.stopped,
        at_ms=now.at_ms,
        who=names(now.by),
        reason=now.reason,
        may_resume=member.role.at_least(Role.STEWARD),
        problem=problem,
        typed=typed,
    )


async def names_of(visit: Visit, ids: list[str | None]) -> views.NameOf:
    """Names of members by id; of whoever left, or of a command, what can be said."""
    _ = visit.language.gettext
    known: dict[str | None, str] = {None: "", "": _("whoever runs the machine")}
    for one in set(ids) - known.keys():
        try:
            known[one] = (await visit.commons.accounts.member(one or "")).name
        except (NotFound, NotAllowed):
            known[one] = _("somebody who left")
    return lambda member_id: known.get(member_id, _("somebody"))
