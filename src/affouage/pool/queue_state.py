"""One model's queue as a value: compact, bounded, and all that its next decisions depend on. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from affouage.pool.charging import Rate, Work
from affouage.pool.placement import Key
from affouage.pool.share_rules import ShareRules
from affouage.pool.share_state import ShareState
from affouage.pool.station import Station, Trust
from affouage.pool.ticket import Ticket

FORMAT: Final = 1
"""Of the bytes below; another one is not read."""


class Bounds(msgspec.Struct, frozen=True):
    """What a queue remembers at most of what is over.

    ``conversations``: of which it knows who served them. ``owing``: requests whose energy is still to be told; beyond,
    the oldest is never charged the rest of it. ``away``: members with nothing here who keep their counter; beyond, the
    one served least comes back as if it had never been here. None: all of them.
    """

    conversations: int = 4096
    owing: int = 1024
    away: int | None = None


ONE_GATEWAY = Bounds()
SEVERAL_GATEWAYS = Bounds(conversations=128, owing=128, away=1000)
"""Small enough to be written at each turn."""


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """The station a request runs on, as it was when its turn came."""

    key: Key
    trust: Trust
    owner_id: str
    rate: Rate

    @classmethod
    def of(cls, station: Station) -> Taken:
        node_id, model_id = station.key
        return cls((node_id, model_id), station.trust, station.owner_id, Rate.of(station, model_id))


class Run(msgspec.Struct, array_like=True):
    """A running request: where, since when (µs), what it has cost (micro-units, in the unit of now).

    ``work``: None until the first news of it.
    """

    ticket: Ticket
    station: Taken
    since_us: int
    charged: int
    work: Work | None = None


class QueueState(msgspec.Struct, frozen=True, array_like=True):
    """``waiting``: with their arrivals in µs, in order of arrival; ``back``: ids of those who lost their machine."""

    format: int
    rules: ShareRules
    share: ShareState
    waiting: list[tuple[Ticket, int]]
    running: list[Run]
    owing: list[Run]
    back: list[str]
    times: tuple[list[int], list[int]]
    prefixes: list[tuple[str, list[tuple[Key, int]]]]
    like: Rate | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(QueueState)


def packed(state: QueueState) -> bytes:
    """As JSON: whole numbers of any size, and an administrator can read it."""
    return _encoder.encode(state)


def unpacked(body: bytes) -> QueueState:
    """Raises ValueError for what is no queue, or is of another format."""
    state = _decoder.decode(body)  # msgspec.ValidationError is a ValueError
    if state.format != FORMAT:
        raise ValueError(f"a queue of format {state.format}, not {FORMAT}")
    return state
