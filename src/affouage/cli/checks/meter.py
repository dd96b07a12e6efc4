"""The meter that counts, whether it can be read, and what would give better figures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from affouage.cli.checks import Finding, of_error, ok, problem, warning
from affouage.errors import AffouageError
from affouage.settings import Settings
from affouage.web.language import N_


def check_meter(settings: Settings) -> Iterator[Finding]:
    """Every source is tried once; a plug is asked."""
    from affouage.adapters.meters.choose import find_meters
    from affouage.adapters.meters.processors import own_programs_us
    from affouage.clock import SystemClock

    try:
        found = asyncio.run(find_meters(settings, SystemClock(), own_programs_us))
    except AffouageError as wrong:
        yield of_error("meter", wrong)
        return
    counts = next(one for one in found if one.state == "counts")
    if counts.problem:
        yield problem(
            "meter",
            N_("{id} counts, and cannot be read: {problem}"),
            counts.remedy,
            id=counts.id,
            problem=counts.problem,
        )
    elif counts.info is not None and counts.info.quality == "estimated":
        yield warning(
            "meter",
            N_("Nothing measures this machine ({id}): energy is estimated, with a very wide range."),
            N_("A plug that meters is the surest; or declare watts: docs/how-to/measure-energy.md."),
            id=counts.id,
        )
    elif counts.info is not None:
        low, high = counts.info.low_factor, counts.info.high_factor
        yield ok(
            "meter",
            N_("{id}: {quality}, {low:.2f} to {high:.2f} times what it counts."),
            id=counts.id,
            quality=counts.info.quality,
            low=low,
            high=high,
        )
    for one in found:
        if one.state == "unreadable":
            yield warning("meter", "{id}: {problem}", one.remedy, id=one.id, problem=one.problem)
