"""The messages of the pool. Data only: no path, address, template, flag or code passes; unknown fields are refused.

Every message is msgpack of one of these, sealed between the commons and one node (:mod:`.sealing`); the broker sees
sizes and times. Who sent it is known by the subject, which the broker's permissions guard, and by the seal.

Request ids (``rid``) are random and new for each run: nothing on the wire names a member. ``attempt`` fences: what
comes of an older attempt is thrown away. Chunks of a run are numbered from 0 without a gap, the :class:`Fin` last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from affouage.chat import Kind
from affouage.ledger.receipt import Block, Energy
from affouage.pool.nodes.wire_training import Train, Training, TrainSaid

VERSION = 1

Id = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}\Z")]
ModelId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}\Z")]
Count = Annotated[int, Meta(ge=0, le=100_000_000)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Milliseconds = Annotated[float, Meta(ge=0, le=10**9)]
"""Of one answer: days at most, so never without end."""
Short = Annotated[str, Meta(max_length=120)]
Text = Annotated[str, Meta(max_length=900_000)]


# --- what an owner decides for his machine ----------------------------------------------------------------------------


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the owner lends. It is kept on his machine, which applies it; the commons only knows it to avoid asking.

    ``owner_first``: his own questions pass before everybody's on it. ``hours``: when it serves others (local time of
    the machine, from-to, may pass midnight); none: always. ``paused``: it serves nobody else now. ``power_cap_w``: no
    new request above these watts. ``models``: only these; none: all it has. ``max_share_percent``: of its slots that
    may serve others at once (at least one slot when above 0).
    """

    owner_first: bool = True
    hours: tuple[tuple[Hour, Hour], ...] = ()
    paused: bool = False
    power_cap_w: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    models: tuple[ModelId, ...] = ()
    max_share_percent: Annotated[int, Meta(ge=0, le=100)] = 100


# --- node -> commons --------------------------------------------------------------------------------------------------

Closed = Literal["", "paused", "hours", "power", "draining", "owner"]
"""Why a node takes no request of others now; "" when it does."""


class Served(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model a node has. ``slots``: for others as for its owner, by its policy; ``used``: of them, now."""

    model_id: ModelId
    file_sha256: Sha256 | None = None
    engine: Short = ""
    engine_version: Short | None = None
    slots: Annotated[int, Meta(ge=0, le=4096)]
    used: Annotated[int, Meta(ge=0, le=4096)] = 0
    loaded: bool = False
    context_tokens: Count | None = None
    token_uj: Count | None = None
    """Microjoules of one decoded token, as learnt there; None while unknown."""
    token_ms: Annotated[float, Meta(ge=0, le=3_600_000)] | None = None


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Once a second. ``run``: random, of this start of the agent; two at once for one node: its identity was copied.

    ``machine_id``: as in blocks and receipts. ``running``: rid of each run it is working for. ``watts``: drawn now.
    """

    version: int = VERSION
    run: Id
    at_ms: int
    affouage: Short = ""
    machine_id: Short
    models: Annotated[tuple[Served, ...], Meta(max_length=200)] = ()
    closed: Closed = ""
    policy: Policy = Policy()
    running: Annotated[tuple[Id, ...], Meta(max_length=4096)] = ()
    watts: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    training: Training = ""


class Progress(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    total: Count
    cached: Count
    processed: Count


class Exact(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The exact text the model sees; None when the engine cannot tell. Only as the answer to a Run of work "render"."""

    text: Text | None


class Piece(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one chunk of the engine adds. The commons writes what clients see; nothing is relayed as it came."""

    text: Text | None = None
    reasoning: Text | None = None
    tool_calls: Annotated[list[dict[str, Any]], Meta(max_length=64)] | None = None
    logprobs: dict[str, Any] | None = None
    finish: Short | None = None


class Vectors(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    vectors: Annotated[list[list[float]], Meta(max_length=2048)]


class Done(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """The engine has finished: its own counts and durations (ms); None is unknown."""

    prompt: Count | None = None
    cached: Count | None = None
    decoded: Count | None = None
    prompt_ms: Milliseconds | None = None
    decode_ms: Milliseconds | None = None


Event = Progress | Exact | Piece | Vectors | Done


class Chunk(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """``events`` in order, several when the link is slow. ``spent_uj``: metered so far for this run."""

    rid: Id
    attempt: Annotated[int, Meta(ge=1, le=100)]
    seq: Annotated[int, Meta(ge=0, le=100_000_000)]
    events: Annotated[tuple[Event, ...], Meta(max_length=10_000)]
    spent_uj: Annotated[int, Meta(ge=0)] = 0


class SignedBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block of the node's meter, with its ``signed_by`` and ``signature`` (see :mod:`.signing`).

    ``body``: the readings behind it, compressed, as kept in ``reading_block``.
    """

    block: Block
    body: Annotated[bytes, Meta(max_length=600_000)]


class Fin(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """The last of a run, once. ``count``: chunks before it; ``sha256``: of the pieces' text, in order, UTF-8.

    ``problem``: code of the error that ended it ("" for none): one of errors' codes, told in the commons' own words;
    ``numbers``: the figures of that error (prompt_tokens, context_tokens ...). ``energy``: this run's part of the
    node's meter. Kept by the node, and sent again when asked, until :class:`Ack`.
    """

    rid: Id
    attempt: Annotated[int, Meta(ge=1, le=100)]
    seq: Annotated[int, Meta(ge=0, le=100_000_000)]
    count: Annotated[int, Meta(ge=0, le=100_000_000)]
    sha256: Sha256
    problem: Short = ""
    numbers: dict[Short, int] = {}
    energy: Energy = Energy()
    blocks: Annotated[tuple[SignedBlock, ...], Meta(max_length=64)] = ()


class Blocks(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Blocks that no run's end carried (idle time, late windows), on ``out.<id>.blocks``, until :class:`Kept`."""

    blocks: Annotated[tuple[SignedBlock, ...], Meta(max_length=64)]


class FileWanted(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """On ``out.<id>.file``: the piece of a model's file that begins at ``offset``."""

    model_id: ModelId
    offset: Annotated[int, Meta(ge=0, le=10**13)]


class FileState(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """On ``out.<id>.file``: how a model offered is doing. ``problem``: code of the error for which it was refused."""

    model_id: ModelId
    state: Literal["coming", "kept", "refused"]
    done_bytes: Annotated[int, Meta(ge=0, le=10**13)] = 0
    problem: Short = ""


FromNode = Heartbeat | Chunk | Fin | Blocks | FileWanted | FileState | TrainSaid

# --- commons -> node --------------------------------------------------------------------------------------------------


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message of a conversation."""

    role: Short
    content: str | list[dict[str, Any]] | None = None
    extra: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Work for a node: a :class:`~affouage.chat.ChatRequest` and nothing else; the node validates it again.

    ``work``: "render" answers one Exact, "generate" Progress, Piece and Done, "embed" Vectors and Done. ``own``: the
    owner of the machine asks. ``at_ms``: the commons' clock, only told.
    """

    rid: Id
    attempt: Annotated[int, Meta(ge=1, le=100)]
    at_ms: int
    work: Literal["render", "generate", "embed"]
    own: bool = False
    kind: Kind
    model_id: ModelId
    messages: Annotated[tuple[Turn, ...], Meta(max_length=4096)] = ()
    prompt: Text = ""
    suffix: Text = ""
    inputs: Annotated[tuple[Text, ...], Meta(max_length=2048)] = ()
    max_tokens: Count | None = None
    options: dict[Short, Any] = {}


class Renew(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Every 2 s: these runs are still wanted. A node that misses three stops what is not named."""

    runs: Annotated[tuple[Id, ...], Meta(max_length=4096)]


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Nobody wants it any more: stop, and say what was used (a Fin)."""

    rid: Id
    attempt: int


class Resend(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything from ``seq`` on, again."""

    rid: Id
    attempt: int
    seq: Annotated[int, Meta(ge=0)]


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """The Fin has come and is in the books: the run may be forgotten."""

    rid: Id
    attempt: int


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """These blocks are in the ledger."""

    block_ids: tuple[Short, ...]


class SetPolicy(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """The owner changed it from the pages. ``serial`` grows: an older one is not applied."""

    policy: Policy
    serial: Annotated[int, Meta(ge=0)]


class FileOffer(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """A steward gives the node a model. It asks for it piece by piece, and keeps it once whole and as announced.

    Everything that describes the model on the node comes from the node's own catalogue; a model it does not know is
    refused.
    """

    model_id: ModelId
    file_name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.gguf\Z")]
    size_bytes: Annotated[int, Meta(ge=1, le=10**13)]
    sha256: Sha256


class FilePiece(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """``data`` from ``offset`` on (256 KiB, less at the end)."""

    model_id: ModelId
    offset: Annotated[int, Meta(ge=0, le=10**13)]
    data: Annotated[bytes, Meta(max_length=300_000)]


ToNode = Run | Renew | Cancel | Resend | Ack | Kept | SetPolicy | FileOffer | FilePiece | Train

# --- bytes ------------------------------------------------------------------------------------------------------------

_encode = msgspec.msgpack.Encoder().encode
_from_node: Callable[[bytes], FromNode] = msgspec.msgpack.Decoder(FromNode).decode
_to_node: Callable[[bytes], ToNode] = msgspec.msgpack.Decoder(ToNode).decode


class Malformed(ValueError):
    """Bytes that are no message of this protocol."""


def encode(message: FromNode | ToNode) -> bytes:
    return _encode(message)


def from_node(payload: bytes) -> FromNode:
    """Raises Malformed."""
    try:
        return _from_node(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError) as wrong:
        raise Malformed(type(wrong).__name__) from None


def to_node(payload: bytes) -> ToNode:
    """Raises Malformed."""
    try:
        return _to_node(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError) as wrong:
        raise Malformed(type(wrong).__name__) from None
