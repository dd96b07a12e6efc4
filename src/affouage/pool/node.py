"""A node: one machine (or a group seen as one) and the engines it has. This is the one we run on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from affouage.pool.engine import Engine
from affouage.pool.voice import VoiceEngine

FindEngine = Callable[[str], Engine | None]


class Node:
    """Engines by model id. ``find`` makes the engine of a model that arrived since the start (a pull, an import)."""

    def __init__(self, engines: Iterable[Engine], find: FindEngine | None = None) -> None:
        self._engines = {engine.model_id: engine for engine in engines}
        self._find = find or (lambda _model_id: None)

    def find(self, model_id: str) -> Engine | None:
        """The engine of a model; None when this machine does not have it."""
        found = self._engines.get(model_id) or self._find(model_id)
        if found is not None:
            self._engines[model_id] = found
            if isinstance(found, VoiceEngine):
                self._engines.setdefault(found.base.model_id, found.base)  # to be closed, whoever asked first
        return found

    def voice(self, model_id: str) -> VoiceEngine | None:
        """The voice of that id, once it has been found; None for what is none."""
        found = self._engines.get(model_id)
        return found if isinstance(found, VoiceEngine) else None

    def engines(self) -> list[Engine]:
        return list(self._engines.values())

    def pids(self) -> frozenset[int]:
        """The programs on this machine that work for the commons: ours, and those of engines that have one."""
        children = (getattr(engine, "pid", None) for engine in self._engines.values())
        return frozenset({os.getpid(), *(pid for pid in children if pid is not None)})

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.close()
