"""The receipt: what one attempt at an answer was, told truly. Every figure says how it is known; unknown is None."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from affouage.chat import Outcome
from affouage.units import Interval, Quality

Door = Literal["api", "web", "cli", "workshop", "start-up"]
"""Which way the request came in; all of them lead to the same function."""


class VoiceStamp(msgspec.Struct, frozen=True, kw_only=True):
    """Of an answer by a voice: the model it changed, with its file, and how strongly (0: not at all)."""

    base: str
    base_name: str
    base_file: str | None = None
    base_file_sha256: str | None = None
    scale: float


class ModelStamp(msgspec.Struct, frozen=True, kw_only=True):
    """The model as it was: ``openness`` maps each axis to open | partial | closed | unknown.

    ``voice``: None for a model that stands by itself; else ``file`` is the adapter's. ``trained_by``: receipt of the
    run that made it here.
    """

    id: str
    name: str
    file: str | None = None
    file_sha256: str | None = None
    quantisation: str | None = None
    licence: str | None = None
    openness: dict[str, str] = {}
    grade: str | None = None
    """What the model may be used for: assistant | grounded | fixture ...; None when no card says."""
    voice: VoiceStamp | None = None
    trained_by: str | None = None


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
    """Microjoules of one attempt: its exact part of the meter (central = ``static_uj`` + ``dynamic_uj``), with range.

    ``method``: code of the sentence "how this is known"; ``facts``: the figures it quotes. ``at_least``: part of the
    attempt ran while the meter could not be read, so this is a lower bound. ``machine_share_us``: the machine's time
    that fell to this attempt (each instant shared equally among those served), by which embodied impacts are shared.
    """

    interval_uj: Interval | None = None
    static_uj: int | None = None
    dynamic_uj: int | None = None
    quality: Quality = "unknown"
    method: str = ""
    facts: dict[str, str | int | float] = {}
    at_least: bool = False
    machine_share_us: int | None = None


class Impacts(msgspec.Struct, frozen=True, kw_only=True):
    """Low/central/high of four indicators. None is unknown and is shown so, never 0.

    ``gwp_g``: g CO2e; ``water_l``: litres consumed; ``adpe_g_sb``: minerals and metals, g antimony equivalent;
    ``primary_energy_mj``: MJ. ``quality`` of the worst part, never ``measured``. ``at_least``: some part is unknown.
    """

    gwp_g: Interval | None = None
    water_l: Interval | None = None
    adpe_g_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    factor_set: str | None = None
    quality: Quality = "unknown"
    at_least: bool = False


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
    """Of the use phase. The machine's making is shared out at the end of the day, when the day's users are known."""
    machine_id: str = ""
    node_id: str = ""
    """The member's or collective's machine that answered; "" for the one the commons runs on."""
    run_id: str = ""
    """Under which name this attempt's part stands in that machine's blocks; "" for its own id."""
    reach: str = ""
    """Whose machines were allowed to read it: local | collective | trusted | everyone."""
    workshop: str = ""
    """Workshop, or door for what comes by none."""
    use: str = ""
    """Use declared for an exemption from the energy allowance (accessibility, emergency); counted in public."""
    prefix: PrefixStamp | None = None
    prompt_sha256: str | None = None
    rules: tuple[str, ...] = ()
    """Rules in force, by area and version: ``budget@3``."""
    notices: tuple[str, ...] = ()
    """What the member was told with this answer: ``budget:commons:day:80``, ``sober:<model asked for>``."""


class MeterStamp(msgspec.Struct, frozen=True, kw_only=True):
    """The meter a block was counted by: see ``footprint.meter.MeterInfo``."""

    id: str
    kind: str
    quality: Quality
    low_factor: float
    high_factor: float
    method: str
    facts: dict[str, str | int | float] = {}


class LastReading(msgspec.Struct, frozen=True, kw_only=True):
    """Where the counters stood at the end of a block: what a start after an unclean stop goes on from."""

    at_us: int
    epoch: str
    counters_uj: dict[str, int]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A run of windows, shared out: sum of ``parts`` + idle + unattributed + contended = ``energy_uj``, exactly.

    ``parts``: by request id, (static_uj, dynamic_uj, machine_share_us). ``known_us``: time whose energy is known,
    ``gap_us``: time the meter could not be read. ``readings_sha256``: digest of the windows as kept in
    ``reading_block``. ``clean``: the commons was stopped in order after it, so nothing is looked for in between.
    """

    id: str
    attempt: int = 1
    member_id: str = ""
    machine_id: str
    t0_ms: int
    t1_ms: int
    meter: MeterStamp
    energy_uj: int
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    parts: dict[str, tuple[int, int, int]] = {}
    idle_us: int
    known_us: int
    gap_us: int = 0
    flags: tuple[str, ...] = ()
    windows: int
    readings_sha256: str
    last: LastReading | None = None
    clean: bool = False
    signed_by: str = ""
    """Public key (nkey, U...) of the node that metered itself; "" for the commons' own machine."""
    signature: str = ""
    """Of the node, Ed25519 in hexadecimal, over the canonical JSON of this block with ``signature`` empty."""


UNCLAIMED = "unclaimed"
"""Kind of the receipt of a part that a machine told too late, or for a commons that had stopped: nobody's request."""


TRAINING = "training"
"""Kind, workshop and use of an hour of a run of training: energy of the machine, and no answer to anybody."""


def part_name(receipt_id: str, attempt: int) -> str:
    """Under which name an attempt's part stands in the blocks of the commons' own machine. On a node: ``run_id``."""
    return receipt_id if attempt == 1 else f"{receipt_id}.{attempt}"


def booked_ms(block: Block, written_ms: int) -> int:
    """When a block counts: at its end; for a node's, whose clock proves nothing, when it was written in the ledger."""
    return written_ms if block.signed_by else block.t1_ms


class Kept(Protocol):
    """A block and the readings behind it (``pool.metering.KeptBlock``)."""

    @property
    def block(self) -> Block: ...

    @property
    def body(self) -> bytes: ...

    @property
    def unclaimed(self) -> tuple[str, ...]:
        """Names of parts in it that no receipt to come will hold: the ledger books them to the collective's losses."""
        ...


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
    workshop: str = ""
    use: str = ""
    energy_uj: int | None = None
    """Microjoules held of the allowance at the start; None when no allowance is in force."""
