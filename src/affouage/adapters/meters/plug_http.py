"""A plug that answers JSON over HTTP (Shelly, Tasmota, myStrom, Home Assistant ...), asked at each reading."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import aiohttp
import msgspec

from affouage.adapters.meters.figures import energy_uj, field, power_uw
from affouage.adapters.meters.processors import boot_id
from affouage.adapters.meters.tally import RowTally, row_info
from affouage.clock import Clock
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading
from affouage.settings import MeterSettings

TIMEOUT_S = 3.0
MOST_BYTES = 65_536


class HttpPlugMeter:
    """One plug. Its address is asked and no other: no redirection is followed, no proxy of the environment used."""

    def __init__(
        self,
        row: MeterSettings,
        clock: Clock,
        *,
        environ: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        if not row.url.startswith(("http://", "https://")):
            raise SettingsError(
                f"The [[meter]] row {row.id!r}: its url is no address.", remedy="Write http://... or https://..."
            )
        self._row = row
        self._clock = clock
        self._info = row_info(row)
        self._tally = RowTally(row, boot_id())
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        password = secret_of(row, os.environ if environ is None else environ)
        self._headers = {"Authorization": aiohttp.encode_basic_auth(row.user, password)} if row.user else {}
        self._session: aiohttp.ClientSession | None = None

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        asked_us = self._clock.monotonic_us()
        document = parsed(await self._answer())
        at_us = (asked_us + self._clock.monotonic_us()) // 2
        return reading_of(document, self._row, self._tally, at_us)

    async def _answer(self) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers, trust_env=False)
        try:
            async with self._session.get(self._row.url, allow_redirects=False) as response:
                if response.status != 200:
                    raise _refused(f"answers {response.status}", "meter_status", status=str(response.status))
                body = b""
                async for chunk in response.content.iter_chunked(MOST_BYTES):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise _refused("answers too much", "meter_answer")
                return body
        except TimeoutError:
            raise _refused("does not answer in time", "meter_unreachable") from None
        except (aiohttp.ClientError, OSError, ValueError) as gone:
            raise _refused(f"cannot be reached ({type(gone).__name__})", "meter_unreachable") from None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # lets the transports of closed connections go


def parsed(body: bytes) -> object:
    """The JSON a plug said. Raises MeterUnreadable for anything else: its own page, an error message, nothing."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _refused("answers something that is not JSON", "meter_answer") from None


def reading_of(document: object, row: MeterSettings, tally: RowTally, at_us: int) -> Reading:
    """A document of the plug, as a reading. Raises MeterUnreadable."""
    if row.energy_field:
        return tally.counter(at_us, energy_uj(field(document, row.energy_field), row.energy_unit or "Wh"))
    return tally.power(at_us, power_uw(field(document, row.power_field)))


def secret_of(row: MeterSettings, environ: Mapping[str, str]) -> str:
    """The password of a row, from the environment. Raises SettingsError when the variable it names is not set."""
    if row.password_env and not environ.get(row.password_env):
        raise SettingsError(
            f"The [[meter]] row {row.id!r} takes its password from {row.password_env}, which is not set.",
            remedy="Set that variable where the server is started.",
        )
    return environ.get(row.password_env, "") if row.password_env else ""


def _refused(what: str, code: str, **facts: str) -> MeterUnreadable:
    return MeterUnreadable(
        f"The plug {what}.",
        remedy="Open its address in a browser: it should show JSON. Check url, and that the plug is on the network.",
        code=code,
        **facts,
    )
