"""Proposing without knowing any schema: what to change, the change itself, a look at it, then it is sent."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.decisions.events import AnySubject, RuleChange
from affouage.assembly.drafting import TEXT_MOST, TITLE_MOST
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, NotFound
from affouage.footprint.period import kind_of
from affouage.web import sentences
from affouage.web.assembly import change_form, subject_form, subjects, words
from affouage.web.assembly.change_form import Changing
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.names import names
from affouage.web.assembly.overview import me
from affouage.web.assembly.preview import deciding, impact
from affouage.web.assembly.propose_pages import AreaChoice, Propose, ProposeForm, ProposePreview, Texts
from affouage.web.assembly.subject_form import SubjectFields
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.site import see_other


def open_door(door: Door) -> None:
    door.page("/assembly/propose", choose, Policy.MEMBER)
    door.page("/assembly/propose/{kind}", blank, Policy.MEMBER)
    door.page("/assembly/propose/{kind}", sent, Policy.MEMBER, post=True)


async def choose(visit: Visit) -> Response:
    commons, language = visit.commons, visit.language
    state, now_ms = await commons.assembly.state(), commons.clock.now_ms()
    known = await names(commons, language)
    areas = []
    for name, area in commons.assembly.areas.items():
        sentence = FieldWords(language).sentence(name)
        who = "" if "member" in area.proposers else ", ".join(
            words.say(words.SCOPES_SHORT, one, language) for one in area.proposers
        )  # fmt: skip
        areas.append(AreaChoice(name, subjects.area_name(name, language), sentence, who))
    page = Propose(
        founded=state.founded,
        areas=tuple(areas),
        mandates=tuple(
            (one.id, f"{words.say(words.SCOPES_SHORT, one.scope, language)} : {known.of(one.member_id)}")
            for one in state.mandates.values()
            if one.holds(now_ms)
        ),
        in_force=tuple(
            (one.id, subjects.title_of(one, language))
            for one in state.proposals.values()
            if one.state == "in_force" and one.version is not None
        ),
    )
    return visit.site.page(visit.request.scope, page)


async def blank(visit: Visit) -> Response:
    kind, of = visit.part("kind"), visit.query("of")
    if kind == "rule":
        return await _rule_form(visit, await change_form.starting(visit, of), None, Texts())
    return await _subject_form(visit, kind, await subject_form.starting(visit, kind, of))


async def sent(visit: Visit) -> Response:
    """A form that is filled in, a preview that is confirmed, or one that is put right."""
    form = await visit.form()
    if visit.part("kind") == "rule":
        return await _sent_rule(visit, form)
    return await _sent_subject(visit, form)


def _texts(form: Form) -> Texts:
    return Texts(*(form.one(name) for name in ("title", "reason", "effective")))


# -- a rule -------------------------------------------------------------------------------------------------------


async def _sent_rule(visit: Visit, form: Form) -> Response:
    changing = await change_form.starting(visit, form.one("of"), form.one("base"))
    texts, carried = _texts(form), form.one("document")
    problems: dict[str, str] = {}
    if carried:
        document = change_form.carried(carried)
    else:
        document, problems = change_form.read(visit, changing, form)
    if form.one("step") == "edit":
        return await _rule_form(visit, changing, None, texts, document=document)
    problems |= text_problems(visit, texts)
    if problems:
        return await _rule_form(visit, changing, form, texts, problems)
    try:
        about = await change_form.about(visit, changing, document)
        profile = await _profile(visit, about)
        effective_ms = effective(visit, texts.effective)
        if form.one("step") in ("send", "draft"):
            sent = form.one("step") == "send"
            number = await visit.commons.assembly.propose(
                me(visit), texts.title, texts.reason, about, effective_ms=effective_ms, submit=sent
            )
            return see_other(f"/assembly/proposals/{number}?done={'proposed' if sent else 'drafted'}")
    except (BadRequest, Conflict, NotAllowed) as refused:
        typed = None if carried else form
        return await _rule_form(visit, changing, typed, texts, document=document, refused=refused)
    return visit.site.page(
        visit.request.scope,
        ProposePreview(
            about=await _about(visit, about),
            texts=texts,
            effective_ms=effective_ms,
            change=change_form.change(visit, changing, document),
            options=(),
            impact=await impact(visit, changing.area.name, document),
            decided_by=deciding(visit, profile, about),
            action="/assembly/propose/rule",
            carried=(
                ("of", changing.area.name),
                ("base", str(changing.base)),
                ("document", change_form.carry(document)),
            ),
        ),
    )


async def _rule_form(
    visit: Visit,
    changing: Changing,
    form: Form | None,
    texts: Texts,
    problems: dict[str, str] | None = None,
    *,
    document: dict[str, Any] | None = None,
    refused: AffouageError | None = None,
) -> Response:
    found, trouble = change_form.troubles(visit, changing, problems or {}, refused)
    shown = await change_form.sections(visit, changing, document or changing.document, form, found)
    name = subjects.area_name(changing.area.name, visit.language)
    page = ProposeForm(
        heading=visit.language.gettext("Change the rule “{rule}”").format(rule=name),
        about="",
        back="/assembly/propose",
        action="/assembly/propose/rule",
        hidden=(("of", changing.area.name), ("base", str(changing.base))),
        sections=shown,
        fields=None,
        asks=("title", "reason", "effective"),
        texts=texts,
        title_most=TITLE_MOST,
        text_most=TEXT_MOST,
        button=visit.language.gettext("See what it would change"),
        problems=found,
        trouble=trouble,
    )
    return visit.site.page(visit.request.scope, page, status=400 if found or trouble else 200)


# -- anything else ------------------------------------------------------------------------------------------------


async def _sent_subject(visit: Visit, form: Form) -> Response:
    kind, texts = visit.part("kind"), _texts(form)
    fields = await subject_form.starting(visit, kind, form.one("of"), form)
    if form.one("step") == "edit":
        return await _subject_form(visit, kind, fields, texts)
    problems = text_problems(visit, texts)
    try:
        about = await subject_form.about(visit, kind, fields)
        effective_ms = effective(visit, texts.effective)
        if form.one("step") == "send" and not problems:
            number = await _propose(visit, kind, fields, texts, about, effective_ms)
            return see_other(f"/assembly/proposals/{number}?done=proposed")
    except (BadRequest, Conflict, NotAllowed, NotFound) as refused:
        where = subject_form.FIELD_OF.get(refused.code, "")
        message = " ".join(sentences.explain(refused, visit.language))
        problems[where or "all"] = message
    if problems:
        return await _subject_form(visit, kind, fields, texts, problems)
    profile = await _profile(visit, about)
    rule = about if isinstance(about, RuleChange) else None
    return visit.site.page(
        visit.request.scope,
        ProposePreview(
            about=await _about(visit, about),
            texts=texts,
            effective_ms=effective_ms,
            change=None if rule is None else await change_form.change_of(visit, rule),
            options=fields.options if kind == "choice" else (),
            impact=None if rule is None else await impact(visit, rule.area, await change_form.document_of(visit, rule)),
            decided_by=deciding(visit, profile, about),
            action=f"/assembly/propose/{kind}",
            carried=subject_form.carried(fields),
        ),
    )


async def _propose(
    visit: Visit, kind: str, fields: SubjectFields, texts: Texts, about: AnySubject, effective_ms: int | None
) -> int:
    assembly, who = visit.commons.assembly, me(visit)
    if kind == "repeal":
        return await assembly.propose_repeal(who, int(fields.of), texts.title, texts.reason)
    return await assembly.propose(who, texts.title, texts.reason, about, effective_ms=effective_ms)


async def _subject_form(
    visit: Visit, kind: str, fields: SubjectFields, texts: Texts | None = None, problems: dict[str, str] | None = None
) -> Response:
    found = problems or {}
    page = ProposeForm(
        heading=subject_form.heading(kind, visit.language),
        about=fields.about,
        back="/assembly/propose",
        action=f"/assembly/propose/{kind}",
        hidden=(("of", fields.of),) if fields.of else (),
        sections=(),
        fields=fields,
        asks=("title", "reason"),
        texts=texts or Texts(title=fields.title),
        title_most=TITLE_MOST,
        text_most=TEXT_MOST,
        button=visit.language.gettext("See what it would change"),
        problems=found,
        trouble=(found["all"],) if "all" in found else (),
    )
    return visit.site.page(visit.request.scope, page, status=400 if found else 200)


# -- what both have -----------------------------------------------------------------------------------------------


async def _profile(visit: Visit, about: AnySubject) -> str:
    """By which votes it is decided."""
    now_ms = visit.commons.clock.now_ms()
    return await visit.commons.assembly.look(lambda house: house.profile_for(about, now_ms))


async def _about(visit: Visit, about: AnySubject) -> str:
    known = await names(visit.commons, visit.language)
    return subjects.about_words(about, await visit.commons.assembly.state(), known, visit.language)


def text_problems(visit: Visit, texts: Texts) -> dict[str, str]:
    """What is wrong with title, reason and date, by field."""
    _ = visit.language.gettext
    found = {}
    if not texts.title.strip():
        found["title"] = _("Say in a few words what is proposed.")
    elif len(texts.title) > TITLE_MOST:
        found["title"] = _("At most {count} characters.").format(count=TITLE_MOST)
    if not texts.reason.strip():
        found["reason"] = _("Say why: it helps others to decide.")
    elif len(texts.reason) > TEXT_MOST:
        found["reason"] = _("At most {count} characters.").format(count=TEXT_MOST)
    try:
        effective_ms = effective(visit, texts.effective)
    except BadRequest:
        found["effective"] = _("This is no date: choose a day to come, or leave it empty.")
    else:
        if effective_ms is not None and effective_ms <= visit.commons.clock.now_ms():
            found["effective"] = _("Choose a day to come, or leave it empty.")
    return found


def effective(visit: Visit, text: str) -> int | None:
    """The beginning of that day (``2026-12-01``), here; None for none. Raises BadRequest for what is no day."""
    day = text.strip()
    if not day:
        return None
    if kind_of(day) != "day":
        raise BadRequest("This is no day.", remedy="Write it as 2026-12-01.", param="effective")
    return visit.commons.calendar.bounds(day)[0]
