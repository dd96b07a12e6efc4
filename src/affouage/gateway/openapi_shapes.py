"""The shapes of the gateway's answers, as JSON schemas. Pure.

Those that a Struct describes come from the Struct. The others are OpenAI's, closed: an answer with a member that is not
told here fails the tests, which hold the answers of a real server against these schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from affouage.catalogue.openness import AXES
from affouage.chat import Outcome
from affouage.gateway.ready import Problem
from affouage.gateway.waiting import REASONS
from affouage.ledger.receipt import Receipt
from affouage.pool.engine import EngineStatus
from affouage.pool.nodes.joining import JoinAnswer
from affouage.pool.ticket import Line
from affouage.units import Quality
from affouage.workshops.explain.shapes import Explanation

Schema = dict[str, Any]

TEMPLATE = "#/components/schemas/{name}"
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
ANYTHING: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    return {"$ref": TEMPLATE.format(name=name)}


def listed(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def maybe(of: Schema) -> Schema:
    """Null is unknown, or none."""
    return {"anyOf": [of, {"type": "null"}]}


def closed(optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """An object with these members and no other; all are always there but the ``optional`` ones."""
    required = [name for name in members if name not in optional]
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


def const(value: str) -> Schema:
    return {"type": "string", "const": value}


def one_of(values: Any) -> Schema:
    return {"type": "string", "enum": list(values)}


def from_structs(*kinds: Any) -> dict[str, Schema]:
    """The schemas of Structs, by their names, with those of their parts."""
    return msgspec.json.schema_components(kinds, ref_template=TEMPLATE)[1]


def shapes() -> dict[str, Schema]:
    """Every schema that an answer refers to, by name."""
    return {**from_structs(Receipt, Explanation, JoinAnswer, Problem), **_ours(), **_openai(), **_public()}


def _ours() -> dict[str, Schema]:
    spent = {"type": "array", "prefixItems": [NUMBER] * 3, "minItems": 3, "maxItems": 3}
    line = {"model" if name == "model_id" else name: COUNT for name in Line.__struct_fields__} | {"model": TEXT}
    return {
        "Affouage": closed(
            ("prompt", "prompt_salt"),
            receipt=TEXT,
            energy=closed(uj=maybe(spent), quality=one_of(get_args(Quality))),
            wait_ms=COUNT,
            outcome=one_of(get_args(Outcome)),
            machine=TEXT,
            notices=listed(TEXT),
            prompt=maybe(TEXT),
            prompt_salt=maybe(TEXT),
        )
        | {"description": "What every answer says of itself. Energy: low, central, high in µJ; null is unknown."},
        "Error": closed(
            ("affouage",),
            error=closed(
                ("affouage",), message=TEXT, type=TEXT, param=maybe(TEXT), code=maybe(TEXT), affouage=ANYTHING
            ),
            affouage=ref("Affouage"),
        ),
        "ReceiptTold": _receipt(),
        "ReceiptWithSalt": _receipt(prompt_salt=maybe(TEXT)),
        "ReceiptList": closed(object=const("list"), data=listed(ref("ReceiptTold")), has_more={"type": "boolean"}),
        "Queue": closed(
            object=const("queue"),
            mine=listed(
                closed(
                    receipt=TEXT,
                    model=TEXT,
                    position=COUNT,
                    waiting=COUNT,
                    reason=one_of(REASONS),
                    because=TEXT,
                    waited_ms=COUNT,
                    estimate_ms=maybe(listed(COUNT, minItems=2, maxItems=2)),
                )
            ),
            models=listed(closed(**line)),
        ),
        "Model": closed(
            id=TEXT,
            object=const("model"),
            created=COUNT,
            owned_by=TEXT,
            affouage=closed(
                ("base", "scale"),
                name=TEXT,
                openness=closed(**dict.fromkeys(AXES, TEXT)),
                grade=maybe(TEXT),
                licence=maybe(TEXT),
                context=maybe(COUNT),
                state=one_of(get_args(EngineStatus)),
                base=TEXT,
                scale=NUMBER,
            ),
        ),
        "ModelList": closed(object=const("list"), data=listed(ref("Model"))),
        "JsonRpc": {"type": "object", "properties": {"jsonrpc": const("2.0")}, "required": ["jsonrpc"]},
    }


def _receipt(**more: Schema) -> Schema:
    own = {"object": const("receipt"), **more}
    told = {"type": "object", "properties": own, "required": list(own), "unevaluatedProperties": False}
    return told | {"allOf": [ref("Receipt")]}


def _openai() -> dict[str, Schema]:
    call = closed(id=TEXT, type=const("function"), function=closed(name=TEXT, arguments=TEXT))
    message = closed(
        ("reasoning_content", "tool_calls"),
        role=const("assistant"),
        content=maybe(TEXT),
        refusal=maybe(TEXT),
        reasoning_content=TEXT,
        tool_calls=listed(call),
    )
    ends: Mapping[str, Schema] = {
        "logprobs": maybe(ANYTHING),
        "finish_reason": maybe(one_of(("stop", "length", "tool_calls"))),
    }
    cached = closed(cached_tokens=COUNT)
    usage = closed(
        ("prompt_tokens_details",),
        prompt_tokens=COUNT,
        completion_tokens=COUNT,
        total_tokens=COUNT,
        prompt_tokens_details=cached,
    )
    return {
        "Usage": usage,
        "ChatCompletion": _answer("chat.completion", closed(index=COUNT, message=message, **ends)),
        "TextCompletion": _answer("text_completion", closed(index=COUNT, text=TEXT, **ends)),
        "Chunk": {
            "description": "One event of a stream; the last one before [DONE] has the member affouage.",
            "type": "object",
            "properties": {"id": TEXT, "object": TEXT, "choices": listed(ANYTHING), "affouage": ref("Affouage")},
            "required": ["id", "object", "choices"],
        },
        "EmbeddingList": closed(
            object=const("list"),
            data=listed(closed(object=const("embedding"), index=COUNT, embedding={"anyOf": [listed(NUMBER), TEXT]})),
            model=TEXT,
            usage=maybe(closed(prompt_tokens=COUNT, total_tokens=COUNT)),
            affouage=ref("Affouage"),
        ),
    }


def _answer(kind: str, choice: Schema) -> Schema:
    return closed(
        ("usage", "system_fingerprint"),
        id=TEXT,
        object=const(kind),
        created=COUNT,
        model=TEXT,
        choices=listed(choice),
        usage=ref("Usage"),
        system_fingerprint=TEXT,
        affouage=ref("Affouage"),
    )


def _public() -> dict[str, Schema]:
    texts = {"type": "object", "additionalProperties": closed(text=TEXT, sha256=TEXT)}
    leaf = {"seq": COUNT, "leaf": TEXT, "leaf_hash": TEXT}
    return {
        "Health": closed(status=const("ok"), version=TEXT),
        "Alive": closed(status=const("ok")),
        "Readiness": closed(ready={"type": "boolean"}, problems=listed(ref("Problem"))),
        "Prefixes": closed(
            version=TEXT,
            prefixes=texts,
            workshops={"type": "object", "additionalProperties": texts},
            decided=maybe(ANYTHING),
        ),
        "LogKey": closed(key=TEXT, origin=TEXT, named=listed(closed(seq=COUNT, from_size=COUNT, key=TEXT))),
        "LogEntries": closed(size=COUNT, entries=listed(closed(**leaf))),
        "InclusionProof": closed(**leaf, size=COUNT, root=TEXT, proof=listed(TEXT)),
        "ConsistencyProof": closed(
            **{"from": COUNT, "to": COUNT, "from_root": TEXT, "to_root": TEXT, "proof": listed(TEXT)}
        ),
    }
