"""The desk as clerks' pages and commands meet it: asynchronous, on the database, under the rule in force.

A draft never leaves without a person: see ``storage.desk_tables`` for the constraint, ``decide`` for the rules.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import msgspec
from sqlalchemy import Connection, select, update

from affouage.assembly import mandate_book, roll
from affouage.assembly.charter import Charter, stamp
from affouage.assembly.member import Member
from affouage.clock import Clock
from affouage.errors import TooMuch
from affouage.french import personal
from affouage.storage import Database
from affouage.storage.tables import desk_item
from affouage.workshops.desk import careful, clerks, decide, focus, intake, rows, switch, texts, views, work
from affouage.workshops.desk.acting import Acting
from affouage.workshops.desk.cases import HELD, MINUTE_MS, Kind
from affouage.workshops.desk.clerks import Holds
from affouage.workshops.desk.decide import Command, Review
from affouage.workshops.desk.drafting import LOOK_S, SOON_S, Drafter, Drafting
from affouage.workshops.desk.front import Front
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Done, Letter, Queued, Received, Seen, SentKind, Switch, WorkEvent

KNOWN_US, KNOWN_MOST = 30_000_000, 1_000
"""Whether somebody is at the desk is remembered half a minute, for so many people at most: for what surrounds pages."""


class Desk:
    """Of one home; ``front`` is the public's side of it. Each method that takes ``who`` raises NotAllowed
    ``not_at_desk`` for who is not at the desk, NotFound ``desk_item_not_found`` for an item there is not.

    Each act is one transaction of the one writer: of two clerks at once, one has the item and the other is told.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        rules: Callable[[], tuple[DeskRules, str]],
        drafter: Drafter | None,
        holds: Holds,
        month_of: Callable[[int], str],
        chance: random.Random | None = None,
    ) -> None:
        """``rules``: the rule of the desk in force and its stamp. ``drafter``: where drafts come from; None: this
        program makes none (a command). ``holds``: whether a mandate is in force. ``month_of``: the month in which an
        instant is counted. ``chance``: draws the arms; None: the system's own."""
        self._db = db
        self._acting = Acting(db, clock, rules, holds, month_of)
        self._chance = chance or random.SystemRandom()
        self.drafting = None if drafter is None else Drafting(db, clock, drafter, month_of)
        self.front = Front(self._acting, self._chance, self._wake)
        self._known: dict[str, tuple[int, bool]] = {}

    @asynccontextmanager
    async def running(self, *, soon: bool = False) -> AsyncIterator[None]:
        """While open, drafts are made in the background; at once those a stopped server left. ``soon``: other processes
        take questions too, and are looked after as often as if it were one's own."""
        async with AsyncExitStack() as stack:
            if self.drafting is not None:
                await stack.enter_async_context(self.drafting.running(SOON_S if soon else LOOK_S))
            yield

    @property
    def rules(self) -> DeskRules:
        """As in force now: the cap, the alarm, whether the public may ask."""
        return self._acting.rules

    async def may_answer(self, who: Member) -> bool:
        """Whether they are at the desk."""
        moment = self._acting.moment()
        return await self._db.read(lambda connection: moment.at_desk(connection, who.id))

    def at_desk(self, who: Member) -> bool:
        """The same for what surrounds each page: as of half a minute ago at most."""
        now_us = self._acting.clock.monotonic_us()
        known = self._known.get(who.id)
        if known is None or now_us - known[0] >= KNOWN_US:
            if len(self._known) > KNOWN_MOST:
                self._known.clear()
            moment = self._acting.moment()
            known = self._known[who.id] = (now_us, self._db.read_now(lambda c: moment.at_desk(c, who.id)))
        return known[1]

    # -- the queue -----------------------------------------------------------------------------------------------

    async def receive(
        self,
        who: Member,
        question: str,
        *,
        contact: str = "",
        language: str = "fr",
        with_code: bool = False,
        take: bool = True,
    ) -> Received:
        """A clerk types the question of somebody who is there, and takes it unless ``take`` is False.

        ``with_code``: the person wants to read the answer elsewhere. At the cap of the hour it is left in the queue.
        Raises BadRequest (``desk_question_empty``, ``desk_question_long``, ``desk_contact``).
        """
        asked, moment = intake.checked(question, contact, language), self._acting.moment()
        arm = intake.draw(self._chance, moment.rules)

        def change(connection: Connection) -> Received:
            moment.check_clerk(connection, who.id)
            made = intake.enter(connection, moment, asked, arm, clerk_id=who.id, with_code=with_code)
            if take:
                with suppress(TooMuch):
                    moment.do(connection, made.item_id, decide.Take(), who.id)
            return made

        made = await self._db.write(change)
        self._wake()
        return made

    async def queue(self, who: Member, which: str = "open") -> list[Queued]:
        """``open``: what waits or is held, what somebody found wrong first, then oldest first; ``mine``: held by them;
        ``to_call``: something left and the person is to be told by hand; ``closed``: newest first. 200 at most."""
        await self.keep_up()
        moment = self._acting.moment()

        def look(connection: Connection) -> list[Queued]:
            moment.check_clerk(connection, who.id)
            return views.listed(connection, which, who.id, moment.rules, moment.now_ms)

        return await self._db.read(look)

    async def item(self, who: Member, item_id: str) -> Seen:
        """One item. Its draft is seen by who holds it; of a blind item, once they wrote and asked; by any clerk once
        something has left."""
        await self.keep_up()
        moment = self._acting.moment()

        def look(connection: Connection) -> Seen:
            moment.check_clerk(connection, who.id)
            return views.seen(connection, item_id, moment.situation(connection, who.id), who.id)

        return await self._db.read(look)

    # -- acts ----------------------------------------------------------------------------------------------------

    async def take(self, who: Member, item_id: str) -> None:
        """Raises Conflict (``desk_taken``, ``desk_state``), TooMuch ``desk_cap``. Nothing for what they hold."""
        await self._act(who, item_id, decide.Take())

    async def release(self, who: Member, item_id: str) -> None:
        """Put it back into the queue. Raises Conflict ``desk_taken``. Nothing for what nobody holds."""
        await self._act(who, item_id, decide.Release())

    async def open_passage(self, who: Member, item_id: str, key: str) -> None:
        """A passage is opened, which flagged items ask for. ``key``: as ``Passage.key``.

        Raises Conflict (``desk_not_yours``, ``desk_taken``), BadRequest ``desk_passage``.
        """
        await self._act(who, item_id, decide.Open(key[:400]))

    async def write_first(self, who: Member, item_id: str, text: str) -> None:
        """Keep what the clerk of a blind item wrote before seeing anything. Raises Conflict, BadRequest."""
        text, moment = texts.check_answer(text), self._acting.moment()

        def change(connection: Connection) -> None:
            moment.do(connection, item_id, decide.Write(text), who.id)
            connection.execute(update(desk_item).where(desk_item.c.id == item_id).values(written=text))

        await self._db.write(change)

    async def show_draft(self, who: Member, item_id: str) -> None:
        """See the draft of a blind item, once written; or ask again for one that could not be made.

        Raises BadRequest ``desk_write_first``, Conflict (``desk_stopped``, ``desk_no_draft``).
        """
        await self._act(who, item_id, decide.ShowDraft())
        self._wake()

    async def send_as_is(
        self, who: Member, item_id: str, *, draft_sha256: str, sources: Iterable[str] = (), sign: bool = False
    ) -> Done:
        """Send the draft that was read: its supported sentences. ``draft_sha256``: as ``Seen`` gave it. ``sources``:
        sheets to name (``collection/sheet``), those it cites if none is given; ``sign``: with the clerk's name.

        Raises Conflict (``desk_no_draft``, ``desk_draft_changed``, ``desk_not_yours``, ``desk_taken``), BadRequest
        ``desk_unread`` (a passage must be opened first), TooMuch ``desk_cap``.
        """
        return await self._send(who, item_id, Kind.SENT_AS_IS, None, sources, draft_sha256, sign)

    async def send_edited(
        self,
        who: Member,
        item_id: str,
        text: str,
        *,
        draft_sha256: str,
        sources: Iterable[str] = (),
        sign: bool = False,
    ) -> Done:
        """Send the draft as the clerk mended it. Raises as :meth:`send_as_is`, and BadRequest ``desk_answer``."""
        return await self._send(who, item_id, Kind.SENT_EDITED, text, sources, draft_sha256, sign)

    async def answer(
        self, who: Member, item_id: str, text: str, *, sources: Iterable[str] = (), sign: bool = False
    ) -> Done:
        """Send an answer of one's own. Raises as :meth:`send_edited`, but for what is about drafts."""
        return await self._send(who, item_id, Kind.SENT_OWN, text, sources, "", sign)

    async def refer(self, who: Member, item_id: str, text: str, *, sign: bool = False) -> Done:
        """Say whom to turn to instead. Raises Conflict, BadRequest ``desk_reason`` (10 to 2000 characters)."""
        return await self._send(who, item_id, Kind.REFERRED, texts.check_reason(text), (), "", sign)

    async def refuse(self, who: Member, item_id: str, reason: str, *, sign: bool = False) -> Done:
        """Say why it is not answered. Raises as :meth:`refer`."""
        return await self._send(who, item_id, Kind.REFUSED, texts.check_reason(reason), (), "", sign)

    async def complain(self, who: Member, item_id: str, words: str) -> None:
        """A clerk says that what left is wrong. Raises Conflict ``desk_state``, BadRequest ``desk_words``."""
        await self._act(who, item_id, decide.Complain(personal.masked(texts.check_words(words))))

    async def correct(
        self, who: Member, item_id: str, text: str, *, sources: Iterable[str] = (), sign: bool = False
    ) -> Done:
        """Send a correction, of an item that was found wrong and taken again. Raises as :meth:`answer`."""
        return await self._send(who, item_id, Kind.CORRECTED, text, sources, "", sign)

    async def maintain(self, who: Member, item_id: str, reason: str, *, sign: bool = False) -> Done:
        """Say, having read it again, why it stands. Raises as :meth:`refer`."""
        return await self._send(who, item_id, Kind.MAINTAINED, texts.check_reason(reason), (), "", sign)

    async def called(self, who: Member, item_id: str) -> None:
        """The person was told by hand. Raises Conflict ``desk_state``."""
        await self._act(who, item_id, decide.Called())

    async def noted_focus(self, who: Member, item_id: str, ms: int) -> None:
        """The page of an item was in focus for ``ms`` more: a minute at most, and no more than has passed.

        It keeps the item taken. Nothing for an item that ``who`` does not hold.
        """
        now_ms = self._acting.clock.now_ms()
        await self._db.write(lambda connection: focus.note(connection, item_id, who.id, ms, now_ms))

    # -- the switch ----------------------------------------------------------------------------------------------

    async def switch(self) -> Switch:
        """Whether drafts are made now, and who stopped them why."""
        return await self._db.read(switch.read)

    async def stop(self, who: Member | None, reason: str) -> Switch:
        """Stop the tool at once: no draft is made nor shown; questions are answered by hand. Anybody at the desk may,
        any steward, and the command line (None). Told in the public log. Raises BadRequest ``desk_reason``."""
        told = await self._turn(who, reason, stopped=True)
        if self.drafting is not None:
            self.drafting.interrupt()
        return told

    async def resume(self, who: Member, reason: str) -> Switch:
        """Start it again: a steward or an operator. Raises NotAllowed ``insufficient_role``, BadRequest."""
        told = await self._turn(who, reason, stopped=False)
        self._wake()
        return told

    # -- work and time -------------------------------------------------------------------------------------------

    async def events_since(self, number: int, most: int = work.MOST) -> list[WorkEvent]:
        """What happened after the event ``number`` (0: from the first kept), in order: for the ledger of the work."""
        return await self._db.read(lambda connection: work.since(connection, number, most))

    async def keep_up(self) -> int:
        """Put back what was taken and left alone; how many items. Writes nothing when there is nothing to do."""
        moment = self._acting.moment()
        idle = select(desk_item.c.id).where(
            desk_item.c.state.in_([one.value for one in HELD]),
            desk_item.c.held_ms <= moment.now_ms - moment.rules.release_minutes * MINUTE_MS,
        )
        if not await self._db.read(lambda connection: list(connection.scalars(idle))):
            return 0

        def change(connection: Connection) -> int:
            ids = list(connection.scalars(idle))
            for item_id in ids:
                case = rows.case_of(connection, rows.find(connection, item_id))
                new = decide.released(case, moment.rules, moment.now_ms)
                rows.append(connection, item_id, new, moment.month)
            return len(ids)

        return await self._db.write(change)

    # -- inside --------------------------------------------------------------------------------------------------

    async def _act(self, who: Member, item_id: str, command: Command) -> None:
        moment = self._acting.moment()
        await self._db.write(lambda connection: moment.do(connection, item_id, command, who.id))

    async def _send(
        self,
        who: Member,
        item_id: str,
        kind: Kind,
        text: str | None,
        sources: Iterable[str],
        draft_sha256: str,
        sign: bool,
    ) -> Done:
        """One review. The letter is made of what stands in the transaction that sends it; ``text`` None: the draft."""
        given, wanted = None if text is None else texts.check_answer(text), tuple(sources)
        moment = self._acting.moment()

        def change(connection: Connection) -> Done:
            moment.check_clerk(connection, who.id)
            row = rows.find(connection, item_id)
            case = rows.case_of(connection, row)
            draft = case.visible
            letter = Letter(
                text=given if given is not None else "" if draft is None else draft.text,
                language=row.language,
                sources=careful.sources_of(draft or case.found, wanted or careful.cited(draft, kind)),
                signed=roll.by_id(connection, who.id).name if sign else "",
            )
            (event,) = moment.do(connection, item_id, Review(kind, letter, draft_sha256), who.id)
            return Done(
                item_id=item_id,
                kind=msgspec.convert(event.kind.value, SentKind),
                quick=event.quick,
                reading_ms=0 if draft is None else texts.reading_ms(draft.text),
                has_contact=bool(row.contact),
            )

        return await self._db.write(change)

    async def _turn(self, who: Member | None, reason: str, *, stopped: bool) -> Switch:
        reason, moment = texts.check_reason(reason), self._acting.moment()

        def change(connection: Connection) -> Switch:
            if who is not None and not clerks.is_steward(connection, who.id):
                moment.check_clerk(connection, who.id)
                if not stopped:
                    raise decide.not_a_steward()
            by = "" if who is None else who.id
            return switch.turn(connection, stopped=stopped, by=by, reason=reason, now_ms=moment.now_ms)

        return await self._db.write(change)

    def _wake(self) -> None:
        if self.drafting is not None:
            self.drafting.wake()


def open_desk(
    db: Database, clock: Clock, charter: Charter, day: Callable[[int], str], drafter: Drafter | None = None
) -> Desk:
    """The desk under the rules and the mandates of a commons. ``day``: the local day of an instant, as YYYY-MM-DD.

    ``drafter`` None: for a command, which drafts nothing.
    """

    def rules() -> tuple[DeskRules, str]:
        rule = charter.in_force("desk")
        return rule.value, stamp("desk", rule)

    return Desk(
        db,
        clock,
        rules=rules,
        drafter=drafter,
        holds=mandate_book.holds,
        month_of=lambda at_ms: day(at_ms)[:7],
    )
