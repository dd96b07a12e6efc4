"""The receipt: what one attempt at an answer was, told truly. Every figure says how it is known; unknown is None."""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.chat import Outcome
from affouage.units import Interval, Quality

Door = Literal["api", "web", "cli", "workshop", "start-up"]
"""Which way the request came in; all of them lead to the same function."""


class ModelStamp(msgspec.Struct, frozen=True, kw_only=True):
    """The model as it was: ``openness`` maps each axis to open | partial | closed | unknown."""

    id: str
    name: str
    file: str | None = None
    file_sha256: str | None = None
    quantisation: str | None = None
    licence: str | None = None
    openness: dict[str, str] = {}
    grade: str | None = None
    """What the model may be used for: assistant | grounded | fixture ...; None when no card says."""


class EngineStamp(msgspec.Struct, frozen=True):
    name: str
    version: str | None
    machine: str


class PrefixStamp(msgspec.Struct, frozen=True):
    """The commons' visible prefix that stood first; ``GET /prefix`` gives its text."""

    version: str
    language: str
    sha256: str


class TokenCounts(msgspec.Struct, frozen=True, kw_only=True):
    """``cached`` is part of ``prompt``; ``discarded`` is the part of ``decoded`` that nobody received."""

    prompt: int | None = None
    cached: int | None = None
    decoded: int | None = None
    discarded: int | None = None


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds. ``wait_ms`` is the time before the engine began, with its reason: none | turn | loading."""

    wait_ms: int
    wait_reason: str
    prompt_ms: int | None = None
    decode_ms: int | None = None
    total_ms: int


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Microjoules, low/central/high, and how they are known. ``cpu_us``: the raw input, processor time attributed."""

    interval_uj: Interval | None = None
    quality: Quality = "unknown"
    method: str = ""
    cpu_us: int | None = None


class Impacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of the use phase only. None is unknown and is shown so, never 0."""

    gwp_g: Interval | None = None
    water_l: Interval | None = None
    adpe_g_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    factor_set: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. ``prompt_sha256`` = sha256(salt + exact text the engine saw), None if the engine cannot tell it."""

    id: str
    attempt: int = 1
    member_id: str
    door: Door
    kind: str
    created_ms: int
    outcome: Outcome
    finish_reason: str | None = None
    problem: str | None = None
    """Code of the error for a failed or refused attempt."""
    model: ModelStamp
    engine: EngineStamp
    tokens: TokenCounts
    durations: Durations
    energy: Energy = Energy()
    impacts: Impacts = Impacts()
    prefix: PrefixStamp | None = None
    prompt_sha256: str | None = None
    rules: tuple[str, ...] = ()
    """Voted rules in force, by name and version."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What is held before a request may use an engine. ``tokens`` is the most it may decode; None: the context left."""

    id: str
    attempt: int = 1
    member_id: str
    door: Door
    kind: str
    model_id: str
    created_ms: int
    tokens: int | None = None
