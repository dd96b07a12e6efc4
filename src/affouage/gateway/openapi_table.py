"""What the routes of the gateway do, a row each: the words of the description that no type can say. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from affouage.gateway.journal import LARGEST, MOST_ENTRIES
from affouage.gateway.openapi_shapes import ANYTHING, Schema, ref
from affouage.gateway.receipts import LIMIT_DEFAULT, LIMIT_MAX
from affouage.pool.nodes.joining import JOIN_PATH

PLAIN = "text/plain"


class InQuery(NamedTuple):
    """A whole number of the address. ``default`` None: it must be given."""

    least: int
    most: int
    default: int | None = None


@dataclass(frozen=True)
class Operation:
    """``body``, ``answer``: schemas. ``asks``: work is done for it, so there is a receipt. ``also``: other answers;
    ``alike``: others of the same shape."""

    tag: str
    summary: str
    answer: Schema | None = None
    body: str = ""
    told: str = "Done."
    media: str = "application/json"
    asks: bool = False
    streams: bool = False
    query: dict[str, InQuery] = field(default_factory=dict)
    also: dict[str, str] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)


_POSITION = InQuery(0, LARGEST)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/chat/completions"): Operation(
        "ask", "Ask a model in a conversation", ref("ChatCompletion"), "ChatRequest", asks=True, streams=True
    ),
    ("POST", "/v1/completions"): Operation(
        "ask",
        "Have a model go on with a text; with a suffix, fill in between",
        ref("TextCompletion"),
        "CompletionRequest",
        asks=True,
        streams=True,
    ),
    ("POST", "/v1/embeddings"): Operation(
        "ask", "Turn texts into vectors", ref("EmbeddingList"), "EmbeddingRequest", asks=True
    ),
    ("POST", "/v1/explain"): Operation(
        "sheets", "Have a question answered from the sheets", ref("Explanation"), "ExplainRequest", asks=True
    ),
    ("POST", "/mcp"): Operation(
        "sheets",
        "Search, read and explain sheets over the Model Context Protocol (Streamable HTTP)",
        ref("JsonRpc"),
        "JsonRpc",
        asks=True,
        also={"202": "A notification was taken.", "400": "An error of JSON-RPC.", "404": "No such method."},
    ),
    ("GET", "/v1/models"): Operation("models", "Models that may be asked", ref("ModelList")),
    ("GET", "/v1/models/{model_id}"): Operation("models", "One model; `default` is the chosen one", ref("Model")),
    ("GET", "/v1/receipts"): Operation(
        "receipts",
        "One's own receipts, newest first",
        ref("ReceiptList"),
        query={"limit": InQuery(1, LIMIT_MAX, LIMIT_DEFAULT)},
    ),
    ("GET", "/v1/receipts/{receipt_id}"): Operation("receipts", "One of one's own receipts", ref("ReceiptWithSalt")),
    ("GET", "/queue"): Operation("queue", "Where one's requests stand", ref("Queue")),
    ("GET", "/v1/queue"): Operation("queue", "Where one's requests stand", ref("Queue")),
    ("GET", "/metrics"): Operation(
        "operations", "How busy the commons is, for Prometheus", {"type": "string"}, media=PLAIN
    ),
    ("GET", "/health"): Operation("operations", "Whether it is up", ref("Health")),
    ("GET", "/healthz"): Operation("operations", "Whether it answers", ref("Alive")),
    ("GET", "/readyz"): Operation(
        "operations",
        "Whether what it needs to answer a question holds",
        ref("Readiness"),
        alike={"503": "Something does not hold."},
    ),
    ("GET", "/prefix"): Operation("public", "The texts that stand before every conversation", ref("Prefixes")),
    ("GET", "/openapi.json"): Operation("public", "This description", ANYTHING),
    ("GET", JOIN_PATH): Operation("machines", "For whoever opens an invitation", {"type": "string"}, media=PLAIN),
    ("POST", JOIN_PATH): Operation(
        "machines",
        "A machine asks to join, signed with its own key",
        ref("JoinAnswer"),
        "JoinRequest",
        alike={"202": "A steward has not decided yet."},
    ),
    ("GET", f"{JOIN_PATH}/{{node_id}}"): Operation(
        "machines", "A machine comes back to see", ref("JoinAnswer"), alike={"202": "A steward has not decided yet."}
    ),
    ("GET", "/journal/checkpoint"): Operation(
        "log", "The signed state of the public log", {"type": "string"}, media=PLAIN
    ),
    ("GET", "/journal/checkpoint/cosigned"): Operation(
        "log", "The newest one that somebody else signed too", {"type": "string"}, media=PLAIN
    ),
    ("GET", "/journal/key"): Operation("log", "What signs the log, and what did before", ref("LogKey")),
    ("GET", "/journal/entries"): Operation(
        "log",
        "Entries as they were hashed",
        ref("LogEntries"),
        query={"first": InQuery(0, LARGEST, 0), "count": InQuery(0, MOST_ENTRIES, 100)},
    ),
    ("GET", "/journal/proof/inclusion"): Operation(
        "log", "That an entry is in the log", ref("InclusionProof"), query={"seq": _POSITION, "size": _POSITION}
    ),
    ("GET", "/journal/proof/consistency"): Operation(
        "log",
        "That the log only grew between two sizes",
        ref("ConsistencyProof"),
        query={"from": _POSITION, "to": _POSITION},
    ),
}
