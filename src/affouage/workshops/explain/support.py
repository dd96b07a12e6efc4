"""Does a quoted span say what a sentence says? Decided by program, without a model. Pure.

Every figure, date, negation and condition of a sentence must stand in one span of one passage, nearly all its words
too, and the span's own negations and conditions must not be lost on the way. When in doubt, it is not supported: a
sentence dropped costs a reader little, a wrong one may cost them a right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from affouage.french.conditions import Condition, allows, conditions, obliges
from affouage.french.dates import dates
from affouage.french.negations import Negation, negations
from affouage.french.plain import alike, content_spans, content_words, squeeze, stem, words
from affouage.french.quantities import quantities
from affouage.sheets.sheet import Passage
from affouage.workshops.explain.opposites import opposed
from affouage.workshops.explain.passages import quote, units
from affouage.workshops.explain.shapes import Sentence

COVERED_LEAST = 0.75
"""Share of a sentence's words (those that carry meaning) that its span must hold; the others must be ``NEUTRAL``."""
NEUTRAL = frozenset(
    content_words(
        "obtenir obtenu effectuer réaliser procéder bénéficier disposer fournir présenter remettre transmettre joindre "
        "nécessaire nécessaires besoin suivant suivants suivante indiqué indiquée concerné concernée correspondant "
        "document documents pièce élément démarche procédure personne personnes cas situation façon manière simple "
        "également aussi ainsi donc prévoir exiger demander demandé possible savoir permettre "
        "extrait extraits fiche texte précisé mentionné selon notamment exemple question réponse voici "
        "get obtain provide need needed required following document documents person people case procedure"
    )
)
"""Words by which one says the same thing otherwise. Any other word is one that the span does not say."""
SAME_CONDITION = 0.6
"""Share of the words of a condition that must be found in its counterpart."""
IN_ORDER_LEAST = 0.5
"""Share of the common words that must follow one another in the same order: who owes whom."""
RETOLD_LEAST = 0.5
"""Share of the words of its span that a sentence must tell."""
SUMMED_UP_LEAST = 0.8
"""Share of the words of each sentence of a passage that must be found in the one that sums several up."""
MOST_UNITS = 3
"""Sentences of a passage that one sentence may sum up."""
NEAR = 0.34
"""Below that share of common words, there is no span to show beside an unsupported sentence."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that may be quoted, with the title of its sheet."""

    passage: Passage
    title: str = ""


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, by what it speaks of: stems, and figures marked with #."""

    kind: str
    content: frozenset[str]


class _Read:
    """What a program tells of a text, read once. Figures are known by what they are worth, not by how they are written:
    ``words`` leaves them out."""

    def __init__(self, text: str) -> None:
        counted, told = quantities(text), dates(text)
        figures = [(one.start, one.end, f"#{one.key}") for one in counted]
        figures += [(one.start, one.end, f"#{one.key}") for one in told]
        placed = [(one.start, stem(one.text)) for one in content_spans(text) if not _inside(one.start, figures)]
        self.text = text
        self.words = tuple(one for _, one in placed)
        placed += [(start, key) for start, _, key in figures]
        self.known = frozenset(one for _, one in placed)
        self.amounts = [one.key for one in counted if one.kind in ("amount", "percent")]
        self.numbers = [one.key for one in counted if one.kind not in ("amount", "percent")]
        self.dates = [one.key for one in told]
        self.negations = negations(text)
        self.conditions = [_case(one, placed) for one in conditions(text)]
        self.written = frozenset(one.text for one in words(text))

    @classmethod
    def join(cls, parts: Sequence[_Read]) -> _Read:
        """Of texts that follow one another, as if they were one."""
        if len(parts) == 1:
            return parts[0]
        joined = cls.__new__(cls)
        joined.text = "\n".join(one.text for one in parts)
        joined.words = tuple(word for one in parts for word in one.words)
        joined.known = frozenset().union(*(one.known for one in parts))
        joined.written = frozenset().union(*(one.written for one in parts))
        for name in ("amounts", "numbers", "dates", "negations", "conditions"):
            setattr(joined, name, [item for one in parts for item in getattr(one, name)])
        return joined

    def holds(self, word: str) -> bool:
        return word in self.known or (word[0] != "#" and any(alike(word, one) for one in self._like(word[:3])))

    def _like(self, start: str) -> list[str]:
        return self._starts.get(start, [])

    @cached_property
    def _starts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self.known:
            found.setdefault(one[:3], []).append(one)
        return found


def _case(one: Condition, placed: Sequence[tuple[int, str]]) -> _Case:
    begin = one.start + len(one.cue)
    return _Case(kind=one.kind, content=frozenset(word for at, word in placed if begin <= at < one.end))


def _inside(place: int, figures: Sequence[tuple[int, int, str]]) -> bool:
    return any(start <= place < end for start, end, _ in figures)


class _Passage:
    """A passage as it may be quoted: its units read once, and its headings."""

    def __init__(self, source: Source) -> None:
        self.passage = source.passage
        self.units = units(source.passage.text)
        self.read = [_Read(one.text) for one in self.units]
        self.around = _Read("\n".join((*source.passage.path, source.title)))
        self._places = {(one.start, one.end): n for n, one in enumerate(self.units)}

    def spans(self) -> Iterator[_Span]:
        """One to ``MOST_UNITS`` neighbours, and each list with what introduces it."""
        for size in range(1, MOST_UNITS + 1):
            for first in range(len(self.units) - size + 1):
                if self.units[first].stretch == self.units[first + size - 1].stretch:
                    yield self._span(range(first, first + size))
        for place, one in enumerate(self.units):
            items = [n for n, other in enumerate(self.units) if other.intro == (one.start, one.end)]
            if len(items) >= MOST_UNITS:
                yield self._span((place, *items))

    def _span(self, places: Sequence[int]) -> _Span:
        first, last = self.units[places[0]], self.units[places[-1]]
        intros: list[_Read] = []
        above = first.intro
        while above is not None:  # a list within a list
            intros.insert(0, self.read[self._places[above]])
            above = self.units[self._places[above]].intro
        return _Span(self, first.begin, last.end, [self.read[n] for n in places], intros)


class _Span:
    """A candidate. ``parts``: what it says; ``intro``: what introduces it."""

    def __init__(self, of: _Passage, start: int, end: int, parts: Sequence[_Read], intro: Sequence[_Read]) -> None:
        self.of, self.start, self.end, self.parts, self._intro = of, start, end, parts, intro

    @cached_property
    def said(self) -> _Read:
        return _Read.join([*self._intro, *self.parts])

    def covers(self, said: _Read) -> float:
        """Share of the sentence's words that it holds, its headings included; at least half without them."""
        if not said.words:
            return float(any(squeeze(said.text) == squeeze(one.text) for one in self.parts))
        parts = (*self._intro, *self.parts)
        mine = [any(one.holds(word) for one in parts) for word in said.words]
        near = [own or self.of.around.holds(word) for own, word in zip(mine, said.words, strict=True)]
        return (sum(near) if sum(mine) * 2 >= len(mine) else sum(mine)) / len(mine)

    def foreign(self, said: _Read) -> bool:
        """Whether a word of the sentence stands neither here nor among the ``NEUTRAL`` ones."""
        parts = (*self._intro, *self.parts, self.of.around)
        return any(word not in NEUTRAL and not any(one.holds(word) for one in parts) for word in said.words)


def check(text: str, sources: Sequence[Source]) -> tuple[Sentence, ...]:
    """Every sentence of ``text`` with the span that says it, or with what no span says. In order.

    ``text``: what a model wrote, plain. An item of a list is checked with the line that introduces it.
    """
    spans = [span for one in sources for span in _Passage(one).spans()]
    found: list[Sentence] = []
    for place, one in enumerate(units(text, quoted=False)):
        intro = text[one.intro[0] : one.intro[1]] if one.intro else ""
        found.append(_tied(one.text, intro, spans, place))
    return tuple(found)


def _tied(text: str, intro: str, spans: Sequence[_Span], place: int) -> Sentence:
    said = _Read(_without_yes(text))
    with_intro = _Read(f"{intro}\n{said.text}") if intro else said
    ranked = sorted(((span.covers(said), span.start - span.end, n) for n, span in enumerate(spans)), reverse=True)
    best: tuple[tuple[str, ...], _Span] | None = None
    for share, _, number in ranked:
        if share < min(NEAR, COVERED_LEAST):
            break
        span = spans[number]
        problems = _problems(said, with_intro, span, share)
        if best is None or len(problems) < len(best[0]):
            best = problems, span
        if not problems:
            break
    if best is None:
        return Sentence(text=text, status="unsupported", problems=("no_quote",), place=place)
    problems, span = best
    near = quote(span.of.passage, span.start, span.end)
    return Sentence(
        text=text, status="unsupported" if problems else "supported", quote=near, problems=problems, place=place
    )


def _problems(said: _Read, whole: _Read, span: _Span, share: float) -> tuple[str, ...]:
    """``whole``: the sentence with what introduces it."""
    source, around = span.said, span.of.around
    found = []
    if not _follows(whole.amounts, source.amounts, around.amounts):
        found.append("amount")
    if not _follows(whole.numbers, source.numbers, around.numbers):
        found.append("number")
    if not _follows(whole.dates, source.dates, around.dates):
        found.append("date")
    if not _same_negations(whole.negations, source, around):
        found.append("negation")
    if not _same_conditions(whole, source, around):
        found.append("condition")
    if _changes_duty(whole.text, source.text):
        found.append("obligation")
    if opposed(said.words, (*source.words, *around.words)):
        found.append("opposite")
    if any(one not in source.written and one not in around.written for one in _names(said.text)):
        found.append("name")
    told = share >= COVERED_LEAST and not span.foreign(said) and _in_order(said, source)
    told = told and _retells(whole, source, around)
    if not told or (len(span.parts) > 1 and not _sums_up(said, span.parts)):
        found.append("little_overlap")
    return tuple(found)


def _follows(asked: Sequence[object], given: Sequence[object], around: Sequence[object]) -> bool:
    """Whether ``asked`` stands in ``given`` in the same order; the headings may add theirs."""
    left = iter(given)
    return all(one in around or any(one == other for other in left) for one in asked)


def _same_negations(said: Sequence[Negation], source: _Read, around: _Read) -> bool:
    """Each negation of one answers one of the other, about the same words; none of the source's is lost."""
    left = list(source.negations)
    for one in said:
        answer = next((other for other in left if _alike(one, other)), None)
        if answer is not None:
            left.remove(answer)
        elif not any(_alike(one, other) for other in around.negations):
            return False
    return not left


def _alike(one: Negation, other: Negation) -> bool:
    if one.kind != other.kind:
        return False
    return any(alike(mine, theirs) for mine in one.focus for theirs in other.focus) or not (one.focus or other.focus)


def _same_conditions(whole: _Read, source: _Read, around: _Read) -> bool:
    """Each condition of one answers one of the other; the headings may add theirs, as a case they speak of."""
    said = whole.conditions
    if not all(
        any(_same(one, other) for other in said) and _held(one.content, whole) >= SAME_CONDITION
        for one in source.conditions
    ):
        return False
    return all(
        (any(_same(one, other) for other in source.conditions) and _held(one.content, source, around) >= SAME_CONDITION)
        or any(_same(one, other) for other in around.conditions)
        or (one.kind == "if" and bool(one.content) and _held(one.content, around) >= SAME_CONDITION)
        for one in said
    )


def _same(one: _Case, other: _Case) -> bool:
    if one.kind != other.kind:
        return False
    short, long = sorted((one.content, other.content), key=len)
    common = sum(
        any(word == theirs or ("#" not in word + theirs and alike(word, theirs)) for theirs in long) for word in short
    )
    return common >= SAME_CONDITION * len(short)


def _held(asked: frozenset[str], *texts: _Read) -> float:
    return sum(any(text.holds(one) for text in texts) for one in asked) / len(asked) if asked else 1.0


def _changes_duty(said: str, source: str) -> bool:
    """What may be becomes what must be, or the other way round."""
    must, may = obliges(said), allows(said)
    if must == may:
        return False
    return (must and allows(source) and not obliges(source)) or (may and obliges(source) and not allows(source))


_ADDRESS = re.compile(r"[^\s/]+\.[a-z]{2,}$")


def _names(text: str) -> set[str]:
    """Words, leveled, that name somebody or some place: a capital within a sentence, an acronym, an address."""
    found = set()
    for place, one in enumerate(words(text)):
        written = text[one.start : one.end]
        capitals = sum(letter.isupper() for letter in written)
        if capitals > 1 or (capitals and place) or _ADDRESS.match(one.text):
            found.add(one.text)
    return found


def _in_order(said: _Read, source: _Read) -> bool:
    common = [one for one in said.words if source.holds(one)]
    if len(common) < 3:
        return True
    longest = [0] * (len(source.words) + 1)
    for one in common:  # the longest common subsequence, one row at a time
        before = 0
        for place, other in enumerate(source.words, start=1):
            kept = longest[place]
            longest[place] = before + 1 if alike(one, other) else max(longest[place], longest[place - 1])
            before = kept
    return longest[-1] >= IN_ORDER_LEAST * len(common)


def _retells(whole: _Read, source: _Read, around: _Read) -> bool:
    """Whether it tells enough of the span to be that, and not some words picked from it. What the title says goes
    without saying."""
    heavy = [one for one in source.known if one[0] != "#" and one not in NEUTRAL and not around.holds(one)]
    return not heavy or sum(whole.holds(one) for one in heavy) >= RETOLD_LEAST * len(heavy)


def _sums_up(said: _Read, parts: Sequence[_Read]) -> bool:
    """Whether the sentence tells all of each part of a span made of several, and all of what that part alone says: it
    may not pick from each of them."""
    each = [frozenset(one.words) - NEUTRAL for one in parts]
    alone = [one - frozenset().union(*(other for other in each if other is not one)) for one in each]
    return all(_held(one, said) >= SUMMED_UP_LEAST for one in (*each, *alone))


_YES = re.compile(r"^\s*(?:oui|yes|non|no)\b\s*[,:.!;]?\s*(?=\w)", re.IGNORECASE)


def _without_yes(text: str) -> str:
    """Without the "Yes," or "No," it starts with, when the rest says the same by itself."""
    found = _YES.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    denies = found[0].strip().lower().startswith("n")
    return rest if bool(negations(rest)) == denies else text
