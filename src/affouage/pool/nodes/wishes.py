"""What an owner asked of his machine on the pages, until the machine says the same; and what it says of itself.

His machine has the last word: he may change what it lends there as well. What he asked on the pages while it was away
is told to it once it is back, by a serial number that it takes only once.
"""

from __future__ import annotations

from collections.abc import Callable

from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.wire import Policy

Tell = Callable[[str, Policy, int], bool]
"""``Dispatcher.set_policy``."""


class Wishes:
    """``heard`` is for ``Dispatcher.on_seen``: when it comes, once a minute, and when the policy changes."""

    def __init__(self, enrolment: Enrolment, tell: Tell) -> None:
        self._enrolment = enrolment
        self._tell = tell
        self._asked: dict[str, int] = {}
        self._agreed: dict[str, int] = {}
        """By node, the serial of the last wish told again, and of the last that the machine was heard to follow."""

    async def heard(self, node_id: str, policy: Policy, now_ms: int) -> None:
        """The machine lends so now. Raises LedgerUnavailable when it cannot be written down."""
        await self._enrolment.note_seen(node_id, now_ms)
        record = self._enrolment.records().get(node_id)
        if record is None:
            return
        serial = record.policy_serial
        if record.policy == policy:
            self._agreed[node_id] = serial
        elif serial == 0 or serial in (self._agreed.get(node_id), self._asked.get(node_id)):
            self._agreed[node_id] = serial
            await self._enrolment.note_policy(node_id, policy, serial)
        else:
            self._asked[node_id] = serial
            self._tell(node_id, record.policy, serial)
