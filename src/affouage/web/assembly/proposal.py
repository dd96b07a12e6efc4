"""A proposal: where it stands, what it changes, what people say of it, and what each one may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.proposal import BEFORE_VOTE, Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.drafting import TEXT_MOST
from affouage.errors import BadRequest, NotFound, RuleRefused
from affouage.web import sentences
from affouage.web.assembly import subjects, words
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.names import Names, names
from affouage.web.assembly.overview import me, number_of, outcome_words
from affouage.web.assembly.preview import Deciding, deciding
from affouage.web.assembly.steps import Next, Step, following, steps
from affouage.web.assembly.subjects import Change
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.language import Language
from affouage.web.pages import Page
from affouage.web.site import see_other

SIDES = ("for", "against", "question")


@dataclass(frozen=True)
class Said:
    """An argument or a question, with its answers."""

    number: int
    who: str
    text: str
    at_ms: int
    answers: tuple[Said, ...] = ()


@dataclass(frozen=True)
class AmendmentRow:
    """Another wording. ``accepted`` None: its author has not answered yet."""

    number: int
    who: str
    reason: str
    at_ms: int
    accepted: bool | None
    change: Change | None


@dataclass(frozen=True)
class PollLink:
    """A vote on this proposal. ``outcome``: "" while it is open; ``left``: how long is left then."""

    id: int
    round: int
    outcome: str
    left: str
    closes_ms: int


@dataclass(frozen=True)
class May:
    """What the reader may do now."""

    submit: bool = False
    cosign: bool = False
    argue: bool = False
    amend: bool = False
    answer: bool = False
    withdraw: bool = False
    contest: bool = False
    rebase: bool = False
    repeal: bool = False

    @property
    def anything(self) -> bool:
        return any((self.submit, self.cosign, self.amend, self.withdraw, self.contest, self.rebase, self.repeal))


@dataclass(frozen=True)
class ProposalPage(Page):
    """``over``: it is decided, or dropped. ``typed``: what was typed in a form that was not taken; ``problem``: (which
    form, why)."""

    template: ClassVar[str] = "proposal.html"
    number: int
    title: str
    author: str
    mine: bool
    created_ms: int
    about: str
    reason: str
    change: Change | None
    over: bool
    options: tuple[str, ...]
    state: str
    means: str
    next: Next | None
    steps: tuple[Step, ...]
    decided_by: Deciding
    effective_ms: int | None
    cosigners: tuple[str, ...]
    arguments: tuple[tuple[str, str, tuple[Said, ...]], ...]
    amendments: tuple[AmendmentRow, ...]
    contests: tuple[tuple[str, str], ...]
    polls: tuple[PollLink, ...]
    may: May
    text_most: int
    notice: str
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    problem: tuple[str, str] = ("", "")


def open_door(door: Door) -> None:
    door.page("/assembly/proposals/{n}", one, Policy.MEMBER)
    for name, room in _ACTS.items():
        door.page(f"/assembly/proposals/{{n}}/{name}", _act(name, room), Policy.MEMBER, post=True)


async def one(visit: Visit) -> Response:
    return await shown(visit, _notice(visit.query("done"), visit.language))


async def shown(
    visit: Visit, notice: str = "", typed: dict[str, str] | None = None, problem: tuple[str, str] = ("", "")
) -> Response:
    commons, language, who = visit.commons, visit.language, me(visit)
    state, now_ms = await commons.assembly.state(), commons.clock.now_ms()
    proposal = state.proposals.get(number_of(visit.part("n")))
    if proposal is None or (proposal.state == "draft" and proposal.author != who.id):
        raise NotFound("There is no such proposal.", remedy="See the assembly's page.", code="proposal_not_found")
    known = await names(commons, language)
    rules = commons.charter.in_force("governance").value
    may_vote = [await commons.assembly.may_vote(who, poll) for poll in proposal.polls[-1:]]
    page = ProposalPage(
        number=proposal.id,
        title=subjects.title_of(proposal, language),
        author=known.of(proposal.author),
        mine=proposal.author == who.id,
        created_ms=proposal.created_ms,
        about=subjects.about_words(proposal.about, state, known, language),
        reason=proposal.reason,
        change=await change_of(visit, proposal, proposal.patch),
        over=not proposal.open,
        options=proposal.about.options if isinstance(proposal.about, ev.Choice) else (),
        state=words.say(words.STATES, proposal.state, language),
        means=words.say(words.STATES_MEAN, proposal.state, language) if proposal.state in words.STATES_MEAN else "",
        next=following(proposal, state, rules, language),
        steps=steps(proposal, language),
        decided_by=deciding(visit, proposal.profile, proposal.about, state.poll_of(proposal)),
        effective_ms=proposal.effective_ms,
        cosigners=tuple(known.of(member) for member in proposal.cosigners),
        arguments=arguments(proposal, known, language),
        amendments=tuple(await amendment_rows(visit, proposal, known)),
        contests=tuple((known.of(member), reason) for member, reason in proposal.contests),
        polls=tuple(poll_links(proposal, state, now_ms, language)),
        may=may(proposal, who.id, elector=any(may_vote)),
        text_most=TEXT_MOST,
        notice=notice,
        typed=typed or {},
        problem=problem,
    )
    return visit.site.page(visit.request.scope, page, status=400 if problem[1] else 200)


async def change_of(visit: Visit, proposal: Proposal, patch: Patch | None) -> Change | None:
    """What a patch makes of the rule it was written on; None when it changes no rule, or one that is no more."""
    about = proposal.about
    if not isinstance(about, ev.RuleChange | ev.Ratification) or patch is None:
        return None
    assembly = visit.commons.assembly
    try:
        before = await assembly.look(lambda house: house.document_of(about.area, about.base_version))
        area = assembly.areas[about.area]
        return subjects.change(area, before, patches.apply(before, patch), FieldWords(visit.language), visit.language)
    except (NotFound, RuleRefused):
        return None


def arguments(proposal: Proposal, known: Names, language: Language) -> tuple[tuple[str, str, tuple[Said, ...]], ...]:
    """(side, its title, what was said) for, against, then questions with their answers."""
    _ = language.gettext
    titles = {"for": _("For"), "against": _("Against"), "question": _("Questions")}

    def said(side: str, answers: int | None = None) -> tuple[Said, ...]:
        return tuple(
            Said(one.number, known.of(one.member_id), one.text, one.at_ms, said("answer", one.number))
            for one in proposal.arguments
            if one.side == side and one.answers == answers
        )

    return tuple((side, titles[side], said(side)) for side in SIDES)


async def amendment_rows(visit: Visit, proposal: Proposal, known: Names) -> list[AmendmentRow]:
    return [
        AmendmentRow(
            number=one.number,
            who=known.of(one.member_id),
            reason=one.reason,
            at_ms=one.at_ms,
            accepted=one.accepted,
            change=await change_of(visit, proposal, one.patch),
        )
        for one in proposal.amendments
    ]


def poll_links(proposal: Proposal, state: AssemblyState, now_ms: int, language: Language) -> list[PollLink]:
    return [
        PollLink(
            id=number,
            round=state.polls[number].opened.round,
            outcome=outcome_words(state.polls[number], language),
            left=words.left(state.polls[number].opened.closes_ms - now_ms, language),
            closes_ms=state.polls[number].opened.closes_ms,
        )
        for number in proposal.polls
    ]


def may(proposal: Proposal, member_id: str, *, elector: bool) -> May:
    """``elector``: of its last vote."""
    mine = proposal.author == member_id
    being_written = proposal.state in ("support", "deliberation")
    is_rule = isinstance(proposal.about, ev.RuleChange)
    contested = any(member == member_id for member, _ in proposal.contests)
    before = any(cause == "contested" for _, _, cause in proposal.history)
    return May(
        submit=mine and proposal.state == "draft",
        cosign=proposal.state == "support" and not mine and member_id not in proposal.cosigners,
        argue=being_written,
        amend=being_written and is_rule,
        answer=mine and being_written,
        withdraw=mine and proposal.state in BEFORE_VOTE,
        contest=proposal.state == "adopted" and elector and not contested and not before,
        rebase=mine and proposal.state == "needs_rebase" and is_rule,
        repeal=proposal.state == "in_force" and proposal.version is not None,
    )


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "proposed": _("Your proposal is submitted."),
        "drafted": _("It is kept as a draft: you alone see it among the proposals, until you submit it."),
        "draft": _("Your draft is kept. Nobody else sees it until you submit it."),
        "submit": _("Your proposal is submitted."),
        "cosign": _("You support this proposal."),
        "argue": _("What you wrote is here."),
        "amend": _("Your wording is here. It counts only if the author accepts it."),
        "answer": _("Your answer to that wording is recorded."),
        "withdraw": _("The proposal is withdrawn."),
        "contest": _("Your contest is recorded, with its reason."),
        "rebase": _("The change is put on the rule of today. It goes to the vote."),
    }.get(done, "")


# -- acting -------------------------------------------------------------------------------------------------------

Act = Callable[[Visit, int, Form], Awaitable[None]]


def _act(name: str, act: Act) -> Callable[[Visit], Awaitable[Response]]:
    """Do it and show the proposal; what is mistyped comes back in its form."""

    async def room(visit: Visit) -> Response:
        form = await visit.form()
        number = number_of(visit.part("n"))
        try:
            await act(visit, number, form)
        except BadRequest as wrong:
            message, remedy = sentences.explain(wrong, visit.language)
            typed = {key: form.one(key) for key in ("text", "side", "reason", "answers")}
            which = f"answer-{form.one('answers')}" if form.one("answers") else name
            return await shown(visit, typed=typed, problem=(which, f"{message} {remedy}"))
        return see_other(f"/assembly/proposals/{number}?done={name}#main")

    return room


async def _cosign(visit: Visit, number: int, form: Form) -> None:
    await visit.commons.assembly.cosign(me(visit), number)


async def _submit(visit: Visit, number: int, form: Form) -> None:
    await visit.commons.assembly.submit(me(visit), number)


async def _argue(visit: Visit, number: int, form: Form) -> None:
    side, answers = form.one("side"), form.one("answers")
    if answers:
        await visit.commons.assembly.argue(me(visit), number, "answer", form.one("text"), number_of(answers))
        return
    await visit.commons.assembly.argue(me(visit), number, side, form.one("text"))


async def _answer(visit: Visit, number: int, form: Form) -> None:
    accepted = form.one("accepted") == "yes"
    await visit.commons.assembly.answer_amendment(
        me(visit), number, number_of(form.one("amendment")), accepted=accepted
    )


async def _withdraw(visit: Visit, number: int, form: Form) -> None:
    if not form.ticked("sure"):
        raise BadRequest("Withdrawing was not confirmed.", remedy="Tick the box.", code="not_confirmed")
    await visit.commons.assembly.withdraw(me(visit), number)


async def _contest(visit: Visit, number: int, form: Form) -> None:
    await visit.commons.assembly.contest(me(visit), number, form.one("reason"))


_ACTS: dict[str, Act] = {
    "submit": _submit,
    "cosign": _cosign,
    "argue": _argue,
    "answer": _answer,
    "withdraw": _withdraw,
    "contest": _contest,
}
