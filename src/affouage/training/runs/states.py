"""The declared machine of a run: what may follow what, and what happens when nothing does. Pure.

```
planned ─> asked ─> ready ─> queued ─> running ─> done ─> exported
     └──────────────┘          │ ^        │ └─> stopping ─> stopped
                               │ └────────┼──────────────────┤ (resumed)
                               └─> failed <┘                 │
                                     └── (resumed) ──────────┘        given_up: from any that does not run
```

A state is never written by itself: it follows from the events, which are appended and never edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import msgspec

from affouage.errors import Conflict

State = Literal[
    "planned", "asked", "ready", "queued", "running", "stopping", "stopped", "failed", "done", "exported", "given_up"
]
"""asked: waits for a vote; ready: may start; queued: waits for its place; stopping: asked to write a checkpoint and
end; stopped and failed: may be resumed; done: learnt, not yet in the catalogue; exported: in it, with its receipt."""
Kind = Literal[
    "planned", "asked", "admitted", "queued", "started", "requeued", "stop_asked", "stopped", "failed", "done",
    "exported", "given_up", "metered", "receipt", "killed",
]  # fmt: skip
"""``metered``: a stretch of its work was booked; ``receipt``: its receipt entered the public log; ``killed``: it did
not stop when asked. These three change no state."""

DAY_MS = 86_400_000

FOLLOWS: Mapping[State, Mapping[Kind, State]] = {
    "planned": {"asked": "asked", "admitted": "ready", "given_up": "given_up"},
    "asked": {"admitted": "ready", "given_up": "given_up"},
    "ready": {"queued": "queued", "asked": "asked", "given_up": "given_up"},
    "queued": {"started": "running", "failed": "failed", "stopped": "stopped"},
    "running": {
        "stop_asked": "stopping",
        "stopped": "stopped",
        "failed": "failed",
        "done": "done",
        "requeued": "queued",
    },
    "stopping": {"stopped": "stopped", "failed": "failed", "done": "done"},
    "stopped": {"queued": "queued", "given_up": "given_up"},
    "failed": {"queued": "queued", "given_up": "given_up"},
    "done": {"exported": "exported", "given_up": "given_up"},
    "exported": {},
    "given_up": {},
}
NOTES: Mapping[Kind, tuple[State, ...]] = {
    "metered": get_args(State),  # the books may learn of a stretch after its end
    "receipt": ("exported", "given_up"),
    "killed": ("stopping",),
}
OVER: tuple[State, ...] = ("exported", "given_up")
AT_WORK: tuple[State, ...] = ("queued", "running", "stopping")


class Timeout(msgspec.Struct, frozen=True):
    """After so long in a state, ``then`` happens by itself."""

    after_ms: int
    then: Kind


TIMEOUTS: Mapping[State, Timeout] = {
    "asked": Timeout(180 * DAY_MS, "given_up"),  # nobody voted
    "stopping": Timeout(600_000, "killed"),  # a checkpoint takes seconds; its last one is kept
}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """``actor_id``: who did it, None: the software. ``body``: what came with it."""

    kind: Kind
    at_ms: int
    actor_id: str | None = None
    body: dict[str, Any] = {}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is, from its events. ``job``: its name at its place while it is at work; ``offset``: the byte of what
    its program tells where this life of it begins; ``reason``, ``told``, ``remedy``: how the last life ended;
    ``lives``: how many times it was started; ``killed``: it did not stop when asked."""

    state: State = "planned"
    since_ms: int = 0
    job: str | None = None
    offset: int = 0
    reason: str = ""
    told: str = ""
    remedy: str = ""
    lives: int = 0
    killed: bool = False


def after(standing: Standing, event: Event) -> Standing:
    """The run once ``event`` happened. Raises Conflict ``run_state`` for what may not follow."""
    if event.kind in NOTES:
        if standing.state not in NOTES[event.kind]:
            raise _refused(standing.state, event.kind)
        return msgspec.structs.replace(standing, killed=True) if event.kind == "killed" else standing
    state = FOLLOWS[standing.state].get(event.kind)
    if event.kind == "planned" and not standing.since_ms:
        state = "planned"
    if state is None:
        raise _refused(standing.state, event.kind)
    body = event.body
    new = msgspec.structs.replace(standing, state=state, since_ms=event.at_ms, killed=False)
    if event.kind == "started":
        return msgspec.structs.replace(
            new, job=body["job"], offset=body.get("offset", 0), reason="", told="", remedy="", lives=new.lives + 1
        )
    if event.kind in ("stopped", "failed", "done"):
        ending = {name: str(body.get(name, "")) for name in ("reason", "told", "remedy")}
        return msgspec.structs.replace(new, job=None, **ending)
    if event.kind == "requeued":  # the same job, which its place will begin again
        return new
    return msgspec.structs.replace(new, job=None) if event.kind == "queued" else new


def stand(events: Iterable[Event]) -> Standing:
    """The run as its events leave it. Raises Conflict for a history that cannot be."""
    standing = Standing()
    for event in events:
        standing = after(standing, event)
    return standing


def overdue(standing: Standing, now_ms: int) -> Kind | None:
    """What happens by itself because nothing else did; None: not yet."""
    timeout = TIMEOUTS.get(standing.state)
    if timeout is None or standing.killed or now_ms - standing.since_ms < timeout.after_ms:
        return None
    return timeout.then


_DO: Mapping[State, str] = {
    "planned": "Start it: affouage train start RUN",
    "asked": "It waits for a vote: affouage train status RUN says which.",
    "ready": "Start it: affouage train start RUN",
    "queued": "It begins by itself; affouage train stop RUN takes it out.",
    "running": "Stop it first: affouage train stop RUN",
    "stopping": "It is writing a checkpoint; wait a moment.",
    "stopped": "Go on with it: affouage train resume RUN",
    "failed": "Change what it says, then: affouage train resume RUN",
    "done": "It has learnt: affouage train export RUN",
    "exported": "It is in the catalogue: plan another one.",
    "given_up": "It was given up: plan another one.",
}


def _refused(state: State, kind: Kind) -> Conflict:
    return Conflict(
        f"A run that is {state} cannot become that ({kind}).",
        remedy=_DO[state],
        code="run_state",
        state=state,
        kind=kind,
    )
