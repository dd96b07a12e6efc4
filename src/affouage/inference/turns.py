"""Before it waits: what a question weighs against others, and whose machines may read it. By the rules in force."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from affouage.assembly.charter import Charter, stamps
from affouage.chat import ChatRequest
from affouage.clock import Clock
from affouage.inference.admission import Admitted
from affouage.inference.attempt import Asking
from affouage.inference.estimate import prompt_tokens
from affouage.pool.placement import prefix_sha256
from affouage.pool.reach import lowered, reach_of
from affouage.pool.share_rules import group_of, weight_percent
from affouage.pool.ticket import Ticket

REMEMBERED_US = 60_000_000
"""A role or a contribution that changed counts within a minute."""
_MOST_REMEMBERED = 10_000


class Standing(msgspec.Struct, frozen=True):
    """What a weight depends on besides the rule. ``contribution_h``: hours the member's machines served for others."""

    role: str = "member"
    contribution_h: float = 0.0


FindStanding = Callable[[str, int], Awaitable[Standing]]
"""Of a member id, over so many days."""


async def nothing_special(_member_id: str, _days: int) -> Standing:
    return Standing()


class Turns:
    """Makes tickets. ``prefix_tokens``: of the commons' own text, which stands first. ``reach_most``: the configuration
    file's own cap (see ``pool.reach.lowered``), "" for none."""

    def __init__(
        self,
        charter: Charter,
        clock: Clock,
        find: FindStanding = nothing_special,
        *,
        prefix_tokens: Callable[[], int] = lambda: 0,
        reach_most: str = "",
    ) -> None:
        self._charter = charter
        self._clock = clock
        self._find = find
        self._prefix_tokens = prefix_tokens
        self._reach_most = reach_most
        self._known: OrderedDict[str, tuple[int, Standing]] = OrderedDict()

    def reach(self, asking: Asking) -> int:
        """Raises BadRequest for a class there is not or that the rule does not allow."""
        rules, _ = self._charter.in_force("confidentiality")
        return reach_of(lowered(rules, self._reach_most), asking.reach, asking.workshop)

    def stamps(self) -> tuple[str, ...]:
        """The rules it is treated by, for its receipt: only what somebody decided."""
        return stamps(self._charter, ("share", "confidentiality"))

    async def ticket(
        self, asking: Asking, request: ChatRequest, receipt_id: str, admitted: Admitted | None = None
    ) -> Ticket:
        """``admitted``: by the gate, which may slow it and keep machines away from it."""
        rules, _ = self._charter.in_force("share")
        standing = await self._standing(asking.member_id, rules.contribution_days)
        workshop = asking.workshop or asking.door
        weight = weight_percent(rules, standing.role, asking.use, workshop, standing.contribution_h)
        return Ticket(
            request_id=receipt_id,
            member_id=asking.member_id,
            model_id=request.model,
            weight_percent=max(1, weight * (admitted.weight_percent if admitted else 100) // 100),
            group=group_of(rules, asking.use, workshop),
            batch=asking.no_hurry,
            reach=self.reach(asking),
            prompt_tokens=prompt_tokens(request) + (self._prefix_tokens() if request.kind == "chat" else 0),
            decode_tokens=request.max_tokens,
            prefix_sha256=prefix_sha256(request.messages),
            max_wait_ms=asking.max_wait_ms,
            avoid=admitted.avoid if admitted else frozenset(),
        )

    async def _standing(self, member_id: str, days: int) -> Standing:
        now_us = self._clock.monotonic_us()
        known = self._known.get(member_id)
        if known is not None and now_us - known[0] < REMEMBERED_US:
            return known[1]
        found = await self._find(member_id, days)
        self._known[member_id] = (now_us, found)
        self._known.move_to_end(member_id)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return found
