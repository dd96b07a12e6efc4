"""Ballots that rank: options from the first preference to the last. Pure."""

from __future__ import annotations

from affouage.assembly.tally.check import check_options, refuse, unreadable
from affouage.assembly.tally.shapes import ABSTAIN, Ballot, CountSpec

Preferences = tuple[tuple[str, ...], ...]
"""Options liked equally stand together, sorted. Those left out are liked less than any other, and equally."""


def read_preferences(spec: CountSpec, ballot: Ballot, *, strict: bool) -> Preferences | None:
    """``strict``: no two may be liked equally. Raises BadRequest for what does not rank options, each once."""
    if ballot.choice == ABSTAIN:
        return None
    if not isinstance(ballot.choice, list | tuple):
        unreadable(spec, "options from the first preference to the last, or abstain")
    levels = [tuple(level) if isinstance(level, list | tuple) else (level,) for level in ballot.choice]
    check_options(spec, (option for level in levels for option in level))
    if strict and any(len(level) > 1 for level in levels):
        refuse("equal", "A ballot ranks two options equally.", "This method needs one before the other.", "choice")
    return tuple(tuple(sorted(level)) for level in levels if level) or None
