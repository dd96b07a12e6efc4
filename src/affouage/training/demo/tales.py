"""The text of the lesson when the reader chose none: small tales put together by chance from words written for it.

A tiny model learns it in minutes, because it says few things in few ways. Pure: the same seed, the same tales.
"""

from __future__ import annotations

import random

TALES = 1_500
SEED = 1793
"""Nothing but a number: the same tales every time."""

_WHO = (
    ("Jeanne", "elle"), ("Karim", "il"), ("Odile", "elle"), ("Malo", "il"), ("Inès", "elle"), ("Basile", "il"),
    ("le garde", "il"), ("la renarde", "elle"), ("le hérisson", "il"), ("la mésange", "elle"), ("le blaireau", "il"),
    ("la meunière", "elle"), ("le facteur", "il"), ("la petite sœur", "elle"), ("le bûcheron", "il"),
    ("la grand-mère", "elle"), ("le boulanger", "il"), ("la maîtresse", "elle"), ("le chat du moulin", "il"),
    ("la vieille louve", "elle"),
)  # fmt: skip
_WHERE = (
    "au bord de la forêt", "près de la rivière", "dans la clairière", "sous le grand pont", "derrière la mairie",
    "au fond de la vallée", "sur la place du village", "à côté du moulin", "au pied de la colline", "devant l’école",
    "dans le vieux verger", "entre deux rochers", "au milieu du champ", "sur le chemin du lavoir",
)  # fmt: skip
_WHEN = (
    "Un matin d’hiver", "Un soir d’été", "Le jour du marché", "Après la pluie", "Au début de l’automne",
    "Une nuit sans lune", "Quand la neige fut tombée", "Le premier jour du printemps", "Un dimanche de brume",
    "La veille de la fête", "Pendant les grandes vacances", "À l’heure où l’on rentre les bêtes",
)  # fmt: skip
_FINDS = (
    ("un panier de châtaignes", "le panier"), ("une lanterne rouge", "la lanterne"), ("un tas de bois sec", "le bois"),
    ("une clé rouillée", "la clé"), ("un pot de miel", "le miel"), ("une vieille carte", "la carte"),
    ("un bonnet de laine", "le bonnet"), ("une barque vide", "la barque"), ("un livre sans titre", "le livre"),
    ("une cloche de bronze", "la cloche"), ("un sac de graines", "le sac"), ("une échelle trop courte", "l’échelle"),
)  # fmt: skip
_SAYS = (
    "« À qui est-ce donc ? »", "« Voilà qui tombe bien ! »", "« Je n’ai jamais rien vu de tel. »",
    "« Il faut le dire aux autres. »", "« Personne ne va me croire. »", "« Et si nous le partagions ? »",
    "« Ce n’est pas à nous seuls d’en décider. »", "« On verra bien demain. »", "« Qui a laissé cela ici ? »",
    "« Attendons que le vent tombe. »",
)  # fmt: skip
_DOES = (
    "compta jusqu’à dix", "regarda le ciel", "fit trois fois le tour de l’arbre", "s’assit sur une pierre",
    "appela de toutes ses forces", "marcha sans bruit jusqu’à la maison", "posa son chapeau sur le mur",
    "alla chercher une corde", "souffla sur ses doigts", "écouta longtemps sans rien dire",
)  # fmt: skip
_LACKS = ("de bois", "de pain", "de lumière", "de temps", "de laine", "d’eau claire", "de place", "de courage")
_GIVES = (
    "prêta sa brouette", "offrit la moitié de son pain", "ouvrit sa porte à tout le monde", "donna un coup de main",
    "montra le chemin le plus court", "raconta une histoire pour faire attendre", "alluma un feu devant la grange",
)  # fmt: skip
_ABOUT = ("de la coupe de bois", "du pont à refaire", "des heures d’ouverture", "du prix du pain", "de l’école")
_COUNTS = ("deux", "trois", "cinq", "sept", "neuf", "douze", "vingt")
_ENDS = (
    "Ce soir-là, on fit un grand feu et chacun eut sa part.",
    "On partagea tout en parts égales, et il n’y eut pas de dispute.",
    "Depuis ce jour, la porte de la mairie reste ouverte.",
    "Le lendemain, tout le village en parlait encore.",
    "Et personne ne sut jamais d’où cela venait.",
    "Alors la pluie s’arrêta, et tout le monde rentra dormir.",
    "On vota à main levée, et la réponse fut oui.",
    "C’est ainsi que l’on apprit à compter sur les voisins.",
)


def tales(count: int = TALES, seed: int = SEED) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 - tales, not secrets
    return [chance.choice((_found, _lacking, _found, _meeting))(chance) for _ in range(count)]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _found(chance: random.Random) -> str:
    """Somebody finds something."""
    (one, pronoun), (other, _) = chance.sample(_WHO, 2)
    found, it = chance.choice(_FINDS)
    sentences = [
        f"{chance.choice(_WHEN)}, {one} trouva {found} {chance.choice(_WHERE)}.",
        f"{chance.choice(_SAYS)} dit {other}, qui passait par là.",
        f"{_capital(pronoun)} {chance.choice(_DOES)}, puis {pronoun} {chance.choice(_DOES)}.",
    ]
    if chance.random() < 0.6:
        sentences.append(f"Mais {it} pesait plus que prévu, et {other} dut venir aider.")
    if chance.random() < 0.5:
        sentences.append(f"{chance.choice(_SAYS)} répondit {one} en riant.")
    return " ".join([*sentences, chance.choice(_ENDS)])


def _lacking(chance: random.Random) -> str:
    """Somebody lacks something, and others give."""
    (one, pronoun), (other, _), (third, _) = chance.sample(_WHO, 3)
    days = chance.choice(_COUNTS)
    sentences = [
        f"{chance.choice(_WHEN)}, {one} manqua {chance.choice(_LACKS)}.",
        f"{_capital(pronoun)} chercha pendant {days} jours {chance.choice(_WHERE)}, sans rien trouver.",
        f"Alors {other} {chance.choice(_GIVES)}, et {third} {chance.choice(_GIVES)}.",
    ]
    if chance.random() < 0.5:
        sentences.append(f"{chance.choice(_SAYS)} demanda {third}, et {one} {chance.choice(_DOES)}.")
    return " ".join([*sentences, chance.choice(_ENDS)])


def _meeting(chance: random.Random) -> str:
    """People meet and decide."""
    (one, _), (other, _) = chance.sample(_WHO, 2)
    people = chance.choice(_COUNTS)
    sentences = [
        f"{chance.choice(_WHEN)}, {people} personnes se réunirent {chance.choice(_WHERE)}.",
        f"On y parla {chance.choice(_ABOUT)}, pendant {chance.choice(_COUNTS)} heures.",
        f"{_capital(one)} voulait attendre, {other} voulait commencer tout de suite.",
        f"{chance.choice(_SAYS)} dit {one}. {chance.choice(_SAYS)} dit {other}.",
    ]
    return " ".join([*sentences, chance.choice(_ENDS)])
