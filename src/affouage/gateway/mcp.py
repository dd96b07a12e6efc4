"""``POST /mcp``: the Model Context Protocol (Streamable HTTP), for programs that give a model tools. Read only.

Nothing is kept between two requests: no session, no stream of ours. Both ways of speaking are understood: with the
handshake ``initialize`` (2025-06-18, 2025-11-25), and without (2026-07-28), where each request says its version.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage import __version__
from affouage.asgi.body import ClientGone
from affouage.asgi.commons import Commons
from affouage.asgi.guard import comes_from_here
from affouage.errors import AffouageError, NotAllowed
from affouage.gateway.converse import body_of
from affouage.gateway.explain import unless_gone
from affouage.gateway.mcp_tools import NOTICE, SheetTools, Tool
from affouage.gateway.validate import DEPTH_MAX, check_depth

HANDSHAKE_VERSIONS = ("2025-06-18", "2025-11-25")
STATELESS_VERSIONS = ("2026-07-28",)
VERSIONS = (*HANDSHAKE_VERSIONS, *STATELESS_VERSIONS)

INSTRUCTIONS = (
    "Sheets on rights and procedures, and the documents of a collective. Search, read, or have a question explained; "
    "cite the sheet, its day and its address. " + NOTICE
)

_PARSE, _INVALID, _NO_METHOD, _BAD_PARAMS = -32700, -32600, -32601, -32602
_HEADER_MISMATCH, _VERSION = -32020, -32022
_META = "io.modelcontextprotocol/"
_STATUSES = {_PARSE: 400, _INVALID: 400, _BAD_PARAMS: 400, _HEADER_MISMATCH: 400, _VERSION: 400, _NO_METHOD: 404}
"""Without a handshake. With one, only what is no message at all is more than a message's own error."""

_encode = msgspec.json.encode


class Rejected(Exception):
    """The message gets an error of JSON-RPC instead of a result."""

    def __init__(self, code: int, message: str, **told: Any) -> None:
        super().__init__(message)
        self.code = code
        self.told = told


class _Message(msgspec.Struct):
    jsonrpc: str
    id: str | int | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, Any] = {}


class _Call(msgspec.Struct):
    name: str
    arguments: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(_Message)


class ModelContext:
    """The raw ASGI route."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons
        self._tools = SheetTools(commons).tools
        self._info = {"name": "affouage", "title": "affouage", "version": __version__}
        self._able = {"tools": {"listChanged": False}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _check_origin(scope)
        try:
            body = await body_of(self._commons, scope, receive)
            response = await self._respond(body, scope, receive)
        except ClientGone:
            return
        await response(scope, receive, send)

    async def _respond(self, body: bytes, scope: Scope, receive: Receive) -> Response:
        try:
            message = _read(body)
        except Rejected as no:
            return _json({"jsonrpc": "2.0", "id": None, "error": _error(no)}, 400)
        stateless = False
        try:
            stateless = _check_version(message, _headers(scope))
            if message.method is msgspec.UNSET or message.id is msgspec.UNSET:
                return Response(status_code=202)  # of a notification, or an answer to what was never asked
            result, receipt = await self._result(message, scope, receive)
        except Rejected as no:
            status = _STATUSES.get(no.code, 200) if stateless or no.code in (_HEADER_MISMATCH, _VERSION) else 200
            told_id = None if message.id is msgspec.UNSET else message.id
            return _json({"jsonrpc": "2.0", "id": told_id, "error": _error(no)}, status)
        if stateless:
            result |= {"resultType": "complete", "_meta": {f"{_META}serverInfo": self._info}}
        return _json({"jsonrpc": "2.0", "id": message.id, "result": result}, receipt=receipt)

    async def _result(self, message: _Message, scope: Scope, receive: Receive) -> tuple[dict[str, Any], str | None]:
        """(result, number of the receipt). Raises Rejected, ClientGone."""
        match message.method:
            case "tools/call":
                return await self._call(message.params, scope, receive)
            case "tools/list":
                tools = [one.described() for one in self._tools.values()]
                return {"tools": tools, "ttlMs": 0, "cacheScope": "public"}, None
            case "initialize":
                return self._initialized(message.params), None
            case "server/discover":
                told = {"supportedVersions": list(VERSIONS), "capabilities": self._able, "instructions": INSTRUCTIONS}
                return told | {"ttlMs": 0, "cacheScope": "public"}, None
            case "ping":
                return {}, None
        raise Rejected(_NO_METHOD, f"There is no method {message.method!r:.80} here.")

    def _initialized(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1],
            "capabilities": self._able,
            "serverInfo": self._info,
            "instructions": INSTRUCTIONS,
        }

    async def _call(self, params: dict[str, Any], scope: Scope, receive: Receive) -> tuple[dict[str, Any], str | None]:
        try:
            called = msgspec.convert(params, _Call)
        except msgspec.ValidationError as wrong:
            raise Rejected(_BAD_PARAMS, f"tools/call: {wrong}") from None
        tool = self._tools.get(called.name)
        if tool is None:
            known = ", ".join(self._tools)
            raise Rejected(_BAD_PARAMS, f"There is no tool {called.name!r:.80}. Tools here: {known}.")
        return await _used(tool, called.arguments, scope, receive)


async def _used(
    tool: Tool, arguments: dict[str, Any], scope: Scope, receive: Receive
) -> tuple[dict[str, Any], str | None]:
    """What a model can mend (arguments, a sheet that is not there) is told as the tool's result. Raises ClientGone."""
    try:
        asked = msgspec.convert(arguments, tool.arguments)
        result = await unless_gone(_awaited(tool, scope, asked), receive)
    except (msgspec.ValidationError, AffouageError) as no:
        return {"content": [_text(str(no))], "isError": True}, None
    if result is None:
        raise ClientGone
    structured = msgspec.to_builtins(result)
    said = f"{NOTICE}\n{_encode(structured).decode()}"
    receipt = structured.get("receipt")
    return {"content": [_text(said)], "structuredContent": structured, "isError": False}, receipt


async def _awaited(tool: Tool, scope: Scope, asked: msgspec.Struct) -> msgspec.Struct:
    return await tool.call(scope, asked)


def _text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def _check_origin(scope: Scope) -> None:
    """A page of another site has no business here, even with a key: MCP asks for it. Raises NotAllowed."""
    if any(name == b"origin" for name, _ in scope["headers"]) and not comes_from_here(scope):
        raise NotAllowed(
            "This request came from another site.", remedy="Connect from a program, not from a page.", code="cross_site"
        )


def _headers(scope: Scope) -> dict[str, str]:
    wanted = (b"mcp-protocol-version", b"mcp-method", b"mcp-name")
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in wanted}


def _read(body: bytes) -> _Message:
    """Raises Rejected."""
    try:
        message = _decoder.decode(body)
        check_depth("params", message.params)
    except msgspec.ValidationError as wrong:
        raise Rejected(_INVALID, f"Not one message of JSON-RPC 2.0: {wrong}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Rejected(_PARSE, "The body is not JSON.") from None
    except AffouageError:
        raise Rejected(_INVALID, f"Nested more than {DEPTH_MAX} deep.") from None
    if message.jsonrpc != "2.0" or (message.method is msgspec.UNSET and message.id is msgspec.UNSET):
        raise Rejected(_INVALID, "Not a message of JSON-RPC 2.0.")
    return message


def _check_version(message: _Message, headers: dict[str, str]) -> bool:
    """Whether the message is of a version without handshake. Raises Rejected."""
    told, meta = headers.get("mcp-protocol-version"), message.params.get("_meta")
    own = meta.get(f"{_META}protocolVersion") if isinstance(meta, dict) else None
    if told not in STATELESS_VERSIONS and own is None:
        if told is not None and told not in HANDSHAKE_VERSIONS and message.method != "initialize":
            raise _version_refused(told)
        return False
    if message.id is msgspec.UNSET:
        return True
    if told != own:
        raise Rejected(_HEADER_MISMATCH, "The header MCP-Protocol-Version and the message name different versions.")
    if own not in STATELESS_VERSIONS:
        raise _version_refused(str(own))
    if headers.get("mcp-method") != message.method:
        raise Rejected(_HEADER_MISMATCH, "The header Mcp-Method does not name the message's method.")
    if message.method == "tools/call" and headers.get("mcp-name") != message.params.get("name"):
        raise Rejected(_HEADER_MISMATCH, "The header Mcp-Name does not name the message's tool.")
    if not isinstance(meta, dict) or f"{_META}clientCapabilities" not in meta:
        raise Rejected(_BAD_PARAMS, f"params._meta lacks {_META}clientCapabilities.")
    return True


def _version_refused(wanted: str) -> Rejected:
    return Rejected(_VERSION, "Unsupported protocol version", supported=list(VERSIONS), requested=wanted[:80])


def _error(no: Rejected) -> dict[str, Any]:
    error = {"code": no.code, "message": str(no)}
    return error | ({"data": no.told} if no.told else {})


def _json(body: dict[str, Any], status: int = 200, *, receipt: str | None = None) -> Response:
    headers = {"cache-control": "no-store"}
    if receipt is not None:
        headers["x-affouage-receipt"] = receipt
    return Response(_encode(body), status, headers, "application/json")
