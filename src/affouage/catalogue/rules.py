"""Rule area ``models``: which models the collective admits, and how open they must be. Pure.

A model is named by its id in the catalogue, or by the sha256 of its file when the collective wants that very file.
Nothing is admitted by what a machine says of itself but its digest: without a card, openness is unknown on every axis.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, NoReturn

import msgspec

from affouage.catalogue.openness import AXES, AxisName, Level, Openness, short_of
from affouage.errors import RuleRefused

Least = Literal["", "partial", "open"]
Reason = Literal["refused", "not_admitted", "floor"]

NAMES_MOST = 200
"""Models that one list of the rule may name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Floor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The least openness asked for, axis by axis (see ``openness``); "" asks nothing of that axis."""

    weights: Least = ""
    training_data: Least = ""
    training_code: Least = ""
    documentation: Least = ""
    licence: Least = ""

    def asked(self) -> dict[AxisName, Level]:
        """The axes that ask for something."""
        found: dict[AxisName, Level] = {}
        for name in AXES:
            least: Least = getattr(self, name)
            if least:
                found[name] = least
        return found


class ModelRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``models``. Names are ids of the catalogue or sha256 digests of files (64 hexadecimal digits).

    ``guard_model``: may flag a use to the moderators, never decides; "" for none. It answers nobody unless it
    is admitted too.
    """

    admitted: tuple[str, ...] = ()
    """None named: all that are installed, if the floor admits them."""
    refused: tuple[str, ...] = ()
    """Refused whatever else the rule says."""
    floor: Floor = Floor()
    guard_model: str = ""


class Candidate(msgspec.Struct, frozen=True):
    """A model as far as it is known: its id, the digest of the file that would answer (None unknown), its openness
    (None: it has no card). ``base``: of a voice, the model it changes, which must be admitted too."""

    id: str
    sha256: str | None = None
    openness: Openness | None = None
    base: Candidate | None = None


class Judgement(msgspec.Struct, frozen=True):
    """``reason``: None when it is admitted. ``short``: the axes below the floor, in the order of the axes.
    ``by_settings``: the configuration file refuses it, the rule does not. ``base``: the id of the base that is not
    admitted, where the voice itself would be."""

    reason: Reason | None = None
    short: tuple[AxisName, ...] = ()
    by_settings: bool = False
    base: str = ""

    @property
    def admitted(self) -> bool:
        return self.reason is None


ADMITTED = Judgement()


def judge(rules: ModelRules, model: Candidate, also_refused: Iterable[str] = ()) -> Judgement:
    """Whether the rule admits ``model`` and its base. ``also_refused``: what the configuration file refuses besides."""
    refused = tuple(also_refused)
    found = _judge(rules, model, refused)
    if not found.admitted or model.base is None:
        return found
    below = judge(rules, model.base, refused)
    return below if below.admitted else msgspec.structs.replace(below, base=below.base or model.base.id)


def _judge(rules: ModelRules, model: Candidate, also_refused: Iterable[str]) -> Judgement:
    if _named(model, rules.refused):
        return Judgement("refused")
    if rules.admitted and not _named(model, rules.admitted):
        return Judgement("not_admitted")
    asked = rules.floor.asked()
    short = tuple(short_of(model.openness or Openness(), asked)) if asked else ()
    if short:
        return Judgement("floor", short)
    return Judgement("refused", by_settings=True) if _named(model, also_refused) else ADMITTED


def asks_nothing(rules: ModelRules) -> bool:
    """Whether every model is admitted: nothing has to be looked up."""
    return not rules.admitted and not rules.refused and not rules.floor.asked()


def _named(model: Candidate, names: Iterable[str]) -> bool:
    return any(name in (model.id, model.sha256) for name in names)


def check_models(rules: ModelRules) -> None:
    """Raises RuleRefused for a list by which nothing could be asked, or that says one thing and its contrary."""
    for field, names in (("admitted", rules.admitted), ("refused", rules.refused)):
        _check_names(field, names)
    both = sorted(set(rules.admitted) & set(rules.refused))
    if both:
        _refuse("both", f"{both[0]} is admitted and refused.", "Keep it in one of the two lists.", both[0])
    if rules.guard_model:
        _check_name("guard_model", rules.guard_model)
        if rules.guard_model in rules.refused:
            _refuse(
                "guard",
                f"{rules.guard_model} is refused: it cannot be the guard.",
                "Name another guard, or none.",
                rules.guard_model,
            )


def checked_against(known: Callable[[], Iterable[str]]) -> Callable[[ModelRules], None]:
    """:func:`check_models`, and ids that nobody knows are refused: a misspelt list would shut the commons.

    ``known``: the ids of the catalogue and of the other servers.
    """

    def check(rules: ModelRules) -> None:
        check_models(rules)
        ids = set(known())
        for name in (*rules.admitted, rules.guard_model):
            if name and not _SHA256.fullmatch(name) and name not in ids:
                _refuse(
                    "unknown",
                    f"No model of the catalogue is called {name!r:.80}.",
                    "See the page of the models, or give the sha256 of the file.",
                    name,
                )

    return check


def _check_names(field: str, names: tuple[str, ...]) -> None:
    if len(names) > NAMES_MOST:
        _refuse("many", f"{field} names {len(names)} models.", f"Name {NAMES_MOST} at most.", field)
    if len(set(names)) < len(names):
        _refuse("twice", f"{field} names a model twice.", "Name each one once.", field)
    for name in names:
        _check_name(field, name)


def _check_name(field: str, name: str) -> None:
    if not (_NAME.fullmatch(name) or _SHA256.fullmatch(name)):
        _refuse(
            "name",
            f"{name!r:.80} in {field} names no model.",
            "Give an id of the catalogue, or the sha256 of a file.",
            field,
        )


def _refuse(code: str, message: str, remedy: str, name: str) -> NoReturn:
    raise RuleRefused(message, remedy=remedy, code=f"models_{code}", param="models", name=name)
