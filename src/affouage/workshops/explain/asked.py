"""What a question asks for that no sheet can give, by its form alone. Pure, but for reading its own words once."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from affouage.workshops.explain.countries import COUNTRY, NATION


class Forms(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled, for questions laid flat (``french.plain.level``). See ``asked.toml`` for what each is for."""

    personal: re.Pattern[str]
    local: re.Pattern[str]
    local_with_place: re.Pattern[str]
    future: re.Pattern[str]
    far: re.Pattern[str]
    expert: re.Pattern[str]
    their_law: re.Pattern[str]
    there: re.Pattern[str]
    moving: re.Pattern[str]
    ours: re.Pattern[str]
    abroad: re.Pattern[str]


@cache
def forms() -> Forms:
    """Those that are shipped."""
    text = resources.files("affouage.workshops.explain").joinpath("asked.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    office = told["office"].replace("\\\n", "")

    def compiled(*written: str) -> re.Pattern[str]:
        joined = "|".join(written).replace("\\\n", "")
        for name, stands_for in (("{office}", office), ("{country}", COUNTRY), ("{nation}", NATION)):
            joined = joined.replace(name, stands_for)
        return re.compile(joined)

    def of_kind(name: str) -> re.Pattern[str]:
        groups: list[dict[str, Any]] = told[name]
        return compiled(*(form for group in groups for form in group["forms"]))

    foreign: dict[str, str] = told["foreign"]
    return Forms(
        personal=of_kind("personal"),
        local=of_kind("local"),
        local_with_place=compiled(*told["local_with_place"]["forms"]),
        future=of_kind("future"),
        far=of_kind("far"),
        expert=of_kind("expert"),
        their_law=compiled(foreign["their_law"]),
        there=compiled(foreign["there"]),
        moving=compiled(foreign["moving"]),
        ours=compiled(foreign["ours"]),
        abroad=compiled(foreign["abroad"]),
    )
