"""Plugs that hang, lie, move house or fall silent: a real HTTP server and a real MQTT broker on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.adapters.meters.plug_http import HttpPlugMeter
from affouage.adapters.meters.plug_mqtt import MqttPlugMeter
from affouage.clock import SystemClock
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterUnreadable, advance
from affouage.settings import MeterSettings
from affouage.testing import ManualClock
from tests.integration.meter_sources import http_plug, mosquitto


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("500", "meter_status"),
        ("html", "meter_answer"),
        ("redirect", "meter_status"),
        ("hang", "meter_unreachable"),
        ("huge", "meter_answer"),
    ],
)
def test_a_plug_that_misbehaves_is_a_gap_within_its_time(mode: str, code: str) -> None:
    async def look() -> None:
        async with http_plug() as plug:
            row = MeterSettings(id="p", url=plug.url, power_field="apower")
            meter = HttpPlugMeter(row, SystemClock(), timeout_s=0.3)
            plug.mode = mode
            began = asyncio.get_running_loop().time()
            with pytest.raises(MeterUnreadable) as silent:
                await meter.read()
            assert silent.value.code == code
            assert silent.value.remedy
            assert "127.0.0.1" not in str(silent.value)
            assert asyncio.get_running_loop().time() - began < 2
            assert len(plug.seen) == 1  # no redirection is followed
            plug.mode = ""
            await meter.read()
            await meter.close()

    asyncio.run(look())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b'{"apower": "hot"}', b'{"apower": NaN}', b'{"apower": -3}', b"[" * 9000]
)
def test_a_plug_that_answers_nonsense_is_a_gap(body: bytes) -> None:
    async def look() -> None:
        async with http_plug() as plug:
            plug.body = body
            meter = HttpPlugMeter(MeterSettings(id="p", url=plug.url, power_field="apower"), SystemClock())
            with pytest.raises(MeterUnreadable):
                await meter.read()
            await meter.close()

    asyncio.run(look())


def test_a_plug_counts_by_energy_or_by_power_with_a_password() -> None:
    async def look() -> None:
        async with http_plug() as plug:
            clock = ManualClock()
            row = MeterSettings(id="p", url=plug.url, energy_field="emeters.0.total", user="a", password_env="PLUG")
            by_energy = HttpPlugMeter(row, clock, environ={"PLUG": "b"})
            by_power = HttpPlugMeter(MeterSettings(id="q", url=plug.url, power_field="apower"), clock)
            before = [await by_energy.read(), await by_power.read()]
            clock.advance(ms=10_000)
            plug.wh += 0.5
            plug.watts = 80
            after = [await by_energy.read(), await by_power.read()]
            passed = [
                advance(one, two, meter.info()).energy_uj
                for one, two, meter in zip(before, after, (by_energy, by_power), strict=True)
            ]
            assert passed == [1_800_000_000, 600_000_000]
            assert plug.seen[0]["authorization"] == "Basic YTpi"
            clock.advance(ms=5000)
            assert (await by_energy.read()).at_us == after[0].at_us  # its counter has not moved: no zero is told
            await by_energy.close()
            await by_power.close()
        by_power = HttpPlugMeter(MeterSettings(id="q", url=plug.url, power_field="apower"), clock)
        with pytest.raises(MeterUnreadable) as gone:
            await by_power.read()
        assert gone.value.code == "meter_unreachable"
        await by_power.close()

    asyncio.run(look())


def test_rows_that_cannot_be_are_refused() -> None:
    clock = SystemClock()
    for row in (
        MeterSettings(id="p", url="ftp://x", power_field="w"),
        MeterSettings(id="p", url="http://x", power_field="w", user="a", password_env="NOT_SET"),
    ):
        with pytest.raises(SettingsError):
            HttpPlugMeter(row, clock, environ={})
    for url in ("http://x", "mqtt://", "mqtt://host:port", "mqtt://[", "x"):
        with pytest.raises(SettingsError, match="no broker"):
            MqttPlugMeter(MeterSettings(id="p", kind="plug_mqtt", url=url, topic="t", power_field="w"), clock)


def test_a_broker_that_stops_and_comes_back(tmp_path: Path) -> None:
    async def look() -> None:
        async with mosquitto(tmp_path) as broker:
            clock = ManualClock()
            row = MeterSettings(id="p", kind="plug_mqtt", url=broker.url, topic="plug", power_field="w")
            meter = MqttPlugMeter(row, clock, first_wait_s=0.2)
            with pytest.raises(MeterUnreadable) as nothing:
                await meter.read()
            assert "nothing yet" in nothing.value.message

            async def heard(text: str) -> None:
                count = meter._came_us
                clock.advance(ms=1)
                async with broker.publishing("plug") as publish:
                    while meter._came_us == count:
                        await publish(text)
                        await asyncio.sleep(0.05)

            await heard('{"w": 50}')
            first = await meter.read()
            assert await meter.read() == first  # nothing new: the same reading, at the same time
            clock.advance(ms=31_000)
            with pytest.raises(MeterUnreadable, match="for 31 s"):
                await meter.read()
            await broker.stop()
            await broker.start()
            await heard('{"w": 60}')
            assert (await meter.read()).at_us > first.at_us
            await heard("off")
            with pytest.raises(MeterUnreadable):
                await meter.read()
            await meter.close()
            await meter.close()

    asyncio.run(look())


def test_a_message_the_broker_had_kept_is_of_no_known_age(tmp_path: Path) -> None:
    async def look() -> None:
        async with mosquitto(tmp_path) as broker:
            async with broker.publishing("plug", retain=True) as publish:
                await publish('{"w": 50}')
            row = MeterSettings(id="p", kind="plug_mqtt", url=broker.url, topic="plug", power_field="w")
            meter = MqttPlugMeter(row, SystemClock(), first_wait_s=0.5)
            with pytest.raises(MeterUnreadable):
                await meter.read()
            await meter.close()

    asyncio.run(look())
