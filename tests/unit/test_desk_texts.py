"""Texts of the desk: cleaned and bounded, measured as they say, digested as they leave."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest, RuleRefused
from affouage.workshops.desk import texts
from affouage.workshops.desk.rules import BOUNDS, DeskRules, check_desk, loosens
from affouage.workshops.desk.shapes import Letter, Source

WORDS = st.lists(st.sampled_from(("le", "la", "pas", "86", "euros", ".", ",")), max_size=12).map(" ".join)


def naive(one: list[str], other: list[str]) -> int:
    @lru_cache(None)
    def far(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(far(i - 1, j) + 1, far(i, j - 1) + 1, far(i - 1, j - 1) + (one[i - 1] != other[j - 1]))

    return far(len(one), len(other))


@given(WORDS, WORDS)
def test_words_changed_is_the_distance_of_levenshtein(one: str, other: str) -> None:
    assert texts.words_changed(one, other) == naive(one.split(), other.split())


def test_long_texts_are_compared_at_once() -> None:
    one, other = "mot " * 3_000, "mot " * 1_500 + "autre " * 1_500
    assert texts.words_changed(one, other) == 1_500


@given(st.text(max_size=300))
def test_cleaning_is_done_once_and_leaves_nothing_unseen(text: str) -> None:
    once = texts.clean(text)
    assert texts.clean(once) == once
    assert not {"\x00", "\x1b", "\u202e", "\r"} & set(once)
    once.encode()  # no lone surrogate


def test_a_question_is_a_question() -> None:
    assert texts.check_question("  Où  aller ?\r\n") == "Où  aller ?"
    for nothing in ("", "  \n", "?!", "\x00"):
        with pytest.raises(BadRequest) as empty:
            texts.check_question(nothing)
        assert empty.value.code == "desk_question_empty"
    for long in ("a" * 2_001, "a" * 20_000):
        with pytest.raises(BadRequest) as refusal:
            texts.check_question(long)
        assert refusal.value.code == "desk_question_long"


@pytest.mark.parametrize("check", [texts.check_answer, texts.check_reason, texts.check_words, texts.check_contact])
def test_other_texts_have_their_bounds_too(check: object) -> None:
    with pytest.raises(BadRequest):
        check("a" * 30_000)  # type: ignore[operator]
    assert texts.check_words("") == texts.check_contact("") == ""
    for code, empty in (("desk_answer", texts.check_answer), ("desk_reason", texts.check_reason)):
        with pytest.raises(BadRequest) as refusal:
            empty("  ")
        assert refusal.value.code == code


def test_a_letter_is_digested_whole() -> None:
    source = Source(title="T", url="u", day=None, source="s", licence="l", old=False)
    letters = [
        Letter(text="Oui.", language="fr"),
        Letter(text="Oui.", language="en"),
        Letter(text="Oui.", language="fr", sources=(source,)),
        Letter(text="Oui.", language="fr", signed="Ali"),
    ]
    digests = {texts.digest(texts.letter_body(one)) for one in letters}
    assert len(digests) == 4
    assert all(len(one) == 64 for one in digests)


def test_the_rule_has_bounds_and_says_what_loosens_it() -> None:
    check_desk(DeskRules())
    for name, bound in BOUNDS.items():
        for wrong in (bound.least - 1, bound.most + 1):
            with pytest.raises(RuleRefused):
                check_desk(msgspec.structs.replace(DeskRules(), **{name: wrong}))
    assert loosens(DeskRules(), DeskRules(items_per_hour=60))
    assert loosens(DeskRules(), DeskRules(blind_percent=0))
    assert loosens(DeskRules(clerks="mandated"), DeskRules())
    assert not loosens(DeskRules(), DeskRules(clerks="mandated", items_per_hour=5, blind_percent=20, public_open=True))
