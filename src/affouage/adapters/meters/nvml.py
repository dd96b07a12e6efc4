"""NVIDIA cards, through NVML (``nvidia-ml-py``, extra ``nvidia``).

The card's own energy counter where it has one (Volta and later), else its power added up. Never exercised on hardware:
tested against a module that speaks the same functions.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import msgspec

from affouage.adapters.meters.aside import Aside
from affouage.adapters.meters.figures import energy_uj, power_uw
from affouage.adapters.meters.processors import boot_id
from affouage.adapters.meters.tally import Integral
from affouage.clock import Clock
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading

UNCERTAINTY = 0.05
_NOT_FOUND = 6  # NVML_ERROR_NOT_FOUND: no process worked since the look before

OwnPids = Callable[[], Collection[int]]


class _Card(msgspec.Struct):
    key: str
    handle: Any
    name: str
    integral: Integral | None
    """None: the card counts its energy itself."""
    seen_us: int = 0
    """Newest sample of its processes already looked at, on the driver's own clock."""


def load_nvml(nvml: Any = None) -> Any:
    """The library, started (each start is undone by one ``close``). Raises MeterUnreadable: not installed, no driver.

    ``nvml``: a module with the same functions, instead of the installed one.
    """
    try:
        nvml = nvml or importlib.import_module("pynvml")
    except ImportError:
        raise MeterUnreadable(
            "NVIDIA cards cannot be looked for: nvidia-ml-py is not installed.",
            remedy="If this machine has one: pip install 'affouage[nvidia]'.",
            code="nvml_extra",
        ) from None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as refused:
        raise MeterUnreadable(
            f"No NVIDIA card answers: {refused}.",
            remedy="If this machine has one, install NVIDIA's driver: nvidia-smi should then show it.",
            code="nvml_absent",
        ) from None
    return nvml


class NvmlMeter:
    """Every NVIDIA card of this machine. ``own_pids``: the commons' programs; None: whose work it was is not told.

    Raises MeterUnreadable when there is no card.
    """

    def __init__(self, nvml: Any, clock: Clock, *, own_pids: OwnPids | None = None) -> None:
        self._nvml = nvml
        self._clock = clock
        self._own_pids = own_pids
        self._boot = boot_id()
        self._aside = Aside()
        self._cards = self._find()
        self._before: dict[str, int] = {}
        self._closed = False
        if not self._cards:
            raise MeterUnreadable("NVML sees no card.", remedy="nvidia-smi should show one.", code="nvml_absent")
        self._info = MeterInfo(
            id="nvml",
            kind="nvml",
            covers=tuple(card.key for card in self._cards),
            quality="measured",
            low_factor=1 - UNCERTAINTY,
            high_factor=1 + UNCERTAINTY,
            method="nvml",
            facts={
                "includes": "cards",
                "left_out": "processors memory base",
                "cards": ", ".join(card.name for card in self._cards),
            },
            min_window_ms=200,  # many cards refresh their figures every 100 ms only
        )

    def info(self) -> MeterInfo:
        return self._info

    def _find(self) -> list[_Card]:
        try:
            handles = [self._nvml.nvmlDeviceGetHandleByIndex(place) for place in range(self._nvml.nvmlDeviceGetCount())]
            return [self._card(place, handle) for place, handle in enumerate(handles)]
        except self._nvml.NVMLError as refused:
            raise _silent(refused) from None

    def _card(self, place: int, handle: Any) -> _Card:
        name = self._nvml.nvmlDeviceGetName(handle)
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        try:
            self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
            integral = None
        except self._nvml.NVMLError:
            integral = Integral(f"{self._boot}.gpu{place}")
        return _Card(f"gpu:{place}", handle, text[:64], integral)

    async def read(self) -> Reading:
        return await self._aside.run(self._read)

    def _read(self) -> Reading:
        try:
            counters = {card.key: self._count(card) for card in self._cards}
            ppm = self._foreign_ppm(counters)
        except self._nvml.NVMLError as refused:
            raise _silent(refused) from None
        epochs = [card.integral.epoch for card in self._cards if card.integral is not None]
        return Reading(
            at_us=self._clock.monotonic_us(),
            epoch=" ".join([self._boot, *epochs]),
            counters_uj=counters,
            foreign_ppm=ppm,
        )

    def _count(self, card: _Card) -> int:
        if card.integral is None:
            return energy_uj(self._nvml.nvmlDeviceGetTotalEnergyConsumption(card.handle), "mJ")
        watts_uw = power_uw(self._nvml.nvmlDeviceGetPowerUsage(card.handle), per_watt=1000)
        return card.integral.add(self._clock.monotonic_us(), watts_uw)

    def _foreign_ppm(self, counters: dict[str, int]) -> int:
        """Each card's, weighted by the energy it counted since the reading before."""
        if self._own_pids is None:
            return 0
        own = set(self._own_pids())
        shares = {card.key: self._card_ppm(card, own) for card in self._cards}
        passed = {key: max(0, now - self._before.get(key, now)) for key, now in counters.items()}
        self._before = counters
        total = sum(passed.values())
        return sum(shares[key] * passed[key] for key in shares) // total if total else max(shares.values())

    def _card_ppm(self, card: _Card, own: set[int]) -> int:
        """By the time each program kept the card busy; where the driver does not tell, a foreign program takes all."""
        try:
            samples = list(self._nvml.nvmlDeviceGetProcessUtilization(card.handle, card.seen_us))
        except self._nvml.NVMLError as refused:
            if getattr(refused, "value", None) == _NOT_FOUND:
                return 0
            programs = self._nvml.nvmlDeviceGetComputeRunningProcesses(card.handle)
            return 1_000_000 if any(one.pid not in own for one in programs) else 0
        new = [one for one in samples if one.timeStamp > card.seen_us]
        card.seen_us = max([card.seen_us, *(one.timeStamp for one in new)])
        total = sum(one.smUtil for one in new)
        foreign = sum(one.smUtil for one in new if one.pid not in own)
        return foreign * 1_000_000 // total if total else 0

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()


def check_cards(nvml: Any, clock: Clock) -> None:
    """Look for cards and let go of the library. Raises MeterUnreadable when none can be read."""
    library = load_nvml(nvml)
    try:
        NvmlMeter(library, clock)
    finally:
        with suppress(library.NVMLError):
            library.nvmlShutdown()


def _silent(refused: Exception) -> MeterUnreadable:
    return MeterUnreadable(
        f"The NVIDIA card does not answer: {refused}.",
        remedy="nvidia-smi should show it; a driver just updated wants a restart.",
        code="nvml_silent",
    )
