"""Reading what engines send, without an engine: event streams cut anywhere, chunks, refusals."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from affouage.adapters.engines import infill, openai_wire
from affouage.adapters.engines.sse_reader import EventTooLong, SseReader
from affouage.chat import ChatRequest, Delta, EngineEvent, Final, Message, PromptProgress, Timings, Usage, delta_text
from affouage.errors import (
    AffouageError,
    BadRequest,
    ContextExceeded,
    EngineFailed,
    EngineLoading,
    UnsupportedParameter,
)

REQUEST = ChatRequest(model="chez-nous", messages=(Message("user", "Bonjour"),))

# --- Event streams ----------------------------------------------------------------------------------------------------

data = st.binary(max_size=30).filter(lambda one: b"\n" not in one and b"\r" not in one)
noise = st.sampled_from([b": ping", b"event: message", b"id: 7", b"retry: 10", b"nonsense", b"dat: a"])
line_end = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream as some server would write it, and the events in it."""
    text, expected = b"", []
    for lines in draw(st.lists(st.lists(data, min_size=1, max_size=3), max_size=6)):
        end = draw(line_end)
        for line in lines:
            if draw(st.booleans()):
                text += draw(noise) + end
            text += b"data: " + line + end
        text += end
        expected.append(b"\n".join(lines))
    return text, expected


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@seed(20261122)
@settings(max_examples=300)
@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_events_do_not_depend_on_where_the_network_cuts(stream: tuple[bytes, list[bytes]], places: list[int]) -> None:
    text, expected = stream
    reader = SseReader()
    found = [event for block in cut(text, places) for event in reader.feed(block)]
    assert found + reader.end() == expected


@seed(20261122)
@settings(max_examples=300)
@given(st.binary(max_size=400), st.lists(st.integers(0, 10_000), max_size=8))
def test_hostile_bytes_cost_bounded_memory_and_no_surprise(text: bytes, places: list[int]) -> None:
    reader = SseReader(max_event_bytes=64)
    try:
        for block in cut(text, places):
            for event in reader.feed(block):
                assert len(event) <= 64
                assert b"\r" not in event
    except EventTooLong:
        assert len(text) > 64


@pytest.mark.parametrize("endless", [b"data: " + b"x" * 99, b"x" * 99, b"data: aaaaaaaaaaaaaaaaaaaaaaaa\n" * 9])
def test_an_event_without_end_is_refused(endless: bytes) -> None:
    reader = SseReader(max_event_bytes=64)

    def feed_byte_by_byte() -> None:
        for byte in endless:
            reader.feed(bytes([byte]))

    with pytest.raises(EventTooLong):
        feed_byte_by_byte()


# --- Chunks -----------------------------------------------------------------------------------------------------------


def chunk(content: str, model: str = "leur-modele", **more: Any) -> bytes:
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": None}]
    return msgspec.json.encode({"choices": choices, "model": model, "object": "chat.completion.chunk", **more})


def read(*events: bytes, request: ChatRequest = REQUEST) -> list[EngineEvent]:
    reader = openai_wire.ChunkReader(request)
    return [one for event in events for one in reader.read(event)]


@seed(20261122)
@given(st.lists(st.text(max_size=12), max_size=8), st.sampled_from([chunk, lambda text: pretty(chunk(text))]))
def test_any_text_comes_through_under_our_model_name(texts: list[str], written: Any) -> None:
    deltas = [one for one in read(*map(written, texts)) if isinstance(one, Delta)]
    assert [delta_text(one) for one in deltas] == texts
    assert all(json.loads(one.data)["model"] == "chez-nous" for one in deltas)


def pretty(event: bytes) -> bytes:
    """The same chunk with the spaces that Python servers write."""
    return json.dumps(json.loads(event)).encode()


def test_text_that_looks_like_usage_is_only_text() -> None:
    sly = '"usage":{"prompt_tokens":9999},"model":"leur-modele","finish_reason":"stop","error":1'
    reader = openai_wire.ChunkReader(REQUEST)
    found = [one for event in (chunk("a"), chunk(sly), b"[DONE]") for one in reader.read(event)]
    assert [delta_text(one) for one in found if isinstance(one, Delta)] == ["a", sly]
    assert not any(one.finish for one in found if isinstance(one, Delta))
    assert reader.final() == Final(Usage())


def test_figures_leave_the_chunks_and_make_the_final() -> None:
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": "leur-modele"}
    figures = {"usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}}
    figures["timings"] = {"prompt_ms": 12.5, "predicted_ms": 30}
    progress = {"prompt_progress": {"total": 9, "cache": 4, "processed": 9, "time_ms": 3}}
    reader = openai_wire.ChunkReader(REQUEST)
    events = [chunk("", **progress), chunk("a"), msgspec.json.encode({**finish, **figures}), b"[DONE]"]
    found = [one for event in events for one in reader.read(event)]
    assert found[0] == PromptProgress(total=9, cached=4, processed=9)
    assert [one.finish for one in found[1:] if isinstance(one, Delta)] == [False, True]
    assert b"usage" not in found[-1].data  # type: ignore[union-attr]
    assert b"timings" not in found[-1].data  # type: ignore[union-attr]
    assert reader.final() == Final(Usage(9, 4, 2), Timings(12.5, 30.0))


@pytest.mark.parametrize("wrong", [-1, 1.5, "9", True, None, [], {}, 1e400])
def test_figures_that_are_none_are_unknown(wrong: Any) -> None:
    reader = openai_wire.ChunkReader(REQUEST)
    usage = {"prompt_tokens": wrong, "completion_tokens": wrong, "prompt_tokens_details": wrong}
    list(reader.read(json.dumps({"choices": [], "usage": usage}).replace("Infinity", "-1").encode()))
    list(reader.read(b"[DONE]"))
    assert reader.final().usage == Usage(None, None, None)


def test_an_answer_that_just_stops_has_failed() -> None:
    reader = openai_wire.ChunkReader(REQUEST)
    list(reader.read(chunk("a")))
    with pytest.raises(EngineFailed):
        reader.final()


@seed(20261122)
@given(st.binary(max_size=60) | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(
    lambda value: json.dumps({"choices": value, "error": value}).encode()
))  # fmt: skip
def test_garbage_is_an_engine_that_failed_and_nothing_else(event: bytes) -> None:
    with suppress(EngineFailed, ContextExceeded):
        read(event)


@pytest.mark.parametrize(
    "event", [b"[" * 5000, b'{"choices":[1],"model":"m"}', b"null", b'{"error":{"message":"CUDA"}}']
)
def test_events_that_break_an_answer(event: bytes) -> None:
    with pytest.raises(EngineFailed):
        read(event)


def test_the_body_streams_and_forwards_options_unchanged() -> None:
    asked = ChatRequest(
        model="chez-nous", messages=(Message("user", "a"),), max_tokens=5, options={"seed": 3, "tools": [{"x": 1}]}
    )
    assert openai_wire.body(asked, "leur-modele", progress=True) == {
        "model": "leur-modele",
        "messages": [{"role": "user", "content": "a"}],
        "max_tokens": 5,
        "seed": 3,
        "tools": [{"x": 1}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
    }
    between = ChatRequest(kind="infill", model="m", prompt="a", suffix="b")
    assert openai_wire.body(between, "m")["suffix"] == "b"
    assert "suffix" not in openai_wire.body(between, "m", prompt="<a>b<c>")
    with pytest.raises(BadRequest, match="surrogate"):
        openai_wire.encode({"prompt": "\ud800"})


# --- Refusals ---------------------------------------------------------------------------------------------------------

VLLM = (
    "This model's maximum context length is 4096 tokens. However, you requested 5100 tokens (5000 in the messages, "
    "100 in the completion). Please reduce the length of the messages or completion."
)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "Expected 'messages' to be an array"}, BadRequest),
        (422, "just words", BadRequest),
        (400, {"message": VLLM}, ContextExceeded),
        (401, {"message": "Invalid API Key"}, EngineFailed),
        (404, {"message": "File Not Found"}, EngineFailed),
        (429, {}, EngineFailed),
        (500, {"message": "boom"}, EngineFailed),
        (501, {"message": "no embeddings"}, UnsupportedParameter),
        (503, {"message": "Loading model"}, EngineLoading),
        (302, None, EngineFailed),
    ],
)
def test_refusals(status: int, error: Any, kind: type[AffouageError]) -> None:
    refused = openai_wire.refusal(status, json.dumps({"error": error}).encode(), "chez-nous")
    assert type(refused) is kind
    assert refused.message


def test_context_numbers_come_from_either_way_of_telling() -> None:
    told = {"type": "exceed_context_size_error", "message": "x", "n_prompt_tokens": 5030, "n_ctx": 2048}
    ours = openai_wire.refusal(400, json.dumps({"error": told}).encode(), "m")
    assert (ours.details["prompt_tokens"], ours.details["context_tokens"]) == (5030, 2048)
    theirs = openai_wire.refusal(400, json.dumps({"error": {"message": VLLM}}).encode(), "m")
    assert (theirs.details["prompt_tokens"], theirs.details["context_tokens"]) == (5000, 4096)


@seed(20261122)
@given(st.integers(300, 599), st.binary(max_size=80))
def test_any_refusal_is_one_of_our_errors(status: int, answer: bytes) -> None:
    assert isinstance(openai_wire.refusal(status, answer, "m"), AffouageError)


# --- Infilling --------------------------------------------------------------------------------------------------------


def test_the_frame_leaves_out_what_nobody_wrote() -> None:
    seen = {"prompt": "<|repo|>filename\n<|pre|>\x01<|suf|>\x02<|mid|>"}
    frame = infill.frame_in(seen, "<s>")
    assert frame == infill.Frame("<|pre|>", "<|suf|>", "<|mid|>")
    assert frame.around("a", "b") == "<|pre|>a<|suf|>b<|mid|>"
    assert infill.frame_in({"prompt": "<s><PRE> \x01<SUF>\x02<MID>"}, "<s>") == infill.Frame("<PRE> ", "<SUF>", "<MID>")


@pytest.mark.parametrize("prompt", [None, "", "\x01\x02", "<a>\x01<b>", "<a>\x02<b>\x01<c>", "<a>\x01\x01<b>\x02<c>"])
def test_a_frame_that_cannot_be_read_is_none(prompt: Any) -> None:
    assert infill.frame_in({"prompt": prompt}, "") is None
