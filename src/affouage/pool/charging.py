"""What a request costs, in micro-units of the voted unit: weighted tokens, seconds of engine or joules. Pure."""

from __future__ import annotations

import msgspec

from affouage.footprint.weights import TokenWeights
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket

_MICRO = 1_000_000
USUAL_TOKENS = 256
"""Of an answer, until some have been seen; for the order told to those who wait, never charged."""


class Work(msgspec.Struct):
    """What was done for a request so far. ``prompt_tokens``: computed, those found in the cache excluded."""

    prompt_tokens: int = 0
    decoded_tokens: int = 0
    energy_uj: int | None = None


def cost(rules: ShareRules, weights: TokenWeights, model_id: str, work: Work) -> int:
    """Micro-units of ``work``; of energy nobody has told yet, nothing."""
    if rules.unit == "joules":
        return work.energy_uj or 0
    if rules.unit == "engine_seconds":
        known = weights.of(model_id)
        return round((known.kappa * work.prompt_tokens + work.decoded_tokens) * known.weight * 1_000)
    return _MICRO * (rules.prompt_weight * work.prompt_tokens + rules.decode_weight * work.decoded_tokens)


def expected(rules: ShareRules, station: Station, ticket: Ticket, usual_tokens: int | None) -> tuple[int, int]:
    """(what its prompt should cost, the whole of it), on a machine like ``station``."""
    decoded = usual_tokens or USUAL_TOKENS
    if ticket.decode_tokens is not None:
        decoded = min(decoded, ticket.decode_tokens)
    first, whole = Work(ticket.prompt_tokens), Work(ticket.prompt_tokens, decoded)
    if station.token_uj is not None:
        kappa = station.metering.weights.of(ticket.model_id).kappa
        first.energy_uj = round(kappa * ticket.prompt_tokens * station.token_uj)
        whole.energy_uj = first.energy_uj + decoded * station.token_uj
    weights, model_id = station.metering.weights, ticket.model_id
    return cost(rules, weights, model_id, first), cost(rules, weights, model_id, whole)
