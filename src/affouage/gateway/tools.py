"""Tool calls in what a model wrote. Pure; never raises, whatever the text.

Small models often write their call as text: fenced JSON, bare JSON, or between ``<tool_call>`` marks. It is recognised
only at the start of an answer, and only when the name is one of the tools offered and the arguments are an object;
anything else stays the text it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

import msgspec

_OPEN, _CLOSE, _FENCE = "<tool_call>", "</tool_call>", "```"
_FENCE_HEAD = re.compile(r"```[ \t]*[\w-]{0,20}[ \t]*\r?\n?\s*")
_FENCE_START = re.compile(r"`{1,3}|```[ \t]*[\w-]{0,20}[ \t]*(\r?\n?\s*)([\[{].*)?", re.DOTALL)
_BARE_START = re.compile(r"(\[\s*)?(\{{1,2}\s*(\".*)?)?", re.DOTALL)
_DOUBLED = re.compile(r"\{(?=\{)")
"""Some chat templates (Qwen2.5's) show a call in doubled braces by mistake, and models write what they were shown."""
_BETWEEN = re.compile(r"[\s,;]*")
_SPACE = re.compile(r"\s*")


class Call(msgspec.Struct, frozen=True):
    """One call; ``arguments`` is a JSON object as text, as OpenAI sends it."""

    name: str
    arguments: str


class Found(msgspec.Struct, frozen=True):
    """Calls at the start of a text, and what else it said (None: nothing)."""

    calls: tuple[Call, ...]
    content: str | None = None


def may_become_call(text: str) -> bool:
    """Could this beginning of an answer still turn out to be a call? True for one that has not begun."""
    start = text.lstrip()
    if start.startswith("`"):
        return _FENCE_START.fullmatch(start) is not None
    if start.startswith("<"):
        return start.startswith(_OPEN) or _OPEN.startswith(start)
    return _BARE_START.fullmatch(start) is not None


def find_calls(text: str, names: Collection[str], most: int | None = None) -> Found | None:
    """The calls a text begins with, ``most`` at most; None when there is none: leave the text alone then."""
    calls: list[Call] = []
    place, start = 0, len(text) - len(text.lstrip())
    while most is None or len(calls) < most:
        block = _block(text, start, names, None if most is None else most - len(calls))
        if block is None:
            break
        found, place = block
        calls += found
        start = _past(_BETWEEN, text, place)
    return Found(tuple(calls), text[place:].strip() or None) if calls else None


def _block(text: str, place: int, names: Collection[str], most: int | None) -> tuple[list[Call], int] | None:
    """The calls of the block that starts at ``place``, and where it ends; None when it is no block of calls."""
    if text.startswith(_OPEN, place):
        return _marked(text, place + len(_OPEN), _CLOSE, names, most)
    if head := _FENCE_HEAD.match(text, place):
        return _marked(text, head.end(), _FENCE, names, most)
    return _values(text, place, names, most)


def _marked(
    text: str, place: int, close: str, names: Collection[str], most: int | None
) -> tuple[list[Call], int] | None:
    """Calls up to the mark ``close``, which may be missing at the very end: models stop short of it."""
    calls: list[Call] = []
    while True:
        found = _values(text, place, names, most)
        if found is None:
            return None
        calls += found[0]
        place = _past(_BETWEEN, text, found[1])
        if text.startswith(close, place):
            return calls[:most], place + len(close)
        if place >= len(text):
            return calls[:most], place


def _values(text: str, place: int, names: Collection[str], most: int | None) -> tuple[list[Call], int] | None:
    """One JSON object, or an array of them, all of them calls."""
    place = _past(_SPACE, text, place)
    if text[place : place + 1] not in ("{", "["):
        return None
    try:
        value, end = _decoder.raw_decode(text, _past(_DOUBLED, text, place))
    except (ValueError, RecursionError):
        return None
    closing = _past(_SPACE, text, end)
    if _DOUBLED.match(text, place) and text.startswith("}", closing):
        end = closing + 1
    values = value if isinstance(value, list) else [value]
    calls = [_call(one, names) for one in values]
    known = [one for one in calls if one is not None]
    return (known[:most], end) if calls and len(known) == len(calls) else None


def _call(value: Any, names: Collection[str]) -> Call | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]  # OpenAI's own nesting, which models have seen too
    name = value.get("name")
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        try:
            arguments = _decoder.decode(arguments)
        except (ValueError, RecursionError):
            return None
    if not isinstance(name, str) or name not in names or not isinstance(arguments, dict):
        return None
    try:
        written = json.dumps(arguments, ensure_ascii=False)
        written.encode()  # a lone surrogate could not be sent
    except (ValueError, RecursionError):
        return None
    return Call(name, written)


def _past(pattern: re.Pattern[str], text: str, place: int) -> int:
    """The place after what ``pattern``, which may match nothing, matches at ``place``."""
    matched = pattern.match(text, place)
    return matched.end() if matched else place


def _no_such_number(text: str) -> NoReturn:
    raise ValueError(text)  # NaN and Infinity are no JSON


_decoder = json.JSONDecoder(parse_constant=_no_such_number)
