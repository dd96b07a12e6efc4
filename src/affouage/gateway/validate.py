"""Reading a JSON body into a typed Struct, and saying what is wrong with it in OpenAI's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from affouage.chat import ChatRequest
from affouage.errors import BadRequest

T = TypeVar("T")

DEPTH_MAX = 64
"""Levels of nesting in what is passed on to an engine (schemas, tools): engines read them recursively."""

_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_PLACE = re.compile(r"- at `\$([^`]*)`")


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type. Raises BadRequest, with ``param`` when one part is at fault."""
    try:
        return decoder.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError as wrong:
        raise _in_openai_words(str(wrong), "") from None
    except RecursionError:
        raise BadRequest(
            "The JSON body is nested too deeply.", remedy="Send a flatter one.", code="nested_too_deeply"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise _malformed(body, str(wrong)) from None


def convert(value: Any, kind: type[T], param: str) -> T:
    """A part already decoded, checked against ``kind``. Raises BadRequest naming the place under ``param``."""
    try:
        found: T = msgspec.convert(value, kind)
    except msgspec.ValidationError as wrong:
        raise _in_openai_words(str(wrong), param) from None
    return found


def refuse_nul(body: bytes, request: ChatRequest) -> None:
    """Raises BadRequest when a text of the request holds a NUL: engines drop it or stop reading there, silently."""
    if b"\\u0000" in body and _has_nul(msgspec.to_builtins(request)):
        raise BadRequest(
            "The text holds a NUL character (\\u0000), which models cannot read.",
            remedy="Take it out.",
            code="invalid_value",
        )


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(one) for pair in value.items() for one in pair)
    return isinstance(value, (list, tuple)) and any(_has_nul(one) for one in value)


def _malformed(body: bytes, why: str) -> BadRequest:
    if not body.strip():
        return BadRequest("The request has no body.", remedy="Send a JSON object.", code="invalid_json")
    if "surrogate" in why or _LONE_SURROGATE.search(body):
        why = "a \\ud800-\\udfff escape must be one of a pair (text with a lone surrogate is no Unicode text)"
    elif "codec" in why:
        why = "it is not UTF-8"
    why = why.removeprefix("JSON is malformed: ")
    return BadRequest(
        f"We could not parse the JSON body of your request: {why[:200]}.",
        remedy="Send a JSON object encoded in UTF-8.",
        code="invalid_json",
    )


def _in_openai_words(wrong: str, root: str) -> BadRequest:
    place = _PLACE.search(wrong)
    path = root + re.sub(r"\[\.\.\.\]", "", place[1] if place else "")
    param = path.removeprefix(".")
    if missing := _MISSING.search(wrong):
        return missing_parameter(f"{param}.{missing[1]}".removeprefix("."))
    if told := _EXPECTED.search(wrong):
        expected, got = told[1].split(" | "), told[2]
        if not param:
            return BadRequest(f"The JSON body must be an object, not {_WORDS.get(got, got)}.", code="invalid_json")
        wanted = [_WORDS.get(one, one) for one in expected if one != "null"]
        one_of = wanted[0] if len(wanted) == 1 else f"one of {' or '.join(wanted)}"
        return BadRequest(
            f"Invalid type for '{param}': expected {one_of}, but got {_WORDS.get(got, got)} instead.",
            param=param,
            code="invalid_type",
        )
    return BadRequest(f"Invalid '{param}': {wrong.partition(' - at')[0].lower()}.", param=param, code="invalid_value")


def missing_parameter(param: str) -> BadRequest:
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def invalid_value(param: str, value: str, supported: Collection[str]) -> BadRequest:
    known = ", ".join(f"'{one}'" for one in supported)
    return BadRequest(
        f"Invalid value: '{value:.80}'. Supported values are: {known}.", param=param, code="invalid_value"
    )


def check_range(param: str, value: float | None, least: float, most: float) -> None:
    """Raises BadRequest when ``value`` is outside ``least..most``; None passes."""
    if value is None or least <= value <= most:
        return
    kind = "integer" if isinstance(value, int) and isinstance(least, int) else "decimal"
    above = value > most
    side, sign, bound = ("above maximum", "<=", most) if above else ("below minimum", ">=", least)
    raise BadRequest(
        f"Invalid '{param}': {kind} {side} value. Expected a value {sign} {bound}, but got {value:.12g} instead."
        if kind == "decimal"
        else f"Invalid '{param}': integer {side} value. Expected a value {sign} {bound}, but got {value} instead.",
        param=param,
        code=f"{kind}_{'above_max' if above else 'below_min'}_value",
    )


def check_length(param: str, items: Collection[Any] | None, least: int, most: int) -> None:
    """Raises BadRequest when a list is too short or too long; None passes."""
    if items is None or least <= len(items) <= most:
        return
    if not items:
        raise BadRequest(
            f"Invalid '{param}': empty array. Expected an array with minimum length {least}, "
            "but got an empty array instead.",
            param=param,
            code="empty_array",
        )
    raise BadRequest(
        f"Invalid '{param}': array too long. Expected an array with maximum length {most}, "
        f"but got an array with length {len(items)} instead.",
        param=param,
        code="array_above_max_length",
    )


def check_depth(param: str, value: Any) -> None:
    """Raises BadRequest when lists and objects are nested more than :data:`DEPTH_MAX` deep."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise BadRequest(f"Invalid '{param}': nested more than {DEPTH_MAX} deep.", param=param, code="nested_too_deeply")
