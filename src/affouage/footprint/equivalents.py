"""Everyday things of the same weight in carbon: dated figures of ADEME's Impact CO2, compared with like scopes only.

Those figures count making as well as using (a car is built, a telephone too), so only a total that counts the machine's
making may stand beside them. What an equivalent's own figure is worth is not published: the range shown is ours alone.
"""

from __future__ import annotations

import datetime
import tomllib
from importlib import resources
from typing import Annotated, Literal

import msgspec

from affouage.errors import BadRequest
from affouage.units import Interval

CarbonScope = Literal["use", "use and making"]
"""What of our own carbon is counted: electricity alone, or electricity and the share of the machine's making."""

_Grams = Annotated[float, msgspec.Meta(gt=0)]


class Equivalent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``gwp_g``: g CO2e of one ``unit``. ``fr`` and ``en``: what is counted, after a number ("km en TGV")."""

    id: str
    gwp_g: _Grams
    fr: str
    en: str
    includes: str
    url: str


class Equivalents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dated table. ``published``: day of the file at its source; ``retrieved``: day it was read."""

    set: str
    source: str
    url: str
    licence: str
    published: datetime.date
    retrieved: datetime.date
    scope: CarbonScope
    unit: Literal["g CO2e"]
    equivalent: tuple[Equivalent, ...]


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """``amount`` of an equivalent (km, hours, meals ...) weighs as much as what was asked about."""

    equivalent: Equivalent
    amount: Interval


def equivalents() -> Equivalents:
    """The table of this version."""
    text = resources.files("affouage.footprint").joinpath("factors/equivalents-2026-06.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Equivalents)


def like(gwp_g: Interval | None, scope: CarbonScope, table: Equivalents | None = None) -> tuple[Likeness, ...]:
    """Amounts of each equivalent that weigh as much as ``gwp_g`` grams; nothing for an unknown weight.

    Raises BadRequest when ``scope`` is not that of the equivalents: electricity alone is not compared with things
    whose making is counted.
    """
    table = table or equivalents()
    if scope != table.scope:
        raise BadRequest(
            f"The equivalents count {table.scope}; this figure counts {scope} alone.",
            remedy="Describe the machine, so that the share of its making can be added: affouage footprint machine",
            code="unlike_scopes",
        )
    if gwp_g is None:
        return ()
    return tuple(Likeness(equivalent=one, amount=gwp_g.scaled(1 / one.gwp_g)) for one in table.equivalent)
