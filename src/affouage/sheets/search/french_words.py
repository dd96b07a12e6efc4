"""How French text becomes terms of the index, and questions terms to look for. Pure.

A term is a word in small letters, stemmed (Snowball), then without accents: in that order, because French endings are
told apart by their accents.
"""

from __future__ import annotations

from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

LAYOUT = 1
"""Raised when the same text would give other terms, or the index other fields: it is then made anew."""
_LONGEST = 60
"""Bytes of a word; what is longer is no word."""
_LITTLE = (
    "le la les un une des du de d l à au aux et ou où mais donc or ni car que qu qui quoi dont quel quelle quels "
    "quelles lequel laquelle je j tu il elle on nous vous ils elles me m te t se s lui leur leurs y en ce c cet cette "
    "ces ça cela ceci mon ma mes ton ta tes son sa ses notre nos votre vos moi toi eux ne n pas plus moins très trop "
    "bien aussi si comme comment combien pourquoi quand est suis es sommes êtes sont été était étais étaient être soit "
    "sera serait ai as a avons avez ont avait avais avoir aura aurait eu fait faire fais font faut falloir peut peux "
    "pouvez peuvent pouvoir puis doit dois doivent devoir devez veut veux voulez voudrais vouloir va vais vont aller "
    "allez dans par pour sur sous avec sans chez entre vers depuis pendant jusque jusqu dès là ici alors encore déjà "
    "toujours même mêmes autre autres tout toute tous toutes rien quelque quelques quelqu chaque aucun aucune certains "
    "certaines ainsi lors afin cas selon avant après dit dire sait savoir sais chose truc machin bonjour merci svp"
)


@cache
def stemmed() -> TextAnalyzer:
    """Text to terms. Words that carry no meaning ("combien", "comment") are left out before they are stemmed: the stem
    of "sais" is that of "saisie"."""
    little = _LITTLE.split()
    bare = _builder().filter(Filter.ascii_fold()).build().analyze(_LITTLE)  # as they are typed in a hurry
    dropped = Filter.custom_stopword(sorted({*little, *bare}))
    return _builder().filter(dropped).filter(Filter.stemmer("french")).filter(Filter.ascii_fold()).build()


@cache
def as_written() -> TextAnalyzer:
    """Text to words in small letters, all of them: the vocabulary that spelling is corrected by."""
    return _builder().build()


def terms(text: str) -> list[str]:
    return list(stemmed().analyze(text))


def _builder() -> TextAnalyzerBuilder:
    return TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST)).filter(Filter.lowercase())
