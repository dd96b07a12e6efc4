"""First rules by kind of collective: each is whole, votable, and worded in both languages."""

from __future__ import annotations

import pytest

from affouage.assembly.rules.governance import PROFILES, profile, threshold_of
from affouage.rulebook import AREAS, presets, words
from affouage.rulebook.presets import Preset

ALL = presets.read()


def test_the_five_there_are() -> None:
    assert set(ALL) == {"association_1901", "cooperative", "school", "town_hall", "informal"}


@pytest.mark.parametrize("preset", ALL.values(), ids=list(ALL))
def test_its_rules_can_be_enacted_and_say_how_the_members_decide(preset: Preset) -> None:
    values = preset.values()
    assert "governance" in values
    assert set(values) <= set(AREAS)
    for name, value in values.items():
        assert AREAS[name].checked_value(value) == value
        assert value != AREAS[name].default, "a preset says what differs"
    governance = values["governance"]
    for name in PROFILES:
        assert 0.5 <= threshold_of(profile(governance, name)) <= 1
    for text in (preset.name, preset.sentence):
        assert text.fr != text.en
        assert "'" not in text.fr + text.en


def test_colleges_have_their_words() -> None:
    for preset in ALL.values():
        for college in preset.values()["governance"].colleges:
            for language in ("fr", "en"):
                assert words.named("governance", college, language)
            assert words.named("governance", college, "fr") != college


def test_a_cooperative_has_three_colleges_none_with_the_majority() -> None:
    colleges = ALL["cooperative"].values()["governance"].colleges
    assert len(colleges) >= 3
    assert sum(colleges.values()) == 100
    assert max(colleges.values()) <= 50


def test_a_small_group_decides_in_days_and_openly() -> None:
    governance = ALL["informal"].values()["governance"]
    assert governance.ordinary.method == "consent"
    assert governance.persons.secrecy == "open"
    assert governance.ordinary.deliberation_min + governance.ordinary.voting_min <= 3 * 24 * 60
