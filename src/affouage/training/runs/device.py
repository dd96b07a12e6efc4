"""The runs of a home, in one hand: what people do with them, what happens by itself, what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from affouage.training.runs.asking import Asking
from affouage.training.runs.booked import BookedRuns
from affouage.training.runs.exporting import Exporting
from affouage.training.runs.following import Following
from affouage.training.runs.workplace import Workplace


@dataclass(frozen=True)
class Training:
    """``asking``: what people do with runs; ``exporting``: receipts, what came out; ``following``: what drives them."""

    workplace: Workplace
    asking: Asking
    exporting: Exporting
    following: Following


def training_of(place: Workplace, booked: BookedRuns | None = None) -> Training:
    """``booked``: of a serving commons, whose meter is at work."""
    return Training(
        workplace=place, asking=Asking(place), exporting=Exporting(place), following=Following(place, booked)
    )
