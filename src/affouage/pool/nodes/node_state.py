"""What a node at work tells its owner's command line: ``<home>/node/state.json``, figures only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from affouage.pool.nodes.wire import Closed

FILE = Path("node") / "state.json"


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner sees of a run his machine served: figures, never content. None: unknown."""

    model_id: str
    own: bool
    problem: str
    prompt_tokens: int | None
    decoded_tokens: int | None
    energy_uj: int | None
    total_ms: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Requests served. ``energy_uj``: of those whose energy is known; ``own``: of the requests, the owner's."""

    requests: int = 0
    own: int = 0
    failed: int = 0
    decoded_tokens: int = 0
    energy_uj: int = 0

    def plus(self, ended: Ended) -> Tally:
        return Tally(
            requests=self.requests + 1,
            own=self.own + ended.own,
            failed=self.failed + (ended.problem not in ("", "cancelled")),
            decoded_tokens=self.decoded_tokens + (ended.decoded_tokens or 0),
            energy_uj=self.energy_uj + (ended.energy_uj or 0),
        )


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """``at_ms``: when it was written. ``waiting_blocks``: readings not yet in the commons' ledger. ``watts``: None when
    unknown. ``learning``: a run of training of the commons is here. ``since_start``, ``in_all``: what was served."""

    at_ms: int
    started_ms: int
    connected: bool
    problem: str = ""
    closed: Closed = ""
    running: int = 0
    watts: float | None = None
    models: tuple[str, ...] = ()
    waiting_blocks: int = 0
    dropped: int = 0
    learning: bool = False
    since_start: Tally = Tally()
    in_all: Tally = Tally()


def read_state(home: Path) -> NodeState | None:
    """As last written; None when it never was, or is not understood: it is only for show."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=NodeState)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_state(home: Path, state: NodeState) -> None:
    """Whole or not at all. A disk that refuses is no reason to stop serving."""
    path = home / FILE
    aside = path.with_name(f".state.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(state))
        aside.replace(path)


def lent(model_ids: Iterable[str], models: tuple[str, ...]) -> tuple[str, ...]:
    """Of the models here, those that the policy names; all when it names none."""
    return tuple(one for one in model_ids if not models or one in models)
