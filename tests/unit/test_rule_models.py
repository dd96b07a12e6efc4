"""Which models a rule admits: by id, by digest, by openness axis by axis; and which rules cannot be enacted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.charter import InForce
from affouage.catalogue.card import load_cards
from affouage.catalogue.openness import AXES, Axis, Openness
from affouage.catalogue.rules import (
    Candidate,
    Floor,
    ModelRules,
    asks_nothing,
    check_models,
    checked_against,
    judge,
)
from affouage.chat import ChatRequest
from affouage.errors import NotAllowed, RuleRefused
from affouage.inference.admission import Admission, nothing_decided
from affouage.inference.attempt import Asking
from affouage.pool.engine import EngineIdentity
from affouage.pool.metering import Metering
from affouage.pool.station import Station
from affouage.testing import EchoEngine, FixedMeter, ManualClock

SHA = "a" * 64
NAMES = st.sampled_from(["alpha", "beta", "gamma", SHA, "b" * 64])
LEVELS = st.sampled_from(["open", "partial", "closed", "unknown"])


@st.composite
def opennesses(draw: st.DrawFn) -> Openness:
    return Openness(**{name: Axis(draw(LEVELS), "mot", "word", "source") for name in AXES})


RULES = st.builds(
    ModelRules,
    admitted=st.lists(NAMES, max_size=3).map(tuple),
    refused=st.lists(NAMES, max_size=3).map(tuple),
    floor=st.builds(Floor, **{name: st.sampled_from(["", "partial", "open"]) for name in AXES}),
)
MODELS = st.builds(Candidate, id=NAMES, sha256=st.none() | NAMES, openness=st.none() | opennesses())


def test_the_default_admits_all_and_looks_nothing_up() -> None:
    assert asks_nothing(ModelRules())
    assert judge(ModelRules(), Candidate("anything")).admitted


@given(rules=RULES, model=MODELS)
def test_what_is_refused_is_never_admitted_and_what_is_not_named_is_not_either(
    rules: ModelRules, model: Candidate
) -> None:
    found = judge(rules, model)
    names = {model.id, model.sha256}
    if names & set(rules.refused):
        assert found.reason == "refused"
    elif rules.admitted and not names & set(rules.admitted):
        assert found.reason == "not_admitted"
    else:
        assert found.reason in (None, "floor")
    assert found.admitted == (found.reason is None)


@given(rules=RULES, model=MODELS, more=st.lists(NAMES, max_size=3))
def test_the_configuration_only_takes_away(rules: ModelRules, model: Candidate, more: list[str]) -> None:
    without, with_it = judge(rules, model), judge(rules, model, more)
    assert without.admitted or not with_it.admitted
    assert with_it.by_settings == (without.admitted and not with_it.admitted)


@given(model=MODELS, axis=st.sampled_from(AXES))
def test_a_floor_is_judged_axis_by_axis_and_unknown_is_not_open(model: Candidate, axis: str) -> None:
    found = judge(ModelRules(floor=Floor(**{axis: "open"})), model)
    level = "unknown" if model.openness is None else getattr(model.openness, axis).level
    assert found.admitted == (level == "open")
    assert found.short == (() if level == "open" else (axis,))


def test_published_training_data_excludes_the_starter_and_leaves_some(tmp_path: Path) -> None:
    rules = ModelRules(floor=Floor(training_data="open"))
    judged = {
        one.id: judge(rules, Candidate(one.id, one.sha256, one.openness)) for one in load_cards(tmp_path).values()
    }
    assert judged["qwen2.5-coder-1.5b-instruct"].short == ("training_data",)
    assert judged["smollm3-3b"].admitted


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (ModelRules(admitted=("a",), refused=("a",)), "models_both"),
        (ModelRules(admitted=("a", "a")), "models_twice"),
        (ModelRules(admitted=("",)), "models_name"),
        (ModelRules(refused=("../etc",)), "models_name"),
        (ModelRules(refused=("a b",)), "models_name"),
        (ModelRules(refused=("x" * 81,)), "models_name"),
        (ModelRules(refused=tuple(f"m{n}" for n in range(201))), "models_many"),
        (ModelRules(guard_model="g", refused=("g",)), "models_guard"),
        (ModelRules(guard_model="é"), "models_name"),
    ],
)
def test_what_cannot_be_enacted(rules: ModelRules, code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_models(rules)
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_misspelt_model_cannot_be_admitted_but_may_be_refused() -> None:
    check = checked_against(lambda: ["smollm3-3b"])
    check(ModelRules(admitted=("smollm3-3b", SHA), refused=("not-here-yet",)))
    for rules in (ModelRules(admitted=("smolm3-3b",)), ModelRules(guard_model="guard")):
        with pytest.raises(RuleRefused) as refused:
            check(rules)
        assert refused.value.code == "models_unknown"


class _File(EchoEngine):
    def __init__(self, sha256: str) -> None:
        super().__init__("same")
        self._sha256 = sha256

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", file_sha256=self._sha256)


def _station(node_id: str, sha256: str) -> Station:
    clock = ManualClock()
    metering = Metering(FixedMeter(clock), clock, machine_id=node_id or "here")
    return Station(node_id=node_id, engine=_File(sha256), metering=metering, slots=1)


def test_a_machine_with_another_file_of_that_name_is_left_out() -> None:
    stations = [_station("", SHA), _station("node_1", "b" * 64), _station("node_2", SHA)]
    rules = ModelRules(admitted=(SHA,))

    def gate(those: list[Station]) -> Admission:
        found = InForce(rules, 4)
        defaults = nothing_decided
        return Admission(
            ManualClock(),
            lambda area: found if area == "models" else defaults(area),
            stations=lambda _model_id: those,
        )

    who, question = Asking(member_id="m", door="api"), ChatRequest(model="same", messages=())
    admitted = asyncio.run(gate(stations).consider(who, question))
    assert (admitted.avoid, admitted.rules) == (frozenset({"node_1"}), ("models@4",))
    with pytest.raises(NotAllowed, match="models@4"):
        asyncio.run(gate(stations[1:2]).consider(who, question))
