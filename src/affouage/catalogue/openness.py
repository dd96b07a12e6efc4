"""How open a model is, told on five separate axes; pure.

The axes follow the three elements of the Open Source AI Definition 1.0 (data information, code, parameters) plus the
documentation and the licence, judged component by component as the Model Openness Framework does. There is no overall
mark on purpose: a sum would let generous weights hide silent data. ``docs/reference/openness.md`` says what each
level means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import msgspec

Level = Literal["open", "partial", "closed", "unknown"]
AxisName = Literal["weights", "training_data", "training_code", "documentation", "licence"]

AXES: tuple[AxisName, ...] = ("weights", "training_data", "training_code", "documentation", "licence")

_RANK: dict[Level, int] = {"unknown": 0, "closed": 0, "partial": 1, "open": 2}
"""What was never established counts for no more than what is closed."""


class Say(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in the two languages of the interface."""

    fr: str
    en: str

    def __post_init__(self) -> None:
        if not self.fr.strip() or not self.en.strip():
            raise ValueError("a sentence is needed in both languages (fr and en)")

    def in_language(self, language: str) -> str:
        """French for ``fr``, English for anything else."""
        return self.fr if language == "fr" else self.en


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One axis: a level, a sentence that says why, and where that was read (address or document)."""

    level: Level
    fr: str
    en: str
    source: str = ""

    def __post_init__(self) -> None:
        if not self.fr.strip() or not self.en.strip():
            raise ValueError("an axis needs a sentence in both languages (fr and en)")
        if self.level != "unknown" and not self.source.strip():
            raise ValueError("a level other than unknown needs a source")

    @property
    def sentence(self) -> Say:
        return Say(self.fr, self.en)


NOT_ESTABLISHED = Axis("unknown", "Personne ne l'a établi ici.", "Nobody has established it here.")


class Openness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The five axes of one model; an axis left out is unknown."""

    weights: Axis = NOT_ESTABLISHED
    training_data: Axis = NOT_ESTABLISHED
    training_code: Axis = NOT_ESTABLISHED
    documentation: Axis = NOT_ESTABLISHED
    licence: Axis = NOT_ESTABLISHED

    def axis(self, name: AxisName) -> Axis:
        found: Axis = getattr(self, name)
        return found


class HasOpenness(Protocol):
    @property
    def openness(self) -> Openness: ...


AXIS_WORDS: dict[AxisName, Say] = {
    "weights": Say("poids", "weights"),
    "training_data": Say("données d'entraînement", "training data"),
    "training_code": Say("code d'entraînement", "training code"),
    "documentation": Say("documentation", "documentation"),
    "licence": Say("licence", "licence"),
}

_LEVEL_WORDS: dict[Level, Say] = {
    "open": Say("publié", "open"),
    "partial": Say("en partie", "partial"),
    "closed": Say("non publié", "closed"),
    "unknown": Say("inconnu", "unknown"),
}

_LICENCE_WORDS: dict[Level, Say] = {
    "open": Say("libre", "free"),
    "partial": Say("libre sous conditions", "free with conditions"),
    "closed": Say("restreinte", "restricted"),
    "unknown": Say("inconnue", "unknown"),
}

_MISSING: dict[AxisName, dict[Level, Say]] = {
    "weights": {
        "partial": Say("poids publiés en partie ou sous condition", "weights published in part or on conditions"),
        "closed": Say("poids non publiés", "weights not published"),
        "unknown": Say("on ne sait pas si les poids sont publiés", "it is not known whether the weights are published"),
    },
    "training_data": {
        "partial": Say(
            "données d'entraînement publiées ou décrites en partie seulement",
            "training data published or described only in part",
        ),
        "closed": Say("données d'entraînement non publiées", "training data not published"),
        "unknown": Say(
            "on ne sait pas de quelles données le modèle est fait", "it is not known what data the model is made of"
        ),
    },
    "training_code": {
        "partial": Say("code d'entraînement publié en partie seulement", "training code published only in part"),
        "closed": Say("code d'entraînement non publié", "training code not published"),
        "unknown": Say(
            "on ne sait pas si le code d'entraînement est publié",
            "it is not known whether the training code is published",
        ),
    },
    "documentation": {
        "partial": Say("documentation incomplète", "incomplete documentation"),
        "closed": Say("pas de documentation publique", "no public documentation"),
        "unknown": Say("documentation non vérifiée", "documentation not checked"),
    },
    "licence": {
        "partial": Say("licence libre assortie de conditions", "free licence with conditions attached"),
        "closed": Say("licence qui restreint les usages", "licence that restricts uses"),
        "unknown": Say("licence inconnue", "licence unknown"),
    },
}


def level_word(axis: AxisName, level: Level) -> Say:
    """The word of the interface for one level of one axis."""
    return (_LICENCE_WORDS if axis == "licence" else _LEVEL_WORDS)[level]


def missing(model: HasOpenness) -> list[Say]:
    """What is not open, one short sentence per axis, in the order of :data:`AXES`; empty when all five are open."""
    return lacking(model.openness, AXES)


def lacking(openness: Openness, axes: Iterable[AxisName]) -> list[Say]:
    """What is not open on these axes, one short sentence each; nothing for those that are."""
    levels = ((name, openness.axis(name).level) for name in axes)
    return [_MISSING[name][level] for name, level in levels if level != "open"]


def short_of(openness: Openness, floor: Mapping[AxisName, Level]) -> list[AxisName]:
    """The axes on which ``openness`` stays below ``floor`` (axis -> least level), in the order of :data:`AXES`.

    Axes that the floor does not name are free. ``unknown`` in a floor asks for nothing, as ``closed`` does.
    """
    return [name for name in AXES if name in floor and _RANK[openness.axis(name).level] < _RANK[floor[name]]]
