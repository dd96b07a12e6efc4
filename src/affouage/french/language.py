"""In which language a question is asked: French, English, Arabic, or another. By its little words. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from affouage.french.plain import level

Spoken = Literal["fr", "en", "ar", "other"]

_LITTLE = {
    "fr": "le la les un une des du de je tu il elle on nous vous ils mon ma mes ton ta son sa ses notre votre leur est "
    "sont suis ai as a avez avons ont pas ne que qui quoi comment combien pourquoi quand ou pour avec dans sur par au "
    "aux ce cette ces et mais si faut peut dois puis faire quel quelle quels quelles l d j c qu n m s",
    "en": "the an i you he she we they my your his her our their is are am was do does did have has can could should "
    "would will how what when where who why which for with in on at by to of and but if not this that get need it me",
    "es": "el los las una unos de del yo usted mi su es son estoy tengo tiene como cuanto cuando donde por para con "
    "en y pero si no que se lo puedo hacer soy esta un la",
    "de": "der die das ein eine einen ich du er sie wir ihr mein meine ist sind bin habe hat kann wie was wann wo "
    "warum fur mit in auf von zu und aber nicht den dem im",
    "it": "il lo gli uno una di del della io mio mia sono ho ha posso come quanto quando dove per con in e ma non che "
    "si un la fare",
    "pt": "o os uma de do da eu meu minha sou estou tenho tem posso como quanto quando onde para com em e mas nao que "
    "se um a fazer",
}
_SETS = {language: frozenset(words.split()) for language, words in _LITTLE.items()}
_WORD = re.compile(r"[a-z]+")


def language_of(text: str) -> Spoken:
    """French when nothing says otherwise: a few key words are no proof of anything."""
    letters = [one for one in text if one.isalpha()]
    if not letters:
        return "fr"
    latin = sum(one < "\u0250" for one in letters)
    if latin * 2 < len(letters):
        arabic = sum("ARABIC" in unicodedata.name(one, "") for one in letters)
        return "ar" if arabic * 2 > len(letters) else "other"
    found = _WORD.findall(level(text))
    scores = {language: sum(one in little for one in found) for language, little in _SETS.items()}
    best = max(scores, key=lambda one: scores[one])
    if scores[best] <= scores["fr"] or scores[best] < 2:
        return "fr"
    return "en" if best == "en" else "other"
