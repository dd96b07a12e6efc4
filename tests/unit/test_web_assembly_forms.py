"""The form of a rule: every area, shown and sent back as it stands, is the same rule; what is typed badly is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.assembly.area import Area
from affouage.rulebook import AREAS
from affouage.rulebook.presets import read as presets
from affouage.web.assembly import rule_form
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.rule_sentences import rule_sentences
from affouage.web.assembly.rule_sheet import Input, Rows, Section, Sheet, Ticks
from affouage.web.assembly.subjects import change
from affouage.web.forms import Form
from affouage.web.language import language

LANGUAGES = ("fr", "en")
TYPED = st.sampled_from(
    ["", "-1", "0", "3", "2,5", "1e999", "nan", "x" * 3000, "23:00", "25:00", "é", "=", "a/b~c", "d", "h"]
)


def sheet(area: Area, code: str = "fr", document: dict[str, Any] | None = None) -> Sheet:
    now = area.shape(area.default) if document is None else document
    return Sheet(area, now, FieldWords(language(code)), language(code))


def inputs(one: Input) -> list[tuple[str, str]]:
    if one.kind == "flag":
        return [(one.name, "1")] if one.value else []
    return [(one.name, one.value), *([(f"{one.name}u", one.part)] if one.part else [])]


def pairs(sections: tuple[Section, ...]) -> list[tuple[str, str]]:
    """What a browser sends of the form as it is drawn."""
    found: list[tuple[str, str]] = []
    for section in sections:
        for item in section.items:
            if isinstance(item, Ticks):
                found += [(item.name, name) for name, _, on in item.ticks if on]
                found += [(f"{item.name}n", other) for other in item.others]
            elif isinstance(item, Rows):
                found.append((f"{item.name}.rows", str(len(item.rows))))
                for row in item.rows:
                    found += [(f"{row.name}.key", row.key), (f"{row.name}.name", row.words if not row.key else "")]
                    found += [pair for one in row.inputs for pair in inputs(one)]
            else:
                found += inputs(item)
    return found


def send(of: Sheet, document: dict[str, Any], **typed: str) -> tuple[dict[str, Any], dict[str, str]]:
    sent = [pair for pair in pairs(rule_form.sections(of, document)) if pair[0] not in typed]
    return rule_form.read(of, Form([*sent, *typed.items()]), document)


def lived_in() -> list[tuple[str, dict[str, Any]]]:
    """Every area as it comes, and as each preset makes it."""
    told = [(name, area.shape(area.default)) for name, area in AREAS.items()]
    for preset in presets().values():
        told += [(name, AREAS[name].shape(value)) for name, value in preset.values().items()]
    return told


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_form_sent_back_as_it_is_changes_nothing(code: str) -> None:
    for name, document in lived_in():
        area = AREAS[name]
        new, problems = send(sheet(area, code, document), document)
        assert (name, problems) == (name, {})
        assert area.shape(area.checked(new)) == document, name


@pytest.mark.parametrize("name", AREAS)
def test_every_field_has_its_words_its_value_and_what_stands(name: str) -> None:
    for code in LANGUAGES:
        of = sheet(AREAS[name], code)
        for section in rule_form.sections(of, of.now):
            for item in section.items:
                assert item.label
                assert "/" not in item.label.split(" ")[0], item.label
                if isinstance(item, Input):
                    assert item.now or item.kind == "long_text", item
                    assert item.kind not in ("choice", "fraction") or item.value in dict(item.options)


@pytest.mark.parametrize("name", AREAS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_is_typed_is_read_or_said_to_be_wrong(name: str, data: st.DataObject) -> None:
    of = sheet(AREAS[name])
    document = dict(of.now)
    drawn = dict(pairs(rule_form.sections(of, document)))
    keys = st.sampled_from([key for key in drawn if not key.endswith((".key", ".rows"))])
    changes = data.draw(st.dictionaries(keys, TYPED, max_size=6))
    typed = [*(drawn | changes).items()]
    form = Form(typed)
    new, problems = rule_form.read(of, form, document)
    assert isinstance(new, dict)
    shown = rule_form.sections(of, document, form, problems)
    assert rule_form.unplaced(problems, shown) == [], "each problem stands beside its field"
    again = dict(pairs(shown))
    flags = {f"f{place}" for place, one in enumerate(of.area.fields) if one.kind == "flag"}
    kept = {key: value for key, value in changes.items() if key.startswith("f") and key in again and key not in flags}
    assert {key: again[key] for key in kept} == kept, "nothing typed is lost"


def test_a_limit_is_added_changed_and_taken_away() -> None:
    area = AREAS["budget"]
    empty = area.shape(area.default)
    one, problems = send(
        sheet(area), empty, **{"m0.0.name": "workshop-month-kwh", "m0.0.more": "Écrire", "m0.0.0": "2,5"}
    )
    assert (one["limits"], problems) == ({"workshop-month-kwh=ecrire": 2.5}, {})
    changed, _ = send(sheet(area), one, **{"m0.0.0": "3"})
    assert changed["limits"] == {"workshop-month-kwh=ecrire": 3.0}
    gone, _ = send(sheet(area), one, **{"m0.0.gone": "1"})
    assert gone["limits"] == {}
    _, twice = send(
        sheet(area),
        one,
        **{"m0.1.name": "workshop-month-kwh", "m0.1.more": "ecrire", "m0.1.0": "4"},
    )
    assert list(twice) == ["m0.1"]
    _, nameless = send(sheet(area), empty, **{"m0.0.0": "4"})
    assert "m0.0" in nameless


def test_a_line_of_the_charter_keeps_what_the_form_does_not_show() -> None:
    area = AREAS["uses"]
    before = area.shape(area.default)
    place = next(i for i, one in enumerate(area.fields) if one.path.startswith("refused/"))
    after, problems = send(sheet(area), before, **{f"m{place}.0.0": "Aider à blesser quelqu’un, de près ou de loin."})
    assert problems == {}
    first = next(iter(before["refused"]))
    assert after["refused"][first]["sentence_fr"].startswith("Aider à blesser quelqu’un")
    assert after["refused"][first]["sentence_en"] == before["refused"][first]["sentence_en"]
    told = change(area, before, after, FieldWords(language("fr")), language("fr"))
    assert [line.after for line in told.lines] == ["Aider à blesser quelqu’un, de près ou de loin."]
    assert len(told.before) == len(told.after) == 1


def test_delays_are_read_in_the_unit_beside_them() -> None:
    area = AREAS["governance"]
    before = area.shape(area.default)
    place = next(i for i, one in enumerate(area.fields) if one.path == "ordinary/voting_min")
    after, _ = send(sheet(area), before, **{f"f{place}": "36", f"f{place}u": "h"})
    assert after["ordinary"]["voting_min"] == 36 * 60
    _, problems = send(sheet(area), before, **{f"f{place}": "91", f"f{place}u": "d"})
    assert list(problems) == [f"f{place}"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_rule_is_told_in_sentences(code: str) -> None:
    for name, document in lived_in():
        area = AREAS[name]
        told = rule_sentences(area, area.unshape(document), language(code))
        assert told, name
        assert all(one.strip() and "Rules(" not in one for one in told), name
