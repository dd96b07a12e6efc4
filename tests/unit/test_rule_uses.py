"""The charter of refused uses: readable in two minutes, in both languages; a scale that is proportionate and ends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from affouage.assembly.rules.uses import (
    CHARTER,
    LONGEST_SUSPENSION_DAYS,
    READING_WORDS,
    RefusedUse,
    SanctionStep,
    UsesRules,
    check_uses,
    lines_for,
)
from affouage.errors import RuleRefused

LINE = RefusedUse(id="one", sentence_fr="Une phrase entière.", sentence_en="A whole sentence.")
WARN = SanctionStep(kind="warning", days=30)


def test_the_default_charter_is_read_in_two_minutes_and_covers_what_was_asked() -> None:
    rules = UsesRules()
    check_uses(rules)
    for language in ("fr", "en"):
        text = " ".join((rules.preamble(language), *(one.in_language(language) for one in rules.refused)))
        assert len(text.split()) <= READING_WORDS // 2
    needed = {"danger", "hatred", "military", "surveillance", "hidden-replacement", "rights", "emotions"}
    assert needed <= {one.id for one in CHARTER}
    assert rules.line("military") in CHARTER
    assert rules.line("nothing") is None
    said = " ".join(one.sentence_fr for one in CHARTER)
    for word in ("racistes", "armée", "Surveiller", "en cachette", "droits", "émotions", "élève"):
        assert word in said


def test_every_sanction_ends_and_each_step_goes_further() -> None:
    scale = UsesRules().scale
    assert [one.kind for one in scale] == ["warning", "slower", "suspended", "suspended"]
    assert all(0 < one.days <= 365 for one in scale)
    assert max(one.days for one in scale if one.kind == "suspended") <= LONGEST_SUSPENSION_DAYS


def test_a_line_may_hold_in_some_workshops_only() -> None:
    here = msgspec.structs.replace(LINE, id="two", workshops=("desk",))
    rules = UsesRules(refused=(LINE, here))
    assert lines_for(rules) == (LINE,)
    assert lines_for(rules, "desk") == (LINE, here)
    assert lines_for(rules, "explain") == (LINE,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"refused": (LINE, LINE)}, "uses_id"),
        ({"refused": (msgspec.structs.replace(LINE, id="É"),)}, "uses_id"),
        ({"refused": (msgspec.structs.replace(LINE, sentence_en=""),)}, "uses_sentence"),
        ({"refused": (msgspec.structs.replace(LINE, sentence_fr="x" * 401),)}, "uses_sentence"),
        ({"refused": (msgspec.structs.replace(LINE, sentence_fr="Une phrase\u200b cachée."),)}, "uses_unseen"),
        ({"refused": (msgspec.structs.replace(LINE, workshops=("a b",)),)}, "uses_workshop"),
        ({"refused": tuple(msgspec.structs.replace(LINE, id=f"l{n}") for n in range(21))}, "uses_many"),
        (
            {
                "refused": tuple(
                    msgspec.structs.replace(LINE, id=f"l{n}", sentence_fr="un " * 99 + "un") for n in range(6)
                )
            },
            "uses_long",
        ),
        ({"scale": ()}, "uses_scale"),
        ({"scale": (SanctionStep(kind="suspended", days=1),)}, "uses_scale"),
        ({"scale": (WARN, SanctionStep(kind="suspended", days=1), WARN)}, "uses_order"),
        (
            {"scale": (WARN, SanctionStep(kind="suspended", days=30), SanctionStep(kind="suspended", days=7))},
            "uses_order",
        ),
        ({"scale": (WARN, SanctionStep(kind="suspended", days=91))}, "uses_amount"),
        ({"scale": (WARN, SanctionStep(kind="slower", days=7, percent=100))}, "uses_amount"),
        ({"scale": (SanctionStep(kind="warning", days=30, percent=50),)}, "uses_amount"),
        ({"panel_size": 4}, "uses_panel"),
        ({"panel_size": 9}, "uses_amount"),
        ({"appeal_days": 0}, "uses_amount"),
        ({"moderators": 0}, "uses_amount"),
    ],
)
def test_what_cannot_be_enacted(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_uses(msgspec.structs.replace(UsesRules(), **change))
    assert refused.value.code == code
    assert refused.value.remedy
