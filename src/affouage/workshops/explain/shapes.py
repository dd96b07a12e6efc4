"""What an explanation is made of. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.sheets.finding import Finding, Header
from affouage.sheets.sheet import Passage

Status = Literal["supported", "unsupported"]
Scope = Literal["in", "local", "personal", "foreign", "future", "far", "nothing_found", "empty"]
"""``in``: a sheet may answer. The others: why none can."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a passage, word for word. ``start``, ``end``: in characters of the passage's text.

    ``path``: the headings of the passage, outermost first: the case it speaks of ("Vous êtes mineur"). Shown with it.
    """

    collection_id: str
    sheet_id: str
    passage: int
    start: int
    end: int
    text: str
    path: tuple[str, ...] = ()


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of an answer. ``problems``: what of it the quoted text does not say (codes: ``number``, ``date``,
    ``amount``, ``condition``, ``negation``, ``no_quote``, ``little_overlap``); empty when it is supported.

    ``quote``: also of an unsupported one, the nearest there is, so that a reader sees what it strayed from; None when
    there is none near. ``place``: 0, 1, 2 ... among all that was written, dropped ones included.
    """

    text: str
    status: Status
    quote: Quote | None = None
    problems: tuple[str, ...] = ()
    place: int = 0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether to answer. ``ask_instead``: where to turn when not (addresses and services that the sheets name, or the
    town hall); ``reason``: a code with its sentence in both languages."""

    scope: Scope
    answer: bool
    reason: str = ""
    ask_instead: tuple[str, ...] = ()


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown at once, before any generation: the sheets found, whether they can answer, what they say.

    ``question``: as it is searched, shown and asked on: what looked like personal data is masked in it (the one given
    is kept nowhere). ``extracts``: sentences quoted word for word, best first, each ``supported`` by its own quote.
    ``cited``: the sheets of the extracts, in order. ``given``: passages that a model would be given, and could quote.
    ``no_generation_needed``: the first extract answers by itself.
    ``warnings``: codes, see :class:`Explanation`.
    """

    question: str
    language: str
    finding: Finding
    verdict: Verdict
    extracts: tuple[Sentence, ...] = ()
    cited: tuple[Header, ...] = ()
    given: tuple[Passage, ...] = ()
    warnings: tuple[str, ...] = ()
    no_generation_needed: bool = False


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A written answer is in the books, and may be stopped by its number (``Inference.stop``)."""

    receipt_id: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of one explanation. ``sentences``: those shown; extracts alone when no model wrote (``model`` "") or
    when nothing it wrote is supported. ``dropped``: sentences a model wrote that nothing supports, kept apart.
    ``receipt_id`` None when nothing was generated.

    ``warnings``, codes: ``personal_data:nir`` (iban, phone, email), ``old_sheet``, ``archived_sheet``,
    ``other_language:en`` (ar, other), ``words_only`` (meaning was not searched), ``sentences_dropped``,
    ``nothing_supported`` (the extracts stand in), ``model_does_not_know``, ``cut_short``.
    """

    question: str
    language: str
    finding: Finding
    verdict: Verdict
    sentences: tuple[Sentence, ...] = ()
    dropped: tuple[Sentence, ...] = ()
    cited: tuple[Header, ...] = ()
    warnings: tuple[str, ...] = ()
    model: str = ""
    receipt_id: str | None = None

    @property
    def written(self) -> tuple[Sentence, ...]:
        """Everything in the order it was written, supported or not: for whoever validates it."""
        return tuple(sorted((*self.sentences, *self.dropped), key=lambda one: one.place))
