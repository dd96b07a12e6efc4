"""The areas of what is answered: which models, what stands before a question, refused uses, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from affouage.assembly.area import Area, Field, Plain, as_list, as_present, choices_of
from affouage.assembly.rules.retention import BOUNDS, RetentionRules, check_retention, lengthens
from affouage.assembly.rules.uses import (
    LONGEST_DAYS,
    SENTENCE_MOST,
    SanctionStep,
    UsesRules,
    check_uses,
)
from affouage.catalogue.openness import AXES
from affouage.catalogue.rules import Floor, ModelRules, check_models, checked_against
from affouage.inference.prefix_rules import TEXT_MOST, PrefixRules, check_prefixes

KnownModels = Callable[[], Iterable[str]]


def areas(known_models: KnownModels | None = None) -> tuple[Area, ...]:
    """``known_models``: ids that a list may name; None: they are not looked up."""
    return (_models(known_models), _prefixes(), _uses(), _retention())


def _models(known: KnownModels | None) -> Area:
    return Area(
        name="models",
        kind=ModelRules,
        check=check_models if known is None else checked_against(known),
        fold=lambda plain: as_present(plain, "admitted", "refused"),
        unfold=lambda document: as_list(document, "admitted", "refused"),
        fields=(
            Field(path="admitted/*", kind="present"),
            Field(path="refused/*", kind="present"),
            *(Field(path=f"floor/{axis}", kind="choice", choices=choices_of(Floor, axis)) for axis in AXES),
            Field(path="guard_model", kind="text", most=80),
        ),
    )


def _prefixes() -> Area:
    return Area(
        name="prefixes",
        kind=PrefixRules,
        check=check_prefixes,
        fields=(
            Field(path="commons/fr", kind="long_text", most=TEXT_MOST),
            Field(path="commons/en", kind="long_text", most=TEXT_MOST),
            Field(path="workshops/*/fr", kind="long_text", most=TEXT_MOST),
            Field(path="workshops/*/en", kind="long_text", most=TEXT_MOST),
        ),
    )


def _uses() -> Area:
    return Area(
        name="uses",
        kind=UsesRules,
        check=check_uses,
        profile="reinforced",
        fold=_named_lines,
        unfold=_listed_lines,
        fields=(
            Field(path="preamble_fr", kind="long_text", most=1_000),
            Field(path="preamble_en", kind="long_text", most=1_000),
            Field(path="refused/*/sentence_fr", kind="long_text", least=10, most=SENTENCE_MOST),
            Field(path="refused/*/sentence_en", kind="long_text", least=10, most=SENTENCE_MOST),
            Field(path="refused/*/workshops/*", kind="present"),
            Field(path="scale/*/kind", kind="choice", choices=choices_of(SanctionStep, "kind"), names=_STEPS),
            Field(path="scale/*/days", kind="whole", least=1, most=LONGEST_DAYS, names=_STEPS, unit="days"),
            Field(path="scale/*/percent", kind="percent", least=10, most=100, names=_STEPS, unit="%"),
            Field(path="memory_days", kind="whole", least=30, most=3 * LONGEST_DAYS, unit="days"),
            Field(path="moderators", kind="whole", least=1, most=15, unit="members"),
            Field(path="panel_size", kind="whole", least=3, most=7, unit="members"),
            Field(path="appeal_days", kind="whole", least=7, most=60, unit="days"),
            Field(path="open_days", kind="whole", least=7, most=90, unit="days"),
            Field(path="panel_days", kind="whole", least=7, most=60, unit="days"),
        ),
    )


_STEPS = tuple(str(number) for number in range(1, 11))


def _retention() -> Area:
    return Area(
        name="retention",
        kind=RetentionRules,
        check=check_retention,
        lowering=lengthens,
        fields=tuple(
            Field(path=name, kind="whole", least=bound.least, most=bound.most, unit="days")
            for name, bound in BOUNDS.items()
        ),
    )


def _named_lines(plain: Plain) -> Plain:
    """Each line of the charter under its id, each step of the scale under its number."""
    refused = {}
    for line in plain["refused"]:
        refused[line["id"]] = as_present({name: said for name, said in line.items() if name != "id"}, "workshops")
    return {**plain, "refused": refused, "scale": {str(n): step for n, step in enumerate(plain["scale"], 1)}}


def _listed_lines(document: Plain) -> Plain:
    refused = [as_list({"id": name, **line}, "workshops") for name, line in document.get("refused", {}).items()]
    steps = sorted(document.get("scale", {}).items(), key=lambda one: int(one[0]))
    return {**document, "refused": refused, "scale": [step for _, step in steps]}
