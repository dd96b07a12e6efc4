"""The shapes a strict client reads: heads of chunks, first deltas, members that may be null but must be there."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest

from affouage.adapters.engines.openai_wire import ChunkReader
from affouage.chat import ChatRequest, Delta, Kind
from affouage.gateway.chunks import StreamComposer, polish
from affouage.gateway.wire import Wish
from tests.integration.conftest import LiveGateway, opened, until


def read(kind: Kind, chunks: list[dict[str, Any]], **more: Any) -> list[Any]:
    reader = ChunkReader(ChatRequest(kind=kind, model="ours", **more))
    events = [event for chunk in chunks for event in reader.read(msgspec.json.encode(chunk))]
    return [json.loads(event.data) for event in events if isinstance(event, Delta)]


def llama_chunk(created: int, **choice: Any) -> dict[str, Any]:
    head = {"created": created, "id": "chatcmpl-x", "model": "theirs", "object": "chat.completion.chunk"}
    return {"choices": [{"index": 0, "finish_reason": None, **choice}], **head}


# --- One head for all chunks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"options": {"logprobs": 1}}])
@pytest.mark.parametrize(("kind", "identity"), [("chat", "chatcmpl-x"), ("completion", "cmpl-x"), ("infill", "cmpl-x")])
def test_all_chunks_of_an_answer_have_the_head_of_the_first(kind: Kind, identity: str, more: dict[str, Any]) -> None:
    said = 'he said "created":9 and "id":"chatcmpl-x"'
    chunks = [llama_chunk(10, text="a"), llama_chunk(11, text=said), llama_chunk(12, text="", finish_reason="stop")]
    found = read(kind, chunks, **more)
    assert [chunk["created"] for chunk in found] == [10, 10, 10]
    assert {chunk["id"] for chunk in found} == {identity}
    assert {chunk["model"] for chunk in found} == {"ours"}
    assert found[1]["choices"][0]["text"] == said


# --- The first and the last of a stream -------------------------------------------------------------------------------


def composed(deltas: list[dict[str, Any]], **wish: Any) -> list[Any]:
    composer = StreamComposer(Wish(request=ChatRequest(model="m"), **wish))
    frames = b"".join(composer.delta(Delta(msgspec.json.encode(llama_chunk(1, delta=delta)))) for delta in deltas)
    return [json.loads(event.removeprefix(b"data: ")) for event in frames.split(b"\n\n") if event]


@pytest.mark.parametrize(
    "deltas",
    [
        [{"role": "assistant", "content": None}, {"content": "a"}],
        [{"role": "assistant", "content": "a"}],
        [{"content": "a"}],
        [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": ""}],
    ],
)
def test_the_role_is_said_once_with_an_empty_text(deltas: list[dict[str, Any]]) -> None:
    """Engines differ; clients add up whatever comes, roles too."""
    first, *rest = [chunk["choices"][0]["delta"] for chunk in composed(deltas)]
    assert first == {"role": "assistant", "content": "", "refusal": None}
    assert rest == [{"content": "a"}]


def test_an_empty_answer_has_its_role_too(live_gateway: LiveGateway) -> None:
    events = events_of(live_gateway, text=" ")
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-1]["choices"][0]["finish_reason"] == "stop"


def test_usage_is_null_until_it_is_known(live_gateway: LiveGateway) -> None:
    *before, last = events_of(live_gateway, stream_options={"include_usage": True})
    assert [event["usage"] for event in before] == [None] * len(before)
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 3)
    assert not any("usage" in event for event in events_of(live_gateway))


def events_of(gateway: LiveGateway, text: str = "un deux trois", **more: Any) -> list[Any]:
    *events, done = gateway.chat(text, stream=True, **more).text.strip().split("\n\n")
    assert done == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events]


# --- Log probabilities ------------------------------------------------------------------------------------------------


def test_log_probabilities_have_their_required_members() -> None:
    content = [{"id": 7, "token": "a", "bytes": [97], "logprob": -1.0, "top_logprobs": []}]
    chunk = llama_chunk(1, logprobs={"content": content})
    polish(chunk, Wish(request=ChatRequest(model="m"), logprobs=0))
    assert chunk["choices"][0]["logprobs"]["refusal"] is None


def test_completions_without_alternatives_tell_the_chosen_token() -> None:
    old = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"a": -1.0, "b": -0.5}], "text_offset": [0]}
    chunk = llama_chunk(1, logprobs=old)
    polish(chunk, Wish(request=ChatRequest(kind="completion", model="m"), logprobs=0))
    assert chunk["choices"][0]["logprobs"]["top_logprobs"] == [{"a": -1.0}]


# --- Refusals ---------------------------------------------------------------------------------------------------------


def error_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert {"message", "type", "param", "code"} <= error.keys()
    return error


@pytest.mark.parametrize("coding", ["gzip", "br", "Zstd"])
def test_a_compressed_body_is_refused_clearly(live_gateway: LiveGateway, coding: str) -> None:
    answer = live_gateway.client.post(
        "/v1/chat/completions", content=gzip.compress(b"{}"), headers={"content-encoding": coding}
    )
    assert error_of(answer, 415)["code"] == "unsupported_content_encoding"
    assert answer.headers["accept-encoding"] == "identity"


def test_an_uncompressed_body_may_say_so(live_gateway: LiveGateway) -> None:
    answer = live_gateway.client.post("/v1/chat/completions", content=b"{}", headers={"content-encoding": "identity"})
    assert error_of(answer, 400)["param"] == "model"


def test_a_wrong_method_names_the_right_one(live_gateway: LiveGateway) -> None:
    answer = live_gateway.client.get("/v1/chat/completions")
    assert error_of(answer, 405)["code"] == "bad_method"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/responses", "/v1/chat/completions"),
        ("/v1/responses/resp_1/cancel", "/v1/chat/completions"),
        ("/v1/assistants", "/v1/chat/completions"),
        ("/v1/audio/transcriptions", "text"),
        ("/v1/images/generations", "text"),
        ("/v1/files", "stores nothing"),
        ("/v1/moderations", "leave this call out"),
        ("/v1/batches", "one by one"),
        ("/v1/v1/models", "twice"),
    ],
)
def test_routes_kept_elsewhere_say_what_to_use(live_gateway: LiveGateway, path: str, word: str) -> None:
    error = error_of(live_gateway.client.post(path, json={}), 404)
    assert word in error["message"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "not_found")


def test_an_unknown_model_names_the_parameter_alone(live_gateway: LiveGateway) -> None:
    error = error_of(live_gateway.client.get("/v1/models/none"), 404)
    assert (error["param"], error["code"]) == ("model", "model_not_found")
    assert "affouage" not in error


def test_the_list_of_models_has_a_forgiving_address(live_gateway: LiveGateway) -> None:
    assert live_gateway.client.get("/v1/models/").json() == live_gateway.client.get("/v1/models").json()


def test_one_connection_too_many_is_told_in_the_same_shape(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory, server_max_connections=3) as gateway:
        idle = [gateway.connect() for _ in range(3)]
        try:
            until(lambda: _crowded(gateway))
        finally:
            for one in idle:
                one.close()
        until(lambda: gateway.client.get("/v1/models").status_code == 200)


def _crowded(gateway: LiveGateway) -> bool:
    answer = gateway.client.get("/v1/models")
    if answer.status_code == 200:
        return False
    error = error_of(answer, 503)
    assert (error["type"], error["code"]) == ("server_error", "too_many_connections")
    assert answer.headers["retry-after"]
    return True
