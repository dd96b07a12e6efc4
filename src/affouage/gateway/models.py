"""``GET /v1/models`` and ``/v1/models/{id}``: what may be asked here, and how open it really is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.catalogue.card import Card
from affouage.catalogue.openness import AXES
from affouage.catalogue.store import InstalledModel
from affouage.errors import UnknownModel
from affouage.gateway.wire import DEFAULT_ALIAS
from affouage.pool.engine import Engine

_encode = msgspec.json.encode


def model_object(
    model_id: str,
    card: Card | None,
    installed: InstalledModel | None,
    engine: Engine | None,
    *,
    since_ms: int,
    context_tokens: int,
) -> dict[str, Any]:
    """OpenAI's model object. ``created`` is when the file came here; for another's machine, since when it is known.

    ``context``: tokens one request may use here; before the first load, the settings' ``context_tokens`` at most.
    """
    context = engine.context_tokens if engine else None
    if context is None and installed is not None and card is not None and card.context_tokens is not None:
        context = min(card.context_tokens, context_tokens)
    return {
        "id": model_id,
        "object": "model",
        "created": (installed.installed_ms if installed else since_ms) // 1000,
        "owned_by": card.publisher if card else "unknown",
        "affouage": {
            "name": card.name if card else model_id,
            "openness": {axis: card.openness.axis(axis).level if card else "unknown" for axis in AXES},
            "grade": card.grade if card else None,
            "licence": card.licence.id if card else None,
            "context": context,
            "state": engine.state().status if engine else "stopped",
            **({"base": card.base, "scale": card.voice_scale} if card and card.base else {}),
        },
    }


class Models:
    """The two routes. Cards and files are read anew each time: a model may arrive while the commons runs."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons
        self._since_ms = commons.clock.now_ms()

    async def list(self, request: Request) -> Response:
        models = await self._admitted()
        return _json({"object": "list", "data": [models[model_id] for model_id in sorted(models)]})

    async def one(self, request: Request) -> Response:
        wanted = request.path_params["model_id"]
        if not wanted:  # /v1/models/
            return await self.list(request)
        if wanted == DEFAULT_ALIAS:
            wanted = self._commons.default_model
        models = await self._admitted()
        if wanted not in models:
            if wanted in await self._all():
                raise await self._commons.inference.admission.refusal_of(wanted)
            there = ", ".join(sorted(models)) or "none yet"
            raise UnknownModel(
                f"The model {wanted!r:.80} is not in this commons.", remedy=f"Models here: {there}.", param="model"
            )
        return _json(models[wanted])

    async def _admitted(self) -> dict[str, dict[str, Any]]:
        """Only what may answer; the files that lie here are known by their digest."""
        admission, here = self._commons.inference.admission, await asyncio.to_thread(self._digests)
        return {name: one for name, one in (await self._all()).items() if admission.may_answer(name, here.get(name))}

    def _digests(self) -> dict[str, str]:
        return {one.id: one.sha256 for one in self._commons.store.installed()}

    async def _all(self) -> dict[str, dict[str, Any]]:
        cards, installed = await asyncio.to_thread(self._read_disk)
        engines = {engine.model_id: engine for engine in self._commons.pool.engines()}
        return {
            model_id: model_object(
                model_id,
                cards.get(model_id),
                installed.get(model_id),
                engines.get(model_id),
                since_ms=self._since_ms,
                context_tokens=self._commons.settings.engine.context_tokens,
            )
            for model_id in {*engines, *installed}
            if model_id in engines or not _alone(cards.get(model_id), installed)
        }

    def _read_disk(self) -> tuple[Mapping[str, Card], dict[str, InstalledModel]]:
        return self._commons.cards(), {one.id: one for one in self._commons.store.installed()}


def _alone(card: Card | None, installed: Mapping[str, InstalledModel]) -> bool:
    """Whether it is a voice whose base is not here: nothing can answer by it."""
    return card is not None and card.base is not None and card.base not in installed


def _json(body: dict[str, Any]) -> Response:
    return Response(_encode(body), media_type="application/json")
