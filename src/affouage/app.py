"""The composition root: settings in, a running commons out. Alone (with ``testing``) it knows the adapters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from affouage import gateway, web
from affouage.adapters.buses.pool_bus import open_pool
from affouage.adapters.trainers.local import LocalTrainer
from affouage.asgi.commons import Commons
from affouage.asgi.headers import SecurityHeaders
from affouage.asgi.limits import Limits
from affouage.assembly.accounts import Accounts
from affouage.assembly.attempts import Failures
from affouage.assembly.conversations import Conversations
from affouage.catalogue.card import Card, load_cards
from affouage.catalogue.machine import machine_id, memory
from affouage.catalogue.openness import AXES
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, BadRequest, NotFound, TooMuch, Unavailable
from affouage.footprint import rules
from affouage.footprint.books import Books, open_books
from affouage.footprint.factors import Site, grid_factors
from affouage.footprint.impact import assess
from affouage.footprint.meter import Meter
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance
from affouage.inference.estimate import RequestEstimate
from affouage.inference.serve import Inference, StampModel
from affouage.inference.sleep import Sleep
from affouage.inference.turns import FindStanding, Standing, Turns
from affouage.journal.public_log import open_log
from affouage.ledger.ledger import Ledger
from affouage.ledger.machines import record_if_changed
from affouage.ledger.receipt import Energy, Impacts, ModelStamp
from affouage.log_room import keeping_the_log
from affouage.machine_room import EngineMaker, described_machine, open_metering
from affouage.pool.contribution import contribution_h
from affouage.pool.engine import Engine
from affouage.pool.node import Node
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.pool import Pool
from affouage.pool.room import Room
from affouage.pool.scheduler import Scheduler
from affouage.pool.shared_queues import SharedQueues
from affouage.rules_room import open_decisions
from affouage.settings import Settings
from affouage.storage import Database, open_home_database
from affouage.storage.home import claimed, own_factors, shared_key
from affouage.training_room import open_training
from affouage.units import Interval
from affouage.workers.gateways import Gateways, here
from affouage.workers.worker import Worker
from affouage.workshop_room import open_workshops

if TYPE_CHECKING:
    from affouage.pool.nodes.dispatch import Dispatcher

_log = logging.getLogger("affouage")


@asynccontextmanager
async def open_commons(
    settings: Settings,
    *,
    clock: Clock | None = None,
    engines: Iterable[Engine] | None = None,
    meter: Meter | None = None,
    own_broker: bool = False,
    worker: Worker | None = None,
) -> AsyncIterator[Commons]:
    """A commons on its home, ready to be asked; on leaving, answers are settled and no child is left.

    ``engines``: instead of those of the installed models and the settings; ``meter``: instead of this machine's best
    one (tests). ``own_broker``: start one for the pool (``affouage up --pool``). ``worker``: one of several processes.
    Raises SetUpError.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        if worker is None:
            stack.enter_context(claimed(settings.home))
        db = open_home_database(settings)
        stack.callback(db.close)
        gateways = Gateways(db, clock, settings.home, worker) if db.shared else None
        once = here if gateways is None else gateways.once
        several = gateways.id if gateways is not None and gateways.several else ""
        link = None
        if own_broker or settings.pool.url:
            link = await stack.enter_async_context(open_pool(settings, clock, own_broker=own_broker))
            settings = link.settings
        calendar = Calendar(settings.commons.time_zone)
        factors = own_factors(settings.home)
        grid = grid_factors(settings.footprint.country, settings.footprint.factor_set, factors)
        site = _site_of(settings)

        def impacts_of(energy: Energy) -> Impacts:
            return assess(energy, grid, site)

        ledger = Ledger(
            db,
            clock,
            day=calendar.day,
            assess=impacts_of,
            factor_set="" if grid is None else grid.name,
            gateway_id="" if gateways is None else gateways.id,
        )
        if gateways is not None:
            await gateways.enter()
            await stack.enter_async_context(gateways.running(ledger.settle_gone))
        if worker is None or worker.first:
            await ledger.settle_abandoned()
        store = ModelStore(settings.models_dir, clock=clock)
        make = EngineMaker(settings, store, clock, Room(lambda: memory().available_bytes))
        if worker is not None:
            engines = ()
        node = Node(make.all() if engines is None else engines, make.find if engines is None else None)
        stack.push_async_callback(node.close)
        machine = described_machine(settings.home, calendar.day(clock.now_ms()))
        if machine is not None:
            await db.write(lambda connection: record_if_changed(connection, machine, clock.now_ms()))
        own_id = machine_id() if machine is None else machine.id
        learning = LocalTrainer()
        metering = await open_metering(settings, clock, ledger, db, node, meter, own_id, learning)
        if worker is None:
            await stack.enter_async_context(metering.running(ledger.keep))
        else:  # the machine's own process counts; here one only says what it counts with
            stack.push_async_callback(metering.meter.close)
        accounts = Accounts(
            db,
            clock,
            failures=Failures(settings.limits.sign_in_failures, settings.limits.sign_in_failures_wide),
            pending_most=settings.limits.pending_invitations,
        )
        rates = rules.rates_of(settings.footprint, grid)
        pool = Pool(node, metering)
        decisions = await stack.enter_async_context(
            open_decisions(settings, db, clock, calendar, rates, pool, store, once)
        )
        charter, admission, prefixes = decisions.charter, decisions.admission, decisions.prefixes
        allowance = Allowance(
            db,
            clock,
            charter,
            calendar,
            RequestEstimate(
                assumed_watts=settings.footprint.declared_watts or ASSUMED_WATTS,
                kappa_of=lambda model_id: metering.weights.of(pool.worker_id(model_id)).kappa,
            ),
            rates,
            prefix_tokens=prefixes.tokens,
            cite=decisions.cite,
            safety=settings.safety,
            may_answer=admission.may_answer,
        )
        await allowance.remember()
        books = open_books(db, clock, settings, limits=allowance.states, own_sets=factors)
        await stack.enter_async_context(once(lambda: _closing_months(books, clock)))
        public_log = open_log(db, clock, settings.home)
        await stack.enter_async_context(once(lambda: keeping_the_log(public_log, db, calendar, clock)))
        sleep = Sleep(
            node,
            clock,
            command=settings.engine.suspend_command,
            after_ms=settings.engine.suspend_after_ms,
            busy=metering.working,
        )
        if worker is None:
            await stack.enter_async_context(sleep.running())
        enrolment = Enrolment(db, clock, invitation_hours=settings.pool.invitation_hours)
        dispatcher: Dispatcher | None = None
        queues: SharedQueues | None = None
        if several:
            queues = SharedQueues(str(settings.database_place), several, clock, shared_key(settings.home))
        scheduler = Scheduler(
            pool.stations,
            clock,
            rules=lambda: charter.in_force("share").value,
            wall=calendar,
            max_waiting=settings.engine.max_waiting,
            max_waiting_per_member=settings.pool.max_waiting_per_member,
            queues=queues,
        )
        await stack.enter_async_context(scheduler.running())

        def answering() -> bool:
            return any(one.running for one in scheduler.snapshot())

        if link is not None:
            from affouage.pool_room import open_machines  # the extra: only where there is a pool

            machines = open_machines(
                link,
                enrolment,
                db,
                ledger,
                store,
                clock,
                on_change=scheduler.look_again,
                answering=answering,
                gateways=gateways,
            )
            dispatcher = await stack.enter_async_context(machines)
            pool.join(dispatcher.stations, dispatcher.engines)
        inference = Inference(
            pool=pool,
            scheduler=scheduler,
            turns=Turns(
                charter,
                clock,
                _standing_finder(db, accounts, calendar, clock),
                prefix_tokens=prefixes.tokens,
                reach_most=settings.safety.reach_most,
            ),
            ledger=ledger,
            clock=clock,
            prefixes=prefixes,
            stamp_model=_stamper(settings.home),
            assess=impacts_of,
            allowance=allowance,
            admission=admission,
            on_question=sleep.note_question,
            load_wait_ms=settings.engine.load_wait_ms,
            gateway_id=several,
        )
        await stack.enter_async_context(inference.running())
        workshops = await stack.enter_async_context(
            open_workshops(
                settings,
                db,
                clock,
                inference,
                charter=charter,
                calendar=calendar,
                collective=accounts.commons,
                once=once,
                gateway_id=several,
            )
        )
        training = await stack.enter_async_context(
            open_training(
                settings,
                db,
                clock,
                local=learning,
                metering=metering,
                serving=metering.serving if worker is None else answering,
                ledger=ledger,
                assess=impacts_of,
                accounts=accounts,
                allowance=allowance,
                charter=charter,
                machine=machine,
                grid=grid,
                site=site,
            )
        )
        yield Commons(
            settings=settings,
            clock=clock,
            db=db,
            gateways=gateways,
            log=public_log,
            accounts=accounts,
            limits=Limits(settings.limits, clock),
            purging=decisions.purging,
            reports=decisions.reports,
            previews=decisions.previews,
            conversations=Conversations(db, clock, lambda: decisions.keeping().conversations),
            ledger=ledger,
            inference=inference,
            library=workshops.library,
            explain=workshops.explain,
            easy_read=workshops.easy_read,
            desk=workshops.desk,
            work=workshops.work,
            blind=workshops.blind,
            training=training,
            node=node,
            pool=pool,
            enrolment=enrolment,
            dispatcher=dispatcher,
            metering=metering,
            charter=charter,
            assembly=decisions.assembly,
            cite=decisions.cite,
            keeping=decisions.keeping,
            allowance=allowance,
            calendar=calendar,
            books=books,
            machine=machine,
            grid=grid,
            site=site,
            prefixes=inference.prefixes,
            store=store,
            cards=lambda: load_cards(settings.home),
        )


@asynccontextmanager
async def _closing_months(books: Books, clock: Clock) -> AsyncIterator[None]:
    """While open, months are closed as they end; at once those that ended while nothing ran.

    A month that ends while open is closed at the second look that finds it over: a clock set to next month by mistake,
    and put right within minutes, closes nothing for good.
    """

    async def close_as_they_end() -> None:
        seen_ms = clock.now_ms()
        while True:
            now_ms = clock.now_ms()
            over_ms, seen_ms = min(now_ms, seen_ms), now_ms
            try:
                await books.close_finished(over_ms)
            except AffouageError as not_now:  # one that does not close is told, and tried again
                _log.warning("a month is not closed yet: %s", not_now)
            await asyncio.sleep(CLOSING_LOOK_S)

    task = asyncio.create_task(close_as_they_end(), name="months")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


CLOSING_LOOK_S = 600


def _standing_finder(db: Database, accounts: Accounts, calendar: Calendar, clock: Clock) -> FindStanding:
    """A member's role, and the hours their machines served for others."""

    async def find(member_id: str, days: int) -> Standing:
        today = calendar.day(clock.now_ms())
        hours = await db.read(lambda connection: contribution_h(connection, member_id, today, days))
        try:
            role = (await accounts.member(member_id)).role.value
        except NotFound:  # erased meanwhile
            role = "member"
        return Standing(role, hours)

    return find


def _site_of(settings: Settings) -> Site:
    asked = settings.footprint
    litres = asked.water_on_site_l_per_kwh
    return Site(Interval(asked.pue, asked.pue, asked.pue), Interval(litres, litres, litres))


ASSUMED_WATTS = 65.0
"""Of a machine at work, until its first answers tell better: for promises of energy only, never for a receipt."""


def _stamper(home: Path) -> StampModel:
    """What a receipt says of a model beyond its file: its card, its bare id where there is none.

    A card is read once, when its model first answers: reading the catalogue takes milliseconds that others would wait.
    """
    known: dict[str, ModelStamp] = {}

    def stamp(model_id: str) -> ModelStamp:
        if model_id not in known:
            card = load_cards(home).get(model_id)
            known[model_id] = ModelStamp(id=model_id, name=model_id) if card is None else _stamp_of(card)
        return known[model_id]

    return stamp


def _stamp_of(card: Card) -> ModelStamp:
    return ModelStamp(
        id=card.id,
        name=card.name,
        quantisation=card.quantisation,
        licence=card.licence.id,
        openness={axis: card.openness.axis(axis).level for axis in AXES},
        grade=card.grade,
        trained_by=card.trained_by,
    )


def build_asgi(commons: Commons) -> SecurityHeaders:
    """The whole HTTP side: gateway and pages as one ASGI application."""

    async def refuse(request: Request, error: Exception) -> Response:
        told = _as_ours(request, error)
        if isinstance(error, HTTPException):  # no route: nobody has counted it yet
            try:
                commons.limits.stranger(request.scope)
            except TooMuch as no:
                told = no
        if request.url.path.startswith(gateway.PATHS):
            return await gateway.refuse(request.scope, told)
        return await web.refuse(request.scope, told, commons)

    return SecurityHeaders(
        Starlette(
            routes=[*gateway.routes(commons), *web.routes(commons)],
            exception_handlers={HTTPException: refuse, AffouageError: refuse, MemoryError: refuse, 500: refuse},
        ),
        https=commons.settings.server.public_url.startswith("https://"),
    )


def _as_ours(request: Request, error: Exception) -> AffouageError:
    if isinstance(error, AffouageError):
        return error
    if isinstance(error, HTTPException) and error.status_code == 405:
        return BadRequest(
            f"{request.url.path} does not take {request.method}.",
            remedy="See the documentation.",
            code="bad_method",
            allow=(error.headers or {}).get("Allow", ""),
        )
    if isinstance(error, HTTPException):
        return NotFound(f"There is nothing at {request.url.path:.200}.", remedy="Check the address.")
    if isinstance(error, MemoryError):
        return Unavailable(
            "This machine is short of memory.",
            remedy="Ask again in a moment, or send less at once.",
            code="memory_short",
            retry_after_s=10,
        )
    return AffouageError("Something unforeseen happened here.", remedy="Try again, or tell whoever runs this.")
