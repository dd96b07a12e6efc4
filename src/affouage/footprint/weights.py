"""What a prompt token weighs against a decoded one, and one model against another. Pure.

``kappa`` = (seconds per computed prompt token) / (seconds per decoded token): from a calibration, else from the
engine's own timings as answers go by. A model's weight is its milliseconds per decoded token, so that a token of a
large model counts for more than one of a small model on the same machine.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

DEFAULT_KAPPA = 0.25
"""Until the engine has told its first timings: reading goes a few times faster than writing on small machines."""

_MEMORY = 0.8
"""How much of a running figure stays when a new answer comes."""


class Weight(msgspec.Struct, frozen=True):
    kappa: float
    weight: float


class TokenWeights:
    """Running weights by model. ``calibrated``: model -> (kappa, decode_ms), which timings do not change."""

    def __init__(self, calibrated: Mapping[str, tuple[float, float]] | None = None) -> None:
        self._calibrated = dict(calibrated or {})
        self._prompt_ms: dict[str, float] = {}
        self._decode_ms: dict[str, float] = {}
        self._in_force: dict[str, Weight] = {}
        """Worked out since the last timings: they are asked for at each turn."""

    def note(
        self,
        model_id: str,
        *,
        prompt_tokens: int,
        prompt_ms: float | None,
        decoded_tokens: int,
        decode_ms: float | None,
    ) -> None:
        """An answer's own timings. Fewer than 8 tokens say too little and are left out."""
        self._in_force.clear()
        if prompt_ms is not None and prompt_tokens >= 8 and prompt_ms > 0:
            self._prompt_ms[model_id] = _running(self._prompt_ms.get(model_id), prompt_ms / prompt_tokens)
        if decode_ms is not None and decoded_tokens >= 8 and decode_ms > 0:
            self._decode_ms[model_id] = _running(self._decode_ms.get(model_id), decode_ms / decoded_tokens)

    def of(self, model_id: str) -> Weight:
        """The weights in force for this model, to three significant figures."""
        if model_id not in self._in_force:
            self._in_force[model_id] = self._of(model_id)
        return self._in_force[model_id]

    def _of(self, model_id: str) -> Weight:
        if model_id in self._calibrated:
            kappa, decode_ms = self._calibrated[model_id]
            return Weight(_short(kappa), _short(decode_ms))
        prompt_ms, decode_ms_seen = self._prompt_ms.get(model_id), self._decode_ms.get(model_id)
        known = {**self._decode_ms, **{model: ms for model, (_, ms) in self._calibrated.items()}}
        weight = known.get(model_id) or (sum(known.values()) / len(known) if known else 1.0)
        if prompt_ms is None or decode_ms_seen is None:
            return Weight(DEFAULT_KAPPA, _short(weight))
        return Weight(_short(prompt_ms / decode_ms_seen), _short(weight))


def _running(before: float | None, now: float) -> float:
    return now if before is None else _MEMORY * before + (1 - _MEMORY) * now


def _short(value: float) -> float:
    return float(f"{value:.3g}")
