"""Why a question is not answered now, and what would work: the errors of the rules, with their facts. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from affouage.chat import ChatRequest
from affouage.errors import AllowanceSpent, AllowanceUncountable, BadRequest, Closed, TooMuch
from affouage.footprint.budget import HoursRules, Limit, Standing
from affouage.footprint.hours import next_opening_ms
from affouage.inference.estimate import RequestEstimate, first_tokens, prompt_tokens

_WHOSE = {"commons": "of the commons", "member": "of each member", "workshop": "of this workshop"}
_SPAN = {"day": "for today", "month": "for this month", "year": "for this year"}
_FEWEST_USEFUL_TOKENS = 16
_PROMISES_CHANGE_S = 30
"""When only the promises made to running answers stand in the way: they are given back as answers end."""


class LocalDays(Protocol):
    """``footprint.period.Calendar``."""

    def day(self, at_ms: int, /) -> str: ...

    def minute(self, at_ms: int, /) -> int: ...

    def bounds(self, period: str, /) -> tuple[int, int]: ...


class Cited(msgspec.Struct, frozen=True):
    """A rule as a refusal names it: ``hours@3``, the day it was decided, the proposal that was voted.

    ``decided_on``: YYYY-MM-DD of the commons' calendar, "" for what nobody decided. ``proposal``: None for what was
    decided before members voted. ``emergency``: number of the measure that suspends the rule now, None for none.
    """

    rule: str
    decided_on: str = ""
    proposal: int | None = None
    emergency: int | None = None

    def __str__(self) -> str:
        told = [f"rule {self.rule}"]
        if self.proposal is not None:
            told.append(f"vote of {self.decided_on}, proposal {self.proposal}")
        elif self.decided_on:
            told.append(f"decided on {self.decided_on}")
        if self.emergency is not None:
            told.append(f"emergency measure {self.emergency}")
        return ", ".join(told)

    def facts(self) -> dict[str, Any]:
        """For programs and for sentences in other languages: only what is known."""
        known = {"rule": self.rule, "decided_on": self.decided_on or None, "proposal": self.proposal}
        known["emergency"] = self.emergency
        return {name: value for name, value in known.items() if value is not None}


Cite = Callable[[str, int], Cited]
"""How the rule of an area is named, given the version in force."""


def bare(area: str, version: int) -> Cited:
    """Where nobody can tell when it was decided."""
    return Cited(f"{area}@{version}")


def closed(rules: HoursRules, version: int, calendar: LocalDays, now_ms: int, cited: Cited | None = None) -> Closed:
    """``cited``: the rule, with the vote that decided it."""
    opens_ms = next_opening_ms(rules, calendar, now_ms)
    wait_s = max(1, math.ceil((opens_ms - now_ms) / 1000))
    opens_at = _wall(calendar.minute(opens_ms))
    named = cited or bare("hours", version)
    return Closed(
        f"The commons is closed from {rules.closed_from} to {rules.closed_until} ({named}).",
        remedy=f"It opens at {opens_at}, in {_wait(wait_s)}.",
        retry_after_s=wait_s,
        closed_from=rules.closed_from,
        closed_until=rules.closed_until,
        opens_at=opens_at,
        **named.facts(),
    )


def shut_by_settings() -> Closed:
    """Closed at every hour, by the configuration file: it may only take away, and says so in public."""
    return Closed(
        "Whoever looks after the machine has closed the commons (setting safety.closed).",
        remedy="Ask them when it opens; the page of the commons says since when the setting stands.",
        code="closed_by_settings",
        retry_after_s=3600,
        rule="safety.closed",
    )


def tokens_spent(used: int, most: int, calendar: LocalDays, now_ms: int) -> TooMuch:
    """A member's tokens of the day are used, as the configuration file bounds them: in public, and never for more."""
    tomorrow_ms = calendar.bounds(calendar.day(now_ms))[1]
    wait_s = max(1, math.ceil((tomorrow_ms - now_ms) / 1000))
    return TooMuch(
        f"You have used {used} tokens today; whoever looks after the machine leaves each member {most} a day"
        " (setting safety.member_tokens_per_day).",
        remedy=f"Ask again tomorrow, in {_wait(wait_s)}.",
        code="tokens_spent",
        retry_after_s=wait_s,
        rule="safety.member_tokens_per_day",
        used=used,
        most=most,
    )


def unknown_use(use: str, exempt: Sequence[str]) -> BadRequest:
    return BadRequest(
        f"No rule exempts the use {use!r:.50}.",
        remedy=f"Declare one of: {', '.join(exempt)}; or none." if exempt else "Declare none.",
        param="use",
        code="unknown_use",
        known=", ".join(exempt),
    )


def uncountable_limit(limit: Limit, version: int, cited: Cited | None = None) -> AllowanceUncountable:
    missing = "footprint.country" if limit.unit == "g" else "footprint.price_eur_per_kwh"
    named = cited or bare("budget", version)
    return AllowanceUncountable(
        f"A limit of the energy allowance cannot be counted any more: {missing} is not set ({named}).",
        remedy=f"An operator can set {missing}, or change the limit: `affouage footprint budget set`.",
        retry_after_s=300,
        missing=missing,
        **named.facts(),
    )


def spent(
    standing: Standing,
    request: ChatRequest,
    need_uj: int,
    version: int,
    estimate: RequestEstimate,
    calendar: LocalDays,
    now_ms: int,
    cited: Cited | None = None,
) -> AllowanceSpent:
    """Which limit refuses, how much of it is left, when it starts again, and cheaper ways that would pass."""
    state, limit = standing.state(), standing.limit
    only_promised = standing.used_uj + need_uj <= standing.limit_uj
    resets_s = max(1, math.ceil((standing.resets_ms - now_ms) / 1000))
    ways, facts = _cheaper(standing, request, estimate)
    named = cited or bare("budget", version)
    need = need_uj * limit.amount / standing.limit_uj
    amount, used, held, wanted = (amount_text(limit.unit, one) for one in (limit.amount, state.used, state.held, need))
    again = "Ask again in a moment" if only_promised else f"It starts again on {calendar.day(standing.resets_ms)}"
    return AllowanceSpent(
        f"The energy allowance {_WHOSE[limit.scope]} {_SPAN[limit.span]} does not leave enough: {amount} in all, "
        f"{used} used, {held} promised to answers under way; this one may need {wanted} ({named}).",
        remedy=f"{again}. Cheaper: {', '.join(ways)}.",
        code="allowance_promised" if only_promised else "allowance_spent",
        retry_after_s=_PROMISES_CHANGE_S if only_promised else resets_s,
        scope=limit.scope,
        span=limit.span,
        unit=limit.unit,
        amount=limit.amount,
        used=state.used,
        held=state.held,
        need=need,
        resets_on=calendar.day(standing.resets_ms),
        resets_ms=standing.resets_ms,
        **named.facts(),
        **facts,
    )


def _cheaper(
    standing: Standing, request: ChatRequest, estimate: RequestEstimate
) -> tuple[list[str], dict[str, int | str]]:
    ways, facts = [], dict[str, int | str]()
    per_token = estimate.of(request.model)
    tokens = math.floor(standing.left_uj / per_token.high_uj - per_token.kappa * prompt_tokens(request))
    if _FEWEST_USEFUL_TOKENS <= tokens < first_tokens(request):
        ways.append(f"an answer of at most {tokens} tokens (max_tokens)")
        facts["max_tokens"] = tokens
    else:
        ways.append("a shorter question and a shorter answer")
    if (frugal := _frugal_model(standing, request, estimate)) is not None:
        ways.append(f"the model {frugal}")
        facts["smaller_model"] = frugal
    else:
        ways.append("a smaller model")
    return ways, facts


def _frugal_model(standing: Standing, request: ChatRequest, estimate: RequestEstimate) -> str | None:
    if request.kind == "embedding":
        return None
    others: Sequence[str] = [one for one in estimate.known_models() if one != request.model]
    return next((one for one in others if estimate.first_slice_uj(request, one) <= standing.left_uj), None)


def amount_text(unit: str, value: float) -> str:
    """``0.05``, kwh -> ``50 Wh``; English, for programs and the log of a terminal."""
    if unit == "kwh":
        return f"{_figures(value)} kWh" if value >= 1 else f"{_figures(value * 1000)} Wh"
    if unit == "g":
        return f"{_figures(value / 1000)} kg CO2e" if value >= 1000 else f"{_figures(value)} g CO2e"
    return f"€{_figures(value)}"


def _figures(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.12g}"


def _wall(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _wait(wait_s: int) -> str:
    minutes = math.ceil(wait_s / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
