"""One act in one transaction: who acts is asked, what stands is read, what follows is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from affouage.clock import Clock
from affouage.storage import Database
from affouage.workshops.desk import clerks, decide, rows
from affouage.workshops.desk.cases import Event
from affouage.workshops.desk.clerks import Holds
from affouage.workshops.desk.decide import Command, Situation
from affouage.workshops.desk.rules import DeskRules


@dataclass(frozen=True)
class Acting:
    """Of one home. ``rules_now``: the rule of the desk in force and its stamp (``desk@3``); ``holds``: whether a
    mandate is in force; ``month_of``: the month (``2026-11``) in which an instant is counted."""

    db: Database
    clock: Clock
    rules_now: Callable[[], tuple[DeskRules, str]]
    holds: Holds
    month_of: Callable[[int], str]

    @property
    def rules(self) -> DeskRules:
        return self.rules_now()[0]

    def moment(self) -> Moment:
        """Before the transaction: reading the rule may read the database, which the writer must not do from inside."""
        now_ms = self.clock.now_ms()
        return Moment(*self.rules_now(), now_ms, self.month_of(now_ms), self.holds)


@dataclass(frozen=True)
class Moment:
    """When something is done, and under which rule. Its methods are functions of a connection."""

    rules: DeskRules
    stamp: str
    now_ms: int
    month: str
    holds: Holds

    def do(self, connection: Connection, item_id: str, command: Command, actor_id: str | None) -> list[Event]:
        """Decide on what stands, write what follows; what happened. Raises NotFound and as ``decide.decide``."""
        here = self.situation(connection, actor_id)
        if actor_id is not None and not here.at_desk:
            raise decide.not_at_desk()  # before anything tells whether there is such an item
        case = rows.case_of(connection, rows.find(connection, item_id))
        new = decide.decide(case, command, here)
        rows.append(connection, item_id, new, self.month)
        return new

    def situation(self, connection: Connection, actor_id: str | None) -> Situation:
        return Situation(
            rules=self.rules,
            now_ms=self.now_ms,
            actor_id=actor_id,
            at_desk=actor_id is not None and self.at_desk(connection, actor_id),
            answered_ms=() if actor_id is None else rows.answered_ms(connection, actor_id, self.now_ms),
        )

    def at_desk(self, connection: Connection, member_id: str) -> bool:
        return clerks.at_desk(connection, member_id, self.rules, self.holds, self.now_ms)

    def check_clerk(self, connection: Connection, member_id: str) -> None:
        """Raises NotAllowed, code ``not_at_desk``."""
        if not self.at_desk(connection, member_id):
            raise decide.not_at_desk()
