"""What a node tells of itself once a second. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from affouage import __version__
from affouage.pool.engine import Engine
from affouage.pool.nodes.agent_runs import Runs, Standing
from affouage.pool.nodes.policy import lends
from affouage.pool.nodes.wire import Heartbeat, Served

_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODELS_MAX = 200
_SLOTS_MAX = 4096
_MOST = 100_000_000
_WATTS_MAX = 1_000_000


def heartbeat_of(
    engines: Iterable[Engine],
    *,
    run: str,
    at_ms: int,
    machine_id: str,
    standing: Standing,
    runs: Runs,
    watts: float | None,
) -> Heartbeat:
    """Of the engines whose models are lent; no slot of any while draining."""
    lent = [
        engine for engine in engines if _MODEL_ID.fullmatch(engine.model_id) and lends(standing.policy, engine.model_id)
    ]
    return Heartbeat(
        run=run,
        at_ms=at_ms,
        affouage=__version__,
        machine_id=machine_id,
        models=tuple(_served(engine, standing, runs) for engine in lent[:_MODELS_MAX]),
        closed=standing.closed,
        policy=standing.policy,
        running=runs.rids[:_SLOTS_MAX],
        watts=None if watts is None else min(max(0.0, watts), _WATTS_MAX),
    )


def _served(engine: Engine, standing: Standing, runs: Runs) -> Served:
    identity, model_id = engine.identity(), engine.model_id
    sha256 = identity.file_sha256 or ""
    return Served(
        model_id=model_id,
        file_sha256=sha256 if _SHA256.fullmatch(sha256) else None,
        engine=identity.name[:120],
        engine_version=None if identity.version is None else identity.version[:120],
        slots=0 if standing.draining else min(engine.slots, _SLOTS_MAX),
        used=min(runs.used(model_id), _SLOTS_MAX),
        loaded=engine.state().status == "ready",
        context_tokens=None if engine.context_tokens is None else min(engine.context_tokens, _MOST),
        token_uj=_at_most(runs.learnt.token_uj(model_id)),
        token_ms=runs.learnt.token_ms(model_id),
    )


def _at_most(value: int | None) -> int | None:
    return None if value is None else min(value, _MOST)
