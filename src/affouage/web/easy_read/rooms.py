"""*Facile à lire*: check a text, have it rewritten sentence by sentence, choose, print. Nothing is kept."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage.asgi.commons import Commons
from affouage.assembly import access
from affouage.assembly.access import Policy
from affouage.errors import BadRequest
from affouage.pool.reach import lowered
from affouage.web import asking, sentences
from affouage.web.door import Door, Visit
from affouage.web.easy_read import views
from affouage.web.easy_read.pages import Choosing, EasyReadPage, RewriteForm, RewritePage
from affouage.web.easy_read.writing import MARK, Rewriting, Work
from affouage.web.forms import Form, read_form
from affouage.web.language import Language
from affouage.web.machine_now import other_servers, readers
from affouage.web.reach import reach_field
from affouage.web.site import Site
from affouage.web.stream import PageStream
from affouage.workshops.easy_read.check import Report
from affouage.workshops.easy_read.document import read_document
from affouage.workshops.easy_read.easy_read import REWRITTEN_MOST
from affouage.workshops.easy_read.meaning import Difference, compare_documents
from affouage.workshops.easy_read.reading import check_given

PAGE_MOST = 20_000
"""Characters of a text on these pages; a command reads longer ones."""

WORD_MOST, MEANING_MOST = 100, 500


def open_door(door: Door) -> None:
    scope = access.Scope.INFERENCE
    door.page("/easy-read", begin, Policy.MEMBER, scope=scope)
    door.page("/easy-read", look, Policy.MEMBER, scope=scope, post=True)
    door.raw("/easy-read/rewrite", Rewritten(door.site, door.commons), Policy.MEMBER, scope=scope)
    door.page("/easy-read/result", result, Policy.MEMBER, scope=scope, post=True)


async def begin(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, EasyReadPage(PAGE_MOST))


# --- checking ---------------------------------------------------------------------------------------------------------


async def look(visit: Visit) -> Response:
    form, language = await visit.form(), visit.language
    text, original = form.one("text"), form.one("original")
    try:
        report = await _report(visit.commons, text)
        differences = _differences(original, report) if original.strip() else None
    except BadRequest as no:
        told = " ".join(sentences.explain(no, language))
        page = EasyReadPage(PAGE_MOST, text, original, told)
        return visit.site.refusal(visit.request.scope, page, no)
    page = EasyReadPage(
        PAGE_MOST,
        text,
        original,
        checked=views.checked(report, differences, language),
        rewrite=await _rewrite_form(visit.commons, form, report, language),
    )
    return visit.site.page(visit.request.scope, page)


async def _report(commons: Commons, text: str) -> Report:
    check_given(text, PAGE_MOST)
    return await commons.easy_read.check(text)


def _differences(original: str, report: Report) -> tuple[Difference, ...]:
    check_given(original, PAGE_MOST)
    return compare_documents(read_document(original).sentences, report.sentences, report.language)


async def _rewrite_form(commons: Commons, form: Form, report: Report, language: Language) -> RewriteForm:
    there = await asking.choices(commons, language)
    wished = form.one("model")
    needed = sum(one.status == "not_asked" for one in await commons.easy_read.plan(report))
    return RewriteForm(
        choices=there,
        model=wished if any(one.id == wished for one in there) else there[0].id if there else "",
        reach=reach_field(
            lowered(commons.charter.in_force("confidentiality").value, commons.settings.safety.reach_most),
            readers(commons, language),
            form.one("reach")[:40],
            language,
            other_servers(commons),
        ),
        to_rewrite=min(needed, REWRITTEN_MOST),
        beyond=max(0, needed - REWRITTEN_MOST),
        shut=not there and bool(asking.served(commons)),
    )


# --- rewriting --------------------------------------------------------------------------------------------------------


class Rewritten:
    """POST /easy-read/rewrite, a raw ASGI application: one long page while a model is asked, a plain one otherwise."""

    def __init__(self, site: Site, commons: Commons) -> None:
        self._site = site
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = self._site.language(scope)
        form = await read_form(scope, receive, self._commons.settings.server)
        text, original = form.one("text"), form.one("original") or form.one("text")
        try:
            report = await _report(self._commons, text)
        except BadRequest as no:
            refusal = EasyReadPage(PAGE_MOST, text, original, " ".join(sentences.explain(no, language)))
            return await self._site.refusal(scope, refusal, no)(scope, receive, send)
        plan = await self._commons.easy_read.plan(report)
        model = form.one("model") if form.one("with") == "model" else ""
        if not model:
            rows = tuple(views.proposed(report, number, one, language) for number, one in enumerate(plan))
            page = RewritePage(len(rows), choosing=Choosing(report.language, rows, original, with_model=False))
            return await self._site.page(scope, page)(scope, receive, send)
        stream = PageStream(send, stall_timeout_ms=self._commons.settings.server.stall_timeout_ms)
        rewriting = Rewriting(self._site, self._commons, scope, language, Work(report, plan, original, model))
        frame = self._site.render(scope, RewritePage(len(plan), mark=MARK))
        return await rewriting.write(frame, form, stream, receive)


# --- the result -------------------------------------------------------------------------------------------------------


async def result(visit: Visit) -> Response:
    form, language = await visit.form(), visit.language
    text, original = form.one("text") or _chosen_text(form), form.one("original")
    try:
        report = await _report(visit.commons, text)
        differences = _differences(original, report) if original.strip() else ()
    except BadRequest as no:
        page = EasyReadPage(PAGE_MOST, text, original, " ".join(sentences.explain(no, language)))
        return visit.site.refusal(visit.request.scope, page, no)
    meanings = _meanings(form) if form.ticked("glossary") else None
    return visit.site.page(visit.request.scope, views.result(report, differences, meanings, text, original, language))


def _chosen_text(form: Form) -> str:
    """What was taken for each sentence, a line each; an empty line where a part began in the text."""
    lines: list[str] = []
    block = None
    columns = (form.all("source"), form.all("kind"), form.all("block"))
    for number, (source, kind, where) in enumerate(zip(*columns, strict=False), 1):
        words = _taken(form, number, source)
        if block is not None and where != block:
            lines.append("")
        block = where
        lines += [f"- {one}" if kind == "item" else one for one in words.strip().splitlines() if one.strip()]
        if kind == "heading":
            lines.append("")
            block = None
    return "\n".join(lines)


def _taken(form: Form, number: int, source: str) -> str:
    """The sentence kept, proposed, or one's own. Words somebody typed are theirs, whatever was ticked before."""
    choice, proposal, own = (form.one(f"{name}-{number}") for name in ("choice", "proposal", "own"))
    typed = own.strip() and own.strip() not in (source.strip(), proposal.strip(), form.one(f"offered-{number}").strip())
    if choice == "own" or typed:
        return own
    return proposal if choice == "proposal" else source


def _meanings(form: Form) -> dict[str, str]:
    """Those ticked, as they were written; and one's own word, which stands last."""
    words, meanings = form.all("word")[:200], form.all("meaning")
    kept = {*form.all("keep"), str(len(words) - 1)}
    return {
        word.strip()[:WORD_MOST]: meaning.strip()[:MEANING_MOST]
        for number, (word, meaning) in enumerate(zip(words, meanings, strict=False))
        if str(number) in kept and word.strip() and meaning.strip()
    }
