"""Before a proposal is sent: by which vote it would be decided, and what it would have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.decisions.state import Poll
from affouage.assembly.rules.governance import profile
from affouage.web.assembly import words
from affouage.web.door import Visit
from affouage.web.preview_words import preview_words


@dataclass(frozen=True)
class Deciding:
    """By which vote, in sentences; the first one says the majority, the second why that one."""

    sentences: tuple[str, ...]


def deciding(visit: Visit, profile_name: str, about: AnySubject, poll: Poll | None = None) -> Deciding:
    """``poll``: the vote it was or is decided by, whose rule is kept whatever is voted meanwhile."""
    rules = visit.commons.charter.in_force("governance").value
    asked = poll.opened.profile if poll is not None else profile(rules, profile_name)
    return Deciding(words.decided_by(profile_name, asked, visit.language))


async def impact(visit: Visit, area: str, document: dict[str, Any]) -> tuple[str, ...]:
    """What the change would have done lately, counted on what really happened here."""
    found = await visit.commons.previews.of(area, document)
    return tuple(preview_words(one, visit.language) for one in found)
