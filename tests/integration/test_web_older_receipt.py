"""A receipt in the ledger from before the meter counted answers: shown and downloaded still, nothing made up for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage import settings
from affouage.ledger.posting import append
from affouage.ledger.receipt import Durations, EngineStamp, ModelStamp, TokenCounts
from affouage.testing import EchoEngine, FixedMeter, ManualClock, serving
from affouage.units import Interval
from tests.integration.web_visitor import Visitor, words

METHOD = "processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted"


class OlderEnergy(msgspec.Struct, kw_only=True):
    """As version 0.1 wrote it before the footprint, in microjoules."""

    interval_uj: Interval | None = None
    quality: str = "unknown"
    method: str = ""
    cpu_us: int | None = None


class OlderImpacts(msgspec.Struct, kw_only=True):
    gwp_g: Interval | None = None
    water_l: Interval | None = None
    adpe_g_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    factor_set: str | None = None


class OlderReceipt(msgspec.Struct, kw_only=True):
    """Without a machine, a workshop, a use, notices."""

    id: str
    attempt: int = 1
    member_id: str
    door: str = "api"
    kind: str = "chat"
    created_ms: int
    outcome: str = "completed"
    finish_reason: str | None = "stop"
    problem: str | None = None
    model: ModelStamp = ModelStamp(id="echo", name="echo")
    engine: EngineStamp = EngineStamp("echo", "1", "here")
    tokens: TokenCounts = TokenCounts(prompt=10, cached=3, decoded=5, discarded=0)
    durations: Durations = Durations(wait_ms=1, wait_reason="none", prompt_ms=2, decode_ms=2, total_ms=5)
    energy: OlderEnergy = msgspec.field(default_factory=OlderEnergy)
    impacts: OlderImpacts = msgspec.field(default_factory=OlderImpacts)
    prefix: Any = None
    prompt_sha256: str | None = None
    rules: tuple[str, ...] = ()


COUNTED = OlderEnergy(interval_uj=Interval(12e6, 36e6, 108e6), quality="estimated", method=METHOD, cpu_us=4_400_000)


@pytest.mark.parametrize("energy", [COUNTED, OlderEnergy()], ids=["estimated", "unknown"])
def test_an_older_receipt_is_shown_as_it_was_told(home: Path, energy: OlderEnergy) -> None:
    clock = ManualClock()
    with serving(settings.read({}, home=home), engines=[EchoEngine()], clock=clock, meter=FixedMeter(clock)) as live:
        karim = Visitor(live)
        who = karim.join("Karim")
        older = OlderReceipt(id="rcp_older", member_id=who.id, created_ms=clock.now_ms(), energy=energy)
        live.commons.db.write_now(lambda c: append(c, "settled", older, clock.now_ms()))
        live.run(live.commons.ledger.settle_abandoned())  # as the first start of the new version does
        clock.advance(ms=2 * 86_400_000)  # the day is over: its making was shared out
        page = karim.get("/receipts/rcp_older")
        assert page.status_code == 200
        told = words(page.text)
        known = energy.interval_uj is not None
        assert ("≈ 10 mWh" in told) == known
        assert (METHOD in told) == known
        assert "Cette réponse n’a pris aucun temps de la machine" not in told, "nobody counted it then"
        assert "sa part de la fabrication est inconnue" in told
        listed = karim.get("/receipts")
        assert listed.status_code == 200
        assert "rcp_older" in listed.text
        kept = json.loads(karim.get("/receipts/rcp_older?format=json").text)
        assert kept["energy"]["method"] == energy.method
        assert (kept["energy"]["static_uj"], kept["energy"]["machine_share_us"]) == (None, None)
        month = karim.get("/coupe")
        assert month.status_code == 200
        assert "1 réponse" in words(month.text).replace("\u00a0", " ")
