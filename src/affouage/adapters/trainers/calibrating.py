"""A short calibration on this machine: how fast the program learns with these settings, and what the meter tells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import msgspec

from affouage.adapters.trainers.local import MODULE, NICE, environment
from affouage.errors import BadRequest, SetUpError, Unavailable
from affouage.footprint.meter import Meter, MeterInfo, MeterUnreadable, Reading, advance, facts_of
from affouage.training.calibration import Calibrated, CalibrationRefused, read
from affouage.training.runs.plan import Watts
from affouage.units import Interval

LOOK_S = 0.5
LOAD_S_MOST = 600.0
"""A large base takes minutes to be read."""
SHORTEST_US = 900_000
"""Less than this of readings says nothing of the power drawn."""
WINDOW_LEAST_US = 2_000_000
"""Looked back over at least, however short the calibration was asked to be: its last passes take longer anyway."""


async def calibrate(
    folder: Path, seconds: float, meter: Meter, *, program: Sequence[str] = ("-m", MODULE)
) -> tuple[Calibrated, Watts, float]:
    """Learn for so long on text drawn by chance, and read the meter meanwhile. ``folder``: a run's, with its settings.

    What it measured, the power drawn, and the seconds it took besides: to start the program and read the base.

    Raises BadRequest ``training_refused`` (with the setting to change), Unavailable, SetUpError. On cancellation the
    program is ended.
    """
    began_s = time.monotonic()
    process = await _begin([*program, str(folder), "--calibrate", f"{seconds:g}"], folder)
    watching = asyncio.create_task(_readings(meter), name="calibration readings")
    try:
        async with asyncio.timeout(LOAD_S_MOST + 3 * seconds):
            out, err = await process.communicate()
    except TimeoutError:
        raise Unavailable(
            "The calibration did not end.",
            remedy="This machine is too busy, or the model too large for it: take a smaller one.",
            code="training_calibration",
        ) from None
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await _end(process)
    told = _told(out, err, process.returncode)
    readings = watching.result() if not watching.cancelled() else []
    start_s = max(0.0, time.monotonic() - began_s - seconds)
    return told, watts_of(readings, meter.info(), seconds), start_s


async def _begin(arguments: list[str], folder: Path) -> Process:
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment()
        )
    except OSError as refused:
        raise SetUpError(
            f"The program that learns could not be started: {refused.strerror}.",
            remedy="Look at the disk and the memory of this machine.",
            code="training_start",
        ) from refused
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return process


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _told(out: bytes, err: bytes, status: int | None) -> Calibrated:
    """The last line that says something. Raises BadRequest, Unavailable."""
    for line in reversed(out.splitlines()):
        try:
            told = read(line)
        except msgspec.MsgspecError:
            continue
        if isinstance(told, CalibrationRefused):
            raise BadRequest(told.told, remedy=told.remedy, code="training_refused", reason=told.reason)
        assert isinstance(told, Calibrated)
        return told
    words = err.decode("utf-8", "replace").strip().splitlines()
    raise Unavailable(
        f"The calibration said nothing (exit status {status}{': ' + words[-1][:200] if words else ''}).",
        remedy="Is the extra `training` installed? pip install 'affouage[training]'; see also: affouage doctor",
        code="training_calibration",
    )


async def _readings(meter: Meter) -> list[Reading]:
    """Readings until it is cancelled. A meter that is silent just now is asked again."""
    found: list[Reading] = []
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            with contextlib.suppress(MeterUnreadable):
                found.append(await meter.read())
            await asyncio.sleep(LOOK_S)
    return found


def watts_of(readings: Sequence[Reading], info: MeterInfo, seconds: float) -> Watts:
    """The power of the last ``seconds`` that hold a difference of the meter, within the range of the meter. Pure.

    What came before was loading. Nothing told, or too short a time: unknown.
    """
    if len(readings) < 2:
        return Watts(method=info.method, facts=facts_of(info))
    if readings[-1].epoch != readings[-2].epoch:  # the program was gone already
        readings = readings[:-1]
    if len(readings) < 2:
        return Watts(method=info.method, facts=facts_of(info))
    last, window_us = readings[-1], max(seconds * 1e6, WINDOW_LEAST_US)
    since = [one for one in readings[:-1] if last.at_us - one.at_us <= window_us] or list(readings[-2:-1])
    passed, length_us = advance(since[0], last, info).energy_uj, last.at_us - since[0].at_us
    if passed is None or length_us < SHORTEST_US:
        return Watts(method=info.method, facts=facts_of(info))
    power = passed / length_us
    return Watts(
        interval=Interval(power * info.low_factor, power, power * info.high_factor),
        quality=info.quality,
        method=info.method,
        facts=facts_of(info),
    )
