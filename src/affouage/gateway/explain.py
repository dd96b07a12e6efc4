"""``POST /v1/explain``: a question in, sheets and quoted sentences out; written by a model where one is named."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage.asgi.body import ClientGone
from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.asgi.readers import tags_of
from affouage.gateway.converse import asking_of, body_of
from affouage.gateway.validate import decode, missing_parameter
from affouage.workshops.explain.shapes import Explanation

T = TypeVar("T")

_encode = msgspec.json.encode


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """``model`` "": the sheets' own words, nothing generated. ``collection``: search that one alone."""

    question: str | None = None
    model: str = ""
    collection: str = ""
    confidentiality: str = ""


_decoder = msgspec.json.Decoder(_Body)


class Explaining:
    """The raw ASGI route."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            asked = decode(_decoder, await body_of(self._commons, scope, receive))
        except ClientGone:
            return
        if asked.question is None:
            raise missing_parameter("question")
        explain, member = self._commons.explain, identity_of(scope).member
        tags = await tags_of(self._commons.db, member)
        look = await explain.look(asked.question, language=member.language, tags=tags, collection_id=asked.collection)
        asking = asking_of(scope, reach=asked.confidentiality)
        explanation = await unless_gone(explain.explained(look, asking, asked.model), receive)
        if explanation is not None:
            await _answer(explanation)(scope, receive, send)


async def unless_gone(work: Coroutine[Any, Any, T], receive: Receive) -> T | None:
    """Its result; None when the client left first: the generation is then stopped, and settled."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(work), asyncio.create_task(watch())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _answer(told: Explanation) -> Response:
    headers = {"cache-control": "no-store"}
    if told.receipt_id is not None:
        headers["x-affouage-receipt"] = told.receipt_id
    return Response(_encode(told), headers=headers, media_type="application/json")
