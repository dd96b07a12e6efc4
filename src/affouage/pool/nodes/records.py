"""What the commons knows of each machine of members: the rows of the table ``node``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from affouage.pool.nodes.wire import Policy
from affouage.pool.station import Trust

State = Literal["pending", "approved", "refused", "revoked"]
OwnedBy = Literal["member", "collective"]


class NodeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. Times in milliseconds UTC.

    ``owner_id``: the member it is of, "" for the collective's own (``owned_by``). ``public_key``: its nkey (U...):
    identity, credentials, signed readings. ``box_key``: X25519, 32 bytes, what is sealed for it.
    ``machine_id``: as in blocks and receipts. ``policy``: what its owner lends, as last told. ``max_watts``: the most
    it can draw, as its owner declared; None: not declared. ``seen_ms``: its last heartbeat, to the minute.
    """

    id: str
    name: str
    owner_id: str
    owned_by: OwnedBy
    state: State
    trust: Trust
    public_key: str
    box_key: bytes
    machine_id: str
    created_ms: int
    decided_ms: int | None = None
    decided_by: str | None = None
    revoked_ms: int | None = None
    seen_ms: int | None = None
    policy: Policy = Policy()
    policy_serial: int = 0
    max_watts: float | None = None

    @property
    def serves(self) -> bool:
        """Whether it may be asked: approved, and not revoked since."""
        return self.state == "approved"


_policy = msgspec.json.Decoder(Policy).decode
_encode = msgspec.json.encode


def record_of(row: Mapping[str, Any]) -> NodeRecord:
    """A row, read back. Raises msgspec.ValidationError for one that a newer version wrote."""
    given = {str(name): value for name, value in row.items()}  # a database's own kind of str, to begin with
    given["policy"] = _policy(given["policy"])
    return msgspec.convert(given, NodeRecord)


def row_of(record: NodeRecord) -> dict[str, Any]:
    """The record as it is written."""
    return msgspec.structs.asdict(record) | {"policy": _encode(record.policy).decode()}
