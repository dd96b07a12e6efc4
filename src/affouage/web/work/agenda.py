"""What the work ledger puts before the assembly, as the page of the assembly shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from affouage.web.language import Language
from affouage.web.periods import named
from affouage.web.work import words
from affouage.workshops.work.book import Item


@dataclass(frozen=True)
class AgendaRow:
    """``seq``: its entry of the public log; ``month``: whose figures these are, ``2026-11`` and in words; ``change``:
    the rule one may propose to change."""

    seq: int
    title: str
    figures: str
    month: str
    month_words: str
    at_ms: int
    change: str


def agenda_rows(items: Iterable[Item], language: Language) -> tuple[AgendaRow, ...]:
    return tuple(
        AgendaRow(
            seq=one.seq,
            title=words.agenda_title(one.what, language),
            figures=words.agenda_figures(one.what, language),
            month=one.what.month,
            month_words=named(one.what.month, language),
            at_ms=one.at_ms,
            change="desk",
        )
        for one in items
    )
