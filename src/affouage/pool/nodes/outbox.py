"""What a node has said of each run, sealed and numbered, until the commons has it: sent again without working again."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from affouage.pool.nodes.bus import MAX_PAYLOAD_BYTES, Bus, BusDown, out_subject
from affouage.pool.nodes.sealing import Seal
from affouage.pool.nodes.wire import Chunk, Exact, Fin, FromNode, encode

RUN_BYTES_MAX = 8_000_000
"""Of one run. What is older can no longer be sent again."""
TOTAL_BYTES_MAX = 64_000_000
SEALING_BYTES = 40
_MARGIN_BYTES = 16
"""A larger sequence number takes a few bytes more."""
FORGET_US = 600_000_000
"""How long a run that ended waits for the commons to acknowledge it."""
FIN_AGAIN_US = 10_000_000

RunKey = tuple[str, int]
"""``rid`` and ``attempt``."""


class TooLarge(ValueError):
    """One event that no message can hold."""


class _Said(msgspec.Struct):
    payloads: list[bytes] = []
    first_seq: int = 0
    """Of ``payloads[0]``: what was before it is forgotten."""
    size: int = 0
    ended_us: int | None = None
    fin_sent_us: int = 0


class Outbox:
    """Publishes, and remembers until :meth:`ack`; bounded, so that a commons that never answers costs no memory."""

    def __init__(self, bus: Bus, seal: Seal, node_id: str) -> None:
        self._bus = bus
        self._seal = seal
        self._node_id = node_id
        self._said: OrderedDict[RunKey, _Said] = OrderedDict()
        self._size = 0

    def __contains__(self, key: RunKey) -> bool:
        return key in self._said

    @property
    def size(self) -> int:
        """Bytes remembered."""
        return self._size

    def say(self, topic: str, message: FromNode) -> bool:
        """Once, remembered by nobody. False when it could not leave."""
        return self.publish(out_subject(self._node_id, topic), message)

    def publish(self, subject: str, message: FromNode) -> bool:
        """The same, on a subject of its own."""
        return self._publish(subject, self._seal.close(encode(message)))

    def chunk(self, chunk: Chunk) -> int:
        """Send and remember; in several when it is too large for one. Returns the next sequence number.

        Raises TooLarge, before anything is sent, for an event that fits no message.
        """
        messages = _split(chunk)
        for place, (one, payload) in enumerate(messages):
            if place:
                payload = encode(msgspec.structs.replace(one, seq=chunk.seq + place))
            self._keep(chunk.rid, chunk.attempt, payload)
        return chunk.seq + len(messages)

    def fin(self, fin: Fin, now_us: int) -> None:
        """The last of a run, remembered with the others until it is acknowledged."""
        said = self._keep(fin.rid, fin.attempt, encode(fin))
        said.ended_us = said.fin_sent_us = now_us

    def resend(self, key: RunKey, seq: int) -> bool:
        """Everything from ``seq`` on, as it was. False when some of it is no longer there."""
        said = self._said.get(key)
        if said is None or seq < said.first_seq:
            return False
        for payload in said.payloads[seq - said.first_seq :]:
            if not self._publish(self._subject(key), payload):
                break
        return True

    def ack(self, key: RunKey) -> None:
        self._forget(key)

    def look_back(self, now_us: int) -> None:
        """Ends that nobody acknowledged are told again from time to time, and forgotten in the end."""
        for key, said in list(self._said.items()):
            if said.ended_us is None:
                continue
            if now_us - said.ended_us > FORGET_US:
                self._forget(key)
            elif now_us - said.fin_sent_us > FIN_AGAIN_US and self._publish(self._subject(key), said.payloads[-1]):
                said.fin_sent_us = now_us

    def tell_ends(self, now_us: int) -> None:
        """After the link came back: every end not yet acknowledged, at once."""
        for key, said in list(self._said.items()):
            if said.ended_us is not None and self._publish(self._subject(key), said.payloads[-1]):
                said.fin_sent_us = now_us

    def _keep(self, rid: str, attempt: int, message: bytes) -> _Said:
        key, payload = (rid, attempt), self._seal.close(message)
        said = self._said.setdefault(key, _Said())
        said.payloads.append(payload)
        said.size += len(payload)
        self._size += len(payload)
        self._publish(self._subject(key), payload)
        self._shrink(said)
        return said

    def _shrink(self, said: _Said) -> None:
        while said.size > RUN_BYTES_MAX and len(said.payloads) > 1:
            self._drop_first(said)
        while self._size > TOTAL_BYTES_MAX:
            ended = next((key for key, one in self._said.items() if one.ended_us is not None), None)
            if ended is not None:
                self._forget(ended)
                continue
            longest = max(self._said.values(), key=lambda one: one.size)
            if len(longest.payloads) <= 1:
                return
            self._drop_first(longest)

    def _drop_first(self, said: _Said) -> None:
        gone = said.payloads.pop(0)
        said.first_seq += 1
        said.size -= len(gone)
        self._size -= len(gone)

    def _subject(self, key: RunKey) -> str:
        return out_subject(self._node_id, key[0])

    def _forget(self, key: RunKey) -> None:
        said = self._said.pop(key, None)
        if said is not None:
            self._size -= said.size

    def _publish(self, subject: str, payload: bytes) -> bool:
        try:
            self._bus.publish(subject, payload)
        except BusDown:  # who needs it asks again
            return False
        return True


def _split(chunk: Chunk) -> list[tuple[Chunk, bytes]]:
    """One message where it fits, else its events over several, in order; all with the number of the first."""
    payload = encode(chunk)
    if len(payload) + SEALING_BYTES <= MAX_PAYLOAD_BYTES - _MARGIN_BYTES:
        return [(chunk, payload)]
    if len(chunk.events) > 1:
        half = len(chunk.events) // 2
        first = msgspec.structs.replace(chunk, events=chunk.events[:half])
        return [*_split(first), *_split(msgspec.structs.replace(chunk, events=chunk.events[half:]))]
    if isinstance(chunk.events[0], Exact):  # longer than any question that came: it is not told
        return _split(msgspec.structs.replace(chunk, events=(Exact(None),)))
    raise TooLarge
