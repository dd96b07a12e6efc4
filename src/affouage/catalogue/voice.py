"""Voices: adapters (LoRA) of a model that is here, each a model of its own to whoever asks, admits or refuses it.

The file holds small differences to some tensors of its base. Whether they are differences to *that* model is checked
here, before anything is copied: an adapter of another model would be refused by the engine, or spoil every word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from affouage.catalogue.card import Card, Licence, load_cards
from affouage.catalogue.gguf import Header, Shapes, read_tensors
from affouage.catalogue.openness import Openness, Say
from affouage.catalogue.store import InstalledModel, ModelStore, OnBytes, check_kind, sha256_of
from affouage.errors import BadRequest, Conflict, ModelFileRefused, UnknownModel

_FACTORS = ("lora_a", "lora_b")
_PLAIN_FILE = re.compile(r"[A-Za-z0-9][\w. +-]*\.gguf", re.ASCII)
_NOT_TRIED = Say("Pas encore éprouvée : tout relire.", "Not tried yet: reread everything.")
_OF_BASE = Say("Ce que fait {base}, autrement : à essayer.", "What {base} does, in another way: to be tried.")


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a voice when it is added. ``scale``: used where a request names none. ``trained_by``: receipt of
    the run that made it. ``good_at``, ``bad_at``: nobody has said, if empty."""

    id: str
    name: str
    base: str
    licence: Licence
    publisher: str = "not stated"
    scale: float = 1.0
    languages: tuple[str, ...] = ()
    openness: Openness = Openness()
    good_at: tuple[Say, ...] = ()
    bad_at: tuple[Say, ...] = ()
    trained_by: str | None = None


def add_voice(
    home: Path,
    file: Path,
    voice: Voice,
    *,
    store: ModelStore | None = None,
    on_bytes: OnBytes = lambda _done, _total: None,
) -> InstalledModel:
    """Check ``file`` against its base, put it among the models and write its card. Does nothing a second time.

    ``store``: the models' folder where it is not ``<home>/models``. Raises UnknownModel (no such base here), BadRequest
    (a fact that no card may hold), ModelFileRefused (truncated, no adapter, made for another model), Conflict (the id
    is another model's).
    """
    store = store or ModelStore(home / "models", home / "cards")
    cards = load_cards(home)
    base, base_card = store.find(voice.base), cards.get(voice.base)
    if base is None or base_card is None or base_card.base is not None:
        raise _no_base(voice.base, base_card)
    header, shapes = read_tensors(file)
    sha256 = sha256_of(file, on_bytes)
    card = _card(voice, file, header, sha256, base_card, base)
    check_kind(header, card, file.name)
    check_match(file.name, header, shapes, voice.base, *read_tensors(base.path))
    known = cards.get(card.id)
    if known is not None and (known.sha256, known.base) != (sha256, card.base):
        raise Conflict(
            f"The catalogue already has a model {card.id}, and it is another file.", remedy="Choose another --id."
        )
    installed = store.import_file(file, known or card, sha256=sha256)
    if known is None:
        store.add_card(card)
    return installed


def check_match(name: str, adapter: Header, shapes: Shapes, base_id: str, base: Header, below: Shapes) -> None:
    """Raises ModelFileRefused, naming the first difference: not a LoRA, other architecture, tensor or width."""

    def refuse(why: str) -> ModelFileRefused:
        return ModelFileRefused(
            f"{name} does not match {base_id}: {why}.",
            remedy="Name the model that it was trained on (--base), or train it again on this one.",
            code="voice_mismatch",
            base=base_id,
        )

    if adapter.adapter != "lora":
        raise refuse(f"its kind of adapter is {adapter.adapter or 'not said'}, and only lora can be served")
    if adapter.architecture != base.architecture:
        raise refuse(f"it is for the architecture {adapter.architecture or '?'}, the model is {base.architecture}")
    pairs = _pairs(shapes, refuse)
    for tensor, (first, second) in pairs.items():
        found = below.get(tensor)
        if found is None:
            raise refuse(f"the model has no tensor {tensor}")
        if tensor == "token_embd.weight":  # looked up, not multiplied: its factors are stored the other way round
            made, ranks = (second[1], first[1]), (first[0], second[0])
        else:
            made, ranks = (first[0], second[1]), (first[1], second[0])
        if found[:2] != made or found[2:] != first[2:] or first[2:] != second[2:]:
            raise refuse(f"{tensor} is {_by(found)} in the model, and made for {_by(made + first[2:])}")
        if ranks[0] != ranks[1]:
            raise refuse(f"its two factors of {tensor} do not go together ({ranks[0]} and {ranks[1]})")


_Pair = tuple[tuple[int, ...], tuple[int, ...]]


def _pairs(shapes: Shapes, refuse: Callable[[str], ModelFileRefused]) -> dict[str, _Pair]:
    """The two factors of each tensor it changes, by the name of that tensor."""
    changed: set[str] = set()
    for name, shape in shapes.items():
        tensor, _, factor = name.rpartition(".")
        if factor not in _FACTORS:
            raise refuse(f"{name[:80]} is none of the two factors of a LoRA")
        if len(shape) < 2:
            raise refuse(f"{name[:80]} is no matrix")
        changed.add(tensor)
    if not changed:
        raise refuse("it changes nothing")
    found: dict[str, _Pair] = {}
    for tensor in sorted(changed):
        first, second = (shapes.get(f"{tensor}.{one}") for one in _FACTORS)
        if first is None or second is None:
            raise refuse(f"one of the two factors of {tensor} is missing")
        found[tensor] = first, second
    return found


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _no_base(base: str, card: Card | None) -> UnknownModel | BadRequest:
    if card is not None and card.base is not None:
        return BadRequest(
            f"{base} is itself a voice, of {card.base}.",
            remedy=f"Name the model below: --base {card.base}.",
            param="base",
        )
    return UnknownModel(
        f"The model {base!r:.80} is not installed here, so nothing can be checked against it.",
        remedy=f"affouage models pull {base}" if card else "affouage models list shows what is here.",
        model=base[:80],
    )


def _card(voice: Voice, file: Path, header: Header, sha256: str, base: Card, below: InstalledModel) -> Card:
    """Raises BadRequest for a fact that no card may hold."""
    say = {"fr": _OF_BASE.fr.format(base=base.name), "en": _OF_BASE.en.format(base=base.name)}
    try:
        return Card(
            id=voice.id,
            name=voice.name,
            publisher=voice.publisher,
            licence=voice.licence,
            grade=base.grade,  # a voice of a model for tests answers nobody either
            good_at=voice.good_at or (Say(**say),),
            bad_at=voice.bad_at or (_NOT_TRIED,),
            languages=voice.languages or base.languages,
            openness=voice.openness,
            file=file.name if _PLAIN_FILE.fullmatch(file.name) else None,
            sha256=sha256,
            size_bytes=file.stat().st_size,
            quantisation=header.quantisation,
            context_tokens=base.context_tokens or below.header.context_tokens,
            checked=("file, sha256, size: read in the adapter itself; tensors compared with those of its base",),
            base=voice.base,
            scale=voice.scale,
            trained_by=voice.trained_by,
        )
    except ValueError as wrong:
        raise BadRequest(f"This voice cannot have a card: {wrong}.", remedy="Change what it names.") from wrong
