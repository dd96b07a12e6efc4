"""From an engine's chunks to OpenAI's answers, streamed or whole. Pure: events in, bytes out.

In the plain case a chunk is relayed as it came. Only answers that offer tools, or that ask for log probabilities, are
looked into.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from affouage.chat import Delta
from affouage.errors import EngineFailed
from affouage.gateway import sse
from affouage.gateway.tools import Found, find_calls, may_become_call
from affouage.gateway.wire import Wish
from affouage.inference.answer import ExactPrompt
from affouage.ledger.receipt import Receipt

_encode = msgspec.json.encode
_decoder = msgspec.json.Decoder(dict[str, Any])


def _decode(data: bytes) -> dict[str, Any]:
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EngineFailed("The engine sent something that is not a chunk.", remedy="Ask again.") from None


def affouage_member(receipt: Receipt, exact: ExactPrompt | None, show_prompt: bool) -> dict[str, Any]:
    """What every answer says of itself, beside OpenAI's members. Energy in microjoules, null when unknown."""
    interval = receipt.energy.interval_uj
    told: dict[str, Any] = {
        "receipt": receipt.id,
        "energy": {
            "uj": None if interval is None else [interval.low, interval.central, interval.high],
            "quality": receipt.energy.quality,
        },
        "wait_ms": receipt.durations.wait_ms,
        "outcome": receipt.outcome,
        "machine": receipt.engine.machine,
        "notices": list(receipt.notices),
    }
    if show_prompt:
        told["prompt"] = exact.text if exact else None
        told["prompt_salt"] = exact.salt.hex() if exact and exact.salt else None
    return told


def usage_of(receipt: Receipt) -> dict[str, Any] | None:
    """OpenAI's ``usage``; None when the engine did not count."""
    used = receipt.tokens
    if used.prompt is None or used.decoded is None:
        return None
    usage: dict[str, Any] = {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.decoded,
        "total_tokens": used.prompt + used.decoded,
    }
    if used.cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": used.cached}
    return usage


def polish(chunk: dict[str, Any], wish: Wish) -> None:
    """Log probabilities as OpenAI writes them: no more alternatives than were asked for, no member of the engine's."""
    if wish.logprobs is None:
        return
    for choice in chunk.get("choices") or ():
        logprobs = choice.get("logprobs")
        if not isinstance(logprobs, dict):
            continue
        for entry in logprobs.get("content") or ():
            entry.pop("id", None)
            entry["top_logprobs"] = (entry.get("top_logprobs") or [])[: wish.logprobs]
            for other in entry["top_logprobs"]:
                other.pop("id", None)
        if "tokens" not in logprobs:
            logprobs.setdefault("refusal", None)
        elif wish.logprobs == 0:  # the chosen token is always told
            chosen = zip(logprobs["tokens"], logprobs["token_logprobs"], strict=True)
            logprobs["top_logprobs"] = [{token: logprob} for token, logprob in chosen]


def called(found: Found) -> list[dict[str, Any]]:
    """``tool_calls`` of a message."""
    return [
        {
            "id": f"call_{secrets.token_hex(12)}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in found.calls
    ]


def _spoken(chunk: dict[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    text = (choices[0].get("delta") or {}).get("content")
    return text if isinstance(text, str) else ""


class StreamComposer:
    """Turns deltas into frames to send at once, and the end of an answer into its last frames.

    The chunk with the finish reason waits for the settlement, so that the receipt goes with it. Text that may turn out
    to be a tool call waits until it is known.
    """

    def __init__(self, wish: Wish) -> None:
        self.finished = False
        self._wish = wish
        self._is_chat = wish.request.kind == "chat"
        self._finish: dict[str, Any] = {}
        self._first = True
        self._undecided = wish.tool_use is not None
        self._held: list[bytes] = []
        self._text = ""

    def delta(self, delta: Delta) -> bytes:
        """Frames to send now, maybe none."""
        if delta.finish:
            self.finished, self._finish = True, _decode(delta.data)
            return b""
        data = delta.data
        if not self._is_chat:
            return self._frames(data)
        greeting = self._greeting(data)
        if b'"role":' in data:  # said in the greeting, and only there: clients add the deltas up
            chunk = _decode(data)
            said = chunk["choices"][0].get("delta") or {}
            said.pop("role", None)
            if not any(said.values()):
                return greeting
            data = _encode(chunk)
        return greeting + self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        if self._undecided:
            return self._hold(data)
        if self._wish.logprobs is not None:
            chunk = _decode(data)
            polish(chunk, self._wish)
            data = _encode(chunk)
        if self._wish.include_usage and b'"usage":' not in data:
            data = data.rstrip()[:-1] + b',"usage":null}'  # as OpenAI does in every chunk before the one that has it
        return sse.event(data)

    def _frame(self, chunk: dict[str, Any]) -> bytes:
        return sse.event(_encode(chunk | {"usage": None} if self._wish.include_usage else chunk))

    def _greeting(self, data: bytes) -> bytes:
        """OpenAI's first chunk gives the role and an empty text; engines leave out the one or the other."""
        if not self._first:
            return b""
        self._first = False
        delta = {"role": "assistant", "content": "", "refusal": None}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return self._frame(_decode(data) | {"choices": [choice]})

    def _hold(self, data: bytes) -> bytes:
        text = _spoken(_decode(data))
        if not text and not self._held:
            return self._frame(_decode(data))  # a call the engine itself recognised
        self._text += text
        self._held.append(data)
        return b"" if may_become_call(self._text) else self._let_go()

    def _let_go(self) -> bytes:
        self._undecided = False
        held, self._held = self._held, []
        return b"".join(self._frames(data) for data in held)

    def closing(self, receipt: Receipt, affouage: dict[str, Any]) -> bytes:
        """The last frames of a complete answer."""
        finish = self._finish
        frames = self._greeting(_encode(finish)) if self._is_chat else b""
        frames += self._resolve_tools()
        polish(finish, self._wish)
        if not self._wish.include_usage:
            return frames + sse.event(_encode(finish | {"affouage": affouage})) + sse.DONE
        usage = finish | {"choices": [], "usage": usage_of(receipt), "affouage": affouage}
        return frames + self._frame(finish) + sse.event(_encode(usage)) + sse.DONE

    def _resolve_tools(self) -> bytes:
        use = self._wish.tool_use
        if use is None or not self._undecided or not self._held:
            return b""
        found = find_calls(self._text + _spoken(self._finish), use.names, use.most)
        if found is None:
            return self._let_go()
        choice = self._finish["choices"][0]
        choice["delta"] = {}
        choice["finish_reason"] = "tool_calls"
        deltas: list[dict[str, Any]] = [{"content": found.content}] if found.content else []
        deltas.append({"tool_calls": [{"index": place, **call} for place, call in enumerate(called(found))]})
        return b"".join(self._with_delta(one) for one in deltas)

    def _with_delta(self, delta: dict[str, Any]) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        return self._frame(self._finish | {"choices": [choice]})


class WholeComposer:
    """Puts an answer together from its deltas, for those who did not ask for a stream."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._head: dict[str, Any] = {}
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: dict[str, list[Any] | None] = {}
        self._finish_reason: str | None = None

    @property
    def finished(self) -> bool:
        return self._finish_reason is not None

    def delta(self, delta: Delta) -> None:
        chunk = _decode(delta.data)
        if not self._head:
            self._head = {key: chunk[key] for key in ("id", "created", "system_fingerprint") if chunk.get(key)}
        choices = chunk.get("choices")
        if not choices:
            return
        choice = choices[0]
        body = choice.get("delta") or {}
        self._text.append(body.get("content") or choice.get("text") or "")
        self._reasoning.append(body.get("reasoning_content") or "")
        for call in body.get("tool_calls") or ():
            self._merge_call(call)
        if self._wish.logprobs is not None and choice.get("logprobs"):
            polish(chunk, self._wish)
            self._merge_logprobs(choice["logprobs"])
        self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def _merge_call(self, part: dict[str, Any]) -> None:
        whole = self._calls.setdefault(
            part.get("index") or 0, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        whole["id"] = part.get("id") or whole["id"]
        function = part.get("function") or {}
        whole["function"]["name"] += function.get("name") or ""
        whole["function"]["arguments"] += function.get("arguments") or ""

    def _merge_logprobs(self, logprobs: dict[str, Any]) -> None:
        for name, values in logprobs.items():
            so_far = self._logprobs.get(name)
            self._logprobs[name] = [*so_far, *values] if so_far and values else (values or so_far)

    def body(self, receipt: Receipt, affouage: dict[str, Any]) -> bytes:
        """The whole object, as JSON."""
        is_chat = self._wish.request.kind == "chat"
        choice: dict[str, Any] = {"index": 0}
        choice |= {"message": self._message()} if is_chat else {"text": "".join(self._text)}
        choice |= {"logprobs": self._logprobs or None, "finish_reason": self._finish_reason}
        whole: dict[str, Any] = {
            "id": self._head.get("id") or f"{'chatcmpl' if is_chat else 'cmpl'}-{receipt.id}",
            "object": "chat.completion" if is_chat else "text_completion",
            "created": self._head.get("created") or receipt.created_ms // 1000,
            "model": self._wish.request.model,
            "choices": [choice],
        }
        if usage := usage_of(receipt):
            whole["usage"] = usage
        if fingerprint := self._head.get("system_fingerprint"):
            whole["system_fingerprint"] = fingerprint
        return _encode(whole | {"affouage": affouage})

    def _message(self) -> dict[str, Any]:
        text = "".join(self._text)
        calls = [call for _, call in sorted(self._calls.items())]
        use = self._wish.tool_use
        found = find_calls(text, use.names, use.most) if use is not None and not calls else None
        if found is not None:
            text, calls = found.content or "", called(found)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if reasoning := "".join(self._reasoning):
            message["reasoning_content"] = reasoning
        if calls:
            message |= {"content": text or None, "tool_calls": calls}
            self._finish_reason = "tool_calls"
        return message
