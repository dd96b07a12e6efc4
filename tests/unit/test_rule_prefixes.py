"""What stands before a question: which text is in force, and which texts cannot be voted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import RuleRefused
from affouage.inference.prefix_rules import TEXT_MOST, PrefixRules, Texts, check_prefixes, is_seen
from affouage.inference.prompt import Prefix, read_prefixes

FR, EN = read_prefixes()["fr"].text, read_prefixes()["en"].text


def under(rules: PrefixRules, version: int = 3) -> dict[tuple[str, str], Prefix]:
    prefixes = read_prefixes().under(lambda: (rules, version))
    return {(code, workshop): prefixes.of(code, workshop) for code in ("fr", "en") for workshop in ("", "explain")}


def test_nothing_voted_is_the_shipped_text_version_0() -> None:
    shipped = read_prefixes()
    assert {one.version for one in shipped.values()} == {"0"}
    assert shipped.of("fr", "explain") == shipped["fr"]
    assert shipped.of("xx") == shipped["fr"], "French for a language there is not"


def test_a_voted_text_replaces_and_an_empty_one_leaves_what_would_stand_there() -> None:
    rules = PrefixRules(commons=Texts(fr="À nous."), workshops={"explain": Texts(en="Explain.")})
    assert {key: one.text for key, one in under(rules).items()} == {
        ("fr", ""): "À nous.",
        ("fr", "explain"): "À nous.",
        ("en", ""): EN,
        ("en", "explain"): "Explain.",
    }
    assert {one.version for one in under(rules).values()} == {"3"}


def test_the_hash_is_that_of_the_text_in_force() -> None:
    rules = PrefixRules(commons=Texts(fr="À nous."))
    assert under(rules)["fr", ""].sha256 == Prefix("9", "fr", "À nous.").sha256
    assert under(rules)["fr", ""].stamp().version == "3"


def test_the_length_for_estimates_is_that_of_the_longest() -> None:
    short, long = read_prefixes(), read_prefixes().under(lambda: (PrefixRules(commons=Texts(fr="é" * 1500)), 1))
    assert short.tokens() == max(len(FR.encode()), len(EN.encode())) // 3
    assert long.tokens() == 1000


def test_the_shipped_texts_could_be_voted() -> None:
    check_prefixes(PrefixRules(commons=Texts(fr=FR, en=EN), workshops={"desk": Texts(fr=FR, en=EN)}))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a" * (TEXT_MOST + 1), "prefixes_long"),
        (" a", "prefixes_shape"),
        ("a\n", "prefixes_shape"),
        (unicodedata.normalize("NFD", "é"), "prefixes_shape"),
        ("a\u200bb", "prefixes_unseen"),
        ("a\u202eb", "prefixes_unseen"),
        ("a\x07b", "prefixes_unseen"),
        ("a\tb", "prefixes_unseen"),
        ("a\rb", "prefixes_unseen"),
        ("a\u2028b", "prefixes_unseen"),
        ("a\u3164b", "prefixes_unseen"),
        ("a\ufe0fb", "prefixes_unseen"),
        ("a\U000e0041b", "prefixes_unseen"),
        ("a\u2003b", "prefixes_unseen"),
        ("a\ue000b", "prefixes_unseen"),
        ("a\ud800b", "prefixes_unseen"),
    ],
)
@pytest.mark.parametrize("workshop", ["", "explain"])
def test_a_text_hides_nothing(text: str, code: str, workshop: str) -> None:
    texts = Texts(fr="Bien.", en=text)
    rules = PrefixRules(workshops={workshop: texts}) if workshop else PrefixRules(commons=texts)
    with pytest.raises(RuleRefused) as refused:
        check_prefixes(rules)
    assert refused.value.code == code
    assert text not in str(refused.value) or len(text) < 3


@pytest.mark.parametrize("name", ["", "Explain", "a b", "../x", "x" * 41])
def test_a_workshop_has_a_plain_name(name: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_prefixes(PrefixRules(workshops={name: Texts(fr="a", en="a")}))
    assert refused.value.code == "prefixes_name"


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "M"]), max_size=60))
def test_ordinary_writing_passes_or_is_told_why(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    rules = PrefixRules(commons=Texts(fr=text))
    if all(is_seen(one) for one in text) and text == text.strip():
        check_prefixes(rules)
        return
    with pytest.raises(RuleRefused) as refused:
        check_prefixes(rules)
    assert refused.value.code in ("prefixes_unseen", "prefixes_shape")
