"""What comes from the commons: opened, decoded, each kind on its own subject; anything else is counted and dropped."""

from __future__ import annotations

import logging
from collections import Counter

from affouage.clock import Clock
from affouage.pool.nodes.sealing import Seal, Unsealable
from affouage.pool.nodes.wire import Malformed, Run, ToNode, to_node

_log = logging.getLogger("affouage.node")

TELL_EVERY_US = 60_000_000


class Inbox:
    """``dropped``: how many, by reason. They are told once a minute, never with what they hold."""

    def __init__(self, seal: Seal, clock: Clock, run_subject: str) -> None:
        self.dropped: Counter[str] = Counter()
        self._seal = seal
        self._clock = clock
        self._run_subject = run_subject
        self._told_us: int | None = None

    def read(self, subject: str, payload: bytes) -> ToNode | None:
        """The message; None when it is none of ours."""
        try:
            message = to_node(self._seal.open(payload))
        except Unsealable:
            self.drop("not sealed for this machine")
        except Malformed:
            self.drop("malformed")
        else:
            if isinstance(message, Run) == (subject == self._run_subject):
                return message
            self.drop("on the wrong subject")
        return None

    def drop(self, why: str) -> None:
        self.dropped[why] += 1
        now_us = self._clock.monotonic_us()
        if self._told_us is None or now_us - self._told_us >= TELL_EVERY_US:
            self._told_us = now_us
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items()))
            _log.warning("messages dropped since the start: %s", counts)
