"""Rule area ``uses``: the charter of refused uses, and what follows when somebody goes against it. Pure.

A text that members can read in two minutes. It is applied by people with a mandate, never by a model: see
``assembly.refused_uses``. Every sanction ends, and can be appealed to members drawn by lot.
"""

from __future__ import annotations

import re
from typing import Literal, NoReturn

import msgspec

from affouage.errors import RuleRefused

Kind = Literal["warning", "slower", "suspended"]
KINDS: tuple[Kind, ...] = ("warning", "slower", "suspended")
"""Mildest first."""

LONGEST_SUSPENSION_DAYS = 90
"""Longer is an exclusion, which only a vote decides, the person heard."""
LONGEST_DAYS = 365
LINES_MOST = 20
SENTENCE_MOST = 400
READING_WORDS = 500
"""Words of the whole text in one language: two minutes of reading."""

_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_SPACES = " \u00a0\u202f"


class RefusedUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the charter. ``workshops``: where it holds; none named: everywhere."""

    id: str
    sentence_fr: str
    sentence_en: str
    workshops: tuple[str, ...] = ()

    def in_language(self, language: str) -> str:
        """English for ``en``, French for anything else."""
        return self.sentence_en if language == "en" else self.sentence_fr


class SanctionStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of the scale. ``days`` it lasts; ``percent``: weight of what the member asks meanwhile (slower only)."""

    kind: Kind
    days: int
    percent: int = 100


CHARTER: tuple[RefusedUse, ...] = (
    RefusedUse(
        id="danger",
        sentence_fr="Aider à blesser, à empoisonner, à fabriquer une arme, ou à attaquer un réseau, une machine ou "
        "une installation dont des gens dépendent.",
        sentence_en="Helping to hurt, to poison, to make a weapon, or to attack a network, a machine or an "
        "installation that people depend on.",
    ),
    RefusedUse(
        id="hatred",
        sentence_fr="Écrire ou répandre des propos racistes, antisémites, sexistes, homophobes, transphobes ou "
        "validistes ; harceler quelqu’un ; trier des gens d’après leur origine.",
        sentence_en="Writing or spreading racist, antisemitic, sexist, homophobic, transphobic or ableist words; "
        "harassing somebody; sorting people by their origin.",
    ),
    RefusedUse(
        id="military",
        sentence_fr="Servir une armée, une fabrique d’armes ou une police politique : ciblage, renseignement, "
        "propagande de guerre.",
        sentence_en="Serving an army, a maker of weapons or a political police: targeting, intelligence, war "
        "propaganda.",
    ),
    RefusedUse(
        id="surveillance",
        sentence_fr="Surveiller des gens : les suivre, les reconnaître, dresser leur profil ou les noter, au travail, "
        "à l’école, en ligne ou dans la rue.",
        sentence_en="Watching people: following them, recognising them, profiling or scoring them, at work, at school, "
        "online or in the street.",
    ),
    RefusedUse(
        id="hidden-replacement",
        sentence_fr="Supprimer le travail de quelqu’un en cachette : lui faire faire par une machine sans le dire à "
        "celles et ceux qui le font ni à celles et ceux qui le reçoivent, et sans leur accord.",
        sentence_en="Doing away with somebody’s work in secret: having a machine do it without telling those who do it "
        "nor those who receive it, and without their agreement.",
    ),
    RefusedUse(
        id="rights",
        sentence_fr="Décider des droits de quelqu’un : accorder ou refuser une aide, noter, orienter ou admettre un "
        "élève, embaucher, licencier, juger. Une machine peut expliquer ; une personne décide.",
        sentence_en="Deciding on somebody’s rights: granting or refusing a benefit, grading, orienting or admitting a "
        "pupil, hiring, dismissing, judging. A machine may explain; a person decides.",
    ),
    RefusedUse(
        id="emotions",
        sentence_fr="Prétendre reconnaître les émotions, les intentions ou la sincérité de quelqu’un d’après son "
        "visage, sa voix ou ses mots.",
        sentence_en="Claiming to recognise somebody’s emotions, intentions or sincerity from their face, their voice "
        "or their words.",
    ),
    RefusedUse(
        id="deceit",
        sentence_fr="Tromper : se faire passer pour une personne réelle, ou faire passer pour humain ce qu’un "
        "programme a fait.",
        sentence_en="Deceiving: passing oneself off as a real person, or passing off as human what a program made.",
    ),
)
"""Of a collective that has not yet written its own."""


class UsesRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``uses``. Days are days; ``moderators``: mandates of moderator that may be held at once."""

    preamble_fr: str = (
        "Cette intelligence artificielle est à nous, et nous répondons de ce que nous en faisons. Voici ce que nous "
        "refusons d’en faire. Chacun peut signaler ; des personnes mandatées décident, jamais un programme seul ; "
        "toute décision dit ses raisons, toute sanction finit, et un jury tiré au sort peut la lever."
    )
    preamble_en: str = (
        "This artificial intelligence is ours, and we answer for what we do with it. Here is what we refuse to do with "
        "it. Anybody may report; people with a mandate decide, never a program alone; every decision gives its "
        "reasons, every sanction ends, and a panel drawn by lot can lift it."
    )
    refused: tuple[RefusedUse, ...] = CHARTER
    scale: tuple[SanctionStep, ...] = (
        SanctionStep(kind="warning", days=90),
        SanctionStep(kind="slower", days=14, percent=50),
        SanctionStep(kind="suspended", days=7),
        SanctionStep(kind="suspended", days=30),
    )
    """Each time further than the time before, while that one is remembered."""
    memory_days: int = 365
    """A past sanction counts for the next so long."""
    moderators: int = 3
    panel_size: int = 3
    appeal_days: int = 15
    open_days: int = 30
    """For a moderator to decide; after that the report closes without a sanction."""
    panel_days: int = 21

    def preamble(self, language: str) -> str:
        return self.preamble_en if language == "en" else self.preamble_fr

    def line(self, line_id: str) -> RefusedUse | None:
        return next((one for one in self.refused if one.id == line_id), None)


def lines_for(rules: UsesRules, workshop: str = "") -> tuple[RefusedUse, ...]:
    """The lines that hold in a workshop; "" for what comes by none: those that hold everywhere."""
    return tuple(one for one in rules.refused if not one.workshops or workshop in one.workshops)


def check_uses(rules: UsesRules) -> None:
    """Raises RuleRefused for a charter nobody would read, or a scale that is not one."""
    _check_lines(rules.refused)
    for language in ("fr", "en"):
        _check_sentence(f"preamble_{language}", rules.preamble(language), least=0, most=1_000)
        words = len(" ".join((rules.preamble(language), *(one.in_language(language) for one in rules.refused))).split())
        if words > READING_WORDS:
            _refuse(
                "long",
                f"The charter has {words} words ({language}): nobody would read it.",
                f"Keep it at {READING_WORDS}: two minutes of reading.",
                "refused",
            )
    _check_scale(rules.scale)
    _between("memory_days", rules.memory_days, 30, 3 * LONGEST_DAYS)
    _between("moderators", rules.moderators, 1, 15)
    _between("panel_size", rules.panel_size, 3, 7)
    if rules.panel_size % 2 == 0:
        _refuse("panel", f"A panel of {rules.panel_size} may be divided in half.", "Give 3, 5 or 7.", "panel_size")
    _between("appeal_days", rules.appeal_days, 7, 60)
    _between("open_days", rules.open_days, 7, 90)
    _between("panel_days", rules.panel_days, 7, 60)


def _check_lines(lines: tuple[RefusedUse, ...]) -> None:
    if len(lines) > LINES_MOST:
        _refuse("many", f"The charter has {len(lines)} lines.", f"Keep it at {LINES_MOST}.", "refused")
    ids = [one.id for one in lines]
    for one in lines:
        if not _ID.fullmatch(one.id) or ids.count(one.id) > 1:
            _refuse(
                "id",
                f"{one.id!r:.50} cannot name a line of the charter, or names two.",
                "Give each its own: small letters, digits, - and _.",
                "refused",
            )
        for name in one.workshops:
            if not _ID.fullmatch(name):
                _refuse("workshop", f"{name!r:.50} names no workshop.", "Small letters, digits, - and _.", one.id)
        _check_sentence(one.id, one.sentence_fr, least=10, most=SENTENCE_MOST)
        _check_sentence(one.id, one.sentence_en, least=10, most=SENTENCE_MOST)


def _check_sentence(name: str, sentence: str, *, least: int, most: int) -> None:
    if not least <= len(sentence) <= most or sentence != sentence.strip():
        _refuse("sentence", f"A sentence of {name} is empty, too long, or begins or ends with a blank.",
                f"Give {max(least, 1)} to {most} characters, in French and in English.", name)  # fmt: skip
    if not all(one.isprintable() or one in _SPACES for one in sentence):
        _refuse("unseen", f"A sentence of {name} holds a character that a reader does not see.", "Take it away.", name)


def _check_scale(scale: tuple[SanctionStep, ...]) -> None:
    if not 1 <= len(scale) <= 10 or scale[0].kind != "warning":
        _refuse("scale", "A scale of sanctions begins with a warning and has 1 to 10 steps.", "Warn first.", "scale")
    ranks = [(KINDS.index(one.kind), one.days if one.kind == "suspended" else 0) for one in scale]
    if ranks != sorted(ranks):
        _refuse("order", "A scale goes from the mildest to the hardest.", "Put its steps in order.", "scale")
    for one in scale:
        most = LONGEST_SUSPENSION_DAYS if one.kind == "suspended" else LONGEST_DAYS
        _between(f"scale.{one.kind}.days", one.days, 1, most)
        least, most = (10, 90) if one.kind == "slower" else (100, 100)
        _between(f"scale.{one.kind}.percent", one.percent, least, most)


def _between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise RuleRefused(
            f"{field} cannot be {value}.",
            remedy=f"Give a whole number from {least} to {most}.",
            code="uses_amount",
            param="uses",
            field=field,
            value=value,
            least=least,
            most=most,
        )


def _refuse(code: str, message: str, remedy: str, name: str) -> NoReturn:
    raise RuleRefused(message, remedy=remedy, code=f"uses_{code}", param="uses", name=name)
