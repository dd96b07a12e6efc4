"""Rules on the sentence: its length, its clauses, who acts, what is denied. French, but for the length. Pure.

By words and endings, without a grammar: what may be wrong is a warning. The rules are those of "Information for all:
European standards for making information easy to read and understand"; the figures are the project's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from affouage.french.negations import negations
from affouage.french.plain import level
from affouage.workshops.easy_read.shapes import Spot
from affouage.workshops.easy_read.words import words_in

WORDS_AIM = 12
WORDS_MOST = 20


def length(sentence: str) -> Iterator[Spot]:
    count = sum(1 for _ in words_in(sentence))
    if count > WORDS_MOST:
        yield Spot("sentence_too_long", "error", instead=str(count))
    elif count > WORDS_AIM:
        yield Spot("sentence_long", "warning", instead=str(count))


# --- clauses ----------------------------------------------------------------------------------------------------------

_NEXT_SUBJECT = (
    r"(?:je|j'|tu|il|ils|elle|elles|on|nous|vous|le|la|les|l'|un|une|des|du|votre|vos|mon|ma|mes|son|sa|ses|leur|leurs"
    r"|ce|cet|cette|ces|cela|ca|aucune?|chaque|plusieurs|quelqu'un|personne|\d+)"
)
_JOINING = re.compile(
    r"\bque\b|\bqu'|\bqui\b|\bdont\b|\b(?:lors|puis|quoi)qu(?:e\b|')|\bquand\b|\bs'ils?\b"
    rf"|\bsi (?={_NEXT_SUBJECT})|\b(?:le|la|les|au|aux|du|des)quel(?:le)?s?\b"
)
_WHERE = re.compile(r"\boù\b", re.IGNORECASE)
_OPENING = re.compile(r"\W*(?:(?:a|de|pour|avec|par|depuis|chez|sur|dans|et)\s+)?")
_COMPARED = re.compile(
    r"\b(?:plus|moins|aussi|autant|mieux|meilleure?s?|pire|autres?|memes?|ainsi|tel(?:le)?s?|tant)\b(?:\s+\S+){0,3}\s*$"
)
_NOT_JOINING = re.compile(r"(?:\best-ce|\bn(?:e\b|')[^,;:]{0,40}|\bce que|\bsoit)\s*$")
_GERUND = re.compile(r"\ben (?!(?:av|inst|enf|t|dev|dur)ant\b)\w+ant\b")
_PARTICIPLE = re.compile(
    r"(?<![-'])\b(\w{2,}ants?)\b (?=(?:de|d'|du|des|a|au|aux|un|une|le|la|les|l'|que|qu'|pas|votre|vos|notre|leur"
    r"|leurs|son|sa|ses|ete|sur|en|dans|plus|moins|\d)\b)"
)
_NO_PARTICIPLES = """
    avant pendant durant suivant devant cependant concernant moyennant nonobstant autant tant maintenant auparavant
    important montant enfant instant restant couvant courant volant croissant avenant constant suffisant interessant
    habitant representant etudiant commercant participant gagnant remplacant descendant ascendant existant
    correspondant independant fabricant consultant exploitant dirigeant assistant passant surveillant protestant
    restaurant figurant manifestant migrant occupant
"""
_NOT_PARTICIPLE = frozenset(_NO_PARTICIPLES.split())
_DETERMINED = re.compile(
    r"\b(?:le|la|les|l'|un|une|des|du|au|aux|votre|vos|ce|cet|ces|cette|chaque|aucun|son|leur|et|ou|en)\s*$"
)
_ADDED = re.compile(
    r"\b(?:car|mais|et|ou|puis) (?=(?:vous|il|elle|ils|elles|on|je|nous|tu|n'|ne|s'|se)\b)|(?<=\w), (?:car|mais) "
)


def clauses(sentence: str) -> Iterator[Spot]:
    """One subordinate clause in a short sentence is left alone; more of them, or one in a long sentence, are told."""
    finite = list(_subordinators(sentence))
    found = sorted((*finite, *_participles(level(sentence))))
    if len(finite) > 1:
        said = ", ".join(dict.fromkeys(sentence[start:end].strip().lower() for start, end in finite))
        yield Spot("clauses", "error", finite[0][0], finite[-1][1], instead=said)
    elif found and sum(1 for _ in words_in(sentence)) > WORDS_AIM:
        yield Spot("clause", "warning", *found[0])


def _subordinators(sentence: str) -> Iterator[tuple[int, int]]:
    """Where clauses with a verb of their own begin."""
    flat = level(sentence)
    places = [one.span() for one in _JOINING.finditer(flat) if _joins(flat, one.start(), one[0])]
    asked = sentence.rstrip().endswith("?")
    places += [one.span() for one in _WHERE.finditer(sentence) if not (asked and _opens(flat, one.start()))]
    yield from sorted(places)


def _participles(flat: str) -> Iterator[tuple[int, int]]:
    """Where "en signant", "permettant de" stand for a clause."""
    for one in _GERUND.finditer(flat):
        yield one.span()
    for one in _PARTICIPLE.finditer(flat):
        if one[1].rstrip("s") not in _NOT_PARTICIPLE and not _DETERMINED.search(flat[: one.start()]):
            yield one.span(1)


def _joins(flat: str, start: int, word: str) -> bool:
    before = flat[:start]
    if word in ("que", "qu'"):
        return not (_COMPARED.search(before) or _NOT_JOINING.search(before))
    if word == "qui":
        return not _opens(flat, start)
    if word.rstrip() in ("quand", "lequel", "laquelle", "lesquels", "lesquelles"):
        return not (_opens(flat, start) and flat.rstrip().endswith("?"))
    return True


def _opens(flat: str, start: int) -> bool:
    return _OPENING.fullmatch(flat[:start]) is not None


def one_idea(sentence: str) -> Iterator[Spot]:
    """Several things said one after the other: joined by "mais", "car", "et vous", or many commas."""
    flat = level(sentence)
    added = [one for one in _ADDED.finditer(flat) if sentence[one.start() : one.start() + 2].lower() != "où"]
    if added:
        yield Spot("one_idea", "warning", added[0].start(), added[-1].end())
    elif len(re.findall(r",(?!\d)", sentence)) >= 3:
        yield Spot("list_in_sentence", "warning")


# --- who acts ---------------------------------------------------------------------------------------------------------

_BE = (
    r"(?:est|sont|etait|etaient|sera|seront|serait|seraient|soit|soient|fut|furent|etre|suis|es|sommes|etes"
    r"|(?:a|ont|aura|auront|avait|avaient|avoir|ait|aient|avez|avons|aurez) ete)"
)
_IRREGULAR_PARTICIPLES = """
    faite?s? dite?s? interdite?s? ecrite?s? inscrite?s? decrite?s? prescrite?s? produite?s? deduite?s? reduite?s?
    conduite?s? traduite?s? detruite?s? construite?s? remise?s? transmise?s? soumise?s? admise?s? permise?s? commise?s?
    prise?s? comprise?s? recue?s? percue?s? rendue?s? vendue?s? perdue?s? suspendue?s? retenue?s? obtenue?s? tenue?s?
    prevue?s? revue?s? vue?s? reconnue?s? elue?s? lue?s? punie?s? fournie?s? remplie?s? etablie?s? definie?s?
    garantie?s? choisie?s? saisie?s? avertie?s? reunie?s? couverte?s? offerte?s? conclue?s? exclue?s? resolue?s?
    jointe?s?
"""
_BETWEEN = r"(?:\w+ment |aussi |toujours |souvent |alors |ensuite |bien |deja |pas |plus |donc )?"
_PASSIVE = re.compile(rf"(?<![smt]')\b(?:n'|ne )?{_BE} {_BETWEEN}(\w+)")
_REGULAR = re.compile(r"\w{2,}ée?s?", re.IGNORECASE)
_IRREGULAR = re.compile("|".join(_IRREGULAR_PARTICIPLES.split()))
_STATE_WORDS = """
    alle arrive entre rentre reste tombe ne decede monte passe retourne marie divorce separe handicape retraite age
    situe fatigue salarie oblige desole employe assure prive eleve degrade isole carre qualifie specialise agree limite
    adapte illimite motive jure reserve ferme ferie connecte blesse interesse concerne associe lie
"""
_STATES = frozenset(_STATE_WORDS.split())
"""Participles that say a state, and those of verbs that take "être" to say what one did."""


def passive(sentence: str) -> Iterator[Spot]:
    """ "La demande est examinée par le juge." Never sure: adjectives look the same. "Est gratuite" is left alone."""
    flat = level(sentence)
    for found in _PASSIVE.finditer(flat):
        word = found[1]
        known = _REGULAR.fullmatch(sentence, *found.span(1)) or _IRREGULAR.fullmatch(word)
        if known and re.sub(r"(?<=e)e?s?$", "", word) not in _STATES:
            yield Spot("passive", "warning", found.start(), found.end())


# --- what is denied ---------------------------------------------------------------------------------------------------

_MORE_AGAINST = re.compile(
    r"\b(?:inutiles?|illega(?:l|le|les|ux)|incapables?|insuffisante?s?|irregulie\w+|injustifie\w*|irrecevables?"
    r"|empech\w+|refus\w+|non(?=-))\b"
)


_WITH_NE = re.compile(r"n(?:e\b|['’]|ot\b|ever\b|o\b)", re.IGNORECASE)
"""The others ("sans", "interdit", "non-fumeur") deny by one word, and are left alone when alone."""


def negation(sentence: str) -> Iterator[Spot]:
    """One negation is told; two in a sentence, or one against a word that denies, is a double one."""
    found = negations(sentence)
    for one in found:
        if one.kind == "only":
            yield Spot("only", "warning", one.start, one.end, instead="seulement")
    places = [(one.start, one.end) for one in found if one.kind != "only"]
    written = [place for place in places if _WITH_NE.match(sentence, place[0])]
    if written:
        against = (one.span() for one in _MORE_AGAINST.finditer(level(sentence)))
        places += [one for one in against if not any(start < one[1] and one[0] < end for start, end in places)]
    if len(places) > 1:
        yield Spot("double_negation", "error", min(places)[0], max(end for _, end in places))
    elif written:
        yield Spot("negation", "warning", *written[0])
