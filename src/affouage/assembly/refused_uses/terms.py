"""What the voted rules say to those who apply them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from affouage.assembly.rules.uses import LONGEST_DAYS, RefusedUse, SanctionStep, UsesRules

DAY_MS = 86_400_000

__all__ = ["DAY_MS", "LONGEST_DAYS", "Terms", "step_of"]


@dataclass(frozen=True)
class Terms:
    """The rule of uses in force, its version; ``keep_days``: of a closed report, by the rule of retention."""

    rules: UsesRules
    version: int = 0
    keep_days: int = 180

    @property
    def stamp(self) -> str:
        """``uses@3``, as receipts and leaves cite it; version 0 is the default, which nobody decided."""
        return f"uses@{self.version}"

    @property
    def scale(self) -> tuple[SanctionStep, ...]:
        return self.rules.scale

    def line(self, line_id: str) -> RefusedUse | None:
        return self.rules.line(line_id)


def step_of(scale: Sequence[SanctionStep], kind: str) -> SanctionStep | None:
    """The mildest step of that kind."""
    return next((one for one in scale if one.kind == kind), None)
