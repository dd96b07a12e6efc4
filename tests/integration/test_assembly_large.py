"""A large assembly, and any run of actions: what must hold whatever happens."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from affouage.assembly.decisions.state import fold
from affouage.assembly.event_book import since
from affouage.assembly.poll_count import judged
from affouage.assembly.polls import cast_ballots
from affouage.errors import AffouageError
from affouage.storage.tables import member, vote
from tests.integration.assembly_house import DAY, MIN, AssemblyHouse, assembly_house

CROWD = 2_000


def _join_crowd(house: AssemblyHouse) -> list[str]:
    names = [f"m{number:05}" for number in range(CROWD)]
    rows = [
        {
            "id": name,
            "name": name,
            "name_key": name,
            "role": "member",
            "language": "fr",
            "created_ms": 1,
            "password_hash": "a hash",
        }
        for name in names
    ]
    house.db.write_now(lambda c: c.execute(insert(member), rows))
    return names


def test_a_large_vote_is_counted_fast_and_each_ballot_enters_the_log(home: Path) -> None:
    with assembly_house(home) as house:
        house.found()
        names = _join_crowd(house)
        poll = house.to_vote(house.propose("hours", closed_from="23:00", closed_until="06:00"))
        choices = ("for", "against", "abstain", "for")
        rows = [
            {
                "poll_id": poll,
                "voter_id": name,
                "cast_by": name,
                "choice": f'"{choices[n % 4]}"',
                "reason": "",
                "at_ms": house.clock.now_ms(),
            }
            for n, name in enumerate(names)
        ]
        house.db.write_now(lambda c: c.execute(insert(vote), rows))
        opened = house.state.polls[poll]
        ballots = house.db.read_now(lambda c: cast_ballots(c, opened))
        began = time.process_time()
        found = judged(opened.opened, ballots)
        counting_s = time.process_time() - began
        began = time.process_time()
        house.later(20)
        closing_s = time.process_time() - began
        assert house.proposal(1).state == "adopted"
        assert found.told["totals"] == {"for": CROWD // 2, "against": CROWD // 4}
        print(f"{CROWD} ballots: counted in {counting_s:.3f} s; closed, each in the log, in {closing_s:.1f} s")
        assert counting_s < 0.2


_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("later"), st.sampled_from([1, 5, 10, 20, 30, 60 * 24])),
        st.tuples(st.just("propose"), st.integers(2, 4), st.sampled_from(["decode_weight", "prompt_weight"])),
        st.tuples(st.just("vote"), st.integers(0, 4), st.sampled_from(["for", "against", "abstain"])),
        st.tuples(st.just("contest"), st.integers(0, 4)),
        st.tuples(st.just("withdraw")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("proxy"), st.integers(0, 4), st.integers(0, 4)),
    ),
    max_size=25,
)


def _do(house: AssemblyHouse, action: tuple[Any, ...]) -> None:
    names = list(house.people)
    assembly, state = house.assembly, house.state
    polls = [one for one in state.polls.values() if one.closed is None]
    match action:
        case ("later", minutes):
            house.later(minutes)
        case ("propose", value, field):
            house.propose("share", **{field: value})
        case ("vote", who, choice):
            for poll in polls:
                grades = dict.fromkeys((*poll.opened.options, "none"), 5 if choice == "for" else 1)
                told = choice if poll.opened.method == "majority" else {**grades, "none": 2}
                house.run(assembly.cast(house[names[who]], poll.id, told))
        case ("contest", who):
            for one in state.proposals.values():
                if one.state == "adopted":
                    house.run(assembly.contest(house[names[who]], one.id, "No"))
        case ("withdraw",):
            for one in state.proposals.values():
                house.run(assembly.withdraw(house["odile"], one.id))
        case ("restart",):
            house.open()
        case ("proxy", giver, holder):
            until_ms = house.clock.now_ms() + DAY
            house.run(assembly.give_proxy(house[names[giver]], house[names[holder]].id, until_ms))


@settings(max_examples=12)
@given(_ACTIONS)
def test_whatever_members_do_what_stands_follows_from_the_votes(actions: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, assembly_house(Path(folder) / "home") as house:
        house.found()
        for action in actions:
            with suppress(AffouageError):  # refused, with a reason
                _do(house, action)
        state = house.state
        happened = house.db.read_now(lambda c: since(c, 0))
        assert msgspec.to_builtins(fold(happened)) == msgspec.to_builtins(state), "replayed, the same stands"
        for poll in state.polls.values():
            ballots = house.db.read_now(lambda c, poll=poll: cast_ballots(c, poll))
            assert len(ballots) <= sum(poll.opened.electors.values())
        assert house.charter.in_force("share").version == sum(
            1 for one in state.proposals.values() if one.state in ("in_force", "superseded")
        )
        assert house.problems() == []


def test_the_time_to_vote_is_what_the_rule_says(home: Path) -> None:
    with assembly_house(home) as house:
        house.found()
        poll = house.to_vote(house.propose("share", decode_weight=3))
        opened = house.state.polls[poll].opened
        assert opened.closes_ms - opened.opens_ms == 20 * MIN
        with pytest.raises(AffouageError):
            house.run(house.assembly.ballots(poll))
