"""The bus port: what carries sealed bytes between the commons and its nodes. It understands nothing of them.

Implementations: ``adapters.buses.nats``, ``affouage.testing.InProcessBus``; both pass ``tests/contracts/test_bus.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from affouage.errors import Unavailable
from affouage.ledger.run_names import gateway_of

OnMessage = Callable[[str, bytes], None]
"""Told the subject and the payload of each message, on the event loop; must return at once and raise nothing."""

MAX_PAYLOAD_BYTES = 1_000_000


class BusDown(Unavailable):
    """The broker cannot be reached, or the message is too large for it; nothing was sent."""


class Bus(Protocol):
    """A connection that mends itself. Messages published while it is down may be lost: who needs them asks again."""

    @property
    def connected(self) -> bool: ...

    def publish(self, subject: str, payload: bytes) -> None:
        """Hand over at once, never blocking. Raises BusDown."""
        ...

    async def subscribe(self, subject: str, on_message: OnMessage) -> None:
        """``subject`` may hold ``*`` (one token) and end in ``>`` (all that follow); it outlives reconnections."""
        ...

    def on_change(self, told: Callable[[bool], None]) -> None:
        """``told(connected)`` each time the connection comes or goes."""
        ...

    async def close(self) -> None:
        """What was published is sent first, for two seconds at most. Idempotent."""
        ...


def run_subject(node_id: str) -> str:
    """Commons -> node: :class:`~affouage.pool.nodes.wire.Run`."""
    return f"node.{node_id}.run"


def control_subject(node_id: str) -> str:
    """Commons -> node: everything else. Node ids hold only a-z, 0-9 and _."""
    return f"node.{node_id}.control"


def heartbeat_subject(node_id: str) -> str:
    """Node -> commons."""
    return f"hb.{node_id}"


def out_subject(node_id: str, topic: str) -> str:
    """Node -> commons. ``topic``: a request's ``rid``, or ``file``. A run of one of several gateways is told to that
    one alone."""
    gateway_id = gateway_of(topic)
    return f"out.{node_id}.{gateway_id}.{topic}" if gateway_id else f"out.{node_id}.{topic}"
