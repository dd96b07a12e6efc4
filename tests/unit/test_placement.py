"""Which free machine answers: the laws of ``choose``, on options nobody chose."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.chat import Message
from affouage.pool.placement import Option, PrefixMemory, choose, prefix_sha256

replace = msgspec.structs.replace
MEMBERS = ("", "m_a", "m_b")


@st.composite
def options(draw: st.DrawFn) -> list[Option]:
    ids = draw(st.lists(st.sampled_from(["", "n_a", "n_b", "n_c", "n_d", "n_e"]), unique=True, max_size=6))
    return [
        Option(
            key=(node_id, "m"),
            free=draw(st.integers(-1, 4)),
            slots=draw(st.integers(0, 4)),
            loaded=draw(st.booleans()),
            trust=draw(st.integers(0, 3)),
            owner_id=draw(st.sampled_from(MEMBERS)),
            owner_first=draw(st.booleans()),
            token_uj=draw(st.none() | st.integers(0, 5)),
            prefix_hits=draw(st.integers(0, 3)),
        )
        for node_id in ids
    ]


asked = {
    "member_id": st.sampled_from(MEMBERS),
    "reach": st.integers(0, 3),
    "avoid": st.frozensets(st.sampled_from(["", "n_a", "n_b"])),
}


def may_serve(one: Option, reach: int, avoid: frozenset[str]) -> bool:
    return one.free > 0 and one.trust <= reach and one.key[0] not in avoid


@given(options(), st.randoms(use_true_random=False), *asked.values())
def test_the_order_of_the_options_changes_nothing(
    given_options: list[Option], chance: random.Random, member_id: str, reach: int, avoid: frozenset[str]
) -> None:
    first = choose(given_options, member_id=member_id, reach=reach, avoid=avoid)
    shuffled = list(given_options)
    chance.shuffle(shuffled)
    assert choose(shuffled, member_id=member_id, reach=reach, avoid=avoid) == first


@given(options(), *asked.values())
def test_never_a_machine_that_may_not_and_always_one_when_any_may(
    given_options: list[Option], member_id: str, reach: int, avoid: frozenset[str]
) -> None:
    chosen = choose(given_options, member_id=member_id, reach=reach, avoid=avoid)
    if chosen is None:
        assert not any(may_serve(one, reach, avoid) for one in given_options)
    else:
        assert chosen in given_options
        assert may_serve(chosen, reach, avoid)


@given(options(), st.data(), *asked.values())
def test_a_warm_cache_never_keeps_a_free_machine_idle(
    given_options: list[Option], data: st.DataObject, member_id: str, reach: int, avoid: frozenset[str]
) -> None:
    """Whether somebody is served now does not depend on who has read what."""
    warmed = [replace(one, prefix_hits=data.draw(st.integers(0, 9))) for one in given_options]
    before = choose(given_options, member_id=member_id, reach=reach, avoid=avoid)
    after = choose(warmed, member_id=member_id, reach=reach, avoid=avoid)
    assert (before is None) == (after is None)


@given(options(), *asked.values())
def test_what_was_not_chosen_could_go_without_changing_the_choice(
    given_options: list[Option], member_id: str, reach: int, avoid: frozenset[str]
) -> None:
    chosen = choose(given_options, member_id=member_id, reach=reach, avoid=avoid)
    for left_out in given_options:
        if left_out is not chosen:
            fewer = [one for one in given_options if one is not left_out]
            assert choose(fewer, member_id=member_id, reach=reach, avoid=avoid) == chosen


PLAIN = Option(key=("n_b", "m"), free=1, slots=2, loaded=True, trust=2, token_uj=500)

BETTER = {
    "his own machine": {"owner_id": "m_a", "owner_first": True},
    "his own, and better than any other quality": {
        "owner_id": "m_a",
        "owner_first": True,
        "loaded": False,
        "trust": 3,
        "free": 1,
        "slots": 9,
        "token_uj": None,
    },
    "read there before": {"prefix_hits": 1},
    "read there before, though wider, busier and dearer": {
        "prefix_hits": 1,
        "trust": 3,
        "slots": 9,
        "token_uj": None,
    },
    "narrower": {"trust": 1},
    "narrower, though busier and dearer": {"trust": 1, "slots": 9, "token_uj": 9000},
    "less loaded": {"slots": 1},
    "less loaded, though dearer": {"slots": 1, "token_uj": None},
    "less energy": {"token_uj": 499},
    "nothing else than its name": {},
}


@pytest.mark.parametrize("better", BETTER.values(), ids=BETTER)
def test_each_criterion_decides_when_those_before_it_tie(better: dict[str, object]) -> None:
    key = ("n_z", "m") if better else ("n_a", "m")  # the name alone would lose
    best = replace(PLAIN, key=key, **better)
    assert choose([PLAIN, best], member_id="m_a", reach=3) == best


@pytest.mark.parametrize(
    "worse",
    [{"loaded": False, "prefix_hits": 3, "trust": 0, "slots": 1, "token_uj": 1}, {"token_uj": None}],
    ids=["must be loaded first", "energy unknown"],
)
def test_what_comes_last(worse: dict[str, object]) -> None:
    assert choose([PLAIN, replace(PLAIN, key=("n_a", "m"), **worse)], member_id="m_a", reach=3) == PLAIN


@pytest.mark.parametrize(
    ("member_id", "owner_id", "owner_first"), [("m_a", "m_b", True), ("m_a", "m_a", False), ("", "", True)]
)
def test_another_s_machine_is_a_machine_as_any_other(member_id: str, owner_id: str, owner_first: bool) -> None:
    its = replace(PLAIN, key=("n_z", "m"), owner_id=owner_id, owner_first=owner_first)
    assert choose([its, PLAIN], member_id=member_id, reach=3) == PLAIN


def said(*texts: str) -> list[Message]:
    roles = ("system", "user", "assistant", "user", "assistant", "user")
    return [Message(role, text) for role, text in zip(roles, texts, strict=False)]


def test_a_conversation_keeps_its_name_as_it_goes_on() -> None:
    first = prefix_sha256(said("Be brief.", "What is an affouage?"))
    assert first == prefix_sha256(said("Be brief.", "What is an affouage?", "A right to wood.", "Since when?"))
    assert first != prefix_sha256(said("Be brief.", "What is a commons?"))
    assert first != prefix_sha256(said("Be long.", "What is an affouage?"))
    assert prefix_sha256([Message("user", "ab"), Message("user", "c")]) != prefix_sha256([Message("user", "a")])


def test_what_has_no_question_has_no_name() -> None:
    memory = PrefixMemory()
    assert prefix_sha256([]) == prefix_sha256(said("Be brief.")) == ""
    memory.note(("n_a", "m"), "")
    assert memory.hits(("n_a", "m"), "") == 0


def test_who_served_last_has_read_most() -> None:
    memory, a, b = PrefixMemory(), ("n_a", "m"), ("n_b", "m")
    for key in (a, a, b):
        memory.note(key, "conversation")
    assert memory.hits(b, "conversation") == 2
    memory.note(b, "conversation")
    assert memory.hits(b, "conversation") == 3 > memory.hits(a, "conversation") == 2
    assert memory.hits(a, "another") == 0
    memory.forget("n_b")
    assert memory.hits(b, "conversation") == 0
    assert memory.hits(a, "conversation") == 2


def test_the_conversation_unused_for_longest_is_forgotten() -> None:
    memory, key = PrefixMemory(most=2), ("n_a", "m")
    for name in ("first", "second", "first", "third"):
        memory.note(key, name)
    assert [memory.hits(key, name) for name in ("first", "second", "third")] == [2, 0, 1]
