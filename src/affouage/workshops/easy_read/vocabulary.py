"""Rules on words: hard ones, rare ones, acronyms, abbreviations, pronouns that follow one another. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from affouage.french.plain import level
from affouage.workshops.easy_read.lemmas import bases
from affouage.workshops.easy_read.plain_words import PlainWords
from affouage.workshops.easy_read.shapes import Document, Spot
from affouage.workshops.easy_read.words import Word, plain_words_in, without_addresses

COMMON_BAND = 10
"""Of Lexique's six sixths of all word forms, the first: the commonest 21,000 forms. A word none of whose forms is in it
is called rare."""

Bands = Mapping[str, int]
"""By form in small letters: 10 for the commonest sixth of all forms, then 20, 30, 40, 50, 60."""

_LEAST_LETTERS = 3

_ABBREVIATED = re.compile(
    r"(?<![\w.])(?:p\. ?ex\.|c\.-à-d\.|n\.b\.|i\.e\.|e\.g\.|n°|[^\W\d_]{1,5}\.(?=\s|,|\)|$)|[^\W\d_]{2,5}(?![\w.]))",
    re.IGNORECASE,
)
_ACRONYM = re.compile(
    r"(?<![\w.-])(?:[A-ZÀ-Ý]{2,8}|[A-ZÀ-Ý]{2,4}[a-z][A-Z]{1,3}|(?:[A-Z]\.){2,6}|[A-Z][a-zà-ÿ]{2,5})(?![\w-])"
)
_LOOKS_ROMAN = re.compile(r"[IVX]+")
_LITTLE_WORDS = "OK FALC PDF SMS TV ET OU NE PAS LE LA LES DE DU EN UN UNE"
_NOT_ACRONYMS = frozenset(_LITTLE_WORDS.split())
_SMALL = re.compile(r"[a-zà-ÿ]")
_SAYS = re.compile(
    r"\W{0,3}(?:\(|:|,?\s*c'est\b|,?\s*(?:cela |ca )?veut dire|veulent dire|signifie|,?\s*c'est-a-dire|,? ou \w"
    r"|(?:est|sont) (?:une?|le|la|les|l'|des|du|quand)\b|means\b|is an?\b)"
    r"|[^.\n]{0,20}\.\s+(?:c'est|cela veut dire|ca veut dire)\b"
)
"""After a word: its meaning follows."""
_OPENS = re.compile(r"[.!?:]\s*[«\"“]?\s*(?:[LDld]['’])?$")


class Vocabulary:
    """Looks at the words of one document, in order: what was told once, or is explained anywhere, is not told again."""

    def __init__(self, document: Document, plain: PlainWords, bands: Bands | None) -> None:
        """``bands``: None where there is no list of words: rare ones are then not looked for."""
        self._plain = plain
        self._bands = bands
        self._whole = "\n".join(one.text for one in document.sentences)
        self._leveled = level(self._whole)
        self._expanded = document.expanded
        self._told: set[str] = set()

    # -- words -----------------------------------------------------------------------------------------------------

    def hard_words(self, sentence: str) -> Iterator[Spot]:
        """Words with a plainer one, words to be explained, rare words."""
        flat = level(sentence)
        taken = list(self._plain.names_in(flat))
        for key, start, end in self._plain.turns_in(flat):
            if not any(start < one[1] and one[0] < end for one in taken):
                taken.append((start, end))
                yield from self._known(key, sentence, start, end)
        for word in plain_words_in(sentence):
            if not any(word.start < end and start < word.end for start, end in taken):
                yield from self._one_word(sentence, word)

    def _one_word(self, sentence: str, word: Word) -> Iterator[Spot]:
        small, capital = word.text.lower(), word.text[0].isupper()
        short = small in self._plain.abbreviations or f"{small}." in self._plain.abbreviations
        if len(small) < _LEAST_LETTERS or word.text.isupper() or short or (capital and _in_sentence(sentence, word)):
            return
        key = self._plain.base(small, self._plain.replace) or self._plain.base(small, self._plain.explain)
        if key and self._plain.familiar.isdisjoint(bases(small)):
            yield from self._known(key, sentence, word.start, word.end)
        elif self._is_rare(small, may_be_name=capital) and self._first(small) and not self._explained(small):
            yield Spot("rare_word", "warning", word.start, word.end)

    def _known(self, key: str, sentence: str, start: int, end: int) -> Iterator[Spot]:
        if key in self._plain.replace:
            yield Spot("plainer_word", "warning", start, end, instead=self._plain.replace[key])
        elif self._first(key) and not self._explained(sentence[start:end]):
            yield Spot("hard_word", "error", start, end, gloss=self._plain.explain[key])

    def _first(self, word: str) -> bool:
        """Whether neither this word nor another form of it was told before."""
        if not self._told.isdisjoint(bases(word)):
            return False
        self._told |= {word, word.removesuffix("s")}
        return True

    def _is_rare(self, word: str, *, may_be_name: bool) -> bool:
        if self._bands is None:
            return False
        band = self._band(word, self._bands)
        return not may_be_name if band is None else band > COMMON_BAND

    def _band(self, word: str, bands: Bands) -> int | None:
        """Of its commonest form; of the rarest part of a compound that has none itself; None for an unknown word."""
        if not self._plain.familiar.isdisjoint(bases(word)):
            return COMMON_BAND
        found = [bands[one] for one in bases(word) if one in bands]
        if found:
            return min(found)
        parts = [one for one in re.split(r"[-‑.]", word) if len(one) >= _LEAST_LETTERS]
        if not parts or parts == [word]:
            return None
        of_parts = [self._band(one, bands) for one in parts]
        return None if None in of_parts else max(one for one in of_parts if one is not None)

    def _explained(self, word: str) -> bool:
        """Whether the text itself says what it means, somewhere."""
        said, flat = level(word).removesuffix("s"), self._leveled
        start = flat.find(said)
        while start >= 0:
            end = start + len(said) + flat.startswith("s", start + len(said))
            whole = not flat[max(0, start - 1) : start].isalnum() and not flat[end : end + 1].isalnum()
            if whole and (_SAYS.match(flat, end) or (flat.startswith("(", start - 1) and flat.startswith(")", end))):
                return True
            start = flat.find(said, start + 1)
        return False

    # -- short forms -----------------------------------------------------------------------------------------------

    def short_forms(self, sentence: str) -> Iterator[Spot]:
        """Abbreviations, and acronyms that nothing spells out."""
        text = without_addresses(sentence)
        if not _SMALL.search(text):
            return  # all in capitals: that is what is told
        yield from self._abbreviations(text)
        for found in _ACRONYM.finditer(text):
            letters, capitals = found[0], found[0].upper().replace(".", "")
            known = capitals in self._plain.acronyms
            if not (known or not _SMALL.search(letters) or letters[1].isupper()):
                continue
            if _LOOKS_ROMAN.fullmatch(letters) or capitals in _NOT_ACRONYMS or capitals in self._told:
                continue
            if letters.lower() in self._plain.abbreviations or self._says_whole(letters):
                continue
            self._told.add(capitals)
            yield Spot("acronym", "error", *found.span(), instead=self._plain.acronyms.get(capitals, ""))

    def _abbreviations(self, text: str) -> Iterator[Spot]:
        for found in _ABBREVIATED.finditer(text):
            key, end = found[0].lower(), found.end()
            if key not in self._plain.abbreviations and key.endswith("."):  # the end of the sentence
                key, end = key[:-1], end - 1
            if key in self._plain.abbreviations and found[0] != "m.":
                yield Spot("abbreviation", "error", found.start(), end, instead=self._plain.abbreviations[key])

    def _says_whole(self, acronym: str) -> bool:
        """Whether the text, or its markup, says what the letters stand for."""
        said = re.escape(acronym)
        before = rf"[^\W\d_]{{3,}}[ '’][^\n(]{{2,}}\(\s*{said}\s*\)"
        after = rf"\b{said}\s*(?:\(\s*[^\W\d_]+['’ ]|:|,?\s*c['’]est|veut dire|est (?:la|le|l['’]|une?)\b)"
        return acronym in self._expanded or re.search(f"{before}|{after}", self._whole) is not None


def _in_sentence(sentence: str, word: Word) -> bool:
    """Whether a capital there marks a name: not at the beginning, not after a quotation mark or a colon."""
    before = sentence[: word.start]
    return bool(before.strip(" «\"“'’(")) and not _OPENS.search(before)


# --- pronouns ---------------------------------------------------------------------------------------------------------

_PRONOUN = re.compile(r"\W*(?:il|elle|ils|elles|he|she|they|it)\b(?! (?:faut|y a|est (?:possible|interdit|important)))")
_POINTING = re.compile(
    r"\b(?:celui|celle|ceux|celles)-(?:ci|là)\b|\bce(?:tte)? derni(?:er|ère)\b|\bces derni(?:ers|ères)\b",
    re.IGNORECASE,
)
CHAIN = 3


def pronouns(document: Document) -> Iterator[tuple[int, Spot]]:
    """(number of the sentence, what is told): three sentences in a row begun by a pronoun; "celui-ci", "ce dernier"."""
    run = 0
    for number, one in enumerate(document.sentences):
        run = run + 1 if _PRONOUN.match(level(one.text)) else 0
        if run == CHAIN:
            yield number, Spot("pronoun_chain", "warning")
        for found in _POINTING.finditer(one.text):
            yield number, Spot("pointing_word", "warning", *found.span())
