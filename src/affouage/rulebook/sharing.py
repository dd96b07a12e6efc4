"""The areas of what is shared out: turns, who may read, whose machines join."""

from __future__ import annotations

from affouage.assembly.area import Area, Field, Plain, choices_of
from affouage.assembly.member import Role
from affouage.pool.machine_rules import MACHINES
from affouage.pool.reach import ConfidentialityRules, check_confidentiality, number
from affouage.pool.share_rules import FLOORS_MOST_PERCENT, ShareRules, check_share
from affouage.pool.station import REACHES

ROLES = tuple(role.value for role in Role)


def areas() -> tuple[Area, ...]:
    return (
        Area(
            name="share",
            kind=ShareRules,
            check=check_share,
            fold=_named_hours,
            unfold=_listed_hours,
            lowering=takes_from_a_group,
            fields=(
                Field(path="unit", kind="choice", choices=choices_of(ShareRules, "unit")),
                Field(path="prompt_weight", kind="whole", least=1, most=1_000),
                Field(path="decode_weight", kind="whole", least=1, most=1_000),
                Field(path="class_percent/*", kind="percent", least=1, most=10_000, names=ROLES, unit="%"),
                Field(path="use_percent/*", kind="percent", least=1, most=10_000, unit="%"),
                Field(path="floors/*", kind="percent", least=1, most=FLOORS_MOST_PERCENT, unit="%"),
                Field(path="batch_hours/*", kind="present"),
                Field(path="batch_latest_h", kind="whole", least=1, most=168, unit="h"),
                Field(path="contribution_days", kind="whole", least=1, most=366, unit="days"),
                Field(path="contribution_most_percent", kind="percent", least=0, most=1_000, unit="%"),
                Field(path="contribution_full_h", kind="whole", least=1, most=24 * 366, unit="h"),
            ),
        ),
        Area(
            name="confidentiality",
            kind=ConfidentialityRules,
            check=check_confidentiality,
            lowering=reads_wider,
            fields=(
                Field(path="default", kind="choice", choices=REACHES),
                Field(path="most", kind="choice", choices=REACHES),
                Field(path="workshops/*", kind="choice", choices=REACHES),
            ),
        ),
        MACHINES,
    )


def takes_from_a_group(before: ShareRules, after: ShareRules) -> bool:
    """Whether a floor that somebody was promised is lowered or removed."""
    return any(after.floors.get(name, 0) < percent for name, percent in before.floors.items())


def reads_wider(before: ConfidentialityRules, after: ConfidentialityRules) -> bool:
    """Whether a question could be read by machines that could not read it before."""
    if number(after.most) > number(before.most) or number(after.default) > number(before.default):
        return True
    return any(
        number(after.workshops.get(name, "everyone")) > number(reach) for name, reach in before.workshops.items()
    )


def _named_hours(plain: Plain) -> Plain:
    return {**plain, "batch_hours": {f"{start}-{end}": True for start, end in plain["batch_hours"]}}


def _listed_hours(document: Plain) -> Plain:
    names = sorted(name for name, there in document.get("batch_hours", {}).items() if there)
    return {**document, "batch_hours": [name.split("-") for name in names]}
