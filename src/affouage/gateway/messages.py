"""Messages as OpenAI writes them, checked part by part. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from affouage import chat
from affouage.errors import BadRequest, UnsupportedParameter
from affouage.gateway.validate import check_length, convert, invalid_value, missing_parameter

ROLES = ("developer", "system", "user", "assistant", "tool")

_REFUSED_PARTS = {
    "image_url": "Images are not read by this route.",
    "input_image": "Images are not read by this route.",
    "input_audio": "Sound is not read by this route.",
    "video_url": "Films are not read by this route.",
    "file": "Files are not read by this route.",
    "input_file": "Files are not read by this route.",
}


class _CalledFunction(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: str
    function: _CalledFunction | None = None
    type: str = "function"


class Message(msgspec.Struct):
    """One message as it arrives."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    function_call: Any = None
    audio: Any = None


class _Part(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None


def read_messages(messages: list[Message]) -> tuple[chat.Message, ...]:
    """Raises BadRequest, or UnsupportedParameter for what no engine here reads."""
    check_length("messages", messages, 1, 100_000)
    return tuple(_read(one, f"messages[{place}]") for place, one in enumerate(messages))


def _read(message: Message, place: str) -> chat.Message:
    if message.role == "function":
        raise UnsupportedParameter(
            "The role 'function' is not taken here.", remedy="Use tools and the role 'tool'.", param=f"{place}.role"
        )
    if message.role not in ROLES:
        raise invalid_value(f"{place}.role", message.role, ROLES)
    for name in ("function_call", "audio"):
        if getattr(message, name) is not None:
            raise UnsupportedParameter(
                f"Unsupported parameter: '{place}.{name}' cannot be honoured here.",
                remedy="Use tool_calls instead." if name == "function_call" else "Leave it out: answers are text.",
                param=f"{place}.{name}",
            )
    extra: dict[str, Any] = {}
    if message.name is not None:
        extra["name"] = message.name
    if message.role == "tool":
        if message.tool_call_id is None:
            raise missing_parameter(f"{place}.tool_call_id")
        extra["tool_call_id"] = message.tool_call_id
    if message.tool_calls and message.role == "assistant":
        extra["tool_calls"] = _calls(message.tool_calls, f"{place}.tool_calls")
    content = _content(message.content, f"{place}.content")
    if content is None and "tool_calls" not in extra:
        raise BadRequest(
            f"Invalid value for '{place}.content': expected a string, got null.",
            param=f"{place}.content",
            code="invalid_type",
        )
    # The newer name of the same role; chat templates know the older one.
    return chat.Message("system" if message.role == "developer" else message.role, content, extra)


def _content(content: str | list[dict[str, Any]] | None, place: str) -> str | list[dict[str, Any]] | None:
    if content is None or isinstance(content, str):
        return content
    check_length(place, content, 1, 100_000)
    texts = [_text(part, f"{place}[{index}]") for index, part in enumerate(content)]
    return texts[0] if len(texts) == 1 else [{"type": "text", "text": text} for text in texts]


def _text(given: dict[str, Any], place: str) -> str:
    part = convert(given, _Part, place)
    if part.type in _REFUSED_PARTS:
        raise UnsupportedParameter(
            f"Unsupported content part '{part.type}' in '{place}'. {_REFUSED_PARTS[part.type]}",
            remedy="Send text.",
            param=place,
        )
    if part.type not in ("text", "refusal"):
        raise invalid_value(f"{place}.type", part.type, ("text", "refusal"))
    text = part.text if part.type == "text" else part.refusal
    if text is None:
        raise missing_parameter(f"{place}.{part.type}")
    return text


def _calls(given: list[dict[str, Any]], place: str) -> list[dict[str, Any]]:
    calls = convert(given, list[_Call], place)
    for index, call in enumerate(calls):
        if call.type != "function":
            raise invalid_value(f"{place}[{index}].type", call.type, ("function",))
        if call.function is None:
            raise missing_parameter(f"{place}[{index}].function")
    return [msgspec.to_builtins(call) for call in calls]
