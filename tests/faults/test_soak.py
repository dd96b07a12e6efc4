"""The run of `make soak`, for two minutes: the same load, the same looks; too short to tell what grows slowly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.soak.soak import Plan, soak


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_minutes_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    plan = Plan(minutes=2, every_s=3, think_s=1, pool=True)
    result = asyncio.run(soak(plan, tmp_path, tmp_path / "result.json"))
    assert [one for one in result.wrong if "grew" not in one] == []
    assert result.answers > 20
    assert {one.name for one in result.verdicts if not one.flat} <= {"rss_mb", "children_rss_mb", "node_rss_mb"}
    assert {"a vote", "a backup", "ask_streamed", "explain", "leave_in_the_middle"} <= set(result.done)
