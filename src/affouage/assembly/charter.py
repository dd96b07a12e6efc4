"""The rules in force: one typed place, where each change is a version that somebody decided, with a reason.

A version is never edited. The one in force at a moment is the highest whose time has come: a later decision replaces
an earlier one, even one planned for a later date. Each version is an entry of the ledger too, so that nobody can
rewrite who decided what. For now an operator's command line writes here; later, votes do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from affouage.clock import Clock
from affouage.errors import DatabaseUnusable, RuleRefused
from affouage.ledger.ledger import append
from affouage.storage import Database
from affouage.storage.tables import rule_version

COMMAND_LINE = "the command line"
"""Who decided, when nobody is named: whoever may run commands on the machine."""

LOOK_AGAIN_US = 1_000_000
"""At most this old is what a running server knows of rules that another program wrote."""

MAX_WORDS = 500
"""Characters of a reason or of a name."""


class InForce(NamedTuple):
    """A rule and its version; version 0 is the default, which nobody decided."""

    value: Any
    version: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. ``value``: of the area's own type."""

    area: str
    version: int
    in_force_ms: int
    value: Any
    decided_by: str
    reason: str


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

_encode = msgspec.json.Encoder(order="deterministic").encode


class Charter:
    """Rules by area. ``areas``: area -> type, whose defaults are version 0; ``checks``: what may be enacted.

    Reading is from memory; what another program enacted is noticed within a second. Raises DatabaseUnusable for rules
    that this version of affouage cannot read.
    """

    def __init__(
        self, db: Database, clock: Clock, areas: Mapping[str, type], checks: Mapping[str, Check] | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._areas = dict(areas)
        self._defaults = {area: kind() for area, kind in areas.items()}
        self._checks = dict(checks or {})
        self._versions: dict[str, list[Version]] = {}
        self._looked_us = clock.monotonic_us()
        self._read_again()

    def in_force(self, area: str, at_ms: int | None = None) -> InForce:
        """The rule of ``area`` at a moment (None: now). Raises KeyError for an area there is not."""
        self._look_again()
        now_ms = self._clock.now_ms() if at_ms is None else at_ms
        for one in reversed(self._versions[area]):
            if one.in_force_ms <= now_ms:
                return InForce(one.value, one.version)
        return InForce(self._defaults[area], 0)

    def history(self, area: str) -> list[Version]:
        """Every version, newest first; those to come included."""
        self._look_again()
        return self._versions[area][::-1]

    async def enact(
        self, area: str, value: Any, decided_by: str, reason: str, in_force_ms: int | None = None
    ) -> Version:
        """Write a new version of a rule, in force from ``in_force_ms`` on (None: at once).

        Raises RuleRefused for a value that cannot be applied, a moment already past, or no reason.
        """
        value = self._checked(area, value)
        now_ms = self._clock.now_ms()
        if in_force_ms is not None and in_force_ms < now_ms:
            raise RuleRefused(
                "A rule cannot come into force in the past: what was done then stays under the rule of then.",
                remedy="Leave the date out, or give one to come.",
                code="rule_past",
                param="in_force",
            )
        who, why = _words("decided_by", decided_by), _words("reason", reason)

        def change(connection: Connection) -> Version:
            last = connection.execute(
                select(func.max(rule_version.c.version)).where(rule_version.c.area == area)
            ).scalar()
            new = Version(
                area=area,
                version=(last or 0) + 1,
                in_force_ms=now_ms if in_force_ms is None else in_force_ms,
                value=value,
                decided_by=who,
                reason=why,
            )
            _write(connection, new, now_ms)
            return new

        new = await self._db.write(change)
        self._read_again()
        return new

    def _checked(self, area: str, value: Any) -> Any:
        """The value as it will be read back. Raises RuleRefused."""
        try:
            value = msgspec.convert(msgspec.to_builtins(value), self._areas[area])
        except msgspec.ValidationError as wrong:
            raise RuleRefused(
                f"This is no rule for {area}: {wrong}.", remedy="See the documentation of the rule.", param=area
            ) from None
        if area in self._checks:
            self._checks[area](value)
        return value

    def _look_again(self) -> None:
        now_us = self._clock.monotonic_us()
        if now_us - self._looked_us < LOOK_AGAIN_US:
            return
        self._looked_us = now_us
        known = sum(len(versions) for versions in self._versions.values())
        try:
            there = self._db.read_now(lambda c: c.execute(select(func.count()).select_from(rule_version)).scalar_one())
        except SQLAlchemyError:
            return  # what is known goes on being applied; whoever writes will say what is wrong
        if there != known:
            self._read_again()

    def _read_again(self) -> None:
        rows = self._db.read_now(lambda c: list(c.execute(select(rule_version).order_by(rule_version.c.version))))
        versions: dict[str, list[Version]] = {area: [] for area in self._areas}
        for row in rows:
            if row.area in versions:
                versions[row.area].append(_read(row, self._areas[row.area]))
        self._versions = versions


def _write(connection: Connection, new: Version, now_ms: int) -> None:
    body = _encode(new.value)
    connection.execute(
        insert(rule_version),
        {
            "area": new.area,
            "version": new.version,
            "in_force_ms": new.in_force_ms,
            "body": body.decode(),
            "decided_by": new.decided_by,
            "reason": new.reason,
        },
    )
    entry = RuleEntry(
        id=f"rule_{new.area}_{new.version}",
        area=new.area,
        version=new.version,
        in_force_ms=new.in_force_ms,
        rule=msgspec.Raw(body),
        decided_by=new.decided_by,
        reason=new.reason,
    )
    append(connection, "rule", entry, now_ms)


def _read(row: Row[Any], kind: type) -> Version:
    try:
        value: Any = msgspec.json.decode(row.body, type=kind)
    except msgspec.DecodeError as unknown:
        raise DatabaseUnusable(
            f"Version {row.version} of the rules of {row.area} cannot be read: {unknown}.",
            remedy="It may come from a newer affouage: use that one.",
        ) from unknown
    return Version(
        area=row.area,
        version=row.version,
        in_force_ms=row.in_force_ms,
        value=value,
        decided_by=row.decided_by,
        reason=row.reason,
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
