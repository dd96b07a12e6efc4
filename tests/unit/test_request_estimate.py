"""What a request will use, before it runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.chat import ChatRequest, Message
from affouage.inference.estimate import SLICE_TOKENS, RequestEstimate, first_tokens, prompt_tokens
from affouage.ledger.receipt import (
    Durations,
    Energy,
    EngineStamp,
    ModelStamp,
    Receipt,
    TokenCounts,
)
from affouage.units import Interval

WATTS = 60.0


def receipt(energy_uj: int | None, *, prompt: int | None = 0, cached: int = 0, decoded: int | None = 100) -> Receipt:
    energy = Energy()
    if energy_uj is not None:
        energy = Energy(
            interval_uj=Interval(energy_uj, energy_uj, energy_uj), static_uj=0, dynamic_uj=energy_uj, quality="measured"
        )
    return Receipt(
        id="r",
        member_id="m",
        door="api",
        kind="chat",
        created_ms=0,
        outcome="completed",
        model=ModelStamp(id="a", name="a"),
        engine=EngineStamp("e", None, "here"),
        tokens=TokenCounts(prompt=prompt, cached=cached, decoded=decoded),
        durations=Durations(wait_ms=0, wait_reason="none", total_ms=1),
        energy=energy,
    )


def asking(text: str = "bonjour", **more: Any) -> ChatRequest:
    return ChatRequest(model="a", messages=(Message("user", text),), **more)


def an_estimate(kappa: float = 0.25) -> RequestEstimate:
    return RequestEstimate(assumed_watts=WATTS, kappa_of=lambda _model: kappa)


def test_before_any_answer_the_figure_is_cautious_and_says_it_is_assumed() -> None:
    one = an_estimate().of("a")
    assert not one.seen
    assert one.high_uj == 20e6, "60 W for a third of a second per token"
    assert one.mean_uj < one.high_uj


@given(st.lists(st.integers(10**5, 10**10), min_size=1, max_size=40))
def test_the_high_figure_stays_above_the_mean(energies: list[int]) -> None:
    estimate = an_estimate()
    for energy_uj in energies:
        estimate.learn(receipt(energy_uj))
    one = estimate.of("a")
    assert one.seen
    assert one.high_uj >= 1.25 * one.mean_uj
    assert min(energies) / 100 <= one.mean_uj * 1.0001
    assert one.mean_uj <= max(energies) / 100 * 1.0001


@given(st.integers(10**6, 10**10), st.floats(0.8, 1.2))
def test_steady_answers_are_foreseen_within_the_margin(energy_uj: int, noise: float) -> None:
    estimate = an_estimate()
    for turn in range(60):
        estimate.learn(receipt(round(energy_uj * (noise if turn % 2 else 1))))
    high_uj = estimate.request_uj("a", 0, 100)
    assert energy_uj * max(1, noise) <= high_uj <= energy_uj * 2.2


def test_what_is_not_known_teaches_nothing() -> None:
    estimate = an_estimate()
    for one in (receipt(None), receipt(0), receipt(500, decoded=None), receipt(500, decoded=1)):
        estimate.learn(one)
    assert not estimate.of("a").seen


def test_prompt_tokens_weigh_kappa_and_cached_ones_nothing() -> None:
    estimate = an_estimate(kappa=0.5)
    estimate.learn(receipt(1_000_000, prompt=300, cached=100, decoded=0))
    assert estimate.of("a").mean_uj == pytest.approx(10_000)
    estimate = an_estimate(kappa=0.5)
    assert estimate.request_uj("a", 200, 0) == pytest.approx(estimate.request_uj("a", 0, 100), abs=1)


def test_the_books_seed_only_models_that_have_not_answered() -> None:
    estimate = an_estimate()
    estimate.seed("a", prompt_tokens=400, decoded_tokens=900, energy_uj=1_000_000)
    assert estimate.of("a").mean_uj == 1000
    estimate.seed("a", prompt_tokens=0, decoded_tokens=100, energy_uj=1)
    assert estimate.of("a").mean_uj == 1000
    estimate.seed("b", prompt_tokens=0, decoded_tokens=0, energy_uj=100)
    assert not estimate.of("b").seen
    estimate.seed("c", prompt_tokens=0, decoded_tokens=1000, energy_uj=1000)
    assert estimate.known_models() == ["c", "a"]


def test_the_first_slice_is_the_prompt_and_at_most_so_many_tokens() -> None:
    estimate = an_estimate()
    assert first_tokens(asking()) == SLICE_TOKENS
    assert first_tokens(asking(max_tokens=30)) == 30
    assert first_tokens(asking(max_tokens=99_999)) == SLICE_TOKENS
    assert first_tokens(ChatRequest(model="a", kind="embedding", inputs=("x",))) == 0
    short, long = (estimate.first_slice_uj(asking(max_tokens=n), "a") for n in (30, 60))
    assert long - short == pytest.approx(30 * 20e6, abs=2)
    assert estimate.first_slice_uj(asking("x" * 3000), "a") > estimate.first_slice_uj(asking(), "a")
    assert estimate.first_slice_uj(asking(), "a", 400) > estimate.first_slice_uj(asking(), "a")
    assert estimate.first_slice_uj(ChatRequest(model="a", kind="embedding", inputs=("",)), "a") >= 1


@given(st.text(max_size=200), st.text(max_size=200))
def test_longer_prompts_are_never_promised_less(one: str, other: str) -> None:
    assert prompt_tokens(asking(one + other)) >= prompt_tokens(asking(one))
    assert prompt_tokens(asking(one)) >= len(one) // 4


def test_images_and_tools_are_counted() -> None:
    parts: list[dict[str, Any]] = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "u"}}]
    with_image = ChatRequest(model="a", messages=(Message("user", parts),))
    assert prompt_tokens(with_image) >= 1000
    assert prompt_tokens(asking(options={"tools": [{"name": "x" * 300}]})) >= 100 + prompt_tokens(asking())


def test_a_settled_request_of_unknown_energy_is_taken_at_its_tokens() -> None:
    estimate = an_estimate()
    assert estimate.settled_uj(receipt(None, decoded=None)) is None
    assert estimate.settled_uj(receipt(None, prompt=0, decoded=0)) == 0
    assert estimate.settled_uj(receipt(None, decoded=10)) == 200_000_000


def test_little_is_promised_of_a_model_that_was_never_seen_and_more_once_it_was() -> None:
    estimate = RequestEstimate(assumed_watts=65)
    asked = asking()
    unseen_uj = estimate.first_slice_uj(asked, "a")
    assert unseen_uj <= 0.5 * 3.6e9, "a limit of a few watt-hours lets it answer once"
    assert unseen_uj == estimate.request_uj("a", prompt_tokens(asked), 64)
    estimate.seed("a", prompt_tokens=0, decoded_tokens=100, energy_uj=100_000)
    assert estimate.first_slice_uj(asked, "a") == estimate.request_uj("a", prompt_tokens(asked), SLICE_TOKENS)
