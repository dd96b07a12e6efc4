"""The result of a vote: the count step by step, its table and its drawing, the ballots, and how to count it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.poll_count import Cast, outcome_of, spec_of
from affouage.assembly.tally import Outcome
from affouage.errors import Conflict, NotFound
from affouage.web import count_table, count_words, plot
from affouage.web import format as wording
from affouage.web.assembly import subjects, words
from affouage.web.assembly.grades import GRADES
from affouage.web.assembly.names import names
from affouage.web.assembly.overview import number_of, poll_title
from affouage.web.count_table import Table
from affouage.web.door import Visit
from affouage.web.language import Language
from affouage.web.pages import Page
from affouage.web.receipts import download


@dataclass(frozen=True)
class BallotRow:
    """``who``: the voter of an open ballot, the random id of a secret one."""

    who: str
    choice: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ResultPage(Page):
    """``table`` None: nothing was counted here (too few secret ballots, Belenios). ``kept``: the ballots are still
    there. ``belenios``: what was verified, name and value."""

    template: ClassVar[str] = "result.html"
    id: int
    title: str
    proposals: tuple[tuple[int, str], ...]
    round: int
    outcome: str
    adopted: bool
    closed_ms: int
    secrecy: str
    secret: bool
    takes: tuple[str, ...]
    sentences: tuple[str, ...]
    preferred: str
    table: Table | None
    numbered: bool
    drawing: Markup | None
    ballots: tuple[BallotRow, ...]
    kept: bool
    digest: str
    belenios: tuple[tuple[str, str], ...]
    electors: int
    electorate_sha256: str


async def shown(visit: Visit, state: AssemblyState, poll: Poll) -> Response:
    from affouage.web.assembly.vote import choice_words, takes

    language, opened, closed = visit.language, poll.opened, poll.closed
    assert closed is not None
    labels = option_labels(poll, state, language)
    outcome = outcome_of(closed.count) if closed.count else None
    ballots = await visit.commons.assembly.ballots(poll.id)
    known = await names(visit.commons, language)
    secret = opened.secrecy == "detached"
    told = count_words.Names(options=labels)
    page = ResultPage(
        id=poll.id,
        title=poll_title(poll, state, language),
        proposals=tuple((number, subjects.title_of(state.proposals[number], language)) for number in opened.proposals),
        round=opened.round,
        outcome=result_words(poll, labels, language),
        adopted=closed.outcome == "adopted",
        closed_ms=poll.closed_ms or 0,
        secrecy=opened.secrecy,
        secret=secret,
        takes=takes(opened.profile, opened.quorum_percent, opened.method == "majority_judgment", language),
        sentences=() if outcome is None else count_words.sentences(outcome, language, told),
        preferred=_preferred(closed.count, opened.profile.threshold, language),
        table=None if outcome is None else count_table.table(outcome, language, told),
        numbered=outcome is not None and bool(outcome.merits),
        drawing=None if outcome is None else drawing(outcome, opened.profile.threshold, language),
        ballots=tuple(
            BallotRow(one.id if secret else known.of(one.id), choice_words(one.choice, labels, language), one.reason)
            for one in sorted(ballots, key=lambda one: one.id if secret else known.of(one.id).casefold())
        ),
        kept=bool(ballots),
        digest=closed.ballots_sha256,
        belenios=tuple((name, str(value)) for name, value in (closed.belenios or {}).items()),
        electors=sum(opened.electors.values()),
        electorate_sha256=opened.electorate_sha256,
    )
    return visit.site.page(visit.request.scope, page)


def option_labels(poll: Poll, state: AssemblyState, language: Language) -> dict[str, str]:
    """Words of what could be chosen, for the ballots and the count."""
    about = state.proposals[poll.opened.proposals[0]].about
    codes = [*poll.opened.options, "none"] if poll.opened.method == "majority_judgment" else poll.opened.options
    return {code: subjects.option_words(code, about, state, language) for code in codes}


def result_words(poll: Poll, labels: Mapping[str, str], language: Language) -> str:
    """``Adopted: the winner``, or what it ended as."""
    assert poll.closed is not None
    if poll.closed.winner is not None and poll.opened.method == "majority_judgment":
        return language.gettext("Adopted: {option}.").format(option=labels.get(poll.closed.winner, poll.closed.winner))
    return words.say(words.OUTCOMES, poll.closed.outcome, language)


def _preferred(told: Mapping[str, Any], threshold: str, language: Language) -> str:
    """Rivals are adopted only if enough voters prefer the first to none of them."""
    if "preferred" not in told:
        return ""
    sentence = language.gettext(
        "Of those who tell them apart, {share} grade the first option above “none of these”. {part} were needed."
    )
    part = words.share_name(threshold, language)
    share = wording.percent(float(Fraction(str(told["preferred"]))), language)
    return sentence.format(share=share, part=part[:1].upper() + part[1:])


def drawing(outcome: Outcome, threshold: str, language: Language) -> Markup | None:
    """Grades by option, or the part of those for; the table beside it says the same in figures."""
    _ = language.gettext
    if outcome.merits:
        bars = [
            plot.Bar(str(place), tuple(100 * count / sum(one.counts) for count in one.counts[:0:-1]))
            for place, one in enumerate(outcome.merits, 1)
        ]
        return plot.bars(
            bars,
            words=plot.Words(
                name="grades",
                title=_("Grades of each option"),
                description=_(
                    "A bar for each option, numbered as in the table: the part of voters for each grade, the best at "
                    "the bottom. What is missing to the top is “to reject”."
                ),
            ),
            series=[_(word) for word in GRADES[:0:-1]],
            unit="%",
            language=language,
            limit=50.0,
            limit_label=_("half of the voters"),
        )
    if not outcome.share:
        return None
    share = Fraction(outcome.share)
    told = _("{share} for; what was needed is marked: {part}.")
    description = told.format(share=wording.percent(float(share), language), part=words.share_name(threshold, language))
    title = _("Part of those who are for")
    return plot.progress(
        float(share),
        words=plot.Words(name="share", title=title, description=description),
        notice=float(Fraction(threshold)),
    )


# -- counting again -----------------------------------------------------------------------------------------------


async def as_json(visit: Visit) -> Response:
    """What it takes to count the vote again, on any machine: the rule of the count and the ballots, nobody named."""
    assembly = visit.commons.assembly
    poll = (await assembly.state()).polls.get(number_of(visit.part("id")))
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See the assembly's page.", code="poll_not_found")
    if poll.opened.secrecy == "belenios":
        raise Conflict("This vote is counted by Belenios.", remedy="Verify its archive.", code="vote_elsewhere")
    ballots = await assembly.ballots(poll.id)
    return download(recount_file(poll, ballots), f"vote-{poll.id}.json")


def recount_file(poll: Poll, ballots: list[Cast]) -> bytes:
    """``affouage assembly count FILE`` reads it. Ballots are sorted by what they say: their order tells nothing."""
    told = [_ballot(one) for one in ballots]
    told.sort(key=lambda one: msgspec.json.encode(one, order="deterministic"))
    spec = spec_of(poll.opened)
    document = {
        "title": f"Vote {poll.id}",
        "method": spec.method,
        "threshold": spec.threshold,
        "quorum_percent": spec.quorum_percent,
        "quorum_base": spec.quorum_base,
        "present": len(told),
        "electors": spec.electors,
        "colleges": spec.colleges,
        "options": spec.options,
        "none_option": spec.none_option,
        "grades": spec.grades,
        "ballots": told,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _ballot(one: Cast) -> dict[str, Any]:
    """``reason``: of an objection, which does not count without one."""
    told: dict[str, Any] = {"choice": one.choice}
    if one.college:
        told["college"] = one.college
    if one.choice == "object":
        told["reason"] = one.reason
    return told
