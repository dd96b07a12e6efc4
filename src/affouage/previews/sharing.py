"""Previews of turns, and of whose machines may join. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from affouage.pool.machine_rules import MachineRules, trust_most
from affouage.pool.share_rules import ShareRules
from affouage.previews.shapes import FEWEST, Asked, Facts, Number, Preview, few, nothing_known, people

ORDER = ("nobody", "steward", "member")
"""Who invites a machine, from the fewest to all."""


def share(before: ShareRules, after: ShareRules, facts: Facts) -> list[Preview]:
    """Who would count for more or for less, of how many, and how often turns mattered at all."""
    roles = {one.id: one.role for one in facts.people}
    told = [
        *_weights(
            "share_class", before.class_percent, after.class_percent, lambda one: roles.get(one.member_id), facts
        ),
        *_weights("share_use", before.use_percent, after.use_percent, lambda one: one.use or one.workshop, facts),
        *_weights("share_floor", before.floors, after.floors, lambda one: one.use or one.workshop, facts, usual=0),
    ]
    most = (before.contribution_most_percent, after.contribution_most_percent)
    if most[0] != most[1]:
        owners = {one.owner_id for one in facts.lent if one.state == "approved"}
        told.append(
            Preview("share_contribution", {"before": most[0], "after": most[1], "members": people(owners, facts)})
        )
    if before.unit != after.unit:
        told.append(Preview("share_unit", {"before": before.unit, "after": after.unit}))
    waited = sum(1 for one in facts.asked if one.waited)
    if facts.asked:
        told.append(Preview("share_waited", {"waited": waited, "requests": len(facts.asked)}))
    return told + nothing_known(facts)


def _use(one: Asked) -> str:
    return one.use or one.workshop


def _weights(
    code: str,
    before: Mapping[str, int],
    after: Mapping[str, int],
    group: Callable[[Asked], str | None],
    facts: Facts,
    *,
    usual: int = 100,
) -> Iterator[Preview]:
    """A line for each weight that changes. The requests of a group of fewer than five people are not told."""
    changed = [name for name in sorted({*before, *after}) if before.get(name, usual) != after.get(name, usual)]
    requests: Counter[str] = Counter()
    whose: dict[str, set[str]] = {}
    for one in facts.asked if changed else ():
        name = group(one)
        if name:
            requests[name] += 1
            whose.setdefault(name, set()).add(one.member_id)
    for name in changed:
        number = people(whose.get(name, ()), facts)
        told = requests[name] if isinstance(number, int) and (number >= FEWEST or not number) else None
        numbers: dict[str, Number] = {"name": name, "before": before.get(name, usual), "after": after.get(name, usual)}
        yield Preview(code, {**numbers, "requests": told, "members": number, "all": len(facts.asked)})


def machines(before: MachineRules, after: MachineRules, facts: Facts) -> list[Preview]:
    """Invitations, machines and members that the rule would turn away, among those of today."""
    told = []
    if ORDER.index(after.enrol) < ORDER.index(before.enrol):
        refused = sum(1 for one in facts.machine_invitations if not _may_invite(after, one.author))
        told.append(Preview("machines_invitations", {"refused": refused, "pending": len(facts.machine_invitations)}))
    if after.approval == "none" and before.approval != "none":
        waiting = sum(1 for one in facts.lent if one.state == "pending")
        told.append(Preview("machines_unapproved", {"waiting": waiting}))
    if after.per_member and after.per_member != before.per_member:
        each = Counter(one.owner_id for one in facts.lent)
        over = {owner: number - after.per_member for owner, number in each.items() if number > after.per_member}
        told.append(
            Preview(
                "machines_over", {"most": after.per_member, "members": few(len(over)), "machines": sum(over.values())}
            )
        )
    if trust_most(after) < trust_most(before):
        wider = sum(1 for one in facts.lent if one.state == "approved" and one.trust > trust_most(after))
        told.append(Preview("machines_wider", {"machines": wider, "most": after.widest_trust}))
    return told or [Preview("nothing_changes_now")]


def _may_invite(rules: MachineRules, author: str) -> bool:
    if rules.enrol == "nobody":
        return False
    return rules.enrol == "member" or author in ("", "steward", "operator")
