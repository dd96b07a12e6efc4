"""The heavy packages of the training device: there with its extra alone."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata, util

from affouage.errors import SetUpError
from affouage.training.corpus.recipe import Extract, KeepLanguage, Recipe

_OF_STEPS = {Extract: "trafilatura", KeepLanguage: "py3langid"}
_OF_SOURCES = {"parquet": "pyarrow", "warc": "warcio"}
_ALWAYS = "datatrove"


def no_packages(name: str) -> SetUpError:
    return SetUpError(
        f"The training device is not set up here: the package {name} is missing.",
        remedy="Set it up: make training",
        code="corpus_packages",
        package=name,
    )


def needed(recipe: Recipe) -> tuple[str, ...]:
    """Packages a recipe is built with."""
    found = [_ALWAYS, *(_OF_STEPS[type(one)] for one in recipe.step if type(one) in _OF_STEPS)]
    found += [_OF_SOURCES[one.kind] for one in recipe.source if one.kind in _OF_SOURCES]
    return tuple(dict.fromkeys(found))


def check(names: Iterable[str]) -> None:
    """Raises SetUpError: the first one that is not here."""
    for name in names:
        if util.find_spec(name) is None:
            raise no_packages(name)


def versions(names: Iterable[str]) -> dict[str, str]:
    return {name: metadata.version(name) for name in names}
