"""First rules to start from, by the kind of collective: ``<name>.toml`` beside this file. Members change them by votes.

A file says only what differs from the rules as the software comes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from affouage.catalogue.openness import Say
from affouage.rulebook import AREAS


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rules``: by area, what of its document differs from the default."""

    name: Say
    sentence: Say
    rules: dict[str, dict[str, Any]]

    def values(self) -> dict[str, Any]:
        """The first rule of each area it speaks of. Raises RuleRefused, KeyError for an area there is not."""
        found = {}
        for area_name, changes in self.rules.items():
            area = AREAS[area_name]
            found[area_name] = area.checked(_over(area.shape(area.default), changes))
        return found


@cache
def read() -> Mapping[str, Preset]:
    """Every preset by its code, in order."""
    files = [one for one in resources.files(__package__).iterdir() if one.name.endswith(".toml")]
    return {
        one.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(one.read_text(encoding="utf-8")), Preset)
        for one in sorted(files, key=lambda one: one.name)
    }


def _over(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``changes`` on a document, object by object."""
    new = dict(document)
    for name, value in changes.items():
        there = new.get(name)
        new[name] = _over(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return new
