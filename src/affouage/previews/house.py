"""Previews of what is kept, who comes in, who holds a mandate, and of the charter of refused uses. Pure."""

from __future__ import annotations

from collections import Counter

from affouage.assembly.decisions.electorate import MS_PER_DAY
from affouage.assembly.rules.mandates import SCOPES, MandateRules, days_of
from affouage.assembly.rules.membership import MembershipRules
from affouage.assembly.rules.retention import CLASSES, RetentionRules
from affouage.assembly.rules.uses import UsesRules
from affouage.previews.shapes import FEWEST, Facts, Preview, few

RANKS = {"": 9, "member": 1, "steward": 2, "operator": 3, "nobody": 9}
"""Of who made an invitation; the command line, "", until nobody may any more."""
WORDS_PER_MINUTE = 230


def retention(before: RetentionRules, after: RetentionRules, facts: Facts) -> list[Preview]:
    """What would be deleted the day the rule is in force, beyond what is deleted anyway."""
    told = []
    for name in CLASSES:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if new > old:
            told.append(Preview("retention_longer", {"what": name, "before": old, "after": new}))
        elif name not in facts.ages:
            told.append(Preview("retention_unknown", {"what": name, "before": old, "after": new}))
        else:
            gone = sum(number for age, number in facts.ages[name].items() if new <= age < old)
            told.append(Preview("retention_deleted", {"what": name, "before": old, "after": new, "deleted": gone}))
            if name == "conversations":
                ages = [those for age, those in facts.conversation_owners.items() if new <= age < old]
                told.append(Preview("retention_owners", {"members": few(len(set().union(*ages)))}))
    return told


def membership(before: MembershipRules, after: MembershipRules, facts: Facts) -> list[Preview]:
    """Invitations that could not be used any more, places left, and how many would vote today."""
    told = []
    if RANKS[after.invite] > RANKS[before.invite]:
        least = RANKS[after.invite]
        refused = sum(1 for one in facts.invitations if RANKS.get(one.author, 0) < least)
        told.append(Preview("membership_invitations", {"refused": refused, "pending": len(facts.invitations)}))
    members = sum(1 for one in facts.people if one.active and one.role != "commons")
    if after.members_most and after.members_most != before.members_most:
        numbers = {"most": after.members_most, "members": members}
        full = members >= after.members_most
        told.append(
            Preview("membership_full", {**numbers})
            if full
            else Preview("membership_places", {**numbers, "places": after.members_most - members})
        )
    voters = (set(before.voters), before.days_before_voting) != (set(after.voters), after.days_before_voting)
    if voters:
        was, would = (_electors(rules, facts) for rules in (before, after))
        told.append(Preview("membership_electors", {"before": was, "after": would, "members": members}))
    if before.exclusion_by_vote and not after.exclusion_by_vote:
        told.append(Preview("membership_exclusion"))
    return told or [Preview("nothing_changes_now")]


def _electors(rules: MembershipRules, facts: Facts) -> int:
    since_ms = facts.now_ms - rules.days_before_voting * MS_PER_DAY
    return sum(
        1
        for one in facts.people
        if one.active and one.votes and one.role in rules.voters and one.created_ms <= since_ms
    )


def mandates(before: MandateRules, after: MandateRules, facts: Facts) -> list[Preview]:
    """Mandates of today that could not be given so long any more; they last until their end."""
    told = []
    for scope in SCOPES:
        old, new = days_of(before, scope), days_of(after, scope)
        if old != new:
            longer = sum(1 for one in facts.held if one.scope == scope and one.days > new)
            told.append(Preview("mandates_days", {"scope": scope, "before": old, "after": new, "longer": longer}))
    held = Counter(one.scope for one in facts.held)
    for role in sorted(set(after.voted) - set(before.voted)):
        has = sum(1 for one in facts.people if one.active and one.role == role)
        told.append(Preview("mandates_voted", {"role": role, "members": has, "held": held[role]}))
    for role in sorted(set(before.voted) - set(after.voted)):
        told.append(Preview("mandates_unvoted", {"role": role}))
    return told or [Preview("nothing_changes_now")]


def uses(before: UsesRules, after: UsesRules, facts: Facts) -> list[Preview]:
    """The charter's lines that come and go, how long it reads, and how often lines that go were reported."""
    was, would = ({one.id for one in rules.refused} for rules in (before, after))
    told = []
    if was != would:
        told.append(
            Preview("uses_lines", {"added": len(would - was), "removed": len(was - would), "lines": len(would)})
        )
    gone = sum(number for line, number in facts.reports.items() if line in was - would)
    if was - would:
        reports = None if 0 < gone < FEWEST else gone
        told.append(Preview("uses_reports", {"reports": reports}))
    for language in ("fr", "en"):
        old, new = (_words(rules, language) for rules in (before, after))
        if old != new:
            seconds = round(60 * new / WORDS_PER_MINUTE)
            told.append(Preview("uses_words", {"language": language, "before": old, "after": new, "seconds": seconds}))
    if before.moderators != after.moderators:
        held = sum(1 for one in facts.held if one.scope == "moderator")
        told.append(Preview("uses_moderators", {"seats": after.moderators, "held": held}))
    if before.scale != after.scale:
        told.append(Preview("uses_scale", {"before": len(before.scale), "after": len(after.scale)}))
    return told or [Preview("nothing_changes_now")]


def _words(rules: UsesRules, language: str) -> int:
    return len(" ".join((rules.preamble(language), *(one.in_language(language) for one in rules.refused))).split())
