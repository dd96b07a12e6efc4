"""The walls tried from inside: what a program that reads models could do on this system."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from affouage.adapters.engines.child import Child, ChildProgram, SupervisedChild
from affouage.clock import SystemClock
from affouage.walls.folder import own_folder

_PATIENCE_MS = 20_000


async def what_a_child_sees(config: Mapping[str, Any]) -> dict[str, Any]:
    """What :mod:`probe_child` tells, started as an engine is. ``config``: what it tries: ``secret`` (a file that is
    none of its business), ``tcp`` (address and port of a listener), ``unix`` (name of one). Raises EngineFailed."""
    seen: dict[str, Any] = {}

    async def ready(child: Child) -> None:
        seen.update(child.ready["seen"])

    async def gone() -> None:
        return None

    program = ChildProgram(
        module="affouage.adapters.engines.probe_child",
        model_id="the probe of the walls",
        config=config,
        listens=True,
        load_deadline_ms=_PATIENCE_MS,
    )
    child = SupervisedChild(program, clock=SystemClock(), on_ready=ready, on_gone=gone)
    try:
        await child.ensure_ready(_PATIENCE_MS)
    finally:
        await child.close()
    return seen


def looked_at() -> dict[str, Any]:
    """As :func:`what_a_child_sees`, beside a file made for it, for a program that has no event loop."""
    with own_folder() as folder:
        secret = folder / "none of its business"
        secret.write_text("ours")
        return asyncio.run(what_a_child_sees({"secret": str(secret)}))
