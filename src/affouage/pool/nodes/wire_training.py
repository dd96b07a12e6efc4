"""The messages of the pool about runs of training: the same rules as for all (:mod:`.wire`)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Job = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
"""The first of the fingerprint of the archive's manifest."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Short = Annotated[str, Meta(max_length=120)]

Training = Literal["", "open", "closed", "busy", "extra"]
"""Whether a machine takes a run of training: "" when its owner does not lend it for that; closed: not now; busy: it has
one; extra: what learning needs is not installed there."""


# --- both ways, and from the node ---


class TrainWanted(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Both ways: the piece of a run's archive that begins at ``offset``."""

    job: Job
    offset: Annotated[int, Meta(ge=0, le=10**13)]


class TrainPiece(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """The answer, both ways."""

    job: Job
    offset: Annotated[int, Meta(ge=0, le=10**13)]
    data: Annotated[bytes, Meta(max_length=300_000)]


class TrainState(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a run is doing there. ``problem``: code of why it waits or was refused."""

    job: Job
    state: Literal["waiting", "coming", "running", "aside", "refused"]
    problem: Short = ""


class TrainTold(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whole lines of what the program tells, from ``offset`` of its file on; its end comes with the results."""

    job: Job
    offset: Annotated[int, Meta(ge=0, le=10**13)]
    lines: Annotated[bytes, Meta(max_length=100_000)]


class TrainEnergy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the node's own meter tells of one run. ``signature``: of the rest, by the key of its credential."""

    job: Job
    machine_id: Short
    energy_uj: Annotated[int, Meta(ge=0, le=10**16)]
    cpu_us: Annotated[int, Meta(ge=0, le=10**16)]
    meter: Short
    signature: Annotated[str, Meta(max_length=128)] = ""


class TrainBack(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """It works no more, and its results wait to be asked for. ``energy``: None when it is not known there.

    ``processor``, ``processors``, ``memory_bytes``: of the machine, in its own words, for the receipt.
    """

    job: Job
    size_bytes: Annotated[int, Meta(ge=1, le=10**13)]
    sha256: Sha256
    energy: TrainEnergy | None = None
    processor: Short = "unknown"
    processors: Annotated[int, Meta(ge=1, le=100_000)] = 1
    memory_bytes: Annotated[int, Meta(ge=0, le=10**16)] | None = None


TrainSaid = TrainWanted | TrainPiece | TrainState | TrainTold | TrainBack
"""From the node, on ``out.<id>.train``."""

# --- to the node ---


class TrainOffer(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """A run to learn there: an archive of settings, texts and a base, which the node asks for piece by piece. The
    program that learns is the node's own."""

    job: Job
    size_bytes: Annotated[int, Meta(ge=1, le=10**13)]
    sha256: Sha256


class TrainHeard(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """So many bytes of what it told are here."""

    job: Job
    known_bytes: Annotated[int, Meta(ge=0, le=10**13)]


class TrainStop(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Write a checkpoint, end, and give it back."""

    job: Job


class TrainKept(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Its results are in their place, or nobody waits for them: nothing of it need be kept there."""

    job: Job


Train = TrainOffer | TrainWanted | TrainPiece | TrainHeard | TrainStop | TrainKept
"""About a run of training, to the node."""
