"""A station: one engine, on one machine, that can answer for a model; and what holding one of its slots gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from affouage.footprint.weights import TokenWeights
from affouage.ledger.receipt import Energy, Kept
from affouage.pool.engine import Engine

Trust = Literal[0, 1, 2, 3]
"""Whose machine it is: 0 the one the commons runs on, 1 the collective's, 2 a trusted member's, 3 any member's.

A request's ``reach`` is the highest it accepts.
"""

REACHES = ("local", "collective", "trusted", "everyone")
"""Codes of the four confidentiality classes, by number: whose machines may read the question."""


class Metered(Protocol):
    """A machine's meter as the path of a request uses it: ``pool.metering.Metering``, or what a node tells of it."""

    @property
    def machine_id(self) -> str: ...

    @property
    def weights(self) -> TokenWeights: ...

    def start(self, request_id: str, model_id: str, *, own: bool = False) -> None:
        """From now on the present task uses that machine's engine for it. ``own``: the machine's owner asks."""
        ...

    def count(
        self, request_id: str, *, prompt_tokens: int | None = None, decoded_tokens: int | None = None
    ) -> None: ...

    def stop(self, request_id: str) -> None: ...

    def spent_uj(self, request_id: str) -> int: ...

    async def finished(self, request_id: str) -> Energy: ...

    def blocks(self) -> Sequence[Kept]: ...

    def kept(self, blocks: Sequence[Kept]) -> None: ...

    def run_of(self, request_id: str) -> str:
        """Under which name its part stands in this machine's blocks; asked after :meth:`finished`."""
        ...


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """``node_id``: "" for this machine. ``slots``: requests it takes at once now (0: closed). ``loaded``: no wait for
    its model. ``token_uj``: microjoules of a decoded token there, None unknown. ``owner_id``: the member whose machine
    it is, "" for the collective's; ``owner_first``: that member's requests pass before all others on it.
    ``own_slots``: what it takes of its owner's own requests (it may be closed to others).
    """

    node_id: str = ""
    node_name: str = ""
    engine: Engine
    metering: Metered
    trust: Trust = 0
    slots: int
    own_slots: int = 0
    loaded: bool = True
    token_uj: int | None = None
    owner_id: str = ""
    owner_first: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.node_id, self.engine.model_id


FindStations = Callable[[str], list[Station]]
"""The stations that can answer for a model id now, closed ones included; none: nobody has it. Cheap: asked often."""
