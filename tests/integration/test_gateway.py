"""OpenAI's interface over real HTTP: shapes of answers, streams, receipts, models."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.integration.conftest import LiveGateway

CALL = '```json {"name": "meteo", "arguments": {"ville": "Paris"}} ```'
TOOLS = [{"type": "function", "function": {"name": "meteo", "parameters": {"type": "object"}}}]


def events_of(answer: httpx.Response) -> list[Any]:
    """The JSON of each event; the last must be ``[DONE]``, which is left out."""
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]", answer.text[-500:]
    return [json.loads(line) for line in lines[:-1]]


def text_of(events: list[Any]) -> str:
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])


def test_a_whole_answer_has_openai_s_shape_and_a_receipt(live_gateway: LiveGateway) -> None:
    answer = live_gateway.chat("un deux trois")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["id", "object", "created", "model", "choices", "usage", "affouage"]
    assert body["object"] == "chat.completion"
    assert body["model"] == "echo"
    assert isinstance(body["created"], int)
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "un deux trois", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    usage = body["usage"]
    assert usage["completion_tokens"] == 3
    assert usage["total_tokens"] == usage["prompt_tokens"] + 3
    assert answer.headers["x-affouage-receipt"] == body["affouage"]["receipt"]
    assert body["affouage"]["outcome"] == "completed"
    assert body["affouage"]["energy"]["quality"] in ("estimated", "unknown")
    receipt = live_gateway.receipt(body["affouage"]["receipt"])
    assert receipt["door"] == "api"
    assert receipt["tokens"]["decoded"] == 3  # type: ignore[index]


def test_a_stream_ends_with_the_receipt_on_its_finish_chunk(live_gateway: LiveGateway) -> None:
    answer = live_gateway.chat("un deux trois", stream=True)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    events = events_of(answer)
    assert {event["id"] for event in events} == {"chatcmpl-echo"}
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert text_of(events) == "un deux trois"
    assert [event["choices"][0]["finish_reason"] for event in events] == [None] * (len(events) - 1) + ["stop"]
    assert ["affouage" in event for event in events] == [False] * (len(events) - 1) + [True]
    assert events[-1]["affouage"]["receipt"] == answer.headers["x-affouage-receipt"]
    assert all("usage" not in event or event["usage"] is None for event in events)


def test_usage_on_request_comes_last_with_the_receipt(live_gateway: LiveGateway) -> None:
    events = events_of(live_gateway.chat("un deux", stream=True, stream_options={"include_usage": True}))
    *chunks, last = events
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert "affouage" not in chunks[-1]
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 2
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] is not None
    assert last["affouage"]["outcome"] == "completed"
    assert last["id"] == chunks[0]["id"]
    assert last["object"] == "chat.completion.chunk"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["header", "member"])
def test_the_exact_prompt_on_request_opens_the_receipt_s_hash(
    live_gateway: LiveGateway, how: str, stream: bool
) -> None:
    body: dict[str, Any] = {"model": "echo", "messages": [{"role": "user", "content": "é\n👍"}], "stream": stream}
    headers = {"X-Affouage-Prompt": "1"} if how == "header" else {}
    if how == "member":
        body["affouage"] = {"prompt": True}
    answer = live_gateway.client.post("/v1/chat/completions", json=body, headers=headers)
    told = (events_of(answer)[-1] if stream else answer.json())["affouage"]
    prefix = live_gateway.client.get("/prefix").json()["prefixes"]["fr"]
    assert told["prompt"] == f"system: {prefix['text']}\nuser: é\n👍\nassistant:"
    assert told["prompt"] == live_gateway.engines["echo"].seen[-1]
    assert hashlib.sha256(prefix["text"].encode()).hexdigest() == prefix["sha256"]
    receipt = live_gateway.receipt(told["receipt"])
    expected = hashlib.sha256(bytes.fromhex(told["prompt_salt"]) + told["prompt"].encode()).hexdigest()
    assert receipt["prompt_sha256"] == expected
    assert receipt["prompt_salt"] == told["prompt_salt"]


def test_without_the_request_the_prompt_is_not_sent_back(live_gateway: LiveGateway) -> None:
    assert "prompt" not in live_gateway.chat().json()["affouage"]


def test_the_prefix_speaks_the_member_s_language(live_gateway: LiveGateway) -> None:
    key = live_gateway.live.api_key("Kate", language="en")
    headers = {"authorization": f"Bearer {key}", "x-affouage-prompt": "1"}
    body = {"model": "echo", "messages": [{"role": "user", "content": "hello"}]}
    told = live_gateway.client.post("/v1/chat/completions", json=body, headers=headers).json()["affouage"]
    english = live_gateway.client.get("/prefix").json()["prefixes"]["en"]["text"]
    assert told["prompt"] == f"system: {english}\nuser: hello\nassistant:"


def test_a_completion_gets_its_prompt_and_nothing_else(live_gateway: LiveGateway) -> None:
    body = {"model": "echo", "prompt": ["un deux"], "affouage": {"prompt": True}}
    whole = live_gateway.client.post("/v1/completions", json=body).json()
    assert whole["object"] == "text_completion"
    assert whole["choices"] == [{"index": 0, "text": "un deux", "logprobs": None, "finish_reason": "stop"}]
    assert whole["affouage"]["prompt"] == "un deux"
    assert live_gateway.engines["echo"].seen[-1] == "un deux"
    streamed = events_of(live_gateway.client.post("/v1/completions", json=body | {"stream": True}))
    assert "".join(event["choices"][0]["text"] for event in streamed) == "un deux"


def test_completions_stop_after_sixteen_tokens_by_default_as_at_openai(live_gateway: LiveGateway) -> None:
    long = " ".join(str(number) for number in range(40))
    choice = live_gateway.client.post("/v1/completions", json={"model": "echo", "prompt": long}).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert len(choice["text"].split()) == 16


def test_limits_and_stops_reach_the_engine(live_gateway: LiveGateway) -> None:
    cut = live_gateway.chat("un deux trois", max_completion_tokens=2).json()["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("un deux", "length")
    stopped = live_gateway.chat("un deux trois", stop="deux").json()["choices"][0]
    assert (stopped["message"]["content"], stopped["finish_reason"]) == ("un", "stop")


def test_a_call_written_as_text_becomes_a_tool_call(live_gateway: LiveGateway) -> None:
    choice = live_gateway.chat(CALL, tools=TOOLS).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    [call] = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["id"].startswith("call_")
    assert call["function"] == {"name": "meteo", "arguments": '{"ville": "Paris"}'}


def test_a_streamed_call_is_held_back_then_sent_as_a_call(live_gateway: LiveGateway) -> None:
    events = events_of(live_gateway.chat(CALL, tools=TOOLS, stream=True))
    assert text_of(events) == ""
    [delta] = [e["choices"][0]["delta"] for e in events if "tool_calls" in e["choices"][0]["delta"]]
    assert delta["tool_calls"][0]["index"] == 0
    assert delta["tool_calls"][0]["function"] == {"name": "meteo", "arguments": '{"ville": "Paris"}'}
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert events[-1]["affouage"]["outcome"] == "completed"


@pytest.mark.parametrize("text", ["Il pleut", '{"ville": "Paris"}', "```json {} ```", CALL.replace("meteo", "autre")])
def test_text_that_is_no_call_comes_out_untouched(live_gateway: LiveGateway, text: str) -> None:
    whole = live_gateway.chat(text, tools=TOOLS).json()["choices"][0]
    assert whole["message"]["content"] == text
    assert whole["finish_reason"] == "stop"
    streamed = events_of(live_gateway.chat(text, tools=TOOLS, stream=True))
    assert text_of(streamed) == text
    assert streamed[-1]["choices"][0]["finish_reason"] == "stop"


def test_without_tools_a_call_stays_text(live_gateway: LiveGateway) -> None:
    assert live_gateway.chat(CALL).json()["choices"][0]["message"]["content"] == CALL
    forbidden = live_gateway.chat(CALL, tools=TOOLS, tool_choice="none").json()["choices"][0]
    assert forbidden["message"]["content"] == CALL


def test_a_waiting_stream_says_its_turn(live_gateway: LiveGateway) -> None:
    body = {"model": "slow", "messages": [{"role": "user", "content": "mot " * 20}], "stream": True}
    with live_gateway.client.stream("POST", "/v1/chat/completions", json=body) as first:
        lines = first.iter_lines()
        assert next(lines).startswith("data: ")
        answer = live_gateway.chat("oui", model="slow", stream=True)
        for _ in lines:
            pass
    assert answer.text.startswith(": turn 1 of 1\n\n")
    told = events_of(answer)[-1]["affouage"]
    assert told["wait_ms"] > 0
    assert live_gateway.receipt(told["receipt"])["durations"]["wait_reason"] == "turn"  # type: ignore[index]


def test_models(live_gateway: LiveGateway) -> None:
    listed = live_gateway.client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["dying", "echo", "slow", "vast"]
    echo = live_gateway.client.get("/v1/models/echo").json()
    assert echo in listed["data"]
    assert {name: echo[name] for name in ("id", "object", "owned_by")} == {
        "id": "echo",
        "object": "model",
        "owned_by": "unknown",
    }
    assert isinstance(echo["created"], int)
    assert echo["affouage"]["context"] == 100_000
    assert echo["affouage"]["state"] == "ready"
    assert set(echo["affouage"]["openness"].values()) == {"unknown"}


def test_receipts_are_one_s_own(live_gateway: LiveGateway) -> None:
    mine = live_gateway.chat().headers["x-affouage-receipt"]
    listed = live_gateway.client.get("/v1/receipts?limit=1").json()
    assert [row["id"] for row in listed["data"]] == [mine]
    assert listed["has_more"] is True
    other = {"authorization": f"Bearer {live_gateway.live.api_key('Paul')}"}
    assert live_gateway.client.get(f"/v1/receipts/{mine}", headers=other).status_code == 404
    assert live_gateway.client.get("/v1/receipts", headers=other).json()["data"] == []
    for wrong in ("0", "101", "x", "-1", "9" * 30):
        assert live_gateway.client.get(f"/v1/receipts?limit={wrong}").status_code == 400


def test_the_command_line_labels_its_door(live_gateway: LiveGateway) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
    for said, door in (("cli", "cli"), ("start-up", "api"), ("web", "api")):
        answer = live_gateway.client.post("/v1/chat/completions", json=body, headers={"x-affouage-door": said})
        assert live_gateway.receipt(answer.headers["x-affouage-receipt"])["door"] == door


def test_health_tells_strangers_no_more_than_that_it_is_up(live_gateway: LiveGateway) -> None:
    answer = httpx.get(f"{live_gateway.url}/health", trust_env=False)
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version"}


def test_a_session_or_any_key_header_is_the_same_member(live_gateway: LiveGateway) -> None:
    for header in ("x-api-key", "api-key"):
        answer = httpx.get(f"{live_gateway.url}/v1/models", headers={header: live_gateway.key}, trust_env=False)
        assert answer.status_code == 200
