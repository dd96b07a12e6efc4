from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.card import load_cards
from affouage.catalogue.fit import COMFORTABLE_FILE_BYTES, SYSTEM_BYTES, fit, gigabytes, need_bytes, recommend
from affouage.catalogue.machine import memory
from tests.unit.catalogue_files import a_card

BYTES = st.integers(1, 10**12)
ORDER = ["too_big", "tight", "fits"]


def test_the_starter_needs_what_was_measured() -> None:
    card = load_cards(None)["qwen2.5-coder-1.5b-instruct"]
    # 1.2 x 1,117,320,768 + 2 slots x 8192 tokens x 28,672 bytes
    assert need_bytes(card, context_tokens=8192, slots=2) == 1_340_784_921 + 469_762_048


@given(BYTES, BYTES, st.integers(1, 200_000), st.integers(1, 200_000), st.integers(1, 16), st.integers(1, 16))
def test_more_file_context_or_slots_never_needs_less(
    one: int, two: int, tokens_one: int, tokens_two: int, slots_one: int, slots_two: int
) -> None:
    small = need_bytes(
        a_card(about_bytes=min(one, two)), context_tokens=min(tokens_one, tokens_two), slots=min(slots_one, slots_two)
    )
    large = need_bytes(
        a_card(about_bytes=max(one, two)), context_tokens=max(tokens_one, tokens_two), slots=max(slots_one, slots_two)
    )
    assert small is not None
    assert large is not None
    assert min(one, two) < small <= large


@given(BYTES, BYTES, BYTES, st.one_of(st.none(), BYTES))
def test_more_memory_never_makes_it_fit_less(size: int, one: int, two: int, available: int | None) -> None:
    card = a_card(about_bytes=size)
    less, more = fit(card, min(one, two), available), fit(card, max(one, two), available)
    assert ORDER.index(less.verdict) <= ORDER.index(more.verdict)


@given(BYTES, BYTES, BYTES, BYTES)
def test_more_free_memory_never_makes_it_fit_less(size: int, total: int, one: int, two: int) -> None:
    card = a_card(about_bytes=size)
    less, more = fit(card, total, min(one, two)), fit(card, total, max(one, two))
    assert ORDER.index(less.verdict) <= ORDER.index(more.verdict)


@given(BYTES, BYTES)
def test_what_fits_leaves_the_system_its_share(size: int, total: int) -> None:
    found = fit(a_card(about_bytes=size), total)
    assert found.need_bytes is not None
    assert (found.verdict == "fits") == (found.need_bytes + SYSTEM_BYTES <= total)


def test_a_figure_that_lacks_is_unknown_and_named() -> None:
    no_size = fit(a_card(), 10**10)
    assert (no_size.verdict, no_size.need_bytes) == ("unknown", None)
    assert "size" in no_size.why.en
    assert "taille" in no_size.why.fr
    no_memory = fit(a_card(about_bytes=10**9), None)
    assert no_memory.verdict == "unknown"
    assert no_memory.need_bytes
    assert "memory" in no_memory.why.en


def test_the_context_of_the_model_caps_the_cache() -> None:
    short = a_card(about_bytes=10**9, context_tokens=1000)
    assert need_bytes(short, context_tokens=8192) == need_bytes(short, context_tokens=1000)


def test_french_decimals_have_a_comma() -> None:
    assert gigabytes(1_117_320_768, ",") == "1,1"
    assert gigabytes(228_600_000) == "0.23"
    assert "," in fit(a_card(about_bytes=10**9), 4 * 10**9).why.fr


def test_what_to_begin_with_on_usual_machines() -> None:
    cards = load_cards(None).values()

    def first(gigabytes_here: float) -> str | None:
        found = recommend(cards, int(gigabytes_here * 1e9))
        return found.id if found else None

    assert first(8) == "smollm3-3b"
    assert first(16) == "smollm3-3b"
    assert first(1.6) is None
    assert first(2.4) == "baguettotron"


@given(st.integers(10**9, 10**11), st.integers(10**9, 10**11), st.sets(st.sampled_from(sorted(load_cards(None)))))
def test_what_is_recommended_fits_and_is_admitted(total: int, available: int, admitted: set[str]) -> None:
    cards = load_cards(None).values()
    found = recommend(cards, total, available, admitted=lambda card: card.id in admitted)
    fitting = [
        card
        for card in cards
        if card.id in admitted
        and fit(card, total, available).verdict == "fits"
        and (card.known_bytes or 0) <= COMFORTABLE_FILE_BYTES
    ]
    assert (found is None) == (not fitting)
    assert found is None or found in fitting


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "self"
    (root / "a" / "b").mkdir(parents=True)
    own.write_text("0::/a/b\n")
    (root / "a" / "b" / "memory.max").write_text("max\n")
    (root / "a" / "memory.max").write_text("500000000\n")
    (root / "a" / "memory.current").write_text("100000000\n")
    limited = memory(root, own)
    assert limited.total_bytes == 500_000_000
    assert limited.available_bytes is not None
    assert limited.available_bytes <= 400_000_000
    (root / "a" / "memory.stat").write_text("anon 20000000\ninactive_file 50000000\nactive_file 30000000\n")
    assert memory(root, own).available_bytes == limited.available_bytes + 80_000_000, "files in cache are given back"
    free = memory(tmp_path / "none", tmp_path / "none")
    assert free.total_bytes is None or free.total_bytes > 500_000_000
