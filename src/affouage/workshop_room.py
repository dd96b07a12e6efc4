"""The workshops of a commons, brought together: they do not know one another. For the composition root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from affouage import sheets_room
from affouage.assembly.charter import Charter
from affouage.assembly.member import Member
from affouage.clock import Clock
from affouage.errors import NotFound
from affouage.footprint.period import Calendar
from affouage.inference.attempt import Asking
from affouage.inference.serve import Inference
from affouage.ledger.ledger import find_receipt
from affouage.settings import Settings
from affouage.sheets.library import Library
from affouage.sheets.sheet import PUBLIC
from affouage.sheets.updating import updated_every
from affouage.storage import Database
from affouage.storage.tables import desk_event
from affouage.workers.gateways import Once, here
from affouage.workshops.blind.blind import Blind
from affouage.workshops.desk.desk import Desk, open_desk
from affouage.workshops.desk.drafting import Drafter
from affouage.workshops.desk.shapes import Draft, DraftSentence, Quote, WorkEvent
from affouage.workshops.easy_read.easy_read import EasyRead
from affouage.workshops.explain.explain import Explain
from affouage.workshops.explain.reports import Reports
from affouage.workshops.explain.shapes import Explanation, Look, Sentence
from affouage.workshops.work.ledger import WorkLedger
from affouage.workshops.work.task import Fate, TaskDone


@dataclass(frozen=True)
class Workshops:
    library: Library
    explain: Explain
    easy_read: EasyRead
    desk: Desk
    work: WorkLedger
    blind: Blind


@asynccontextmanager
async def open_workshops(
    settings: Settings,
    db: Database,
    clock: Clock,
    inference: Inference,
    *,
    charter: Charter,
    calendar: Calendar,
    collective: Callable[[], Awaitable[Member]],
    once: Once = here,
    gateway_id: str = "",
) -> AsyncIterator[Workshops]:
    """Everything people do with the commons besides asking it. ``collective``: in whose name drafts are asked for.

    ``gateway_id``: of this process, where there are several.
    """
    async with AsyncExitStack() as stack:
        library = await stack.enter_async_context(sheets_room.open_sheets(settings, clock, keep_up=True))
        every = settings.sheets.update_hours
        await stack.enter_async_context(once(lambda: updated_every(every, settings.home, clock)))
        explain = Explain(library, inference, clock, Reports(db))
        desk = open_desk(db, clock, charter, calendar.day, _drafter(settings, explain, inference, collective))
        await stack.enter_async_context(once(lambda: desk.running(soon=bool(gateway_id))))
        work = WorkLedger(db, clock, calendar, [DeskTasks(desk, db)])
        await stack.enter_async_context(once(work.running))
        blind = Blind(db, inference, clock, calendar.month, gateway_id=gateway_id)
        easy_read = EasyRead(inference)
        yield Workshops(library=library, explain=explain, easy_read=easy_read, desk=desk, work=work, blind=blind)


# -- what the desk drafts with -------------------------------------------------------------------------------------

_EVERYBODY = frozenset({PUBLIC})
"""A letter goes to the public: it rests on what anybody may read, and on nothing else."""


def _drafter(
    settings: Settings, explain: Explain, inference: Inference, collective: Callable[[], Awaitable[Member]]
) -> Drafter:
    """Drafts by the workshop that explains, asked for in the collective's name."""

    async def find(question: str, language: str) -> Draft:
        return _found(await explain.look(question, language=language, tags=_EVERYBODY))

    async def write(question: str, language: str) -> Draft:
        look = await explain.look(question, language=language, tags=_EVERYBODY)
        model = settings.engine.default_model
        if not inference.pool.stations(model):
            return _written(await explain.explained(look, None))  # no model here: extracts, word for word
        asking = Asking(member_id=(await collective()).id, door="workshop", language=language, workshop="desk")
        return _written(await explain.explained(look, asking, model))

    return Drafter(find, write)


def _found(look: Look) -> Draft:
    verdict = look.verdict
    return Draft(
        hits=look.finding.hits,
        answers=verdict.answer,
        scope=verdict.scope,
        ask_instead=verdict.ask_instead,
        sentences=tuple(_sentence(one) for one in look.extracts),
        cited=look.cited,
        warnings=look.warnings,
    )


def _written(told: Explanation) -> Draft:
    """What was written, in its order, dropped sentences among it: a clerk sees what nothing supports."""
    return Draft(
        hits=told.finding.hits,
        answers=told.verdict.answer,
        scope=told.verdict.scope,
        ask_instead=told.verdict.ask_instead,
        sentences=tuple(_sentence(one) for one in told.written),
        cited=told.cited,
        warnings=told.warnings,
        model=told.model,
        receipt_id=told.receipt_id,
    )


def _sentence(one: Sentence) -> DraftSentence:
    quote = None
    if one.quote is not None:
        said = one.quote
        quote = Quote(collection_id=said.collection_id, sheet_id=said.sheet_id, passage=said.passage, text=said.text)
    return DraftSentence(text=one.text, supported=one.status == "supported", quote=quote, problems=one.problems)


# -- what the work ledger hears of the desk --------------------------------------------------------------------------

_FATES: dict[str, Fate] = {"sent_as_is": "kept", "sent_edited": "edited"}
_AGAIN = ("corrected", "maintained")
_REVIEWS = ("sent_as_is", "sent_edited", "sent_own", "referred", "refused", *_AGAIN)
_NO_WORK = ("complaint", "called")
"""Acts of clerks that hold nothing."""


@dataclass
class _Item:
    """``active``: milliseconds in focus so far, by clerk; None: no page told. ``told_ms``: of them, told before.

    ``drafted``: a model wrote. ``shown``: the draft of a blind item was, after ``first_ms``. ``receipts``: of the
    drafts since it was last told.
    """

    active: dict[str, int | None] = field(default_factory=dict)
    told_ms: int | None = 0
    drafted: bool = False
    shown: bool = False
    first_ms: int | None = None
    wait_ms: int | None = None
    receipts: list[str] = field(default_factory=list)

    def active_ms(self) -> int | None:
        known = [one for one in self.active.values() if one is not None]
        if self.told_ms is None or not known or len(known) < len(self.active):
            return None
        return max(0, sum(known) - self.told_ms)


class DeskTasks:
    """The tasks of the desk, from its events: each review by a person is one. Read anew each time: nothing is held of
    what was deleted, or erased with somebody."""

    def __init__(self, desk: Desk, db: Database) -> None:
        self._desk = desk
        self._db = db

    async def __call__(self, since_ms: int, until_ms: int) -> tuple[TaskDone, ...]:
        """Of one that was taken before ``since_ms``, what happened until then is not known."""
        number = await self._db.read(lambda connection: _last_before(connection, since_ms))
        items: dict[str, _Item] = defaultdict(_Item)
        tasks: list[TaskDone] = []
        while events := await self._desk.events_since(number):
            for one in events:
                task = await self._heard(items[one.item_id], one)
                if task is not None and since_ms <= task.done_ms < until_ms:
                    tasks.append(task)
            number = events[-1].number
        return tuple(tasks)

    async def _heard(self, item: _Item, event: WorkEvent) -> TaskDone | None:
        """What this event ends, if it ends something."""
        if event.receipt_id is not None:
            item.receipts.append(event.receipt_id)
        item.drafted = item.drafted or (event.kind == "drafted" and event.drafted)
        if event.actor_id is None or event.kind in _NO_WORK:
            return None
        item.active[event.actor_id] = event.active_ms
        if event.kind == "taken":
            item.shown = False
            item.wait_ms = event.wait_ms if item.wait_ms is None else item.wait_ms
        elif event.kind == "shown":
            item.shown, item.first_ms = True, item.active_ms()
        elif event.kind in _REVIEWS:
            task = task_of(item, event, await self._energy_uj(item.receipts))
            total_ms = item.active_ms()
            item.told_ms = None if total_ms is None or item.told_ms is None else item.told_ms + total_ms
            item.receipts = []
            return task
        return None

    async def _energy_uj(self, receipts: list[str]) -> int | None:
        """Of these answers together; None as soon as one is not known, 0 for none: then no model wrote."""
        energies = await self._db.read(lambda connection: [_energy_uj(connection, one) for one in receipts])
        return None if None in energies else sum(one for one in energies if one is not None)


def _last_before(connection: Connection, at_ms: int) -> int:
    """The number of the last event of the desk before an instant, 0 for none."""
    return connection.scalar(select(func.max(desk_event.c.number)).where(desk_event.c.at_ms < at_ms)) or 0


def _energy_uj(connection: Connection, receipt_id: str) -> int | None:
    try:
        spent = find_receipt(connection, receipt_id, None).energy.interval_uj
    except NotFound:
        return None
    return None if spent is None else round(spent.central)


def task_of(item: _Item, event: WorkEvent, energy_uj: int | None) -> TaskDone:
    """What a review ends."""
    again = event.kind in _AGAIN
    wrote_first = event.arm == "blind" and item.shown and not again
    changed = event.edit_words is not None and event.sent_words is not None and event.kind == "sent_edited"
    seen = (item.drafted and (event.arm == "draft" or item.shown)) or event.edit_words is not None
    assert event.actor_id is not None
    return TaskDone(
        task_type="desk_question",
        worker=event.actor_id,
        done_ms=event.at_ms,
        arm=event.arm,
        active_ms=item.first_ms if wrote_first else item.active_ms(),
        review_ms=event.review_ms,
        wait_ms=None if again else item.wait_ms,
        fate=_FATES.get(event.kind, "thrown" if seen else "none"),
        edit_ratio=_ratio(event.edit_words, event.sent_words) if changed else None,
        reworks=again,
        energy_uj=energy_uj,
    )


def _ratio(changed: int | None, sent: int | None) -> float:
    """Words changed, of those sent; 1 when more were taken out than stayed."""
    return min(1.0, (changed or 0) / max(1, sent or 0))
