"""The door for programs: OpenAI's interface, boringly exact, with the receipt beside it."""

from __future__ import annotations

from starlette.routing import Route
from starlette.types import ASGIApp

from affouage.asgi.commons import Commons
from affouage.asgi.guard import guarded
from affouage.assembly.access import Policy, Scope
from affouage.gateway import journal
from affouage.gateway.converse import HEARTBEAT_S, Conversing
from affouage.gateway.embeddings import Embeddings
from affouage.gateway.errors import refuse
from affouage.gateway.explain import Explaining
from affouage.gateway.mcp import ModelContext
from affouage.gateway.metrics import Metrics
from affouage.gateway.models import Models
from affouage.gateway.nodes import Nodes
from affouage.gateway.openapi import PATH as OPENAPI_PATH
from affouage.gateway.openapi import OpenApi
from affouage.gateway.public import Public
from affouage.gateway.queue import Queue
from affouage.gateway.ready import Ready
from affouage.gateway.receipts import Receipts
from affouage.gateway.wire import read_chat, read_completion
from affouage.pool.nodes.joining import JOIN_PATH

__all__ = ["PATHS", "refuse", "routes"]

PATHS = ("/v1", "/mcp", "/metrics", "/healthz", "/readyz", JOIN_PATH, *journal.PATHS)
"""What begins so is for programs: whatever goes wrong there is told in JSON."""


PROBES = ("/healthz", "/readyz")
"""Asked by whatever watches the server, as often as it likes; cheap."""


def routes(commons: Commons, *, heartbeat_s: float = HEARTBEAT_S) -> list[Route]:
    """Every route of the gateway with its policy. ``heartbeat_s``: silence after which a stream gets a comment."""
    accounts, limits = commons.accounts, commons.limits
    models, receipts, public = Models(commons), Receipts(commons), Public(commons)
    queue = Queue(commons)
    hot: dict[str, ASGIApp] = {
        "/v1/chat/completions": Conversing(commons, read_chat, heartbeat_s=heartbeat_s),
        "/v1/completions": Conversing(commons, read_completion, heartbeat_s=heartbeat_s),
        "/v1/embeddings": Embeddings(commons),
        "/v1/explain": Explaining(commons),
        "/mcp": ModelContext(commons),
    }
    member_only = {
        "/v1/models": (models.list, Scope.INFERENCE),
        "/v1/models/{model_id:path}": (models.one, Scope.INFERENCE),
        "/v1/receipts": (receipts.list, Scope.RECEIPTS),
        "/v1/receipts/{receipt_id}": (receipts.one, Scope.RECEIPTS),
        "/queue": (queue.show, Scope.INFERENCE),
        "/v1/queue": (queue.show, Scope.INFERENCE),
    }
    openapi = OpenApi()
    ready = Ready(commons)
    anybody = {
        "/prefix": public.prefix,
        "/health": public.health,
        "/healthz": ready.alive,
        "/readyz": ready.ready,
        OPENAPI_PATH: openapi.show,
    }
    nodes = Nodes(commons.settings, commons.clock, commons.enrolment)
    openapi.routes = [
        *(
            guarded(
                path,
                raw=app,
                policy=Policy.MEMBER,
                scope=Scope.INFERENCE,
                methods=("POST",),
                accounts=accounts,
                limits=limits,
                refuse=refuse,
            )
            for path, app in hot.items()
        ),
        *(
            guarded(path, endpoint, policy=Policy.MEMBER, scope=scope, accounts=accounts, limits=limits, refuse=refuse)
            for path, (endpoint, scope) in member_only.items()
        ),
        guarded(
            "/metrics",
            Metrics(commons).show,
            policy=Policy.OPERATOR,
            scope=Scope.METRICS,
            accounts=accounts,
            limits=limits,
            refuse=refuse,
        ),
        *nodes.routes(accounts, limits),
        *journal.routes(commons),
        *(
            guarded(
                path,
                endpoint,
                policy=Policy.PUBLIC,
                accounts=accounts,
                limits=None if path in PROBES else limits,
                refuse=refuse,
            )
            for path, endpoint in anybody.items()
        ),
    ]
    return openapi.routes
