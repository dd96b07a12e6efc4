"""What the owner of a machine lends, and when: the policy as it applies now. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from affouage.errors import BadRequest
from affouage.pool.nodes.wire import Closed, Policy

DAY_MINUTES = 24 * 60

_SPAN = re.compile(r"\s*(\d{1,2})[:hH](\d{2})?\s*(?:-|–|à|to)\s*(\d{1,2})[:hH](\d{2})?\s*")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")


def closed_reason(
    policy: Policy, *, minute: int, watts: float | None, draining: bool = False, owner_waits: bool = False
) -> Closed:
    """Why nobody but the owner is served now; "" when others are.

    ``minute``: of the day, local time of the machine, 0..1439. ``watts``: drawn now, None when that is not known: under
    a cap nobody else is served then, since nothing says that the cap holds. ``owner_waits``: the owner's own question
    waits for a place, and he comes first.
    """
    if draining:
        return "draining"
    if policy.paused or policy.max_share_percent == 0:
        return "paused"
    if not within(policy.hours, minute):
        return "hours"
    if policy.power_cap_w is not None and (watts is None or watts >= policy.power_cap_w):
        return "power"
    if owner_waits and policy.owner_first:
        return "owner"
    return ""


def slots_for_others(
    policy: Policy,
    slots: int,
    *,
    minute: int,
    watts: float | None,
    draining: bool = False,
    owner_waits: bool = False,
) -> int:
    """How many requests of others one engine of ``slots`` may work for at once now; 0 when closed to them."""
    if closed_reason(policy, minute=minute, watts=watts, draining=draining, owner_waits=owner_waits):
        return 0
    return shared_slots(slots, policy.max_share_percent)


def shared_slots(slots: int, max_share_percent: int) -> int:
    """The part of ``slots`` that is lent: rounded down, at least one when anything is."""
    return max(1, slots * max_share_percent // 100) if slots and max_share_percent else 0


def lends(policy: Policy, model_id: str) -> bool:
    return not policy.models or model_id in policy.models


def within(hours: Iterable[tuple[str, str]], minute: int) -> bool:
    """Does ``minute`` of the day fall in one of the spans? None at all: always. From an hour to itself: all day."""
    spans = [(_minute(start), _minute(end)) for start, end in hours]
    return not spans or any(
        start <= minute < end if start < end else minute >= start or minute < end for start, end in spans
    )


def read_hours(text: str) -> tuple[tuple[str, str], ...]:
    """``20:00-07:00`` or several, commas between them; "" or ``always``: no limit.

    Raises BadRequest when it is no span of hours, or when two of them overlap.
    """
    if text.strip().lower() in ("", "always", "toujours"):
        return ()
    spans = tuple(_span(one) for one in text.split(","))
    if _overlap(spans):
        raise BadRequest(
            f"Two of the spans in {text!r:.80} overlap.",
            remedy="Write each hour once: 12:00-14:00,20:00-07:00",
            code="lent_hours",
            param="hours",
        )
    return spans


def hours_text(hours: Iterable[tuple[str, str]]) -> str:
    """As :func:`read_hours` reads them; "" for no limit."""
    return ",".join(f"{start}-{end}" for start, end in hours)


def read_models(text: str) -> tuple[str, ...]:
    """Model ids, commas between them; "" or ``all``: all the machine has. Raises BadRequest."""
    if text.strip().lower() in ("", "all", "tous"):
        return ()
    models = tuple(dict.fromkeys(one.strip() for one in text.split(",")))
    for one in models:
        if not _MODEL.fullmatch(one):
            raise BadRequest(
                f"{one!r:.80} is no name of a model.",
                remedy="They are all in `affouage models list`; write them with commas between.",
                code="lent_models",
                param="models",
            )
    return models


def with_changes(policy: Policy, **changes: object) -> Policy:
    """The policy with these fields, checked. Raises BadRequest for a figure out of its range."""
    try:
        return msgspec.convert(msgspec.to_builtins(policy) | changes, Policy)
    except msgspec.ValidationError as wrong:
        raise BadRequest(
            f"The machine cannot be lent so: {wrong}.",
            remedy="Give watts above 0, a share from 0 to 100, hours like 20:00-07:00.",
            code="lent_policy",
        ) from None


def _span(text: str) -> tuple[str, str]:
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[3]) > 24 or max(int(found[2] or 0), int(found[4] or 0)) > 59:
        raise BadRequest(
            f"{text.strip()!r:.40} is no span of hours.",
            remedy="Write from-to on the 24-hour clock: 20:00-07:00, or several with commas between.",
            code="lent_hours",
            param="hours",
        )
    return _hour(found[1], found[2]), _hour(found[3], found[4])


def _hour(hour: str, minute: str | None) -> str:
    return f"{int(hour) % 24:02d}:{int(minute or 0):02d}"


def _minute(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


def _overlap(spans: tuple[tuple[str, str], ...]) -> bool:
    flat: list[tuple[int, int]] = []
    for start, end in ((_minute(one), _minute(other)) for one, other in spans):
        flat += [(start, end)] if start < end else [(start, DAY_MINUTES), (0, end)]
    return any(one[1] > other[0] for one, other in pairwise(sorted(flat)))
