"""Explanations and evaluations in words, for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from affouage.web import format as wording
from affouage.web.explain.words import answer_words, dated, masked_words, problem_words, warning_words, why_not
from affouage.web.language import N_, Language, language
from affouage.workshops.explain.report import Counts, Report
from affouage.workshops.explain.shapes import Explanation, Sentence
from affouage.workshops.explain.worse import Worse

_HALVES = {
    "all": N_("all the questions"),
    "development": N_("half used to tune"),
    "held_out": N_("half never looked at"),
}
_MEASURES = {
    "hit_at_5": N_("an expected sheet among the first five found"),
    "mrr_at_10": N_("mean reciprocal rank among ten"),
    "right_share": N_("right answers"),
    "refused_share": N_("refusals of questions that a sheet answers"),
    "out_refused_share": N_("refusals of questions that no sheet answers"),
    "supported_share": N_("sentences that the quoted sheets say"),
    "quotes_exact": N_("quotes found word for word in their sheet"),
}


def explanation_lines(told: Explanation, spoken: Language) -> Iterator[str]:
    """What is said, on which sheets it stands, what was set apart."""
    pages = language(spoken.code)  # these sentences are those of the pages
    _ = spoken.gettext
    for line in (masked_words(told.warnings, pages), *warning_words(told.warnings, pages)):
        if line:
            yield line
    if not told.verdict.answer:
        yield from _not_answered(told, spoken, pages)
        return
    numbers = {(one.collection_id, one.sheet_id): place for place, one in enumerate(told.cited, start=1)}
    shown: tuple[str, ...] = ()
    for one in told.sentences:
        path = one.quote.path if one.quote else ()
        if path != shown:
            yield f"  {' › '.join(path)}" if path else ""
            shown = path
        yield f"- {_marked(one, numbers)}"
    yield from _apart(told, spoken, pages)
    yield ""
    for place, sheet in enumerate(told.cited, start=1):
        when = dated(sheet, pages)
        yield f"[{place}] {sheet.title} — {sheet.source}, {when.day or _('no date')}"
        yield f"    {sheet.url}" if sheet.url else f"    affouage sheets show {sheet.collection_id} {sheet.sheet_id}"
        if when.warning:
            yield f"    {when.warning}"
    if told.receipt_id:
        yield f"affouage receipts show {told.receipt_id}"


def _marked(one: Sentence, numbers: dict[tuple[str, str], int]) -> str:
    key = (one.quote.collection_id, one.quote.sheet_id) if one.quote else None
    return f"{one.text} [{numbers[key]}]" if key in numbers else one.text


def _apart(told: Explanation, spoken: Language, pages: Language) -> Iterator[str]:
    yield from answer_words(told.warnings, pages)
    if told.dropped:
        yield spoken.gettext("Written by the model and left out, because the sheets do not say it:")
        for one in told.dropped:
            yield f"  × {one.text} ({problem_words(one.problems, pages)})"


def _not_answered(told: Explanation, spoken: Language, pages: Language) -> Iterator[str]:
    yield why_not(told.verdict.scope, pages, told.verdict.reason)
    if told.verdict.ask_instead:
        yield spoken.gettext("Where to ask instead:")
        yield from (f"- {one}" for one in told.verdict.ask_instead)
    if told.finding.hits:
        yield spoken.gettext("The nearest sheets:")
        yield from (f"- {hit.sheet.title} {hit.sheet.url}".rstrip() for hit in told.finding.hits[:3])


def report_lines(report: Report, spoken: Language) -> Iterator[str]:
    """A report: what was counted for all the questions, then for each half, then by style."""
    _ = spoken.gettext
    yield listed_line(report, spoken)
    for part in report.halves:
        yield f"\n{_(_HALVES.get(part.name, part.name))}"
        yield from (f"  {line}" for line in _counts(part.counts, spoken))
    yield f"\n{_('by style: right, wrong, refused of those a sheet answers; refused, answered of the others')}"
    for part in report.styles:
        one = part.counts
        inside = f"{one.right:4d} {one.wrong:4d} {one.refused:4d}" if one.in_scope else " " * 14
        outside = f"{one.out_refused:4d} {one.out_answered:4d}" if one.out_of_scope else ""
        yield f"  {part.name:16.16} {inside}   {outside}".rstrip()
    yield ""
    yield _("quotes found word for word in their sheet: {exact} of {all}").format(
        exact=report.quotes_exact, all=report.quotes
    )
    if report.sentences:
        yield _("sentences written that the quoted sheets say: {supported} of {all}").format(
            supported=report.supported, all=report.sentences
        )


def _counts(one: Counts, spoken: Language) -> Iterator[str]:
    _ = spoken.gettext
    if one.in_scope:
        figures = (one.hit_at_1, one.hit_at_5, one.hit_at_10, one.mrr_at_10)
        hits = " · ".join("—" if figure is None else f"{figure:.3f}" for figure in figures)
        yield _("found (hit@1 · hit@5 · hit@10 · MRR@10): {figures}").format(figures=hits)
        yield _("a sheet answers ({count}): {right} right, {wrong} wrong, {refused} refused").format(
            count=one.in_scope, right=one.right, wrong=one.wrong, refused=one.refused
        )
    if one.out_of_scope:
        yield _("no sheet answers ({count}): {refused} refused, {answered} answered").format(
            count=one.out_of_scope, refused=one.out_refused, answered=one.out_answered
        )


def listed_line(report: Report, spoken: Language) -> str:
    """One line: id, day, questions, the two figures that matter most."""
    _ = spoken.gettext
    counts = report.half("all")
    parts = [
        report.id or "—",
        wording.day(report.made_ms, spoken),
        _("{count} questions").format(count=report.questions),
        report.model or _("extracts alone"),
        f"hit@5 {counts.hit_at_5:.3f}" if counts.hit_at_5 is not None else "",
        _("accepted") if report.accepted else "",
    ]
    return "  ".join(one for one in parts if one)


def worse_lines(before: Report | None, worse: Sequence[Worse], spoken: Language) -> Iterator[str]:
    """What got worse than the last accepted report, or that nothing did."""
    _ = spoken.gettext
    if before is None:
        yield _("No accepted report of these questions to compare with: affouage explain accept REPORT")
        return
    if not worse:
        yield _("Not worse than {report}.").format(report=before.id)
    for one in worse:
        yield _(
            "Worse than {report}: {measure}, {now:.3f} instead of {before:.3f} (at most {tolerance:.3f} less)"
        ).format(
            report=before.id, measure=_(_MEASURES[one.measure]), now=one.now, before=one.before, tolerance=one.tolerance
        )
