"""Which language a text is in, from its little words or its script. Pure; made to tell French from what is not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LITTLE_WORDS = {
    "fr": "le la les des une est dans pour vous avec sur qui que ou du au aux votre par ne pas sont cette ces être",
    "en": "the of and to in is you for are with your that be this or not have from will can must by as it",
    "es": "el los las una del para con por usted su como más este esta debe puede sus cuando hasta desde pero",
    "de": "der die das und ist nicht sie ein eine den mit für auf zu von im werden oder bei wenn sind dem",
    "it": "il lo gli una della per con che non sono di nel alla come più questo deve può dei delle anche",
    "pt": "uma do da para com não você por em seu sua mais como deve pode ao dos das na também até",
}
"""Hardly any of the others is a French word too: a French text made of names would be taken for Spanish."""
_TELLS = {
    word: tuple(code for code, words in _LITTLE_WORDS.items() if word in words.split())
    for word in {word for words in _LITTLE_WORDS.values() for word in words.split()}
}
_SCRIPTS = {
    "ARABIC": "ar",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HEBREW": "he",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "HANGUL": "ko",
}
_WORD = re.compile(r"[^\W\d_]+")
_READ = 1_200
"""Characters that are looked at."""
_ENOUGH = 4
"""Little words that have to be there before another language than the expected one is believed."""


def language_of(text: str, expected: str = "fr") -> str:
    """Two letters: the language whose little words the text holds most of, ``expected`` while too few tell."""
    words = _WORD.findall(text[:_READ].lower())
    other = [code for word in words if word[0] >= "\u0370" and (code := _script(word))]
    if len(other) > len(words) / 2:
        return max(set(other), key=other.count)
    counts = Counter(code for word in words if word in _TELLS for code in _TELLS[word])
    best, most = max(counts.items(), key=lambda one: (one[1], one[0] == expected), default=(expected, 0))
    return best if most >= _ENOUGH and most > 1.3 * counts[expected] else expected


def _script(word: str) -> str:
    return _SCRIPTS.get(unicodedata.name(word[0], "").partition(" ")[0].partition("-")[0], "")
