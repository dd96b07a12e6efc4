"""The machine of a proposal: what is due when, and what stands after any run of events."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.decisions import agenda
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.agenda import Due, due
from affouage.assembly.decisions.electorate import Roll, by_college, digest, electors
from affouage.assembly.decisions.events import Choice, RuleChange
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.proposal import PASSAGES
from affouage.assembly.decisions.state import AssemblyState, Happened, fold
from affouage.assembly.member import Member, Role
from affouage.assembly.rules.governance import (
    PROFILES,
    GovernanceRules,
    Profile,
    check_governance,
    in_one_sitting,
    profile,
)
from affouage.errors import RuleRefused

MIN = 60_000
DAY = 24 * 60 * MIN
QUICK = Profile(deliberation_min=10, notice_min=5, voting_min=20, contest_min=30, second_quorum_percent=0)
RULES = GovernanceRules(ordinary=QUICK, support_days=3)


def a_change(area: str = "hours", **values: object) -> RuleChange:
    return RuleChange(area=area, base_version=0, patch=Patch(set=dict(values)))


def drafted(number: int, about: ev.AnySubject, author: str = "odile") -> list[ev.Event]:
    new = ev.Drafted(id=number, author=author, title="t", reason="r", about=about, profile="ordinary")
    return [new, ev.Submitted(id=number)]


def opened(number: int, proposals: tuple[int, ...], at_ms: int, **more: object) -> ev.PollOpened:
    fields = {
        "id": number,
        "proposals": proposals,
        "method": "majority",
        "options": agenda.YES_NO,
        "profile": QUICK,
        "governance_version": 0,
        "electors": {"": 3},
        "electorate_sha256": "",
        "opens_ms": at_ms,
        "closes_ms": at_ms + 20 * MIN,
        "secrecy": "open",
        "quorum_percent": 50,
    }
    return ev.PollOpened(**{**fields, **more})  # type: ignore[arg-type]


def closed(number: int, outcome: str = "adopted") -> ev.PollClosed:
    return ev.PollClosed(id=number, outcome=outcome, count={}, ballots_sha256="")


def after(*events: ev.Event, at_ms: int = 0, base: AssemblyState | None = None) -> AssemblyState:
    base = base or fold([Happened(1, 0, ev.Founded())])
    return fold([Happened(base.seq + n, at_ms, event) for n, event in enumerate(events, 1)], base)


def test_a_proposal_goes_its_way_by_time_alone() -> None:
    state = after(*drafted(1, a_change(x=1)))
    assert due(state, RULES, 0) == Due("pass", 1, "deliberation", "supported")
    state = after(ev.Advanced(id=1, to="deliberation", cause="supported"), base=state)
    assert due(state, RULES, 10 * MIN - 1) is None
    assert due(state, RULES, 10 * MIN) == Due("pass", 1, "frozen", "deliberated")
    state = after(ev.Advanced(id=1, to="frozen", cause="deliberated"), at_ms=10 * MIN, base=state)
    assert due(state, RULES, 15 * MIN) == Due("open", 1, cause="first")
    state = after(opened(1, (1,), 15 * MIN), at_ms=15 * MIN, base=state)
    assert due(state, RULES, 35 * MIN - 1) is None
    assert due(state, RULES, 35 * MIN) == Due("close", 1)
    state = after(closed(1), ev.Advanced(id=1, to="adopted", cause="adopted"), at_ms=35 * MIN, base=state)
    assert due(state, RULES, 65 * MIN - 1) is None
    assert due(state, RULES, 65 * MIN) == Due("enact", 1)
    done = ev.Enacted(id=1, area="hours", version=1, in_force_ms=70 * MIN, content_sha256="")
    state = after(done, at_ms=65 * MIN, base=state)
    assert due(state, RULES, 70 * MIN - 1) is None
    assert due(state, RULES, 70 * MIN) == Due("in_force", 1)


def test_without_cosigners_it_lapses() -> None:
    rules = msgspec.structs.replace(RULES, ordinary=msgspec.structs.replace(QUICK, cosigners=2))
    state = after(*drafted(1, a_change(x=1)))
    assert due(state, rules, 3 * DAY - 1) is None
    assert due(state, rules, 3 * DAY) == Due("pass", 1, "lapsed", "no_support")
    signed = after(ev.Cosigned(id=1, member_id="ali"), ev.Cosigned(id=1, member_id="bea"), base=state)
    assert due(signed, rules, 0) == Due("pass", 1, "deliberation", "supported")


def _voted(outcome: str, **more: object) -> AssemblyState:
    to = {"adopted": "adopted", "no_quorum": "no_quorum"}.get(outcome, "rejected")
    passed = [ev.Advanced(id=1, to=one, cause="") for one in ("deliberation", "frozen")]
    state = after(*drafted(1, a_change(x=1)), *passed)
    return after(opened(1, (1,), 0, **more), closed(1, outcome), ev.Advanced(id=1, to=to, cause=""), base=state)


def test_without_quorum_there_is_one_second_convocation() -> None:
    state = _voted("no_quorum")
    assert due(state, RULES, DAY - 1) is None
    assert due(state, RULES, DAY) == Due("open", 1, cause="second")
    again = after(
        opened(2, (1,), DAY, round=2),
        closed(2, "no_quorum"),
        ev.Advanced(id=1, to="no_quorum", cause=""),
        at_ms=DAY,
        base=state,
    )
    assert due(again, RULES, DAY) == Due("pass", 1, "rejected", "no_quorum")
    none = _voted("no_quorum", profile=msgspec.structs.replace(QUICK, second_quorum_percent=-1))
    assert due(none, RULES, 0) == Due("pass", 1, "rejected", "no_quorum")


def test_contested_once_it_is_voted_again_and_not_twice() -> None:
    state = _voted("adopted")
    for who in ("ali", "bea", "eve"):
        assert due(state, RULES, 0) is None
        state = after(ev.Contested(id=1, member_id=who, reason="r"), base=state)
    assert due(state, RULES, 0) == Due("pass", 1, "frozen", "contested")
    state = after(ev.Advanced(id=1, to="frozen", cause="contested"), opened(2, (1,), 0), closed(2), base=state)
    state = after(ev.Advanced(id=1, to="adopted", cause="adopted"), base=state)
    assert state.proposals[1].contests == ()
    for who in ("ali", "bea", "eve"):
        state = after(ev.Contested(id=1, member_id=who, reason="r"), base=state)
    assert due(state, RULES, 30 * MIN) == Due("enact", 1)


def test_rivals_go_to_the_same_vote() -> None:
    events = [*drafted(1, a_change(x=1)), *drafted(2, a_change(x=2)), *drafted(3, a_change(y=1))]
    passed = [ev.Advanced(id=n, to=to, cause="") for n in (1, 2, 3) for to in ("deliberation", "frozen")]
    state = after(*events, *passed)
    together = agenda.rivals(state, state.proposals[1])
    assert [one.id for one in together] == [1, 2]
    assert agenda.question(together, QUICK, 10, 15) == ("majority_judgment", ("1", "2"))
    assert [one.id for one in agenda.rivals(state, state.proposals[3])] == [3]


def test_consent_is_for_small_groups_and_without_objection() -> None:
    consent = Profile(method="consent")
    state = after(*drafted(1, a_change(x=1)), *drafted(2, Choice(options=("a", "b"))))
    one = state.proposals[1]
    assert agenda.question([one], consent, 15, 15) == ("consent", agenda.CONSENT)
    assert agenda.question([one], consent, 16, 15) == ("majority", agenda.YES_NO)
    objected = msgspec.structs.replace(one, force_majority=True)
    assert agenda.question([objected], consent, 5, 15) == ("majority", agenda.YES_NO)
    assert agenda.question([state.proposals[2]], QUICK, 5, 15) == ("majority_judgment", ("0", "1"))


@given(st.lists(st.sampled_from(sorted(PASSAGES)), max_size=8))
def test_nothing_passes_where_the_machine_has_no_passage(way: list[str]) -> None:
    state = after(*drafted(1, a_change(x=1)))
    for to in way:
        event = ev.Advanced(id=1, to=to, cause="")
        if to in PASSAGES[state.proposals[1].state]:
            state = after(event, base=state)
            assert state.proposals[1].state == to
        else:
            with pytest.raises(ValueError, match="cannot pass"):
                after(event, base=state)


def test_the_same_events_give_the_same_state_at_once_or_one_by_one() -> None:
    events = [*drafted(1, a_change(x=1)), ev.Cosigned(id=1, member_id="ali"), *drafted(2, a_change(x=2))]
    happened = [Happened(n, n * MIN, event) for n, event in enumerate(events, 1)]
    whole = fold(happened)
    step = AssemblyState()
    for one in happened:
        step = fold([one], step)
    assert step == whole
    again = [Happened(one.seq, one.at_ms, ev.read(one.event.kind, ev.write(one.event))) for one in happened]
    assert fold(again) == whole, "as it is read back"


def test_a_fold_leaves_what_it_started_from_alone() -> None:
    state = after(*drafted(1, a_change(x=1)))
    before = msgspec.to_builtins(state.proposals)
    after(ev.Advanced(id=1, to="withdrawn", cause="author"), base=state)
    assert msgspec.to_builtins(state.proposals) == before


def test_a_later_change_of_the_same_place_puts_an_end_to_the_earlier() -> None:
    state = AssemblyState()
    passed = ("deliberation", "frozen")
    for number, about in ((1, a_change(x=1)), (2, a_change(y=1)), (3, a_change(x=3))):
        events: list[ev.Event] = [*drafted(number, about), *(ev.Advanced(id=number, to=t, cause="") for t in passed)]
        events += [opened(number, (number,), 0), closed(number), ev.Advanced(id=number, to="adopted", cause="")]
        events.append(ev.Enacted(id=number, area="hours", version=number, in_force_ms=0, content_sha256=""))
        events.append(ev.Advanced(id=number, to="in_force", cause="its_day"))
        state = after(*events, base=state)
    assert [one.state for one in state.proposals.values()] == ["superseded", "in_force", "in_force"]


# -- who votes -------------------------------------------------------------------------------------------------------


def a_member(name: str, role: Role = Role.MEMBER, since_ms: int = 0, left_ms: int | None = None) -> Member:
    return Member(name, name, role, "fr", since_ms, left_ms)


def test_the_roll_of_a_vote() -> None:
    people = (
        a_member("ali"),
        a_member("bea", Role.OPERATOR),
        a_member("commons", Role.COMMONS),
        a_member("gone", left_ms=5),
        a_member("new", since_ms=8 * DAY),
        a_member("public"),
    )
    roll = Roll(members=people, standing={"public": ("", False)}, days_before_voting=3)
    assert [one.member_id for one in electors(roll, {}, 10 * DAY)] == ["ali", "bea"]
    assert [one.member_id for one in electors(roll, {}, 11 * DAY, but=("ali",))] == ["bea", "new"]
    colleges = msgspec.structs.replace(roll, standing={"ali": ("users", True), "bea": ("elsewhere", True)})
    found = electors(colleges, {"users": 50, "workers": 50}, 10 * DAY)
    assert by_college(found) == {"users": 1}
    assert digest(found) != digest(electors(roll, {}, 10 * DAY))


# -- thresholds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        GovernanceRules(ordinary=Profile(threshold="1/3")),
        GovernanceRules(ordinary=Profile(threshold="deux tiers")),
        GovernanceRules(ordinary=Profile(quorum_percent=101)),
        GovernanceRules(ordinary=Profile(voting_min=0)),
        GovernanceRules(ordinary=Profile(quorum_percent=10, second_quorum_percent=20)),
        GovernanceRules(ordinary=Profile(method="consent", secrecy="detached")),
        GovernanceRules(entrenched=Profile()),
        GovernanceRules(emergency_days=15),
        GovernanceRules(proxies_most=4),
        GovernanceRules(consent_most_members=16),
        GovernanceRules(colleges={"users": 60, "workers": 40}),
        GovernanceRules(colleges={"users": 50, "workers": 40}),
        GovernanceRules(colleges={"Les usagers": 50, "workers": 50}),
    ],
)
def test_thresholds_by_which_nothing_or_anything_could_be_decided_are_refused(wrong: GovernanceRules) -> None:
    with pytest.raises(RuleRefused):
        check_governance(wrong)


def test_the_defaults_can_be_applied() -> None:
    check_governance(GovernanceRules())
    check_governance(RULES)


def test_in_one_sitting_nothing_waits_but_the_vote_and_the_thresholds_stay() -> None:
    quick = in_one_sitting(GovernanceRules())
    check_governance(quick)
    for name in PROFILES:
        before, after = profile(GovernanceRules(), name), profile(quick, name)
        assert (after.deliberation_min, after.notice_min, after.contest_min) == (0, 0, 0)
        assert (after.threshold, after.quorum_percent, after.method) == (
            before.threshold,
            before.quorum_percent,
            before.method,
        )
