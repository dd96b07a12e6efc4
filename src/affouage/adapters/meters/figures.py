"""What meters write, turned into integers: microjoules and microwatts. Pure; whatever is no energy is refused.

Text, NaN, infinities, negative and impossible amounts raise MeterUnreadable: a gap in the books, never a zero.
"""

from __future__ import annotations

import re
from decimal import Decimal

from affouage.footprint.meter import MAX_PLAUSIBLE_WATTS, MeterUnreadable

UNITS_UJ = {"Wh": 3_600_000_000, "kWh": 3_600_000_000_000, "J": 1_000_000, "mJ": 1_000, "uJ": 1}
"""Microjoules in one of each."""

MOST_UJ = 2**62
"""1.3 GWh: no counter of a machine holds more, and the books keep 64 bits."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_WITH_UNIT = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>[a-zA-Zµ]*)", re.ASCII)


def energy_uj(value: object, unit: str) -> int:
    """An energy counter of ``unit`` (see ``UNITS_UJ``), in microjoules."""
    amount = number(value) * UNITS_UJ[unit]
    if not 0 <= amount <= MOST_UJ:
        raise not_a_figure(value, "an energy")
    return int(amount)


def power_uw(value: object, *, per_watt: int = 1) -> int:
    """A power, in microwatts; 0 to 20 kW. ``per_watt``: how many of its unit make a watt (1000: milliwatts)."""
    watts = number(value) / per_watt
    if not 0 <= watts <= Decimal(MAX_PLAUSIBLE_WATTS):
        raise not_a_figure(value, "a power")
    return int(watts * 1_000_000)


def counter_text(text: str, unit: str) -> int:
    """``12345``, ``12.5 kWh``: a number, then its unit if it is not ``unit``. Microjoules."""
    found = _WITH_UNIT.fullmatch(text.strip())
    if found is None:
        raise not_a_figure(text, "an energy")
    written = found["unit"] or unit
    if written not in UNITS_UJ:
        raise not_a_figure(text, "an energy")
    return energy_uj(found["number"], written)


def number(value: object) -> Decimal:
    """A finite number, or its plain writing in ASCII; a truth value is none."""
    written = repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(written, str) or len(written) > 64 or not _PLAIN.fullmatch(written.strip()):
        raise not_a_figure(value, "a number")
    return Decimal(written.strip())


def field(document: object, path: str) -> object:
    """What stands at ``path`` of a JSON document, dots between names; a number counts places in a list, from 0."""
    here = document
    for name in path.split("."):
        if isinstance(here, dict) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isascii() and name.isdigit() and len(name) < 6 and int(name) < len(here):
            here = here[int(name)]
        else:
            raise MeterUnreadable(
                f"The meter's answer has nothing at {path!r}.",
                remedy="Compare energy_field or power_field with what the meter answers.",
                code="meter_field",
                field=path,
            )
    return here


def not_a_figure(value: object, wanted: str) -> MeterUnreadable:
    return MeterUnreadable(
        f"The meter gives {str(value)[:40]!r}, which is not {wanted}.",
        remedy="Look at what it shows; until it is mended this energy is unknown.",
        code="meter_figure",
        value=str(value)[:40],
    )
