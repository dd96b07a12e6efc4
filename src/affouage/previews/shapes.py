"""What a preview is, and the facts it is counted on. Data alone. Pure.

Nothing here tells apart fewer than five people: a number of people below that is :data:`FEW`. Unknown is None.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from affouage.catalogue.rules import Candidate
from affouage.footprint.budget import Rates

FEWEST = 5
FEW = "few"
"""In the place of a number of people from one to four."""
WINDOW_DAYS = 30
DAY_MS = 86_400_000

Number = int | float | str | None


class Preview(msgspec.Struct, frozen=True):
    """One thing a change would have done. ``code``: of its sentence (``web.preview_words``); ``numbers`` fill it.

    Energy is in kilowatt-hours, times in days; names are of rules, models and uses, never of people.
    """

    code: str
    numbers: dict[str, Number] = {}


class Asked(NamedTuple):
    """One answered request, from its receipt. ``energy_uj``: microjoules, None unknown. ``trust``: of the machine that
    answered, 0 for the commons' own, None for one that is not known any more. ``language``: of its prefix, "" none."""

    at_ms: int
    member_id: str
    workshop: str
    use: str
    model_id: str
    sha256: str | None
    openness: Mapping[str, str]
    reach: str
    trust: int | None
    energy_uj: int | None
    prompt_tokens: int
    decoded_tokens: int
    waited: bool
    language: str


class Person(NamedTuple):
    """A row of the roll. ``votes``: as recorded by hand, whatever the rules say of their role."""

    id: str
    role: str
    active: bool
    created_ms: int
    college: str = ""
    votes: bool = True


class Lent(NamedTuple):
    """A machine of a member, waiting or approved. ``trust`` 1 collective to 3 everyone."""

    owner_id: str
    state: str
    trust: int


class Pending(NamedTuple):
    """An invitation that can still be used. ``author``: role of who made it, "" for the command line."""

    author: str


class Held(NamedTuple):
    """A mandate that somebody holds now."""

    scope: str
    days: int


class Recount(NamedTuple):
    """A closed vote. ``profile``: name of its threshold profile; ``counted``: its count, in JSON."""

    poll: int
    proposal: int
    profile: str
    method: str
    several: bool
    outcome: str
    counted: dict[str, Any]
    electors: dict[str, int]
    colleges: dict[str, int]


class Calendar(Protocol):
    """``footprint.period.Calendar``."""

    def day(self, at_ms: int, /) -> str: ...

    def bounds(self, period: str, /) -> tuple[int, int]: ...

    def minute(self, at_ms: int, /) -> int: ...


class Facts(msgspec.Struct, kw_only=True):
    """What the commons knows of the window from ``first_ms`` (a local midnight) to ``now_ms``. Read by ``facts.py``.

    ``asked``: in the order they came. ``keeping_on_uj``: by day, what kept the machines on. ``before_uj``: by (scope,
    key, period), what was used in periods begun before the window. ``ages``: by class of data and age in days, how
    many pieces. ``desk_questions``: that came to the desk in the window. ``installed`` None: nobody told. ``shipped``:
    the prefix that stands where nothing was voted.
    """

    now_ms: int
    first_ms: int
    calendar: Any
    rates: Rates = Rates()
    asked: list[Asked] = []
    keeping_on_uj: dict[str, int] = {}
    before_uj: dict[tuple[str, str, str], int] = {}
    exempt_uses: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    installed: tuple[Candidate, ...] | None = None
    ages: dict[str, dict[int, int]] = {}
    conversation_owners: dict[int, set[str]] = {}
    lent: tuple[Lent, ...] = ()
    machine_invitations: tuple[Pending, ...] = ()
    invitations: tuple[Pending, ...] = ()
    held: tuple[Held, ...] = ()
    reports: dict[str, int] = {}
    desk_questions: int = 0
    recounts: tuple[Recount, ...] = ()
    shipped: dict[str, str] = {}


class Days:
    """Which day of the window a moment falls in, looked up rather than computed: there are many requests."""

    def __init__(self, facts: Facts) -> None:
        self.names: list[str] = []
        self.starts: list[int] = []
        at_ms = facts.first_ms
        while at_ms <= facts.now_ms:
            name = facts.calendar.day(at_ms)
            start_ms, end_ms = facts.calendar.bounds(name)
            self.names.append(name)
            self.starts.append(start_ms)
            at_ms = end_ms

    def place(self, at_ms: int) -> int:
        return max(0, bisect_right(self.starts, at_ms) - 1)


def people(ids: Collection[str], facts: Facts) -> Number:
    """How many persons these are; the collective itself is nobody."""
    nobody = {one.id for one in facts.people if one.role == "commons"}
    return few(len({one for one in ids if one and one not in nobody}))


def few(number: int) -> Number:
    return FEW if 0 < number < FEWEST else number


def nothing_known(facts: Facts) -> list[Preview]:
    """Said when there is nothing to count on; no figure is made of nothing."""
    return [] if facts.asked else [Preview("no_requests", {"days": WINDOW_DAYS})]
