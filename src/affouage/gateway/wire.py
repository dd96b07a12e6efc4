"""What comes over OpenAI's wire, turned into a checked :class:`ChatRequest`. Pure.

Only what is needed is decoded. Sampling and format parameters keep OpenAI's names: engines speak them too.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from affouage.catalogue.card import MOST_SCALE
from affouage.chat import ChatRequest
from affouage.errors import BadRequest
from affouage.gateway.messages import Message, read_messages
from affouage.gateway.parameters import Refusable, unsupported
from affouage.gateway.toolbox import ToolUse, read_tools
from affouage.gateway.validate import (
    check_depth,
    check_length,
    check_range,
    convert,
    decode,
    invalid_value,
    missing_parameter,
    refuse_nul,
)

DEFAULT_ALIAS = "default"
"""Name that stands for the model the commons chose for those who choose none."""

COMPLETION_TOKENS = 16
"""``max_tokens`` of the completions route when it is left out, as at OpenAI."""

SERVICE_TIERS = ("auto", "default", "flex", "scale", "priority")
"""OpenAI's. ``flex`` does not press; the others are all the same here: nobody passes before others by asking for it."""

_TOKENS_MAX = 2**31 - 1
_INT64 = 2**63
_SCHEMA_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A request understood. ``no_hurry``: it may wait for an idle machine or cheap hours. ``tool_use`` None: no tools
    in play. ``logprobs``: alternatives per token asked for, None for no log probabilities at all."""

    request: ChatRequest
    stream: bool = False
    include_usage: bool = False
    show_prompt: bool = False
    no_hurry: bool = False
    reach: str = ""
    tool_use: ToolUse | None = None
    logprobs: int | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Ours(msgspec.Struct):
    """The member ``affouage`` of a request."""

    prompt: bool | None = None
    confidentiality: str | None = None
    voice_scale: float | None = None


class _Common(Refusable, kw_only=True):
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    n: int | None = None
    service_tier: str | None = None
    affouage: Ours | None = None
    store: Any = None
    background: Any = None
    grammar: Any = None
    voice_scale: Any = None

    def refuse_unsupported(self) -> None:
        check_range("n", self.n, 1, 128)
        super().refuse_unsupported()

    def sampling(self) -> dict[str, Any]:
        """Parameters that engines receive, checked; those left out stay out. Raises BadRequest."""
        check_range("temperature", self.temperature, 0, 2.0)
        check_range("top_p", self.top_p, 0, 1.0)
        check_range("presence_penalty", self.presence_penalty, -2.0, 2.0)
        check_range("frequency_penalty", self.frequency_penalty, -2.0, 2.0)
        check_range("seed", self.seed, -_INT64, _INT64 - 1)
        found = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            # Engines hold 32 bits, and take the last value for "any seed".
            "seed": None if self.seed is None else self.seed % (2**32 - 1),
            "presence_penalty": self.presence_penalty,
            "frequency_penalty": self.frequency_penalty,
            "logit_bias": self._bias(),
            "stop": self._stops(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _stops(self) -> list[str] | None:
        stops = [self.stop] if isinstance(self.stop, str) else self.stop
        check_length("stop", stops, 0, 4)
        return [one for one in stops or () if one] or None

    def _bias(self) -> dict[str, float] | None:
        for token, bias in (self.logit_bias or {}).items():
            if not token.isascii() or not token.isdigit() or len(token) > 9:
                raise BadRequest(
                    f"Invalid key in 'logit_bias': '{token:.40}'. Keys are token numbers.",
                    param="logit_bias",
                    code="invalid_value",
                )
            check_range("logit_bias", bias, -100.0, 100.0)
        return self.logit_bias or None

    def limit(self, most_completion_tokens: int | None = None) -> int | None:
        """``max_tokens`` under either of its names. Raises BadRequest when the two differ."""
        check_range("max_tokens", self.max_tokens, 1, math.inf)
        check_range("max_completion_tokens", most_completion_tokens, 1, math.inf)
        given = {value for value in (self.max_tokens, most_completion_tokens) if value is not None}
        if len(given) > 1:
            raise BadRequest(
                "'max_tokens' and 'max_completion_tokens' say different things.",
                remedy="Send 'max_completion_tokens' alone.",
                param="max_tokens",
                code="invalid_value",
            )
        return min(given.pop(), _TOKENS_MAX) if given else None

    def chosen_model(self, default_model: str) -> str:
        if not self.model:
            raise missing_parameter("model")
        return default_model if self.model == DEFAULT_ALIAS else self.model

    def streaming(self) -> dict[str, Any]:
        """``stream`` and ``include_usage``. Raises BadRequest for options of a stream that is not asked for."""
        if self.stream_options is not None and not self.stream:
            raise BadRequest(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                param="stream_options",
                code="invalid_value",
            )
        usage = self.stream_options is not None and bool(self.stream_options.include_usage)
        return {"stream": bool(self.stream), "include_usage": usage}

    def presses_not(self) -> bool:
        """Whether it does not press. Raises BadRequest for a ``service_tier`` that OpenAI does not know."""
        if self.service_tier is not None and self.service_tier not in SERVICE_TIERS:
            raise invalid_value("service_tier", self.service_tier, SERVICE_TIERS)
        return self.service_tier == "flex"

    @property
    def reach(self) -> str:
        """Whose machines may read it, as asked; judged with the rules, later."""
        return "" if self.affouage is None else self.affouage.confidentiality or ""

    @property
    def scale(self) -> float | None:
        """Of a voice; whether the model is one is judged later. Raises BadRequest."""
        asked = None if self.affouage is None else self.affouage.voice_scale
        check_range("affouage.voice_scale", asked, 0.0, MOST_SCALE)
        return asked

    @property
    def shows_prompt(self) -> bool:
        return self.affouage is not None and bool(self.affouage.prompt)


class _ChatBody(_Common, kw_only=True):
    REFUSED = (
        "n",
        "functions",
        "function_call",
        "modalities",
        "audio",
        "store",
        "background",
        "web_search_options",
        "grammar",
        "chat_template",
        "voice_scale",
    )
    messages: list[Message] | None = None
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: Any = None
    function_call: Any = None
    modalities: Any = None
    audio: Any = None
    web_search_options: Any = None
    chat_template: Any = None


class _CompletionBody(_Common, kw_only=True):
    REFUSED = (
        *("n", "best_of", "echo", "store", "background", "grammar", "voice_scale"),
        *("response_format", "tools", "tool_choice"),
    )
    prompt: str | list[Any] | None = None
    suffix: str | None = None
    logprobs: int | None = None
    best_of: int | None = None
    echo: bool | None = None
    response_format: Any = None
    tools: Any = None
    tool_choice: Any = None


_chat_decoder = msgspec.json.Decoder(_ChatBody)
_completion_decoder = msgspec.json.Decoder(_CompletionBody)


def read_chat(body: bytes, default_model: str) -> Wish:
    """The body of ``POST /v1/chat/completions``. Raises BadRequest, UnsupportedParameter (``param`` named)."""
    asked = decode(_chat_decoder, body)
    model = asked.chosen_model(default_model)
    if asked.messages is None:
        raise missing_parameter("messages")
    asked.refuse_unsupported()
    messages = read_messages(asked.messages)
    options = asked.sampling()
    if asked.logprobs:
        check_range("top_logprobs", asked.top_logprobs, 0, 20)
        # Engines send no log probability at all when asked for no alternative; the surplus one is taken out again.
        options |= {"logprobs": True, "top_logprobs": asked.top_logprobs or 1}
    elif asked.top_logprobs is not None:
        raise BadRequest(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            param="top_logprobs",
            code="invalid_value",
        )
    if (shape := _response_format(asked.response_format)) is not None:
        options["response_format"] = shape
    tool_use, tool_options = read_tools(
        asked.tools, asked.tool_choice, asked.parallel_tool_calls, free_form="response_format" not in options
    )
    request = ChatRequest(
        kind="chat",
        model=model,
        messages=messages,
        max_tokens=asked.limit(asked.max_completion_tokens),
        voice_scale=asked.scale,
        options=options | tool_options,
    )
    refuse_nul(body, request)
    return Wish(
        request=request,
        show_prompt=asked.shows_prompt,
        no_hurry=asked.presses_not(),
        reach=asked.reach,
        tool_use=tool_use,
        logprobs=(asked.top_logprobs or 0) if asked.logprobs else None,
        **asked.streaming(),
    )


def read_completion(body: bytes, default_model: str) -> Wish:
    """The body of ``POST /v1/completions``; with a ``suffix`` it is an infilling. Raises BadRequest."""
    asked = decode(_completion_decoder, body)
    model = asked.chosen_model(default_model)
    prompt = _one_prompt(asked.prompt)
    check_range("best_of", asked.best_of, 1, 20)
    asked.refuse_unsupported()
    options = asked.sampling()
    if asked.logprobs is not None:
        check_range("logprobs", asked.logprobs, 0, 5)
        options["logprobs"] = asked.logprobs or 1
    request = ChatRequest(
        kind="infill" if asked.suffix else "completion",
        model=model,
        prompt=prompt,
        suffix=asked.suffix or "",
        max_tokens=asked.limit() or COMPLETION_TOKENS,
        voice_scale=asked.scale,
        options=options,
    )
    refuse_nul(body, request)
    return Wish(
        request=request,
        show_prompt=asked.shows_prompt,
        no_hurry=asked.presses_not(),
        reach=asked.reach,
        logprobs=asked.logprobs,
        **asked.streaming(),
    )


def _one_prompt(prompt: str | list[Any] | None) -> str:
    if prompt is None:
        raise missing_parameter("prompt")
    if isinstance(prompt, str):
        return prompt
    check_length("prompt", prompt, 1, _TOKENS_MAX)
    if not isinstance(prompt[0], str):
        raise unsupported("prompt", "Send text: prompts as token numbers are not taken here.")
    if len(prompt) > 1:
        raise unsupported("prompt", "Send one prompt per request.")
    return prompt[0]


def _response_format(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """OpenAI's three formats; ``text`` is the same as none. Raises BadRequest."""
    if given is None:
        return None
    if "type" not in given:
        raise missing_parameter("response_format.type")
    kind = convert(given["type"], str, "response_format.type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "json_object"}
    if kind != "json_schema":
        raise invalid_value("response_format.type", kind, ("text", "json_object", "json_schema"))
    return {"type": "json_schema", "json_schema": _json_schema(given.get("json_schema"))}


def _json_schema(given: Any) -> dict[str, Any]:
    place = "response_format.json_schema"
    if given is None:
        raise missing_parameter(place)
    described = convert(given, dict[str, Any], place)
    if "name" not in described:
        raise missing_parameter(f"{place}.name")
    name = convert(described["name"], str, f"{place}.name")
    if not _SCHEMA_NAME.fullmatch(name):
        raise BadRequest(
            f"Invalid '{place}.name': string does not match pattern. Expected letters, digits, '_' or '-', 64 at most.",
            param=f"{place}.name",
            code="invalid_value",
        )
    if described.get("schema") is None:
        raise missing_parameter(f"{place}.schema")
    convert(described["schema"], dict[str, Any], f"{place}.schema")
    check_depth(f"{place}.schema", described["schema"])
    return described
