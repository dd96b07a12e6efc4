"""What stands in the assembly: the fold of its events, in order. The same events give the same state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.events import Event, RuleChange
from affouage.assembly.decisions.patches import Patch, disjoint
from affouage.assembly.decisions.proposal import Amendment, Argument, Proposal, may_pass

T = TypeVar("T")


class Happened(NamedTuple):
    """An event with its place and its moment."""

    seq: int
    at_ms: int
    event: Event


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A vote. ``closed`` None: still open."""

    opened: ev.PollOpened
    closed: ev.PollClosed | None = None
    closed_ms: int | None = None

    @property
    def id(self) -> int:
        return self.opened.id


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    member_id: str
    scope: str
    from_ms: int
    until_ms: int
    proposal_id: int | None
    ended_ms: int | None = None
    why: str = ""

    def holds(self, at_ms: int) -> bool:
        end_ms = self.until_ms if self.ended_ms is None else min(self.until_ms, self.ended_ms)
        return self.from_ms <= at_ms < end_ms


class EmergencyMeasure(msgspec.Struct, frozen=True, kw_only=True):
    event: ev.Emergency
    lifted_ms: int | None = None
    why: str = ""

    def active(self, at_ms: int) -> bool:
        end_ms = self.event.until_ms if self.lifted_ms is None else min(self.event.until_ms, self.lifted_ms)
        return self.event.from_ms <= at_ms < end_ms


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    giver: str
    holder: str
    from_ms: int
    until_ms: int
    poll_id: int | None = None
    revoked_ms: int | None = None

    def active(self, at_ms: int) -> bool:
        return self.revoked_ms is None and at_ms < self.until_ms


class AssemblyState(msgspec.Struct, kw_only=True):
    """Everything, by number. Never changed in place by those who read it: :func:`fold` makes a new one."""

    seq: int = 0
    founded_ms: int | None = None
    preset: str = ""
    proposals: dict[int, Proposal] = {}
    polls: dict[int, Poll] = {}
    mandates: dict[int, Mandate] = {}
    emergencies: dict[int, EmergencyMeasure] = {}
    proxies: list[Proxy] = []
    versions: dict[tuple[str, int], int] = {}
    """(area, version) -> the proposal that made it."""

    @property
    def founded(self) -> bool:
        return self.founded_ms is not None

    def next_id(self, table: Mapping[int, Any]) -> int:
        return max(table, default=0) + 1

    def proxies_of(self, holder: str, at_ms: int) -> list[Proxy]:
        return [one for one in self.proxies if one.holder == holder and one.active(at_ms)]

    def poll_of(self, one: Proposal) -> Poll | None:
        return None if one.poll_id is None else self.polls[one.poll_id]


def fold(happened: Iterable[Happened], base: AssemblyState | None = None) -> AssemblyState:
    """A new state. Raises ValueError for a passage that the machine does not have: a log that was not written here."""
    old = base or AssemblyState()
    new = msgspec.structs.replace(
        old,
        proposals=dict(old.proposals),
        polls=dict(old.polls),
        mandates=dict(old.mandates),
        emergencies=dict(old.emergencies),
        proxies=list(old.proxies),
        versions=dict(old.versions),
    )
    for one in happened:
        _APPLY[type(one.event)](new, one.event, one.at_ms)
        new.seq = one.seq
    return new


def _change(state: AssemblyState, number: int, /, **fields: Any) -> Proposal:
    new = msgspec.structs.replace(state.proposals[number], **fields)
    state.proposals[number] = new
    return new


def _pass(state: AssemblyState, number: int, to: str, at_ms: int, cause: str, **fields: Any) -> None:
    one = state.proposals[number]
    if not may_pass(one, to):
        raise ValueError(f"proposal {number} cannot pass from {one.state} to {to}")
    history = (*one.history, (to, at_ms, cause))
    _change(state, number, state=to, since_ms=at_ms, cause=cause, history=history, **fields)


def _founded(state: AssemblyState, event: ev.Founded, at_ms: int) -> None:
    state.founded_ms = at_ms
    state.preset = event.preset


def _drafted(state: AssemblyState, event: ev.Drafted, at_ms: int) -> None:
    state.proposals[event.id] = Proposal(
        id=event.id,
        author=event.author,
        title=event.title,
        reason=event.reason,
        about=event.about,
        profile=event.profile,
        effective_ms=event.effective_ms,
        state="draft",
        since_ms=at_ms,
        created_ms=at_ms,
        history=(("draft", at_ms, ""),),
    )


def _submitted(state: AssemblyState, event: ev.Submitted, at_ms: int) -> None:
    _pass(state, event.id, "support", at_ms, "")


def _cosigned(state: AssemblyState, event: ev.Cosigned, at_ms: int) -> None:
    _change(state, event.id, cosigners=(*state.proposals[event.id].cosigners, event.member_id))


def _argued(state: AssemblyState, event: ev.Argued, at_ms: int) -> None:
    new = Argument(
        number=event.number,
        side=event.side,
        member_id=event.member_id,
        text=event.text,
        at_ms=at_ms,
        answers=event.answers,
    )
    _change(state, event.id, arguments=(*state.proposals[event.id].arguments, new))


def _amended(state: AssemblyState, event: ev.Amended, at_ms: int) -> None:
    new = Amendment(number=event.number, member_id=event.member_id, patch=event.patch, reason=event.reason, at_ms=at_ms)
    _change(state, event.id, amendments=(*state.proposals[event.id].amendments, new))


def _answered(state: AssemblyState, event: ev.AmendmentAnswered, at_ms: int) -> None:
    one = state.proposals[event.id]
    told = [
        msgspec.structs.replace(known, accepted=event.accepted) if known.number == event.number else known
        for known in one.amendments
    ]
    fields: dict[str, Any] = {"amendments": tuple(told)}
    if event.accepted:
        patch = next(known.patch for known in told if known.number == event.number)
        fields["about"] = msgspec.structs.replace(one.about, patch=patch)
    _change(state, event.id, **fields)


def _advanced(state: AssemblyState, event: ev.Advanced, at_ms: int) -> None:
    fields: dict[str, Any] = {}
    if event.text_sha256 is not None:
        fields["text_sha256"] = event.text_sha256
    if event.to == "frozen" and event.cause in ("contested", "objection"):
        fields["force_majority"] = event.cause == "objection"
    if event.to in ("frozen", "needs_rebase"):
        fields["contests"] = ()
    _pass(state, event.id, event.to, at_ms, event.cause, **fields)
    if event.to == "in_force":
        _replace_older(state, event.id, at_ms)


def _replace_older(state: AssemblyState, number: int, at_ms: int) -> None:
    """What is now in force in the same places puts an end to what was."""
    new = state.proposals[number]
    repeals = new.about.repeals if isinstance(new.about, RuleChange) else None
    for old in list(state.proposals.values()):
        if old.id == number or old.state not in ("in_force", "scheduled") or old.area != new.area:
            continue
        if old.state == "scheduled" and (old.version or 0) > (new.version or 0):
            continue
        if old.id == repeals and old.state == "in_force":
            _pass(state, old.id, "repealed", at_ms, f"proposal:{number}")
        elif old.patch and new.patch and _overlap(old.patch, new.patch):
            _pass(state, old.id, "superseded", at_ms, f"proposal:{number}")


def _overlap(one: Patch, other: Patch) -> bool:
    return bool(one.paths & other.paths) or not disjoint(one, other)


def _rebased(state: AssemblyState, event: ev.Rebased, at_ms: int) -> None:
    one = state.proposals[event.id]
    about = msgspec.structs.replace(one.about, base_version=event.base_version, patch=event.patch)
    _change(state, event.id, about=about)


def _poll_opened(state: AssemblyState, event: ev.PollOpened, at_ms: int) -> None:
    state.polls[event.id] = Poll(opened=event)
    for number in event.proposals:
        polls = (*state.proposals[number].polls, event.id)
        _pass(state, number, "voting", at_ms, f"poll:{event.id}", poll_id=event.id, polls=polls)


def _poll_closed(state: AssemblyState, event: ev.PollClosed, at_ms: int) -> None:
    state.polls[event.id] = msgspec.structs.replace(state.polls[event.id], closed=event, closed_ms=at_ms)


def _contested(state: AssemblyState, event: ev.Contested, at_ms: int) -> None:
    _change(state, event.id, contests=(*state.proposals[event.id].contests, (event.member_id, event.reason)))


def _enacted(state: AssemblyState, event: ev.Enacted, at_ms: int) -> None:
    _pass(
        state,
        event.id,
        "scheduled",
        at_ms,
        "enacted",
        version=event.version,
        in_force_ms=event.in_force_ms,
    )
    state.versions[event.area, event.version] = event.id


def _mandate_granted(state: AssemblyState, event: ev.MandateGranted, at_ms: int) -> None:
    fields = {name: getattr(event, name) for name in ("id", "member_id", "scope", "from_ms", "until_ms", "proposal_id")}
    state.mandates[event.id] = Mandate(**fields)


def _mandate_ended(state: AssemblyState, event: ev.MandateEnded, at_ms: int) -> None:
    known = state.mandates[event.id]
    state.mandates[event.id] = msgspec.structs.replace(known, ended_ms=event.at_ms, why=event.why)


def _emergency(state: AssemblyState, event: ev.Emergency, at_ms: int) -> None:
    state.emergencies[event.id] = EmergencyMeasure(event=event)


def _lifted(state: AssemblyState, event: ev.EmergencyLifted, at_ms: int) -> None:
    known = state.emergencies[event.id]
    state.emergencies[event.id] = msgspec.structs.replace(known, lifted_ms=event.at_ms, why=event.why)


def _proxy_given(state: AssemblyState, event: ev.ProxyGiven, at_ms: int) -> None:
    state.proxies.append(
        Proxy(giver=event.giver, holder=event.holder, from_ms=at_ms, until_ms=event.until_ms, poll_id=event.poll_id)
    )


def _proxy_revoked(state: AssemblyState, event: ev.ProxyRevoked, at_ms: int) -> None:
    state.proxies = [
        msgspec.structs.replace(one, revoked_ms=at_ms)
        if (one.giver, one.holder) == (event.giver, event.holder) and one.revoked_ms is None
        else one
        for one in state.proxies
    ]


def _forgotten(state: AssemblyState, event: ev.Forgotten, at_ms: int) -> None:
    who = event.member_id
    for one in list(state.proposals.values()):
        arguments = (msgspec.structs.replace(a, text="") if a.member_id == who else a for a in one.arguments)
        amendments = (msgspec.structs.replace(a, reason="") if a.member_id == who else a for a in one.amendments)
        contests = ((member, "" if member == who else reason) for member, reason in one.contests)
        _change(state, one.id, arguments=tuple(arguments), amendments=tuple(amendments), contests=tuple(contests))


def _nothing(state: AssemblyState, event: Event, at_ms: int) -> None:
    """What the roll remembers by itself."""


_APPLY: dict[type[Event], Callable[[AssemblyState, Any, int], None]] = {
    ev.Founded: _founded,
    ev.Drafted: _drafted,
    ev.Submitted: _submitted,
    ev.Cosigned: _cosigned,
    ev.Argued: _argued,
    ev.Amended: _amended,
    ev.AmendmentAnswered: _answered,
    ev.Advanced: _advanced,
    ev.Rebased: _rebased,
    ev.PollOpened: _poll_opened,
    ev.PollClosed: _poll_closed,
    ev.Contested: _contested,
    ev.Enacted: _enacted,
    ev.MandateGranted: _mandate_granted,
    ev.MandateEnded: _mandate_ended,
    ev.Excluded: _nothing,
    ev.Emergency: _emergency,
    ev.EmergencyLifted: _lifted,
    ev.ProxyGiven: _proxy_given,
    ev.ProxyRevoked: _proxy_revoked,
    ev.StandingSet: _nothing,
    ev.Forgotten: _forgotten,
}
