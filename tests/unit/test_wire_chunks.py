"""From chunks to answers: streamed or whole, the same text, the same calls."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.chat import ChatRequest, Delta
from affouage.gateway.chunks import StreamComposer, WholeComposer, affouage_member, usage_of
from affouage.gateway.toolbox import ToolUse
from affouage.gateway.wire import Wish
from affouage.inference.answer import ExactPrompt
from affouage.ledger.receipt import Durations, Energy, EngineStamp, ModelStamp, Receipt, TokenCounts
from affouage.units import Interval

CALL = '{"name": "f", "arguments": {"a": 1}}'
RECEIPT = Receipt(
    id="rcp_1",
    member_id="mbr_1",
    door="api",
    kind="chat",
    created_ms=1_790_000_000_000,
    outcome="completed",
    model=ModelStamp(id="m", name="m"),
    engine=EngineStamp("echo", "1", "here"),
    tokens=TokenCounts(prompt=5, cached=2, decoded=3),
    durations=Durations(wait_ms=7, wait_reason="turn", total_ms=20),
    energy=Energy(interval_uj=Interval(1, 2, 3), quality="estimated"),
)
TOLD = affouage_member(RECEIPT, None, show_prompt=False)


def wish_for(*, tools: bool = False, most: int | None = None, **more: Any) -> Wish:
    use = ToolUse(frozenset({"f"}), most) if tools else None
    return Wish(request=ChatRequest(kind="chat", model="m"), tool_use=use, **more)


def chunk(delta: dict[str, Any], finish: str | None = None, **choice: Any) -> Delta:
    body = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **choice}],
    }
    return Delta(msgspec.json.encode(body), finish=finish is not None)


def deltas_of(parts: list[str], finish: str = "stop") -> list[Delta]:
    return [
        chunk({"role": "assistant", "content": None}),
        *(chunk({"content": part}) for part in parts),
        chunk({}, finish),
    ]


def streamed(wish: Wish, deltas: list[Delta]) -> list[Any]:
    composer = StreamComposer(wish)
    frames = b"".join(composer.delta(delta) for delta in deltas) + composer.closing(RECEIPT, TOLD)
    *events, done, end = frames.split(b"\n\n")
    assert (done, end) == (b"data: [DONE]", b"")
    return [json.loads(event.removeprefix(b"data: ")) for event in events]


def whole(wish: Wish, deltas: list[Delta]) -> Any:
    composer = WholeComposer(wish)
    for delta in deltas:
        composer.delta(delta)
    assert composer.finished
    return json.loads(composer.body(RECEIPT, TOLD))


def said(events: list[Any]) -> tuple[str, list[tuple[str, str]], str]:
    text, calls = "", []
    for event in events:
        delta = event["choices"][0]["delta"]
        text += delta.get("content") or ""
        calls += [(one["function"]["name"], one["function"]["arguments"]) for one in delta.get("tool_calls") or []]
    return text, calls, events[-1]["choices"][0]["finish_reason"]


pieces = st.sampled_from(
    ["```", "json", "\n", " ", CALL, "{", "}", '"name"', "<tool_call>", "</tool_call>", "Oui", "é👍"]
)


@given(st.lists(pieces | st.text(max_size=5).filter(lambda text: text.isprintable()), max_size=8), st.booleans())
def test_streamed_or_whole_the_same_is_said(parts: list[str], tools: bool) -> None:
    wish = wish_for(tools=tools)
    message = whole(wish, deltas_of(parts))["choices"][0]["message"]
    text, calls, _ = said(streamed(wish, deltas_of(parts)))
    assert text == (message["content"] or "")
    assert calls == [(one["function"]["name"], one["function"]["arguments"]) for one in message.get("tool_calls") or []]
    if not calls:
        assert text == "".join(parts)


def test_plain_chunks_are_relayed_byte_for_byte() -> None:
    composer = StreamComposer(wish_for())
    composer.delta(chunk({"role": "assistant", "content": None}))
    delta = Delta(b'{"id":"c",  "choices":[{"delta":{"content":"x"}}], "extra": 1}')
    assert composer.delta(delta) == b"data: " + delta.data + b"\n\n"
    assert composer.delta(Delta(b'{"choices":[{"delta":{"content":"y"}}]}')).count(b"data: ") == 1


def test_the_finish_chunk_waits_for_the_receipt() -> None:
    composer = StreamComposer(wish_for())
    assert composer.delta(chunk({"role": "assistant"}))
    assert composer.delta(chunk({"content": "last"}, "stop")) == b""
    assert b'"last"' in composer.closing(RECEIPT, TOLD)


def test_text_that_cannot_be_a_call_is_not_held_back() -> None:
    composer = StreamComposer(wish_for(tools=True))
    composer.delta(chunk({"role": "assistant", "content": None}))
    assert composer.delta(chunk({"content": "``"})) == b""
    assert composer.delta(chunk({"content": "`py"})) == b""
    released = composer.delta(chunk({"content": "thon\nprint"}))
    assert released.count(b"data: ") == 3
    assert composer.delta(chunk({"content": "{"})).count(b"data: ") == 1


def test_calls_the_engine_recognised_itself_are_merged() -> None:
    deltas = [
        chunk({"role": "assistant", "content": None}),
        chunk(
            {"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}]}
        ),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        chunk({"tool_calls": [{"index": 1, "id": "y", "function": {"name": "f", "arguments": "{}"}}]}),
        chunk({}, "tool_calls"),
    ]
    choice = whole(wish_for(tools=True), deltas)["choices"][0]
    assert choice["message"]["tool_calls"] == [
        {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "y", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ]
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"
    assert len(streamed(wish_for(tools=True), deltas)) == len(deltas)


def test_one_call_at_most_leaves_the_rest_as_text() -> None:
    text, calls, finish = said(streamed(wish_for(tools=True, most=1), deltas_of([CALL, "\n", CALL])))
    assert calls == [("f", '{"a": 1}')]
    assert text == CALL
    assert finish == "tool_calls"


def test_a_call_cut_short_stays_text_with_its_reason() -> None:
    text, calls, finish = said(streamed(wish_for(tools=True), deltas_of([CALL[:-3]], "length")))
    assert (text, calls, finish) == (CALL[:-3], [], "length")


def test_log_probabilities_are_trimmed_to_what_was_asked() -> None:
    entry = {"id": 4, "token": "a", "logprob": -1, "bytes": [97]}
    logprobs = {"content": [entry | {"top_logprobs": [dict(entry)]}]}
    deltas = [chunk({"content": "a"}, logprobs=logprobs), chunk({"content": "a"}, logprobs=logprobs), chunk({}, "stop")]
    for asked, expected in ((0, []), (1, [{"token": "a", "logprob": -1, "bytes": [97]}])):
        [one, other] = whole(wish_for(logprobs=asked), deltas)["choices"][0]["logprobs"]["content"]
        assert one == other == {"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": expected}
        found = [e["choices"][0].get("logprobs") for e in streamed(wish_for(logprobs=asked), deltas)]
        assert [one for one in found if one] == [{"content": [each], "refusal": None} for each in (one, other)]


def test_what_an_answer_says_of_itself() -> None:
    assert TOLD == {
        "receipt": "rcp_1",
        "energy": {"uj": [1, 2, 3], "quality": "estimated"},
        "wait_ms": 7,
        "outcome": "completed",
        "machine": "here",
        "notices": [],
    }
    unknown = affouage_member(msgspec.structs.replace(RECEIPT, energy=Energy()), None, show_prompt=False)
    assert unknown["energy"] == {"uj": None, "quality": "unknown"}
    shown = affouage_member(RECEIPT, ExactPrompt("texte", b"\1\2"), show_prompt=True)
    assert (shown["prompt"], shown["prompt_salt"]) == ("texte", "0102")
    assert affouage_member(RECEIPT, ExactPrompt(None, None), show_prompt=True)["prompt"] is None


def test_usage_is_the_engine_s_count_or_unknown() -> None:
    usage = usage_of(RECEIPT)
    assert usage is not None
    assert usage["total_tokens"] == 8
    assert usage["prompt_tokens_details"] == {"cached_tokens": 2}
    assert usage_of(msgspec.structs.replace(RECEIPT, tokens=TokenCounts(prompt=5))) is None


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_an_empty_answer_is_an_answer(reason: str) -> None:
    choice = whole(wish_for(), [chunk({}, reason)])["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": "", "refusal": None}
    assert choice["finish_reason"] == reason
