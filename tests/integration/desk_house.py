"""A desk on a real database: clerks on the roll, a drafter that answers from two sheets, a clock that stands still."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from affouage.assembly.member import Member, Role
from affouage.errors import AffouageError
from affouage.footprint.period import Calendar
from affouage.workshops.desk import rows
from affouage.workshops.desk.desk import Desk
from affouage.workshops.desk.drafting import Drafter
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Draft, Seen
from tests.integration.accounts_home import Home, opened
from tests.unit.desk_drafts import FOUND, NOTHING, PLAIN, PRICED

ASKED = "Comment renouveler mon passeport ?"
PRICE = "Combien coûte un passeport ?"
LOCAL = "À quelle heure ouvre la piscine ?"
KEY = "public/F1/1"
HERE = "10.0.0.7"
WHY = "Les réponses d’aujourd’hui sont fausses."


class TwoSheets:
    """Answers from two sheets. ``seen``: what it was asked to write; ``refuse``: what it says instead; ``gate``: what
    it waits for before it has written."""

    def __init__(self) -> None:
        self.searched: list[str] = []
        self.seen: list[str] = []
        self.refuse: list[AffouageError | Exception] = []
        self.gate: asyncio.Event | None = None
        self.at_once = self.at_once_most = 0

    async def find(self, question: str, _language: str) -> Draft:
        self.searched.append(question)
        return NOTHING if question == LOCAL else FOUND

    async def write(self, question: str, _language: str) -> Draft:
        self.seen.append(question)
        self.at_once += 1
        self.at_once_most = max(self.at_once, self.at_once_most)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.refuse:
                raise self.refuse.pop(0)
            return PRICED if question == PRICE else PLAIN
        finally:
            self.at_once -= 1


class DeskHouse:
    """``rules`` and ``mandated`` may be changed; Ali and Béa are clerks by mandate, Odile an operator, Max a member."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.db, self.clock = home.database, home.clock
        self.rules = DeskRules(blind_percent=0, public_open=True)
        self.mandated: set[str] = set()
        self.people: dict[str, Member] = {}
        self.sheets = TwoSheets()
        self.desk = self.another()

    def another(self, *, drafts: bool = True) -> Desk:
        """The desk of another program on the same home: a server started again, or a command."""
        return Desk(
            self.db,
            self.clock,
            rules=self._rules_in_force,
            drafter=Drafter(self.sheets.find, self.sheets.write) if drafts else None,
            holds=lambda _connection, member_id, scope, _now_ms: scope == "clerk" and member_id in self.mandated,
            month_of=lambda at_ms: Calendar("Europe/Paris").day(at_ms)[:7],
            chance=random.Random(7),
        )

    def _rules_in_force(self) -> tuple[DeskRules, str]:
        assert threading.current_thread().name != "affouage-write", "a charter that looks again would wait for itself"
        return self.rules, "desk@3"

    async def fill(self) -> None:
        roles = {"Odile": Role.OPERATOR, "Ali": Role.MEMBER, "Béa": Role.MEMBER, "Max": Role.MEMBER}
        for name, role in roles.items():
            self.people[name] = (await self.home.accounts.add_member(name, role))[0]
        self.mandated = {self.people[name].id for name in ("Ali", "Béa")}

    @property
    def ali(self) -> Member:
        return self.people["Ali"]

    @property
    def bea(self) -> Member:
        return self.people["Béa"]

    # -- doing ---------------------------------------------------------------------------------------------------

    async def asked(self, question: str = ASKED, **more: Any) -> str:
        """By the public, drafted if it may be; its number."""
        received = await self.desk.front.ask(question, address=HERE, **more)
        self.code = received.code
        await self.drafted()
        return received.item_id

    async def held(self, question: str = ASKED, by: str = "Ali", **more: Any) -> str:
        item_id = await self.asked(question, **more)
        await self.desk.take(self.people[by], item_id)
        return item_id

    async def drafted(self) -> None:
        assert self.desk.drafting is not None
        await self.desk.drafting.work_off()

    async def sent(self, question: str = ASKED, **more: Any) -> str:
        """A plain draft, taken and sent by Ali as it is."""
        item_id = await self.held(question, **more)
        await self.send(item_id)
        return item_id

    async def send(self, item_id: str) -> None:
        seen = await self.seen(item_id)
        await self.desk.send_as_is(self.ali, item_id, draft_sha256=seen.draft_sha256)

    async def seen(self, item_id: str, by: str = "Ali") -> Seen:
        return await self.desk.item(self.people[by], item_id)

    # -- looking -------------------------------------------------------------------------------------------------

    def read(self, query: Callable[[Connection], Any]) -> Any:
        return self.db.read_now(query)

    def rows(self, table: Any) -> int:
        return int(self.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one()))

    def kinds(self, item_id: str) -> list[str]:
        return [one.kind for one in self.read(lambda c: rows.events(c, item_id))]


def at_the_desk(tmp_path: Path, work: Callable[[DeskHouse], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` to its end in a fresh house."""

    async def whole() -> None:
        async with opened(tmp_path / "affouage.db") as home:
            house = DeskHouse(home)
            await house.fill()
            await work(house)

    asyncio.run(whole())
