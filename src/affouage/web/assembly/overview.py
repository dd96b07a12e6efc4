"""*L'assemblée*: what awaits my vote, what is in force and since which vote, what is proposed, who holds a mandate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly import mandate_book
from affouage.assembly.access import Policy
from affouage.assembly.charter import Charter, InForce, Version
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest
from affouage.web.assembly import subjects, words
from affouage.web.assembly.names import Names, names
from affouage.web.assembly.rule_sentences import rule_sentences
from affouage.web.deciders import decider
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.pages import Page
from affouage.web.site import see_other
from affouage.web.work.agenda import AgendaRow, agenda_rows

VERSIONS_SHOWN = 10
RESULTS_SHOWN = 6
ENDED_SHOWN = 12
GROUPS = ("voting", "deliberation", "support", "frozen", "no_quorum", "adopted", "needs_rebase", "scheduled", "draft")
"""Open proposals, what can still be acted upon first."""


@dataclass(frozen=True)
class PollRow:
    """An open vote. ``left``: how long, in words; ``mine``: whether I may vote and have not; ``cast``: I have."""

    id: int
    title: str
    left: str
    closes_ms: int
    mine: bool
    cast: bool


@dataclass(frozen=True)
class Since:
    """How a version of a rule came. ``proposal`` 0: not by a vote, but as ``seed`` says."""

    version: int
    since_ms: int
    proposal: int
    title: str
    to_come: bool
    seed: str


@dataclass(frozen=True)
class AreaRow:
    """A rule in force. ``since`` None: nobody decided it; ``suspended``: numbers of the measures that change it now."""

    area: str
    name: str
    sentences: tuple[str, ...]
    since: Since | None
    history: tuple[Since, ...]
    suspended: tuple[int, ...]


@dataclass(frozen=True)
class ProposalRow:
    """A proposal in a list."""

    id: int
    title: str
    about: str
    author: str
    since_ms: int
    arguments: int


@dataclass(frozen=True)
class Group:
    """Proposals that stand at the same point."""

    name: str
    means: str
    rows: tuple[ProposalRow, ...]


@dataclass(frozen=True)
class MandateRow:
    """Who holds what until when. ``proposal`` 0: of the founding."""

    id: int
    who: str
    scope: str
    until_ms: int
    proposal: int
    mine: bool


@dataclass(frozen=True)
class MeasureRow:
    """An emergency measure. ``ended``: why it is over, "" while it holds."""

    id: int
    what: str
    area: str
    reason: str
    who: str
    from_ms: int
    until_ms: int
    ratification: int
    mine: bool
    ended: str


@dataclass(frozen=True)
class ResultRow:
    """A vote that is over, or a proposal that ended without one."""

    poll: int
    title: str
    outcome: str
    closed_ms: int


@dataclass(frozen=True)
class Assembly(Page):
    """``may_found``: an operator before the founding; ``emergencies``: I hold that mandate; ``kept_on``: who goes on
    after the end of a mandate, nobody else being able to administer."""

    template: ClassVar[str] = "assembly.html"
    founded_ms: int | None
    may_found: bool
    agenda: tuple[AgendaRow, ...]
    polls: tuple[PollRow, ...]
    areas: tuple[AreaRow, ...]
    groups: tuple[Group, ...]
    mandates: tuple[MandateRow, ...]
    kept_on: tuple[str, ...]
    measures: tuple[MeasureRow, ...]
    results: tuple[ResultRow, ...]
    ended: tuple[ProposalRow, ...]
    proxies_held: int
    emergencies: bool
    notice: str


def open_door(door: Door) -> None:
    door.page("/assembly", everything, Policy.MEMBER)
    door.page("/assembly/mandates/{id}/resign", resign, Policy.MEMBER, post=True)
    door.page("/assembly/emergencies/{id}/lift", lift, Policy.MEMBER, post=True)


def me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


def number_of(text: str) -> int:
    """The number in an address; one that is none leads nowhere."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


async def everything(visit: Visit) -> Response:
    commons, language, who = visit.commons, visit.language, me(visit)
    assembly, charter = commons.assembly, commons.charter
    state, now_ms = await assembly.state(), commons.clock.now_ms()
    known = await names(commons, language)
    waiting = {one.id for one in await assembly.to_vote(who)}
    overdue = await commons.db.read(lambda connection: mandate_book.overdue(connection, now_ms))
    page = Assembly(
        founded_ms=state.founded_ms,
        may_found=not state.founded and who.role.at_least(Role.OPERATOR),
        agenda=agenda_rows(await commons.work.agenda(), language),
        polls=await open_polls(visit, state, waiting, now_ms),
        areas=tuple(area_row(charter, area, state, now_ms, language) for area in charter.areas),
        groups=tuple(groups(state, who, known, language)),
        mandates=mandate_rows(state, who, known, now_ms, language),
        kept_on=tuple(known.of(one.member_id) for one in overdue),
        measures=measure_rows(state, who, known, now_ms, language),
        results=result_rows(state, language),
        ended=ended_rows(state, known, language),
        proxies_held=len({one.giver for one in state.proxies_of(who.id, now_ms)}),
        emergencies=holds(state, who, "emergency", now_ms),
        notice=_notice(visit.query("done"), language),
    )
    return visit.site.page(visit.request.scope, page)


async def open_polls(visit: Visit, state: AssemblyState, waiting: set[int], now_ms: int) -> tuple[PollRow, ...]:
    """Open votes, those that await me first, then by their end."""
    rows = []
    for poll in state.polls.values():
        if poll.closed is not None or now_ms >= poll.opened.closes_ms:
            continue
        mine = poll.id in waiting
        rows.append(
            PollRow(
                id=poll.id,
                title=poll_title(poll, state, visit.language),
                left=words.left(poll.opened.closes_ms - now_ms, visit.language),
                closes_ms=poll.opened.closes_ms,
                mine=mine,
                cast=not mine and await visit.commons.assembly.may_vote(me(visit), poll.id),
            )
        )
    return tuple(sorted(rows, key=lambda one: (not one.mine, one.closes_ms)))


def poll_title(poll: Poll, state: AssemblyState, language: Language) -> str:
    """What is voted on."""
    titles = [subjects.title_of(state.proposals[number], language) for number in poll.opened.proposals]
    if len(titles) == 1:
        return titles[0]
    return language.gettext("One among: {titles}").format(titles=" / ".join(titles))


def area_row(charter: Charter, area: str, state: AssemblyState, now_ms: int, language: Language) -> AreaRow:
    rule: InForce = charter.in_force(area)
    history = charter.history(area)
    now = next((one for one in history if one.version == rule.version), None)
    return AreaRow(
        area=area,
        name=subjects.area_name(area, language),
        sentences=rule_sentences(charter.areas[area], rule.value, language),
        since=None if now is None else since(now, state, now_ms, language),
        history=tuple(since(one, state, now_ms, language) for one in history[:VERSIONS_SHOWN]),
        suspended=rule.suspended,
    )


def since(version: Version, state: AssemblyState, now_ms: int, language: Language) -> Since:
    number = version.proposal_id or 0
    proposal = state.proposals.get(number)
    return Since(
        version=version.version,
        since_ms=version.in_force_ms,
        proposal=number,
        title=subjects.title_of(proposal, language) if proposal else version.reason,
        to_come=version.in_force_ms > now_ms,
        seed="" if number else decider(version, language),
    )


def groups(state: AssemblyState, who: Member, known: Names, language: Language) -> list[Group]:
    """Open proposals by where they stand; drafts of others are theirs alone."""
    found = []
    for name in GROUPS:
        rows = [
            proposal_row(one, state, known, language)
            for one in state.proposals.values()
            if one.state == name and (name != "draft" or one.author == who.id)
        ]
        if rows:
            title, means = words.say(words.STATES, name, language), words.say(words.STATES_MEAN, name, language)
            found.append(Group(title, means, tuple(rows)))
    return found


def proposal_row(one: Proposal, state: AssemblyState, known: Names, language: Language) -> ProposalRow:
    return ProposalRow(
        id=one.id,
        title=subjects.title_of(one, language),
        about=subjects.about_words(one.about, state, known, language),
        author=known.of(one.author),
        since_ms=one.since_ms,
        arguments=len(one.arguments),
    )


def mandate_rows(
    state: AssemblyState, who: Member, known: Names, now_ms: int, language: Language
) -> tuple[MandateRow, ...]:
    held = [one for one in state.mandates.values() if one.holds(now_ms)]
    return tuple(
        MandateRow(
            id=one.id,
            who=known.of(one.member_id),
            scope=words.say(words.SCOPES, one.scope, language),
            until_ms=one.until_ms,
            proposal=one.proposal_id or 0,
            mine=one.member_id == who.id,
        )
        for one in sorted(held, key=lambda one: (one.scope, one.until_ms))
    )


def measure_rows(
    state: AssemblyState, who: Member, known: Names, now_ms: int, language: Language
) -> tuple[MeasureRow, ...]:
    """Those in force; those that are over are told on the page of their ratification."""
    return tuple(
        MeasureRow(
            id=number,
            what=words.say(words.MEASURES, one.event.measure, language),
            area=subjects.area_name(one.event.area, language),
            reason=one.event.reason,
            who=known.of(one.event.member_id),
            from_ms=one.event.from_ms,
            until_ms=one.event.until_ms,
            ratification=one.event.ratified_by,
            mine=one.event.member_id == who.id,
            ended=words.say(words.LIFTED, one.why, language) if one.why else "",
        )
        for number, one in state.emergencies.items()
        if one.active(now_ms)
    )


def result_rows(state: AssemblyState, language: Language) -> tuple[ResultRow, ...]:
    closed = [one for one in state.polls.values() if one.closed is not None]
    closed.sort(key=lambda one: (one.closed_ms or 0, one.id), reverse=True)
    return tuple(
        ResultRow(one.id, poll_title(one, state, language), outcome_words(one, language), one.closed_ms or 0)
        for one in closed[:RESULTS_SHOWN]
    )


def outcome_words(poll: Poll, language: Language) -> str:
    return words.say(words.OUTCOMES, poll.closed.outcome, language) if poll.closed else ""


def ended_rows(state: AssemblyState, known: Names, language: Language) -> tuple[ProposalRow, ...]:
    """The last proposals that are over, newest first."""
    over: Sequence[Proposal] = [
        one for one in state.proposals.values() if not one.open and one.state not in ("scheduled", "draft")
    ]
    newest = sorted(over, key=lambda one: (one.since_ms, one.id), reverse=True)[:ENDED_SHOWN]
    return tuple(
        ProposalRow(
            id=one.id,
            title=subjects.title_of(one, language),
            about=words.say(words.STATES, one.state, language) + ".",
            author=known.of(one.author),
            since_ms=one.since_ms,
            arguments=len(one.arguments),
        )
        for one in newest
    )


def holds(state: AssemblyState, who: Member, scope: str, now_ms: int) -> bool:
    return any(one.member_id == who.id and one.scope == scope and one.holds(now_ms) for one in state.mandates.values())


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "founded": _("The assembly is founded: from here on, members decide."),
        "resigned": _("You no longer hold that mandate."),
        "lifted": _("The measure is lifted."),
        "emergency": _("The measure is in force. The members are asked to confirm it or not."),
    }.get(done, "")


async def resign(visit: Visit) -> Response:
    form = await visit.form()
    if not form.ticked("sure"):
        raise BadRequest("Resigning was not confirmed.", remedy="Tick the box.", code="not_confirmed")
    await visit.commons.assembly.resign(me(visit), number_of(visit.part("id")))
    return see_other("/assembly?done=resigned")


async def lift(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.assembly.lift_emergency(me(visit), number_of(visit.part("id")))
    return see_other("/assembly?done=lifted")
