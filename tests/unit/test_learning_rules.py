"""What is decided before and while a model learns: pure, without torch."""

from __future__ import annotations

import errno
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.training import recipe
from affouage.training.learning.ending import RunEnds, less_memory, named
from affouage.training.learning.place import Card, choose, needed_bytes, threads
from affouage.training.learning.schedule import LAST_SHARE, Order, batches, cut, looked_at, rate, spread, windows_of
from affouage.training.settings import RunSettings

SMALL = RunSettings(kind="scratch", steps=10, sequences=2, context_tokens=8, learning_rate=1e-3, accumulate=3)


# -- one dial ----------------------------------------------------------------------------------------------------------


@given(st.integers(recipe.LAYERS_LEAST, recipe.LAYERS_MOST), st.integers(200_000, 1 << 40) | st.none())
def test_everything_follows_from_the_dial(layers: int, corpus_bytes: int | None) -> None:
    try:
        settings = recipe.derive(layers, corpus_bytes=corpus_bytes)
    except BadRequest:
        assert corpus_bytes is not None
        assert recipe.EPOCHS_WORTH_IT * corpus_bytes / 4 < 20 * recipe.shape(layers).context_tokens
        return
    of = settings.shape
    assert of is not None
    assert of.width % of.heads == 0
    assert of.width // of.heads % 2 == 0, "rotary pairs"
    assert of.heads % of.kv_heads == 0
    assert of.context_tokens >= settings.context_tokens
    assert settings.sequences >= 1
    assert settings.accumulate >= 1
    assert settings.steps >= recipe.STEPS_LEAST
    assert 0 < settings.learning_rate <= recipe.RATE_MOST
    assert settings.warmup_steps <= settings.steps
    seen, wanted = settings.steps * settings.step_tokens, recipe.TOKENS_A_PARAMETER * recipe.parameters(of)
    assert seen <= 1.1 * wanted
    if corpus_bytes is not None and seen > settings.step_tokens * recipe.STEPS_LEAST:
        assert seen <= recipe.EPOCHS_WORTH_IT * corpus_bytes / recipe.BYTES_A_TOKEN


@given(st.integers(recipe.LAYERS_LEAST, recipe.LAYERS_MOST - 1))
def test_a_higher_dial_is_a_larger_model_that_reads_more_and_moves_less(layers: int) -> None:
    less, more = recipe.derive(layers), recipe.derive(layers + 1)
    assert less.shape is not None
    assert more.shape is not None
    assert recipe.parameters(less.shape) < recipe.parameters(more.shape)
    assert less.steps * less.step_tokens < more.steps * more.step_tokens
    assert less.learning_rate >= more.learning_rate


def test_the_number_of_parameters_is_that_of_the_model() -> None:
    transformers = pytest.importorskip("transformers", reason="the extra training")
    of = recipe.shape(3)
    config = transformers.LlamaConfig(
        vocab_size=of.vocabulary,
        hidden_size=of.width,
        intermediate_size=of.feed_forward,
        num_hidden_layers=of.layers,
        num_attention_heads=of.heads,
        num_key_value_heads=of.kv_heads,
        tie_word_embeddings=True,
    )
    found = transformers.LlamaForCausalLM(config)
    assert sum(one.numel() for one in found.parameters()) == recipe.parameters(of)


@pytest.mark.parametrize("layers", [0, -3, 33])
def test_out_of_the_dial_says_what_would_work(layers: int) -> None:
    with pytest.raises(BadRequest, match="1 to 32 layers") as refused:
        recipe.derive(layers)
    assert refused.value.remedy


def test_a_corpus_of_a_few_lines_is_refused() -> None:
    with pytest.raises(BadRequest, match="2000 bytes read 4 times") as refused:
        recipe.derive(4, corpus_bytes=2_000)
    assert "fewer layers" in refused.value.remedy
    with pytest.raises(BadRequest, match="rank"):
        recipe.adapt("base", rank=0)


def test_every_setting_is_explained() -> None:
    lines = {line.name: line.value for line in recipe.explained(recipe.derive(4))}
    assert lines["layers"] == "4"
    assert lines["width"] == "256"
    assert lines["heads"] == "4, of keys 2"
    assert lines["parameters"] == "4000000"
    lines = {line.name: line.value for line in recipe.explained(recipe.adapt("base", corpus_bytes=1_000_000))}
    assert lines["rank"] == "8"
    assert lines["scale"] == "2"


# -- the learning rate, the order of the texts -------------------------------------------------------------------------


@given(st.integers(1, 500), st.integers(0, 600), st.floats(1e-6, 1.0))
def test_the_rate_rises_then_falls_to_a_tenth(steps: int, warmup: int, highest: float) -> None:
    settings = msgspec.structs.replace(SMALL, steps=steps, warmup_steps=warmup, learning_rate=highest)
    rates = [rate(step, settings) for step in range(1, steps + 1)]
    warm = min(warmup, steps)
    assert all(0 < one <= highest * (1 + 1e-9) for one in rates)
    assert all(a <= b for a, b in pairwise(rates[:warm]))
    assert all(a >= b for a, b in pairwise(rates[warm:]))
    if warm:
        assert rates[warm - 1] == pytest.approx(highest)
    if steps > warm:
        assert rates[-1] == pytest.approx(LAST_SHARE * highest)


@given(st.integers(1, 60), st.integers(0, 2**32), st.integers(1, 4))
def test_each_window_is_read_once_an_epoch_and_each_epoch_anew(windows: int, seed: int, epochs: int) -> None:
    order = Order(windows, seed)
    read = [[order.window(epoch * windows + place) for place in range(windows)] for epoch in range(epochs)]
    assert all(sorted(one) == list(range(windows)) for one in read)
    if windows > 20:
        assert len({tuple(one) for one in read}) == epochs
    again = Order(windows, seed)
    number = (epochs * windows * 7) // 10
    assert again.window(number) == read[number // windows][number % windows], "known from its number alone"


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 20))
def test_passes_cut_a_step_and_change_nothing_of_what_is_read(sequences: int, accumulate: int, step: int) -> None:
    order = Order(97, 1)
    passes = msgspec.structs.replace(SMALL, sequences=sequences, accumulate=accumulate)
    at_once = msgspec.structs.replace(SMALL, sequences=sequences * accumulate, accumulate=1)
    read = list(batches(step, passes, order))
    assert [len(one) for one in read] == [sequences] * accumulate
    assert [one for some in read for one in some] == next(batches(step, at_once, order))


@given(st.integers(0, 400), st.integers(1, 50))
def test_windows_follow_one_another_and_share_one_token(tokens: int, context: int) -> None:
    text = np.arange(tokens, dtype=np.uint32)
    count = windows_of(tokens, context)
    found = cut(text, list(range(count)), context)
    assert found.shape == (count, context + 1)
    assert [int(one) for row in found for one in row[1:]] == list(range(1, count * context + 1))
    assert tokens - 1 - count * context < context


@given(st.integers(1, 10_000), st.integers(1, 64), st.integers(1, 256))
def test_evaluating_reads_an_eighth_of_what_was_learnt_meanwhile(steps: int, sequences: int, most: int) -> None:
    settings = msgspec.structs.replace(SMALL, sequences=sequences)
    windows = looked_at(steps, settings, most)
    assert 8 <= windows <= max(8, most)
    assert windows == 8 or windows * settings.context_tokens * 8 <= steps * settings.step_tokens


@given(st.integers(0, 500), st.integers(1, 80))
def test_what_is_evaluated_is_spread_evenly(windows: int, most: int) -> None:
    chosen = spread(windows, most)
    assert len(chosen) == min(windows, most)
    assert len(set(chosen)) == len(chosen)
    assert all(0 <= one < windows for one in chosen)
    gaps = [b - a for a, b in pairwise(chosen)]
    assert not gaps or max(gaps) - min(gaps) <= 1


# -- where it computes -------------------------------------------------------------------------------------------------

GB = 10**9
A100, V100 = Card("A100", 80 * GB, (8, 0)), Card("V100", 32 * GB, (7, 0))


@pytest.mark.parametrize(
    ("cards", "needed", "device", "split", "bfloat16"),
    [
        ([], GB, "cpu", None, False),
        ([A100], GB, "cuda:0", None, True),
        ([V100], GB, "cuda:0", None, False),
        ([V100, A100], 40 * GB, "cuda:1", None, True),
        ([V100, V100], 40 * GB, "cuda:0", {0: 25_600_000_000, 1: 25_600_000_000}, False),
        ([A100, A100, V100], 140 * GB, "cuda:0", {0: 64 * GB, 1: 64 * GB, 2: 25_600_000_000}, False),
        ([V100, V100], 60 * GB, "cpu", None, False),
    ],
    ids=["no card", "new card", "old card", "the second", "both", "three", "too large"],
)
def test_the_place_is_the_first_that_holds_it(
    cards: list[Card], needed: int, device: str, split: dict[int, int] | None, bfloat16: bool
) -> None:
    place = choose(cards, needed, "float32")
    assert (place.device, place.split, place.bfloat16) == (device, split, bfloat16)
    assert bool(place.told) == bool(cards)


def test_the_processor_computes_bfloat16_only_when_asked() -> None:
    assert choose([], GB, "bfloat16").bfloat16
    assert not choose([V100], GB, "bfloat16").bfloat16, "that card cannot"


def test_an_adapter_needs_less_than_all_the_weights() -> None:
    whole = needed_bytes(GB, GB, "continued", "float32", 0)
    assert whole == 16 * GB
    assert needed_bytes(GB, 10**7, "lora", "float32", 0) == 4 * GB + 160_000_000
    assert needed_bytes(GB, 10**7, "lora", "bfloat16", 5) == 2 * GB + 160_000_005


def test_threads_leave_a_core_to_the_answers() -> None:
    assert threads(3) == 3
    assert threads(0) >= 1


# -- why it ended ------------------------------------------------------------------------------------------------------


class OutOfMemoryError(RuntimeError):
    """As torch calls that of a card."""


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (MemoryError(), "out_of_memory"),
        (OutOfMemoryError("CUDA out of memory"), "out_of_memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), "out_of_memory"),
        (RuntimeError("a shape is wrong"), "failed"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (OSError(errno.EACCES, "Permission denied"), "failed"),
        (RunEnds("base_mismatch", "no"), "base_mismatch"),
    ],
)
def test_every_error_has_its_end(wrong: Exception, reason: str) -> None:
    ends = named(wrong, SMALL)
    assert ends.reason == reason
    assert ends.told
    assert ends.remedy or reason in ("failed", "base_mismatch")


def test_less_memory_is_asked_of_the_gentlest_setting_first() -> None:
    settings = recipe.derive(4)
    while settings.sequences > 1:
        assert less_memory(settings).startswith(f"sequences {settings.sequences // 2} ")
        settings = msgspec.structs.replace(settings, sequences=settings.sequences // 2)
    assert "context_tokens 128" in less_memory(settings)
    settings = msgspec.structs.replace(settings, context_tokens=128)
    assert "Fewer layers" in less_memory(settings)
    lora = msgspec.structs.replace(recipe.adapt("base"), sequences=1, context_tokens=128)
    assert "bfloat16" in less_memory(lora)
    assert "smaller base" in less_memory(msgspec.structs.replace(lora, precision="bfloat16"))
    assert "An adapter" in less_memory(msgspec.structs.replace(lora, kind="continued"))


@given(st.integers(2, 64), st.integers(1, 8))
def test_smaller_passes_read_at_least_as_much_a_step(sequences: int, accumulate: int) -> None:
    told = less_memory(msgspec.structs.replace(SMALL, sequences=sequences, accumulate=accumulate)).split()
    smaller, passes = int(told[1]), int(told[4])
    assert smaller < sequences
    assert sequences * accumulate <= smaller * passes < sequences * accumulate + smaller
