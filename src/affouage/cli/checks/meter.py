"""The meter that counts, whether it can be read, and what would give better figures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from affouage.cli.checks import Finding, ok, problem, warning
from affouage.errors import AffouageError
from affouage.settings import Settings


def check_meter(settings: Settings) -> Iterator[Finding]:
    """Every source is tried once; a plug is asked."""
    from affouage.adapters.meters.choose import find_meters
    from affouage.adapters.meters.processors import own_programs_us
    from affouage.clock import SystemClock

    try:
        found = asyncio.run(find_meters(settings, SystemClock(), own_programs_us))
    except AffouageError as wrong:
        yield problem("meter", wrong.message, wrong.remedy)
        return
    counts = next(one for one in found if one.state == "counts")
    if counts.problem:
        yield problem("meter", f"{counts.id} counts, and cannot be read: {counts.problem}", counts.remedy)
    elif counts.info is not None and counts.info.quality == "estimated":
        yield warning(
            "meter",
            f"Nothing measures this machine ({counts.id}): energy is estimated, with a very wide range.",
            "A plug that meters is the surest; or declare watts: docs/how-to/measure-energy.md.",
        )
    elif counts.info is not None:
        low, high = counts.info.low_factor, counts.info.high_factor
        yield ok("meter", f"{counts.id}: {counts.info.quality}, {low:.2f} to {high:.2f} times what it counts.")
    for one in found:
        if one.state == "unreadable":
            yield warning("meter", f"{one.id}: {one.problem}", one.remedy)
