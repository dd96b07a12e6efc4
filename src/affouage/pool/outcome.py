"""What a simulated run came to: service, waits, fairness, idleness, in figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from affouage.pool.simulation import MICRO, Job, Policy, Run


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from arrival to admission, of those who were admitted (nearest rank); None when none was."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One member. ``service`` in the unit of the trace; what is cut at the end of the run counts as far as it got."""

    weight_percent: int
    requests: int
    finished: int
    cancelled: int
    left: int
    refused: int
    running_at_end: int
    waiting_at_end: int
    service: float
    prompt_tokens: int
    output_tokens: int
    waits: Waits
    longest_unserved_ms: float | None
    """The longest wait of a request still waiting at the end; None when none is."""


class Backlogged(msgspec.Struct, frozen=True, kw_only=True):
    """Members who waited without a break from ``from_s`` to the end, and could be served by the same machines."""

    from_s: float
    members: dict[str, float]
    """Service by weight (a weight of 100 % counts as it is), in that time."""
    service_ratio: float | None
    """Largest / smallest; None when one of them was not served at all."""
    jain: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. Services and gaps are in the unit of the trace, gaps by weight."""

    policy: Policy
    members: dict[str, Served]
    waits: Waits
    service: float
    requests_finished: int
    backlogged: Backlogged | None
    jain_all: float | None
    """Jain's index of the service by weight of all members, whatever they asked for."""
    worst_gap: float
    worst_gap_between: tuple[str, str] | None
    gap_bound: float
    gap_held: bool
    utilisation: float
    idle_while_backlog_us: int
    decisions: int
    decisions_sha256: str


def outcome_of(run: Run) -> Outcome:
    """The figures of a run that was played."""
    by_member: dict[str, list[Job]] = {}
    for job in run.jobs:
        by_member.setdefault(job.ask.member, []).append(job)
    members = {name: _served(run, name, by_member[name]) for name in sorted(by_member)}
    gap, watched = run.backlog.worst_gap, run.backlog
    bound = run.gap_bound() * 100 // watched.worst_weight
    slots = sum(machine.slots for machine in run.machines)
    return Outcome(
        policy=run.policy,
        members=members,
        waits=_waits(run.jobs),
        service=_units(sum(job.cost for job in run.jobs)),
        requests_finished=sum(job.outcome == "finished" for job in run.jobs),
        backlogged=_backlogged(run, by_member),
        jain_all=_jain([one.service * 100 / one.weight_percent for one in members.values()]),
        worst_gap=_units(gap),
        worst_gap_between=watched.worst_of if gap else None,
        gap_bound=_units(bound),
        gap_held=gap <= bound,
        utilisation=run.busy_us / (slots * run.until_us),
        idle_while_backlog_us=run.idle_while_backlog_us,
        decisions=run.decisions,
        decisions_sha256=run.decisions_sha256,
    )


def _served(run: Run, name: str, jobs: Sequence[Job]) -> Served:
    count = {what: sum(job.outcome == what for job in jobs) for what in ("finished", "cancelled", "left", "refused")}
    open_ = [job for job in jobs if not job.outcome and job.at_us < run.until_us]
    unserved = [job for job in open_ if job.start_us is None]
    started = [job for job in jobs if job.start_us is not None]
    return Served(
        weight_percent=run.backlog.weight(name),
        requests=len(jobs),
        finished=count["finished"],
        cancelled=count["cancelled"],
        left=count["left"],
        refused=count["refused"],
        running_at_end=len(open_) - len(unserved),
        waiting_at_end=len(unserved),
        service=_units(sum(job.cost for job in jobs)),
        prompt_tokens=sum(job.ask.prompt_tokens - job.ask.cached_tokens for job in started),
        output_tokens=sum(job.written for job in jobs),
        waits=_waits(jobs),
        longest_unserved_ms=max(((run.until_us - job.at_us) / 1000 for job in unserved), default=None),
    )


def _waits(jobs: Sequence[Job]) -> Waits:
    waits = sorted(job.start_us - job.at_us for job in jobs if job.start_us is not None)

    def rank(percent: int) -> float | None:
        return waits[-(-percent * len(waits) // 100) - 1] / 1000 if waits else None

    return Waits(p50_ms=rank(50), p95_ms=rank(95), p99_ms=rank(99), max_ms=rank(100))


def _backlogged(run: Run, by_member: dict[str, list[Job]]) -> Backlogged | None:
    """Of the kind with most of them; those who waited without a break for the last two thirds at least."""
    kinds: dict[int, list[str]] = {}
    for name, since_us in sorted(run.backlog.since_us.items()):
        if name in run.backlog.kinds and since_us * 3 <= run.until_us:
            kinds.setdefault(run.backlog.kinds[name], []).append(name)
    names = max(kinds.values(), key=len, default=[])
    if len(names) < 2:
        return None
    from_us = max(run.backlog.since_us[name] for name in names)
    services = [
        sum(job.cost - _cost_by(run, job, from_us) for job in by_member[name]) * 100 / run.backlog.weight(name)
        for name in names
    ]
    return Backlogged(
        from_s=from_us / MICRO,
        members={name: _units(service) for name, service in zip(names, services, strict=True)},
        service_ratio=max(services) / min(services) if min(services) > 0 else None,
        jain=_jain(services) or 0.0,
    )


def _cost_by(run: Run, job: Job, at_us: int) -> int:
    """What the job had cost at a moment of the past."""
    if job.machine is None or job.start_us is None or job.start_us > at_us:
        return 0
    if job.end_us is not None and job.end_us <= at_us:
        return job.cost
    return job.machine.cost(run.trace, job.ask, at_us - job.start_us, job.machine.written(job, at_us))


def _jain(services: Sequence[float]) -> float | None:
    """(sum x)^2 / (n * sum x^2): 1 when all are served the same, 1/n when one is served alone."""
    squares = sum(one * one for one in services)
    return sum(services) ** 2 / (len(services) * squares) if squares else None


def _units(micro_units: float) -> float:
    return micro_units / MICRO
