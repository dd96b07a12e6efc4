"""Rule area ``governance``: by which votes the rules change. It changes by the vote of the old rule. Pure."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, NoReturn

import msgspec

from affouage.errors import RuleRefused

Method = Literal["majority", "supermajority", "consent"]
Secrecy = Literal["open", "detached", "belenios"]
QuorumBase = Literal["members", "present", "expressed"]

MINUTES_PER_DAY = 24 * 60
LONGEST_MIN = 90 * MINUTES_PER_DAY
EMERGENCY_DAYS_MOST = 14
"""Nobody may vote it longer: what was decided in haste ends by itself."""
FEWEST_SECRET = 5
"""Ballots (and electors) of each published group, below which a detached ballot would be no secret."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_FRACTION = re.compile(r"([1-9]\d{0,2})/([1-9]\d{0,2})", re.ASCII)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a decision of one kind takes. Delays in minutes, so that three people around a table may be quick."""

    method: Method = "majority"
    threshold: str = "1/2"
    """Of the ballots for and against: more than this for a majority, at least this for a supermajority."""
    quorum_percent: int = 50
    quorum_base: QuorumBase = "members"
    cosigners: int = 0
    """Members, besides the author, who must want it put to the vote."""
    deliberation_min: int = 7 * MINUTES_PER_DAY
    notice_min: int = MINUTES_PER_DAY
    """Between the freezing of the text and the opening of the vote."""
    voting_min: int = 7 * MINUTES_PER_DAY
    contest_min: int = 3 * MINUTES_PER_DAY
    """Between an adoption and its effect."""
    second_quorum_percent: int = -1
    """Quorum of a second convocation; -1: there is none."""
    second_after_min: int = MINUTES_PER_DAY
    secrecy: Secrecy = "open"


class GovernanceRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``governance``."""

    ordinary: Profile = Profile(second_quorum_percent=0)
    reinforced: Profile = Profile(method="supermajority", threshold="2/3", second_quorum_percent=25)
    """For what takes something away, keeps data longer, or refuses a use."""
    entrenched: Profile = Profile(method="supermajority", threshold="2/3", cosigners=1, second_quorum_percent=33)
    """For this very rule."""
    persons: Profile = Profile(secrecy="detached", second_quorum_percent=0)
    """For mandates, their revocation and exclusions."""
    colleges: dict[str, int] = {}
    """Weight of each college in percent, 100 in all; none: one count for everybody."""
    proxies_most: int = 2
    """Proxies that one member may hold."""
    consent_most_members: int = 15
    """Above so many electors, consent is counted as a majority."""
    support_days: int = 30
    """A proposal that finds no cosigners lapses after so long."""
    contest_members: int = 3
    """So many members who contest an adoption, with reasons, send it back to the vote."""
    emergency_days: int = EMERGENCY_DAYS_MOST
    close_early: bool = True
    """An open vote ends when every elector has voted."""


PROFILES = ("ordinary", "reinforced", "entrenched", "persons")


def profile(rules: GovernanceRules, name: str) -> Profile:
    """Raises KeyError for a name that is not one of :data:`PROFILES`."""
    if name not in PROFILES:
        raise KeyError(name)
    found: Profile = getattr(rules, name)
    return found


SITTING_MIN = 60
"""How long a vote lasts around a table; it ends before when everybody has voted."""


def in_one_sitting(rules: GovernanceRules) -> GovernanceRules:
    """The same thresholds for people in the same room: nothing waits but the vote itself."""
    quick = {
        name: msgspec.structs.replace(
            profile(rules, name),
            deliberation_min=0,
            notice_min=0,
            voting_min=SITTING_MIN,
            contest_min=0,
            second_after_min=0,
        )
        for name in PROFILES
    }
    return msgspec.structs.replace(rules, close_early=True, **quick)


def threshold_of(one: Profile) -> Fraction:
    """Raises RuleRefused for what is no fraction between 1/2 and 1."""
    found = _FRACTION.fullmatch(one.threshold)
    fraction = Fraction(int(found[1]), int(found[2])) if found else Fraction(0)
    if not Fraction(1, 2) <= fraction <= 1:
        _refuse("threshold", f"{one.threshold!r:.20} is no threshold.", "Write 1/2, 2/3, 3/4 ... up to 1/1.")
    return fraction


def check_governance(rules: GovernanceRules) -> None:
    """Raises RuleRefused for thresholds by which nothing could be decided, or anything by anybody."""
    for name in PROFILES:
        _check_profile(name, profile(rules, name))
    if rules.entrenched.method != "supermajority":
        _refuse("entrenched", "The rules of the votes change by a reinforced majority only.", "Use supermajority.")
    _between("proxies_most", rules.proxies_most, 0, 3)
    _between("consent_most_members", rules.consent_most_members, 2, 15)
    _between("support_days", rules.support_days, 1, 365)
    _between("contest_members", rules.contest_members, 1, 100)
    _between("emergency_days", rules.emergency_days, 1, EMERGENCY_DAYS_MOST)
    _check_colleges(rules.colleges)


def _check_profile(name: str, one: Profile) -> None:
    threshold_of(one)
    _between(f"{name}.quorum_percent", one.quorum_percent, 0, 100)
    _between(f"{name}.cosigners", one.cosigners, 0, 100)
    _between(f"{name}.deliberation_min", one.deliberation_min, 0, LONGEST_MIN)
    _between(f"{name}.notice_min", one.notice_min, 0, LONGEST_MIN)
    _between(f"{name}.voting_min", one.voting_min, 1, LONGEST_MIN)
    _between(f"{name}.contest_min", one.contest_min, 0, LONGEST_MIN)
    _between(f"{name}.second_quorum_percent", one.second_quorum_percent, -1, 100)
    _between(f"{name}.second_after_min", one.second_after_min, 0, LONGEST_MIN)
    if one.second_quorum_percent > one.quorum_percent:
        _refuse(
            "second",
            f"The quorum of a second convocation ({one.second_quorum_percent} %) is above that of the first.",
            f"Give at most {one.quorum_percent}, or -1 for no second convocation.",
        )
    if one.method == "consent" and one.secrecy != "open":
        _refuse("secrecy", "An objection is reasoned, so consent is asked openly.", "Use secrecy open with consent.")


def _check_colleges(colleges: dict[str, int]) -> None:
    for name, percent in colleges.items():
        if not _NAME.fullmatch(name):
            _refuse("college", f"{name!r:.50} names no college.", "Small letters, digits, - and _: users, workers.")
        if not 1 <= percent <= 50:
            _refuse("college", f"A college cannot weigh {percent} %.", "From 1 to 50: none has the majority alone.")
    if colleges and sum(colleges.values()) != 100:
        _refuse("college", f"The colleges weigh {sum(colleges.values())} % in all.", "Make it 100 % together.")


def _between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise RuleRefused(
            f"{field} cannot be {value}.",
            remedy=f"Give a whole number from {least} to {most}.",
            code="governance_amount",
            param=field,
            field=field,
            value=value,
            least=least,
            most=most,
        )


def _refuse(code: str, message: str, remedy: str) -> NoReturn:
    raise RuleRefused(message, remedy=remedy, code=f"governance_{code}", param="governance")
