"""What a token costs here, learnt from the runs that end. Pure but for its memory."""

from __future__ import annotations

_MEMORY = 0.8
"""How much of a running figure stays when a new run comes."""
_ENOUGH_TOKENS = 8
"""Fewer say too little."""


class Learnt:
    """Microjoules and milliseconds of one decoded token, by model; None while nothing is known."""

    def __init__(self) -> None:
        self._token_uj: dict[str, float] = {}
        self._token_ms: dict[str, float] = {}

    def token_uj(self, model_id: str) -> int | None:
        known = self._token_uj.get(model_id)
        return None if known is None else round(known)

    def token_ms(self, model_id: str) -> float | None:
        known = self._token_ms.get(model_id)
        return None if known is None else round(known, 3)

    def note(
        self,
        model_id: str,
        *,
        energy_uj: int | None,
        prompt_tokens: int,
        decoded_tokens: int,
        kappa: float,
        decode_ms: float | None,
    ) -> None:
        """A run's own figures. ``kappa``: what a prompt token weighs against a decoded one."""
        if decoded_tokens < _ENOUGH_TOKENS:
            return
        if energy_uj is not None:
            _learn(self._token_uj, model_id, energy_uj / (decoded_tokens + kappa * prompt_tokens))
        if decode_ms is not None and decode_ms > 0:
            _learn(self._token_ms, model_id, decode_ms / decoded_tokens)


def _learn(known: dict[str, float], model_id: str, now: float) -> None:
    before = known.get(model_id)
    known[model_id] = now if before is None else _MEMORY * before + (1 - _MEMORY) * now
