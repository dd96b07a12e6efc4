"""The rule of models and voices: a voice is admitted by its own name or file, and never without its base."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.openness import AXES, Axis, Openness
from affouage.catalogue.rules import Candidate, Floor, ModelRules, judge
from affouage.inference.not_admitted import model
from affouage.inference.refusal import Cited
from affouage.web.language import language
from affouage.web.refusals import why_not

NAMES = st.sampled_from(["voice", "base", "other", "a" * 64, "b" * 64])
LEVELS = st.sampled_from(["open", "partial", "unknown"])
OPENNESS = st.builds(
    lambda levels: Openness(**{name: Axis(level, "mot", "word", "source") for name, level in levels.items()}),
    st.fixed_dictionaries(dict.fromkeys(AXES, LEVELS)),
)
RULES = st.builds(
    ModelRules,
    admitted=st.lists(NAMES, max_size=4).map(tuple),
    refused=st.lists(NAMES, max_size=2).map(tuple),
    floor=st.builds(Floor, weights=st.sampled_from(["", "partial", "open"])),
)


@given(RULES, OPENNESS, OPENNESS, st.lists(NAMES, max_size=2).map(tuple))
def test_a_voice_is_admitted_exactly_when_it_and_its_base_would_each_be(
    rules: ModelRules, of_voice: Openness, of_base: Openness, also_refused: tuple[str, ...]
) -> None:
    base = Candidate("base", "b" * 64, of_base)
    alone = judge(rules, Candidate("voice", "a" * 64, of_voice), also_refused)
    below = judge(rules, base, also_refused)
    found = judge(rules, Candidate("voice", "a" * 64, of_voice, base), also_refused)
    assert found.admitted is (alone.admitted and below.admitted)
    if not alone.admitted:
        assert found == alone
    elif not below.admitted:
        assert (found.base, found.reason, found.short) == ("base", below.reason, below.short)


def test_a_list_that_names_the_voice_alone_or_the_base_alone_admits_no_voice() -> None:
    voice = Candidate("voice", base=Candidate("base"))
    assert judge(ModelRules(admitted=("voice",)), voice).base == "base"
    assert judge(ModelRules(admitted=("base",)), voice).base == ""
    assert not judge(ModelRules(admitted=("base",)), voice).admitted
    assert judge(ModelRules(admitted=("base", "voice")), voice).admitted
    assert judge(ModelRules(refused=("voice",)), Candidate("base")).admitted, "its base stays"


def test_the_refusal_says_that_it_is_the_base_that_is_refused() -> None:
    found = judge(ModelRules(refused=("base",)), Candidate("voice", base=Candidate("base")))
    told = model("voice", found, None, Cited("models@3"), works=("other",))
    assert told.message == "voice is a voice of base. The model base is refused here (rule models@3)."
    assert (told.details["model"], told.details["base"]) == ("voice", "base")
    french = why_not("refused", "", "modèles", False, language("fr"), "base")
    assert french.startswith("C’est une voix de base, et une voix n’est admise qu’avec son modèle.")
