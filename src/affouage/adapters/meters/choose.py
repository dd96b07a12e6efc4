"""Which meter counts: the highest layer there is. Two that overlap are never added.

1. a meter of the whole machine: the ``[[meter]]`` rows in their order, then a sensor known to cover the machine;
2. parts: the processors' counters (packages and memory, else psys alone) and NVIDIA's cards, through the power supply;
3. declared watts;
4. the estimate, always there.

``footprint.meter`` takes one by its id instead, or several ``[[meter]]`` rows joined by ``+``: the machines of a group,
each with its own meter, are added up. A ``[[meter]]`` row counts whether or not it answers just now: what it
does not tell is a gap, and nothing else quietly takes its place.
"""

from __future__ import annotations

import getpass
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from affouage.adapters.meters.counter_file import CounterFileMeter
from affouage.adapters.meters.declared import DeclaredMeter
from affouage.adapters.meters.estimate import EstimateMeter
from affouage.adapters.meters.hwmon import HwmonMeter, find_sensors
from affouage.adapters.meters.nvml import NvmlMeter, OwnPids, check_cards, load_nvml
from affouage.adapters.meters.parts import PartsMeter
from affouage.adapters.meters.plug_http import HttpPlugMeter
from affouage.adapters.meters.plug_mqtt import MqttPlugMeter
from affouage.adapters.meters.powercap import PowercapMeter, counted_zones, find_zones
from affouage.adapters.meters.processors import CpuClock, ForeignWork
from affouage.adapters.meters.summed import SummedMeter, name_of
from affouage.clock import Clock
from affouage.errors import AffouageError, SettingsError
from affouage.footprint.meter import Meter, MeterInfo, MeterUnreadable
from affouage.settings import MeterSettings, Settings

Make = Callable[[], Meter]

State = Literal["counts", "inside", "spare", "on_request", "unreadable", "absent"]
"""``inside``: part of the one that counts. ``spare``: it works, and covers what the one that counts already does.
``on_request``: it works, but what it covers only its owner knows: ``footprint.meter`` can name it."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A meter there is, or why there is none. ``problem`` and ``remedy`` say what keeps it from being read."""

    id: str
    kind: str
    state: State
    info: MeterInfo | None = None
    code: str = ""
    problem: str = ""
    remedy: str = ""
    facts: dict[str, str] = {}


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """``by_itself``: may be taken without being named. ``problem``: why it cannot be read now, as far as seen."""

    id: str
    kind: str
    make: Make | None = None
    by_itself: bool = True
    problem: AffouageError | None = None
    components: tuple[str, ...] = ()


def open_meter(
    settings: Settings,
    clock: Clock,
    own_cpu_us: CpuClock,
    *,
    own_pids: OwnPids | None = None,
    environ: Mapping[str, str] | None = None,
    nvml: Any = None,
) -> Meter:
    """The meter that counts on this machine; close it. Call where its readings will be asked for (one event loop).

    ``own_cpu_us``: cumulative microseconds of processor time of the commons' programs, None while unseen.
    ``own_pids``: the programs whose work on a card is ours; None: foreign work on cards is not told apart.
    Raises SettingsError for a ``[[meter]]`` row, or a ``footprint.meter``, that cannot be.
    """
    found = _Finder(settings, clock, own_cpu_us, own_pids, environ, nvml).candidates()
    taken = _taken(found, settings.footprint.meter)
    assert taken.make is not None
    return taken.make()


async def find_meters(
    settings: Settings,
    clock: Clock,
    own_cpu_us: CpuClock,
    *,
    own_pids: OwnPids | None = None,
    environ: Mapping[str, str] | None = None,
    nvml: Any = None,
) -> list[Source]:
    """Every source of this machine, best first, each tried once. Raises SettingsError as :func:`open_meter`."""
    found = _Finder(settings, clock, own_cpu_us, own_pids, environ, nvml).candidates()
    taken = _taken(found, settings.footprint.meter)
    summed = {name for one in found for name in one.components}
    return [await _tried(one, taken, summed) for one in found]


async def _tried(one: _Candidate, taken: _Candidate, summed: set[str]) -> Source:
    info, problem = None, one.problem
    if one.make is not None:
        try:
            meter = one.make()
        except AffouageError as refused:
            problem = refused
        else:
            info, problem = meter.info(), None
            try:
                await meter.read()
            except MeterUnreadable as silent:
                problem = silent
            finally:
                await meter.close()
    state: State = (
        "counts"
        if one is taken
        else "absent"
        if one.make is None
        else "unreadable"
        if problem is not None
        else "inside"
        if one.id in taken.components
        else "spare"
        if one.by_itself or one.id in summed
        else "on_request"
    )
    told = {} if problem is None else {name: str(value) for name, value in problem.details.items()}
    return Source(
        id=one.id,
        kind=one.kind,
        state=state,
        info=info,
        code="" if problem is None else problem.code,
        problem="" if problem is None else problem.message,
        remedy="" if problem is None else problem.remedy,
        facts=told,
    )


def _group_of(rows: list[_Candidate], wanted: str) -> _Candidate | None:
    """``wanted`` as a sum of ``[[meter]]`` rows, each once; None when it is none. Pure but for what it can make."""
    names = [name.strip() for name in wanted.split("+")]
    makes = [row.make for name in names for row in rows if row.id == name and row.make is not None]
    if len(names) < 2 or len(makes) != len(names) or len(set(names)) != len(names):
        return None
    return _Candidate(
        id=name_of(names),
        kind="summed",
        by_itself=False,
        make=lambda: SummedMeter([make() for make in makes]),
        components=tuple(names),
    )


def _taken(found: list[_Candidate], wanted: str) -> _Candidate:
    """Pure."""
    if "+" in wanted and all(one.id != wanted for one in found):
        wanted = name_of([name.strip() for name in wanted.split("+")])
    if not wanted:
        return next(one for one in found if one.by_itself and one.make is not None and one.problem is None)
    named = next((one for one in found if one.id == wanted), None)
    known = ", ".join(one.id for one in found if one.make is not None)
    if named is None:
        raise SettingsError(f"footprint.meter = {wanted!r}: there is no such meter here.", remedy=f"Known: {known}.")
    if named.make is None:
        why = named.problem.message if named.problem else ""
        raise SettingsError(
            f"footprint.meter = {wanted!r} cannot be used: {why}", remedy=f"Mend that, or choose among: {known}."
        )
    return named


class _Finder:
    """Looks for every source once, without holding any open."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        own_cpu_us: CpuClock,
        own_pids: OwnPids | None,
        environ: Mapping[str, str] | None,
        nvml: Any,
    ) -> None:
        self._settings = settings
        self._asked = settings.footprint
        self._clock = clock
        self._own_cpu_us = own_cpu_us
        self._environ = environ
        self._nvml = nvml
        # An engine we reach through a loopback address works here, as a program that is not ours to tell.
        self._can_tell = not any(_on_this_machine(row.url) for row in settings.upstreams)
        self._own_pids = own_pids if self._can_tell else None

    def candidates(self) -> list[_Candidate]:
        """Best first."""
        rows = [self._row(row) for row in self._settings.meters]
        rest = [*self._sensors(), *self._parts(), *self._declared(), self._estimate()]
        known = {one.id for one in rest}
        for row in rows:
            if row.id in known:
                raise SettingsError(
                    f"The [[meter]] row {row.id!r} has the name of a meter of this machine.", remedy="Rename the row."
                )
        ordered = [*rows, *(one for one in rest if one.by_itself), *(one for one in rest if not one.by_itself)]
        group = _group_of(rows, self._asked.meter)
        return ordered if group is None else [*ordered, group]

    def _row(self, row: MeterSettings) -> _Candidate:
        def make() -> Meter:
            if row.kind == "plug_mqtt":
                return MqttPlugMeter(row, self._clock, environ=self._environ)
            if row.kind == "plug_http":
                return HttpPlugMeter(row, self._clock, environ=self._environ)
            return CounterFileMeter(row, self._clock)

        return _Candidate(id=row.id, kind=row.kind, make=make)

    def _sensors(self) -> Iterator[_Candidate]:
        for sensor in find_sensors(Path(self._asked.hwmon_root)):
            meter = HwmonMeter(sensor, self._clock)
            yield _Candidate(
                id=sensor.id,
                kind="hwmon",
                make=lambda sensor=sensor: HwmonMeter(sensor, self._clock),  # type: ignore[misc]  # bound now
                by_itself=sensor.covers == "machine",
                problem=_problem(meter.check),
            )

    def _foreign(self) -> ForeignWork | None:
        return ForeignWork(self._own_cpu_us) if self._can_tell else None

    def _powercap(self, psys: bool) -> _Candidate | None:
        root, meter_id = Path(self._asked.powercap_root), "powercap-psys" if psys else "powercap"
        zones = counted_zones(root, "psys" if psys else "packages")
        if not zones:
            return None

        def make() -> PowercapMeter:
            return PowercapMeter(zones, self._clock, foreign=self._foreign(), group=_group(), meter_id=meter_id)

        return _Candidate(id=meter_id, kind="powercap", make=make, by_itself=False, problem=_problem(make().check))

    def _cards(self) -> _Candidate:
        problem = _problem(lambda: check_cards(self._nvml, self._clock))
        if problem is not None:
            return _Candidate(id="nvml", kind="nvml", by_itself=False, problem=problem)
        return _Candidate(
            id="nvml",
            kind="nvml",
            by_itself=False,
            make=lambda: NvmlMeter(load_nvml(self._nvml), self._clock, own_pids=self._own_pids),
        )

    def _parts(self) -> Iterator[_Candidate]:
        packages, psys, cards = self._powercap(psys=False), self._powercap(psys=True), self._cards()
        there = [one for one in (packages, cards) if one is not None and one.make and one.problem is None]
        base_watts = self._asked.base_watts
        if not there and psys is not None and psys.problem is None:
            there, base_watts = [psys], 0.0  # what a platform's counter holds differs: nothing is added to it
        if there:
            makes = [one.make for one in there if one.make is not None]
            yield _Candidate(
                id="parts",
                kind="parts",
                make=lambda: PartsMeter([make() for make in makes], base_watts=base_watts, psu=self._psu()),
                components=tuple(one.id for one in there),
            )
        if packages is None and psys is None:
            yield _Candidate(
                id="powercap", kind="powercap", by_itself=False, problem=_no_counters(self._asked.powercap_root)
            )
        yield from (one for one in (packages, psys, cards) if one is not None)

    def _psu(self) -> tuple[float, float]:
        low, high = self._asked.psu_efficiency_low, self._asked.psu_efficiency_high
        if low > high:
            raise SettingsError(
                f"psu_efficiency_low ({low:g}) is above psu_efficiency_high ({high:g}).",
                remedy="Exchange them under [footprint].",
            )
        return low, high

    def _declared(self) -> Iterator[_Candidate]:
        if self._asked.declared_watts <= 0:
            undeclared = MeterUnreadable(
                "No power is declared for this machine.",
                remedy="Set declared_watts and declared_idle_watts under [footprint].",
                code="meter_undeclared",
            )
            yield _Candidate(id="declared", kind="declared", problem=undeclared)
            return
        yield _Candidate(
            id="declared",
            kind="declared",
            make=lambda: DeclaredMeter(
                self._clock,
                full_watts=self._asked.declared_watts,
                idle_watts=self._asked.declared_idle_watts,
                foreign=self._foreign(),
            ),
        )

    def _estimate(self) -> _Candidate:
        return _Candidate(
            id="estimate",
            kind="estimate",
            make=lambda: EstimateMeter(
                self._clock, self._own_cpu_us, declared_idle_watts=self._asked.declared_idle_watts
            ),
        )


def _problem(check: Callable[[], None]) -> MeterUnreadable | None:
    try:
        check()
    except MeterUnreadable as unreadable:
        return unreadable
    return None


def _no_counters(root: str) -> MeterUnreadable:
    if find_zones(Path(root)):
        message = "The processor shows none of the counters that are counted (package, psys)."
    else:
        message = "This machine shows no energy counter of its processor."
    return MeterUnreadable(
        message,
        remedy="A virtual machine has none; on a real one: modprobe intel_rapl_msr, or see footprint.powercap_root.",
        code="powercap_absent",
    )


def _group() -> str:
    """The group that the counters are opened to: this user's own."""
    try:
        import grp
        import os

        return grp.getgrgid(os.getgid()).gr_name
    except (ImportError, KeyError):
        return getpass.getuser()


def _on_this_machine(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
