"""Cards: what is known of a model before it runs, one TOML file each.

A card holds facts and where they come from. What is not known stays out (``None``): a digest, a size or a revision is
never invented. A card without a digest is completed the first time its model is pulled, and the digest seen then is
pinned in ``<home>/cards/pins.json``.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from affouage.catalogue.openness import Openness, Say
from affouage.errors import SetUpError

Grade = Literal["assistant", "grounded", "embedding", "fixture"]
"""assistant: free conversation; grounded: only with the source text at hand; embedding: vectors, never text;
fixture: for tests, never answers people."""

_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE = re.compile(r"[A-Za-z0-9][\w. +-]*\.gguf", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\{n\}[A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!]*")


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``id``: SPDX identifier, or ``LicenseRef-...`` when SPDX has none; ``url``: its text."""

    id: str
    name: str = ""
    url: str = ""


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file cut into numbered packages of a registry, each wheel holding one ``data/partNN.bin``.

    ``package`` has ``{n}`` where the number stands (1..count); every part but the last has ``part_bytes`` bytes.
    """

    package: str
    version: str
    count: int
    part_bytes: int

    def __post_init__(self) -> None:
        if not _PACKAGE.fullmatch(self.package):
            raise ValueError("package must be a package name with {n} where the part's number stands")
        if not _VERSION.fullmatch(self.version):
            raise ValueError("version must be one exact version")
        if not 1 <= self.count <= 1000 or not 1 <= self.part_bytes <= 2**31:
            raise ValueError("count must be 1..1000 and part_bytes 1..2147483648")


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model. ``None`` is unknown. Bytes are bytes, tokens are tokens of the model's own tokenizer.

    ``about_bytes``: the size as people write it, when the exact one is not known; only for estimates.
    ``kv_bytes_per_token``: memory of the key-value cache for one token of context (f16), when known.
    ``checked``: where repository, revision, digest and size were read, one line per fact.

    ``base``: of a voice (an adapter), the id of the model it changes; ``scale``: how strongly, unless a request says
    otherwise. ``trained_by``: receipt of the run that made it here.
    """

    id: str
    name: str
    publisher: str
    licence: Licence
    grade: Grade
    good_at: tuple[Say, ...]
    bad_at: tuple[Say, ...]
    languages: tuple[str, ...] = ()
    openness: Openness = Openness()
    repo: str | None = None
    revision: str | None = None
    file: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    about_bytes: int | None = None
    quantisation: str | None = None
    context_tokens: int | None = None
    kv_bytes_per_token: int | None = None
    terms_url: str | None = None
    parts: Parts | None = None
    checked: tuple[str, ...] = ()
    base: str | None = None
    scale: float | None = None
    trained_by: str | None = None

    def __post_init__(self) -> None:
        _check_names(self)
        _check_numbers(self)
        _check_voice(self)
        if not self.good_at or not self.bad_at:
            raise ValueError("good_at and bad_at each need at least one sentence")
        if self.parts and (not self.sha256 or not self.size_bytes or not self.file):
            raise ValueError("parts need file, sha256 and size_bytes: packages are accepted by digest only")
        if self.parts and not 0 <= self.parts.count * self.parts.part_bytes - self.size_bytes < self.parts.part_bytes:  # type: ignore[operator]
            raise ValueError("parts: count and part_bytes do not add up to size_bytes")

    @property
    def voice_scale(self) -> float:
        """Of a voice: what a request that names none gets."""
        return 1.0 if self.scale is None else self.scale

    @property
    def known_bytes(self) -> int | None:
        """Exact size, else the approximate one, else None."""
        return self.size_bytes or self.about_bytes


def _check_names(card: Card) -> None:
    if not _ID.fullmatch(card.id) or len(card.id) > 80:
        raise ValueError("id must be lower-case words joined by - (for instance smollm3-3b), 80 characters at most")
    if card.repo is not None and not _REPO.fullmatch(card.repo):
        raise ValueError("repo must be owner/name")
    if card.revision is not None and not _COMMIT.fullmatch(card.revision):
        raise ValueError("revision must be a full commit (40 hexadecimal digits): a branch moves")
    if card.file is not None and not _FILE.fullmatch(card.file):
        raise ValueError("file must be a plain .gguf file name, without folders")
    if card.sha256 is not None and not _SHA256.fullmatch(card.sha256):
        raise ValueError("sha256 must be 64 lower-case hexadecimal digits")
    if card.terms_url is not None and not card.terms_url.startswith("https://"):
        raise ValueError("terms_url must start with https://")


def _check_numbers(card: Card) -> None:
    for key in ("size_bytes", "about_bytes", "context_tokens", "kv_bytes_per_token"):
        value = getattr(card, key)
        if value is not None and value <= 0:
            raise ValueError(f"{key} must be positive; leave it out when it is not known")


MOST_SCALE = 2.0
"""Beyond, an adapter drowns what its base had learnt."""


def _check_voice(card: Card) -> None:
    if card.base is not None and (not _ID.fullmatch(card.base) or card.base == card.id):
        raise ValueError("base must be the id of another model")
    if card.scale is not None and (card.base is None or not 0 <= card.scale <= MOST_SCALE):
        raise ValueError(f"scale is of a voice (a card with base), from 0 to {MOST_SCALE:g}")
    if card.trained_by is not None and not 0 < len(card.trained_by) <= 100:
        raise ValueError("trained_by must be the receipt of a run, 100 characters at most")


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub said of a file the first time it was pulled; later pulls must find the same digest."""

    repo: str
    revision: str | None
    file: str
    sha256: str
    size_bytes: int
    first_seen_ms: int


def read_card(text: str, where: str) -> Card:
    """Read one card; ``where`` names it in errors. Raises SetUpError naming the file and the key."""
    try:
        return msgspec.convert(tomllib.loads(text), Card)
    except tomllib.TOMLDecodeError as wrong:
        raise _refused(where, f"not TOML: {wrong}") from wrong
    except msgspec.ValidationError as wrong:
        raise _refused(where, str(wrong)) from wrong


def _refused(where: str, why: str) -> SetUpError:
    return SetUpError(
        f"The model card {where} cannot be used: {why}.",
        remedy="Mend the key it names; docs/how-to/add-a-model.md shows a complete card.",
        code="card_refused",
        card=where,
    )


def read_card_file(path: Path) -> Card:
    """Read the card at ``path``. Raises SetUpError (missing, unreadable, wrong key)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise _refused(str(path), str(wrong)) from wrong
    return read_card(text, str(path))


def load_cards(home: Path | None) -> dict[str, Card]:
    """All cards by id, in order of id: those shipped, then those of ``<home>/cards/*.toml``, which win.

    Digests pinned at a first pull fill in what a card leaves out. Raises SetUpError for a bad card or bad pins.
    """
    cards: dict[str, Card] = {}
    for entry in sorted(resources.files("affouage.catalogue").joinpath("cards").iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".toml"):
            _add(cards, read_card(entry.read_text(encoding="utf-8"), entry.name), entry.name)
    if home is not None:
        own: dict[str, Card] = {}
        for path in sorted((home / "cards").glob("*.toml")):
            _add(own, read_card_file(path), str(path))
        cards |= own
        for card_id, pin in read_pins(home / "cards").items():
            if card_id in cards:
                cards[card_id] = with_pin(cards[card_id], pin)
    return dict(sorted(cards.items()))


def _add(cards: dict[str, Card], card: Card, where: str) -> None:
    if card.id in cards:
        raise _refused(where, f"the id {card.id} is already used by another card beside it")
    cards[card.id] = card


def with_pin(card: Card, pin: Pin) -> Card:
    """``card`` with what its first pull established, where the card itself says nothing."""
    if pin.repo != card.repo or (card.file is not None and pin.file != card.file):
        return card
    return msgspec.structs.replace(
        card,
        file=card.file or pin.file,
        revision=card.revision or pin.revision,
        sha256=card.sha256 or pin.sha256,
        size_bytes=card.size_bytes or pin.size_bytes,
    )


def read_pins(cards_dir: Path) -> dict[str, Pin]:
    """The digests seen at first pulls. Raises SetUpError when ``pins.json`` is not what was written."""
    path = cards_dir / "pins.json"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, Pin])
    except msgspec.MsgspecError as wrong:
        raise _refused(str(path), str(wrong)) from wrong


def as_toml(card: Card) -> str:
    """A card written out for the collective's own folder; :func:`read_card` gives the same card back."""
    lines: list[str] = []
    tables: list[str] = []
    for key, value in msgspec.to_builtins(card).items():
        if value is None or value == () or (key == "openness" and card.openness == Openness()):
            continue
        if isinstance(value, dict):
            tables.append(_table(key, value))
        elif isinstance(value, tuple | list) and isinstance(value[0], dict):
            tables += [f"\n[[{key}]]\n" + "".join(_pairs(one)) for one in value]
        else:
            lines.append(f"{key} = {_toml(value)}\n")
    return "".join(lines) + "".join(tables)


def _table(name: str, values: dict[str, Any]) -> str:
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    nested = "".join(_table(f"{name}.{key}", value) for key, value in values.items() if isinstance(value, dict))
    return (f"\n[{name}]\n" + "".join(_pairs(plain)) if plain else "") + nested


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}\n" for key, value in values.items() if value is not None]


def _toml(value: Any) -> str:
    # JSON's strings, integers and arrays are TOML's, but for DEL, which TOML wants escaped.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return text.encode("utf-8", "replace").decode("utf-8")
