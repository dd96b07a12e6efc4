"""``affouage meter``: what is found, what it reads, and what a calibration writes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.catalogue.card import Card, Licence, Say
from affouage.catalogue.store import ModelStore
from affouage.cli import main
from affouage.cli.calibration import idle_uw, weights_of
from affouage.errors import Unavailable
from affouage.ledger import calibrations
from affouage.ledger.receipt import Durations, EngineStamp, ModelStamp, Receipt, TokenCounts
from affouage.storage import open_database
from affouage.storage.home import claimed
from affouage.testing import FixedMeter, ManualClock
from tests.integration.meter_sources import PowercapTree


@pytest.fixture
def sensors(tmp_path: Path) -> PowercapTree:
    return PowercapTree(tmp_path)


def affouage(home: Path, *words: str, **environ: str) -> Result:
    bare = {"AFFOUAGE_FOOTPRINT_HWMON_ROOT": str(home / "none"), "AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(home / "none")}
    return CliRunner().invoke(main, ["meter", *words], env={"AFFOUAGE_HOME": str(home), **bare, **environ})


def test_list_without_sensors(home: Path) -> None:
    told = json.loads(affouage(home, "list", "--json").stdout)
    assert told["counts"] == "estimate"
    assert {one["id"]: one["state"] for one in told["sources"]} == {
        "declared": "absent",
        "estimate": "counts",
        "powercap": "absent",
        "nvml": "absent",
    }
    assert not [one for one in told["sources"] if one["state"] == "absent" and not one["remedy"]]
    words = affouage(home, "list").stdout
    assert "COUNTS" in words
    assert "estimated" in words


def test_list_in_french_says_every_sentence(home: Path, sensors: PowercapTree) -> None:
    asked = {"AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(sensors.root), "AFFOUAGE_LANG": "fr"}
    words = affouage(home, "list", **asked).stdout
    assert "C’EST LUI QUI COMPTE" in words
    assert "fait partie de celui qui compte" in words
    assert "marche\u202f; pas ajouté" in words
    assert "mesuré" in words


def test_reading_for_a_second(home: Path, sensors: PowercapTree) -> None:
    told = affouage(home, "test", "--seconds", "1", "--json")
    assert told.exit_code == 0
    report = json.loads(told.stdout)
    assert report["meter"]["id"] == "estimate"
    (second,) = report["seconds"]
    assert 25 <= second["watts"]["central"] < 60
    assert second["watts"]["high"] == pytest.approx(3 * second["watts"]["central"])
    asked = {"AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(sensors.root)}
    with sensors.drawing(43):
        words = affouage(home, "test", "powercap", "--seconds", "1", **asked)
    assert words.exit_code == 0
    assert "mean" in words.stdout
    assert "4" in words.stdout


def test_a_meter_that_does_not_answer_ends_with_two_and_a_remedy(home: Path, sensors: PowercapTree) -> None:
    sensors.write("intel-rapl:0", "out of order")
    asked = {"AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(sensors.root)}
    told = affouage(home, "test", "powercap", "--seconds", "1", **asked)
    assert told.exit_code == 2
    assert "out of order" in told.stderr
    assert affouage(home, "test", "no-such-meter").exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_control_c_ends_it_in_order(home: Path) -> None:
    words = [sys.executable, "-m", "affouage", "meter", "test", "--seconds", "600"]
    environ = {**os.environ, "AFFOUAGE_HOME": str(home), "PYTHONUNBUFFERED": "1", "AFFOUAGE_LANG": "en"}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert "W" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest, errors = running.stdout.read(), running.stderr.read()
        assert running.wait(20) == 0
    assert "mean" in rest
    assert errors == ""


def tiny_home(home: Path, tiny_model: Path) -> None:
    card = Card(
        id="tiny",
        name="Tiny",
        publisher="These tests",
        licence=Licence("Apache-2.0"),
        grade="fixture",
        good_at=(Say("Réciter.", "Reciting."),),
        bad_at=(Say("Le reste.", "The rest."),),
        context_tokens=4096,
    )
    store = ModelStore(home / "models")
    store.add_card(card)
    store.import_file(tiny_model, card)


def newest(home: Path, meter_id: str | None = None) -> calibrations.Calibrations:
    database = open_database(home / "affouage.db")
    try:
        with_machine: Any = database.read_now(
            lambda connection: {row[0] for row in connection.exec_driver_sql("SELECT machine_id FROM calibration")}
        )
        (machine,) = with_machine
        return database.read_now(lambda connection: calibrations.newest(connection, machine, meter_id))
    finally:
        database.close()


def test_calibrating_by_a_counter_and_a_real_engine(home: Path, tiny_model: Path, sensors: PowercapTree) -> None:
    tiny_home(home, tiny_model)
    asked = {"AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(sensors.root), "AFFOUAGE_ENGINE_CONTEXT_TOKENS": "2048"}
    with sensors.drawing(43):
        told = affouage(home, "calibrate", "--model", "tiny", "--seconds", "3", "--json", **asked)
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert report["meter"] == "parts"
    assert report["idle"]["known_by"] == "measured"
    assert report["idle"]["watts"] == pytest.approx(50, rel=0.1)  # 43 W inside, 0.86 of what the wall gives
    known = newest(home)
    assert known.idle_uw == round(report["idle"]["watts"] * 1e6)
    assert (known.idle_meter_id, known.idle_at_ms) == ("parts", report["at_ms"])
    assert newest(home, "plug").idle_uw is None  # another meter counts another part of the machine
    (model,) = report["models"]
    if model["kappa"] is not None:  # a model this small may take less than the engine's own millisecond
        assert known.by_model == {"tiny": (model["kappa"], model["decode_ms"])}
        assert model["prompt_tokens"] > 20
    receipts = CliRunner().invoke(main, ["receipts", "list", "commons", "--json"], env={"AFFOUAGE_HOME": str(home)})
    assert len(json.loads(receipts.stdout)) == 4  # asked by the same way as everybody's: in the books


def test_quiet_windows_by_hand() -> None:
    """The median of what is known: a second that is a gap, or a counter that stood still, is no power of zero."""
    clock = ManualClock()
    meter = FixedMeter(clock)
    script = iter([30, 30, None, 0, 31, 90, 31] + [0] * 60)

    async def pause(seconds: float) -> None:
        clock.advance(ms=round(seconds * 1000))
        watts = next(script)
        meter.mend()
        if watts is None:
            meter.fail()
        else:
            meter.count(watts * 1_000_000)

    assert asyncio.run(idle_uw(meter, 5, pause)) == 31_000_000
    with pytest.raises(Unavailable, match="at least 3") as refused:
        asyncio.run(idle_uw(meter, 5, pause))
    assert "meter test" in refused.value.remedy


def test_no_calibration_beside_a_server(home: Path) -> None:
    with claimed(home):
        told = affouage(home, "calibrate")
    assert told.exit_code == 2
    assert "Stop it" in told.stderr


def test_calibrating_a_model_that_is_not_here(home: Path) -> None:
    assert affouage(home, "calibrate", "--model", "nowhere").exit_code == 2


def receipt(prompt: int | None, cached: int | None, decoded: int, prompt_ms: int | None, decode_ms: int) -> Receipt:
    return Receipt(
        id="r",
        member_id="m",
        door="cli",
        kind="chat",
        created_ms=0,
        outcome="completed",
        model=ModelStamp(id="m", name="m"),
        engine=EngineStamp("e", None, "here"),
        tokens=TokenCounts(prompt=prompt, cached=cached, decoded=decoded),
        durations=Durations(
            wait_ms=0, wait_reason="none", prompt_ms=prompt_ms, decode_ms=decode_ms, total_ms=decode_ms
        ),
    )


def test_weights_by_hand() -> None:
    """60 tokens computed in 600 ms, 40 decoded in 1600 ms: 10 ms against 40 ms."""
    told = [receipt(100, 60, 20, 400, 800), receipt(20, None, 20, 200, 800), receipt(None, None, 9, None, 9)]
    found = weights_of("m", told)
    assert (found.kappa, found.decode_ms) == (0.25, 40.0)
    assert (found.prompt_tokens, found.decoded_tokens) == (60, 40)
    unknown = weights_of("m", [receipt(10, 0, 5, None, 100)])
    assert (unknown.kappa, unknown.decode_ms) == (None, None)


def test_the_newest_calibration_counts(home: Path) -> None:
    home.mkdir()
    database = open_database(home / "affouage.db")
    try:
        assert database.read_now(lambda c: calibrations.newest(c, "here")) == calibrations.Calibrations()
        database.write_now(lambda c: calibrations.write(c, "here", 1, "plug", idle_uw=5, by_model={"a": (0.1, 9.0)}))
        database.write_now(lambda c: calibrations.write(c, "here", 3, "plug", by_model={"a": (0.3, 8.0)}))
        database.write_now(lambda c: calibrations.write(c, "here", 2, "parts", idle_uw=7))
        database.write_now(lambda c: calibrations.write(c, "there", 9, "plug", idle_uw=1))
        known = database.read_now(lambda c: calibrations.newest(c, "here"))
        assert (known.idle_uw, known.idle_at_ms, known.by_model) == (7, 2, {"a": (0.3, 8.0)})
        assert database.read_now(lambda c: calibrations.newest(c, "here", "plug")).idle_uw == 5
        for wrong in ({"idle_uw": -1}, {"by_model": {"a": (float("nan"), 1.0)}}, {"by_model": {"": (1.0, 1.0)}}):
            with pytest.raises(ValueError, match=r"not negative|positive kappa"):
                database.write_now(lambda c, wrong=wrong: calibrations.write(c, "here", 4, "plug", **wrong))
    finally:
        database.close()
