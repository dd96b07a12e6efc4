"""What ``affouage meter calibrate`` finds: static power by quiet windows, token weights by the engine's own timings."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from affouage.asgi.commons import Commons
from affouage.chat import ChatRequest, Message
from affouage.errors import EngineLoading, Unavailable
from affouage.footprint.meter import Meter, MeterInfo, MeterUnreadable, Reading, advance
from affouage.inference.attempt import Asking
from affouage.ledger.receipt import Receipt
from affouage.units import Interval

SHORTEST_US = 950_000
"""A window of one second, give or take the time a timer needs."""
FEWEST_WINDOWS = 3
ANSWER_TOKENS = 32

# Different from the first words on, so that no part of one is kept from another.
QUESTIONS = (
    "Chaque hiver, la commune répartit le bois de sa forêt entre les habitants inscrits au rôle. Le garde marque les "
    "arbres, les garants surveillent la coupe, et chaque foyer reçoit un lot tiré au sort. Explique cela à un enfant.",
    "Trois machines d’occasion servent deux cents personnes. Celle du local est allumée le jour, celle de Claude le "
    "soir, la dernière seulement quand les autres sont pleines. Propose une règle simple pour attendre son tour.",
    "Un compteur électrique tourne même quand personne ne demande rien. On veut dire à chacun sa part, sans inventer, "
    "et que la somme des parts soit exactement ce que le compteur a compté. Dis pourquoi c’est utile, en deux phrases.",
)
"""Asked to time the engine: ordinary French, a few dozen tokens each."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Of one model. ``kappa``: time of a computed prompt token / time of a decoded one; None when the engine does not
    tell its times."""

    model: str
    kappa: float | None
    decode_ms: float | None
    prompt_tokens: int
    decoded_tokens: int


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """Between two readings. ``watts`` None: not known, ``why`` says so."""

    watts: Interval | None
    why: MeterUnreadable | None = None


def power_between(before: Reading, after: Reading, info: MeterInfo) -> Interval | None:
    """Mean watts between two readings, with the meter's range; None when they cannot be told. Pure."""
    passed = advance(before, after, info).energy_uj
    length_us = after.at_us - before.at_us
    if passed is None or length_us <= 0:
        return None
    watts = passed / length_us
    return Interval(watts * info.low_factor, watts, watts * info.high_factor)


async def powers(meter: Meter, windows: int, wait: Callable[[float], Awaitable[bool]]) -> AsyncIterator[Power]:
    """Power over each of so many seconds. ``wait(s)``: sleep, True when asked to leave."""
    info = meter.info()
    before: Reading | None = None
    for place in range(windows + 1):
        if place and await wait(1.0):
            return
        try:
            after = await meter.read()
        except MeterUnreadable as silent:
            yield Power(watts=None, why=silent)
            continue
        if before is not None and after.at_us > before.at_us:
            yield Power(watts=power_between(before, after, info))
        elif before is not None:
            yield Power(watts=None)  # nothing new: a counter that moves by steps
        before = after


async def idle_uw(meter: Meter, windows: int, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> int:
    """Median power over at least three windows of a second or more, in microwatts. Raises Unavailable.

    A reading that tells nothing new makes its window longer; an unknown window is left out, and so is one of zero: the
    machine is on.
    """
    info, found = meter.info(), list[int]()
    before: Reading | None = None
    for _ in range(4 * windows):
        try:
            after = await meter.read()
        except MeterUnreadable:
            before = None
        else:
            if before is None:
                before = after
            elif after.at_us - before.at_us >= SHORTEST_US:
                passed = advance(before, after, info).energy_uj
                if passed:
                    found.append(round(passed * 1_000_000 / (after.at_us - before.at_us)))
                before = after
        if len(found) >= windows:
            break
        await pause(1.0)
    if len(found) < FEWEST_WINDOWS:
        raise Unavailable(
            f"The meter {info.id} told its power only {len(found)} times; at least {FEWEST_WINDOWS} are needed.",
            remedy="Look at it with `affouage meter test`, then try again.",
            code="meter_too_few",
            meter=info.id,
            windows=len(found),
        )
    return round(statistics.median(found))


async def weigh(commons: Commons, model: str) -> Weights:
    """Ask a few short questions by the same way as everybody's, and add up the engine's own times."""
    member = (await commons.accounts.commons()).id
    asking = Asking(member_id=member, door="cli", language="fr")
    await _answered(commons, asking, model, "Bonjour !")  # loads it; the first answer is always a slow one
    receipts = [await _answered(commons, asking, model, question) for question in QUESTIONS]
    return weights_of(model, receipts)


def weights_of(model: str, receipts: list[Receipt]) -> Weights:
    """From receipts, those that tell everything. Pure."""
    prompt_ms = decode_ms = prompt_tokens = decoded_tokens = 0
    for one in receipts:
        tokens, times = one.tokens, one.durations
        if None in (tokens.prompt, tokens.decoded, times.prompt_ms, times.decode_ms):
            continue
        prompt_ms += times.prompt_ms or 0
        decode_ms += times.decode_ms or 0
        prompt_tokens += (tokens.prompt or 0) - (tokens.cached or 0)
        decoded_tokens += tokens.decoded or 0
    known = min(prompt_ms, decode_ms, prompt_tokens, decoded_tokens) > 0
    per_decoded = decode_ms / decoded_tokens if known else None
    return Weights(
        model=model,
        kappa=None if per_decoded is None else prompt_ms / prompt_tokens / per_decoded,
        decode_ms=per_decoded,
        prompt_tokens=prompt_tokens,
        decoded_tokens=decoded_tokens,
    )


async def _answered(commons: Commons, asking: Asking, model: str, question: str) -> Receipt:
    request = ChatRequest(
        model=model,
        messages=(Message("user", question),),
        max_tokens=ANSWER_TOKENS,
        options={"temperature": 0.0, "seed": 1},
    )
    while True:
        try:
            answer = await commons.inference.ask(asking, request)
            break
        except EngineLoading as waking:
            await asyncio.sleep(waking.retry_after_s)
    async for _ in answer.events():
        pass
    assert answer.receipt is not None
    return answer.receipt
