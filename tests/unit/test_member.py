"""Names and roles: what people would read as the same name is the same name, and nothing invisible gets in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from affouage.assembly.member import NAME_MAX, Role, check_language, check_name, fold_name, read_role
from affouage.errors import BadRequest


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Odile", "Odile"),
        ("  Jean   Valjean ", "Jean Valjean"),
        ("E\u0301lodie", "Élodie"),
        ("Marie\u00a0Curie", "Marie Curie"),
        ("山田", "山田"),
        ("O'Neil-Le Goff 2", "O'Neil-Le Goff 2"),
    ],
)
def test_names_are_kept_as_people_write_them(typed: str, kept: str) -> None:
    assert check_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "...",
        "\u0301",
        "a\0b",
        "a\nb",
        "a\tb",
        "a\u202eb",  # turns the reading round
        "a\u200bb",  # takes no room
        "a\ud800b",
        "a\u2028b",
        "a" * (NAME_MAX + 1),
        "a" * 10_000_000,
        "commons",
        "Affouage",
        "COMMÔNS",
    ],
)
def test_what_cannot_be_a_name(typed: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        check_name(typed)
    assert refusal.value.remedy
    assert refusal.value.param == "name"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Élodie", "elodie"), ("STRASSE", "Straße"), ("Cœur", "coeur"), ("Jean  Valjean", "jean valjean"), ("ﬁn", "fin")],
)
def test_names_people_read_as_the_same(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@seed(20261122)
@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(), max_size=70))
def test_any_text_is_a_clean_name_or_a_clear_refusal(typed: str) -> None:
    try:
        name = check_name(typed)
    except BadRequest:
        return
    assert 1 <= len(name) <= NAME_MAX
    assert name == unicodedata.normalize("NFC", name)
    assert check_name(name) == name, "what is kept can be typed again"
    name.encode("utf-8")
    assert fold_name(fold_name(name)) == fold_name(name) == fold_name(typed)


def test_roles_are_in_order_and_the_commons_is_nobody() -> None:
    assert Role.OPERATOR.at_least(Role.STEWARD)
    assert Role.STEWARD.at_least(Role.MEMBER)
    assert not Role.MEMBER.at_least(Role.STEWARD)
    assert not Role.COMMONS.at_least(Role.MEMBER)
    assert read_role("steward") is Role.STEWARD
    for text in ("commons", "admin", "", "Member", "\ud800"):
        with pytest.raises(BadRequest):
            read_role(text)


def test_languages() -> None:
    assert check_language("fr") == "fr"
    with pytest.raises(BadRequest):
        check_language("\ud800")
