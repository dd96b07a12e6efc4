"""What the functions of the assembly work with: rules and roll as they stand inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from affouage.assembly import roll
from affouage.assembly.area import Area
from affouage.assembly.charter import Charter, read_body, read_in_force
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.electorate import Elector, Roll, electors
from affouage.assembly.decisions.events import AnySubject, Exclusion, Ratification, RuleChange
from affouage.assembly.rules.governance import GovernanceRules
from affouage.errors import NotFound, RuleRefused
from affouage.ledger import rule_rows
from affouage.ledger.rule_rows import StoredRule
from affouage.storage.tables import member_standing


@dataclass(frozen=True)
class House:
    """``areas``: every votable area, by name. Everything is read through ``connection``: of two enactments in one
    transaction, the second must be made on what the first wrote."""

    charter: Charter
    areas: Mapping[str, Area]
    connection: Connection

    def governance(self, now_ms: int) -> tuple[GovernanceRules, int]:
        """The thresholds in force and their version."""
        return self.in_force("governance", now_ms)

    def in_force(self, name: str, now_ms: int) -> tuple[Any, int]:
        """The rule of an area and its version, emergencies applied."""
        rule, _ = read_in_force(self.connection, self.area(name), now_ms)
        return rule.value, rule.version

    def area(self, name: str) -> Area:
        """Raises NotFound."""
        if name not in self.areas:
            raise NotFound(
                f"There is no rule called {name!r:.40}.",
                remedy=f"Rules: {', '.join(sorted(self.areas))}.",
                code="unknown_area",
            )
        return self.areas[name]

    def document(self, name: str, now_ms: int) -> dict[str, Any]:
        """The rule of an area as voted and in force, as the document patches address; emergencies left aside."""
        began = [one for one in self._versions(name) if one.in_force_ms <= now_ms]
        return self._shaped(name, began[-1]) if began else self.area(name).shape(self.area(name).default)

    def document_of(self, name: str, version: int) -> dict[str, Any]:
        """Of a given version; 0: the default. Raises NotFound."""
        if version == 0:
            return self.area(name).shape(self.area(name).default)
        for one in self._versions(name):
            if one.version == version:
                return self._shaped(name, one)
        raise NotFound(f"There is no version {version} of {name}.", remedy="See the rule's history.")

    def newest(self, name: str) -> tuple[dict[str, Any], int]:
        """The last version written, even one whose day is still to come: what a new change is put upon."""
        versions = self._versions(name)
        version = versions[-1].version if versions else 0
        return self.document_of(name, version), version

    def _versions(self, name: str) -> list[StoredRule]:
        return rule_rows.read(self.connection, self.area(name).name)[0]

    def _shaped(self, name: str, one: StoredRule) -> dict[str, Any]:
        area = self.area(name)
        return area.shape(read_body(area, one))

    def changed(self, about: RuleChange | Ratification) -> Any:
        """The value that this change would make of the newest version.

        Raises RuleRefused: ``needs_rebase`` when the rule changed meanwhile in the same place, else what the area says.
        """
        area = self.area(about.area)
        base = self.document_of(about.area, about.base_version)
        now, _version = self.newest(about.area)
        document = patches.merged(base, now, about.patch)
        if document is None:
            raise RuleRefused(
                "The rule was changed meanwhile, in the same place.",
                remedy="Put the change on the rule of today; it then goes to the vote again.",
                code="needs_rebase",
                param="patch",
            )
        return area.checked(document)

    def profile_for(self, about: AnySubject, now_ms: int) -> str:
        """By which votes a proposal is decided."""
        if isinstance(about, RuleChange | Ratification):
            area = self.area(about.area)
            before = area.unshape(self.newest(about.area)[0])
            return area.profile_of(before, self.changed(about))
        return "persons" if not hasattr(about, "options") else "ordinary"

    def standing(self) -> dict[str, tuple[str, bool]]:
        """What a steward recorded: member -> (college, votes)."""
        rows = self.connection.execute(select(member_standing))
        return {row.member_id: (row.college, bool(row.votes)) for row in rows}

    def electors(self, about: AnySubject, now_ms: int) -> tuple[Elector, ...]:
        """Who may vote on this now. Whoever's exclusion it is does not."""
        standing = self.standing()
        membership, _ = self.in_force("membership", now_ms)
        there = roll.joined(self.connection)
        known = Roll(
            members=tuple(one for one in roll.everybody(self.connection) if one.id in there),
            standing=standing,
            days_before_voting=membership.days_before_voting,
            voters=membership.voters,
        )
        rules, _ = self.governance(now_ms)
        but = (about.member_id,) if isinstance(about, Exclusion) else ()
        return electors(known, rules.colleges, now_ms, but=but)
