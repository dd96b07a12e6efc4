"""The public's side of the desk: ask, pick up what a person answered, say that it is wrong. No account, no name."""

from __future__ import annotations

import random
from collections.abc import Callable

from sqlalchemy import Connection

from affouage.errors import NotFound
from affouage.french import personal
from affouage.workshops.desk import decide, intake, pick_up, rows, texts, views
from affouage.workshops.desk.acting import Acting
from affouage.workshops.desk.shapes import PickUp, Received, Waiting


class Front:
    """``chance``: draws the arms; ``wake``: a question came, a draft may have to be made."""

    def __init__(self, acting: Acting, chance: random.Random, wake: Callable[[], None]) -> None:
        self._acting = acting
        self._chance = chance
        self._wake = wake

    @property
    def open(self) -> bool:
        """Whether the rule lets the public ask."""
        return self._acting.rules.public_open

    async def ask(self, question: str, *, address: str, contact: str = "", language: str = "fr") -> Received:
        """Somebody without an account asks; their code is told once. ``address``: whence, for the rate.

        Raises Closed ``desk_closed``, TooMuch (``desk_full``, ``desk_often``), BadRequest (``desk_question_empty``,
        ``desk_question_long``, ``desk_contact``).
        """
        asked, moment = intake.checked(question, contact, language), self._acting.moment()
        arm = intake.draw(self._chance, moment.rules)

        def change(connection: Connection) -> Received:
            intake.permit_public(connection, moment.rules, address, moment.now_ms)
            return intake.enter(connection, moment, asked, arm, clerk_id=None, with_code=True)

        received = await self._acting.db.write(change)
        self._wake()
        return received

    async def pick_up(self, code: str, *, address: str) -> PickUp:
        """What the holder of a code is given: letters a person reviewed, newest first; none while it waits.

        Raises NotFound ``desk_no_such_code``, TooMuch ``desk_often`` for many codes that do not exist.
        """
        try:
            return await self._acting.db.read(lambda connection: pick_up.of_code(connection, code))
        except NotFound:
            now_ms = self._acting.clock.now_ms()
            await self._acting.db.write(lambda connection: intake.count_wrong_code(connection, address, now_ms))
            raise

    async def complain(self, code: str, words: str, *, address: str) -> None:
        """The public says that what they were given is wrong: counted in public, looked at again by a clerk.

        Raises NotFound, Conflict ``desk_state`` while nothing has left, TooMuch ``desk_often``, BadRequest.
        """
        words, moment = personal.masked(texts.check_words(words)), self._acting.moment()

        def change(connection: Connection) -> None:
            item_id = intake.find_by_code(connection, code)
            intake.count_complaint(connection, address, moment.now_ms)
            moment.do(connection, item_id, decide.Complain(words), None)

        await self._acting.db.write(change)

    async def waiting(self) -> Waiting:
        """How the queue stands: numbers alone."""
        rules, now_ms = self._acting.rules, self._acting.clock.now_ms()
        return await self._acting.db.read(lambda connection: views.waiting(connection, rules, now_ms))

    async def counts(self, month: str | None = None) -> dict[str, int]:
        """How many of each since ever, or in a month (``2026-11``): ``rows.COUNTED``. Never a word."""
        return await self._acting.db.read(lambda connection: rows.counts(connection, month))
