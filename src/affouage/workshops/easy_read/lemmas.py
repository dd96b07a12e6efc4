"""What an inflected French word may be a form of, by its ending. Pure.

Not a dictionary: each ending gives every base form it could come from, wrong ones too. Whoever asks keeps those that a
word list knows. So "indemnisées" counts as common as "indemniser", and no word is called rare for its ending alone.
"""

from __future__ import annotations

from collections.abc import Iterator

_TENSES = ("ai", "as", "a", "ons", "ez", "ont", "ais", "ait", "ions", "iez", "aient")
_PERSONS = ("e", "ons", "ez", "ent", "ais", "ait", "ions", "iez", "aient", "ant", "èrent")
_PARTICIPLES = ("é", "i", "u", "is", "it", "t")

_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("eaux", ("eau",)),
    ("aux", ("al", "ail")),
    ("x", ("",)),
    ("elle", ("el",)),
    ("enne", ("en",)),
    ("onne", ("on",)),
    ("ette", ("et",)),
    ("ète", ("et",)),
    ("ère", ("er",)),
    ("euse", ("eur", "eux")),
    ("trice", ("teur",)),
    ("ive", ("if",)),
    ("che", ("c",)),
    ("e", ("",)),
    ("d", ("dre",)),
    *((one, ("er", "ir", "re")) for one in _PERSONS),
    *((one, ("er", "ir", "re", "oir", "evoir")) for one in _PARTICIPLES),
    *((one + "e", ("er", "ir", "re", "oir")) for one in _PARTICIPLES),
    *((f"{group}{one}", (base,)) for one in _TENSES for group, base in (("er", "er"), ("ir", "ir"), ("r", "re"))),
    *((f"iss{one}", ("ir",)) for one in _PERSONS),
    *((one, ("evoir",)) for one in ("oit", "ois", "oivent")),
    *((f"evr{one}", ("evoir",)) for one in _TENSES),
)


_BY_LAST = {
    last: tuple(one for one in _ENDINGS if one[0][-1] == last)
    for last in sorted({ending[-1] for ending, _ in _ENDINGS})
}


def bases(word: str) -> Iterator[str]:
    """Base forms that ``word`` (in small letters) may come from, itself first; some are no words at all."""
    yield word
    forms = (word, word[:-1]) if word.endswith("s") and len(word) > 3 else (word,)
    yield from forms[1:]
    for form in forms:
        for ending, others in _BY_LAST.get(form[-1:], ()):
            if form.endswith(ending) and len(form) - len(ending) >= 2:
                stem = form[: len(form) - len(ending)]
                yield from (stem.replace("ç", "c") + other if other else stem for other in others)
