"""Months that end while a commons is open, and a clock set wrong for a moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from affouage import app
from affouage.testing import ManualClock
from tests.integration.lived_commons import NOV_2, OCTOBER_30


class Looks:
    """What the books were asked to close by."""

    def __init__(self) -> None:
        self.at_ms: list[int] = []
        self.looked = asyncio.Event()

    async def close_finished(self, now_ms: int) -> list[str]:
        self.at_ms.append(now_ms)
        self.looked.set()
        return []

    async def again(self) -> int:
        self.looked.clear()
        await self.looked.wait()
        return self.at_ms[-1]


def test_a_clock_put_forward_by_mistake_closes_no_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CLOSING_LOOK_S", 0.01)

    async def main() -> None:
        clock, books = ManualClock(OCTOBER_30), Looks()
        wrong: Any = books
        async with app._closing_months(wrong, clock):
            assert await books.again() == OCTOBER_30
            clock.advance(ms=NOV_2 - OCTOBER_30)
            assert await books.again() == OCTOBER_30, "seen once: it may be a mistake"
            assert await books.again() == NOV_2

    asyncio.run(main())
