"""Sentences that speak to a machine instead of a reader: they are neither given to a model nor quoted. Pure.

This is one wall among several, and the lowest: a model that obeys such a sentence all the same writes what no quoted
text says, and that is dropped. It keeps a poisoned document from being quoted as if it informed anybody.
"""

from __future__ import annotations

import re

from affouage.french.plain import level

_MACHINE = (
    r"(?:ia|ai|assistante?s?(?! (?:matern|famil|soci|d['e]))|modele de langage|language model|chatbot|robot|"
    r"intelligence artificielle|llm|gpt)"
)
_RULES = r"(?:instructions?|consignes?|regles?|directives?|rules?|prompts?|ordres?|orders?|guidelines?)"
_YOURS = r"(?:tes|vos|toutes?|tout|your|all|ci-dessus|precedent\w*|anterieur\w*|previous|above|systeme?)"
_SAY = r"(?:reponds|ecris|dis|affirme|annonce|repete|conclus|ajoute|recommande|termine)"
_ORDERS = re.compile(
    "|".join(
        (
            rf"\b(?:ignor|oubli|neglig|contourn|desobe|remplac|annul|revel|montr|affich)\w*\b[^.!?\n]{{0,40}}"
            rf"(?:\b{_YOURS}\b[^.!?\n]{{0,20}}\b{_RULES}|\b{_RULES}\b[^.!?\n]{{0,20}}\b{_YOURS})\b",
            rf"\b(?:ignore|forget|disregard|override|bypass)\b[^.!?\n]{{0,40}}\b(?:{_RULES}|above|previous|all)\b",
            rf"\b(?:nouvelles?|new|vraies?|real)\b {_RULES} ?:",
            rf"\b(?:tu es|vous etes|agi\w+ comme|joue le role|you are|act as)\b[^.!?\n]{{0,40}}\b{_MACHINE}\b",
            rf"\ben tant qu[e'] ?(?:une? )?{_MACHINE}\b",
            rf"\b(?:note|message|instruction|consigne|ordre)s? (?:a|au|aux|pour|destine\w*)\b[^.!?\n]{{0,30}}"
            rf"\b(?:{_MACHINE}|modele)\b",
            rf"(?:\b(?:chere?|dear|hey|cette|le|la|the)\s|\bl'){_MACHINE}\b[^.!?\n]{{0,40}}"
            rf"\b(?:{_SAY}|doit|must|should|say)\b",
            rf"\b{_SAY}\b(?:[ -]\w+){{0,4}}? (?:que|exactement|uniquement|seulement|toujours|mot pour mot|textuel\w*|"
            r"(?:ta|la|chaque) reponse)\b",
            rf"\b{_SAY}(?:-\w+)? ?:? ?[«\"“]",
            r"\b(?:always|only|never) (?:answer|reply|respond|say|write)\b",
            r"\b(?:answer|reply|respond|say) (?:only|exactly|with|that)\b",
            r"\b(?:ne (?:dis|reveles?|mentionnes?|cites?)|n'(?:indiques?|evoques?|affiches?)) (?:rien|pas|jamais)\b",
            r"<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|^#{2,} ?(?:instruction|system|assistant|response|reponse)|"
            r"^(?:system|assistant|user|systeme|utilisateur) ?:",
            r"\b(?:system prompt|prompt systeme|jailbreak|mode developpeur|developer mode|dan mode)\b",
        )
    )
)


def orders_a_model(sentence: str) -> bool:
    """Whether the sentence tells a machine what to write, or poses as its instructions."""
    return bool(_ORDERS.search(level(sentence)))
