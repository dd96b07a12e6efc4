"""Whether a node is here: properties of the pure state machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affouage.pool.nodes.presence import DEAD_US, DUPLICATE_US, LATE_US, STRAGGLER_US, Presence

SECOND = 1_000_000


def test_heard_each_second_it_is_here() -> None:
    presence = Presence()
    assert presence.state(0) == "absent"
    assert presence.heard("r_1", 0) == "came"
    for second in range(1, 60):
        assert presence.heard("r_1", second * SECOND) == "same"
        assert presence.state(second * SECOND + SECOND) == "here"


def test_silent_it_is_late_then_absent_then_back() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    assert presence.state(LATE_US) == "here"
    assert presence.state(LATE_US + 1) == "late"
    assert presence.state(DEAD_US) == "late"
    assert presence.state(DEAD_US + 1) == "absent"
    assert presence.heard("r_1", 60 * SECOND) == "same"
    assert presence.state(60 * SECOND) == "here"


def test_gone_by_the_brokers_word_until_heard_again() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    presence.gone()
    assert presence.state(1) == "absent"
    assert presence.silent_us(1) is None
    assert presence.heard("r_1", SECOND) == "came"
    assert presence.state(SECOND) == "here"


def test_started_again_is_no_duplicate() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    assert presence.heard("r_2", SECOND) == "restarted"
    assert presence.heard("r_1", SECOND + STRAGGLER_US) == "straggler", "sent just before it stopped"
    for second in range(2, 30):
        assert presence.heard("r_2", second * SECOND) == "same"
        assert not presence.duplicate(second * SECOND)


def test_two_that_speak_in_turn_are_two() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    presence.heard("r_2", SECOND // 2)
    for turn in range(2, 20):
        assert presence.heard(f"r_{1 + turn % 2}", turn * SECOND // 2) == "duplicate"
    last_us = 19 * SECOND // 2
    assert presence.duplicate(last_us + DUPLICATE_US)
    assert not presence.duplicate(last_us + DUPLICATE_US + 1), "one of them has stopped"


def test_a_machine_that_came_back_from_another_start_long_after_is_no_duplicate() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    presence.heard("r_2", SECOND)
    assert presence.heard("r_1", SECOND + DUPLICATE_US + 1) == "restarted"


def test_what_we_could_not_hear_is_forgiven_and_no_more() -> None:
    presence = Presence()
    presence.heard("r_1", 0)
    presence.forgive(10 * SECOND, 2 * SECOND)
    assert presence.silent_us(2 * SECOND) == 0, "never heard in the future"
    assert presence.state(2 * SECOND + DEAD_US + 1) == "absent"


steps = st.lists(
    st.tuples(
        st.integers(-SECOND, 5 * SECOND),
        st.sampled_from(["r_1", "r_2", "r_3", "gone", "forgive", "look"]),
    ),
    max_size=40,
)


@given(steps)
def test_whatever_happens_its_answers_agree(moves: list[tuple[int, str]]) -> None:
    presence, now_us, newest_us = Presence(), 0, 0
    for passed_us, what in moves:
        now_us += passed_us  # a clock may even be put back
        newest_us = max(newest_us, now_us)
        if what == "gone":
            presence.gone()
            assert presence.state(now_us) == "absent"
        elif what == "forgive":
            presence.forgive(abs(passed_us), now_us)
        elif what != "look":
            before = presence.run
            news = presence.heard(what, now_us)
            assert (news == "straggler") == (presence.run != what)
            assert (news in ("came", "same")) == (before in ("", what))
            assert news == "straggler" or presence.state(now_us) == "here"
            assert news != "duplicate" or presence.duplicate(now_us)
        silent_us = presence.silent_us(now_us)
        assert silent_us is None or 0 <= silent_us <= newest_us
        expected = "absent" if silent_us is None or silent_us > DEAD_US else "late" if silent_us > LATE_US else "here"
        assert presence.state(now_us) == expected


@given(st.lists(st.integers(1, 60 * SECOND), min_size=2, max_size=30))
def test_one_machine_alone_is_never_a_duplicate_however_often_it_starts(pauses: list[int]) -> None:
    presence, now_us = Presence(), 0
    for start, pause in enumerate(pauses):
        for _ in range(3):
            now_us += pause
            assert presence.heard(f"r_{start}", now_us) != "duplicate"
            assert not presence.duplicate(now_us)
