"""``/nodes/join``: where machines of members ask to join, and come back to see whether they may.

No session, no key: the first request carries an invitation, all are signed by the machine's own key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from affouage.asgi.body import read_body
from affouage.asgi.guard import guarded
from affouage.asgi.limits import Limits
from affouage.assembly.access import Policy
from affouage.assembly.accounts import Accounts
from affouage.clock import Clock
from affouage.errors import BadRequest, NotFound, SetUpError, Unavailable
from affouage.gateway.errors import refuse
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.joining import JOIN_PATH, JoinAnswer, JoinRequest, is_node_id
from affouage.settings import Settings

if TYPE_CHECKING:  # the extra is loaded by a commons that has a pool, at its first use
    from affouage.pool.nodes.grants import Grants

BODY_MAX_BYTES = 4096

_FOR_PEOPLE = (
    "Cette adresse est celle d’une invitation pour une machine : elle ne s’ouvre pas, elle se donne entière à une"
    ' commande, sur la machine à prêter :\n\n    affouage node join "l’invitation"\n\n'
    "This is the address of an invitation for a machine. It is not opened but given, whole, to a command on the machine"
    ' to lend:\n\n    affouage node join "the invitation"\n'
)
_read = msgspec.json.Decoder(JoinRequest).decode


class Nodes:
    """The three routes."""

    def __init__(self, settings: Settings, clock: Clock, enrolment: Enrolment) -> None:
        self._settings = settings
        self._clock = clock
        self._enrolment = enrolment
        self._grants: Grants | None = None

    def routes(self, accounts: Accounts, limits: Limits) -> list[Route]:
        """Open to strangers: what is asked of them is to sign."""
        public: dict[str, Any] = {"policy": Policy.PUBLIC, "accounts": accounts, "limits": limits, "refuse": refuse}
        return [
            guarded(JOIN_PATH, self.explain, **public),
            guarded(JOIN_PATH, self.join, methods=("POST",), name=f"post {JOIN_PATH}", **public),
            guarded(f"{JOIN_PATH}/{{node_id}}", self.one, **public),
        ]

    async def explain(self, request: Request) -> Response:
        """``GET /nodes/join``, for whoever opens the link. Raises Unavailable ``no_pool``."""
        self._pool()
        return PlainTextResponse(_FOR_PEOPLE, headers={"cache-control": "no-store"})

    async def join(self, request: Request) -> Response:
        """``POST /nodes/join``: a JoinRequest; 202 while a steward has not decided. Raises what ``redeem`` raises."""
        grants = self._pool()
        server = self._settings.server
        body = await read_body(
            request.scope, request.receive, max_bytes=BODY_MAX_BYTES, timeout_ms=server.read_timeout_ms
        )
        asked = _asked(body)
        grants.check_keys(asked)
        grants.check(asked.public_key, request.headers, "POST", JOIN_PATH, body)
        record = await self._enrolment.redeem(asked, request.client.host if request.client else "")
        return _json(grants.answer(record))

    async def one(self, request: Request) -> Response:
        """``GET /nodes/join/{id}``: a JoinAnswer, a new credential in it. Raises NotFound, NotSignedIn, NotAllowed."""
        grants, node_id = self._pool(), str(request.path_params["node_id"])
        if not is_node_id(node_id):
            raise NotFound("There is no such machine.", remedy="Join first.", code="node_not_found")
        record = await self._enrolment.record(node_id)
        grants.check(record.public_key, request.headers, "GET", f"{JOIN_PATH}/{node_id}")
        return _json(grants.answer(record))

    def _pool(self) -> Grants:
        if not self._settings.pool.url:
            raise Unavailable(
                "This commons has no pool: it takes no machine of members.",
                remedy="Whoever runs it starts it with `affouage up --pool`, or sets pool.url in settings.toml.",
                retry_after_s=600,
                code="no_pool",
            )
        if self._grants is None:
            try:
                from affouage.pool.nodes.grants import Grants
            except ImportError:
                raise SetUpError(
                    "The part of affouage for pools is not installed on the commons.",
                    remedy="There: make pool, in the folder of affouage (or pip install 'affouage[pool]')",
                    code="pool_extra",
                ) from None
            self._grants = Grants(self._settings, self._clock)
        return self._grants


def _asked(body: bytes) -> JoinRequest:
    try:
        return _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # what it says may quote the secret
        raise BadRequest(
            "This is not what a machine sends to join.",
            remedy="Use the same version of affouage on both sides.",
            code="node_request",
        ) from None


def _json(answer: JoinAnswer) -> Response:
    status = 202 if answer.state == "pending" else 200
    return Response(msgspec.json.encode(answer), status, {"cache-control": "no-store"}, "application/json")
