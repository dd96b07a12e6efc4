"""``GET /v1/receipts`` and ``/v1/receipts/{id}``: one's own receipts, nobody else's."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.errors import BadRequest
from affouage.ledger.receipt import Receipt

LIMIT_DEFAULT, LIMIT_MAX = 20, 100


class Receipts:
    """The two routes."""

    def __init__(self, commons: Commons) -> None:
        self._ledger = commons.ledger

    async def list(self, request: Request) -> Response:
        """Newest first; ``limit`` 1..100. Raises BadRequest."""
        limit = _limit(request.query_params.get("limit"))
        member_id = identity_of(request.scope).member.id
        found = await self._ledger.receipts(member_id, limit=limit + 1)
        rows = [_object(receipt) for receipt in found[:limit]]
        return _json({"object": "list", "data": rows, "has_more": len(found) > limit})

    async def one(self, request: Request) -> Response:
        """One receipt, with ``prompt_salt`` (hex, null when forgotten or never there). Raises NotFound."""
        member_id = identity_of(request.scope).member.id
        receipt = await self._ledger.receipt(request.path_params["receipt_id"][:100], member_id)
        salt = await self._ledger.salt(receipt.id, member_id)
        return _json(_object(receipt) | {"prompt_salt": None if salt is None else salt.hex()})


def _object(receipt: Receipt) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(receipt)
    return {"object": "receipt", **told}


def _limit(given: str | None) -> int:
    if given is None:
        return LIMIT_DEFAULT
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= LIMIT_MAX:
        raise BadRequest(
            f"Invalid 'limit': expected an integer between 1 and {LIMIT_MAX}.", param="limit", code="invalid_value"
        )
    return int(given)


def _json(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), headers={"cache-control": "no-store"}, media_type="application/json")
