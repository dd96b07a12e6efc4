"""The rules in force: one typed place, where each change is a version that somebody decided, with a reason.

A version is never edited. The one in force at a moment is the highest whose time has come: a later decision replaces
an earlier one, even one planned for a later date. Each version is an entry of the ledger and a leaf of the public log,
and only what the log holds is applied (``ledger.rule_rows``). Before the assembly is founded, whoever runs the commons
writes here; afterwards votes alone do, and emergencies suspend for a few days (``assembly.suspensions``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, NoReturn

import msgspec
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from affouage.assembly import suspensions
from affouage.assembly.area import Area, bare
from affouage.assembly.suspensions import Suspension
from affouage.clock import Clock
from affouage.errors import DatabaseUnusable, LedgerUnavailable, RuleRefused
from affouage.ledger import rule_rows
from affouage.ledger.posting import append
from affouage.ledger.rule_rows import RuleProblem, StoredRule
from affouage.storage import Database
from affouage.storage.tables import assembly_event, journal_leaf, rule_version

COMMAND_LINE = "the command line"
"""Who decided, when nobody is named: whoever may run commands on the machine."""

LOOK_AGAIN_US = 1_000_000
"""At most this old is what a running server knows of rules that another program wrote."""

MAX_WORDS = 500
"""Characters of a reason or of a name."""


class Warrant(msgspec.Struct, frozen=True, kw_only=True):
    """By what a version came: before the founding, or by the vote on a proposal (a repeal takes one back)."""

    kind: Literal["seed", "proposal", "repeal"] = "seed"
    proposal_id: int | None = None


SEED = Warrant()


class _Rule(NamedTuple):
    value: Any
    version: int


class InForce(_Rule):
    """A rule and its version; version 0 is the default, which nobody decided.

    ``suspended``: numbers of the emergency measures that change it at that moment; the version is then what it was
    before them.
    """

    suspended: tuple[int, ...] = ()


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. ``value``: of the area's own type; ``leaf_seq``: its place in the public log."""

    area: str
    version: int
    in_force_ms: int
    value: Any
    decided_by: str
    reason: str
    warrant: Warrant = SEED
    leaf_seq: int | None = None
    content_sha256: str = ""

    @property
    def proposal_id(self) -> int | None:
        return self.warrant.proposal_id


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Content of a ledger entry of kind ``rule``."""

    id: str
    attempt: int = 1
    member_id: str = ""
    area: str
    version: int
    in_force_ms: int
    rule: msgspec.Raw
    decided_by: str
    reason: str


Check = Callable[[Any], None]
"""Raises RuleRefused for a value that could not be applied."""

_ALWAYS_MS = 2**62
_encode = msgspec.json.Encoder(order="deterministic").encode


class Charter:
    """Rules by area. ``areas``: area -> its description, or its bare type, whose defaults are version 0; ``checks``:
    what may be enacted, for bare types.

    Reading is from memory; what another program enacted is noticed within a second. Raises DatabaseUnusable for rules
    that this version of affouage cannot read.
    """

    def __init__(
        self, db: Database, clock: Clock, areas: Mapping[str, type | Area], checks: Mapping[str, Check] | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self.areas: Mapping[str, Area] = {
            name: one if isinstance(one, Area) else bare(name, one, (checks or {}).get(name))
            for name, one in areas.items()
        }
        self._versions: dict[str, list[Version]] = {}
        self._suspensions: dict[str, list[Suspension]] = {}
        self._problems: dict[RuleProblem, None] = {}
        self._now: dict[str, tuple[int, int, InForce]] = {}
        self._mark: tuple[int, ...] = ()
        self._founded = False
        self._looked_us = clock.monotonic_us()
        self._read_again()
        self._adopt()

    # -- reading -----------------------------------------------------------------------------------------------------

    def in_force(self, area: str, at_ms: int | None = None) -> InForce:
        """The rule of ``area`` at a moment (None: now). Raises KeyError for an area there is not."""
        if self._clock.monotonic_us() - self._looked_us >= LOOK_AGAIN_US:
            self._look_again()
        now_ms = self._clock.now_ms() if at_ms is None else at_ms
        known = self._now.get(area)
        if known is not None and known[0] <= now_ms < known[1]:
            return known[2]
        found = _in_force(self.areas[area], self._versions[area], self._suspensions.get(area, ()), now_ms)
        self._problems.update(dict.fromkeys(found.problems))
        if at_ms is None:
            self._now[area] = (found.since_ms, found.until_ms, found.rule)
        return found.rule

    def history(self, area: str) -> list[Version]:
        """Every version, newest first; those to come included."""
        if self._clock.monotonic_us() - self._looked_us >= LOOK_AGAIN_US:
            self._look_again()
        return self._versions[area][::-1]

    def version(self, area: str, number: int) -> Version | None:
        """One decision, with who took it and why; None for version 0."""
        return next((one for one in self._versions[area] if one.version == number), None)

    def suspensions(self, area: str | None = None) -> list[Suspension]:
        """Every emergency measure ever taken on a rule (None: on any), oldest first."""
        return [one for name, those in self._suspensions.items() if area in (None, name) for one in those]

    def problems(self) -> list[RuleProblem]:
        """What the database says of rules and the public log does not: not applied, or applied as the log has it."""
        return list(self._problems)

    @property
    def founded(self) -> bool:
        """Whether the members decide. As of a second ago at most."""
        if self._clock.monotonic_us() - self._looked_us >= LOOK_AGAIN_US:
            self._look_again()
        return self._founded

    def refresh(self) -> None:
        """Notice at once what was written by :meth:`write_decided`, once it is committed."""
        self._read_again()

    # -- writing -----------------------------------------------------------------------------------------------------

    async def enact(
        self, area: str, value: Any, decided_by: str, reason: str, in_force_ms: int | None = None
    ) -> Version:
        """Write a first rule, before the assembly is founded; in force from ``in_force_ms`` on (None: at once).

        Raises RuleRefused for a value that cannot be applied, a moment already past, no reason, or once the members
        decide (``assembly_decides``).
        """
        value = self.areas[area].checked_value(value)
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> Version:
            if founded(connection):
                _assembly_decides(area)
            return self.write_decided(
                connection,
                area,
                value,
                decided_by=decided_by,
                reason=reason,
                in_force_ms=now_ms if in_force_ms is None else in_force_ms,
                now_ms=now_ms,
                warrant=SEED,
            )

        new = await self._db.write(change)
        self._read_again()
        return new

    def write_decided(
        self,
        connection: Connection,
        area: str,
        value: Any,
        *,
        decided_by: str,
        reason: str,
        in_force_ms: int,
        now_ms: int,
        warrant: Warrant,
    ) -> Version:
        """Write a version within the transaction of what decides it: its row, its ledger entry, its leaf.

        A version of a proposal counts only with the event ``enacted`` that names its ``content_sha256``. Call
        :meth:`refresh` once it is committed. Raises RuleRefused as :meth:`enact`.
        """
        value = self.areas[area].checked_value(value)
        if in_force_ms < now_ms:
            raise RuleRefused(
                "A rule cannot come into force in the past: what was done then stays under the rule of then.",
                remedy="Leave the date out, or give one to come.",
                code="rule_past",
                param="in_force",
            )
        rule_rows.adopt(connection, now_ms)
        stored = StoredRule(
            area=area,
            version=rule_rows.last_version(connection, area) + 1,
            in_force_ms=in_force_ms,
            body=_encode(value).decode(),
            decided_by=_words("decided_by", decided_by),
            reason=_words("reason", reason),
            warrant=warrant.kind,
            proposal_id=warrant.proposal_id,
        )
        leaf_seq = _write(connection, stored, now_ms)
        return _version(msgspec.structs.replace(stored, leaf_seq=leaf_seq), value)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        self._looked_us = self._clock.monotonic_us()
        try:
            mark = self._db.read_now(_mark)
        except SQLAlchemyError:
            return  # what is known goes on being applied; whoever writes will say what is wrong
        if mark != self._mark:
            self._read_again()

    def _read_again(self) -> None:
        def look(connection: Connection) -> tuple[tuple[int, ...], Any, Any, bool]:
            rows = rule_rows.read(connection)
            return _mark(connection), rows, suspensions.read(connection), founded(connection)

        self._mark, (stored, problems), (measures, more), self._founded = self._db.read_now(look)
        versions: dict[str, list[Version]] = {area: [] for area in self.areas}
        for one in stored:
            if one.area in versions:
                versions[one.area].append(_version(one, read_body(self.areas[one.area], one)))
        by_area: dict[str, list[Suspension]] = {}
        for measure in measures:
            by_area.setdefault(measure.area, []).append(measure)
        self._versions, self._suspensions, self._now = versions, by_area, {}
        self._problems = dict.fromkeys([*problems, *more])

    def _adopt(self) -> None:
        """Once in the life of a home: what was decided before there was a public log enters it."""
        if self._founded or all(one.leaf_seq is not None for those in self._versions.values() for one in those):
            return
        now_ms = self._clock.now_ms()
        try:
            self._db.write_now(lambda connection: rule_rows.adopt(connection, now_ms))
        except LedgerUnavailable:
            return  # a home that only lets itself be read; they are applied, and enter with the next decision
        self._read_again()


def founded(connection: Connection) -> bool:
    """Whether the members decide: the event of the founding is there, or the log remembers it."""
    event = select(assembly_event.c.seq).where(assembly_event.c.kind == "founded").limit(1)
    leaf = select(journal_leaf.c.seq).where(journal_leaf.c.kind == FOUNDED_LEAF).limit(1)
    return connection.scalar(event) is not None or connection.scalar(leaf) is not None


FOUNDED_LEAF = "assembly_founded"
"""Kind of the leaf of the founding: see ``event_book``."""


def read_in_force(connection: Connection, area: Area, at_ms: int) -> tuple[InForce, Version | None]:
    """The rule in force, for acts that are written in the same transaction, with the decision it comes from.

    None for the default, which nobody decided. Raises DatabaseUnusable.
    """
    stored, _ = rule_rows.read(connection, area.name)
    measures, _ = suspensions.read(connection)
    versions = [_version(one, read_body(area, one)) for one in stored]
    suspended = [one for one in measures if one.area == area.name]
    rule = _in_force(area, versions, suspended, at_ms).rule
    return rule, next((one for one in versions if one.version == rule.version), None)


def stamp(area: str, rule: InForce) -> str:
    """``models@3``, or ``models@3+emergency:4`` while the fourth emergency measure suspends part of it."""
    return "+".join([f"{area}@{rule.version}", *(f"emergency:{one}" for one in rule.suspended)])


def stamps(charter: Charter, areas: Iterable[str]) -> tuple[str, ...]:
    """Those of the rules that somebody decided or suspended, for a receipt."""
    rules = ((area, charter.in_force(area)) for area in areas)
    return tuple(stamp(area, rule) for area, rule in rules if rule.version or rule.suspended)


def read_body(area: Area, stored: StoredRule) -> Any:
    """The value of a stored version, an older release's put right. Raises DatabaseUnusable."""
    try:
        return area.read(stored.body)
    except (msgspec.DecodeError, RuleRefused, KeyError, TypeError, ValueError) as unknown:
        raise DatabaseUnusable(
            f"Version {stored.version} of the rules of {stored.area} cannot be read: {unknown}.",
            remedy="It may come from a newer affouage: use that one.",
        ) from unknown


class _Found(NamedTuple):
    """The rule of a moment, and from when until when it is that one."""

    since_ms: int
    until_ms: int
    rule: InForce
    problems: tuple[RuleProblem, ...]


def _in_force(area: Area, versions: list[Version], measures: Iterable[Suspension], now_ms: int) -> _Found:
    moments = [one.in_force_ms for one in versions]
    value, number, active = area.default, 0, []
    for one in versions:  # in the order of their numbers: the highest whose time has come
        if one.in_force_ms <= now_ms:
            value, number = one.value, one.version
    for measure in measures:
        moments += (measure.from_ms, measure.end_ms)
        if measure.active(now_ms):
            active.append(measure)
    value, numbers, problems = suspensions.applied(area, value, active)
    rule = InForce(value, number)
    if numbers:
        rule.suspended = numbers
    since_ms = max((one for one in moments if one <= now_ms), default=-_ALWAYS_MS)
    until_ms = min((one for one in moments if one > now_ms), default=_ALWAYS_MS)
    return _Found(since_ms, until_ms, rule, problems)


def _mark(connection: Connection) -> tuple[int, ...]:
    """What changes when rules, suspensions or the founding are written, and only then."""
    rows = select(func.count()).select_from(rule_version).scalar_subquery()
    events = select(func.coalesce(func.max(assembly_event.c.seq), 0)).scalar_subquery()
    return tuple(connection.execute(select(rows, events)).one())


def _write(connection: Connection, new: StoredRule, now_ms: int) -> int:
    leaf_seq = rule_rows.write_leaf(connection, new, now_ms)
    connection.execute(
        insert(rule_version),
        {
            "area": new.area,
            "version": new.version,
            "in_force_ms": new.in_force_ms,
            "body": new.body,
            "decided_by": new.decided_by,
            "reason": new.reason,
            "leaf_seq": leaf_seq,
        },
    )
    entry = RuleEntry(
        id=f"rule_{new.area}_{new.version}",
        area=new.area,
        version=new.version,
        in_force_ms=new.in_force_ms,
        rule=msgspec.Raw(new.body.encode()),
        decided_by=new.decided_by,
        reason=new.reason,
    )
    append(connection, "rule", entry, now_ms)
    return leaf_seq


def _version(one: StoredRule, value: Any) -> Version:
    return Version(
        area=one.area,
        version=one.version,
        in_force_ms=one.in_force_ms,
        value=value,
        decided_by=one.decided_by,
        reason=one.reason,
        warrant=Warrant(kind=one.warrant, proposal_id=one.proposal_id),
        leaf_seq=one.leaf_seq,
        content_sha256=rule_rows.digest(one.body),
    )


def _words(name: str, text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > MAX_WORDS:
        raise RuleRefused(
            "A rule is kept with who decided it and why.",
            remedy=f"Say both, in 1 to {MAX_WORDS} characters: they are public.",
            code="rule_reason",
            param=name,
        )
    return text


def _assembly_decides(area: str) -> NoReturn:
    raise RuleRefused(
        f"The members decide now: the rules of {area} change by a vote.",
        remedy="Propose the change: on the page /assembly/propose, or with affouage assembly propose.",
        code="assembly_decides",
        param=area,
        area=area,
    )
