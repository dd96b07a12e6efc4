"""What a model is given: the passages found as data between fences, the question last. Pure.

The workshop's own visible text stands before it (``prompt.fr.md``); what comes back is checked, so nothing written in
a document or a question has power over what a reader is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from affouage.chat import ChatRequest, Message
from affouage.sheets.finding import Finding
from affouage.sheets.sheet import Passage
from affouage.workshops.explain.passages import units
from affouage.workshops.explain.shapes import Look, Sentence
from affouage.workshops.explain.support import Source

PASSAGES_MOST, WORDS_MOST = 6, 380
"""A small machine reads some sixty word-pieces a second: longer passages would be waited for."""
ANSWER_TOKENS = 160
_OF_EACH_SHEET = (2, 1)

_FENCE = re.compile(r"<{2,}|>{2,}|<\|?|\|?>")
_WORDS = {
    "fr": ("Extraits de fiches", "Question", "Réponse, avec des phrases recopiées des extraits"),
    "en": ("Extracts of sheets", "Question", "Answer, with sentences copied from the extracts"),
}


def passages_given(finding: Finding, found: Sequence[Sentence], openings: Sequence[Passage]) -> tuple[Passage, ...]:
    """What a model is given, within ``WORDS_MOST``: where the extracts ``found`` stand, then the best passages of the
    best sheets. ``openings``: passages known beside those of the finding."""
    known = {one.key: one for one in (*openings, *(one for hit in finding.hits for one in hit.passages))}
    quoted = (one.quote for one in found if one.quote is not None)
    keys = [f"{one.collection_id}/{one.sheet_id}/{one.passage}" for one in quoted]
    keys += [one.key for most, hit in zip(_OF_EACH_SHEET, finding.hits, strict=False) for one in hit.passages[:most]]
    given: list[Passage] = []
    left = WORDS_MOST
    for one in (known[key] for key in dict.fromkeys(keys) if key in known):
        left -= len(one.text.split())
        if len(given) == PASSAGES_MOST or (given and left < 0):
            break
        given.append(one)
    return tuple(given)


def sources(look: Look) -> tuple[Source, ...]:
    """The passages given, each with the title of its sheet."""
    titles = {(hit.sheet.collection_id, hit.sheet.sheet_id): hit.sheet.title for hit in look.finding.hits}
    return tuple(Source(passage=one, title=titles.get((one.collection_id, one.sheet_id), "")) for one in look.given)


def request(look: Look, given: Sequence[Source], model: str) -> ChatRequest:
    """The question to a model: always the same for the same look."""
    extracts, question, answer = _WORDS["en" if look.language == "en" else "fr"]
    told = "\n".join(f"<<<\n{_heading(one)}\n{readable(one)}\n>>>" for one in given)
    content = f"{extracts} :\n{told}\n\n{question} : {harmless(look.question)}\n\n{answer} :"
    return ChatRequest(
        model=model,
        messages=(Message("user", content),),
        max_tokens=ANSWER_TOKENS,
        options={"temperature": 0.0, "seed": 0},
    )


def _heading(one: Source) -> str:
    return harmless(" > ".join((one.title, *one.passage.path)))


def readable(one: Source) -> str:
    """A passage without the sentences that give a machine orders, line by line."""
    return "\n".join(harmless(unit.text) for unit in units(one.passage.text))


def harmless(text: str) -> str:
    """``text`` without what could pass for a fence or for a mark of the model's own template, on lines of its own."""
    seen = "".join(one for one in text if one == "\n" or unicodedata.category(one) not in ("Cc", "Cf", "Co", "Cs"))
    return _FENCE.sub(" ", seen)


_MARKS = re.compile(
    r"\*\*|__|`+|^#{1,6} +|^> ?|\[(?:\d{1,2}|extrait \d{1,2})\]|<{3}|>{3}", re.MULTILINE | re.IGNORECASE
)


def plain(text: str) -> str:
    """What a model wrote, without the marks of Markdown."""
    return _MARKS.sub("", unicodedata.normalize("NFC", text)).strip()


_DOES_NOT_KNOW = re.compile(
    r"\bje (?:ne )?sais pas\b|\bje n'ai pas (?:trouve|d'information)|\bles extraits? ne\b|"
    r"\baucune? (?:extrait|information)\b|"
    r"\bi (?:do not|don't) know\b|\bthe extracts do not\b",
)


def does_not_know(flat: str) -> bool:
    """Whether a leveled answer says that the extracts do not answer."""
    return bool(_DOES_NOT_KNOW.search(flat[:200]))
