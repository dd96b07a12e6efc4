"""A trace: who asks for how much and when, and the machines there are. What ``affouage pool simulate`` reads. Pure.

Its description for people is docs/reference/trace.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from affouage.errors import BadRequest
from affouage.footprint.audit.form import Form, Real, distinct, exact, parse, understand
from affouage.pool.share_rules import FLOORS_MOST_PERCENT, Unit

PAGE = "docs/reference/trace.md"
SLOTS_MOST = 1024

EXAMPLE = """\
{
  "version": 1,
  "note": "One member sends everything at once, another comes by now and then; the third was voted a double weight.",
  "slots": 2,
  "tokens_per_s": 20,
  "prompt_tokens_per_s": 200,
  "until_s": 120,
  "members": {"c": {"weight_percent": 200}},
  "requests": [
    {"id": "a1", "member": "a", "at_s": 0, "prompt_tokens": 300, "output_tokens": 400},
    {"id": "a2", "member": "a", "at_s": 0, "prompt_tokens": 300, "output_tokens": 400},
    {"id": "a3", "member": "a", "at_s": 0, "prompt_tokens": 300, "output_tokens": 400},
    {"id": "a4", "member": "a", "at_s": 0, "prompt_tokens": 300, "output_tokens": 400},
    {"id": "b1", "member": "b", "at_s": 5, "prompt_tokens": 50, "output_tokens": 60},
    {"id": "b2", "member": "b", "at_s": 50, "prompt_tokens": 120, "cached_tokens": 100, "output_tokens": 60},
    {"id": "c1", "member": "c", "at_s": 6, "prompt_tokens": 80, "output_tokens": 200},
    {"id": "c2", "member": "c", "at_s": 6, "prompt_tokens": 80, "output_tokens": 200, "cancel_at_s": 20},
    {"id": "c3", "member": "c", "at_s": 6, "prompt_tokens": 80, "output_tokens": 200, "batch": true}
  ]
}
"""

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Tokens = Annotated[int, Meta(ge=0, le=10_000_000)]
Weight = Annotated[int, Meta(ge=1, le=1_000)]
Percent = Annotated[int, Meta(ge=1, le=10_000_000)]
Slots = Annotated[int, Meta(ge=1, le=SLOTS_MOST)]
Rate = Annotated[float, Meta(ge=0.001, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=366 * 86_400)]
Cost = Annotated[float, Meta(ge=0, le=1_000_000_000_000)]
Reach = Annotated[int, Meta(ge=0, le=3)]


class Member(Form, frozen=True):
    """``budget``: what it may be served in all, in the unit of the trace; a request beyond it is refused."""

    weight_percent: Percent = 100
    role: Annotated[str, Meta(max_length=200)] = ""
    budget: Cost | None = None


class Station(Form, frozen=True):
    """A machine; what is not said is as at the top of the trace. ``owner``: the member served first there."""

    name: Name
    trust: Reach = 0
    owner: Annotated[str, Meta(max_length=200)] = ""
    slots: Slots | None = None
    tokens_per_s: Rate | None = None
    prompt_tokens_per_s: Rate | None = None
    slot_watts: Rate | None = None


class Request(Form, frozen=True):
    """``cached_tokens``: of the prompt, those already computed. ``cancel_at_s``: its member gives up."""

    id: Name
    member: Name
    at_s: Seconds
    prompt_tokens: Tokens
    output_tokens: Tokens
    cached_tokens: Tokens = 0
    batch: bool = False
    reach: Reach = 3
    group: Annotated[str, Meta(max_length=200)] = ""
    cancel_at_s: Seconds | None = None


class Trace(Form, frozen=True):
    """``tokens_per_s``: written by each slot; ``prompt_tokens_per_s``: read by each, at once when left out.

    ``slot_watts``: of a busy slot, for the unit joules. ``batch_latest_s``: what does not press does after so long.
    """

    version: Literal[1]
    until_s: Annotated[float, Meta(gt=0, le=366 * 86_400)]
    requests: Annotated[list[Request], Meta(max_length=1_000_000)]
    slots: Slots = 4
    tokens_per_s: Rate = 20.0
    prompt_tokens_per_s: Rate | None = None
    slot_watts: Rate | None = None
    unit: Unit = "tokens"
    prompt_weight: Weight = 1
    decode_weight: Weight = 2
    members: dict[Name, Member] = {}
    floors: dict[Name, Annotated[int, Meta(ge=1, le=FLOORS_MOST_PERCENT)]] = {}
    batch_latest_s: Seconds | None = None
    stations: Annotated[list[Station], Meta(max_length=256)] = []
    note: Annotated[str, Meta(max_length=2_000)] = ""


def read_trace(text: bytes) -> Trace:
    """Raises BadRequest with the place of what is not understood (``$.requests[3].at_s``)."""
    try:
        trace = understand(parse(text), Trace)
    except BadRequest as refused:
        remedy = refused.remedy.replace("docs/reference/audit.md", PAGE)
        raise BadRequest(refused.message, remedy=remedy, param=refused.param) from None
    _check(trace)
    return trace


def schema() -> dict[str, Any]:
    """The JSON Schema of a trace."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Trace)}


def micro(value: Real) -> int:
    """A number at its decimal writing, in millionths, to the nearest."""
    return round(exact(value, "$") * 1_000_000)


def rate(value: Real) -> Fraction:
    """A number per second, at its decimal writing."""
    return exact(value, "$")


def stations_of(trace: Trace) -> list[Station]:
    """Its machines, each with everything said; only ``prompt_tokens_per_s`` may be None, for at once."""
    return [
        Station(
            name=one.name,
            trust=one.trust,
            owner=one.owner,
            slots=one.slots or trace.slots,
            tokens_per_s=one.tokens_per_s or trace.tokens_per_s,
            prompt_tokens_per_s=one.prompt_tokens_per_s or trace.prompt_tokens_per_s,
            slot_watts=one.slot_watts or trace.slot_watts or 0.0,
        )
        for one in trace.stations or [Station(name="machine")]
    ]


def _check(trace: Trace) -> None:
    distinct((one.id for one in trace.requests), "$.requests")
    for position, one in enumerate(trace.requests):
        place = f"$.requests[{position}]"
        if one.cached_tokens > one.prompt_tokens:
            _refuse("more tokens cached than the prompt has", f"{place}.cached_tokens", "At most prompt_tokens.")
        if one.cancel_at_s is not None and one.cancel_at_s < one.at_s:
            _refuse("it gives up before it came", f"{place}.cancel_at_s", "Give a time from at_s on.")
    stations = stations_of(trace)
    names = [one.name for one in stations]
    for position, station in enumerate(stations):
        if station.name in names[:position]:
            _refuse("two machines have this name", f"$.stations[{position}].name", "Each name once.")
        if trace.unit == "joules" and not station.slot_watts:
            place = f"$.stations[{position}].slot_watts" if trace.stations else "$.slot_watts"
            _refuse("this field is missing: joules are charged", place, "Give the watts of a busy slot.")
    if sum(one.slots or 0 for one in stations) > SLOTS_MOST:
        _refuse(f"more than {SLOTS_MOST} slots in all", "$.stations", "Simulate fewer machines.")
    if sum(trace.floors.values()) > FLOORS_MOST_PERCENT:
        _refuse(
            f"{sum(trace.floors.values())} % promised in all", "$.floors", f"At most {FLOORS_MOST_PERCENT} % together."
        )


def _refuse(message: str, place: str, remedy: str) -> None:
    raise BadRequest(f"{place}: {message}.", remedy=f"{remedy} The form is in {PAGE}.", param=place)
