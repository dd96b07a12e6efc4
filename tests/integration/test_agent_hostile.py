"""Whatever arrives on a node's subjects: dropped, counted, told once a minute without a word of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affouage.chat import ChatRequest
from affouage.errors import BadRequest
from affouage.pool.nodes.bus import BusDown, control_subject, out_subject, run_subject
from affouage.pool.nodes.options import request_of
from affouage.pool.nodes.outbox import RUN_BYTES_MAX, TOTAL_BYTES_MAX, Outbox
from affouage.pool.nodes.sealing import Seal, new_key, public_of
from affouage.pool.nodes.wire import (
    Ack,
    Cancel,
    Chunk,
    Exact,
    Fin,
    Kept,
    Malformed,
    Piece,
    Renew,
    Resend,
    Run,
    SetPolicy,
    ToNode,
    Turn,
    encode,
    from_node,
    to_node,
)
from affouage.testing import EchoEngine, InProcessBus, ManualClock
from tests.integration.node_bench import NODE_ID, asked, node_at_work

SUBJECTS = st.sampled_from([run_subject(NODE_ID), control_subject(NODE_ID)])
KEYS = ["rid", "attempt", "seq", "runs", "policy", "options", "messages", "path", "url", "type", "model_id", "at_ms"]
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
TAGS = st.sampled_from(["Run", "Renew", "Cancel", "Resend", "Ack", "Kept", "SetPolicy", "FileOffer", "FilePiece", "X"])


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            SUBJECTS,
            st.booleans(),
            st.binary(max_size=200) | st.tuples(TAGS, st.dictionaries(st.sampled_from(KEYS), TREES)),
        ),
        min_size=20,
        max_size=60,
    )
)
def test_bytes_of_any_kind_never_stop_the_node(tmp_path: Path, messages: list[Any]) -> None:
    async def work() -> None:
        engine = EchoEngine(word_ms=1)
        async with node_at_work(tmp_path, engine, metered=False) as (house, commons):
            await house.metering.cut()
            for subject, sealed, content in messages:
                raw = (
                    content
                    if isinstance(content, bytes)
                    else msgspec.msgpack.encode({"type": content[0], **content[1]})
                )
                commons.bus.publish(subject, commons.seal.close(raw) if sealed else raw)
            await asyncio.sleep(0)
            await commons.heartbeat()
            assert engine.seen == []
            commons.say(asked("after", work="render"))
            assert (await commons.fin("after")).problem == ""

    run(work())


def test_what_was_sealed_by_another_or_for_another_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        engine = EchoEngine()
        async with node_at_work(tmp_path, engine) as (house, commons):
            stranger = Seal(new_key(), public_of(new_key()))
            for _ in range(50):
                commons.bus.publish(run_subject(NODE_ID), stranger.close(encode(asked("r1", "un secret"))))
            commons.bus.publish(run_subject(NODE_ID), encode(asked("r1", "un secret")))
            commons.bus.publish(control_subject(NODE_ID), commons.seal.close(encode(asked("r2"))))
            commons.bus.publish(run_subject(NODE_ID), commons.seal.close(encode(Renew(runs=()))))
            await commons.heartbeat(lambda _: house.agent.inbox.dropped.total() == 53)
            assert engine.seen == []

    with caplog.at_level(logging.WARNING):
        run(work())
    assert len([one for one in caplog.records if "dropped" in one.message]) == 1, "once a minute"
    assert "secret" not in caplog.text


def test_messages_that_name_nothing_known_do_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            odd: list[ToNode] = [
                Renew(runs=("x",) * 4096),
                Ack(rid="x", attempt=-(2**62)),
                Cancel(rid="x", attempt=99),
                Resend(rid="x", attempt=1, seq=2**62),
                Kept(block_ids=("../../etc/passwd", "")),
                SetPolicy(policy=house.policy.now().policy, serial=0),
            ]
            for message in odd:
                commons.say(message)
            commons.say(asked("r1"))
            assert (await commons.fin("r1")).problem == ""
            commons.say(Resend(rid="r1", attempt=1, seq=2**62))
            commons.say(asked("r2"))
            assert (await commons.fin("r2")).problem == ""
            assert len(commons.fins("r1")) == 1

    run(work())


def test_a_thousand_runs_at_once_are_answered_one_and_all(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine(slots=2, word_ms=1)
        async with node_at_work(tmp_path, engine) as (house, commons):
            rids = [f"r{number}" for number in range(1000)]
            for rid in rids:
                commons.say(asked(rid, own=rid < "r2"))
            await commons.until(lambda: sum(isinstance(one, Fin) for one in commons.sent) == 1000, within_s=60)
            problems = [commons.fins(rid)[0].problem for rid in rids]
            assert set(problems) == {"", "refused:node_busy"}
            assert problems.count("") == 2 + 32, "two places, and those of the owner that may wait"
            assert house.agent.runs.used("echo") == 0

    run(work())


# --- what a run may hold ----------------------------------------------------------------------------------------------

GOOD: list[dict[str, Any]] = [
    {"options": {"temperature": 0, "seed": 1, "stop": ["a"], "logit_bias": {"15": -100.0}}},
    {"options": {"logprobs": True, "top_logprobs": 20}},
    {"options": {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": "#/x"}}}}},
    {"options": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}},
    {"options": {"tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": False}},
    {"messages": (Turn("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),)},
    {
        "messages": (
            Turn(
                "assistant",
                None,
                {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            ),
            Turn("tool", "4", {"tool_call_id": "1"}),
        )
    },
    {"kind": "infill", "messages": (), "prompt": "a", "suffix": "b", "options": {"logprobs": 5}},
    {"kind": "completion", "messages": (), "prompt": ""},
    {"kind": "embedding", "work": "embed", "messages": (), "inputs": ("a",)},
]

BAD: list[dict[str, Any]] = [
    {"options": {"grammar": "x"}},
    {"options": {"temperature": float("nan")}},
    {"options": {"temperature": 2.1}},
    {"options": {"temperature": True}},
    {"options": {"seed": -1}},
    {"options": {"seed": 2**32}},
    {"options": {"logit_bias": {"a": 1}}},
    {"options": {"logit_bias": {"1": 101}}},
    {"options": {"stop": ["a"] * 5}},
    {"options": {"stop": ["a\0"]}},
    {"options": {"model": "/etc/passwd"}},
    {
        "options": {
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": "http://x"}}}
        }
    },
    {"options": {"response_format": {"type": "json_object", "path": "/"}}},
    {"options": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": "file:///x"}}}]}},
    {"options": {"tools": [{"type": "function", "function": {"name": "../f"}}]}},
    {"options": {"tools": [{"type": "code", "function": {"name": "f"}}]}},
    {"options": {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": b"x"}}}}},
    {"messages": ()},
    {"messages": (Turn("root", "a"),)},
    {"messages": (Turn("user", "a\0"),)},
    {"messages": (Turn("user", [{"type": "image_url", "image_url": {"url": "http://x"}}]),)},
    {"messages": (Turn("user", [{"type": "text", "text": "a", "cache": 1}]),)},
    {"messages": (Turn("user", "a", {"path": "/"}),)},
    {"prompt": "and a prompt"},
    {"kind": "completion", "prompt": "a"},
    {"kind": "completion", "messages": (), "prompt": "a", "suffix": "b"},
    {"kind": "completion", "messages": (), "prompt": "a", "options": {"tools": []}},
    {"kind": "completion", "messages": (), "prompt": "a\0"},
    {"kind": "embedding", "messages": (), "inputs": ("a",)},
    {"kind": "embedding", "work": "embed", "messages": (), "inputs": ()},
    {"kind": "embedding", "work": "embed", "messages": (), "inputs": ("a",), "options": {"seed": 1}},
    {"work": "embed"},
]


@pytest.mark.parametrize("more", GOOD)
def test_what_the_gateway_sends_passes_unchanged(more: dict[str, Any]) -> None:
    sent = to_node(encode(asked("r1", **more)))
    assert isinstance(sent, Run)
    request = request_of(sent)
    assert isinstance(request, ChatRequest)
    assert request.options == more.get("options", {})
    assert [one.as_openai() for one in request.messages] == [
        {"role": turn.role, "content": turn.content, **turn.extra} for turn in sent.messages
    ]


@pytest.mark.parametrize("more", BAD)
def test_anything_else_is_refused_without_quoting_it(more: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        request_of(msgspec.structs.replace(asked("r1"), **more))
    assert "passwd" not in str(refused.value)


def test_a_schema_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(200):
        schema = {"a": schema}
    with pytest.raises(BadRequest):
        request_of(
            asked("r1", options={"tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]})
        )


@given(st.dictionaries(st.sampled_from(["temperature", "stop", "tools", "response_format", "logit_bias", "x"]), TREES))
def test_options_of_any_shape_are_refused_or_plain(options: dict[str, Any]) -> None:
    try:
        sent = to_node(encode(asked("r1", options=options)))
    except Malformed:
        return
    assert isinstance(sent, Run)
    try:
        request = request_of(sent)
    except BadRequest:
        return
    msgspec.json.encode(request)


# --- what is remembered -----------------------------------------------------------------------------------------------


class _Deaf:
    """A bus that takes nothing."""

    connected = False

    def publish(self, subject: str, payload: bytes) -> None:
        raise BusDown("The broker cannot be reached.", remedy="Try again in a moment.")


def test_memory_is_bounded_whatever_is_said_to_a_commons_that_never_answers() -> None:
    outbox = Outbox(_Deaf(), Seal(new_key(), public_of(new_key())), NODE_ID)  # type: ignore[arg-type]
    piece = Piece(text="x" * 100_000)
    for rid in ("r1", "r2"):
        for seq in range(120):
            assert outbox.chunk(Chunk(rid=rid, attempt=1, seq=seq, events=(piece,))) == seq + 1
        assert outbox.size <= RUN_BYTES_MAX * 2
    assert not outbox.resend(("r1", 1), 0), "what is forgotten is said to be"
    assert outbox.resend(("r1", 1), 119)
    for number in range(400):
        outbox.chunk(Chunk(rid=f"s{number}", attempt=1, seq=0, events=(piece, piece, piece)))
        outbox.fin(Fin(rid=f"s{number}", attempt=1, seq=1, count=1, sha256="0" * 64), number)
    assert outbox.size <= TOTAL_BYTES_MAX
    outbox.look_back(10**12)
    assert outbox.size <= RUN_BYTES_MAX * 2, "ends that nobody wanted are forgotten"


def test_what_is_too_large_for_a_message_goes_in_several() -> None:
    async def work() -> None:
        hub, clock = InProcessBus(), ManualClock()
        key, other = new_key(), new_key()
        heard: list[Any] = []
        theirs = Seal(other, public_of(key))
        await hub.end().subscribe(out_subject(NODE_ID, "*"), lambda _, raw: heard.append(raw))
        outbox = Outbox(hub.end(), Seal(key, public_of(other)), NODE_ID)
        pieces = tuple(Piece(text=str(number) * 300_000) for number in range(10))
        after = outbox.chunk(Chunk(rid="r1", attempt=1, seq=5, events=pieces))
        assert outbox.chunk(Chunk(rid="r1", attempt=1, seq=after, events=(Exact("é" * 700_000),))) == after + 1
        outbox.fin(Fin(rid="r1", attempt=1, seq=after + 1, count=after + 1, sha256="0" * 64), clock.monotonic_us())
        await asyncio.sleep(0)
        chunks = [one for raw in heard if isinstance(one := from_node(theirs.open(raw)), Chunk)]
        assert [one.seq for one in chunks] == list(range(5, after + 1))
        assert tuple(event for one in chunks[:-1] for event in one.events) == pieces
        assert chunks[-1].events == (Exact(None),)

    run(work())
