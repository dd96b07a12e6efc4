"""A home with members, mandates and the rule of uses; what tests of refused uses share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from affouage.assembly.member import Member, Role
from affouage.assembly.refused_uses.reports import Months, Reports
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.rules.uses import UsesRules
from affouage.footprint.period import Calendar
from affouage.journal import log
from affouage.ledger.ledger import Ledger
from tests.integration.accounts_home import Home, opened
from tests.integration.books import a_receipt

REASON = "Ce texte appelle à trier des gens d’après leur origine."
WHY = "Un signalement dit que ce texte est raciste : il faut le lire."
LINE = "hatred"


class House:
    """``mandated``: (member id, scope) of mandates in force; ``guard``: the guard model a rule admits."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.db, self.clock = home.database, home.clock
        self.mandated: set[tuple[str, str]] = set()
        self.guard = ""
        self.terms = Terms(UsesRules(), version=2)
        self.calendar = Calendar("Europe/Paris")
        self.reports = Reports(
            self.db,
            self.clock,
            terms=lambda: self.terms,
            guard=lambda: self.guard,
            holds=self.holds,
            months=Months(lambda at_ms: self.calendar.day(at_ms)[:7], self.calendar.bounds),
        )
        self.people: dict[str, Member] = {}

    def holds(self, _connection: Connection, member_id: str, scope: str, _now_ms: int) -> bool:
        return (member_id, scope) in self.mandated

    async def fill(self, *others: str) -> None:
        """Ali asked something, Rose reports it, Mona moderates; ``others`` are members like any."""
        for name in ("Ali", "Rose", "Mona", *others):
            self.people[name] = (await self.home.accounts.add_member(name, Role.MEMBER))[0]
        self.mandated.add((self.people["Mona"].id, "moderator"))
        ledger = Ledger(self.db, self.clock)
        for number in range(6):
            await ledger.settle(a_receipt(f"rcp_{number}", self.people["Ali"].id), b"s" * 16)

    async def reported(self, number: int = 0, **more: Any) -> str:
        """Rose reports Ali's answer."""
        whole = {"receipt_id": f"rcp_{number}", "line": LINE, "words": "C’est raciste.", "content": "TEXTE MONTRÉ"}
        return await self.reports.file(self.people["Rose"], **{**whole, **more})

    async def decided(self, outcome: str = "warning", **more: Any) -> str:
        """Reported by Rose, decided by Mona."""
        report_id = await self.reported(**more)
        await self.look(report_id)
        await self.reports.decide(self.people["Mona"], report_id, outcome, REASON)
        return report_id

    async def look(self, report_id: str) -> None:
        """Mona gives her reason and reads it."""
        await self.reports.read(self.people["Mona"], report_id, WHY)

    def read(self, query: Callable[[Connection], Any]) -> Any:
        return self.db.read_now(query)


def leaves(house: House, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.read(lambda c: [leaf.public for leaf in log.of_kind(c, kind)])
    return found


def in_house(tmp_path: Path, work: Callable[[House], Coroutine[Any, Any, None]], *others: str) -> None:
    """Run ``work`` to its end in a fresh house."""

    async def whole() -> None:
        async with opened(tmp_path / "affouage.db") as home:
            house = House(home)
            await house.fill(*others)
            await work(house)

    asyncio.run(whole())
