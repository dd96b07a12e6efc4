"""Proposed, voted, in force: the assembly on a real database, its rules read back as the server reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from affouage.assembly import roll
from affouage.assembly.area import Area
from affouage.assembly.assembly import Assembly
from affouage.assembly.charter import Charter
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.member import Role
from affouage.errors import BadRequest, Conflict, NotAllowed, RuleRefused
from affouage.footprint.budget import HoursRules
from affouage.rulebook import AREAS
from affouage.testing import ManualClock
from tests.integration.assembly_house import DAY, GOVERNANCE, MIN, NIGHT, QUICK, AssemblyHouse, assembly_house, refused


@pytest.fixture
def house(home: Path) -> Iterator[AssemblyHouse]:
    with assembly_house(home) as found:
        found.found()
        yield found


def test_proposed_voted_in_force_named_and_verifiable(house: AssemblyHouse) -> None:
    number = house.propose("hours", **NIGHT)
    assert house.charter.in_force("hours") == (HoursRules(), 0), "nothing changes by proposing"
    poll = house.to_vote(number)
    house.vote(poll, odile="for", ali="for", bea="against", chloe="abstain")
    assert house.later(19.9).polls[poll].closed is None
    house.later(0.2)
    closed = house.state.polls[poll].closed
    assert closed is not None
    assert (closed.outcome, closed.count["totals"]) == ("adopted", {"for": 2, "against": 1})
    assert house.charter.in_force("hours").version == 0, "there is time to contest"
    house.later(30)
    value, version = house.charter.in_force("hours")
    assert (value, version) == (HoursRules(**NIGHT), 1)
    told = house.charter.version("hours", 1)
    assert told is not None
    assert told.proposal_id == number
    assert house.problems() == []


def test_a_rejected_proposal_changes_nothing(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for", ali="against", bea="against")
    house.later(20)
    assert house.proposal(1).state == "rejected"
    house.later(60 * 24 * 10)
    assert house.charter.in_force("hours").version == 0
    assert house.problems() == []


def test_a_tie_is_a_rejection(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for", ali="against", bea="abstain")
    house.later(20)
    assert house.proposal(1).cause == "tie_rejected"


def test_without_quorum_a_second_convocation_decides_with_its_own(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for")
    house.later(20)
    assert house.proposal(1).state == "no_quorum"
    house.later(60 * 24)
    second = house.proposal(1).poll_id
    assert second not in (None, poll)
    assert house.state.polls[second or 0].opened.round == 2
    house.vote(second or 0, odile="for")
    house.later(20)
    assert house.proposal(1).state == "adopted"
    assert house.problems() == []


def test_one_may_change_ones_vote_until_it_closes_and_not_after(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for", ali="for", bea="for")
    house.vote(poll, odile="against", ali="against")
    assert house.run(house.assembly.my_ballot(house["ali"], poll)) == "against"
    house.later(20)
    closed = house.state.polls[poll].closed
    assert closed is not None
    assert closed.count["totals"] == {"for": 1, "against": 2}
    assert refused(lambda: house.vote(poll, bea="against")).code == "poll_closed"


def test_late_by_the_clock_is_late_even_before_anything_closed(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.clock.advance(ms=20 * MIN)
    assert refused(lambda: house.vote(poll, odile="for")).code == "poll_closed"


def test_only_those_on_the_roll_when_it_opened_vote(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.join("late")
    assert refused(lambda: house.vote(poll, late="for")).code == "not_elector"
    house.db.write_now(lambda c: c.execute(text("UPDATE member SET deactivated_ms = 1 WHERE name = 'Ali'")))
    assert refused(lambda: house.vote(poll, ali="for")).code == "member_deactivated"
    assert refused(lambda: house.vote(poll, odile="perhaps"), BadRequest).code == "invalid_ballot"
    assert refused(lambda: house.vote(99, odile="for")).code == "poll_not_found"


def test_somebody_only_invited_is_not_on_the_roll_of_votes_yet(house: AssemblyHouse) -> None:
    house.db.write_now(lambda c: roll.enter(c, "Invited", Role.MEMBER, "fr", house.clock.now_ms()))
    poll = house.to_vote(house.propose("hours", **NIGHT))
    assert house.state.polls[poll].opened.electors == {"": 5}


def test_proxies_are_few_written_and_revocable(house: AssemblyHouse) -> None:
    until = house.clock.now_ms() + 30 * DAY
    assembly = house.assembly
    house.run(assembly.give_proxy(house["ali"], house["odile"].id, until))
    house.run(assembly.give_proxy(house["bea"], house["odile"].id, until))
    third = refused(lambda: house.run(assembly.give_proxy(house["chloe"], house["odile"].id, until)), Conflict)
    assert third.code == "too_many_proxies"
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.run(assembly.cast(house["odile"], poll, "for", for_member=house["ali"].id))
    by_proxy = assembly.cast(house["dan"], poll, "for", for_member=house["ali"].id)
    assert refused(lambda: house.run(by_proxy), NotAllowed).code == "no_proxy"
    house.vote(poll, ali="against")
    again = assembly.cast(house["odile"], poll, "for", for_member=house["ali"].id)
    assert refused(lambda: house.run(again), Conflict).code == "voted_in_person"
    house.run(assembly.revoke_proxy(house["bea"]))
    revoked = assembly.cast(house["odile"], poll, "for", for_member=house["bea"].id)
    assert refused(lambda: house.run(revoked), NotAllowed).code == "no_proxy"
    house.later(20)
    assert house.problems() == []


def test_a_vote_may_end_when_everybody_has_voted(home: Path) -> None:
    with assembly_house(home, names="odile ali bea") as house:
        house.found(msgspec.structs.replace(GOVERNANCE, close_early=True))
        poll = house.to_vote(house.propose("hours", **NIGHT))
        house.vote(poll, odile="for", ali="for")
        assert house.state.polls[poll].closed is None
        house.vote(poll, bea="against")
        assert house.proposal(1).state == "adopted"
        assert house.problems() == []


def test_disjoint_changes_merge_and_others_go_back_to_the_vote(house: AssemblyHouse) -> None:
    first = house.propose("share", decode_weight=3)
    second = house.propose("share", prompt_weight=2)
    for poll in (house.to_vote(first), house.proposal(second).poll_id or 0):
        house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    value, version = house.charter.in_force("share")
    assert (value.decode_weight, value.prompt_weight, version) == (3, 2, 2), "the second is put upon the first"
    assert [one.state for one in house.state.proposals.values()] == ["in_force", "in_force"]
    assert house.problems() == []


def test_a_change_of_what_changed_meanwhile_is_put_right_by_its_author_and_voted(house: AssemblyHouse) -> None:
    first = house.propose("share", decode_weight=3)
    poll = house.to_vote(first)
    second = house.propose("share", decode_weight=4)
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    house.later(5)
    one = house.proposal(second)
    assert (one.state, one.cause) == ("needs_rebase", "needs_rebase")
    document = {**house.document("share"), "decode_weight": 5}
    house.run(house.assembly.rebase(house["odile"], second, document))
    assert house.proposal(second).state == "frozen"
    house.later(5)
    house.vote(house.proposal(second).poll_id or 0, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    assert house.charter.in_force("share").value.decode_weight == 5
    assert house.proposal(first).state == "superseded"
    assert house.problems() == []


def test_rivals_share_a_vote_and_one_or_none_wins(house: AssemblyHouse) -> None:
    first, second = house.propose("share", decode_weight=3), house.propose("share", who="ali", decode_weight=4)
    poll = house.to_vote(first)
    assert house.proposal(second).poll_id == poll
    assert house.state.polls[poll].opened.options == ("1", "2")
    bad = refused(lambda: house.vote(poll, bea={"1": 5}), BadRequest)
    assert bad.code == "invalid_ballot"
    assert refused(lambda: house.vote(poll, bea={"1": 6, "2": 0, "none": 0})).code == "invalid_ballot"
    likes_second = {"1": 1, "2": 5, "none": 0}
    house.vote(poll, odile={"1": 5, "2": 3, "none": 0}, ali=likes_second, bea=likes_second)
    house.later(20)
    assert [house.proposal(n).state for n in (first, second)] == ["rejected", "adopted"]
    house.later(30)
    assert house.charter.in_force("share").value.decode_weight == 4
    assert house.problems() == []


def test_none_of_these_can_win(house: AssemblyHouse) -> None:
    house.propose("share", decode_weight=3)
    house.propose("share", decode_weight=4)
    poll = house.to_vote(1)
    no = {"1": 1, "2": 1, "none": 5}
    house.vote(poll, odile=no, ali=no, bea=no)
    house.later(20)
    assert {one.state for one in house.state.proposals.values()} == {"rejected"}


def test_the_rules_of_votes_change_by_the_old_rule(house: AssemblyHouse) -> None:
    number = house.propose("governance", ordinary__quorum_percent=20)
    assert house.proposal(number).profile == "entrenched"
    poll = house.to_vote(number)
    house.vote(poll, odile="for", ali="for", bea="against", chloe="against")
    house.later(20)
    assert house.proposal(number).state == "rejected", "half is not two thirds"
    house.propose("governance", entrenched__threshold="1/2")
    poll = house.to_vote(2)
    house.vote(poll, odile="for", ali="for", bea="for", chloe="against")
    assert house.state.polls[poll].opened.profile.threshold == "2/3"
    house.later(20)
    assert house.proposal(2).state == "adopted"
    assert house.problems() == []


def test_what_takes_something_away_takes_the_reinforced_vote(house: AssemblyHouse) -> None:
    house.adopt("share", floors__desk=30)
    number = house.propose("share", floors__desk=10)
    assert house.proposal(number).profile == "reinforced"
    assert house.proposal(house.propose("share", floors__desk=40)).profile == "ordinary"


def test_contested_in_time_it_is_voted_again(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.run(house.assembly.contest(house["chloe"], 1, "Nobody told us"))
    assert refused(lambda: house.run(house.assembly.contest(house["chloe"], 1, "x"))).code == "contested_already"
    house.run(house.assembly.contest(house["dan"], 1, "Nor me"))
    assert house.proposal(1).state == "frozen"
    house.later(5)
    second = house.proposal(1).poll_id or 0
    assert second != poll
    house.vote(second, odile="against", ali="against", bea="for")
    house.later(20)
    assert house.proposal(1).state == "rejected"
    assert house.charter.in_force("hours").version == 0
    assert house.problems() == []


def test_consent_is_adopted_in_silence_and_an_objection_sends_it_to_a_vote(home: Path) -> None:
    consent = msgspec.structs.replace(QUICK, method="consent", quorum_percent=0)
    with assembly_house(home) as house:
        house.found(msgspec.structs.replace(GOVERNANCE, ordinary=consent))
        poll = house.to_vote(house.propose("hours", **NIGHT))
        assert house.state.polls[poll].opened.method == "consent"
        no_reason = house.assembly.cast(house["bea"], poll, "object")
        assert refused(lambda: house.run(no_reason), BadRequest).code == "invalid_ballot"
        house.vote(poll, bea="object")
        house.later(20)
        assert (house.proposal(1).state, house.proposal(1).cause) == ("frozen", "objection")
        house.later(5)
        second = house.proposal(1).poll_id or 0
        assert house.state.polls[second].opened.method == "majority"
        house.vote(second, odile="for", ali="for", bea="against")
        house.later(20)
        house.later(30)
        assert house.charter.in_force("hours").version == 1
        house.to_vote(house.propose("share", decode_weight=3))
        house.later(20)
        house.later(30)
        assert house.charter.in_force("share").version == 1, "nobody objected"
        assert house.problems() == []


def test_a_repeal_takes_back_what_was_changed_and_nothing_else(house: AssemblyHouse) -> None:
    first = house.adopt("share", decode_weight=3)
    house.adopt("share", prompt_weight=2)
    number = house.run(house.assembly.propose_repeal(house["ali"], first, "Back", "Too dear"))
    poll = house.to_vote(number)
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    value, _ = house.charter.in_force("share")
    assert (value.decode_weight, value.prompt_weight) == (2, 2)
    assert house.proposal(first).state == "repealed"
    assert house.problems() == []


def test_an_effect_at_a_date(house: AssemblyHouse) -> None:
    at_ms = house.clock.now_ms() + 5 * DAY
    document = {**house.document("hours"), **NIGHT}
    about = house.assembly.propose_rule(house["odile"], "Nights", "Quiet", "hours", document, effective_ms=at_ms)
    number = house.run(about)
    poll = house.to_vote(number)
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    assert house.proposal(number).state == "scheduled"
    assert house.charter.in_force("hours").version == 0
    assert house.charter.history("hours")[0].in_force_ms == at_ms, "in the log before it has any effect"
    house.later(5 * 24 * 60)
    assert house.proposal(number).state == "in_force"
    assert house.charter.in_force("hours").version == 1


def test_a_restart_at_any_moment_changes_nothing(house: AssemblyHouse) -> None:
    house.propose("hours", **NIGHT)
    for minutes in (10, 5):
        house.open()
        house.later(minutes)
    house.open()
    house.vote(1, odile="for", ali="for", bea="for")
    house.open()
    house.clock.advance(ms=3 * DAY)
    house.open()
    house.run(house.assembly.tick())
    house.run(house.assembly.tick())
    assert house.proposal(1).state == "adopted", "the time to contest begins when the result is known"
    house.open()
    house.later(30)
    assert house.charter.in_force("hours").version == 1
    assert house.problems() == []


def test_amended_withdrawn_and_out_of_bounds(house: AssemblyHouse) -> None:
    number = house.propose("hours", **NIGHT)
    house.later(1)
    house.run(house.assembly.argue(house["ali"], number, "against", "Night shifts"))
    house.run(house.assembly.argue(house["bea"], number, "question", "On Sundays too?"))
    house.run(house.assembly.argue(house["odile"], number, "answer", "Yes", answers=2))
    house.run(house.assembly.amend(house["ali"], number, {"closed_from": "01:00", "closed_until": "05:00"}, "Shorter"))
    mine = house.assembly.answer_amendment(house["ali"], number, 1, accepted=True)
    assert refused(lambda: house.run(mine), NotAllowed).code == "not_author"
    house.run(house.assembly.answer_amendment(house["odile"], number, 1, accepted=True))
    assert house.proposal(number).patch == Patch(set={"closed_from": "01:00", "closed_until": "05:00"})
    house.run(house.assembly.withdraw(house["odile"], number))
    assert house.proposal(number).state == "withdrawn"
    assert refused(lambda: house.propose("hours", closed_from="25:00"), RuleRefused)
    assert refused(lambda: house.propose("hours")).code == "nothing_changes"
    assert refused(lambda: house.propose("governance", entrenched__method="majority"), RuleRefused)
    assert house.problems() == []


def test_before_the_founding_nobody_votes_and_afterwards_nobody_decides_alone(home: Path) -> None:
    with assembly_house(home) as house:
        assert refused(lambda: house.propose("hours", **NIGHT), Conflict).code == "not_founded"
        house.run(house.charter.enact("hours", HoursRules(**NIGHT), "Odile", "First day"))
        house.found()
        again = refused(lambda: house.run(house.charter.enact("hours", HoursRules(), "Odile", "My way")))
        assert again.code == "assembly_decides"
        assert refused(lambda: house.found(), Conflict).code == "founded_already"
        assert house.problems() == []


class JumpingClock(ManualClock):
    """Somebody sets the time forward by mistake; ``jump_ms``."""

    jump_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.jump_ms


def test_a_clock_put_forward_by_mistake_and_put_right_closes_no_vote(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    clock = JumpingClock(house.clock.now_ms())
    house.clock = clock
    house.open()

    looks = asyncio.Queue[None]()
    real = house.assembly.state

    async def state() -> Any:
        looks.put_nowait(None)
        return await real()

    async def looked(times: int) -> None:
        """Wait until what is due was looked for so many times more."""
        while not looks.empty():
            looks.get_nowait()
        for _ in range(times):
            await looks.get()

    async def story() -> bool:
        house.assembly.state = state  # type: ignore[method-assign]  # counts the looks, and looks
        async with house.assembly.running(look_s=0):
            await looked(2)
            clock.jump_ms = 40 * MIN
            await looked(1)
            clock.jump_ms = 0
            await looked(3)
            still_open = (await real()).polls[poll].closed is None
            clock.jump_ms = 40 * MIN
            await looked(4)
            return still_open and (await real()).polls[poll].closed is not None

    assert house.run(story())


class WiderHours(HoursRules, frozen=True, kw_only=True):
    """The rule of another release, with a field that this one does not have."""

    on_sundays: bool = False


def test_a_rule_whose_form_changed_with_a_release_sends_its_proposals_back_to_be_put_right(home: Path) -> None:
    with assembly_house(home) as house:
        house.found()
        newer = Area(name="hours", kind=WiderHours, fields=())
        house.charter = Charter(house.db, house.clock, {**AREAS, "hours": newer})
        house.assembly = Assembly(house.db, house.clock, house.charter, house.charter.areas)
        number = house.propose("hours", **NIGHT, on_sundays=True)
        house.later(10)
        house.open()  # by the release that does not know Sundays
        house.later(5)
        one = house.proposal(number)
        assert (one.state, one.cause) == ("needs_rebase", "refused:rule_path")
        house.run(house.assembly.rebase(house["odile"], number, dict(NIGHT)))
        house.later(5)
        house.vote(house.proposal(number).poll_id or 0, odile="for", ali="for", bea="for")
        house.later(20)
        house.later(30)
        assert house.charter.in_force("hours").value == HoursRules(**NIGHT)
        assert house.problems() == []
