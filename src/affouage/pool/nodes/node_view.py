"""A node as pages and commands tell of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from affouage.pool.nodes.link import Link
from affouage.pool.nodes.reading_check import shown
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy, Served

NodeState = Literal["here", "late", "absent", "duplicate"]


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """``used`` of its ``slots``, by whomever. ``other_file``: not the file the commons knows by that name: not used."""

    model_id: str
    engine: str
    slots: int
    used: int
    loaded: bool
    context_tokens: int | None
    file_sha256: str | None
    token_uj: int | None
    token_ms: float | None
    other_file: bool


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """``closed``: why it takes nothing of others now (see ``wire.Closed``; also ``duplicate``: two machines have its
    identity, and neither is asked), "" when it does. ``running``: answers it gives for us now. ``lost_runs`` and
    ``refused`` (claims that were not believed, by reason): since the commons started. ``seen_ms``: by our clock.
    ``clock_off_ms``: how far its own is ahead, told for its owner alone: nothing depends on it. None is unknown.
    """

    id: str
    name: str
    owner_id: str
    owned_by: str
    trust: int
    machine_id: str
    state: NodeState
    closed: str
    slots: int
    used: int
    running: int
    watts: float | None
    seen_ms: int | None
    policy: Policy
    models: tuple[ModelView, ...]
    version: str
    lost_runs: int
    refused: dict[str, int]
    clock_off_ms: int | None


class RemoteModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model as the nodes here have it. ``file_sha256``: None when one does not tell, or they differ."""

    model_id: str
    context_tokens: int | None
    file_sha256: str | None
    nodes: int

    @staticmethod
    def of(served: Served, before: RemoteModel | None) -> RemoteModel:
        """With one more node."""
        if before is None:
            return RemoteModel(
                model_id=served.model_id,
                context_tokens=served.context_tokens,
                file_sha256=served.file_sha256,
                nodes=1,
            )
        contexts = [one for one in (before.context_tokens, served.context_tokens) if one is not None]
        same = before.file_sha256 == served.file_sha256
        return RemoteModel(
            model_id=served.model_id,
            context_tokens=max(contexts, default=None),
            file_sha256=served.file_sha256 if same else None,
            nodes=before.nodes + 1,
        )


def view_of(
    record: NodeRecord, link: Link | None, now_us: int, file_sha256_of: Callable[[str], str | None]
) -> NodeView:
    """``link``: None when it was never heard since the start."""
    state: NodeState = "absent" if link is None else link.presence.state(now_us)
    beat = None if link is None else link.beat
    twice = link is not None and state != "absent" and link.presence.duplicate(now_us)
    models = () if beat is None or state == "absent" else tuple(_model(one, file_sha256_of) for one in beat.models)
    return NodeView(
        id=record.id,
        name=record.name,
        owner_id=record.owner_id,
        owned_by=record.owned_by,
        trust=record.trust,
        machine_id=record.machine_id,
        state="duplicate" if twice else state,
        closed="duplicate" if twice else "" if beat is None else beat.closed,
        slots=sum(one.slots for one in models),
        used=sum(one.used for one in models),
        running=0 if link is None else sum(not one.over.is_set() for one in link.runs.values()),
        watts=None if beat is None else beat.watts,
        seen_ms=record.seen_ms if link is None else link.seen_ms,
        policy=record.policy if beat is None else beat.policy,
        models=models,
        version="" if beat is None else shown(beat.affouage, 30),
        lost_runs=0 if link is None else link.lost_runs,
        refused={} if link is None else dict(link.refused),
        clock_off_ms=None if beat is None or link is None or link.seen_ms is None else beat.at_ms - link.seen_ms,
    )


def _model(served: Served, file_sha256_of: Callable[[str], str | None]) -> ModelView:
    known = file_sha256_of(served.model_id)
    return ModelView(
        model_id=served.model_id,
        engine=shown(served.engine),
        slots=served.slots,
        used=served.used,
        loaded=served.loaded,
        context_tokens=served.context_tokens,
        file_sha256=served.file_sha256,
        token_uj=served.token_uj,
        token_ms=served.token_ms,
        other_file=known is not None and served.file_sha256 not in (None, known),
    )
