"""A Run off the wire, turned into a checked :class:`ChatRequest`: the node trusts nobody's checks but its own. Pure.

Only text and OpenAI's sampling and format parameters pass, by name, type and range: no image, address, file, template
or flag can reach an engine from here.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from affouage.chat import ChatRequest, Message
from affouage.errors import BadRequest
from affouage.pool.nodes.wire import Run, Turn

DEPTH_MAX = 64
"""Levels of nesting in a schema or a tool: engines read them recursively."""

_Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}\Z")]
_Near = Annotated[float, Meta(ge=-2, le=2)]
_Short = Annotated[str, Meta(max_length=200)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Text(_Strict):
    type: Literal["text"]
    text: str


class _Called(_Strict):
    name: str
    arguments: str


class _Call(_Strict):
    id: _Short
    function: _Called
    type: Literal["function"] = "function"


class _Extra(_Strict, omit_defaults=True):
    name: _Short | UnsetType = UNSET
    tool_call_id: _Short | UnsetType = UNSET
    tool_calls: Annotated[list[_Call], Meta(max_length=128)] | UnsetType = UNSET


class _Message(_Strict):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[_Text] | None
    extra: _Extra


class _Function(_Strict):
    name: _Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(_Strict):
    type: Literal["function"]
    function: _Function


class _Named(_Strict):
    name: _Name


class _Choice(_Strict):
    type: Literal["function"]
    function: _Named


class _Schema(_Strict):
    name: _Name
    schema: dict[str, Any]
    description: str | None = None
    strict: bool | None = None


class _Format(_Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _Schema | None = None


class _Sampling(_Strict):
    """What both kinds of generation take."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    seed: Annotated[int, Meta(ge=0, lt=2**32)] | UnsetType = UNSET
    presence_penalty: _Near | UnsetType = UNSET
    frequency_penalty: _Near | UnsetType = UNSET
    logit_bias: (
        dict[Annotated[str, Meta(pattern=r"^[0-9]{1,9}\Z")], Annotated[float, Meta(ge=-100, le=100)]] | UnsetType
    ) = UNSET
    stop: str | Annotated[list[str], Meta(max_length=4)] | UnsetType = UNSET


class _ChatOptions(_Sampling):
    logprobs: bool | UnsetType = UNSET
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | UnsetType = UNSET
    response_format: _Format | UnsetType = UNSET
    tools: Annotated[list[_Tool], Meta(max_length=128)] | UnsetType = UNSET
    tool_choice: Literal["none", "auto", "required"] | _Choice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET


class _CompletionOptions(_Sampling):
    logprobs: Annotated[int, Meta(ge=0, le=5)] | UnsetType = UNSET


class _NoOptions(_Strict):
    pass


_OPTIONS: dict[str, type[msgspec.Struct]] = {
    "chat": _ChatOptions,
    "completion": _CompletionOptions,
    "infill": _CompletionOptions,
    "embedding": _NoOptions,
}


def request_of(run: Run) -> ChatRequest:
    """The request a Run asks for. Raises BadRequest, whose message holds nothing of what the Run says."""
    if (run.work == "embed") != (run.kind == "embedding"):
        raise _refused("kind")
    used = {"chat": bool(run.messages), "embedding": bool(run.inputs)}.get(run.kind, True)
    strangers = (
        (run.kind != "chat" and run.messages)
        or (run.kind not in ("completion", "infill") and run.prompt)
        or (run.kind != "infill" and run.suffix)
        or (run.kind != "embedding" and run.inputs)
    )
    if not used or strangers:
        raise _refused("messages")
    if "\0" in run.prompt or "\0" in run.suffix or any("\0" in one for one in run.inputs):
        raise _refused("prompt")
    return ChatRequest(
        kind=run.kind,
        model=run.model_id,
        messages=tuple(_message(turn) for turn in run.messages),
        prompt=run.prompt,
        suffix=run.suffix,
        inputs=run.inputs,
        max_tokens=run.max_tokens,
        options=_options(run),
    )


def _message(turn: Turn) -> Message:
    given = {"role": turn.role, "content": turn.content, "extra": turn.extra}
    _check_plain(given, "messages")
    checked = _converted(given, _Message, "messages")
    return Message(checked.role, turn.content, msgspec.to_builtins(checked.extra))


def _options(run: Run) -> dict[str, Any]:
    _check_plain(run.options, "options")
    _converted(run.options, _OPTIONS[run.kind], "options")
    for name in ("tools", "response_format"):
        _check_references(run.options.get(name))
    return dict(run.options)


def _converted(value: Any, kind: type[Any], place: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:  # its text could quote the request
        raise _refused(place) from None


def _check_plain(value: Any, place: str) -> None:
    """JSON and nothing else: msgpack also carries bytes, dates, extensions and keys that are no text."""
    level = [value]
    for _ in range(DEPTH_MAX):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one.keys(), *one.values()]
                if not all(isinstance(key, str) for key in one):
                    raise _refused(place)
            elif isinstance(one, list):
                inner += one
            elif not _is_scalar(one):
                raise _refused(place)
        if not inner:
            return
        level = inner
    raise _refused(place)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int))


def _check_references(value: Any) -> None:
    """A schema may refer to its own parts, never to an address."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                raise _refused("options")
            left += one.values()
        elif isinstance(one, list):
            left += one


def _refused(place: str) -> BadRequest:
    return BadRequest(f"The machine does not take these {place}.", remedy="Send text alone.", param=place)
