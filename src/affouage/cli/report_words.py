"""Reports told on the command line, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from affouage.assembly.refused_uses.counts import Counts
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.refused_uses.views import Case, Mine, Queued
from affouage.cli.language import zone_here
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.reports_words import (
    STATES,
    choice_words,
    count_rows,
    decision_row,
    outcome_words,
    report_row,
    step_words,
)

_PARTS = {
    "concerned": N_("A decision about you"),
    "reporter": N_("Your report"),
    "panel": N_("An appeal to hear"),
}


def queue_line(one: Queued, language: Language) -> str:
    _ = language.gettext
    parts = [one.id, _moment(one.created_ms, language), _(STATES[one.state]), one.line]
    parts.append(_("a text is shown") if one.shows_text else _("no text is shown"))
    if one.flagged_by:
        parts.append(_("flagged by the model %(name)s") % {"name": one.flagged_by})
    if one.party:
        parts.append(_("You made it, or it concerns you: somebody else decides."))
    return "  ".join(parts)


def case_lines(case: Case, terms: Terms, language: Language) -> Iterator[str]:
    """What a moderator or a panel has before them."""
    _ = language.gettext
    row = report_row(case.queued, terms, language)
    yield f"{row.id}  {_moment(row.created_ms, language)}  {row.state}"
    yield _labelled(_("What it goes against"), row.line, language)
    if case.opened is None:
        yield _("Nothing of it is shown without a reason: add --reason.")
    else:
        yield _labelled(_("Person concerned"), case.opened.subject or _("nobody, or nobody known"), language)
        yield _labelled(_("What the report says"), case.opened.words, language)
        yield _labelled(_("The text that was shown"), case.opened.content or "-", language)
        if case.appeal:
            yield _labelled(_("The appeal"), case.appeal, language)
        if case.queued.state == "open":
            if case.proposed is not None:
                yield _("The voted scale proposes: %(step)s. You may be milder, never harsher.") % {
                    "step": step_words(case.proposed, language)
                }
            for outcome in case.choices:
                yield f"  {outcome:<10} {choice_words(outcome, case.proposed, terms, language)}"
    yield from _decisions(case.decisions, language)


def mine_lines(one: Mine, terms: Terms, language: Language) -> Iterator[str]:
    _ = language.gettext
    row = report_row(one.queued, terms, language)
    yield f"{row.id}  {_(_PARTS[one.part])}  {_moment(row.created_ms, language)}  {row.state}"
    yield f"  {row.line}"
    yield from _decisions(one.decisions, language)
    if one.sanction is not None:
        what, until = outcome_words(one.sanction.kind, language), _moment(one.sanction.until_ms, language)
        lifted = one.sanction.lifted_ms is not None
        said = _("Sanction lifted: {what}.") if lifted else _("Sanction: {what}, until {moment}.")
        yield "  " + said.format(what=what, moment=until)
    if one.may_appeal_until_ms is not None:
        said = _("You may appeal until {moment}: affouage reports appeal {id}")
        yield "  " + said.format(moment=_moment(one.may_appeal_until_ms, language), id=row.id)
    if one.hears:
        yield "  " + _("Your opinion is awaited: affouage reports show {id}").format(id=row.id)


def counts_lines(counted: Counts, terms: Terms, language: Language) -> Iterator[str]:
    _ = language.gettext
    if counted.decisions is None:
        yield _("{month}: fewer than five decisions, so nothing more is told.").format(month=counted.month)
        return
    told = language.ngettext("{month}: {count} decision", "{month}: {count} decisions", counted.decisions)
    yield told.format(month=counted.month, count=wording.whole(counted.decisions, language))
    for row in count_rows(counted, terms, language):
        yield f"  {row.decisions:>5}  {row.outcome}  {row.line}"


def shape_case(case: Case) -> dict[str, Any]:
    """For JSON."""
    opened = case.opened
    return {
        "report": case.queued,
        "opened": opened
        and {
            "words": opened.words,
            "content": opened.content,
            "subject": opened.subject,
            "receipt": opened.receipt_id,
        },
        "past": case.past,
        "proposed": case.proposed,
        "choices": case.choices,
        "decisions": [_shape_decision(one) for one in case.decisions],
        "sanction": case.sanction and {"kind": case.sanction.kind, "until_ms": case.sanction.until_ms},
        "appeal": case.appeal,
    }


def shape_mine(one: Mine) -> dict[str, Any]:
    return {
        "report": one.queued,
        "part": one.part,
        "decisions": [_shape_decision(made) for made in one.decisions],
        "sanction": one.sanction and {"kind": one.sanction.kind, "until_ms": one.sanction.until_ms},
        "may_appeal_until_ms": one.may_appeal_until_ms,
        "opinion": one.seat and one.seat.opinion,
    }


def _shape_decision(one: Any) -> dict[str, Any]:
    return {
        "step": one.step,
        "outcome": one.outcome,
        "reason": one.reason,
        "at_ms": one.at_ms,
        "leaf": one.leaf_seq,
    }


def _decisions(decisions: Any, language: Language) -> Iterator[str]:
    for made in decisions:
        row = decision_row(made, language)
        yield f"  {_moment(row.at_ms, language)}  {row.outcome}" + (f" ({row.reason})" if row.reason else "")


def _labelled(name: str, text: str, language: Language) -> str:
    return language.typeset(f"{name} :" if language.code == "fr" else f"{name}:") + f" {text}"


def _moment(time_ms: int, language: Language) -> str:
    return wording.moment(time_ms, language, zone_here())
