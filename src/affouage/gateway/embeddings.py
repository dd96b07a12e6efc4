"""``POST /v1/embeddings``: texts in, vectors out, with a receipt like any other answer."""

from __future__ import annotations

import base64
import sys
from array import array
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from affouage.asgi.body import ClientGone
from affouage.asgi.commons import Commons
from affouage.chat import EMBEDDER, ChatRequest
from affouage.errors import AffouageError, BadRequest
from affouage.gateway.chunks import affouage_member
from affouage.gateway.converse import asking_of, attended, body_of, send_json, stopped
from affouage.gateway.errors import error_response
from affouage.gateway.parameters import unsupported
from affouage.gateway.validate import check_length, check_range, decode, invalid_value, missing_parameter, refuse_nul
from affouage.gateway.wire import DEFAULT_ALIAS, Ours
from affouage.inference.answer import Vectors
from affouage.ledger.receipt import Receipt

"""The model that ``default`` stands for here: it comes with the software."""

INPUTS_MAX = 2048
_FORMATS = ("float", "base64")
_encode = msgspec.json.encode


class _Body(msgspec.Struct):
    model: str | None = None
    input: str | list[Any] | None = None
    encoding_format: str | None = None
    dimensions: int | None = None
    affouage: Ours | None = None


class EmbeddingWish(msgspec.Struct, frozen=True):
    """A request understood."""

    request: ChatRequest
    encoding: str
    dimensions: int | None
    reach: str = ""


_decoder = msgspec.json.Decoder(_Body)


def read_embedding(body: bytes) -> EmbeddingWish:
    """Raises BadRequest, UnsupportedParameter."""
    asked = decode(_decoder, body)
    if not asked.model:
        raise missing_parameter("model")
    encoding = asked.encoding_format or "float"
    if encoding not in _FORMATS:
        raise invalid_value("encoding_format", encoding, _FORMATS)
    check_range("dimensions", asked.dimensions, 1, 2**31 - 1)
    model = EMBEDDER if asked.model == DEFAULT_ALIAS else asked.model
    request = ChatRequest(kind="embedding", model=model, inputs=_inputs(asked.input))
    refuse_nul(body, request)
    reach = "" if asked.affouage is None else asked.affouage.confidentiality or ""
    return EmbeddingWish(request, encoding, asked.dimensions, reach)


def _inputs(given: str | list[Any] | None) -> tuple[str, ...]:
    if given is None:
        raise missing_parameter("input")
    texts = [given] if isinstance(given, str) else given
    check_length("input", texts, 1, INPUTS_MAX)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise unsupported("input", "Send text: inputs as token numbers are not taken here.")
        if not text:
            raise BadRequest(
                f"Invalid 'input[{place}]': input cannot be an empty string.", param="input", code="empty_string"
            )
    return tuple(texts)


def embeddings_body(wish: EmbeddingWish, vectors: list[list[float]], receipt: Receipt) -> bytes:
    """OpenAI's list of embeddings, as JSON."""
    rows = [
        {"object": "embedding", "index": place, "embedding": _written(vector, wish.encoding)}
        for place, vector in enumerate(vectors)
    ]
    tokens = receipt.tokens.prompt
    return _encode(
        {
            "object": "list",
            "data": rows,
            "model": wish.request.model,
            "usage": None if tokens is None else {"prompt_tokens": tokens, "total_tokens": tokens},
            "affouage": affouage_member(receipt, None, show_prompt=False),
        }
    )


def _written(vector: list[float], encoding: str) -> list[float] | str:
    if encoding == "float":
        return vector
    singles = array("f", vector)
    if sys.byteorder == "big":
        singles.byteswap()
    return base64.b64encode(singles.tobytes()).decode()


class Embeddings:
    """The raw ASGI route."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            wish = read_embedding(await body_of(self._commons, scope, receive))
        except ClientGone:
            return
        answer = await self._commons.inference.ask(asking_of(scope, reach=wish.reach), wish.request)
        vectors: list[list[float]] | None = None
        problem: AffouageError | None = None
        try:
            async with attended(answer, receive) as gone:
                try:
                    async for event in answer.events():
                        if isinstance(event, Vectors):
                            vectors = event.vectors
                except AffouageError as wrong:
                    problem = wrong
        finally:
            answer.cancel()
        if gone.is_set():
            return
        problem = problem or _wrong_length(wish, vectors)
        if problem is None and vectors is not None and answer.receipt is not None:
            await send_json(send, embeddings_body(wish, vectors, answer.receipt), answer.receipt_id)
            return
        response = error_response(problem or stopped(), answer.receipt_id)
        await response(scope, receive, send)


def _wrong_length(wish: EmbeddingWish, vectors: list[list[float]] | None) -> BadRequest | None:
    """The length of vectors is the model's own: only that one may be asked for."""
    if wish.dimensions is None or not vectors or len(vectors[0]) == wish.dimensions:
        return None
    return unsupported("dimensions", f"Leave it out: the vectors of this model have {len(vectors[0])} numbers.")
