"""The energy allowance ("la coupe") and the opening hours, applied to each question. ``serve.py`` calls, in order::

    considered = await allowance.consider(asking, request)              # in ask(), before the engine is looked for
    request = msgspec.structs.replace(request, model=considered.model)  # the sober model may stand in
    reservation = Reservation(..., energy_uj=considered.hold_uj)
    await ledger.reserve(reservation, also=considered.holding(receipt_id))
    spent_uj = metering.spent_uj(receipt_id)                            # at each event of the engine
    if not await considered.extend(spent_uj, prompt_tokens=..., decoded_tokens=...):
        ...                                                             # stop the engine; finish_reason "length"
    Receipt(..., rules=considered.rules, notices=considered.notices)    # read when the receipt is written
    await ledger.settle(receipt, salt, blocks, assumed_uj=considered.assumed_uj(receipt))
    allowance.learn(receipt)

``consider`` raises Closed, AllowanceSpent, AllowanceUncountable; ``reserve`` may raise AllowanceSpent again, from
inside its transaction. Both times nothing is in the books and nothing was used: no settlement, as for
LedgerUnavailable there. ``ledger.settle`` calls ``ledger.allowance.close(connection, receipt, day, assumed_uj)`` in its
transaction, as does the settling of what a stopped server left (without ``assumed_uj``); start-up then calls
``ledger.allowance.release_abandoned``.

**How far the bound goes.** A promise is made only if used + held + promise stays within every limit, checked by the
database's one writer: promises are never overspent, whatever runs at once. A request may pass its own promise by what
it spends between two looks (a window of the meter, one second) and until the engine stops (0.2 s). So posted + held
never exceeds a limit by more than the sum, over the requests then running, of that energy; nothing more begins.
Besides, and by the rules themselves: exempted uses, the sober model at 100 %, and what the machines use to be on are
counted but never refused.

Without a limit in force nothing is promised and nothing is read but the rules, in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import Connection

from affouage.assembly.charter import Charter, stamps
from affouage.chat import ChatRequest
from affouage.clock import Clock
from affouage.errors import AllowanceSpent
from affouage.footprint import budget
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, LimitState, Rates, Standing
from affouage.footprint.hours import is_open
from affouage.inference import refusal
from affouage.inference.estimate import RequestEstimate
from affouage.inference.refusal import Cite, LocalDays
from affouage.ledger import allowance as books
from affouage.ledger.receipt import Receipt
from affouage.settings import SafetySettings
from affouage.storage import Database

_REMEMBERED_DAYS = 30
"""How far back the first estimates look."""


class Asker(Protocol):
    """``inference.serve.Asking``: who asks, by which door or workshop, and the use they declare."""

    @property
    def member_id(self) -> str: ...

    @property
    def door(self) -> str: ...

    @property
    def workshop(self) -> str: ...

    @property
    def use(self) -> str: ...


class Allowance:
    """The rules of ``charter`` at work. ``prefix_tokens``: of the commons' own text, which stands first.

    ``cite``: how a rule is named to whoever it refuses; ``safety``: what the configuration file closes besides;
    ``may_answer``: whether the rule of models lets a sober model stand in.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        charter: Charter,
        calendar: LocalDays,
        estimate: RequestEstimate,
        rates: Rates,
        *,
        prefix_tokens: Callable[[], int] = lambda: 0,
        cite: Cite = refusal.bare,
        safety: SafetySettings = SafetySettings(),  # noqa: B008  # frozen
        may_answer: Callable[[str], bool] = lambda _model_id: True,
    ) -> None:
        self.db = db
        self.clock = clock
        self.calendar = calendar
        self.estimate = estimate
        self.rates = rates
        self._charter = charter
        self.cite = cite
        self.may_answer = may_answer
        self._prefix_tokens = prefix_tokens
        self._safety = safety

    async def remember(self) -> None:
        """Start the estimates from what the books say of the last month. Once, at start-up."""
        first = date.fromisoformat(self.calendar.day(self.clock.now_ms())) - timedelta(days=_REMEMBERED_DAYS)
        for one in await self.db.read(lambda connection: books.use_by_model(connection, first.isoformat())):
            self.estimate.seed(
                one.model_id,
                prompt_tokens=one.prompt_tokens,
                decoded_tokens=one.decoded_tokens,
                energy_uj=one.energy_uj,
            )

    def learn(self, receipt: Receipt) -> None:
        """What an answer really used, for the next estimates."""
        self.estimate.learn(receipt)

    async def states(self, *, member_id: str | None = None, workshop: str | None = None) -> list[LimitState]:
        """Where the limits stand now: the commons', and those of this member and this workshop if told."""
        rules: BudgetRules = self._charter.in_force("budget").value
        limits = budget.applying(rules, member_id=member_id, workshop=workshop)
        if not limits:
            return []
        return [one.state() for one in await self.db.read(lambda connection: self.standings(connection, limits))]

    def standings(self, connection: Connection, limits: list[tuple[Limit, str]]) -> list[Standing]:
        sums = partial(books.sums, connection)
        return budget.standings(limits, sums, self.calendar, self.rates, self.clock.now_ms())

    async def consider(self, asking: Asker, request: ChatRequest) -> Considered:
        """Whether this question may be asked now, by which model, on which promise.

        Raises Closed, AllowanceSpent, AllowanceUncountable, TooMuch ``tokens_spent``; BadRequest for a declared use
        that no rule exempts. One that is exempt always passes.
        """
        hours = self._charter.in_force("hours")
        rules, version = self._charter.in_force("budget")
        exempt = asking.use in rules.exempt_uses
        if asking.use and not exempt:
            raise refusal.unknown_use(asking.use, rules.exempt_uses)
        self._check_open(*hours, exempt)
        if self._safety.member_tokens_per_day and not exempt:
            await self._check_tokens(asking.member_id)
        considered = Considered(self, asking, request, rules, version, exempt)
        considered.rules = stamps(self._charter, ("budget", "hours"))
        if considered.limits:
            await considered.weigh()
        return considered

    def _check_open(self, hours: HoursRules, version: int, exempt: bool) -> None:
        now_ms = self.clock.now_ms()
        if self._safety.always_closed:
            raise refusal.shut_by_settings()
        if self._safety.closed_hours is not None:
            start, end = self._safety.closed_hours
            besides = HoursRules(closed_from=start, closed_until=end)
            if not is_open(besides, self.calendar, now_ms):
                raise refusal.closed(besides, 0, self.calendar, now_ms, refusal.Cited("safety.closed"))
        if not exempt and not is_open(hours, self.calendar, now_ms):
            raise refusal.closed(hours, version, self.calendar, now_ms, self.cite("hours", version))

    async def _check_tokens(self, member_id: str) -> None:
        """What is settled counts: answers under way may pass the bound by what they are."""
        now_ms, most = self.clock.now_ms(), self._safety.member_tokens_per_day
        day = self.calendar.day(now_ms)
        used = await self.db.read(lambda connection: books.tokens(connection, member_id, day))
        if used >= most:
            raise refusal.tokens_spent(used, most, self.calendar, now_ms)

    def first_slice_uj(self, request: ChatRequest, model_id: str) -> int:
        return self.estimate.first_slice_uj(request, model_id, self._prefix_tokens())


class Considered:
    """One question that may be asked. ``model``: by which it is answered. ``hold_uj``: promised, None without a limit.

    ``rules`` and ``notices``: for its receipt. ``exempt``: its declared use is never refused.
    """

    def __init__(
        self,
        allowance: Allowance,
        asking: Asker,
        request: ChatRequest,
        rules: BudgetRules,
        version: int,
        exempt: bool,
    ) -> None:
        self.model = request.model
        self.hold_uj: int | None = None
        self.rules: tuple[str, ...] = ()
        self.notices: tuple[str, ...] = ()
        self.exempt = exempt
        self._allowance = allowance
        self._asking = asking
        self._workshop = asking.workshop or asking.door
        self._request = request
        self._budget = rules
        self._version = version
        self._receipt_id = ""
        self.limits = budget.applying(rules, member_id=asking.member_id, workshop=self._workshop)

    async def weigh(self) -> None:
        """Look where the limits stand, before anything begins. Raises AllowanceSpent, AllowanceUncountable."""
        lost = budget.uncountable(self._budget, self._allowance.rates)
        if lost is not None and not self.exempt:
            raise refusal.uncountable_limit(lost, self._version, self._allowance.cite("budget", self._version))
        states = await self._allowance.db.read(lambda c: self._allowance.standings(c, self.limits))
        self.hold_uj = self._allowance.first_slice_uj(self._request, self.model)
        refusing = self._refusing(states, self.hold_uj)
        if refusing is not None and self._may_be_sober(states):
            self._tell(f"sober:{self.model}")
            self.model = self._budget.sober_model
            self.hold_uj = self._allowance.first_slice_uj(self._request, self.model)
            refusing = self._refusing(states, self.hold_uj)
        if refusing is not None:
            raise self._spent(refusing, self.hold_uj)
        self._tell(*budget.notices(states, self.hold_uj, self._budget.notice_percent))

    def holding(self, receipt_id: str) -> Callable[[Connection], None] | None:
        """What promises the energy, in the transaction of the reservation; None when nothing is to be promised.

        It looks again where the limits stand, and raises AllowanceSpent when somebody was faster.
        """
        if self.hold_uj is None:
            return None
        self._receipt_id, hold_uj = receipt_id, self.hold_uj
        promise = books.Hold(
            request_id=receipt_id, member_id=self._asking.member_id, workshop=self._workshop, energy_uj=hold_uj
        )

        def hold(connection: Connection) -> None:
            refusing = self._refusing(self._allowance.standings(connection, self.limits), hold_uj)
            if refusing is not None:
                raise self._spent(refusing, hold_uj)
            books.hold(connection, promise)

        return hold

    async def extend(self, spent_uj: int, *, prompt_tokens: int = 0, decoded_tokens: int = 0) -> bool:
        """Go on? ``spent_uj``: metered so far; tokens (computed, decoded) tell it sooner between two windows.

        Call at each event of the engine: it only reaches the database when less than an eighth of the promise is left.
        False: the limit is reached, the answer is to be stopped now; ``notices`` says which limit.
        """
        if self.hold_uj is None:
            return True
        per_token = self._allowance.estimate.of(self.model)
        expected_uj = round(per_token.mean_uj * (per_token.kappa * prompt_tokens + decoded_tokens))
        spent_uj = max(spent_uj, expected_uj)
        if spent_uj + self.hold_uj // 8 < self.hold_uj:
            return True
        estimate = self._allowance.estimate
        slice_uj = estimate.request_uj(self.model, 0, estimate.slice_tokens(self.model))
        more_uj = max(slice_uj, (spent_uj * 8) // 7 + 8 - self.hold_uj)
        refusing = await self._allowance.db.write(lambda connection: self._promise_more(connection, more_uj))
        if refusing is not None:
            self._tell(f"budget:{refusing.limit.scope}:{refusing.limit.span}:100")
            return False
        self.hold_uj += more_uj
        return True

    def assumed_uj(self, receipt: Receipt) -> int | None:
        """What to count for a receipt whose energy is unknown or a lower bound; None: what was held for it."""
        return self._allowance.estimate.settled_uj(receipt)

    def _promise_more(self, connection: Connection, more_uj: int) -> Standing | None:
        refusing = self._refusing(self._allowance.standings(connection, self.limits), more_uj)
        if refusing is None:
            books.extend(connection, self._receipt_id, more_uj)
        return refusing

    def _refusing(self, states: list[Standing], more_uj: int) -> Standing | None:
        if self.exempt:
            return None
        sober = self._budget.at_full == "sober" and self.model == self._budget.sober_model
        return budget.decide([one for one in states if not (sober and one.limit.scope == "commons")], more_uj)

    def _may_be_sober(self, states: list[Standing]) -> bool:
        """The commons' limit is reached, the rule names a sober model, and this is a question one can answer."""
        assert self.hold_uj is not None
        return (
            self._budget.at_full == "sober"
            and self.model != self._budget.sober_model
            and self._request.kind in ("chat", "completion")
            and any(one.refuses(self.hold_uj) for one in states if one.limit.scope == "commons")
            and self._allowance.may_answer(self._budget.sober_model)
        )

    def _spent(self, standing: Standing, need_uj: int) -> AllowanceSpent:
        allowance = self._allowance
        return refusal.spent(
            standing,
            self._request,
            need_uj,
            self._version,
            allowance.estimate,
            allowance.calendar,
            allowance.clock.now_ms(),
            allowance.cite("budget", self._version),
        )

    def _tell(self, *notices: str) -> None:
        self.notices = tuple(dict.fromkeys((*self.notices, *notices)))
