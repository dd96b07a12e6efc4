"""What members do with proposals before and after their vote. Each function checks, then gives the events. Pure but for
what it is passed: the state, the house, the roll of the moment.
"""

from __future__ import annotations

from typing import Any, NoReturn

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.electorate import by_college
from affouage.assembly.decisions.events import AnySubject, Event, RuleChange
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.proposal import BEFORE_VOTE, Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.house import House
from affouage.assembly.member import Member
from affouage.assembly.rules.governance import FEWEST_SECRET, profile
from affouage.assembly.rules.mandates import days_of
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound, RuleRefused

TITLE_MOST = 120
TEXT_MOST = 2000
ARGUMENTS_MOST = 200
"""On one proposal: deliberation is kept short."""
ARGUMENTS_EACH = 10
OPEN_MOST = 20
"""Open proposals of one member."""
OPTIONS_MOST = 12
YEAR_DAYS = 366


def found(state: AssemblyState, number: int) -> Proposal:
    """Raises NotFound."""
    if number not in state.proposals:
        raise NotFound(
            f"There is no proposal n° {number}.", remedy="See the assembly's page.", code="proposal_not_found"
        )
    return state.proposals[number]


def rule_change(house: House, area_name: str, document: dict[str, Any], repeals: int | None = None) -> RuleChange:
    """From the rule as it would be, to the change that makes it so. Raises RuleRefused when nothing changes."""
    area = house.area(area_name)
    before, version = house.newest(area_name)
    after = area.shape(area.checked(document))
    patch = patches.diff(before, after)
    if patch.empty:
        raise RuleRefused(
            "This is the rule that stands already: nothing would change.",
            remedy="Change at least one thing.",
            code="nothing_changes",
            param="area",
        )
    return RuleChange(area=area_name, base_version=version, patch=patch, repeals=repeals)


def repeal(house: House, one: Proposal) -> RuleChange:
    """The change that takes back what an enacted proposal changed, and nothing else."""
    about = one.about
    if one.state != "in_force" or not isinstance(about, RuleChange | ev.Ratification) or one.version is None:
        raise Conflict("Only what is in force can be repealed.", remedy="See what is in force.", code="not_in_force")
    before = house.document_of(about.area, one.version - 1)
    after = house.document_of(about.area, one.version)
    now, _ = house.newest(about.area)
    document = patches.merged(after, now, patches.diff(after, before))
    if document is None:
        raise Conflict(
            "The same places were changed again since.",
            remedy="Propose the rule you want instead.",
            code="repeal_changed_since",
        )
    return rule_change(house, about.area, document, repeals=one.id)


def draft(
    house: House,
    state: AssemblyState,
    who: Member,
    title: str,
    reason: str,
    about: AnySubject,
    effective_ms: int | None,
    now_ms: int,
) -> ev.Drafted:
    """Raises NotAllowed (not a proposer), RuleRefused, BadRequest, Conflict (too many open proposals)."""
    held = frozenset(one.scope for one in state.mandates.values() if one.member_id == who.id and one.holds(now_ms))
    _check_proposer(house, who, about, held)
    _check_subject(house, state, about, now_ms)
    mine = [one for one in state.proposals.values() if one.author == who.id and one.open]
    if len(mine) >= OPEN_MOST:
        raise Conflict(f"You have {len(mine)} open proposals.", remedy="Withdraw one first.", code="too_many_proposals")
    name = house.profile_for(about, now_ms)
    _check_secrecy(house, about, name, now_ms)
    if effective_ms is not None and effective_ms < now_ms:
        _bad("effective", "A rule cannot come into force in the past.", "Leave the date out, or give one to come.")
    return ev.Drafted(
        id=state.next_id(state.proposals),
        author=who.id,
        title=_words(title, TITLE_MOST, "title"),
        reason=_words(reason, TEXT_MOST, "reason"),
        about=about,
        profile=name,
        effective_ms=effective_ms,
    )


def _check_secrecy(house: House, about: AnySubject, name: str, now_ms: int) -> None:
    """Said now rather than after days of discussion: so few cannot vote in secret."""
    asked = profile(house.governance(now_ms)[0], name)
    groups = by_college(house.electors(about, now_ms)).values()
    if asked.secrecy == "detached" and min(groups, default=0) < FEWEST_SECRET:
        raise Conflict(
            f"This is voted on in secret, which takes {FEWEST_SECRET} voters at least.",
            remedy="Propose that votes on persons be open (rule governance, persons/secrecy), or wait for members.",
            code="too_few_for_secrecy",
            fewest=FEWEST_SECRET,
        )


def submit(state: AssemblyState, who: Member, number: int) -> ev.Submitted:
    one = _own(state, who, number)
    _in(one, {"draft"}, "It was submitted already.")
    return ev.Submitted(id=number)


def cosign(state: AssemblyState, who: Member, number: int) -> ev.Cosigned:
    one = found(state, number)
    _in(one, {"support"}, "This proposal is not looking for cosigners.")
    if who.id == one.author or who.id in one.cosigners:
        raise Conflict("You support it already.", remedy="Others can sign too.", code="cosigned_already")
    return ev.Cosigned(id=number, member_id=who.id)


def argue(state: AssemblyState, who: Member, number: int, side: Any, text: str, answers: int | None) -> ev.Argued:
    one = found(state, number)
    _in(one, {"support", "deliberation"}, "The deliberation is over.")
    if side not in ("for", "against", "question", "answer"):
        _bad("side", "An argument is for, against, a question or an answer.", "Choose one.")
    if (side == "answer") != (answers is not None):
        _bad("answers", "An answer answers a question.", "Say which one.")
    if answers is not None and not any(a.number == answers and a.side == "question" for a in one.arguments):
        _bad("answers", "There is no such question.", "See the questions of this proposal.")
    mine = sum(1 for a in one.arguments if a.member_id == who.id)
    if len(one.arguments) >= ARGUMENTS_MOST or mine >= ARGUMENTS_EACH:
        raise Conflict("Enough has been said.", remedy="The vote decides.", code="enough_said")
    return ev.Argued(
        id=number,
        number=len(one.arguments) + 1,
        side=side,
        member_id=who.id,
        text=_words(text, TEXT_MOST, "text"),
        answers=answers,
    )


def amend(
    house: House, state: AssemblyState, who: Member, number: int, document: dict[str, Any], reason: str
) -> ev.Amended:
    """``document``: the rule as it would be with the amendment."""
    one = found(state, number)
    _in(one, {"support", "deliberation"}, "The text is frozen.")
    if not isinstance(one.about, RuleChange):
        raise Conflict("Only a change of a rule can be amended.", remedy="Propose another.", code="not_amendable")
    base = house.document_of(one.about.area, one.about.base_version)
    area = house.area(one.about.area)
    patch: Patch = patches.diff(base, area.shape(area.checked(document)))
    if patch == one.about.patch:
        _bad("patch", "This is the proposal as it stands.", "Change at least one thing.")
    return ev.Amended(
        id=number,
        number=len(one.amendments) + 1,
        member_id=who.id,
        patch=patch,
        reason=_words(reason, TEXT_MOST, "reason"),
    )


def answer_amendment(
    house: House, state: AssemblyState, who: Member, number: int, amendment: int, accepted: bool
) -> ev.AmendmentAnswered:
    one = _own(state, who, number)
    _in(one, {"support", "deliberation"}, "The text is frozen.")
    known = next((a for a in one.amendments if a.number == amendment), None)
    if known is None or known.accepted is not None:
        raise NotFound("There is no such amendment to answer.", remedy="See the proposal.", code="no_amendment")
    assert isinstance(one.about, RuleChange)
    if accepted:
        base = house.document_of(one.about.area, one.about.base_version)
        house.area(one.about.area).checked(patches.apply(base, known.patch))
        if known.patch.empty:
            _bad("amendment", "It would change nothing.", "Withdraw the proposal instead.")
    return ev.AmendmentAnswered(id=number, number=amendment, accepted=accepted)


def withdraw(state: AssemblyState, who: Member, number: int) -> ev.Advanced:
    one = _own(state, who, number)
    _in(one, BEFORE_VOTE, "It is being voted on, or was.")
    return ev.Advanced(id=number, to="withdrawn", cause="author")


def contest(state: AssemblyState, electors: frozenset[str], who: Member, number: int, reason: str) -> ev.Contested:
    one = found(state, number)
    _in(one, {"adopted"}, "Only an adoption that has no effect yet can be contested.")
    if who.id not in electors:
        raise NotAllowed(
            "Only those who may vote on it may contest it.",
            remedy="Ask one of them, or propose something else.",
            code="not_elector",
        )
    if any(member == who.id for member, _ in one.contests):
        raise Conflict("You contest it already.", remedy="Others can too.", code="contested_already")
    return ev.Contested(id=number, member_id=who.id, reason=_words(reason, TEXT_MOST, "reason"))


def rebase(house: House, state: AssemblyState, who: Member, number: int, document: dict[str, Any]) -> list[Event]:
    """The author puts the change on the rule of today; it goes to the vote again."""
    one = _own(state, who, number)
    _in(one, {"needs_rebase"}, "Nothing has to be put right here.")
    if not isinstance(one.about, RuleChange):
        raise Conflict("This is no change of a rule.", remedy="Propose it anew.", code="not_amendable")
    about = rule_change(house, one.about.area, document, repeals=one.about.repeals)
    return [ev.Rebased(id=number, base_version=about.base_version, patch=about.patch)]


def _check_proposer(house: House, who: Member, about: AnySubject, held: frozenset[str]) -> None:
    """``held``: the mandates of whoever proposes."""
    if not isinstance(about, RuleChange):
        return
    proposers = house.area(about.area).proposers
    if "member" in proposers or who.role.value in proposers or held & set(proposers):
        return
    raise NotAllowed(
        f"To propose a change of this takes a mandate: {', '.join(proposers)}.",
        remedy="Ask one of them to propose it.",
        code="not_proposer",
    )


def _check_subject(house: House, state: AssemblyState, about: AnySubject, now_ms: int) -> None:
    match about:
        case RuleChange():
            house.changed(about)
        case ev.MandateGiven(scope=scope, days=days):
            most = days_of(house.in_force("mandates", now_ms)[0], scope)
            if not 1 <= days <= most:
                _bad("days", f"{days} days is no length for that mandate.", f"Give 1 to {most} days.")
        case ev.MandateTaken(mandate=number):
            known = state.mandates.get(number)
            if known is None or not known.holds(now_ms):
                _bad("mandate", "There is no such mandate now.", "See who holds one.")
        case ev.Choice(options=options):
            told = [" ".join(one.split()) for one in options]
            if not 2 <= len(told) <= OPTIONS_MOST or len(set(told)) < len(told) or not all(told):
                _bad("options", "A choice is among 2 to 12 different options.", "One a line.")
            if any(len(one) > TITLE_MOST for one in told):
                _bad("options", f"An option has at most {TITLE_MOST} characters.", "Shorten it.")
        case _:
            pass


def _own(state: AssemblyState, who: Member, number: int) -> Proposal:
    one = found(state, number)
    if one.author != who.id:
        raise NotAllowed("Only its author can do this.", remedy="Amend it, or propose another.", code="not_author")
    return one


def _in(one: Proposal, states: set[str] | frozenset[str], message: str) -> None:
    if one.state not in states:
        raise Conflict(message, remedy="See where the proposal stands.", code="wrong_state", state=one.state)


def _words(text: str, most: int, param: str) -> str:
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    text = text.encode("utf-8", "replace").decode()
    if not text or len(text) > most:
        _bad(
            param,
            "This is said in a few words." if not text else f"{len(text)} characters are too many.",
            f"1 to {most} characters.",
        )
    return text


def _bad(param: str, message: str, remedy: str) -> NoReturn:
    raise BadRequest(message, remedy=remedy, param=param, code=f"invalid_{param}")
