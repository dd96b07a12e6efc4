"""``GET /queue``: where one's own waiting requests stand, and how many wait for each model. Never who."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.gateway.waiting import REASONS
from affouage.pool.ticket import Line, Place


class Queue:
    """The route."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons

    async def show(self, request: Request) -> Response:
        """Durations in ms; ``estimate_ms`` is ``[low, high]``, null while nothing is known."""
        scheduler = self._commons.inference.scheduler
        mine = await scheduler.places_of(identity_of(request.scope).member.id)
        body = {
            "object": "queue",
            "mine": [_own(place) for place in mine],
            "models": [_model(line) for line in scheduler.snapshot()],
        }
        return Response(msgspec.json.encode(body), headers={"cache-control": "no-store"}, media_type="application/json")


def _own(place: Place) -> dict[str, Any]:
    turn = place.turn
    known = turn.low_ms is not None and turn.high_ms is not None
    return {
        "receipt": place.request_id,
        "model": place.model_id,
        "position": turn.position,
        "waiting": turn.waiting,
        "reason": turn.reason,
        "because": REASONS[turn.reason],
        "waited_ms": place.waited_ms,
        "estimate_ms": [turn.low_ms, turn.high_ms] if known else None,
    }


def _model(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(line)
    return {"model": told.pop("model_id"), **told}
