"""``GET /openapi.json``: the gateway described for programs, from what it really is made of. Pure but for the route.

Paths, methods and who may enter come from the routes; bodies from the Structs that decode them; what is refused from
the tables that refuse. What is written by hand below (a sentence a route, bounds, what must be there) is held by tests
against the readers and against answers of a real server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from affouage import __version__
from affouage.asgi.guard import SAFE_METHODS, Guard
from affouage.assembly.access import Policy
from affouage.catalogue.card import MOST_SCALE
from affouage.gateway import embeddings, explain, wire
from affouage.gateway.messages import ROLES
from affouage.gateway.openapi_shapes import TEMPLATE, Schema, ref, shapes
from affouage.gateway.openapi_table import OPERATIONS, InQuery, Operation
from affouage.gateway.parameters import Refusable, neutral_values, remedy_of
from affouage.pool.nodes.joining import JoinRequest
from affouage.workshops.explain.explain import QUESTION_MOST

PATH = "/openapi.json"

# The very types that the routes decode.
_BODIES: dict[str, Any] = {
    "ChatRequest": wire._ChatBody,
    "CompletionRequest": wire._CompletionBody,
    "EmbeddingRequest": embeddings._Body,
    "ExplainRequest": explain._Body,
    "JoinRequest": JoinRequest,
}
REQUIRED = {
    "ChatRequest": ("model", "messages"),
    "CompletionRequest": ("model", "prompt"),
    "EmbeddingRequest": ("model", "input"),
    "ExplainRequest": ("question",),
}
"""What the readers ask for by name; the Structs hold None until then."""

BOUNDS: dict[str, dict[str, Any]] = {
    "temperature": {"minimum": 0, "maximum": 2},
    "top_p": {"minimum": 0, "maximum": 1},
    "presence_penalty": {"minimum": -2, "maximum": 2},
    "frequency_penalty": {"minimum": -2, "maximum": 2},
    "seed": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "max_tokens": {"minimum": 1},
    "max_completion_tokens": {"minimum": 1},
    "top_logprobs": {"minimum": 0, "maximum": 20},
    "dimensions": {"minimum": 1, "maximum": 2**31 - 1},
    "voice_scale": {"minimum": 0, "maximum": MOST_SCALE},
    "stop": {"maxItems": 4},
    "messages": {"minItems": 1},
    "question": {"maxLength": QUESTION_MOST},
    "service_tier": {"enum": [*wire.SERVICE_TIERS, None]},
    "encoding_format": {"enum": ["float", "base64", None]},
    "role": {"enum": list(ROLES)},
}

_ASKING_HEADERS = {
    "Prefer": "wait=SECONDS: rather refused than served later than that (RFC 7240).",
    "X-Affouage-Prompt": "1: the answer's member affouage also gives the exact text that the model read.",
    "X-Affouage-Use": "A use that the energy allowance exempts, declared.",
}


def described(routes: Iterable[Route]) -> Schema:
    """The whole description, of OpenAPI 3.1."""
    paths: dict[str, Schema] = {}
    for route in routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _operation(route, path, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "affouage",
            "version": __version__,
            "summary": "OpenAI's interface to the models of a commons, with a receipt beside each answer.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/", "description": "This commons. Clients of OpenAI's want /v1 in their base address."}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**shapes(), **_bodies()},
            "responses": {"Error": _error()},
            "headers": {"Receipt": {"description": "Number of the receipt.", "schema": {"type": "string"}}},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A member's own key, aff_..."},
                "key_header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operation(route: Route, path: str, method: str) -> Schema:
    known = OPERATIONS.get((method, path)) or Operation(path.strip("/"), f"{method} {path}")
    guard = route.app
    told: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}_{path.strip('/')}").strip("_"),
        "summary": known.summary,
        "tags": [known.tag],
        "parameters": [*_in_path(path), *_in_query(known.query), *(_in_header() if known.asks else ())],
        "responses": {**_answers(known), "default": {"$ref": "#/components/responses/Error"}},
        "security": [],
    }
    if isinstance(guard, Guard):
        told["x-affouage-policy"] = guard.policy.value
        if guard.policy is not Policy.PUBLIC:
            told["security"] = [{"key": []}, {"key_header": []}]
        if guard.scope is not None:
            told["x-affouage-scope"] = str(guard.scope)
    if known.body and method not in SAFE_METHODS:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(known.body)}}}
    return told


def _answers(known: Operation) -> dict[str, Schema]:
    content: dict[str, Schema] = {known.media: {"schema": known.answer or {}}}
    if known.streams:
        content["text/event-stream"] = {
            "schema": {"type": "string", "description": "Events `data: ` of Chunk, comments, and `data: [DONE]`."},
            "x-affouage-event": ref("Chunk"),
        }
    answer: Schema = {"description": known.told, "content": content}
    if known.asks:
        answer["headers"] = {"X-Affouage-Receipt": {"$ref": "#/components/headers/Receipt"}}
    answers = {"200": answer}
    for status, sentence in known.also.items():
        answers[status] = {"description": sentence}
    for status, sentence in known.alike.items():
        answers[status] = {"description": sentence, "content": content}
    return answers


def _in_path(path: str) -> list[Schema]:
    names = re.findall(r"\{(\w+)\}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_query(query: Mapping[str, InQuery]) -> list[Schema]:
    found = []
    for name, asked in query.items():
        schema: Schema = {"type": "integer", "minimum": asked.least, "maximum": asked.most}
        if asked.default is not None:
            schema["default"] = asked.default
        found.append({"name": name, "in": "query", "required": asked.default is None, "schema": schema})
    return found


def _in_header() -> list[Schema]:
    return [
        {"name": name, "in": "header", "required": False, "description": told, "schema": {"type": "string"}}
        for name, told in _ASKING_HEADERS.items()
    ]


def _error() -> Schema:
    return {
        "description": "In OpenAI's shape; `code` names the problem, `affouage` holds facts a program may want.",
        "headers": {"Retry-After": {"description": "Seconds, for what passes.", "schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": ref("Error")}},
    }


def _bodies() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for name, kind in _BODIES.items():
        (root,), parts = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
        own = root["$ref"].rpartition("/")[2]
        text = msgspec.json.encode(parts).decode()
        names = {part: name if part == own else part.lstrip("_") for part in parts}
        for before, after in names.items():
            text = text.replace(f'"{TEMPLATE.format(name=before)}"', f'"{TEMPLATE.format(name=after)}"')
        for part, schema in msgspec.json.decode(text).items():
            found[names[part]] = _bounded(schema | {"title": names[part]})
        if name in REQUIRED:
            found[name]["required"] = list(REQUIRED[name])
        if issubclass(kind, Refusable):
            _tell_refused(found[name]["properties"], kind)
    return found


def _bounded(schema: Schema) -> Schema:
    for name, told in schema.get("properties", {}).items():
        told.update(BOUNDS.get(name, {}))
    return schema


def _tell_refused(properties: dict[str, Schema], kind: type[Refusable]) -> None:
    """Parameters that are read only to be refused: what asks for nothing passes, the rest is told what to use."""
    for name in kind.REFUSED:
        told = f"Refused (unsupported_parameter) unless it asks for nothing. {remedy_of(name)}"
        properties[name] = {"enum": [None, *neutral_values(name)], "description": told}


class OpenApi:
    """The route. The description is made once, when it is first asked for."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._body = b""

    async def show(self, request: Request) -> Response:
        if not self._body:
            self._body = msgspec.json.encode(described(self.routes))
        return Response(self._body, headers={"cache-control": "no-cache"}, media_type="application/json")
