"""The tools a request offers and how the model is held to them. Pure.

A call that the request demands (``required``, or one tool by name) is had by a JSON schema for the answer: a grammar
constrains what the model may write and adds no text to what it reads.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from affouage.errors import BadRequest, UnsupportedParameter
from affouage.gateway.validate import check_depth, check_length, convert, invalid_value, missing_parameter

TOOLS_MAX = 128
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CHOICES = ("none", "auto", "required")


class ToolUse(msgspec.Struct, frozen=True):
    """Whose calls to recognise in an answer, and how many at most (None: any number)."""

    names: frozenset[str]
    most: int | None = None


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: str
    function: _Function | None = None


class _Named(msgspec.Struct):
    type: str
    function: dict[str, Any] | None = None


def read_tools(
    tools: list[dict[str, Any]] | None, choice: str | dict[str, Any] | None, parallel: bool | None, *, free_form: bool
) -> tuple[ToolUse | None, dict[str, Any]]:
    """(what to recognise, options for the engine). ``free_form``: the request set no format for the answer itself.

    Raises BadRequest, UnsupportedParameter.
    """
    if not tools:
        if choice is not None and choice != "none":
            raise BadRequest(
                "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice", code="invalid_value"
            )
        return None, {}
    known = _check_tools(tools)
    wanted = _check_choice(choice, known)
    if wanted == "none":
        return None, {}  # a model that reads of tools uses them: the only sure way is not to tell it of any
    options: dict[str, Any] = {"tools": tools}
    if parallel is not None:
        options["parallel_tool_calls"] = parallel
    if wanted == "auto":
        return ToolUse(frozenset(known), 1 if parallel is False else None), options
    callable_names = list(known) if wanted == "required" else [wanted]
    if free_form:
        options["response_format"] = _forced([known[name] for name in callable_names])
    else:
        options["tool_choice"] = choice
    return ToolUse(frozenset(callable_names), 1 if parallel is False else None), options


def _check_tools(tools: list[dict[str, Any]]) -> dict[str, _Function]:
    check_length("tools", tools, 1, TOOLS_MAX)
    check_depth("tools", tools)
    known: dict[str, _Function] = {}
    for index, given in enumerate(tools):
        place = f"tools[{index}]"
        tool = convert(given, _Tool, place)
        if tool.type != "function":
            raise UnsupportedParameter(
                f"Unsupported value: '{place}.type' is '{tool.type:.40}'; only 'function' is taken here.",
                param=f"{place}.type",
            )
        if tool.function is None:
            raise missing_parameter(f"{place}.function")
        if not _NAME.fullmatch(tool.function.name):
            raise BadRequest(
                f"Invalid '{place}.function.name': string does not match pattern. Expected letters, digits, "
                "'_' or '-', 64 at most.",
                param=f"{place}.function.name",
                code="invalid_value",
            )
        known[tool.function.name] = tool.function
    return known


def _check_choice(choice: str | dict[str, Any] | None, known: dict[str, _Function]) -> str:
    """``none``, ``auto``, ``required`` or the name of one tool."""
    if choice is None:
        return "auto"
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise invalid_value("tool_choice", choice, _CHOICES)
        return choice
    named = convert(choice, _Named, "tool_choice")
    if named.type != "function":
        raise UnsupportedParameter(
            f"Unsupported value: 'tool_choice.type' is '{named.type:.40}'; only 'function' is taken here.",
            param="tool_choice.type",
        )
    name = (named.function or {}).get("name")
    if name is None:
        raise missing_parameter("tool_choice.function.name")
    if name not in known:
        raise BadRequest(
            f"Invalid value for 'tool_choice': no function named {name!r:.80} was specified in 'tools'.",
            param="tool_choice",
            code="invalid_value",
        )
    return convert(name, str, "tool_choice.function.name")


def _forced(functions: list[_Function]) -> dict[str, Any]:
    """The answer's format when it has to be a call of one of these."""
    calls = [_call_schema(one) for one in functions]
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {"type": "json_schema", "json_schema": {"name": "tool_call", "schema": schema, "strict": True}}


def _call_schema(function: _Function) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"const": function.name}, "arguments": function.parameters or {"type": "object"}},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
