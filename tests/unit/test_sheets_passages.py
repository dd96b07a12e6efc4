"""Sheets cut into passages: nothing is lost, nothing is said twice, conditions stay above what they govern."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.passages import MOST_WORDS, line_of, passages_of
from affouage.sheets.sheet import Block, Sheet


def _text(lengths: list[int]) -> str:
    """Sentences of so many words."""
    return " ".join(f"Si {' '.join(['vous devez 11,52 €'] * length)} payer." for length in lengths)


paths = st.sampled_from([(), ("Cas général",), ("Cas général", "Vous êtes mineur"), ("Autre cas",)])
blocks = st.tuples(st.lists(st.integers(0, 7), min_size=1, max_size=12), paths, st.sampled_from(["", "À noter"]))


@given(st.lists(blocks, max_size=12), st.sampled_from(["", "Ce qu'il faut savoir."]))
def test_every_word_is_in_one_passage_in_order_under_its_own_path(
    drawn: list[tuple[Any, ...]], description: str
) -> None:
    body = tuple(Block(text=_text(lengths), path=path, name=name) for lengths, path, name in drawn)
    found = passages_of(Sheet(id="F1", title="T", description=description, blocks=body), "c")
    first = 0 if description else 1
    assert [one.number for one in found] == list(range(first, first + len(found)))
    told = [(one.path, word) for one in found if one.number for word in one.text.split()]
    assert told == [(block.path, word) for block in body for word in line_of(block).split()]
    assert all(len(one.text.split()) <= MOST_WORDS for one in found)


def test_the_description_is_number_nought_and_there_is_none_without_it() -> None:
    body = (Block(text="Un texte."),)
    assert [one.number for one in passages_of(Sheet(id="F1", title="T", description="D", blocks=body), "c")] == [0, 1]
    assert [one.number for one in passages_of(Sheet(id="F1", title="T", blocks=body), "c")] == [1]
    assert passages_of(Sheet(id="F1", title="T"), "c") == ()


def test_blocks_of_one_path_are_put_together_line_by_line_and_another_path_begins_anew() -> None:
    sheet = Sheet(
        id="F1",
        title="T",
        blocks=(
            Block(text="Vous devez fournir :"),
            Block(text="une photo", kind="item"),
            Block(text="une pièce d'identité", kind="item"),
            Block(text="c'est gratuit.", path=("Vous êtes mineur",), kind="box", name="À noter"),
        ),
    )
    first, second = passages_of(sheet, "papiers")
    assert first.text == "Vous devez fournir :\nune photo\nune pièce d'identité"
    assert (second.text, second.path, second.key) == ("À noter : c'est gratuit.", ("Vous êtes mineur",), "papiers/F1/2")


def test_a_long_path_is_cut_in_even_shares() -> None:
    lines = tuple(Block(text=f"{number} {'mot ' * 29}".strip(), kind="item") for number in range(9))
    sizes = [len(one.text.split()) for one in passages_of(Sheet(id="F1", title="T", blocks=lines), "c")]
    assert sizes == [90, 90, 90]


def test_a_block_longer_than_a_passage_is_cut_between_two_sentences() -> None:
    long = " ".join(f"La phrase numéro {number} dit quelque chose de plus." for number in range(40))
    found = passages_of(Sheet(id="F1", title="T", blocks=(Block(text=long),)), "c")
    assert len(found) > 2
    assert all(one.text.startswith("La phrase") and one.text.endswith("plus.") for one in found)


def test_a_text_without_any_sentence_is_cut_all_the_same() -> None:
    found = passages_of(Sheet(id="F1", title="T", blocks=(Block(text="mot " * 5000),)), "c")
    assert max(len(one.text.split()) for one in found) == MOST_WORDS
    assert sum(len(one.text.split()) for one in found) == 5000
