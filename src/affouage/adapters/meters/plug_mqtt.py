"""A plug that publishes JSON on an MQTT topic (extra ``mqtt``): listened to in the background, read from memory."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from affouage.adapters.meters.plug_http import parsed, reading_of, secret_of
from affouage.adapters.meters.processors import boot_id
from affouage.adapters.meters.tally import RowTally, row_info
from affouage.clock import Clock
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading
from affouage.settings import MeterSettings

OLDEST_US = 30_000_000
"""A plug that has said nothing for longer is not there any more."""
FIRST_WAIT_S = 3.0
MOST_BYTES = 65_536


class MqttPlugMeter:
    """One plug. A reading is the last message, at the time it came: read twice, it is the same reading.

    Messages the broker had kept (``retained``) are left out: nobody knows how old they are. The subscription is one
    task, begun by the first reading and ended by :meth:`close`; a lost broker is looked for again.
    """

    def __init__(
        self,
        row: MeterSettings,
        clock: Clock,
        *,
        environ: Mapping[str, str] | None = None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._row = row
        self._clock = clock
        self._info = row_info(row)
        self._tally = RowTally(row, boot_id())
        self._broker = _broker(row, os.environ if environ is None else environ)
        self._mqtt = _library()
        self._first_wait_s = first_wait_s
        self._heard = asyncio.Event()
        self._latest: Reading | MeterUnreadable | None = None
        self._came_us = 0
        self._lost = ""
        self._listening: asyncio.Task[None] | None = None

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name=f"meter {self._row.id}")
        if self._latest is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._first_wait_s):
                    await self._heard.wait()
        if self._latest is None:
            raise _silent(f"has said nothing yet{self._lost}")
        silent_us = self._clock.monotonic_us() - self._came_us
        if silent_us > OLDEST_US:
            raise _silent(f"has said nothing for {silent_us // 1_000_000} s{self._lost}")
        if isinstance(self._latest, MeterUnreadable):
            raise self._latest
        return self._latest

    async def _listen(self) -> None:
        pause_s = 0.5
        while True:
            try:
                async with self._mqtt.Client(**self._broker) as client:
                    await client.subscribe(self._row.topic)
                    self._lost, pause_s = "", 0.5
                    async for message in client.messages:
                        self._note(message)
            except (self._mqtt.MqttError, OSError, ValueError) as gone:
                self._lost = f"; the broker cannot be reached ({type(gone).__name__})"
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 15.0)

    def _note(self, message: Any) -> None:
        if message.retain:
            return
        body = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
        self._came_us = self._clock.monotonic_us()
        try:
            self._latest = reading_of(parsed(body[:MOST_BYTES]), self._row, self._tally, self._came_us)
        except MeterUnreadable as garbled:
            self._latest = garbled
        self._heard.set()

    async def close(self) -> None:
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def _library() -> Any:
    try:
        return importlib.import_module("aiomqtt")
    except ImportError:
        raise SettingsError(
            "A [[meter]] row is of kind plug_mqtt, and aiomqtt is not installed.",
            remedy="pip install 'affouage[mqtt]'.",
        ) from None


def _broker(row: MeterSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the library needs to reach the broker. Raises SettingsError for an address that is none."""
    try:
        parts = urlsplit(row.url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise SettingsError(
            f"The [[meter]] row {row.id!r}: its url is no broker.",
            remedy="Write mqtt://host:port, or mqtts:// for TLS.",
        )
    broker: dict[str, Any] = {"hostname": parts.hostname, "port": port or (8883 if parts.scheme == "mqtts" else 1883)}
    if row.user:
        broker |= {"username": row.user, "password": secret_of(row, environ)}
    if parts.scheme == "mqtts":
        import ssl

        broker["tls_context"] = ssl.create_default_context()
    return {**broker, "timeout": 5.0}


def _silent(what: str) -> MeterUnreadable:
    return MeterUnreadable(
        f"The plug {what}.",
        remedy="Check the topic and the broker; have the plug publish at least every 10 s (Tasmota: TelePeriod 10).",
        code="meter_silent",
    )
