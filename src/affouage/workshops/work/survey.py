"""The question of the week, and how heavy work felt: who answered is known for a while, what each said never. Pure.

Answers are told by blocks of whole weeks, as tasks are (see ``blocks``): once, when at least five people answered.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Literal

import msgspec

from affouage.errors import BadRequest
from affouage.workshops.work.blocks import WAITING_WEEKS
from affouage.workshops.work.groups import enough
from affouage.workshops.work.weeks import Week, span

Said = Literal["lighter", "same", "heavier"]
"""This week, the tool: saved me time, changed nothing, cost me time."""
SAID: tuple[Said, ...] = ("lighter", "same", "heavier")
WORDS_MOST = 500
"""Characters."""
WORDS_TOGETHER = 5
"""Texts that are shown at a time, in no order: fewer wait for others."""

SCALES = ("mental", "physical", "temporal", "performance", "effort", "frustration")
"""Of NASA-TLX (Hart and Staveland, 1988), used raw, each from 0 to 100; for ``performance``, 100 is failure."""
SCALE_MOST = 100
LOAD_ONE_WEEK_IN = 4
"""In which a member is asked how heavy work felt."""


class SurveyBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to the question of the week, of whole weeks."""

    first: Week
    last: Week
    lighter: int = 0
    same: int = 0
    heavier: int = 0

    @property
    def answers(self) -> int:
        return self.lighter + self.same + self.heavier

    def __add__(self, other: SurveyBlock) -> SurveyBlock:
        return SurveyBlock(
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            lighter=self.lighter + other.lighter,
            same=self.same + other.same,
            heavier=self.heavier + other.heavier,
        )


class LoadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """How heavy work felt, over whole weeks. ``totals``: sums of each of ``SCALES``, in its order."""

    first: Week
    last: Week
    answers: int
    totals: tuple[int, ...]

    @property
    def means(self) -> tuple[float, ...]:
        """Of each scale, 0 to 100."""
        return tuple(total / self.answers for total in self.totals)

    @property
    def whole(self) -> float:
        """The raw TLX: the mean of the six."""
        return sum(self.means) / len(SCALES)

    def __add__(self, other: LoadBlock) -> LoadBlock:
        return LoadBlock(
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            answers=self.answers + other.answers,
            totals=tuple(a + b for a, b in zip(self.totals, other.totals, strict=True)),
        )


def spans(voices: Mapping[Week, Sequence[str]], first: Week, last: Week) -> Iterator[tuple[Week, Week]]:
    """The weeks, all of them over, whose answers can be told together: (first, last) of each block, in order.

    ``voices``: who answered in each week, once a week at most. What is left at the end waits for weeks to come.
    """
    waiting: list[Week] = []
    for week in span(first, last):
        if waiting or voices.get(week):
            waiting = [*waiting, week][-WAITING_WEEKS:]
        if enough(who for each in waiting for who in voices.get(each, ())):
            yield waiting[0], week
            waiting = []


def counted(first: Week, last: Week, answers: Iterable[str]) -> SurveyBlock:
    said = Counter(answers)
    return SurveyBlock(first=first, last=last, **{one: said[one] for one in SAID})


def weighed(first: Week, last: Week, answers: Sequence[Sequence[int]]) -> LoadBlock:
    """``answers``: the six scales of each."""
    return LoadBlock(first=first, last=last, answers=len(answers), totals=tuple(map(sum, zip(*answers, strict=True))))


def surveyed(told: Iterable[SurveyBlock]) -> SurveyBlock | None:
    """Several blocks together; None for none."""
    found = list(told)
    return reduce(SurveyBlock.__add__, found) if found else None


def loaded(told: Iterable[LoadBlock]) -> LoadBlock | None:
    """Several blocks together; None for none."""
    found = list(told)
    return reduce(LoadBlock.__add__, found) if found else None


def load_is_asked(member_id: str, week: Week) -> bool:
    """Whether this is one of the weeks in which this member is asked: drawn once, without anybody's choice."""
    return hashlib.sha256(f"affouage load\0{member_id}\0{week}".encode()).digest()[0] % LOAD_ONE_WEEK_IN == 0


def check_said(text: str) -> Said:
    """Raises BadRequest, code ``work_said``."""
    for one in SAID:
        if text == one:
            return one
    raise BadRequest(
        "Choose one of the three answers.", remedy=f"One of: {', '.join(SAID)}.", param="said", code="work_said"
    )


def check_words(text: str) -> str:
    """Without the spaces around them. Raises BadRequest, code ``work_words``, when there are too many."""
    text = text.strip()
    if len(text) > WORDS_MOST:
        raise BadRequest(
            f"That is {len(text)} characters.",
            remedy=f"Write {WORDS_MOST} at most.",
            param="words",
            code="work_words",
            length=len(text),
            most=WORDS_MOST,
        )
    return text


def check_scales(texts: Sequence[str]) -> tuple[int, ...]:
    """The six, in the order of ``SCALES``. Raises BadRequest, code ``work_scales``."""
    if len(texts) == len(SCALES) and all(one.isascii() and one.isdigit() and len(one) <= 3 for one in texts):
        values = tuple(int(one) for one in texts)
        if max(values) <= SCALE_MOST:
            return values
    raise BadRequest(
        f"Each of the {len(SCALES)} takes a whole number from 0 to {SCALE_MOST}.",
        remedy="Move the six, or answer none of them.",
        param="scales",
        code="work_scales",
        most=SCALE_MOST,
    )
