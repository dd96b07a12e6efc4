"""What an easy version lost of its source, or added: numbers, dates, negations, conditions, duties, names. Pure.

Words are expected to change; these are not. A difference is shown to the person, who decides: a program cannot tell
whether "n'est pas payant" and "est gratuit" say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from affouage.french.conditions import Condition, ConditionKind, allows, conditions, obliges
from affouage.french.dates import Date, dates
from affouage.french.negations import negations
from affouage.french.plain import Span, content_spans, level
from affouage.french.quantities import quantities
from affouage.workshops.easy_read.lemmas import bases
from affouage.workshops.easy_read.plain_words import PlainWords, plain_words
from affouage.workshops.easy_read.shapes import Sentence
from affouage.workshops.easy_read.words import ADDRESS, sentences_of, without_addresses

What = Literal[
    "number", "date", "negation", "condition", "duty", "choice", "person", "name", "address", "passage", "words"
]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: ``lost`` of the source, or ``added`` to it. ``text``: the words, of the one or of the other.

    ``condition``: which kind, for a condition. ``place``: in characters of the text the words stand in; ``line``: of
    the file they stand in, from 1, None where there is no file.
    """

    what: What
    side: Literal["lost", "added"]
    text: str
    place: int = 0
    condition: ConditionKind | None = None
    line: int | None = None


WORDS_TOLD, ALL_OTHER = 5, 0.6
"""A sentence of so many meaningful words, of which more than this share went: it may say something else."""


def compare(source: str, easy: str, language: str = "fr") -> tuple[Difference, ...]:
    """``source`` against the whole of ``easy``. Empty: nothing that a program can tell was lost or added.

    Numbers, dates, names and addresses are looked for in the whole text; negations, conditions and duties in the
    sentences of ``easy`` that say what a sentence of ``source`` says.
    """
    facts = (*_values(source, easy), *_names(source, easy, language), *_people(source, easy, language))
    return (*facts, *_sentence_by_sentence(source, easy, language))


def compare_sentence(source: str, easy: str, language: str = "fr") -> tuple[Difference, ...]:
    """The same for one sentence and all that stands for it."""
    facts = (*_values(source, easy), *_names(source, easy, language), *_people(source, easy, language))
    words, lost = _content(source), changed_words(source, easy, language)[0]
    other = len(words) >= WORDS_TOLD and len(lost) > ALL_OTHER * len(set(words))
    rest = (Difference(what="words", side="lost", text=source),) if other else ()
    return (*facts, *_logic(source, easy), *rest)


def compare_documents(
    source: Sequence[Sentence], easy: Sequence[Sentence], language: str = "fr"
) -> tuple[Difference, ...]:
    """The same for two texts read, with the line of what was lost (of the source) or added (of the easy one)."""
    old, old_lines = _joined(source)
    new, new_lines = _joined(easy)
    lines = {"lost": old_lines, "added": new_lines}
    return tuple(
        msgspec.structs.replace(one, line=next((line for end, line in lines[one.side] if one.place < end), None))
        for one in compare(old, new, language)
    )


def _joined(sentences_: Sequence[Sentence]) -> tuple[str, list[tuple[int, int]]]:
    """One a line, and for each where it ends and its line in the file."""
    ends: list[tuple[int, int]] = []
    length = 0
    for one in sentences_:
        length += len(one.text) + 1
        ends.append((length, one.line))
    return "\n".join(one.text for one in sentences_), ends


def changed_words(source: str, easy: str, language: str = "fr") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words that went and words that came, whatever their form: for the eye of the person who decides. Many may."""
    plain = plain_words(language)
    bare_source, bare_easy = _without_figures(source), _without_figures(easy)
    lost = _absent(_content(bare_source), _forms(easy, plain))
    new = _absent(_content(bare_easy), _forms(source, plain))
    return tuple(one for one in lost if not _replaced(one, easy, plain)), new


def _without_figures(text: str) -> str:
    """Blanks in the place of numbers and dates, which are compared by themselves."""
    places = [(one.start, one.end) for one in dates(text)] + [(one.start, one.end) for one in quantities(text)]
    for start, end in places:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _absent(words: list[str], forms: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in words if forms.isdisjoint(bases(one)) and not one.isdigit()))


def _replaced(word: str, easy: str, plain: PlainWords) -> bool:
    """Whether the plainer words proposed for it are there."""
    key = plain.base(word, plain.replace)
    return bool(key) and not _forms(plain.replace[key], plain).isdisjoint(_forms(easy, plain))


# --- numbers and dates ------------------------------------------------------------------------------------------------

_OUT_OF = re.compile(r"\b(\d+)(?: [^\W\d_]+)? sur (\d+)\b|\b(\d+)(?: \w+)? (?:out of|in) (\d+)\b")
_Value = tuple[str, Decimal]


def _values(source: str, easy: str) -> Iterator[Difference]:
    said, says = _numbers(source), _numbers(easy)
    shares = _shares(easy)
    for key, (text, place) in said.items():
        if key not in says and not (key[0] == "%" and key[1] in shares):
            yield Difference(what="number", side="lost", text=text, place=place)
    told_so = any(key[0] == "%" for key in said)
    parts = {("number", one) for pair in shares.values() for one in pair if told_so}
    for key, (text, place) in says.items():
        if key not in said and key not in parts:
            yield Difference(what="number", side="added", text=text, place=place)
    old, new = _dates(source), _dates(easy)
    yield from _days(old, new, "lost")
    yield from _days(new, old, "added")


def _numbers(text: str) -> dict[_Value, tuple[str, int]]:
    """By key, the first time. "Premier" and "d'abord" order a list: they are left out unless in figures."""
    found: dict[_Value, tuple[str, int]] = {}
    for sentence in sentences_of(text):
        for one in quantities(sentence.text):
            if one.kind != "ordinal" or one.text[:1].isdigit():
                found.setdefault(one.key, (one.text, sentence.start + one.start))
    return found


def _dates(text: str) -> list[Date]:
    return [
        msgspec.structs.replace(one, start=sentence.start + one.start, end=sentence.start + one.end)
        for sentence in sentences_of(text)
        for one in dates(sentence.text)
    ]


def _shares(text: str) -> dict[Decimal, tuple[Decimal, Decimal]]:
    """ "1 personne sur 4" is 25 %: by percent, the two numbers."""
    pairs = [(one[1] or one[3], one[2] or one[4]) for one in _OUT_OF.finditer(level(text))]
    return {
        Decimal(100 * int(part)) / int(whole): (Decimal(part), Decimal(whole)) for part, whole in pairs if int(whole)
    }


def _days(of: list[Date], among: list[Date], side: Literal["lost", "added"]) -> Iterator[Difference]:
    """Dates of ``of`` that ``among`` does not say. A weekday alone beside a date may come and go."""
    there = {(one.year, one.month, one.day) for one in among if one.month or one.year}
    weekdays = {one.weekday for one in among}
    for one in of:
        known = one.weekday in weekdays if not (one.month or one.year) else (one.year, one.month, one.day) in there
        if not known:
            yield Difference(what="date", side=side, text=one.text, place=one.start)


# --- names and addresses ----------------------------------------------------------------------------------------------

_NAME = re.compile(r"(?<=[^\W\d_,;)»’'] )[A-ZÀ-Ý][\w-]{2,}|\b[A-ZÀ-Ý]{2,8}\b")
_NO_NAME = frozenset(("internet", "etat", "monsieur", "madame", "la", "le", "les", "vous", "si"))


def _names(source: str, easy: str, language: str) -> Iterator[Difference]:
    for what, read in (("address", _addresses), ("name", _named)):
        said, says = read(source), read(easy)
        for key in said.keys() - says.keys():
            if not (what == "name" and _still_there(key, said[key], easy, language)):
                yield Difference(what=what, side="lost", text=said[key], place=source.find(said[key]))  # type: ignore[arg-type]
        for key in says.keys() - said.keys():
            if not (what == "name" and _still_there(key, says[key], source, language)):
                yield Difference(what=what, side="added", text=says[key], place=easy.find(says[key]))  # type: ignore[arg-type]


def _addresses(text: str) -> dict[str, str]:
    return {re.sub(r"^https?://|^www\.|[./,;:]+$", "", one.lower()): one for one in ADDRESS.findall(text)}


def _named(text: str) -> dict[str, str]:
    """Capitals inside a sentence, and acronyms."""
    bare = without_addresses(text)
    return {level(one): one for one in _NAME.findall(bare) if level(one) not in _NO_NAME}


def _still_there(key: str, name: str, other: str, language: str) -> bool:
    """Written in small letters or at the head of a sentence, or an acronym whose words are said (or the reverse)."""
    if re.search(rf"\b{re.escape(key)}\b", level(other)):
        return True
    acronyms = plain_words(language).acronyms
    whole = acronyms.get(name.upper(), "")
    return bool(whole) and level(whole) in level(other)


# --- of whom it is said -----------------------------------------------------------------------------------------------

_PEOPLE = """
    acheteur agent allocataire assuré auteur bailleur bénéficiaire candidat citoyen concubin condamné conjoint
    contribuable demandeur employeur enfant entrepreneur époux étranger étudiant famille habitant héritier intéressé
    juge juré locataire maire majeur médecin mineur parent patient personne procureur proche propriétaire requérant
    salarié testateur titulaire usager vendeur victime voisin
    applicant child employee employer judge landlord mayor owner parent person tenant victim worker
"""
_WHO = frozenset(_PEOPLE.split())
_YOU = re.compile(r"\b(?:vous|votre|vos|you|your)\b")
_THEY = re.compile(r"\b(?:il|elle|ils|elles|he|she|they)\b(?! (?:faut|y a|est (?:possible|interdit)))")


def _people(source: str, easy: str, language: str) -> Iterator[Difference]:
    """Somebody who is no longer named, somebody who was not; "vous" where one spoke of him or her."""
    plain = plain_words(language)
    said, says = _somebody(source), _somebody(easy)
    in_source, in_easy = _forms(source, plain), _forms(easy, plain)
    gone = [word for word in said.values() if in_easy.isdisjoint(_forms(word, plain))]
    new = [word for word in says.values() if in_source.isdisjoint(_forms(word, plain))]
    to_you = bool(_YOU.search(level(easy))) and not _YOU.search(level(source))
    if to_you and not said and _THEY.search(level(source)) and not _THEY.search(level(easy)):
        yield Difference(what="person", side="added", text="vous" if language == "fr" else "you")
    for word in gone:
        yield Difference(what="person", side="lost", text=word, place=source.find(word))
    for word in new:
        yield Difference(what="person", side="added", text=word, place=easy.find(word))


def _somebody(text: str) -> dict[str, str]:
    """Those who are named: by base form, as the text writes it."""
    found: dict[str, str] = {}
    for word in re.findall(r"[^\W\d_]+", text):
        base = next((one for one in bases(word.lower()) if one in _WHO), "")
        if base:
            found.setdefault(base, word)
    return found


# --- negations, conditions, duties ------------------------------------------------------------------------------------

_SAME = 0.34
"""Share of an easy sentence's meaningful words that its source must hold, for the two to say the same thing."""


def _sentence_by_sentence(source: str, easy: str, language: str) -> Iterator[Difference]:
    olds, news = sentences_of(source), sentences_of(easy)
    plain = plain_words(language)
    forms = [_forms(one.text, plain) for one in olds]
    groups: list[list[Span]] = [[] for _ in olds]
    at = 0
    for one in news if olds else ():
        at = _source_of(_content(one.text), forms, at)
        groups[at].append(one)
    for old, group in zip(olds, groups, strict=True):
        if group:
            yield from _logic(old.text, "\n".join(one.text for one in group), old.start, group[0].start)
        elif len(_content(old.text)) >= 2 or negations(old.text) or conditions(old.text):
            yield Difference(what="passage", side="lost", text=old.text, place=old.start)


def _content(text: str) -> list[str]:
    """The words of ``text`` that carry meaning, in small letters."""
    return [text[one.start : one.end].lower() for one in content_spans(text)]


def _forms(text: str, plain: PlainWords) -> frozenset[str]:
    """All that an easy sentence may say for it: base forms of its words, of plainer ones, of spelt-out letters."""
    words = _content(text)
    keys = [key for key, _, _ in plain.turns_in(level(text))]
    keys += [plain.base(one, plain.replace) or plain.base(one, plain.explain) for one in words]
    said = [plain.replace.get(key) or plain.explain[key] for key in filter(None, keys)]
    said += [plain.acronyms[one.upper()] for one in words if one.upper() in plain.acronyms]
    return frozenset(base for word in (*words, *_content(" ".join(said))) for base in bases(word))


def _source_of(said: list[str], forms: list[frozenset[str]], at: int) -> int:
    """The source sentence that holds most of an easy sentence's words, the nearest of equals; else that of the last."""
    if not said:
        return at
    shares = [sum(not one.isdisjoint(bases(word)) for word in said) / len(said) for one in forms]
    best = max(range(len(forms)), key=lambda place: (shares[place], -abs(place - at)))
    return best if shares[best] >= _SAME else at


def _logic(source: str, easy: str, old_place: int = 0, new_place: int = 0) -> Iterator[Difference]:
    yield from _denied(source, easy, old_place, new_place)
    yield from _conditions(source, easy, old_place, new_place)
    if obliges(source) and not obliges(easy) and not _orders(easy) and not _NEEDED.search(level(easy)):
        yield Difference(what="duty", side="lost", text=source, place=old_place)
    elif allows(source) and obliges(easy) and not obliges(source):
        yield Difference(what="duty", side="added", text=easy, place=new_place)
    elif allows(source) and not allows(easy) and not _ALLOWED.search(level(easy)):
        yield Difference(what="choice", side="lost", text=source, place=old_place)


_ORDER = re.compile(r"(?:^|[.!?:\n]\s*|, )(?!(?:chez|assez|nez)\b)\w+ez\b")
_NEEDED = re.compile(r"\b(?:besoin|necessaires?|need|needs)\b")
_ALLOWED = re.compile(r"\b(?:permet|permettent|avez (?:le )?droit|a (?:le )?droit|est-il possible)\b")


def _orders(text: str) -> bool:
    """ "Apportez une photo": an order says that one must."""
    return _ORDER.search(level(text)) is not None


def _denied(source: str, easy: str, old_place: int, new_place: int) -> Iterator[Difference]:
    olds = [one for one in negations(source) if one.kind != "only"]
    news = [one for one in negations(easy) if one.kind != "only"]
    if len(olds) > len(news):
        for one in olds[len(news) :]:
            yield Difference(
                what="negation", side="lost", text=source[one.start : one.end], place=old_place + one.start
            )
    for one in news[len(olds) :]:
        yield Difference(what="negation", side="added", text=easy[one.start : one.end], place=new_place + one.start)


def _conditions(source: str, easy: str, old_place: int, new_place: int) -> Iterator[Difference]:
    olds, news = conditions(source), conditions(easy)
    for one in _missing(olds, news):
        place = old_place + one.start
        yield Difference(what="condition", side="lost", text=one.text.strip(), place=place, condition=one.kind)
    for one in _missing(news, olds):
        place = new_place + one.start
        yield Difference(what="condition", side="added", text=one.text.strip(), place=place, condition=one.kind)


def _missing(of: list[Condition], among: list[Condition]) -> Iterator[Condition]:
    """Conditions of ``of`` without a partner of the same kind in ``among``; those that speak of the same pair first."""
    left, pending = list(among), list(of)
    for same_words in (True, False):
        unpaired: list[Condition] = []
        for one in pending:
            partner = next(
                (two for two in left if two.kind == one.kind and (not same_words or one.content & two.content)), None
            )
            if partner is None:
                unpaired.append(one)
            else:
                left.remove(partner)
        pending = unpaired
    yield from pending
