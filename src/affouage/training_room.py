"""The training device of a home, brought together: for a serving commons, and for commands beside it or alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from affouage.adapters.trainers.elsewhere import other_places
from affouage.adapters.trainers.local import LocalTrainer
from affouage.assembly.accounts import Accounts
from affouage.assembly.charter import Charter
from affouage.catalogue.card import load_cards
from affouage.catalogue.machine import machine_id
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.footprint.budget import BudgetRules, applying
from affouage.footprint.factors import GridFactors, Site, grid_factors
from affouage.footprint.machine import Machine, read_machine
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance
from affouage.ledger.ledger import Assess, Ledger
from affouage.ledger.receipt import TRAINING
from affouage.pool.metering import Metering
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.home import own_factors, text_of
from affouage.training.runs.booked import BookedRuns
from affouage.training.runs.device import Training, training_of
from affouage.training.runs.following import Following
from affouage.training.runs.plan import Rates
from affouage.training.runs.trainer import Place, Trainer
from affouage.training.runs.workplace import Workplace, turn
from affouage.units import Interval

_log = logging.getLogger("affouage.training")

LOOK_S = 1.0
GIVE_WAY_LOOK_S = 0.1
QUIET_S = 2.0
"""After the last answer, before runs go on: somebody who reads an answer often asks again."""


def workplace(
    settings: Settings,
    db: Database,
    clock: Clock,
    *,
    local: LocalTrainer,
    machine: Machine | None,
    grid: GridFactors | None,
    site: Site | None,
    collective: Callable[[], Awaitable[str]],
    others: Mapping[Place, Trainer] | None = None,
) -> Workplace:
    calendar, runs = Calendar(settings.commons.time_zone), settings.home / "training" / "runs"

    def rates() -> Rates:
        return Rates(
            grid=grid,
            site=site,
            eur_per_kwh=settings.footprint.price_eur_per_kwh or None,
            machine=machine,
            today=calendar.day(clock.now_ms()),
        )

    return Workplace(
        db=db,
        clock=clock,
        home=settings.home,
        folder=runs,
        trainers={"here": local, **other_places(settings.home, runs), **(others or {})},
        store=ModelStore(settings.models_dir, clock=clock),
        cards=lambda: load_cards(settings.home),
        machine_id=machine_id() if machine is None else machine.id,
        grid=grid,
        site=site,
        rates=rates,
        collective=collective,
    )


@asynccontextmanager
async def open_training(
    settings: Settings,
    db: Database,
    clock: Clock,
    *,
    local: LocalTrainer,
    metering: Metering,
    serving: Callable[[], bool],
    ledger: Ledger,
    assess: Assess,
    accounts: Accounts,
    allowance: Allowance,
    charter: Charter,
    machine: Machine | None,
    grid: GridFactors | None,
    site: Site | None,
) -> AsyncIterator[Training]:
    """While open, runs begin in their turn, are followed and metered, and stand still while somebody is answered here
    or while the allowance leaves energy for answers alone.

    ``serving``: is somebody answered now? On leaving they go on by themselves, unmetered until the next start.
    """

    async def collective() -> str:
        return (await accounts.commons()).id

    place = workplace(settings, db, clock, local=local, machine=machine, grid=grid, site=site, collective=collective)
    booked = BookedRuns(metering, ledger, db, clock, assess)
    training = training_of(place, booked)
    giving_way = GivingWay(training.following, local, booked, serving, clock)

    async def look() -> None:
        if training.following.jobs:
            giving_way.no_energy = await energy_is_for_answers(allowance, charter, booked.open_uj())

    async with AsyncExitStack() as stack:
        stack.push_async_callback(training.following.leave)
        await stack.enter_async_context(_task(_follow(training.following, place, look), "training"))
        await stack.enter_async_context(giving_way.running())
        yield training


async def energy_is_for_answers(allowance: Allowance, charter: Charter, open_uj: int) -> bool:
    """Whether what is left of the allowance is for answers: the part at which members are told, of the whole commons'
    limits; all of a limit of the workshop ``training``. ``open_uj``: used by runs, and not in the books yet."""
    rules: BudgetRules = charter.in_force("budget").value
    limits = applying(rules, member_id=None, workshop=TRAINING)
    if not limits:
        return False
    standings = await allowance.db.read(lambda connection: allowance.standings(connection, limits))
    return any(one.noticed(open_uj, rules.notice_percent if one.limit.scope == "commons" else 100) for one in standings)


def training_for_command(settings: Settings, db: Database, clock: Clock) -> Training:
    """The runs of a home, for a command: nothing is metered, and a serving commons goes on driving them."""
    accounts, asked = Accounts(db, clock), settings.footprint
    today = Calendar(settings.commons.time_zone).day(clock.now_ms())
    described = settings.home / "machine.toml"
    machine = read_machine(text_of(described), described.name, today=today) if described.is_file() else None
    pue, litres = asked.pue, asked.water_on_site_l_per_kwh

    async def collective() -> str:
        return (await accounts.commons()).id

    place = workplace(
        settings,
        db,
        clock,
        local=LocalTrainer(),
        machine=machine,
        grid=grid_factors(asked.country, asked.factor_set, own_factors(settings.home)),
        site=Site(Interval(pue, pue, pue), Interval(litres, litres, litres)),
        collective=collective,
    )
    return training_of(place)


async def _follow(following: Following, place: Workplace, also: Callable[[], Awaitable[None]]) -> None:
    said = ""
    while True:
        with turn(place.folder) as mine:
            while mine:
                try:
                    await following.step_all()
                    await also()
                    said = ""
                except Exception as wrong:  # a full disk, a file somebody changed: the next look may succeed
                    now_said = str(wrong) if isinstance(wrong, AffouageError) else type(wrong).__name__
                    if now_said != said:
                        _log.warning("runs are not followed: %s", now_said)
                    said = now_said
                await asyncio.sleep(LOOK_S)
        await asyncio.sleep(LOOK_S)  # a command is at it


class GivingWay:
    """Runs on this machine stand still while somebody is answered here, and for :data:`QUIET_S` after.

    ``no_energy``: what is left of the allowance is for answers.
    """

    def __init__(
        self,
        following: Following,
        local: LocalTrainer,
        booked: BookedRuns,
        serving: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._following = following
        self._local = local
        self._booked = booked
        self._serving = serving
        self._clock = clock
        self.no_energy = False
        self._quiet_until_us = 0
        self._aside: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            async with _task(self._look(), "giving way"):
                yield
        finally:
            for job in self._aside:
                self._local.go_on(job)

    async def _look(self) -> None:
        while True:
            self.look_once()
            await asyncio.sleep(GIVE_WAY_LOOK_S if self._following.jobs else LOOK_S)

    def look_once(self) -> None:
        """Set aside, or let go on. A job found standing still (a server was killed meanwhile) goes on too."""
        now_us = self._clock.monotonic_us()
        if self._serving():
            self._quiet_until_us = now_us + int(QUIET_S * 1e6)
        still = self.no_energy or now_us < self._quiet_until_us
        for run_id, look in list(self._following.looks.items()):
            job = self._following.jobs.get(run_id)
            if job is None or look.state != "running":
                continue
            if still and job not in self._aside:
                self._local.set_aside(job)
                self._booked.set_aside(run_id)
                self._aside.add(job)
            elif not still and (job in self._aside or look.aside):
                self._local.go_on(job)
                self._booked.go_on(run_id)
                self._aside.discard(job)


@asynccontextmanager
async def _task(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
