"""The places of a machine's engines: who holds one, and the owner's own questions that wait for the next. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import Literal

Answer = Literal["taken", "waits", "busy"]

OWN_WAITING_MAX = 32
"""Questions of the owner that may wait for a place; further ones are told that the machine is busy."""


class Floor:
    """Places by model. An own question that finds none waits, when the owner comes first, and gets the next one."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._by_others: Counter[str] = Counter()
        self._waiting: deque[tuple[str, str]] = deque()

    def used(self, model_id: str) -> int:
        return self._used[model_id]

    @property
    def owner_waits(self) -> bool:
        return bool(self._waiting)

    def ask_own(self, key: str, model_id: str, slots: int, *, owner_first: bool) -> Answer:
        if self._used[model_id] < slots and not self._waits_for(model_id):
            self._used[model_id] += 1
            return "taken"
        if not owner_first or slots == 0 or len(self._waiting) >= OWN_WAITING_MAX:
            return "busy"
        self._waiting.append((key, model_id))
        return "waits"

    def ask_other(self, model_id: str, slots: int, lent: int) -> Answer:
        """``slots``: of the engine; ``lent``: of them, to others now."""
        if self._used[model_id] >= slots or self._by_others[model_id] >= lent or self._waits_for(model_id):
            return "busy"
        self._used[model_id] += 1
        self._by_others[model_id] += 1
        return "taken"

    def leave(self, model_id: str, *, own: bool) -> str | None:
        """A place is free again. Returns the key of the waiting one that has it from now on, if any."""
        if not own:
            self._by_others[model_id] -= 1
        for one in self._waiting:
            if one[1] == model_id:
                self._waiting.remove(one)
                return one[0]
        self._used[model_id] -= 1
        return None

    def give_up(self, key: str) -> bool:
        """Wait no more. False when it did not wait (it may have a place)."""
        for one in self._waiting:
            if one[0] == key:
                self._waiting.remove(one)
                return True
        return False

    def _waits_for(self, model_id: str) -> bool:
        return any(model == model_id for _, model in self._waiting)
