"""What the sheets found say to a question, quoted word for word: no model, nothing written. Pure.

A sentence is chosen for the rare words it shares with the question, for the kind of thing that is asked (an amount, a
delay, yes or no), for the place of its passage and its sheet in what was found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from affouage.french.dates import dates
from affouage.french.plain import alike, content_words, level
from affouage.french.quantities import quantities
from affouage.sheets.finding import Finding, Hit
from affouage.sheets.sheet import Passage
from affouage.workshops.explain.passages import Unit, quote, units
from affouage.workshops.explain.shapes import Sentence

SHEETS_MOST = 3
NEAR_BEST = 2.0
"""Sheets whose score is further from the best one's are listed, not quoted: the right one is rarely among them."""
OF_BEST_SHEET, OF_OTHERS = 3, 1
WORTH = 0.4
"""Share of the question's rare words (or as much by the kind of thing asked) for a further sentence to be shown."""
CASE = 0.05
"""What each heading over a passage takes away: the deeper, the more it speaks of one case among many."""
TOO_LIKE = 0.7
"""Two sentences that share so much of their words say the same."""
QUOTE_MOST = 700
"""Characters of a quote that is more than one sentence: a list with its introduction, a rule with its exception."""

_HOW_MUCH = re.compile(
    r"\b(?:combien(?! de (?:temps|jours|mois|semaines|ans|annees))|prix|cout\w*|tarif\w*|montant\w*|cher|frais|"
    r"how much|cost|price|fee)\b"
)
_HOW_LONG = re.compile(
    r"\b(?:combien de (?:temps|jours|mois|semaines|annees)|delais?|duree|date|(?:jusqu'a|a partir de|avant) quand|"
    r"quand (?:est|sont|faut|dois|puis|peut|doit|tombe|commence|finit|aura|vais|va)|quel age|how long|deadline)\b|"
    r"^(?:et )?(?:quand|when)\b|\bquand ?\?"
)
_YES_NO = re.compile(
    r"(?<!qu')\best-ce qu(?:e\b|')|\b[a-z]+-(?:t-)?(?:on|je|il|elle|ils|elles|tu|vous|nous)\b|\bai je\b|"
    r"\bj'ai le droit|\b(?:a|ont) le droit|\b(?:can|do|must|may) i\b|\b(?:is|am|are) (?:it|i|we)\b"
)
_OPEN_QUESTION = re.compile(
    r"(?<!est-ce )\b(?:comment|combien|quand|qui|que|quoi|quels?|quelles?|pourquoi|how|when|where|who|what|why)\b|^ou\b"
)
_WHERE = re.compile(r"\b(?:ou|a qui|chez qui|quel service|quelle administration|s'adresser|contacter|where|who)\b")
_WHICH_PAPERS = re.compile(r"\b(?:papiers?|documents?|pieces?|justificatifs?|fournir|dossier|documents)\b")
_ANSWERS = re.compile(r"^(?:oui|non|cela depend|ca depend|en principe|en regle generale|pas toujours|yes|no)\b")
_LIMITS = re.compile(
    r"(?:toutefois|cependant|neanmoins|en revanche|par contre|mais|sauf|excepte|par exception|a l'exception|attention|"
    r"sinon|a defaut|dans le cas contraire|however|but|except)\b"
)
_OFFICES = re.compile(
    r"\b(?:mairie|prefecture|caf|cpam|tribunal|consulat|notaire|en ligne|guichet|s'adresse\w*|ministere|avocat)\b"
)


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """``end``: of the quote, its list included. ``leads``: it opens the sheet, and says what it is about."""

    passage: Passage
    unit: Unit
    end: int
    words: frozenset[str]
    around: frozenset[str]
    leads: bool

    @property
    def text(self) -> str:
        return self.passage.text[self.unit.begin : self.end]


def extracts(question: str, finding: Finding, openings: Sequence[Passage] = ()) -> tuple[Sentence, ...]:
    """The sentences of the sheets found that answer best, sheet by sheet; none when nothing was found.

    Of the best sheet the one that opens it comes first: it is what its authors answer in one sentence. ``openings``:
    first passages of the sheets found, where the search did not choose them.
    """
    near = [hit for hit in finding.hits[:SHEETS_MOST] if finding.hits[0].score - hit.score <= NEAR_BEST]
    sheets = [[*_candidates(hit, openings)] for hit in near]
    weigh = _rarity(content_words(f"{question} {finding.corrected}"), [one for found in sheets for one in found])
    flat = level(question)
    chosen: list[_Candidate] = []
    for rank, found in enumerate(sheets):
        best = _best(found, weigh, flat, OF_OTHERS if rank else OF_BEST_SHEET)
        chosen += [one for one in best if not any(_says_the_same(one, other) for other in chosen)]
    return tuple(
        Sentence(text=span.text, status="supported", quote=span, place=place)
        for place, span in enumerate(quote(one.passage, one.unit.begin, one.end) for one in chosen)
    )


def _best(found: Sequence[_Candidate], weigh: dict[str, float], flat: str, most: int) -> list[_Candidate]:
    """The one that opens the sheet or answers outright, then those that hold most of what is asked."""
    scored = [(_score(one, weigh, flat), -place, one) for place, one in enumerate(found)]
    first = max(scored, key=lambda one: (one[0] + _opening(one[2], flat), one[1]), default=None)
    if first is None:
        return []
    kept = [first[2]]
    for score, _, one in sorted(scored, key=lambda one: one[:2], reverse=True):
        if len(kept) == most or score < WORTH:
            break
        if not any(_says_the_same(one, other) for other in kept):
            kept.append(one)
    return kept


def _opening(one: _Candidate, flat: str) -> float:
    """What it is worth, for the first place, to open the sheet, and to open it with a yes, a no, an "it depends"."""
    if not one.leads:
        return 0.0
    answers = bool(_ANSWERS.match(level(one.text)))
    described = 0.2 if one.passage.number == 0 else 0.0
    return 0.3 + described + (0.5 if answers and _asks_yes_or_no(flat) else 0.2 if answers else 0.0)


def _asks_yes_or_no(flat: str) -> bool:
    """Of the last sentence: what stands before it tells the story."""
    asked = re.split(r"[.!:;]\s", flat.strip())[-1]
    return bool(_YES_NO.search(asked)) and not _OPEN_QUESTION.search(asked)


def answers_alone(question: str, finding: Finding, found: Sequence[Sentence]) -> bool:
    """Whether the first extract needs nobody to word it: it says yes, no, how much or how long, and that is asked.

    Only where words and meaning agree on the sheet: a "no" to another question answers nothing.
    """
    if not found or found[0].quote is None or finding.signals.agree not in (1, None):
        return False
    first, flat = found[0], level(question)
    if first.quote is None or first.quote.sheet_id != finding.hits[0].sheet.sheet_id:
        return False
    if _ANSWERS.match(level(first.text)) and _asks_yes_or_no(flat):
        return True
    kinds = {one.kind for one in quantities(first.text)}
    if _HOW_MUCH.search(flat) and "amount" in kinds:
        return True
    return bool(_HOW_LONG.search(flat)) and bool(kinds & {"duration", "age"} or dates(first.text))


def _candidates(hit: Hit, openings: Sequence[Passage]) -> Iterator[_Candidate]:
    sheet = hit.sheet
    first = [one for one in openings if (one.collection_id, one.sheet_id) == (sheet.collection_id, sheet.sheet_id)]
    title = content_words(sheet.title)
    described = Passage(collection_id=sheet.collection_id, sheet_id=sheet.sheet_id, number=0, text=sheet.description)
    passages = {one.key: one for one in (described, *first, *hit.passages) if one.text}
    for passage in passages.values():
        found = units(passage.text)
        around = frozenset((*content_words(" ".join(passage.path)), *title))
        for place, unit in enumerate(found):
            end = _whole(passage, place, found)
            if _stands(unit, end, passage):
                yield _Candidate(
                    passage=passage,
                    unit=unit,
                    end=end,
                    words=frozenset(content_words(passage.text[unit.begin : end])),
                    around=around,
                    leads=place == 0 and passage.number <= 1,
                )


def _whole(passage: Passage, place: int, found: Sequence[Unit]) -> int:
    """Where a quote of it ends: with the list it introduces, with the "however" that follows it; a description is
    quoted as far as it is complete."""
    unit = found[place]
    after = [one for one in found[place + 1 :] if one.stretch == unit.stretch and one.end - unit.begin <= QUOTE_MOST]
    items = [one.end for one in after if one.intro == (unit.start, unit.end)]
    if items:
        return max(items)
    end = unit.end
    for one in after:
        goes_on = passage.number == 0 or _LIMITS.match(level(one.text))
        if not goes_on or one.intro is not None or not _complete(one, passage):
            break
        end = one.end
    return end


def _complete(unit: Unit, passage: Passage) -> bool:
    """False for the last sentence of a description that its source cut short."""
    return passage.number != 0 or unit.end < len(passage.text.rstrip()) or unit.text[-1] in ".!?…)»"


def _stands(unit: Unit, end: int, passage: Passage) -> bool:
    """Whether it can be read alone: no question, title, head of a table, line without its list, sentence cut short."""
    said = unit.text.rstrip()
    if said.endswith("?") or (said.endswith(":") and end == unit.end):
        return False
    if " | " in said and " : " not in said:
        return False
    if not _complete(unit, passage):
        return False
    least = 4 if said[-1] in ".!…;" or unit.intro is not None else 12
    return len(said.split()) >= least or end > unit.end


def _rarity(asked: Sequence[str], candidates: Sequence[_Candidate]) -> dict[str, float]:
    """What each word of the question weighs: more, the fewer of the candidates hold it."""
    held = Counter(
        word for one in candidates for word in set(asked) if _holds(one.words, word) or _holds(one.around, word)
    )
    return {word: math.log(1 + len(candidates) / (1 + held[word])) for word in dict.fromkeys(asked)}


def _holds(words: frozenset[str], word: str) -> bool:
    return word in words or any(alike(word, one) for one in words if one[:3] == word[:3])


def _score(one: _Candidate, weigh: dict[str, float], flat: str) -> float:
    total = sum(weigh.values()) or 1.0
    own = sum(value for word, value in weigh.items() if _holds(one.words, word))
    near = sum(value for word, value in weigh.items() if not _holds(one.words, word) and _holds(one.around, word))
    easy = 0.7 if " | " in one.unit.text else 1.0  # a row of a table is read last
    easy *= 1 - CASE * min(len(one.passage.path), 6)
    return easy * ((own + 0.5 * near) / total + _kind_bonus(one, flat))


def _kind_bonus(one: _Candidate, flat: str) -> float:
    """For what is asked: an amount, a delay, yes or no, where to go, which papers."""
    text = one.text
    said = level(text)
    bonus = 0.0
    counted = quantities(text)
    if _HOW_MUCH.search(flat) and any(q.kind in ("amount", "percent") for q in counted):
        bonus += 0.2
    if _HOW_LONG.search(flat) and (any(q.kind in ("duration", "age") for q in counted) or dates(text)):
        bonus += 0.15
    if _WHERE.search(flat) and _OFFICES.search(said):
        bonus += 0.1
    if _WHICH_PAPERS.search(flat) and one.end > one.unit.end:
        bonus += 0.1
    return bonus


def _says_the_same(one: _Candidate, other: _Candidate) -> bool:
    if one.passage.key == other.passage.key and one.unit.begin < other.end and other.unit.begin < one.end:
        return True
    common = len(one.words & other.words)
    return common >= TOO_LIKE * max(1, min(len(one.words), len(other.words)))
