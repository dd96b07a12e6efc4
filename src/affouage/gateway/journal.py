"""The public log for whoever wants to check it: no account, nothing but what was always public."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from affouage.asgi.commons import Commons
from affouage.asgi.guard import guarded
from affouage.assembly.access import Policy
from affouage.errors import BadRequest, NotFound
from affouage.gateway.errors import refuse
from affouage.journal import checkpoints, keys, log

MOST_ENTRIES = 1000
"""Of one answer."""

MOST_BYTES = 1_000_000
"""Of the entries of one answer: fewer are given when they are long, one at least."""

LARGEST = 2**53 - 1

_encode = msgspec.json.encode


class PublicJournal:
    """``GET /journal/...``: see docs/reference/journal.md."""

    def __init__(self, commons: Commons) -> None:
        self._db = commons.db
        self._log = commons.log

    async def checkpoint(self, request: Request) -> Response:
        """The signed note, newest first of all."""
        return Response(
            await self._log.checkpoint(), headers={"cache-control": "no-cache"}, media_type="text/plain; charset=utf-8"
        )

    async def cosigned(self, request: Request) -> Response:
        """The newest checkpoint that somebody else signed too. Raises NotFound."""
        text = await self._db.read(checkpoints.cosigned)
        if text is None:
            raise NotFound("No witness cosigned this log yet.", remedy="See GET /journal/checkpoint")
        return Response(text, headers={"cache-control": "no-cache"}, media_type="text/plain; charset=utf-8")

    async def key(self, request: Request) -> Response:
        """What signs, and what signed before."""
        chain = await self._db.read(keys.chain)
        before = [{"seq": one.seq, "from_size": one.from_size, "key": str(one.key)} for one in chain]
        return _json({"key": str(self._log.key), "origin": self._log.key.name, "named": before})

    async def entries(self, request: Request) -> Response:
        """Leaves as they were hashed."""
        first = _number(request, "first", 0)
        count = _number(request, "count", 100, largest=MOST_ENTRIES)

        def read(connection: Connection) -> dict[str, Any]:
            found: list[dict[str, Any]] = []
            spent = 0
            for leaf in log.leaves(connection, first, count):
                spent += len(leaf.body.encode())
                if found and spent > MOST_BYTES:
                    break
                found.append({"seq": leaf.seq, "leaf": leaf.body, "leaf_hash": _b64(leaf.leaf_hash)})
            return {"size": log.size(connection), "entries": found}

        return _json(await self._db.read(read))

    async def inclusion(self, request: Request) -> Response:
        """That an entry is in the log of a size."""
        seq, size = _number(request, "seq"), _number(request, "size")

        def read(connection: Connection) -> dict[str, Any]:
            proof = log.inclusion(connection, seq, size)
            leaf = log.leaf(connection, seq)
            told = {"seq": seq, "size": size, "leaf": leaf.body, "leaf_hash": _b64(leaf.leaf_hash)}
            return {**told, "root": _b64(log.root(connection, size)), "proof": _texts(proof)}

        return _json(await self._db.read(read))

    async def consistency(self, request: Request) -> Response:
        """That the log of a size extends the one of a smaller size."""
        old, new = _number(request, "from"), _number(request, "to")

        def read(connection: Connection) -> dict[str, Any]:
            proof = log.consistency(connection, old, new)
            roots = {"from_root": _b64(log.root(connection, old)), "to_root": _b64(log.root(connection, new))}
            return {"from": old, "to": new, **roots, "proof": _texts(proof)}

        return _json(await self._db.read(read))


def routes(commons: Commons) -> list[Route]:
    """For everybody: no account is asked for."""
    journal = PublicJournal(commons)
    paths = {
        "/journal/checkpoint": journal.checkpoint,
        "/journal/checkpoint/cosigned": journal.cosigned,
        "/journal/key": journal.key,
        "/journal/entries": journal.entries,
        "/journal/proof/inclusion": journal.inclusion,
        "/journal/proof/consistency": journal.consistency,
    }
    return [
        guarded(path, endpoint, policy=Policy.PUBLIC, accounts=commons.accounts, limits=commons.limits, refuse=refuse)
        for path, endpoint in paths.items()
    ]


PATHS = ("/journal/checkpoint", "/journal/key", "/journal/entries", "/journal/proof/")


def _number(request: Request, name: str, default: int | None = None, *, largest: int = LARGEST) -> int:
    """A whole number of the query. Raises BadRequest."""
    given = request.query_params.getlist(name)
    if not given and default is not None:
        return default
    text = given[0] if len(given) == 1 else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= largest):
        raise BadRequest(
            f"{name} must be one whole number from 0 to {largest}.",
            remedy=f"For example: {name}=0",
            param=name,
            code="bad_number",
        )
    return int(text)


def _json(value: Any) -> Response:
    return Response(_encode(value), headers={"cache-control": "no-cache"}, media_type="application/json")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _texts(proof: Sequence[bytes]) -> list[str]:
    return [_b64(one) for one in proof]
