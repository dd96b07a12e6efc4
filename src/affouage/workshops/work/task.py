"""A piece of work that is done, as a workshop tells it to the ledger of the work. Pure; never a word of anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

Arm = Literal["draft", "blind"]
"""Drawn at random before the work begins. ``blind``: the person works before seeing any draft."""
ARMS: tuple[Arm, ...] = ("draft", "blind")

Fate = Literal["kept", "edited", "thrown", "none"]
"""Of the draft: sent as it was, sent with changes, not used; ``none``: there was none to use."""
FATES: tuple[Fate, ...] = ("kept", "edited", "thrown", "none")


class TaskDone(msgspec.Struct, frozen=True, kw_only=True):
    """One task, told once, when it is done. What is not known is None, never 0.

    ``task_type``: kinds of work that may be compared with one another, a code (``desk_question``); ``worker``: an
    opaque id, counted here and written nowhere. ``arm`` None: nobody drew, so it is compared with nothing.

    ``active_ms``: somebody at it, the page in focus; a minute without a sign of them ends it. Of a ``blind`` task:
    until the person, having written, asks to see the draft, for what comes then is not work without one.
    ``review_ms``: from taking the task to what was done with it, by the clock. ``wait_ms``: how long the question
    waited before. ``edit_ratio``: words changed between draft and what was sent, 0 to 1, where ``fate`` is ``edited``.
    ``reworks``: this corrects an answer that was sent before. ``energy_uj``: what its drafts took, from the receipts.
    """

    task_type: str
    worker: str
    done_ms: int
    arm: Arm | None = None
    active_ms: int | None = None
    review_ms: int | None = None
    wait_ms: int | None = None
    fate: Fate = "none"
    edit_ratio: float | None = None
    reworks: bool = False
    energy_uj: int | None = None


Source = Callable[[int, int], Awaitable[tuple[TaskDone, ...]]]
"""``await source(since_ms, until_ms)``: tasks of a workshop done from ``since_ms`` on and before ``until_ms``."""
