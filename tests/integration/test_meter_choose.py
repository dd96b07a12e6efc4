"""The highest layer wins, nothing that overlaps is added, and everything found is accounted for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from affouage import settings as settings_of
from affouage.adapters.meters.choose import Source, find_meters, open_meter
from affouage.clock import SystemClock
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, advance
from affouage.settings import MeterSettings, Settings, UpstreamSettings
from tests.integration.meter_sources import Card, PowercapTree, hwmon_device, nvml_module
from tests.integration.test_meter_adapters import SERVER, nobody


def here(folder: Path, *rows: MeterSettings, **asked: Any) -> Settings:
    """Settings of a machine whose sensors are those of ``folder``."""
    settings = settings_of.read({}, home=folder / "home")
    footprint = replace(
        settings.footprint, powercap_root=str(folder / "powercap"), hwmon_root=str(folder / "hwmon"), **asked
    )
    return replace(settings, footprint=footprint, meters=rows)


def no_card() -> Any:
    library = nvml_module(Card())
    library.cards.clear()
    return library


def found(settings: Settings, nvml: Any = None) -> dict[str, Source]:
    library = nvml or no_card()
    sources = asyncio.run(find_meters(settings, SystemClock(), lambda: 1, nvml=library))
    assert library.started == 0
    assert sum(one.state == "counts" for one in sources) == 1
    return {one.id: one for one in sources}


def counts(settings: Settings, nvml: Any = None) -> MeterInfo:
    async def look() -> MeterInfo:
        meter = open_meter(settings, SystemClock(), lambda: 1, nvml=nvml or no_card())
        await meter.close()
        return meter.info()

    info = asyncio.run(look())
    (named,) = (one.id for one in found(settings, nvml).values() if one.state == "counts")
    assert named == info.id
    return info


def test_without_any_sensor_everything_is_estimated_with_a_wide_range(tmp_path: Path) -> None:
    info = counts(here(tmp_path))
    assert (info.id, info.quality) == ("estimate", "estimated")
    assert info.high_factor / info.low_factor == pytest.approx(9)
    sources = found(here(tmp_path))
    assert {name: one.state for name, one in sources.items()} == {
        "declared": "absent",
        "estimate": "counts",
        "powercap": "absent",
        "nvml": "absent",
    }
    assert not [one for one in sources.values() if one.info is not None and one.info.quality == "measured"]


def test_layers_in_order(tmp_path: Path) -> None:
    settings = here(tmp_path, declared_watts=80.0, declared_idle_watts=30.0)
    assert counts(settings).quality == "declared"
    PowercapTree(tmp_path, SERVER)
    info = counts(settings)
    assert (info.id, info.efficiency, info.quality) == ("parts", pytest.approx(0.86), "measured")
    assert set(info.covers) == {"cpu", "dram"}
    with_card = counts(replace(settings, footprint=replace(settings.footprint, base_watts=25.0)), nvml_module(Card()))
    assert with_card.covers == ("cpu", "dram", "gpu:0", "base")
    assert with_card.quality == "declared"
    hwmon_device(tmp_path / "hwmon", 0, "power_meter", power1_average="60000000")
    assert counts(settings).id == "hwmon:power_meter"
    (tmp_path / "joules").write_text("5")
    row = MeterSettings(id="bureau", kind="counter_file", path=str(tmp_path / "joules"))
    everything = replace(settings, meters=(row,))
    assert counts(everything).id == "bureau"
    states = {name: one.state for name, one in found(everything).items()}
    assert states == {
        "bureau": "counts",
        "hwmon:power_meter": "spare",
        "parts": "spare",
        "declared": "spare",
        "estimate": "spare",
        "powercap": "spare",
        "powercap-psys": "on_request",
        "nvml": "absent",
    }


def test_psys_and_packages_are_never_added(tmp_path: Path) -> None:
    PowercapTree(tmp_path, SERVER)
    settings = here(tmp_path, base_watts=30.0)
    assert "platform" not in counts(settings).covers
    forced = counts(replace(settings, footprint=replace(settings.footprint, meter="powercap-psys")))
    assert forced.covers == ("platform",)


def test_a_platform_counter_alone_is_taken_alone(tmp_path: Path) -> None:
    PowercapTree(tmp_path, {"intel-rapl:1": "psys"})
    info = counts(here(tmp_path, base_watts=30.0))
    assert (info.id, info.covers) == ("parts", ("platform",))


def test_unreadable_counters_are_there_with_the_line_to_add_and_do_not_count(tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path)
    pytests_own = [path for path in tmp_path.parents if path.name.startswith(("pytest-", "popen-"))]
    for path in (tree.root, *tree.root.rglob("*"), tmp_path, *pytests_own):
        path.chmod(0o755)  # whatever the umask
    (tree.root / "intel-rapl:0" / "energy_uj").chmod(0)
    with nobody():
        sources = found(here(tmp_path))
    assert sources["estimate"].state == "counts"
    assert (sources["powercap"].state, sources["powercap"].code) == ("unreadable", "powercap_permission")
    assert "udevadm" in sources["powercap"].remedy


def test_a_plug_that_is_out_still_counts_and_its_silence_is_a_gap(tmp_path: Path) -> None:
    settings = here(tmp_path, MeterSettings(id="bureau", url="http://127.0.0.1:9/", power_field="w"))
    assert counts(settings).id == "bureau"
    assert found(settings)["bureau"].code == "meter_unreachable"

    async def look() -> None:
        meter = open_meter(settings, SystemClock(), lambda: 1, nvml=no_card())
        with pytest.raises(MeterUnreadable):
            await meter.read()
        await meter.close()

    asyncio.run(look())


@pytest.mark.parametrize(("wanted", "says"), [("shelly", "no such meter"), ("powercap", "cannot be used")])
def test_a_meter_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, wanted: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        open_meter(here(tmp_path, meter=wanted), SystemClock(), lambda: 1, nvml=no_card())
    assert "estimate" in refused.value.remedy


def test_names_and_figures_that_cannot_be(tmp_path: Path) -> None:
    for settings in (
        here(tmp_path, MeterSettings(id="estimate", kind="counter_file", path="x")),
        here(tmp_path, declared_watts=20.0, declared_idle_watts=40.0),
        here(tmp_path, MeterSettings(id="p", url="http://127.0.0.1:9/")),
    ):
        with pytest.raises(SettingsError):
            open_meter(settings, SystemClock(), lambda: 1, nvml=no_card())
    PowercapTree(tmp_path)
    with pytest.raises(SettingsError, match="psu_efficiency"):
        open_meter(
            here(tmp_path, psu_efficiency_low=0.95, psu_efficiency_high=0.9), SystemClock(), lambda: 1, nvml=no_card()
        )


def test_an_engine_of_this_machine_that_is_not_ours_makes_whose_work_it_was_unknown(tmp_path: Path) -> None:
    PowercapTree(tmp_path)
    settings = here(tmp_path)

    async def foreign_ppm(settings: Settings) -> int:
        meter = open_meter(settings, SystemClock(), lambda: 0, nvml=no_card())
        await meter.read()
        await asyncio.sleep(0.3)
        sum(range(3_000_000))  # somebody works, and it is not the commons
        return (await meter.read()).foreign_ppm

    assert asyncio.run(foreign_ppm(settings)) == 1_000_000
    beside = replace(settings, upstreams=(UpstreamSettings(id="ollama", url="http://localhost:11434/v1"),))
    assert asyncio.run(foreign_ppm(beside)) == 0
    elsewhere = replace(settings, upstreams=(UpstreamSettings(id="far", url="http://192.0.2.7:8000/v1"),))
    assert asyncio.run(foreign_ppm(elsewhere)) == 1_000_000


def a_group(folder: Path, **asked: Any) -> Settings:
    rows = []
    for name, percent in (("tour", 3.0), ("portable", 8.0)):
        (folder / name).write_text("5 kWh")
        rows.append(MeterSettings(id=name, kind="counter_file", path=str(folder / name), uncertainty_percent=percent))
    return here(folder, *rows, **asked)


@pytest.mark.parametrize("wanted", ["tour + portable", "tour+portable"])
def test_the_machines_of_a_group_are_added_up_when_asked(tmp_path: Path, wanted: str) -> None:
    settings = a_group(tmp_path, meter=wanted)
    info = counts(settings)
    assert (info.id, info.covers, info.quality, info.method) == ("tour + portable", ("machine",), "measured", "counter")
    assert (info.low_factor, info.high_factor) == (0.92, 1.08), "as far off as the worst of them"
    assert info.facts == {"includes": "machine", "uncertainty_percent": 8.0, "machines": 2}
    states = {name: one.state for name, one in found(settings).items()}
    assert (states["tour"], states["portable"], states["tour + portable"]) == ("inside", "inside", "counts")

    async def counted() -> int | None:
        meter = open_meter(settings, SystemClock(), lambda: 1, nvml=no_card())
        before = await meter.read()
        (tmp_path / "tour").write_text("5.000001 kWh")
        (tmp_path / "portable").write_text("5.000002 kWh")
        after = await meter.read()
        (tmp_path / "portable").unlink()
        with pytest.raises(MeterUnreadable):
            await meter.read()
        await meter.close()
        return advance(before, after, info).energy_uj

    assert asyncio.run(counted()) == 10_800_000


def test_without_being_asked_the_first_row_counts_alone(tmp_path: Path) -> None:
    assert counts(a_group(tmp_path)).id == "tour"


@pytest.mark.parametrize("wanted", ["tour + nowhere", "tour + estimate", "tour + tour", "tour +", "+"])
def test_a_sum_that_cannot_be(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(SettingsError):
        open_meter(a_group(tmp_path, meter=wanted), SystemClock(), lambda: 1, nvml=no_card())
