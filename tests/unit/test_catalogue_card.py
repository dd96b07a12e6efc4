from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.card import Pin, as_toml, load_cards, read_card, read_card_file, with_pin
from affouage.catalogue.openness import Axis, Openness, Say
from affouage.catalogue.store import ModelStore
from affouage.errors import SetUpError
from affouage.settings import EngineSettings
from tests.unit.catalogue_files import a_card, changed

STARTER = "qwen2.5-coder-1.5b-instruct"


def test_the_catalogue_holds_the_starter_with_its_facts() -> None:
    card = load_cards(None)[STARTER]
    assert EngineSettings().default_model == STARTER
    assert card.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    assert (card.size_bytes, card.context_tokens) == (1_117_320_768, 32_768)
    assert card.repo == "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF"
    assert card.revision == "f86cb2c1fa58255f8052cc32aeede1b7482d4361"
    assert card.parts is not None
    assert (card.parts.count, card.parts.version, card.parts.part_bytes) == (22, "0.2.0", 52_428_800)
    assert card.openness.training_data.level == "closed"


def test_ten_models_and_more_each_named_after_its_file_with_its_evidence() -> None:
    cards = load_cards(None)
    files = [one.name for one in resources.files("affouage.catalogue").joinpath("cards").iterdir()]
    assert sorted(f"{card_id}.toml" for card_id in cards) == sorted(name for name in files if name.endswith(".toml"))
    assert len(cards) >= 11
    for card in cards.values():
        assert card.repo, card.id
        assert card.checked, card.id
        assert card.known_bytes, card.id
        # An exact size without a digest could not be checked against anything.
        assert card.sha256 or not card.size_bytes, card.id


def test_a_card_written_out_reads_back_the_same() -> None:
    for card in load_cards(None).values():
        assert read_card(as_toml(card), card.id) == card


SENTENCES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)
AXES = st.builds(
    Axis, level=st.sampled_from(["open", "partial", "closed", "unknown"]), fr=SENTENCES, en=SENTENCES, source=SENTENCES
)


@given(name=SENTENCES, good=SENTENCES, axis=AXES, context=st.one_of(st.none(), st.integers(1, 2**40)))
def test_any_text_survives_being_written_as_toml(name: str, good: str, axis: Axis, context: int | None) -> None:
    card = a_card(name=name, good_at=(Say(good, name),), openness=Openness(licence=axis), context_tokens=context)
    assert read_card(as_toml(card), "x") == card


BAD = [
    ('id = "Tiny"', "id"),
    ('sha256 = "12"', "sha256"),
    ('revision = "main"', "revision"),
    ('file = "../x.gguf"', "file"),
    ('file = "a/x.gguf"', "file"),
    ('repo = "just-a-name"', "repo"),
    ("size_bytes = 0", "size_bytes"),
    ('size_bytes = "big"', "size_bytes"),
    ('grade = "excellent"', "grade"),
    ("colour = 1", "colour"),
    ('terms_url = "http://x"', "terms_url"),
    ("good_at = []", "good_at"),
    ("name = 3", "name"),
    ("name = ", "TOML"),
    ('[openness.weights]\nlevel = "open"\nfr = "oui"\nen = "yes"', "source"),
    ('[openness.weights]\nlevel = "generous"\nfr = "oui"\nen = "yes"\nsource = "x"', "level"),
    ('[openness.beauty]\nlevel = "open"\nfr = "oui"\nen = "yes"\nsource = "x"', "beauty"),
    ('[parts]\npackage = "x-{n}"\nversion = "1"\ncount = 2\npart_bytes = 10', "parts"),
]


@pytest.mark.parametrize(("line", "key"), BAD)
def test_a_bad_card_is_refused_naming_the_file_and_the_key(tmp_path: Path, line: str, key: str) -> None:
    top, _, tables = as_toml(a_card()).partition("\n[")
    own = line.split(" ")[0]
    kept = "\n".join(one for one in top.splitlines() if not one.startswith(own + " "))
    tables = "[" + tables
    if own == "good_at":
        tables = tables.replace('[[good_at]]\nfr = "Rien."\nen = "Nothing."\n', "")
    path = tmp_path / "bad-card.toml"
    text = f"{kept}\n{tables}\n{line}\n" if line.startswith("[") else f"{line}\n{kept}\n{tables}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SetUpError) as refused:
        read_card_file(path)
    assert str(path) in refused.value.message
    assert key in refused.value.message
    assert refused.value.remedy


def test_the_card_of_the_bad_examples_is_itself_good(tmp_path: Path) -> None:
    assert read_card(as_toml(a_card()), "x") == a_card()


def test_parts_must_add_up_to_the_size() -> None:
    start = as_toml(a_card(file="x.gguf", sha256="0" * 64, size_bytes=25))
    parts = '\n[parts]\npackage = "x-{n}"\nversion = "1"\npart_bytes = 10\ncount = '
    assert read_card(start + parts + "3\n", "x").parts
    for count in ("2", "4"):
        with pytest.raises(SetUpError, match="do not add up"):
            read_card(start + parts + count, "x")


def test_the_cards_of_the_collective_win_and_two_of_the_same_id_are_refused(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "one.toml").write_text(as_toml(changed(a_card(), id=STARTER, name="Ours")), encoding="utf-8")
    assert load_cards(tmp_path)[STARTER].name == "Ours"
    (cards / "two.toml").write_text(as_toml(changed(a_card(), id=STARTER, name="Theirs")), encoding="utf-8")
    with pytest.raises(SetUpError, match=r"two\.toml"):
        load_cards(tmp_path)


def test_a_pin_completes_the_card_and_never_contradicts_it(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    open_card = load_cards(None)["smollm3-3b"]
    unpinned = changed(open_card, sha256=None, size_bytes=None, revision=None)
    store.add_card(changed(unpinned, id="ours"))
    store.pin(changed(unpinned, id="ours"), file=str(open_card.file), revision=None, sha256="a" * 64, size_bytes=12)
    found = load_cards(tmp_path)["ours"]
    assert (found.sha256, found.size_bytes) == ("a" * 64, 12)
    pin = Pin(
        repo=str(open_card.repo), revision=None, file="other.gguf", sha256="a" * 64, size_bytes=1, first_seen_ms=0
    )
    assert with_pin(open_card, pin) == open_card
    assert with_pin(changed(open_card, sha256="b" * 64), pin).sha256 == "b" * 64


def test_bad_pins_are_said(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "pins.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SetUpError, match=r"pins\.json"):
        load_cards(tmp_path)
