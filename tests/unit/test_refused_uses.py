"""Reports, sanctions and panels, decided without a database."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.refused_uses import decide, lot
from affouage.assembly.refused_uses.counts import FEWEST, OTHER, merged
from affouage.assembly.refused_uses.decide import TRANSITIONS, Event, Parties, Past, State
from affouage.assembly.refused_uses.terms import DAY_MS, Terms
from affouage.assembly.rules.uses import SanctionStep, UsesRules
from affouage.errors import BadRequest, Conflict, NotAllowed

TERMS = Terms(UsesRules(), version=3)
NOW = 1_790_000_000_000
OPINIONS = st.lists(st.sampled_from(["uphold", "overturn", None]), max_size=9)
IDS = st.sets(st.text("abcdef", min_size=1, max_size=4), max_size=40)


# -- states --------------------------------------------------------------------------------------------------------


@given(st.sampled_from(State), st.sampled_from(Event))
def test_only_declared_transitions_happen(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert decide.after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(Conflict) as refused:
            decide.after(state, event)
        assert refused.value.code == "report_state"


@given(OPINIONS)
def test_every_state_but_closed_ends_by_itself(opinions: list[decide.Opinion | None]) -> None:
    for state in (State.OPEN, State.DECIDED, State.APPEALED):
        assert decide.after(state, decide.lapse(state, opinions)) is State.CLOSED
        assert decide.due_ms(state, NOW, TERMS) > NOW


# -- who decides ---------------------------------------------------------------------------------------------------


def test_nobody_decides_without_a_mandate_or_about_themselves() -> None:
    parties = Parties("reporter", "subject")
    decide.check_moderator("other", parties, mandated=True)
    for who, mandated, code in (
        ("other", False, "no_mandate"),
        ("reporter", True, "judge_and_party"),
        ("subject", True, "judge_and_party"),
    ):
        with pytest.raises(NotAllowed) as refused:
            decide.check_moderator(who, parties, mandated=mandated)
        assert refused.value.code == code


def test_a_guard_model_flags_only_by_the_rule_that_names_it() -> None:
    decide.check_guard("garde", "garde")
    for model, admitted in (("garde", ""), ("", ""), ("autre", "garde")):
        with pytest.raises(NotAllowed):
            decide.check_guard(model, admitted)


def test_a_guard_model_never_decides() -> None:
    """It has no mandate, whatever it is called: only a member's mandate opens a decision."""
    with pytest.raises(NotAllowed) as refused:
        decide.check_moderator("garde", Parties(None, "subject"), mandated=False)
    assert refused.value.code == "no_mandate"


@pytest.mark.parametrize("reason", ["", "   ", "trop court", "x" * 2001])
def test_a_decision_gives_its_reasons(reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decide.check_reason(reason)
    assert refused.value.code == "reason_required"


# -- sanctions -----------------------------------------------------------------------------------------------------

PASTS = st.lists(
    st.builds(
        Past,
        st.sampled_from(["warning", "slower", "suspended"]),
        st.integers(NOW - 3 * 365 * DAY_MS, NOW),
        st.booleans(),
    ),
    max_size=12,
)


@given(PASTS)
def test_the_scale_is_climbed_one_step_for_each_sanction_remembered(history: list[Past]) -> None:
    remembered = [one for one in history if not one.lifted and one.from_ms > NOW - 365 * DAY_MS]
    step = decide.proposed(history, TERMS, NOW)
    assert step == TERMS.scale[min(len(remembered), len(TERMS.scale) - 1)]


@given(PASTS, st.sampled_from(["warning", "slower", "suspended", "nothing", "noted", "excluded", ""]))
def test_a_moderator_may_be_milder_than_the_scale_never_harsher(history: list[Past], outcome: str) -> None:
    step = decide.proposed(history, TERMS, NOW)
    assert step is not None
    try:
        given_step = decide.sanction_for(outcome, step, TERMS, somebody=True)
    except BadRequest:
        harsher = ["warning", "slower", "suspended"]
        assert outcome not in harsher or harsher.index(outcome) > harsher.index(step.kind)
        return
    if outcome in ("nothing", "noted"):
        assert given_step is None
    else:
        assert given_step is not None
        assert TERMS.scale.index(given_step) <= TERMS.scale.index(step)


def test_nobody_known_is_sanctioned_by_nothing() -> None:
    with pytest.raises(BadRequest):
        decide.sanction_for("warning", TERMS.scale[0], TERMS, somebody=False)


@given(st.integers(-5, 100_000))
def test_every_sanction_ends_within_a_year(days: int) -> None:
    ends = decide.ends_ms(SanctionStep(kind="suspended", days=days), NOW)
    assert NOW + DAY_MS <= ends <= NOW + 365 * DAY_MS


# -- the lot -------------------------------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), IDS, IDS, st.integers(0, 9))
def test_a_panel_is_reproducible_odd_and_never_holds_an_excluded_person(
    root: bytes, report: str, members: set[str], excluded: set[str], wanted: int
) -> None:
    eligible = lot.eligible_of(members, [*excluded, None])
    drawn = lot.panel(root, report, eligible, wanted)
    assert drawn == lot.panel(root, report, lot.eligible_of(sorted(members, reverse=True), excluded), wanted)
    assert not set(drawn) & excluded
    assert set(drawn) <= members
    assert len(set(drawn)) == len(drawn) <= wanted
    assert len(drawn) % 2 == 1 or not drawn
    assert bool(drawn) == (bool(eligible) and wanted > 0)


def test_the_lot_favours_nobody() -> None:
    """Of 20 members, 3 drawn 4000 times: 600 each, give or take five standard deviations (22.6)."""
    seen = Counter(place for number in range(4000) for place in lot.places(number.to_bytes(32, "big"), "rpt_a", 20, 3))
    assert len(seen) == 20
    assert all(abs(count - 600) < 115 for count in seen.values()), seen


def test_the_lot_as_a_stranger_would_draw_it() -> None:
    """Written anew from the words at the head of ``lot``."""
    import hashlib

    root, report = bytes(range(32)), "rpt_abcdefgh"
    digests = {
        hashlib.sha256(
            b"affouage panel\x00" + root + report.encode() + b"\x00" + place.to_bytes(8, "big")
        ).hexdigest(): (place)
        for place in range(50)
    }
    expected = sorted(digests[one] for one in sorted(digests)[:5])
    assert list(lot.places(root, report, 50, 5)) == expected


def test_another_root_or_report_draws_others() -> None:
    root, other = bytes(32), b"\x01" + bytes(31)
    assert lot.places(root, "rpt_a", 1000, 5) != lot.places(other, "rpt_a", 1000, 5)
    assert lot.places(root, "rpt_a", 1000, 5) != lot.places(root, "rpt_b", 1000, 5)


# -- the panel -----------------------------------------------------------------------------------------------------


@given(OPINIONS, st.booleans())
def test_the_majority_of_the_panel_decides_and_doubt_is_for_the_person(
    opinions: list[decide.Opinion | None], over: bool
) -> None:
    found = decide.verdict(opinions, over=over)
    upholding, overturning = opinions.count("uphold"), opinions.count("overturn")
    if found == "uphold":
        assert upholding > overturning
        assert 2 * upholding > len(opinions) or (over and 2 * (upholding + overturning) >= len(opinions))
    if found is None:
        assert not over
        assert None in opinions
    if over and upholding <= overturning:
        assert found == "overturn"


@given(OPINIONS, st.sampled_from(["uphold", "overturn"]))
def test_what_a_panel_decided_before_its_end_no_later_opinion_changes(
    opinions: list[decide.Opinion | None], late: decide.Opinion
) -> None:
    found = decide.verdict(opinions)
    if found is not None and None in opinions:
        opinions[opinions.index(None)] = late
        assert decide.verdict(opinions) == found
        assert decide.verdict(opinions, over=True) == found


# -- counts --------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["nothing", "warning", "noted"])), st.integers(1, 12)
    )
)
def test_counts_tell_no_group_of_fewer_than_five_even_by_subtraction(groups: dict[tuple[str, str], int]) -> None:
    told = merged("2026-11", groups)
    total = sum(groups.values())
    if total < FEWEST:
        assert told.rows == ()
        assert told.decisions == (None if total else 0)
        return
    assert told.decisions == total == sum(one.decisions for one in told.rows)
    assert all(one.decisions >= FEWEST for one in told.rows)
    for one in told.rows:
        assert one.line == OTHER or one.decisions == groups[one.line, one.outcome]
