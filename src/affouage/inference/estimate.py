"""What a request will use, before it runs: a promise large enough to keep, from what recent answers used. Pure.

Per model, a running mean of microjoules per decoded token and its running deviation; the high figure is mean + 4
deviations, as TCP sets its timer (RFC 6298: gains 1/8 and 1/4). A computed prompt token costs ``kappa`` decoded ones.
Until a model has answered, a cautious figure from assumed watts stands in.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from affouage.chat import ChatRequest
from affouage.footprint.weights import DEFAULT_KAPPA
from affouage.inference.prompt import text_of
from affouage.ledger.receipt import Receipt

SLICE_TOKENS = 512
"""Tokens of an answer promised at once; a longer answer asks for more as it goes on."""

UNSEEN_SLICE_TOKENS = 64
"""The same, of a model that has not answered yet."""

_MEAN_GAIN = 1 / 8
_DEVIATION_GAIN = 1 / 4
_DEVIATIONS = 4
_LEAST_MARGIN = 1.25
_SLOWEST_TOKENS_PER_S = 3.0
"""A slow machine's decoding: the cautious figure is the assumed watts for so long per token."""
_BYTES_PER_TOKEN = 3
"""French and English have about four; fewer is cautious."""
_TOKENS_PER_MESSAGE = 8
_TOKENS_PER_OTHER_PART = 1000
"""An image or a sound."""
_FEWEST_TOKENS = 4
"""An answer of fewer tokens says little about the next one."""


class PerToken(msgspec.Struct, frozen=True):
    """Microjoules of a decoded token: ``mean_uj`` expected, ``high_uj`` seldom passed. ``kappa``: prompt / decoded."""

    mean_uj: float
    high_uj: float
    kappa: float
    seen: bool
    """From this model's own answers; otherwise assumed."""


class _Running(msgspec.Struct):
    mean_uj: float
    deviation_uj: float


class RequestEstimate:
    """Running figures by model. ``assumed_watts``: of the machine at work. ``kappa_of``: see ``footprint.weights``."""

    def __init__(
        self, *, assumed_watts: float, kappa_of: Callable[[str], float] = lambda _model: DEFAULT_KAPPA
    ) -> None:
        self._assumed_uj = assumed_watts * 1e6 / _SLOWEST_TOKENS_PER_S
        self._kappa_of = kappa_of
        self._running: dict[str, _Running] = {}

    def seed(self, model_id: str, *, prompt_tokens: int, decoded_tokens: int, energy_uj: int) -> None:
        """Sums of past answers, at start-up. A model that has answered since keeps its own figures."""
        tokens = self._kappa_of(model_id) * prompt_tokens + decoded_tokens
        if model_id not in self._running and tokens >= _FEWEST_TOKENS and energy_uj > 0:
            mean_uj = energy_uj / tokens
            self._running[model_id] = _Running(mean_uj, mean_uj / 2)

    def learn(self, receipt: Receipt) -> None:
        """A settled answer. What is not wholly known teaches nothing; nor does zero, which no answer costs."""
        energy = receipt.energy
        if energy.static_uj is None or energy.dynamic_uj is None or energy.at_least:
            return
        tokens, energy_uj = self._tokens_of(receipt), energy.static_uj + energy.dynamic_uj
        if tokens is not None and tokens >= _FEWEST_TOKENS and energy_uj > 0:
            self._note(receipt.model.id, energy_uj / tokens)

    def of(self, model_id: str) -> PerToken:
        kappa, running = self._kappa_of(model_id), self._running.get(model_id)
        if running is None:
            return PerToken(self._assumed_uj / 3, self._assumed_uj, kappa, seen=False)
        high_uj = max(running.mean_uj + _DEVIATIONS * running.deviation_uj, running.mean_uj * _LEAST_MARGIN)
        return PerToken(running.mean_uj, high_uj, kappa, seen=True)

    def request_uj(self, model_id: str, prompt_tokens: int, decoded_tokens: int) -> int:
        """The most a request of so many tokens should use; at least 1: nothing is free."""
        one = self.of(model_id)
        return max(1, math.ceil(one.high_uj * (one.kappa * prompt_tokens + decoded_tokens)))

    def first_slice_uj(self, request: ChatRequest, model_id: str, prefix_tokens: int = 0) -> int:
        """What is promised when it begins: its whole prompt, and the first tokens of its answer."""
        answer = min(first_tokens(request), self.slice_tokens(model_id))
        return self.request_uj(model_id, prompt_tokens(request) + prefix_tokens, answer)

    def slice_tokens(self, model_id: str) -> int:
        """How many tokens of an answer are promised at once: few while the figures are only assumed, or a small limit
        would refuse a model for ever that has never been seen to be frugal."""
        return SLICE_TOKENS if model_id in self._running else UNSEEN_SLICE_TOKENS

    def settled_uj(self, receipt: Receipt) -> int | None:
        """What a settled request is taken to have used, its energy unknown; None when its tokens are unknown too."""
        tokens = self._tokens_of(receipt)
        return None if tokens is None else math.ceil(self.of(receipt.model.id).high_uj * tokens)

    def known_models(self) -> list[str]:
        """Models that have answered, the most frugal first."""
        return sorted(self._running, key=lambda one: self._running[one].mean_uj)

    def _tokens_of(self, receipt: Receipt) -> float | None:
        """In decoded tokens; None when not known."""
        said = receipt.tokens
        if said.decoded is None or said.prompt is None:
            return None
        return self._kappa_of(receipt.model.id) * (said.prompt - (said.cached or 0)) + said.decoded

    def _note(self, model_id: str, per_token_uj: float) -> None:
        before = self._running.get(model_id)
        if before is None:
            self._running[model_id] = _Running(per_token_uj, per_token_uj / 2)
            return
        off_uj = abs(before.mean_uj - per_token_uj)
        before.deviation_uj += _DEVIATION_GAIN * (off_uj - before.deviation_uj)
        before.mean_uj += _MEAN_GAIN * (per_token_uj - before.mean_uj)


def first_tokens(request: ChatRequest) -> int:
    """Tokens of the answer promised at the start; none for embeddings."""
    if request.kind == "embedding":
        return 0
    return SLICE_TOKENS if request.max_tokens is None else min(request.max_tokens, SLICE_TOKENS)


def prompt_tokens(request: ChatRequest) -> int:
    """A cautious count before the engine's own: by bytes, so that no script is counted short."""
    texts = [request.prompt, request.suffix, *request.inputs, *(text_of(one.content) for one in request.messages)]
    others: int = sum(
        part.get("type") != "text" for one in request.messages if isinstance(one.content, list) for part in one.content
    )
    by_bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / _BYTES_PER_TOKEN
    tools = len(str(request.options.get("tools") or "")) / _BYTES_PER_TOKEN
    return math.ceil(by_bytes + tools) + _TOKENS_PER_MESSAGE * len(request.messages) + _TOKENS_PER_OTHER_PART * others
