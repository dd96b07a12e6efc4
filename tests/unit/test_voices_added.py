"""Voices in the catalogue: an adapter is checked against its base before anything is copied; its card says it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.card import Licence, as_toml, load_cards, read_card
from affouage.catalogue.fit import recommend
from affouage.catalogue.gguf import Header, Shapes, read_header, read_tensors
from affouage.catalogue.store import ModelStore
from affouage.catalogue.voice import Voice, add_voice, check_match
from affouage.errors import AffouageError, BadRequest, Conflict, ModelFileRefused, SetUpError, UnknownModel
from tests.contracts.tiny_gguf import write_tiny_model
from tests.contracts.tiny_voice import width_of, write_tiny_voice
from tests.unit.catalogue_files import a_card

BASE = "petit"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With the tiny model installed under its card."""
    home = tmp_path / "home"
    store = ModelStore(home / "models")
    card = a_card(id=BASE, name="Petit", grade="assistant", languages=("fr",))
    store.import_file(write_tiny_model(tmp_path / "petit.gguf"), card)
    store.add_card(card)
    return home


def a_voice(**facts: Any) -> Voice:
    return Voice(**{"id": "mairie", "name": "Voix de la mairie", "base": BASE, "licence": Licence("MIT"), **facts})


def refusal(home: Path, file: Path, **facts: Any) -> AffouageError:
    before = sorted(home.rglob("*"))
    with pytest.raises(AffouageError) as refused:
        add_voice(home, file, a_voice(**facts))
    assert sorted(home.rglob("*")) == before, "nothing is left of what was refused"
    return refused.value


def test_a_voice_becomes_a_card_that_says_what_it_is(home: Path, tmp_path: Path) -> None:
    file = write_tiny_voice(tmp_path / "adapter.gguf")
    there = add_voice(home, file, a_voice(scale=0.8, trained_by="ab" * 32))
    card = load_cards(home)["mairie"]
    assert (card.base, card.voice_scale, card.trained_by) == (BASE, 0.8, "ab" * 32)
    assert (card.sha256, card.size_bytes) == (there.sha256, file.stat().st_size)
    assert (card.grade, card.languages, card.context_tokens) == ("assistant", ("fr",), 32_768), "those of its base"
    assert card.openness.training_data.level == "unknown"
    assert read_card(as_toml(card), "again") == card
    assert there.header.kind == "adapter"
    assert there.path.read_bytes() == file.read_bytes()


def test_the_same_a_second_time_changes_nothing_and_another_file_of_that_id_is_refused(
    home: Path, tmp_path: Path
) -> None:
    file = write_tiny_voice(tmp_path / "adapter.gguf")
    first = add_voice(home, file, a_voice())
    written = (home / "cards" / "mairie.toml").stat().st_mtime_ns
    again = add_voice(home, file, a_voice())
    assert (again.sha256, again.path) == (first.sha256, first.path)
    assert (home / "cards" / "mairie.toml").stat().st_mtime_ns == written
    with pytest.raises(Conflict, match="another file"):
        add_voice(home, write_tiny_voice(tmp_path / "other.gguf", alpha=2.0), a_voice())
    assert ModelStore(home / "models").verify("mairie").sha256 == first.sha256


def test_an_adapter_of_another_model_is_refused_with_the_difference(home: Path, tmp_path: Path) -> None:
    wide = refusal(home, write_tiny_voice(tmp_path / "wide.gguf", width=width_of() + 64))
    assert wide.code == "voice_mismatch"
    assert f"output.weight is {width_of()} x" in str(wide)
    assert f"made for {width_of() + 64} x" in str(wide)
    other = refusal(home, write_tiny_voice(tmp_path / "other.gguf", architecture="qwen2"))
    assert "for the architecture qwen2, the model is llama" in str(other)


def test_what_is_no_adapter_or_is_cut_is_refused(home: Path, tmp_path: Path) -> None:
    whole = write_tiny_voice(tmp_path / "whole.gguf")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole.read_bytes()[:-100])
    assert "truncated" in str(refusal(home, cut))
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(b"not at all")
    assert "not a GGUF file" in str(refusal(home, noise))
    assert "is no adapter" in str(refusal(home, write_tiny_model(tmp_path / "model.gguf")))
    assert "is no adapter" in str(refusal(home, write_tiny_voice(tmp_path / "said.gguf", kind="model")))


def test_a_base_that_is_not_here_or_is_a_voice_itself_is_refused(home: Path, tmp_path: Path) -> None:
    file = write_tiny_voice(tmp_path / "adapter.gguf")
    assert isinstance(refusal(home, file, base="smollm3-3b"), UnknownModel)
    assert "affouage models pull smollm3-3b" in str(refusal(home, file, base="smollm3-3b"))
    assert isinstance(refusal(home, file, base="nobody"), UnknownModel)
    add_voice(home, file, a_voice())
    twice = refusal(home, file, id="twice", base="mairie")
    assert isinstance(twice, BadRequest)
    assert "--base petit" in str(twice)


@pytest.mark.parametrize("facts", [{"scale": 2.5}, {"scale": -0.1}, {"id": "Mairie!"}, {"trained_by": ""}])
def test_a_fact_that_no_card_may_hold_is_refused(home: Path, tmp_path: Path, facts: dict[str, Any]) -> None:
    assert isinstance(refusal(home, write_tiny_voice(tmp_path / "adapter.gguf"), **facts), BadRequest)


def test_an_adapter_is_not_imported_as_a_model_nor_a_model_under_the_card_of_a_voice(
    home: Path, tmp_path: Path
) -> None:
    store = ModelStore(home / "models")
    with pytest.raises(ModelFileRefused, match="add-voice"):
        store.import_file(write_tiny_voice(tmp_path / "adapter.gguf"), a_card())
    with pytest.raises(ModelFileRefused, match="is no adapter"):
        store.import_file(write_tiny_model(tmp_path / "model.gguf"), a_card(id="said", base=BASE))


def test_a_scale_stands_only_on_the_card_of_a_voice() -> None:
    with pytest.raises(SetUpError, match="scale is of a voice"):
        read_card(as_toml(a_card()).replace("\n", "\nscale = 1.0\n", 1), "card")
    with pytest.raises(SetUpError, match="base must be the id of another model"):
        read_card(as_toml(a_card()).replace("\n", '\nbase = "tiny"\n', 1), "card")


def test_a_voice_is_never_the_model_to_begin_with() -> None:
    facts: dict[str, Any] = {"grade": "assistant", "size_bytes": 10**7}
    voice, model = a_card(id="voice", base="model", **facts), a_card(id="model", **facts)
    assert recommend([voice, model], 10**11) == model
    assert recommend([voice], 10**11) is None


BELOW: Shapes = {"a.weight": (64, 32), "token_embd.weight": (64, 300), "e.weight": (64, 32, 4), "norm.weight": (64,)}


@given(rank=st.integers(1, 8), tensor=st.sampled_from(["a.weight", "token_embd.weight", "e.weight"]), data=st.data())
def test_factors_match_exactly_when_their_product_has_the_shape_of_the_tensor(
    rank: int, tensor: str, data: st.DataObject
) -> None:
    reads, makes, *more = BELOW[tensor]
    pair = [(reads, rank, *more), (rank, makes, *more)]
    if tensor == "token_embd.weight":
        pair = [(rank, makes), (rank, reads)]  # looked up, not multiplied
    told = Header(version=3, tensors=2, least_bytes=0, architecture="llama", kind="adapter", adapter="lora")
    shapes = dict(zip((f"{tensor}.lora_a", f"{tensor}.lora_b"), pair, strict=True))
    check_match("f", told, shapes, "b", told, BELOW)
    name = data.draw(st.sampled_from(sorted(shapes)))
    place = data.draw(st.integers(0, len(shapes[name]) - 1))
    wrong = list(shapes[name])
    wrong[place] += data.draw(st.integers(1, 5))
    for changed in (shapes | {name: tuple(wrong)}, {name: shapes[name]}, {}, {**shapes, "norm.weight": (64,)}):
        with pytest.raises(ModelFileRefused) as refused:
            check_match("f", told, changed, "b", told, BELOW)
        assert refused.value.code == "voice_mismatch"


def test_a_reader_of_the_header_tells_the_shapes(tmp_path: Path) -> None:
    header, shapes = read_tensors(write_tiny_voice(tmp_path / "adapter.gguf"))
    assert header == read_header(tmp_path / "adapter.gguf")
    assert set(shapes) == {"output.weight.lora_a", "output.weight.lora_b"}
    assert shapes["output.weight.lora_a"][0] == width_of()
    assert shapes["output.weight.lora_a"][1] == shapes["output.weight.lora_b"][0]
