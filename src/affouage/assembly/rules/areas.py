"""The areas of the collective itself: who is in, who holds a mandate, how votes are counted. Pure."""

from __future__ import annotations

from typing import Any

from affouage.assembly.area import Area, Field, as_list, as_present, choices_of
from affouage.assembly.rules.governance import (
    EMERGENCY_DAYS_MOST,
    LONGEST_MIN,
    PROFILES,
    GovernanceRules,
    Profile,
    check_governance,
)
from affouage.assembly.rules.mandates import (
    DAYS_MOST,
    ROLES,
    SCOPES,
    MandateRules,
    check_mandates,
    lengthens,
)
from affouage.assembly.rules.membership import DAYS_MOST as WAIT_MOST
from affouage.assembly.rules.membership import (
    MEMBERS_MOST,
    VOTERS,
    MembershipRules,
    check_membership,
    excludes_more,
)

_GOVERNANCE = (
    Field(path="colleges/*", kind="percent", least=1, most=50, unit="%"),
    Field(path="proxies_most", kind="whole", least=0, most=3),
    Field(path="consent_most_members", kind="whole", least=2, most=15, unit="members"),
    Field(path="support_days", kind="whole", least=1, most=365, unit="days"),
    Field(path="contest_members", kind="whole", least=1, most=100, unit="members"),
    Field(path="emergency_days", kind="whole", least=1, most=EMERGENCY_DAYS_MOST, unit="days"),
    Field(path="close_early", kind="flag"),
)


def _profile_fields(name: str) -> tuple[Field, ...]:
    def one(field: str, kind: Any, **more: Any) -> Field:
        return Field(path=f"{name}/{field}", kind=kind, **more)

    def minutes(field: str, least: int = 0) -> Field:
        return one(field, "minutes", least=least, most=LONGEST_MIN, unit="min")

    methods = choices_of(Profile, "method")
    return (
        one("method", "choice", choices=methods if name != "entrenched" else ("supermajority",)),
        one("threshold", "fraction"),
        one("quorum_percent", "percent", least=0, most=100, unit="%"),
        one("quorum_base", "choice", choices=choices_of(Profile, "quorum_base")),
        one("cosigners", "whole", least=0, most=100, unit="members"),
        minutes("deliberation_min"),
        minutes("notice_min"),
        minutes("voting_min", least=1),
        minutes("contest_min"),
        one("second_quorum_percent", "percent", least=-1, most=100, unit="%"),
        minutes("second_after_min"),
        one("secrecy", "choice", choices=choices_of(Profile, "secrecy")),
    )


MEMBERSHIP = Area(
    name="membership",
    kind=MembershipRules,
    check=check_membership,
    fold=lambda plain: as_present(plain, "voters"),
    unfold=lambda document: as_list(document, "voters"),
    lowering=excludes_more,
    fields=(
        Field(path="invite", kind="choice", choices=choices_of(MembershipRules, "invite")),
        Field(path="members_most", kind="whole", least=0, most=MEMBERS_MOST, unit="members"),
        Field(path="exclusion_by_vote", kind="flag"),
        Field(path="days_before_voting", kind="whole", least=0, most=WAIT_MOST, unit="days"),
        Field(path="voters/*", kind="present", names=VOTERS),
    ),
)

MANDATES = Area(
    name="mandates",
    kind=MandateRules,
    check=check_mandates,
    fold=lambda plain: as_present(plain, "voted"),
    unfold=lambda document: as_list(document, "voted"),
    lowering=lengthens,
    fields=(
        *(Field(path=f"days/{scope}", kind="whole", least=1, most=DAYS_MOST, unit="days") for scope in SCOPES),
        Field(path="voted/*", kind="present", names=ROLES),
    ),
)

GOVERNANCE = Area(
    name="governance",
    kind=GovernanceRules,
    check=check_governance,
    entrenched=True,
    fields=(*(one for name in PROFILES for one in _profile_fields(name)), *_GOVERNANCE),
)
