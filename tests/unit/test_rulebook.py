"""Every rule area: described, worded, within its bounds, changed by paths that do not collide."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import fields as fields_of
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.area import Area, Field, FieldKind
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.member import PERSONS
from affouage.assembly.rules.governance import PROFILES
from affouage.assembly.rules.mandates import SCOPES
from affouage.catalogue.openness import Say
from affouage.errors import RuleRefused
from affouage.footprint.budget import BudgetRules, Limit
from affouage.pool.share_rules import ShareRules
from affouage.rulebook import AREAS, LOWERABLE, lowerings, words
from affouage.settings import CommonsSettings, SafetySettings, Settings

EXPECTED = {
    *("budget", "hours", "pot", "share", "confidentiality", "models", "prefixes", "uses", "retention"),
    *("membership", "mandates", "governance", "machines", "desk", "training"),
}
EVERY_FIELD = [(area, one) for area in AREAS.values() for one in area.fields]
names_of = [f"{area.name}:{one.path}" for area, one in EVERY_FIELD]


def test_the_areas_there_are() -> None:
    assert set(AREAS) == EXPECTED
    assert all(name == area.name for name, area in AREAS.items())
    assert [name for name, area in AREAS.items() if area.entrenched] == ["governance"]


@pytest.mark.parametrize("area", AREAS.values(), ids=list(AREAS))
def test_the_default_is_a_rule_that_comes_back_from_its_document(area: Area) -> None:
    document = area.shape(area.default)
    assert area.checked(document) == area.default
    assert area.checked_value(area.default) == area.default
    assert area.shape(area.unshape(document)) == document
    assert area.read(msgspec.json.encode(area.default)) == area.default


@pytest.mark.parametrize("area", AREAS.values(), ids=list(AREAS))
def test_who_proposes_and_by_which_votes(area: Area) -> None:
    assert {area.profile, area.lowering_profile} <= set(PROFILES)
    assert set(area.proposers) <= {*(role.value for role in PERSONS), *SCOPES}
    assert area.profile_of(area.default, area.default) == ("entrenched" if area.entrenched else area.profile)


@pytest.mark.parametrize("area", AREAS.values(), ids=list(AREAS))
def test_every_part_of_the_type_is_described_and_nothing_else(area: Area) -> None:
    paths = [one.path for one in area.fields]
    assert len(set(paths)) == len(paths)
    undescribed = [
        path
        for path in _parts(area.kind)
        if not any(one == path or one.startswith(path + "/") or _open(path, one) for one in paths)
    ]
    assert undescribed == []
    known = set(_parts(area.kind))
    assert [one for one in paths if one.partition("/")[0] not in {path.partition("/")[0] for path in known}] == []


def _parts(kind: type[msgspec.Struct], at: str = "") -> Iterator[str]:
    """Paths of a struct and of the structs in it."""
    for one in msgspec.structs.fields(kind):
        inner = one.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from _parts(inner, f"{at}{one.name}/")
        else:
            yield f"{at}{one.name}"


def _open(path: str, described: str) -> bool:
    return described.startswith(path + "/*")


@pytest.mark.parametrize(("area", "field"), EVERY_FIELD, ids=names_of)
def test_a_field_has_its_words_in_both_languages(area: Area, field: Field) -> None:
    found = words.of_field(area.name, field)
    for language in ("fr", "en"):
        assert words.name(area.name, language)
        assert words.sentence(area.name, language).endswith(".")
        assert words.label(area.name, field, language)
        assert words.said(found.help, language).endswith((".", "…"))
        assert not field.unit or words.unit(field.unit, language)
    assert set(found.choices) >= set(field.choices)
    if field.path.partition("/")[0] not in words.of(area.name).groups:
        assert set(found.choices) == set(field.choices), "no words without a choice"
    assert field.kind in get_args(FieldKind)
    assert (field.kind == "choice") == bool(field.choices)
    for name in field.names:
        if not name.isdigit():
            assert words.named(area.name, name, "fr") != name or name in ("g",), name


@pytest.mark.parametrize("area", AREAS)
def test_no_words_are_left_without_their_field(area: str) -> None:
    used = set()
    for field in AREAS[area].fields:
        first, _, rest = field.path.partition("/")
        used.add(f"<group>/{rest}" if first in words.of(area).groups else field.path)
    assert set(words.of(area).fields) == used


def test_french_words_use_typographic_apostrophes() -> None:
    def all_of(one: Any) -> Iterator[Say]:
        if isinstance(one, Say):
            yield one
        elif isinstance(one, dict):
            for value in one.values():
                yield from all_of(value)
        elif isinstance(one, msgspec.Struct):
            for value in msgspec.structs.asdict(one).values():
                yield from all_of(value)

    for area in AREAS:
        for said in all_of(words.of(area)):
            assert "'" not in said.fr + said.en, said


# --- bounds ---------------------------------------------------------------------------------------------------------


NUMBERS = [(area, one) for area, one in EVERY_FIELD if one.kind in ("whole", "percent", "minutes", "number")]
BY_ITSELF = {("governance", "colleges/*"), ("uses", "panel_size"), ("uses", "scale/*/percent")}
"""Fields whose check looks at other things too: an odd panel, colleges that make 100 %."""


def _concrete(field: Field) -> str:
    return field.path.replace("*", field.names[0] if field.names else "desk")


def _with(area: Area, path: str, value: Any) -> dict[str, Any]:
    return patches.apply(area.shape(area.default), Patch(set={path: value}))


@pytest.mark.parametrize(("area", "field"), NUMBERS, ids=[f"{a.name}:{f.path}" for a, f in NUMBERS])
def test_bounds_are_those_that_the_check_enforces(area: Area, field: Field) -> None:
    assert field.least is not None
    assert field.most is not None
    path = _concrete(field)
    for beyond in (field.least - 1, field.most + 1):
        with pytest.raises(RuleRefused):
            area.checked(_with(area, path, type(field.most)(beyond)))
    if (area.name, field.path) in BY_ITSELF:
        return
    document = _eased(area, field)
    for within in (field.least, field.most):
        area.checked(patches.apply(document, Patch(set={path: within})))


def _eased(area: Area, field: Field) -> dict[str, Any]:
    """A document in which nothing but the field's own bounds is in the way."""
    document = area.shape(area.default)
    if field.path.endswith("/quorum_percent"):
        document[field.path.partition("/")[0]]["second_quorum_percent"] = -1
    if field.path.endswith("/second_quorum_percent"):
        document[field.path.partition("/")[0]]["quorum_percent"] = 100
    if field.path == "contribution_full_h":
        document["contribution_days"] = 366
    if field.path == "contribution_days":
        document["contribution_full_h"] = 1
    if area.name == "retention":
        document["sessions"], document["idle_sessions"] = 90, 1
    return document


@pytest.mark.parametrize(
    ("area", "field"), [(a, f) for a, f in EVERY_FIELD if f.choices], ids=lambda one: str(one)[:40]
)
def test_a_choice_is_among_the_choices(area: Area, field: Field) -> None:
    with pytest.raises(RuleRefused):
        area.checked(_with(area, _concrete(field), "something else"))


@pytest.mark.parametrize("area", AREAS.values(), ids=list(AREAS))
@pytest.mark.parametrize("path", ["nothing", "limits/commons-day-kwh/amount", "days/king", "ordinary/nothing", "a/b/c"])
def test_a_path_that_means_nothing_is_refused_not_dropped(area: Area, path: str) -> None:
    with pytest.raises(RuleRefused):
        area.checked(patches.apply(area.shape(area.default), Patch(set={path: "x"})))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(area=st.sampled_from(list(AREAS.values())), data=st.data())
def test_any_value_at_any_place_is_a_rule_or_refused(area: Area, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(area.fields))
    document = _with(area, _concrete(field), data.draw(junk))
    with contextlib.suppress(RuleRefused):
        value = area.checked(document)
        assert area.unshape(area.shape(value)) == value


@given(document=junk)
def test_any_document_is_a_rule_or_refused(document: Any) -> None:
    for area in AREAS.values():
        with contextlib.suppress(RuleRefused):
            area.checked(document if isinstance(document, dict) else {"x": document})


# --- paths ----------------------------------------------------------------------------------------------------------


def test_two_limits_two_weights_two_periods_do_not_collide() -> None:
    budget, share = AREAS["budget"], AREAS["share"]
    day = Limit(scope="commons", span="day", unit="kwh", amount=2)
    desk = Limit(scope="workshop", span="month", unit="kwh", amount=3, key="desk")
    base = budget.shape(BudgetRules(limits=(day,)))
    one = patches.diff(base, budget.shape(BudgetRules(limits=(day, desk))))
    other = patches.diff(base, budget.shape(BudgetRules(limits=(msgspec.structs.replace(day, amount=1.0),))))
    assert patches.disjoint(one, other)
    both = patches.apply(patches.apply(base, one), other)
    assert both == patches.apply(patches.apply(base, other), one)
    assert {(limit.scope, limit.amount) for limit in budget.checked(both).limits} == {("commons", 1), ("workshop", 3)}
    periods = share.shape(ShareRules())
    more = patches.diff(periods, share.shape(ShareRules(batch_hours=(("22:00", "06:00"), ("12:00", "14:00")))))
    assert more.paths == {"batch_hours/12:00-14:00"}
    assert ("12:00", "14:00") in share.checked(patches.apply(periods, more)).batch_hours


def test_what_takes_something_away_takes_a_reinforced_vote() -> None:
    def votes(name: str, **changes: Any) -> str:
        area = AREAS[name]
        return area.profile_of(area.default, area.checked(patches.apply(area.shape(area.default), Patch(set=changes))))

    share = AREAS["share"]
    assert share.profile_of(ShareRules(floors={"school": 20}), ShareRules(floors={"school": 10})) == "reinforced"
    assert share.profile_of(ShareRules(floors={"school": 20}), ShareRules(floors={"school": 30})) == "ordinary"
    assert votes("retention", conversations=31) == "reinforced"
    assert votes("retention", conversations=29) == "ordinary"
    assert votes("confidentiality", most="local", default="local") == "ordinary"
    assert votes("membership", exclusion_by_vote=False) == "reinforced"
    assert votes("mandates", **{"days/steward": 700}) == "reinforced"
    assert votes("machines", enrol="member") == "reinforced"
    assert votes("machines", enrol="nobody") == "ordinary"
    assert votes("uses", memory_days=30) == "reinforced"
    assert votes("governance", proxies_most=1) == "entrenched"


# --- what the configuration file may lower --------------------------------------------------------------------------


def test_every_setting_of_safety_is_listed_and_names_a_rule() -> None:
    listed = {name.partition(".")[2] for name in LOWERABLE if name.startswith("safety.")}
    assert listed == {one.name for one in fields_of(SafetySettings)}
    assert set(LOWERABLE.values()) <= set(AREAS)


def test_what_the_file_takes_away_is_told_and_nothing_else(tmp_path: Any) -> None:
    assert lowerings(Settings(home=tmp_path)) == []
    safety = SafetySettings(closed="23:00-06:00", reach_most="local")
    found = lowerings(Settings(home=tmp_path, safety=safety, commons=CommonsSettings(keep_days=10)))
    assert [(one.setting, one.area) for one in found] == [
        ("safety.reach_most", "confidentiality"),
        ("safety.closed", "hours"),
        ("commons.keep_days", "retention"),
    ]
    for one in found:
        for language in ("fr", "en"):
            assert one.value in words.lowering(one.setting, one.value, language)
