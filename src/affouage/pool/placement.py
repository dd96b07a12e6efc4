"""Which free machine answers a request whose turn has come. Pure: the queue says who is next, this says only where.

Affinity stays within the bound of fairness because it never delays: it chooses among machines that are free now, for
the one request that is next. Nobody waits for a warm machine, nobody passes before his turn because one is; what a
warm cache saves is seen in the tokens really computed, which are what the member is charged.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from affouage.chat import Message

Key = tuple[str, str]
"""A station: node id ("" for this machine) and model id."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A station as it stands now, for one request. ``free`` of its ``slots`` are free to this member.

    ``trust``: see ``station.Trust``. ``token_uj``: microjoules of a decoded token there, None unknown.
    ``prefix_hits``: how much of the conversation it is likely to have read already (:meth:`PrefixMemory.hits`).
    """

    key: Key
    free: int
    slots: int
    loaded: bool
    trust: int
    owner_id: str = ""
    owner_first: bool = False
    token_uj: int | None = None
    prefix_hits: int = 0


def choose(
    options: Sequence[Option], *, member_id: str, reach: int, avoid: frozenset[str] = frozenset()
) -> Option | None:
    """The best of the options that may serve now, whatever their order; None when there is none.

    May serve: a slot is free, ``trust`` is within ``reach``, the node id is not in ``avoid`` (it failed this request).
    Then, the first difference decides: the member's own machine where he comes first; the model is loaded; the
    conversation was read there before, so that nobody else reads it; the narrowest trust, for the same reason; the
    least loaded; the least energy per token, unknown last; the key.
    """
    may = [one for one in options if one.free > 0 and one.trust <= reach and one.key[0] not in avoid]
    return min(may, key=lambda one: _rank(one, member_id), default=None)


def _rank(one: Option, member_id: str) -> tuple[object, ...]:
    own = one.owner_first and bool(member_id) and one.owner_id == member_id
    slots = max(one.slots, one.free)
    energy = (one.token_uj is None, one.token_uj or 0)
    return not own, not one.loaded, -one.prefix_hits, one.trust, (slots - one.free) / slots, energy, one.key


def prefix_sha256(messages: Sequence[Message]) -> str:
    """Names a conversation by what all its turns begin with, up to its first question; "" when there is none.

    Every later turn has the same name, whatever was answered, edited or asked again since. It stays in memory: a
    database that gateways share is given another (``shared_queues``).
    """
    head = hashlib.sha256()
    for message in messages:
        head.update(msgspec.json.encode([message.role, message.content]) + b"\n")
        if message.role == "user":
            return head.hexdigest()
    return ""


class PrefixMemory:
    """Which stations served which conversations lately. Bounded: the conversation unused for longest is forgotten.

    A guess, for a preference: the engine alone knows what its cache still holds, and tells it with the answer.
    """

    def __init__(self, most: int = 4096) -> None:
        """``most``: conversations remembered, at least 1."""
        self._most = most
        self._turns: OrderedDict[str, dict[Key, int]] = OrderedDict()

    def note(self, key: Key, prefix_sha256: str) -> None:
        """A turn of this conversation was given to this station."""
        if not prefix_sha256:
            return
        turns = self._turns.setdefault(prefix_sha256, {})
        turns[key] = 1 + max(turns.values(), default=0)
        self._turns.move_to_end(prefix_sha256)
        if len(self._turns) > self._most:
            self._turns.popitem(last=False)

    def hits(self, key: Key, prefix_sha256: str) -> int:
        """Class of the length it has read: 0 nothing, 1 the first turn, 2 up to the third, 3 up to the seventh ..."""
        return self._turns.get(prefix_sha256, {}).get(key, 0).bit_length()

    def forget(self, node_id: str) -> None:
        """Its engines started again, or it left: they remember nothing."""
        for turns in self._turns.values():
            for key in [key for key in turns if key[0] == node_id]:
                del turns[key]

    def kept(self) -> list[tuple[str, list[tuple[Key, int]]]]:
        """Conversations with the turns each station had of them, the one unused for longest first."""
        return [(prefix, list(turns.items())) for prefix, turns in self._turns.items()]

    def take_up(self, kept: list[tuple[str, list[tuple[Key, int]]]]) -> None:
        """Go on from what :meth:`kept` gave."""
        self._turns = OrderedDict((prefix, dict(turns)) for prefix, turns in kept)
