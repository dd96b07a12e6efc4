"""The energy of runs in the books: the machine's meter at work, by PC-1, an hour at a time.

A run is one more consumer of the meter, behind the answers: what it draws while it works is its own, what it draws
while it stands still is nobody's of it. Each hour (or stretch, when the commons stops) is an attempt of the ledger, of
kind ``training``: the month's electricity adds up with it, and no answer is charged for it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, func, select

from affouage.clock import Clock
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import (
    TRAINING,
    Durations,
    Energy,
    EngineStamp,
    Impacts,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
    part_name,
)
from affouage.pool.metering import Metering
from affouage.storage import Database
from affouage.storage.tables import ledger_entry
from affouage.units import Interval, worst

HOUR_MS = 3_600_000


class Stretch(msgspec.Struct, kw_only=True):
    """A run at work under the meter. ``cpu_us``: of its program when the stretch began."""

    run_id: str
    name: str
    attempt: int
    member_id: str
    began_ms: int
    cpu_us: int

    @property
    def key(self) -> str:
        return part_name(self.run_id, self.attempt)


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch once it is in the books. ``cpu_us``: processor time of the program in it."""

    attempt: int
    began_ms: int
    ended_ms: int
    cpu_us: int
    energy: Energy


class BookedRuns:
    """Stretches of the runs at work on this machine. ``collective``: in whose name they are booked."""

    def __init__(
        self,
        metering: Metering,
        ledger: Ledger,
        db: Database,
        clock: Clock,
        assess: Callable[[Energy], Impacts],
    ) -> None:
        self._metering = metering
        self._ledger = ledger
        self._db = db
        self._clock = clock
        self._assess = assess
        self._open: dict[str, Stretch] = {}

    def open(self, run_id: str) -> bool:
        return run_id in self._open

    async def begin(self, run_id: str, name: str, member_id: str, cpu_us: int) -> None:
        """Raises LedgerUnavailable: then the run works unmetered until the next try."""
        if run_id in self._open:
            return
        attempt = await self._db.read(lambda connection: _next_attempt(connection, run_id))
        stretch = Stretch(
            run_id=run_id,
            name=name,
            attempt=attempt,
            member_id=member_id,
            began_ms=self._clock.now_ms(),
            cpu_us=cpu_us,
        )
        await self._ledger.reserve(
            Reservation(
                id=run_id,
                attempt=attempt,
                member_id=member_id,
                door="workshop",
                kind=TRAINING,
                model_id=_line(name),
                created_ms=stretch.began_ms,
                workshop=TRAINING,
            )
        )
        self._metering.start_behind(stretch.key, _line(name))
        self._open[run_id] = stretch

    def count(self, run_id: str, work: int) -> None:
        """Work done in this stretch so far: milliseconds of a processor, which stand for tokens among runs alone."""
        if (stretch := self._open.get(run_id)) is not None:
            self._metering.count(stretch.key, decoded_tokens=work)

    def set_aside(self, run_id: str) -> None:
        if (stretch := self._open.get(run_id)) is not None:
            self._metering.set_aside(stretch.key)

    def go_on(self, run_id: str) -> None:
        if (stretch := self._open.get(run_id)) is not None:
            self._metering.go_on(stretch.key)

    def spent_uj(self, run_id: str) -> int:
        """Of the open stretch, so far."""
        stretch = self._open.get(run_id)
        return 0 if stretch is None else self._metering.spent_uj(stretch.key)

    def open_uj(self) -> int:
        """Of all open stretches, so far: not in the books yet."""
        return sum(self._metering.spent_uj(one.key) for one in self._open.values())

    def work_of(self, run_id: str, cpu_us: int) -> None:
        """Count the processor time of the program since the stretch began."""
        if (stretch := self._open.get(run_id)) is not None:
            self.count(run_id, max(0, cpu_us - stretch.cpu_us) // 1000)

    def due(self, run_id: str) -> bool:
        """Whether the stretch is an hour old."""
        stretch = self._open.get(run_id)
        return stretch is not None and self._clock.now_ms() - stretch.began_ms >= HOUR_MS

    async def end(self, run_id: str, cpu_us: int | None) -> Booked | None:
        """Close the stretch and book it; None when there is none. ``cpu_us``: of the program by now, None unknown."""
        stretch = self._open.pop(run_id, None)
        if stretch is None:
            return None
        self._metering.go_on(stretch.key)
        self._metering.stop(stretch.key)
        energy = await self._metering.finished(stretch.key)
        now_ms = self._clock.now_ms()
        blocks = self._metering.blocks()
        receipt = _receipt(stretch, energy, self._assess(energy), self._metering, now_ms)
        await self._ledger.settle(receipt, None, blocks)
        self._metering.kept(blocks)
        return Booked(
            attempt=stretch.attempt,
            began_ms=stretch.began_ms,
            ended_ms=now_ms,
            cpu_us=0 if cpu_us is None else max(0, cpu_us - stretch.cpu_us),
            energy=energy,
        )


def _line(name: str) -> str:
    """Its line in the month's account, apart from the model's answers."""
    return f"{TRAINING}:{name}"


def _receipt(stretch: Stretch, energy: Energy, impacts: Impacts, metering: Metering, now_ms: int) -> Receipt:
    return Receipt(
        id=stretch.run_id,
        attempt=stretch.attempt,
        member_id=stretch.member_id,
        door="workshop",
        kind=TRAINING,
        created_ms=stretch.began_ms,
        outcome="completed",
        model=ModelStamp(id=_line(stretch.name), name=stretch.name),
        engine=EngineStamp("affouage.training.learning", None, metering.machine_id),
        tokens=TokenCounts(),
        durations=Durations(wait_ms=0, wait_reason="none", total_ms=now_ms - stretch.began_ms),
        energy=energy,
        impacts=impacts,
        machine_id=metering.machine_id,
        run_id=stretch.key if stretch.attempt > 1 else "",
        workshop=TRAINING,
    )


def _next_attempt(connection: Connection, run_id: str) -> int:
    last = select(func.max(ledger_entry.c.attempt)).where(ledger_entry.c.request_id == run_id)
    return (connection.scalar(last) or 0) + 1


class _Settled(msgspec.Struct):
    content: Receipt


def booked_energy(connection: Connection, run_id: str) -> list[Receipt]:
    """What the ledger says of a run, stretch by stretch: also of those that a stopped server left open."""
    query = (
        select(ledger_entry.c.body)
        .where(ledger_entry.c.request_id == run_id, ledger_entry.c.kind.in_(("settled", "voided")))
        .order_by(ledger_entry.c.attempt)
    )
    return [msgspec.json.decode(body, type=_Settled).content for body in connection.execute(query).scalars()]


def together(energies: list[Energy]) -> Energy:
    """The sum of stretches: the known part; ``at_least`` as soon as one is not wholly known. Pure."""
    known = [one for one in energies if one.interval_uj is not None]
    if not known:
        return Energy(at_least=bool(energies))
    intervals = [one.interval_uj for one in known if one.interval_uj is not None]
    shares = [one.machine_share_us or 0 for one in known]
    return Energy(
        interval_uj=sum(intervals[1:], start=intervals[0]) if intervals else Interval(0, 0, 0),
        static_uj=_sum([one.static_uj for one in known]),
        dynamic_uj=_sum([one.dynamic_uj for one in known]),
        quality=worst([one.quality for one in energies]),
        method=" + ".join(sorted({one.method for one in known if one.method})),
        facts=known[-1].facts,
        at_least=any(one.at_least or one.interval_uj is None for one in energies),
        machine_share_us=sum(shares) or None,
    )


def _sum(parts: list[int | None]) -> int | None:
    """None as soon as one is not known."""
    return None if None in parts else sum(one for one in parts if one is not None)
