"""Room in this machine's memory: before a model is loaded, who must leave, and when the answer is no.

A machine that runs out of memory stops for everybody; so the newcomer waits for room, or is refused with both figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from affouage.errors import EngineFailed
from affouage.pool.engine import Engine, Occupancy

_RETRY_AFTER_S = 15


class Plan(msgspec.Struct, frozen=True):
    """``leave``: the engines to unload first, in that order. ``free_bytes``: what the newcomer then finds, at best."""

    enough: bool
    leave: tuple[str, ...]
    free_bytes: int


def plan(need_bytes: int, available_bytes: int, others: Mapping[str, Occupancy]) -> Plan:
    """Whether ``need_bytes`` find room beside ``others``, and which idle ones leave: as few as the order allows, the
    longest unused first. Nobody leaves when that would not be enough anyway. Pure.
    """
    loaded = {name: one for name, one in others.items() if one.loaded}
    free = available_bytes - sum(max(0, (one.need_bytes or 0) - one.private_bytes) for one in loaded.values())
    idle = [(one.idle_since_us, name) for name, one in loaded.items() if one.idle_since_us is not None]
    leave: list[str] = []
    for _, name in sorted(idle):
        if free >= need_bytes:
            break
        free += max(loaded[name].need_bytes or 0, loaded[name].private_bytes)
        leave.append(name)
    enough = free >= need_bytes
    return Plan(enough, tuple(leave) if enough else (), max(0, free))


class Room:
    """The engines that have been let into the memory of this machine. ``available_bytes``: None when not known."""

    def __init__(self, available_bytes: Callable[[], int | None]) -> None:
        self._available_bytes = available_bytes
        self._admitted: dict[str, Engine] = {}
        self._door = asyncio.Lock()

    async def make(self, newcomer: Engine) -> None:
        """Return when ``newcomer`` may load; idle engines may have left. Raises EngineFailed, naming both figures."""
        async with self._door:
            while leave := self._decide(newcomer):
                for model_id in leave:
                    await self._admitted[model_id].unload()
            self._admitted[newcomer.model_id] = newcomer

    def _decide(self, newcomer: Engine) -> tuple[str, ...]:
        """Who leaves now; asked again after that, for somebody may have begun to use one of them meanwhile."""
        need, available = newcomer.occupancy().need_bytes, self._available_bytes()
        if need is None or available is None:
            return ()
        others = {name: one.occupancy() for name, one in self._admitted.items() if name != newcomer.model_id}
        decided = plan(need, available, others)
        if not decided.enough:
            raise _refusal(newcomer.model_id, need, decided.free_bytes, [n for n, one in others.items() if one.loaded])
        return decided.leave


def _refusal(model_id: str, need: int, free: int, there: list[str]) -> EngineFailed:
    beside = f", beside {', '.join(there)}" if there else ""
    return EngineFailed(
        f"{model_id} needs about {need / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB can be had now{beside}.",
        remedy="Close other programs or wait until the other models are idle, choose a smaller model"
        " (`affouage models fit`), or set a smaller engine.context_tokens or engine.slots in settings.toml.",
        code="no_room",
        retry_after_s=_RETRY_AFTER_S,
        need_bytes=need,
        free_bytes=free,
    )
