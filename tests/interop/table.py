"""Which client does what: what the tests of this folder ask of each, and the table in docs/reference/clients.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill

from tests.conftest import ROOT

CHECKS = {
    "models": "lists the models",
    "chat": "a whole answer",
    "stream": "an answer as it is written, in several pieces",
    "tools": "a call of a tool, forced",
    "schema": "an answer of a given JSON schema",
    "infill": "code filled in between a beginning and an end",
    "embeddings": "vectors",
    "error": 'an unknown model is the client\'s own "not found", with its code',
    "receipt": "the receipt's number, read from the header, opens the receipt",
}


@dataclass(frozen=True)
class Client:
    """``id``: of its program in ``clients/``. ``lock``: where its version stands, with its name there."""

    id: str
    name: str
    does: tuple[str, ...]
    lock: tuple[str, str] | None = None
    note: str = ""


_ALL = tuple(CHECKS)
_CHATS = ("chat", "stream", "tools", "schema", "embeddings", "error", "receipt")

CLIENTS = (
    Client("openai_python", "`openai` (Python)", _ALL, ("requirements-dev.txt", "openai")),
    Client("openai_node", "`openai` (npm)", _ALL, ("npm", "openai")),
    Client(
        "langchain_python",
        "LangChain, `langchain-openai`",
        _CHATS,
        ("requirements-interop.txt", "langchain-openai"),
        "no list of models. The receipt needs `include_response_headers=True`; vectors need "
        "`check_embedding_ctx_length=False`, for token numbers are not taken.",
    ),
    Client(
        "litellm_python",
        "LiteLLM's client",
        ("chat", "stream", "tools", "schema", "infill", "embeddings", "error", "receipt"),
        ("requirements-interop.txt", "litellm"),
        "models are named `openai/default`. Of an error, the sentence and not the code; the receipt stands in "
        '`_response_headers`; vectors need `encoding_format="float"`.',
    ),
    Client(
        "ai_sdk",
        "`ai` with `@ai-sdk/openai-compatible` (npm)",
        _CHATS,
        ("npm", "@ai-sdk/openai-compatible"),
        "no list of models. Schemas need `supportsStructuredOutputs: true`.",
    ),
    Client(
        "llm",
        "the `llm` command",
        ("chat", "stream", "schema", "error"),
        ("requirements-dev.txt", "llm"),
        "no headers are shown, so no receipt (`GET /v1/receipts` lists it); of an error, not the code.",
    ),
    Client("shell", "`curl`", _ALL, None, "of the system."),
    Client(
        "editor",
        "an editor that fills in",
        ("models", "stream", "infill", "error", "receipt"),
        None,
        "requests as code editors send them, made by a program of the tests: streamed, with `suffix` and with the "
        "marks of the model's own template, and given up half-way. No editor is run.",
    ),
)

OPEN_WEBUI = Client(
    "open_webui",
    "Open WebUI",
    ("models", "chat", "stream", "error"),
    ("requirements-open-webui.txt", "open-webui"),
    "run whole, with its accounts, by `make interop-open-webui` alone (1.5 GB of packages); driven by its own HTTP "
    "interface. Of an error, the sentence and not the code; no headers are shown, so no receipt "
    "(`GET /v1/receipts` lists it).",
)
"""Too heavy for every run of the tests."""

_LISTED = (*CLIENTS, OPEN_WEBUI)


def version_of(client: Client) -> str:
    """From the lock; "" where there is none."""
    if client.lock is None:
        return ""
    file, name = client.lock
    if file == "npm":
        lock = json.loads((ROOT / "tests" / "interop" / "npm" / "package-lock.json").read_text(encoding="utf-8"))
        return str(lock["packages"][f"node_modules/{name}"]["version"])
    found = re.search(rf"^{re.escape(name)}==(\S+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{name} is not in {file}"
    return found[1]


_HEAD = """\
# Clients tried

<!-- Written by `python -m tests.docs.generate` from tests/interop/table.py: change that file, not this one. -->

Each *yes* is asked of the real client, against a real server with a real (tiny) model, at each run of the tests:
`.venv/bin/python -m pytest tests/interop`; Open WebUI's by `make interop-open-webui`. A dash: the client has no such
thing, or it was not tried.
"""

_FOOT = """\
**Model Context Protocol**: the reference client `mcp` {mcp} (Python) lists and calls the three tools of `/mcp`, with
the handshake and without: see [how to use it](../how-to/use-from-mcp-clients.md).

**OpenAPI**: `GET /openapi.json` describes every route of the gateway, made from the types that read and write it
(`tests/integration/test_openapi.py` holds both against each other).

**Not run by the tests**: Nextcloud, editors, LibreOffice, Thunderbird. What to type there is in
[their guides](../how-to/use-from-other-programs.md), from their documentation.
"""


def page() -> str:
    """docs/reference/clients.md."""
    mcp = version_of(Client("mcp", "", (), ("requirements-interop.txt", "mcp")))
    return "\n".join([_HEAD, *_rows(), "", *_meanings(), "", _FOOT.format(mcp=mcp).rstrip()]) + "\n"


def _rows() -> Iterator[str]:
    yield f"| client | version | {' | '.join(CHECKS)} |"
    yield f"|---|---|{'---|' * len(CHECKS)}"
    for one in _LISTED:
        cells = " | ".join("yes" if check in one.does else "–" for check in CHECKS)
        yield f"| {one.name} | {version_of(one)} | {cells} |"


def _meanings() -> Iterator[str]:
    for check, meaning in CHECKS.items():
        yield f"- **{check}**: {meaning}."
    yield ""
    for one in _LISTED:
        if one.note:
            yield fill(f"- {one.name}: {one.note}", 118, subsequent_indent="  ", break_long_words=False)
