"""The areas of the workshops: who is at the desk, under which safeguards; which models are trained."""

from __future__ import annotations

from affouage.assembly.area import Area, Field, choices_of
from affouage.training.runs.rules import TRAINING
from affouage.workshops.desk.rules import BOUNDS, DeskRules, check_desk, loosens

_UNITS = {"blind_percent": "%", "alarm_hours": "h", "release_minutes": "min"}


def areas() -> tuple[Area, ...]:
    return (
        Area(
            name="desk",
            kind=DeskRules,
            check=check_desk,
            lowering=loosens,
            fields=(
                Field(path="clerks", kind="choice", choices=choices_of(DeskRules, "clerks")),
                Field(path="public_open", kind="flag"),
                *(
                    Field(
                        path=name,
                        kind="percent" if name == "blind_percent" else "whole",
                        least=bound.least,
                        most=bound.most,
                        unit=_UNITS.get(name, ""),
                    )
                    for name, bound in BOUNDS.items()
                ),
            ),
        ),
        TRAINING,
    )
