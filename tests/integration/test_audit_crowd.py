"""Two hundred answers on a real server, with this machine's own meter, many cancelled: audited meanwhile."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from affouage import settings
from affouage.cli import main
from affouage.testing import EchoEngine, serving
from tests.integration.conftest import until
from tests.integration.test_gateway_crowd import CLIENTS, crowd

ZONE = "Europe/Paris"


@pytest.fixture
def served_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text(
        f'[commons]\ntime_zone = "{ZONE}"\n[engine]\nmax_waiting = {CLIENTS}\n'
        f"[pool]\nmax_waiting_per_member = {CLIENTS}\n",
        encoding="utf-8",
    )
    return home


def _audit(home: Path) -> dict[str, Any]:
    today = datetime.now(ZoneInfo(ZONE)).date().isoformat()
    told = CliRunner().invoke(main, ["audit", "period", today[:4], "--json"], env={"AFFOUAGE_HOME": str(home)})
    found: dict[str, Any] = json.loads(told.stdout)
    assert (told.exit_code, found["differences"]) == (0, [])
    assert (
        found["requests_uj"] + found["idle_uj"] + found["unattributed_uj"] + found["contended_uj"]
        == (found["energy_uj"])
    )
    return found


def test_receipts_add_up_to_the_meter_after_a_crowd(served_home: Path) -> None:
    engine = EchoEngine("echo", slots=4, word_ms=2)
    with serving(settings.read({}, home=served_home), engines=[engine]) as live:
        key = live.api_key()
        asyncio.run(crowd(live, key, seed=3))
        while_serving = _audit(served_home)
        until(lambda: engine.in_flight == 0)
    after = _audit(served_home)
    assert after["receipts"] >= while_serving["receipts"] > CLIENTS // 2
    assert after["receipts"] == CLIENTS
    assert after["running"] == 0
    assert after["requests_uj"] > 0
