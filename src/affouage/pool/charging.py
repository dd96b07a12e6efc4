"""What a request costs, in micro-units of the voted unit: weighted tokens, seconds of engine or joules. Pure."""

from __future__ import annotations

import msgspec

from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket

_MICRO = 1_000_000
USUAL_TOKENS = 256
"""Of an answer, until some have been seen; for the order told to those who wait, never charged."""


class Rate(msgspec.Struct, frozen=True, array_like=True):
    """What work weighs on a machine (see ``footprint.weights``). ``token_uj``: of a decoded token, None unknown."""

    kappa: float
    weight: float
    token_uj: int | None = None

    @classmethod
    def of(cls, station: Station, model_id: str) -> Rate:
        known = station.metering.weights.of(model_id)
        return cls(known.kappa, known.weight, station.token_uj)


class Work(msgspec.Struct, array_like=True):
    """What was done for a request so far. ``prompt_tokens``: computed, those found in the cache excluded."""

    prompt_tokens: int = 0
    decoded_tokens: int = 0
    energy_uj: int | None = None


def cost(rules: ShareRules, rate: Rate, work: Work) -> int:
    """Micro-units of ``work``; of energy nobody has told yet, nothing."""
    if rules.unit == "joules":
        return work.energy_uj or 0
    if rules.unit == "engine_seconds":
        return round((rate.kappa * work.prompt_tokens + work.decoded_tokens) * rate.weight * 1_000)
    return _MICRO * (rules.prompt_weight * work.prompt_tokens + rules.decode_weight * work.decoded_tokens)


def expected(rules: ShareRules, rate: Rate, ticket: Ticket, usual_tokens: int | None) -> tuple[int, int]:
    """(what its prompt should cost, the whole of it), on a machine of that ``rate``."""
    decoded = usual_tokens or USUAL_TOKENS
    if ticket.decode_tokens is not None:
        decoded = min(decoded, ticket.decode_tokens)
    first, whole = Work(ticket.prompt_tokens), Work(ticket.prompt_tokens, decoded)
    if rate.token_uj is not None:
        first.energy_uj = round(rate.kappa * ticket.prompt_tokens * rate.token_uj)
        whole.energy_uj = first.energy_uj + decoded * rate.token_uj
    return cost(rules, rate, first), cost(rules, rate, whole)
