"""A vote: the ballot while it is open, the count step by step once it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.polls import NONE_OPTION, REASON_MOST
from affouage.assembly.rules.governance import Profile
from affouage.errors import BadRequest, NotFound
from affouage.web import sentences
from affouage.web.assembly import results, subjects, words
from affouage.web.assembly.grades import GRADES
from affouage.web.assembly.names import Names, names
from affouage.web.assembly.overview import me, number_of, poll_title
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.language import Language
from affouage.web.pages import Page


@dataclass(frozen=True)
class OnBallot:
    """A proposal of this vote."""

    number: int
    title: str
    about: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Voter:
    """For whom a ballot may be cast: oneself (id ""), or by proxy. ``choice`` None: none was cast yet; True: a secret
    one was."""

    id: str
    name: str
    choice: Any
    may: bool


@dataclass(frozen=True)
class BallotPage(Page):
    """An open vote. ``options``: (code, words); ``grades``: (number, words), best first, for one among several;
    ``voters``: whose ballot may be cast here, the reader first; ``turnout``: how many voted, nothing of what."""

    template: ClassVar[str] = "ballot.html"
    id: int
    title: str
    proposals: tuple[OnBallot, ...]
    round: int
    closes_ms: int
    left: str
    secrecy: str
    secret: bool
    elsewhere: bool
    method: str
    options: tuple[tuple[str, str], ...]
    grades: tuple[tuple[int, str], ...]
    needs_reason: bool
    takes: tuple[str, ...]
    turnout: int
    electors: int
    voters: tuple[Voter, ...]
    chosen: Mapping[str, int]
    voting_for: str
    reason: str
    reason_most: int
    problem: str


@dataclass(frozen=True)
class BallotCast(Page):
    """After a vote. ``receipt``: of a secret ballot, shown once; ``choice``: an open one in words."""

    template: ClassVar[str] = "ballot_cast.html"
    id: int
    title: str
    for_name: str
    choice: tuple[str, ...]
    receipt: str
    closes_ms: int
    closed: bool
    others: int


def open_door(door: Door) -> None:
    door.page("/assembly/votes/{id}", one, Policy.MEMBER)
    door.page("/assembly/votes/{id}", cast, Policy.MEMBER, post=True)
    door.page("/assembly/votes/{id}/count.json", results.as_json, Policy.MEMBER)


async def one(visit: Visit) -> Response:
    state = await visit.commons.assembly.state()
    poll = state.polls.get(number_of(visit.part("id")))
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See the assembly's page.", code="poll_not_found")
    if poll.closed is not None:
        return await results.shown(visit, state, poll)
    return await _ballot(visit, state, poll, visit.query("for"))


async def _ballot(
    visit: Visit, state: AssemblyState, poll: Poll, voting_for: str, typed: Form | None = None, problem: str = ""
) -> Response:
    language, opened, now_ms = visit.language, poll.opened, visit.commons.clock.now_ms()
    known = await names(visit.commons, language)
    voters = await _voters(visit, state, poll, known)
    chosen = next((one for one in voters if one.id == voting_for), voters[0])
    several = opened.method == "majority_judgment"
    about = state.proposals[opened.proposals[0]].about
    page = BallotPage(
        id=poll.id,
        title=poll_title(poll, state, language),
        proposals=tuple([await on_ballot(state, number, known, visit) for number in opened.proposals]),
        round=opened.round,
        closes_ms=opened.closes_ms,
        left=_capital(words.left(opened.closes_ms - now_ms, language)),
        secrecy=words.say(words.SECRECY, opened.secrecy, language),
        secret=opened.secrecy == "detached",
        elsewhere=opened.secrecy == "belenios",
        method=words.say(words.METHODS, opened.method, language),
        options=options(poll, about, state, language),
        grades=tuple((number, language.gettext(word)) for number, word in reversed(list(enumerate(GRADES))))
        if several
        else (),
        needs_reason=opened.method == "consent",
        takes=takes(opened.profile, opened.quorum_percent, several, language),
        turnout=await visit.commons.assembly.turnout(poll.id),
        electors=sum(opened.electors.values()),
        voters=voters,
        chosen=_marked(chosen.choice, typed, poll),
        voting_for=chosen.id,
        reason="" if typed is None else typed.one("reason")[:REASON_MOST],
        reason_most=REASON_MOST,
        problem=problem,
    )
    return visit.site.page(visit.request.scope, page, status=400 if problem else 200)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


async def _voters(visit: Visit, state: AssemblyState, poll: Poll, known: Names) -> tuple[Voter, ...]:
    """Oneself, then those whose proxy one holds for this vote."""
    assembly, who, now_ms = visit.commons.assembly, me(visit), visit.commons.clock.now_ms()
    mine = Voter("", who.name, await assembly.my_ballot(who, poll.id), await assembly.may_vote(who, poll.id))
    found = [mine]
    givers = {one.giver for one in state.proxies_of(who.id, now_ms) if one.poll_id in (None, poll.id)}
    for giver in sorted(givers, key=known.of):
        member = known.members.get(giver)
        if member is not None:
            choice, may = await assembly.my_ballot(member, poll.id), await assembly.may_vote(member, poll.id)
            found.append(Voter(giver, member.name, choice, may))
    return tuple(found)


def _marked(choice: Any, typed: Form | None, poll: Poll) -> Mapping[str, int]:
    """What is ticked: an option as ``{option: 1}``, grades as they are."""
    if typed is not None:
        if poll.opened.method == "majority_judgment":
            return _grades(typed, poll) or {}
        return {typed.one("choice"): 1}
    if isinstance(choice, dict):
        return choice
    return {choice: 1} if isinstance(choice, str) else {}


async def on_ballot(state: AssemblyState, number: int, known: Names, visit: Visit) -> OnBallot:
    from affouage.web.assembly.proposal import change_of

    proposal = state.proposals[number]
    change = await change_of(visit, proposal, proposal.patch)
    return OnBallot(
        number=number,
        title=subjects.title_of(proposal, visit.language),
        about=subjects.about_words(proposal.about, state, known, visit.language),
        changes=() if change is None else change.after,
    )


def options(poll: Poll, about: AnySubject, state: AssemblyState, language: Language) -> tuple[tuple[str, str], ...]:
    """What may be chosen or graded, in words; "none of these" last."""
    codes = (*poll.opened.options, NONE_OPTION) if poll.opened.method == "majority_judgment" else poll.opened.options
    return tuple((code, subjects.option_words(code, about, state, language)) for code in codes)


def takes(profile: Profile, quorum_percent: int, several: bool, language: Language) -> tuple[str, ...]:
    """What this vote takes to decide something."""
    _ = language.gettext
    first = (
        _(
            "Each option gets the grade that at least half of the voters give it, or better. The best one is adopted, "
            "unless “none of these” does better."
        )
        if several
        else words.majority(profile, language)
    )
    return (first, words.quorum(quorum_percent, profile.quorum_base, language))


def choice_words(choice: Any, labels: Mapping[str, str], language: Language) -> tuple[str, ...]:
    """A ballot for reading."""
    if isinstance(choice, dict):
        told = language.gettext("{option}: {grade}")
        ranked = sorted(choice.items(), key=lambda one: -one[1])
        return tuple(
            language.typeset(told.format(option=labels.get(name, name), grade=language.gettext(GRADES[grade])))
            for name, grade in ranked
        )
    return (labels.get(str(choice), str(choice)),)


# -- casting ------------------------------------------------------------------------------------------------------


async def cast(visit: Visit) -> Response:
    form = await visit.form()
    assembly = visit.commons.assembly
    poll_id, for_member = number_of(visit.part("id")), form.one("for")
    state = await assembly.state()
    poll = state.polls.get(poll_id)
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See the assembly's page.", code="poll_not_found")
    choice = _grades(form, poll) if poll.opened.method == "majority_judgment" else form.one("choice")
    try:
        receipt = await assembly.cast(me(visit), poll_id, choice, form.one("reason"), for_member=for_member)
    except BadRequest as wrong:
        problem = _problem(form, poll, choice, visit.language) or " ".join(sentences.explain(wrong, visit.language))
        return await _ballot(visit, state, poll, for_member, form, problem)
    return await _cast(visit, poll_id, for_member, None if receipt else choice, receipt)


async def _cast(visit: Visit, poll_id: int, for_member: str, choice: Any, receipt: str) -> Response:
    """Told at once rather than at another address: a receipt is shown once, and is nowhere else."""
    language = visit.language
    state = await visit.commons.assembly.state()
    poll = state.polls[poll_id]
    known = await names(visit.commons, language)
    about = state.proposals[poll.opened.proposals[0]].about
    labels = dict(options(poll, about, state, language))
    page = BallotCast(
        id=poll_id,
        title=poll_title(poll, state, language),
        for_name=known.of(for_member) if for_member else "",
        choice=() if choice is None else choice_words(choice, labels, language),
        receipt=receipt,
        closes_ms=poll.opened.closes_ms,
        closed=poll.closed is not None,
        others=len(await visit.commons.assembly.to_vote(me(visit))),
    )
    return visit.site.page(visit.request.scope, page)


def _grades(form: Form, poll: Poll) -> dict[str, int] | None:
    """The grades given; None when an option has none."""
    found = {}
    for option in (*poll.opened.options, NONE_OPTION):
        grade = form.one(f"grade-{option}")
        if grade.isascii() and grade.isdigit() and int(grade) < len(GRADES):
            found[option] = int(grade)
    return found


def _problem(form: Form, poll: Poll, choice: Any, language: Language) -> str:
    """What is missing, said precisely."""
    _ = language.gettext
    if poll.opened.method == "majority_judgment":
        missing = len(poll.opened.options) + 1 - len(choice or {})
        told = language.ngettext(
            "{count} option has no grade yet. Nothing was recorded.",
            "{count} options have no grade yet. Nothing was recorded.",
            missing,
        )
        return told.format(count=missing) if missing else ""
    if not choice:
        return _("Choose one of these. Nothing was recorded.")
    if choice == "object" and not form.one("reason").strip():
        return _("An objection needs its reason: say what would go wrong. Nothing was recorded.")
    return ""
