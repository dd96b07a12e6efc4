"""Reports, outcomes and sanctions in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from affouage.assembly.refused_uses.counts import OTHER, Counts
from affouage.assembly.refused_uses.rows import Decision, Sanction
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.refused_uses.views import Queued
from affouage.assembly.rules.uses import SanctionStep
from affouage.web import format as wording
from affouage.web.language import N_, Language

OUTCOMES = {
    "nothing": N_("not against the charter"),
    "noted": N_("against the charter, without a sanction"),
    "warning": N_("a warning"),
    "slower": N_("slower turns"),
    "suspended": N_("suspension"),
    "undecided": N_("nobody decided in time"),
    "overturned": N_("sanction lifted by the panel"),
}
STATES = {
    "open": N_("to be decided"),
    "decided": N_("decided; may be appealed"),
    "appealed": N_("before a panel"),
    "closed": N_("closed"),
}
PLACES = {"answer": N_("an answer"), "public": N_("something public")}


@dataclass(frozen=True)
class ReportRow:
    """A report in a list. ``line``: the sentence of the charter; ``about``: what it is about; ``state`` in words."""

    id: str
    created_ms: int
    line: str
    about: str
    state: str
    open: bool
    due_ms: int
    shows_text: bool
    flagged_by: str
    party: bool


@dataclass(frozen=True)
class DecisionRow:
    """``by``: moderator | panel | time; ``leaf_seq``: its entry in the public log."""

    by: str
    outcome: str
    reason: str
    at_ms: int
    leaf_seq: int


@dataclass(frozen=True)
class SanctionRow:
    """``words``: what it is; ``over``: it has ended, or was lifted."""

    words: str
    until_ms: int
    over: bool
    lifted: bool


@dataclass(frozen=True)
class CountRow:
    line: str
    outcome: str
    decisions: int


def line_words(terms: Terms, line_id: str, language: Language) -> str:
    """The sentence of the charter; its bare name when it was voted away since."""
    line = terms.line(line_id)
    return line_id if line is None else language.typeset(line.in_language(language.code))


def report_row(one: Queued, terms: Terms, language: Language) -> ReportRow:
    return ReportRow(
        id=one.id,
        created_ms=one.created_ms,
        line=line_words(terms, one.line, language),
        about=language.gettext(PLACES[one.place]),
        state=language.gettext(STATES[one.state]),
        open=one.state == "open",
        due_ms=one.due_ms,
        shows_text=one.shows_text,
        flagged_by=one.flagged_by,
        party=one.party,
    )


def decision_row(one: Decision, language: Language) -> DecisionRow:
    by = one.decided_by if one.decided_by in ("panel", "time") else "moderator"
    return DecisionRow(by, outcome_words(one.outcome, language), one.reason, one.at_ms, one.leaf_seq)


def outcome_words(outcome: str, language: Language) -> str:
    return language.gettext(OUTCOMES.get(outcome, outcome))


def sanction_row(one: Sanction, now_ms: int, language: Language) -> SanctionRow:
    words = outcome_words(one.kind, language)
    if one.kind == "slower":
        words = language.gettext("slower turns (weight {percent})").format(percent=_percent(one.percent, language))
    return SanctionRow(words, one.until_ms, not one.active(now_ms), one.lifted_ms is not None)


def step_words(step: SanctionStep, language: Language) -> str:
    """``slower turns (weight 50 %), 14 days``."""
    days = language.ngettext("{count} day", "{count} days", step.days).format(count=wording.whole(step.days, language))
    words = outcome_words(step.kind, language)
    if step.kind == "slower":
        words = language.gettext("slower turns (weight {percent})").format(percent=_percent(step.percent, language))
    return f"{words}, {days}"


def choice_words(outcome: str, proposed: SanctionStep | None, terms: Terms, language: Language) -> str:
    """An outcome a moderator may choose, with what it would do."""
    if proposed is not None and outcome == proposed.kind:
        return step_words(proposed, language)
    step = next((one for one in terms.scale if one.kind == outcome), None)
    return outcome_words(outcome, language) if step is None else step_words(step, language)


def count_rows(counted: Counts, terms: Terms, language: Language) -> tuple[CountRow, ...]:
    """Groups of fewer than five stand together."""
    others = language.gettext("others, together")
    return tuple(
        CountRow(
            others if one.line == OTHER else line_words(terms, one.line, language),
            others if one.outcome == OTHER else outcome_words(one.outcome, language),
            one.decisions,
        )
        for one in counted.rows
    )


def _percent(percent: int, language: Language) -> str:
    return wording.percent(percent / 100, language)
