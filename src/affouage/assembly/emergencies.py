"""Emergency measures: a closed list, suspending only, ending by themselves, put to a vote at once. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.events import Event
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.house import House
from affouage.assembly.member import Member
from affouage.errors import BadRequest, Conflict, NotAllowed

MS_PER_DAY = 86_400_000
REASON_MOST = 1000

Document = dict[str, Any]


def _refuse_model(document: Document, target: str) -> Document:
    return {"refused/" + patches_name(target): True}


def _local_only(document: Document, target: str) -> Document:
    return {"most": "local", "default": "local"}


def _no_new_machines(document: Document, target: str) -> Document:
    return {"enrol": "nobody"}


def _lower_limit(document: Document, target: str) -> Document:
    """``target``: ``limit name=amount``, below what stands."""
    name, _, text = target.rpartition("=")
    there = document.get("limits", {}).get(name)
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if there is None or not 0 < amount < float(there):
        raise BadRequest(
            "An emergency lowers a limit that stands; it neither makes nor raises one.",
            remedy="Write it as commons-day-kwh=1, below the limit in force.",
            code="emergency_target",
            param="target",
        )
    return {"limits/" + patches_name(name): amount}


MEASURES: dict[str, tuple[str, Callable[[Document, str], Document]]] = {
    "refuse_model": ("models", _refuse_model),
    "local_only": ("confidentiality", _local_only),
    "no_new_machines": ("machines", _no_new_machines),
    "lower_limit": ("budget", _lower_limit),
}
"""By name: the area it suspends something of, and what it makes of a target. Nothing else can be done in haste."""


def patches_name(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def measure(
    house: House, state: AssemblyState, who: Member, name: str, target: str, reason: str, days: int, now_ms: int
) -> list[Event]:
    """The measure, and the proposal by which the members ratify it or not.

    Raises NotAllowed without the mandate, Conflict when the same person would renew it without a vote, BadRequest.
    """
    if not any(m.member_id == who.id and m.scope == "emergency" and m.holds(now_ms) for m in state.mandates.values()):
        raise NotAllowed(
            "This takes the mandate for emergencies.",
            remedy="The members give it by a vote; ask who holds it.",
            code="no_emergency_mandate",
        )
    rules, _ = house.governance(now_ms)
    area, patch = _checked(house, name, target, days, rules.emergency_days, now_ms)
    _refuse_renewal(state, who, area, patch)
    words = " ".join(reason.split())
    if not words or len(words) > REASON_MOST:
        raise BadRequest("A measure needs its reason.", remedy=f"1 to {REASON_MOST} characters.", param="reason")
    number, proposal = state.next_id(state.emergencies), state.next_id(state.proposals)
    _document, version = house.newest(area)
    about = ev.Ratification(emergency=number, area=area, base_version=version, patch=Patch(set=patch))
    return [
        ev.Emergency(
            id=number,
            measure=name,
            area=area,
            patch=patch,
            from_ms=now_ms,
            until_ms=now_ms + days * MS_PER_DAY,
            member_id=who.id,
            reason=words,
            ratified_by=proposal,
        ),
        ev.Drafted(
            id=proposal,
            author=who.id,
            title=f"Ratification: {name}",
            reason=words,
            about=about,
            profile=house.profile_for(about, now_ms),
        ),
        ev.Submitted(id=proposal),
    ]


def _checked(house: House, name: str, target: str, days: int, most: int, now_ms: int) -> tuple[str, dict[str, Any]]:
    if name not in MEASURES:
        raise BadRequest(
            f"{name!r:.40} is no emergency measure.",
            remedy=f"Only these may be taken: {', '.join(MEASURES)}.",
            code="emergency_measure",
            param="measure",
        )
    if not 1 <= days <= most:
        raise BadRequest(
            f"An emergency measure lasts 1 to {most} days.", remedy="The members can decide a longer one.", param="days"
        )
    area_name, make = MEASURES[name]
    document = house.document(area_name, now_ms)
    patch = make(document, target)
    house.area(area_name).checked(patches.apply(document, Patch(set=patch)))
    if patches.apply(document, Patch(set=patch)) == document:
        raise Conflict("The rule says so already.", remedy="Nothing has to be suspended.", code="emergency_useless")
    return area_name, patch


def _refuse_renewal(state: AssemblyState, who: Member, area: str, patch: dict[str, Any]) -> None:
    for known in state.emergencies.values():
        same = known.event.area == area and known.event.patch.keys() == patch.keys()
        if same and known.event.member_id == who.id and known.why != "ratified":
            raise Conflict(
                "You took this measure before: it is not renewed without a vote.",
                remedy="Propose it, or ask another holder of the mandate.",
                code="emergency_renewal",
            )
