"""What the configuration file takes away from the rules: a closed list, shown on the public page. It never adds.

Each of these is applied where its rule is: it only refuses more, closes longer, keeps less.
"""

from __future__ import annotations

import msgspec

from affouage.settings import CommonsSettings, SafetySettings, Settings

LOWERABLE = {
    "safety.refused_models": "models",
    "safety.reach_most": "confidentiality",
    "safety.closed": "hours",
    "safety.keep_days": "retention",
    "safety.member_tokens_per_day": "budget",
    "commons.keep_days": "retention",
}
"""Every setting that may stand in the way of a rule, with the area of that rule. A test holds it to the settings."""


class Lowering(msgspec.Struct, frozen=True, kw_only=True):
    """A setting at work. ``value``: as the file has it; its sentence is ``words.lowering``."""

    setting: str
    area: str
    value: str


def lowerings(settings: Settings) -> list[Lowering]:
    """The settings that take something away, in the order of :data:`LOWERABLE`; none when the file takes nothing."""
    found = []
    for name, area in LOWERABLE.items():
        table, _, key = name.partition(".")
        value = getattr(getattr(settings, table), key)
        if value != _nothing(table, key):
            found.append(Lowering(setting=name, area=area, value=str(value)))
    return found


def _nothing(table: str, key: str) -> object:
    """What the setting holds when it takes nothing away."""
    if table == "commons":
        return getattr(CommonsSettings(), key)
    return getattr(SafetySettings(), key)
