"""A small assembly on a real database and a clock that the test moves; what several tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from affouage.assembly import roll
from affouage.assembly.assembly import Assembly
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.member import Member, Role
from affouage.assembly.replay import Replay
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.errors import AffouageError, NotAllowed
from affouage.footprint.budget import Rates
from affouage.journal.verify import problems
from affouage.rulebook import AREAS, open_charter
from affouage.storage import open_database
from affouage.storage.home import prepare
from affouage.testing import ManualClock

T = TypeVar("T")
MIN = 60_000
DAY = 24 * 60 * MIN

QUICK = Profile(deliberation_min=10, notice_min=5, voting_min=20, contest_min=30, second_quorum_percent=0)
TWO_THIRDS = msgspec.structs.replace(QUICK, method="supermajority", threshold="2/3")
GOVERNANCE = GovernanceRules(
    ordinary=QUICK,
    reinforced=TWO_THIRDS,
    entrenched=TWO_THIRDS,
    persons=msgspec.structs.replace(QUICK, secrecy="open"),
    close_early=False,
    contest_members=2,
)


NIGHT = {"closed_from": "23:00", "closed_until": "06:00"}


def refused(work: Callable[[], Any], kind: type[AffouageError] = AffouageError) -> AffouageError:
    with pytest.raises(kind) as caught:
        work()
    assert caught.value.remedy or kind is NotAllowed, "a refusal says what would work"
    return caught.value


class AssemblyHouse:
    """``people``: by name; the first is an operator."""

    def __init__(self, home: Path, names: str = "odile ali bea chloe dan", now_ms: int = 1_790_000_000_000) -> None:
        prepare(home)
        self.path = home / "affouage.db"
        self.clock = ManualClock(now_ms)
        self.db = open_database(self.path)
        self.people: dict[str, Member] = {}
        for name in names.split():
            self.join(name, Role.MEMBER if self.people else Role.OPERATOR)
        self.open()

    def open(self) -> None:
        """As at a start: everything is read again."""
        self.charter = open_charter(self.db, self.clock, Rates())
        self.assembly = Assembly(self.db, self.clock, self.charter, self.charter.areas)

    def join(self, name: str, role: Role = Role.MEMBER) -> Member:
        def enter(connection: Any) -> Member:
            return roll.enter(connection, name.title(), role, "fr", self.clock.now_ms(), "a password's hash")

        self.people[name] = self.db.write_now(enter)
        return self.people[name]

    def __getitem__(self, name: str) -> Member:
        return self.people[name]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def found(self, governance: GovernanceRules = GOVERNANCE, **rules: Any) -> None:
        self.run(self.assembly.found("tests", {"governance": governance, **rules}))

    def later(self, minutes: float) -> AssemblyState:
        """Let time pass and bring about what is due."""
        self.clock.advance(ms=round(minutes * MIN))
        self.run(self.assembly.tick())
        return self.state

    @property
    def state(self) -> AssemblyState:
        return self.run(self.assembly.state())

    def proposal(self, number: int) -> Proposal:
        return self.state.proposals[number]

    def propose(self, area: str, who: str = "odile", **changes: Any) -> int:
        """Change places of a rule's document, written with ``__`` for a slash."""
        document = self.document(area)
        for path, value in changes.items():
            *way, name = path.split("__")
            here = document
            for step in way:
                here = here.setdefault(step, {})
            here[name] = value
        return self.run(self.assembly.propose_rule(self[who], f"Change {area}", "To see", area, document))

    def document(self, area: str) -> dict[str, Any]:
        return self.db.read_now(lambda connection: self.assembly.on(connection).newest(area)[0])

    def to_vote(self, number: int) -> int:
        """Bring a proposal to its vote; the number of the poll."""
        self.later(10)
        self.later(5)
        poll = self.proposal(number).poll_id
        assert poll is not None
        assert self.proposal(number).state == "voting", self.proposal(number)
        return poll

    def vote(self, poll: int, **choices: Any) -> None:
        for name, choice in choices.items():
            reason = "Not like this" if choice == "object" else ""
            self.run(self.assembly.cast(self[name], poll, choice, reason))

    def adopt(self, area: str, **changes: Any) -> int:
        """Propose, vote and let it come into force."""
        number = self.propose(area, **changes)
        poll = self.to_vote(number)
        self.vote(poll, **dict.fromkeys(self.people, "for"))
        self.later(20)
        assert self.proposal(number).state == "adopted", self.proposal(number)
        self.later(30)
        assert self.proposal(number).state == "in_force", self.proposal(number)
        return number

    def problems(self) -> list[str]:
        """What replaying and counting everything again finds wrong."""
        hooks = [Replay(AREAS["governance"])]
        return self.db.read_now(lambda c: [str(one) for one in problems(c, key=None, hooks=hooks)])


@contextmanager
def assembly_house(home: Path, **more: Any) -> Iterator[AssemblyHouse]:
    house = AssemblyHouse(home, **more)
    try:
        yield house
    finally:
        house.db.close()
