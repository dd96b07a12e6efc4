"""Known parts of machines, as packaged data: graphics cards by name, and archetypes for the rest. Names match exactly.

A name that is not known is refused with the closest ones, never replaced by them: in a public tool where resemblance
is enough, an RTX 3090 becomes an A4500 or an H100 according to how its name is written.
"""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from typing import Literal

import msgspec

from affouage.errors import BadRequest
from affouage.footprint import gpu_model
from affouage.footprint.gpu_model import CardFacts, Making, exact, spread
from affouage.units import Interval

Figure = float | Literal["unknown"]
ESTIMATED = "estimated"


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A graphics card. What is None is estimated from what is known: see the rules of ``gpu_model``.

    Needs ``mass_kg`` or ``tdp_w`` (rated power), and ``board_cm2`` or ``length_mm`` with ``height_mm``.
    """

    name: str
    die_mm2: float
    vram_gb: float
    vram_chips: int
    aliases: tuple[str, ...] = ()
    chip: str = ""
    wafer_mm2: float | None = None
    board_cm2: float | None = None
    length_mm: float | None = None
    height_mm: float | None = None
    tdp_w: float | None = None
    casing_kg: float | None = None
    heatsink_kg: float | None = None
    mass_kg: float | None = None
    sources: dict[str, str] = {}


class Archetype(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a part of this kind usually costs; see ``parts/archetypes.toml`` for how its figures combine."""

    kind: str
    source: str
    fixed: tuple[Figure, Figure, Figure]
    model: str = ""
    note: str = ""
    key: str | None = None
    key_max: float = 0.0
    per_unit: tuple[float, float, float] = (0.0, 0.0, 0.0)
    amount: tuple[float, float, float] | None = None
    amount_per_key: tuple[float, float, float] = (1.0, 1.0, 1.0)
    licence: str = ""


class _CardFile(msgspec.Struct, forbid_unknown_fields=True):
    sources: dict[str, str]
    card: list[Card]


class _ArchetypeFile(msgspec.Struct, forbid_unknown_fields=True):
    sources: dict[str, str]
    licences: dict[str, str]
    archetype: list[Archetype]


def known_cards() -> tuple[Card, ...]:
    """The cards of this version, sources written out."""
    file = msgspec.convert(tomllib.loads(_text("cards.toml")), _CardFile)
    return tuple(
        msgspec.structs.replace(card, sources={fact: file.sources[id_] for fact, id_ in card.sources.items()})
        for card in file.card
    )


def known_archetypes() -> tuple[Archetype, ...]:
    """The archetypes of this version, sources written out."""
    file = msgspec.convert(tomllib.loads(_text("archetypes.toml")), _ArchetypeFile)
    return tuple(
        msgspec.structs.replace(one, source=file.sources[one.source], licence=file.licences[one.source])
        for one in file.archetype
    )


def _text(name: str) -> str:
    return resources.files("affouage.footprint").joinpath("parts", name).read_text(encoding="utf-8")


def find_card(name: str, vram_gb: float | None = None) -> Card:
    """The card of that very name or alias; letter case and runs of spaces do not count.

    Raises BadRequest (code ``unknown_card``) naming the closest ones, or when ``vram_gb`` is needed or does not agree.
    """
    cards, wanted = known_cards(), _key(name)
    found = [card for card in cards if wanted in {_key(one) for one in (card.name, *card.aliases)}]
    if not found:
        names = {_key(one): card.name for card in cards for one in (card.name, *card.aliases)}
        close = list(dict.fromkeys(names[one] for one in difflib.get_close_matches(wanted, names, n=6, cutoff=0.6)))
        raise BadRequest(
            f"The graphics card {name!r} is not known.",
            remedy=(f"Close in name, if one of them is yours: {', '.join(close[:3])}. " if close else "")
            + "All: affouage footprint machine cards. Or describe yours by die_mm2, vram_gb, vram_chips, mass_kg (or "
            "tdp_w), length_mm and height_mm: docs/how-to/describe-a-machine.md.",
            param="model",
            code="unknown_card",
        )
    fitting = [card for card in found if vram_gb is None or card.vram_gb == vram_gb]
    if len(fitting) != 1:
        sizes = " or ".join(f"{card.vram_gb:g}" for card in found)
        raise BadRequest(
            f"The {name} known here has {sizes} GB of memory.",
            remedy=f"Say which with vram_gb = {found[0].vram_gb:g}, or describe yours by its die_mm2, vram_gb ...",
            param="vram_gb",
            code="unknown_card",
        )
    return fitting[0]


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def facts_of(card: Card) -> tuple[CardFacts, dict[str, str]]:
    """The card in the model's terms, and where each fact comes from. ``ValueError`` when too little is known of it."""
    if card.mass_kg is not None:
        mass_kg, mass_from = exact(card.mass_kg), _told(f"{card.mass_kg:g} kg", card, "mass")
    elif card.tdp_w is not None:
        mass_kg = gpu_model.mass_from_power(card.tdp_w)
        mass_from = f"{_range(mass_kg)} kg, {ESTIMATED} from {card.tdp_w:g} W"
    else:
        raise ValueError("mass_kg or tdp_w is needed")
    if card.board_cm2 is not None:
        board_cm2, board_from = exact(card.board_cm2), _told(f"{card.board_cm2:g} cm2", card, "board")
    elif card.length_mm is not None and card.height_mm is not None:
        board_cm2 = gpu_model.board_from_size(card.length_mm, card.height_mm)
        board_from = f"{_range(board_cm2)} cm2, {ESTIMATED} from {card.length_mm:g} x {card.height_mm:g} mm"
        board_from += _source(card, "size")
    else:
        raise ValueError("board_cm2, or length_mm and height_mm, is needed")
    sink_kg = gpu_model.heatsink_from_mass(mass_kg) if card.heatsink_kg is None else exact(card.heatsink_kg)
    casing_kg = gpu_model.casing_from_mass(mass_kg) if card.casing_kg is None else exact(card.casing_kg)
    facts = CardFacts(
        die_mm2=card.die_mm2,
        wafer_mm2=card.wafer_mm2,
        vram_gb=card.vram_gb,
        vram_chips=card.vram_chips,
        board_cm2=board_cm2,
        casing_kg=casing_kg,
        heatsink_kg=sink_kg,
        mass_kg=mass_kg,
    )
    told = {
        "die": _told(f"{card.die_mm2:g} mm2", card, "die"),
        "vram": _told(f"{card.vram_gb:g} GB in {card.vram_chips} chips", card, "vram"),
        "board": board_from,
        "mass": mass_from,
        "heatsink": _of_mass(sink_kg, card, known=card.heatsink_kg is not None),
        "casing": _of_mass(casing_kg, card, known=card.casing_kg is not None),
    }
    return facts, told


def _source(card: Card, fact: str) -> str:
    return f" ({card.sources[fact]})" if fact in card.sources else ""


def _told(value: str, card: Card, fact: str) -> str:
    return value + _source(card, fact)


def _of_mass(kg: Interval, card: Card, *, known: bool) -> str:
    return _told(f"{kg.central:g} kg", card, "mass") if known else f"{_range(kg)} kg, {ESTIMATED} from the mass"


def _range(interval: Interval) -> str:
    return f"{interval.low:.3g} to {interval.high:.3g}"


def archetype_making(one: Archetype, key_value: float | None) -> Making:
    """What such a part costs, for ``key_value`` units of its key. ``ValueError`` when the key is needed and absent."""
    if one.key is None:
        amount = exact(0.0)
    elif key_value is not None:
        low, usual, high = one.amount_per_key
        amount = Interval(low * key_value, usual * key_value, high * key_value)
    elif one.amount is not None:
        amount = Interval(*one.amount)
    else:
        raise ValueError(f"{one.key} is needed")
    figures = [
        None if fixed == "unknown" else spread(amount.scaled(per) + exact(fixed))
        for fixed, per in zip(one.fixed, one.per_unit, strict=True)
    ]
    return Making(gwp_kg=figures[0], adpe_kg_sb=figures[1], primary_energy_mj=figures[2])
