"""Where to turn when no sheet answers: services that the nearest sheets name, the town hall, a public line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from affouage.french.plain import squeeze
from affouage.sheets.sheet import Fact
from affouage.workshops.explain.shapes import Verdict

SERVICES_MOST = 3

_TOWN_HALL = {"fr": "La mairie de votre commune", "en": "The town hall of your commune"}
_TOWN_HALLS = frozenset(squeeze(one) for one in ("Mairie", "La mairie", "Votre mairie"))
_LINE = {
    "fr": "Allô Service Public, par téléphone : 39 39",
    "en": "Allô Service Public, by telephone in French: 39 39",
}
_HOUSE = {
    "fr": "Une maison France services, près de chez vous",
    "en": "A France services house near you",
}
_SERVICE = {
    "fr": "Le service qui suit votre dossier, ou votre espace personnel sur son site",
    "en": "The service that handles your file, or your personal space on its website",
}
_CONSULATE = {
    "fr": "L’ambassade ou le consulat de ce pays en France",
    "en": "The embassy or the consulate of that country in France",
}
_LAWS = {
    "fr": "vie-publique.fr, pour les lois en préparation",
    "en": "vie-publique.fr, for laws in preparation (in French)",
}
_PROFESSIONAL = {
    "fr": "Un professionnel du sujet ; pour le droit, un point-justice donne des conseils gratuits",
    "en": "A professional; for the law, a “point-justice” gives free advice",
}


def ask_instead(verdict: Verdict, where: Sequence[Fact], language: str) -> tuple[str, ...]:
    """At most a few places, the nearest to the question first. ``where``: facts of the nearest sheets.

    What is far from any procedure gets none: nobody at a desk can help with it.
    """
    spoken = "en" if language == "en" else "fr"
    services = _services(where)
    if verdict.scope == "local":
        return (_TOWN_HALL[spoken], *(one for one in services if squeeze(one) not in _TOWN_HALLS))
    if verdict.scope == "personal":
        return (*services, _SERVICE[spoken], _HOUSE[spoken])
    if verdict.scope == "foreign":
        return (_CONSULATE[spoken],)
    if verdict.scope == "future":
        return (_LAWS[spoken], _LINE[spoken])
    if verdict.reason == "expert":
        return (_PROFESSIONAL[spoken],)
    if verdict.scope == "nothing_found":
        return (_TOWN_HALL[spoken], _LINE[spoken], _HOUSE[spoken])
    return ()


def _services(where: Sequence[Fact]) -> tuple[str, ...]:
    """Their names, each once, as the sheets write them."""
    named = {squeeze(one.label): one.label.strip() for one in reversed(where) if one.label.strip()}
    return tuple(reversed(named.values()))[:SERVICES_MOST]
