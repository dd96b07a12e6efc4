"""The assembly at work: what members propose, vote and contest; what time brings about. One transaction each.

Reading is from a fold kept in memory, brought up to date from the events written since; every change is decided again
inside the writer's transaction, on what stands there. A change that another program wrote is seen at the next reading.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from affouage.assembly import drafting, emergencies, mandate_book, polls, roll, steps
from affouage.assembly.area import Area
from affouage.assembly.charter import Charter, Warrant, founded
from affouage.assembly.decisions import agenda
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.events import AnySubject, Event
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.event_book import record, state_of
from affouage.assembly.house import House
from affouage.assembly.member import Member
from affouage.assembly.poll_count import Cast
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed
from affouage.storage import Database
from affouage.storage.tables import elector, member_standing, roll_entry, vote

_log = logging.getLogger("affouage.assembly")

LOOK_S = 1.0
"""How often what is due is looked for."""
PROXY_DAYS_MOST = 366
MS_PER_DAY = 86_400_000

T = TypeVar("T")
Decide = Callable[[House, AssemblyState, int], Iterable[Event]]


class Assembly:
    """Everything members decide. ``areas``: the votable rules. All methods may be called concurrently."""

    def __init__(self, db: Database, clock: Clock, charter: Charter, areas: Mapping[str, Area]) -> None:
        self.charter = charter
        self.areas = areas
        self.clock = clock
        self._db = db
        self._known = AssemblyState()

    def on(self, connection: Connection) -> House:
        """The rules and the roll as one transaction sees them."""
        return House(self.charter, self.areas, connection)

    async def look(self, read: Callable[[House], T]) -> T:
        """Read the rules and the roll as they stand: ``await assembly.look(lambda house: house.newest("hours"))``."""
        return await self._db.read(lambda connection: read(self.on(connection)))

    # -- reading -------------------------------------------------------------------------------------------------

    async def state(self) -> AssemblyState:
        """What stands now."""
        self._known = await self._db.read(lambda connection: state_of(connection, self._known))
        return self._known

    async def proposal(self, number: int) -> Proposal:
        """Raises NotFound."""
        return drafting.found(await self.state(), number)

    async def may_vote(self, who: Member, poll_id: int) -> bool:
        query = select(elector.c.member_id).where(elector.c.poll_id == poll_id, elector.c.member_id == who.id)
        return await self._db.read(lambda connection: connection.scalar(query) is not None)

    async def my_ballot(self, who: Member, poll_id: int) -> Any:
        """The choice of an open ballot; True for a detached one that was cast; None when there is none."""

        def read(connection: Connection) -> Any:
            mine = select(vote.c.choice).where(vote.c.poll_id == poll_id, vote.c.voter_id == who.id)
            found = connection.scalar(mine)
            if found is not None:
                return msgspec.json.decode(found)
            entry = select(roll_entry.c.voter_id).where(
                roll_entry.c.poll_id == poll_id, roll_entry.c.voter_id == who.id
            )
            return True if connection.scalar(entry) is not None else None

        return await self._db.read(read)

    async def to_vote(self, who: Member) -> list[Poll]:
        """Open votes this member is on the roll of and has not cast a ballot in: what reminders show."""
        state, now_ms = await self.state(), self.clock.now_ms()
        opened = [one for one in state.polls.values() if one.closed is None and now_ms < one.opened.closes_ms]
        return [one for one in opened if await self.may_vote(who, one.id) and await self.my_ballot(who, one.id) is None]

    async def turnout(self, poll_id: int) -> int:
        """How many have voted."""
        poll = (await self.state()).polls[poll_id]
        return await self._db.read(lambda connection: polls.voted(connection, poll))

    async def ballots(self, poll_id: int) -> list[Cast]:
        """The ballots of a closed poll: open ones with their voters (for members), detached ones by random id.

        Raises Conflict while it is open: nobody sees who leads.
        """
        poll = (await self.state()).polls[poll_id]
        if poll.closed is None:
            raise Conflict("The vote is still open.", remedy="Its result is shown when it closes.", code="poll_open")
        return await self._db.read(lambda connection: polls.cast_ballots(connection, poll))

    # -- founding ------------------------------------------------------------------------------------------------

    async def found(self, preset: str = "", rules: Mapping[str, Any] | None = None, why: str = "Founding") -> None:
        """From here on the members decide. ``rules``: area -> value of the first day. Raises Conflict when founded."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            if state.founded or founded(house.connection):
                raise Conflict(
                    "The assembly was founded already.", remedy="Change its rules by a vote.", code="founded_already"
                )
            first = dict(rules or {})
            for name, value in first.items():
                self.charter.write_decided(
                    house.connection,
                    name,
                    house.area(name).checked_value(value),
                    decided_by=f"founding:{preset}" if preset else "founding",
                    reason=why,
                    in_force_ms=now_ms,
                    now_ms=now_ms,
                    warrant=Warrant(kind="seed", proposal_id=None),
                )
            record(house.connection, ev.Founded(preset=preset, areas=tuple(sorted(first))), now_ms)
            mandate_book.found(house.connection, now_ms)
            return []

        await self._act(decide)

    # -- proposing -----------------------------------------------------------------------------------------------

    async def propose(
        self,
        who: Member,
        title: str,
        reason: str,
        about: AnySubject,
        *,
        effective_ms: int | None = None,
        submit: bool = True,
    ) -> int:
        """The new proposal's number. Raises NotAllowed, RuleRefused, BadRequest, Conflict."""
        made: list[int] = []

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            self._founded(state)
            _check_person(house.connection, about)
            new = drafting.draft(house, state, who, title, reason, about, effective_ms, now_ms)
            made.append(new.id)
            return [new, ev.Submitted(id=new.id)] if submit else [new]

        await self._act(decide)
        return made[0]

    async def propose_rule(
        self,
        who: Member,
        title: str,
        reason: str,
        area: str,
        document: dict[str, Any],
        *,
        effective_ms: int | None = None,
        submit: bool = True,
    ) -> int:
        """``document``: the rule as it would be, as ``Area.shape`` writes it."""
        about = await self._db.read(lambda c: drafting.rule_change(self.on(c), area, document))
        return await self.propose(who, title, reason, about, effective_ms=effective_ms, submit=submit)

    async def propose_repeal(self, who: Member, number: int, title: str, reason: str) -> int:
        one = await self.proposal(number)
        about = await self._db.read(lambda c: drafting.repeal(self.on(c), one))
        return await self.propose(who, title, reason, about)

    async def submit(self, who: Member, number: int) -> None:
        await self._act(lambda _, s, now: [drafting.submit(s, who, number)])

    async def cosign(self, who: Member, number: int) -> None:
        await self._act(lambda _, s, now: [drafting.cosign(s, who, number)])

    async def argue(self, who: Member, number: int, side: str, text: str, answers: int | None = None) -> None:
        await self._act(lambda _, s, now: [drafting.argue(s, who, number, side, text, answers)])

    async def amend(self, who: Member, number: int, document: dict[str, Any], reason: str) -> None:
        """``document``: the rule as it would be with the amendment."""
        await self._act(lambda house, s, now: [drafting.amend(house, s, who, number, document, reason)])

    async def answer_amendment(self, who: Member, number: int, amendment: int, *, accepted: bool) -> None:
        await self._act(lambda house, s, now: [drafting.answer_amendment(house, s, who, number, amendment, accepted)])

    async def withdraw(self, who: Member, number: int) -> None:
        await self._act(lambda _, s, now: [drafting.withdraw(s, who, number)])

    async def rebase(self, who: Member, number: int, document: dict[str, Any]) -> None:
        """Put a change on the rule of today, its text frozen anew."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            made = drafting.rebase(house, state, who, number, document)
            (rebased,) = made
            assert isinstance(rebased, ev.Rebased)
            record(house.connection, rebased, now_ms)
            after = state_of(house.connection, state)
            return [polls.frozen(after.proposals[number], "rebased")]

        await self._act(decide)

    async def contest(self, who: Member, number: int, reason: str) -> None:
        """Ask that an adoption be voted on again, before it has its effect."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            one = drafting.found(state, number)
            may = frozenset(e.member_id for e in house.electors(one.about, now_ms))
            return [drafting.contest(state, may, who, number, reason)]

        await self._act(decide)

    # -- voting --------------------------------------------------------------------------------------------------

    async def cast(self, who: Member, poll_id: int, choice: Any, reason: str = "", *, for_member: str = "") -> str:
        """Vote, for oneself or by proxy; the receipt of a detached ballot, else "".

        Raises NotFound, Conflict, NotAllowed, BadRequest: see :func:`polls.cast`.
        """
        receipt: list[str] = []

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            voter = for_member or who.id
            receipt.append(polls.cast(house.connection, state, poll_id, voter, who.id, choice, reason, now_ms))
            poll = state.polls[poll_id]
            rules, _ = house.governance(now_ms)
            everybody = sum(poll.opened.electors.values())
            if rules.close_early and polls.voted(house.connection, poll) == everybody:
                steps.close_poll(house.connection, state, poll_id, now_ms)
            return []

        await self._act(decide)
        return receipt[0]

    async def give_proxy(self, who: Member, holder_id: str, until_ms: int, poll_id: int | None = None) -> None:
        """Let another vote in one's place; the one before is revoked. Raises Conflict when they hold enough."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            holder = roll.by_id(house.connection, holder_id)
            if holder.id == who.id or not holder.active:
                raise BadRequest("A proxy is given to another active member.", remedy="Choose one.", param="holder")
            if not now_ms < until_ms <= now_ms + PROXY_DAYS_MOST * MS_PER_DAY:
                raise BadRequest("A proxy has an end, within a year.", remedy="Give a day to come.", param="until")
            rules, _ = house.governance(now_ms)
            held = {one.giver for one in state.proxies_of(holder.id, now_ms)} - {who.id}
            if len(held) >= rules.proxies_most:
                raise Conflict(
                    f"That member holds {len(held)} proxies: {rules.proxies_most} at most.",
                    remedy="Choose another member.",
                    code="too_many_proxies",
                )
            given = ev.ProxyGiven(giver=who.id, holder=holder.id, until_ms=until_ms, poll_id=poll_id)
            return [*_revoked(state, who.id, now_ms), given]

        await self._act(decide)

    async def revoke_proxy(self, who: Member) -> None:
        """Every proxy one gave."""
        await self._act(lambda _, s, now: _revoked(s, who.id, now))

    async def import_belenios(self, poll_id: int, outcome: str, winner: str | None, told: dict[str, Any]) -> None:
        """The result of a vote held in Belenios, verified before this is called; ``told``: what was verified."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            polls.close_with_belenios(house.connection, state, poll_id, outcome, winner, told, now_ms)
            return []

        await self._act(decide)

    # -- mandates, emergencies, the roll ---------------------------------------------------------------------------

    async def emergency(self, who: Member, measure: str, target: str, reason: str, days: int) -> int:
        """Suspend something, at once, for some days; its number. Raises NotAllowed, Conflict, BadRequest."""
        made: list[int] = []

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            self._founded(state)
            events = emergencies.measure(house, state, who, measure, target, reason, days, now_ms)
            made.append(state.next_id(state.emergencies))
            return events

        await self._act(decide)
        return made[0]

    async def lift_emergency(self, who: Member, number: int) -> None:
        """Whoever took a measure may end it before its time."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            known = state.emergencies.get(number)
            if known is None or not known.active(now_ms) or known.event.member_id != who.id:
                raise NotAllowed(
                    "Only who took a measure still in force may lift it.",
                    remedy="The vote on its ratification ends it too.",
                    code="not_yours",
                )
            return [ev.EmergencyLifted(id=number, at_ms=now_ms, why="lifted")]

        await self._act(decide)

    async def resign(self, who: Member, mandate: int) -> None:
        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            known = state.mandates.get(mandate)
            if known is None or known.member_id != who.id or not known.holds(now_ms):
                raise NotAllowed(
                    "That is no mandate of yours.", remedy="See who holds which: page /assembly.", code="not_yours"
                )
            mandate_book.end(house.connection, mandate, now_ms, "resigned")
            return []

        await self._act(decide)

    async def set_standing(self, by: Member | None, member_id: str, college: str, votes: bool) -> None:
        """The college of a member and whether they vote; by a steward, or None for the command line. Logged."""

        def decide(house: House, state: AssemblyState, now_ms: int) -> list[Event]:
            member = roll.by_id(house.connection, member_id)
            rules, _ = house.governance(now_ms)
            if college and college not in rules.colleges:
                raise BadRequest(
                    f"There is no college {college!r:.40}.",
                    remedy=f"Colleges: {', '.join(rules.colleges) or 'none'}.",
                    param="college",
                )
            house.connection.execute(delete(member_standing).where(member_standing.c.member_id == member.id))
            row = {"member_id": member.id, "college": college, "votes": int(votes)}
            house.connection.execute(insert(member_standing), row)
            return [ev.StandingSet(member_id=member.id, college=college, votes=votes, by="" if by is None else by.id)]

        await self._act(decide)

    # -- time ----------------------------------------------------------------------------------------------------

    async def tick(self, now_ms: int | None = None) -> int:
        """Bring about all that is due (at ``now_ms``); how many things."""
        at_ms = self.clock.now_ms() if now_ms is None else now_ms
        done = await self._db.write(lambda c: steps.bring_up_to_date(self.on(c), self._known, at_ms))
        if done:
            self.charter.refresh()
        return done

    @asynccontextmanager
    async def running(self, look_s: float = LOOK_S) -> AsyncIterator[None]:
        """While open, what is due is brought about; at once what fell due while nothing ran."""
        task = asyncio.create_task(self._keep_time(look_s), name="assembly")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_time(self, look_s: float) -> None:
        """A clock put forward by mistake, and back before the next look, closes no vote."""
        seen_ms = self.clock.now_ms()
        while True:
            now_ms = self.clock.now_ms()
            at_ms, seen_ms = min(now_ms, seen_ms), now_ms
            try:
                if await self._something_due(at_ms):
                    await self.tick(at_ms)
            except (AffouageError, SQLAlchemyError) as not_now:  # a full disk: what is due stays due
                _log.warning("the assembly waits: %s", not_now)
            await asyncio.sleep(look_s)

    async def _something_due(self, now_ms: int) -> bool:
        state = await self.state()
        rules = self.charter.in_force("governance").value
        return state.founded and agenda.due(state, rules, now_ms) is not None

    async def _act(self, decide: Decide) -> None:
        """Decide on what stands inside the transaction, write, then bring about what follows from it at once."""
        now_ms = self.clock.now_ms()
        known = self._known

        def change(connection: Connection) -> None:
            house = self.on(connection)
            steps.bring_up_to_date(house, known, now_ms)
            state = state_of(connection, known)
            for event in decide(house, state, now_ms):
                record(connection, event, now_ms)
            steps.bring_up_to_date(house, known, now_ms)

        await self._db.write(change)
        self.charter.refresh()

    def _founded(self, state: AssemblyState) -> None:
        if not state.founded:
            raise Conflict(
                "The assembly is not founded yet: nobody can vote.",
                remedy="An operator founds it: page of the assembly, or `affouage assembly found`.",
                code="not_founded",
            )


def _revoked(state: AssemblyState, giver: str, now_ms: int) -> list[Event]:
    holders = {one.holder for one in state.proxies if one.giver == giver and one.active(now_ms)}
    return [ev.ProxyRevoked(giver=giver, holder=holder) for holder in sorted(holders)]


def _check_person(connection: Connection, about: AnySubject) -> None:
    if isinstance(about, ev.MandateGiven | ev.Exclusion) and not roll.by_id(connection, about.member_id).active:
        raise Conflict("That account is closed.", remedy="Choose an active member.", code="member_deactivated")
