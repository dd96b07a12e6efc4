from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.card import load_cards
from affouage.catalogue.openness import AXES, Axis, AxisName, Level, Openness, level_word, missing, short_of
from tests.unit.catalogue_files import a_card

ORDER: list[Level] = ["unknown", "closed", "partial", "open"]
LEVELS = st.sampled_from(ORDER)
LEVELS_BY_AXIS = st.fixed_dictionaries(dict.fromkeys(AXES, LEVELS))
FLOORS = st.dictionaries(st.sampled_from(AXES), LEVELS)


def openness(levels: dict[AxisName, Level]) -> Openness:
    return Openness(**{name: Axis(level, "oui", "yes", "somewhere") for name, level in levels.items()})


@given(LEVELS_BY_AXIS)
def test_one_sentence_for_each_axis_that_is_not_open_and_none_else(levels: dict[AxisName, Level]) -> None:
    found = missing(a_card(openness=openness(levels)))
    assert len(found) == sum(level != "open" for level in levels.values())
    assert len({one.fr for one in found}) == len(found)
    assert all(one.fr != one.en and one.fr and one.en for one in found)


@given(LEVELS_BY_AXIS, st.sampled_from(AXES))
def test_opening_an_axis_takes_away_its_sentence_only(levels: dict[AxisName, Level], axis: AxisName) -> None:
    before = missing(a_card(openness=openness(levels)))
    after = missing(a_card(openness=openness({**levels, axis: "open"})))
    assert [one for one in before if one in after] == after
    assert len(before) - len(after) == (levels[axis] != "open")


@given(LEVELS_BY_AXIS, FLOORS, st.sampled_from(AXES))
def test_opening_an_axis_never_falls_below_a_floor(
    levels: dict[AxisName, Level], floor: dict[AxisName, Level], axis: AxisName
) -> None:
    before = short_of(openness(levels), floor)
    after = short_of(openness({**levels, axis: "open"}), floor)
    assert set(after) <= set(before)
    assert axis not in after


@given(LEVELS_BY_AXIS, FLOORS, st.sampled_from(AXES))
def test_a_lower_floor_never_excludes_more(
    levels: dict[AxisName, Level], floor: dict[AxisName, Level], axis: AxisName
) -> None:
    lower = {name: level for name, level in floor.items() if name != axis}
    assert set(short_of(openness(levels), lower)) <= set(short_of(openness(levels), floor))


def test_unknown_counts_for_no_more_than_closed() -> None:
    floor: dict[AxisName, Level] = {"training_data": "partial"}
    assert short_of(Openness(), floor) == ["training_data"]
    assert short_of(openness({"training_data": "closed"}), floor) == ["training_data"]
    assert short_of(openness({"training_data": "partial"}), floor) == []


def test_what_is_missing_from_the_starter_is_said_plainly() -> None:
    said = [one.fr for one in missing(load_cards(None)["qwen2.5-coder-1.5b-instruct"])]
    assert "données d'entraînement non publiées" in said
    assert "poids non publiés" not in said


def test_every_level_of_every_axis_has_its_words() -> None:
    for axis in AXES:
        words = {level_word(axis, level).fr for level in ORDER}
        assert len(words) == 4
