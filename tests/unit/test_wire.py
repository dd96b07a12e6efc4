"""Reading requests: what is understood, what is refused, and that nothing else can happen."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from affouage.errors import BadRequest, UnsupportedParameter
from affouage.gateway.embeddings import read_embedding
from affouage.gateway.validate import DEPTH_MAX
from affouage.gateway.wire import COMPLETION_TOKENS, Wish, read_chat, read_completion

MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "oui"}]


def chat(**more: Any) -> Wish:
    return read_chat(json.dumps({"model": "m", "messages": MESSAGES} | more).encode(), "the-default")


def completion(**more: Any) -> Wish:
    return read_completion(json.dumps({"model": "m", "prompt": "oui"} | more).encode(), "the-default")


def refused(**more: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        chat(**more)
    return caught.value


def test_a_plain_request_passes_nothing_on_but_itself() -> None:
    wish = chat()
    assert wish.request.options == {}
    assert wish.request.max_tokens is None
    assert [message.as_openai() for message in wish.request.messages] == MESSAGES
    assert not wish.stream


def test_parameters_reach_the_engine_under_openai_s_names() -> None:
    given_ones = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "stop": ["a", "b"],
        "logit_bias": {"5": -100},
        "response_format": {"type": "json_object"},
    }
    assert chat(**given_ones).request.options == given_ones


def test_what_asks_for_nothing_is_left_out() -> None:
    nothing: dict[str, Any] = {
        "temperature": None,
        "stop": [],
        "logit_bias": {},
        "tools": [],
        "response_format": {"type": "text"},
        "logprobs": False,
        "tool_choice": "none",
    }
    assert chat(**nothing).request.options == {}
    assert chat(stop="").request.options == {}


def test_the_default_model_has_an_alias() -> None:
    assert chat(model="default").request.model == "the-default"
    assert refused(model="").code == "missing_required_parameter"


def test_both_names_of_the_limit() -> None:
    assert chat(max_tokens=5).request.max_tokens == 5
    assert chat(max_completion_tokens=6).request.max_tokens == 6
    assert chat(max_completion_tokens=6, max_tokens=6).request.max_tokens == 6
    assert chat(max_tokens=10**30).request.max_tokens == 2**31 - 1
    assert completion().request.max_tokens == COMPLETION_TOKENS


@given(st.integers(-(2**63), 2**63 - 1))
@example(-1)
@example(2**32 - 1)
def test_every_seed_is_one_that_engines_take_as_given(seed: int) -> None:
    folded = chat(seed=seed).request.options["seed"]
    assert 0 <= folded < 2**32 - 1  # the last one means "any seed" to llama.cpp
    assert seed not in range(2**32 - 1) or folded == seed


def test_a_suffix_makes_an_infilling() -> None:
    assert completion(suffix="fin").request.kind == "infill"
    assert completion(suffix="").request.kind == "completion"
    assert completion(prompt=["oui"]).request.prompt == "oui"


def test_messages_keep_what_they_say_and_no_more() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "d"},
        {"role": "user", "content": [{"type": "text", "text": "un"}], "name": "Odile"},
        {"role": "user", "content": [{"type": "text", "text": "un"}, {"type": "text", "text": "deux"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None},
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
    ]
    read = [message.as_openai() for message in chat(messages=messages).request.messages]
    assert read == [
        {"role": "system", "content": "d"},
        {"role": "user", "content": "un", "name": "Odile"},
        messages[2],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file"])
def test_parts_nobody_reads_are_named(kind: str) -> None:
    parts = [{"type": "text", "text": "regarde"}, {"type": kind, kind: {}}]
    error = refused(messages=[{"role": "user", "content": parts}])
    assert isinstance(error, UnsupportedParameter)
    assert error.param == "messages[0].content[1]"
    assert kind in error.message


def tool(name: str, **parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", **parameters}}}


def test_a_demanded_call_constrains_the_answer_and_adds_no_word() -> None:
    tools = [tool("a"), tool("b")]
    wish = chat(tools=tools, tool_choice="required")
    assert wish.request.messages == chat().request.messages
    assert wish.request.options["tools"] == tools
    assert "tool_choice" not in wish.request.options
    schema = wish.request.options["response_format"]["json_schema"]["schema"]
    assert [one["properties"]["name"] for one in schema["anyOf"]] == [{"const": "a"}, {"const": "b"}]
    named = chat(tools=tools, tool_choice={"type": "function", "function": {"name": "b"}})
    assert named.tool_use is not None
    assert named.tool_use.names == {"b"}
    assert named.request.options["response_format"]["json_schema"]["schema"]["properties"]["name"] == {"const": "b"}


def test_a_format_of_one_s_own_is_not_overruled() -> None:
    own = {"type": "json_object"}
    wish = chat(tools=[tool("a")], tool_choice="required", response_format=own)
    assert wish.request.options["response_format"] == own
    assert wish.request.options["tool_choice"] == "required"


def test_tools_that_may_not_be_used_are_not_told_of() -> None:
    wish = chat(tools=[tool("a")], tool_choice="none")
    assert wish.request.options == {}
    assert wish.tool_use is None


def test_one_call_at_a_time() -> None:
    wish = chat(tools=[tool("a")], parallel_tool_calls=False)
    assert wish.tool_use is not None
    assert wish.tool_use.most == 1


def test_bottomless_schemas_stop_before_the_engine() -> None:
    deep: dict[str, Any] = {}
    for _ in range(DEPTH_MAX):
        deep = {"properties": {"x": deep}}
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": deep}}
    assert refused(response_format=schema).code == "nested_too_deeply"
    assert refused(tools=[tool("a", x=deep)]).code == "nested_too_deeply"


def test_log_probabilities_are_asked_for_so_that_they_come() -> None:
    assert chat(logprobs=True).request.options == {"logprobs": True, "top_logprobs": 1}
    assert chat(logprobs=True).logprobs == 0
    assert chat(logprobs=True, top_logprobs=5).logprobs == 5
    assert completion(logprobs=0).request.options == {"logprobs": 1}
    assert completion(logprobs=0).logprobs == 0
    assert chat().logprobs is None


@pytest.mark.parametrize(("name", "value"), [("n", 1.0), ("n", True), ("store", 0), ("modalities", "text")])
def test_only_the_very_value_is_neutral(name: str, value: Any) -> None:
    assert refused(**{name: value}).param == name


@given(st.binary(max_size=300))
@example(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')
@example(b'{"model":"m","messages":[{"role":"user","content":"\\u0000"}]}')
def test_bytes_are_a_request_or_a_bad_one(body: bytes) -> None:
    for read in (lambda: read_chat(body, "d"), lambda: read_completion(body, "d"), lambda: read_embedding(body)):
        with pytest.raises(BadRequest):
            read()


names = st.sampled_from(
    [
        *("model", "messages", "prompt", "suffix", "input", "stream", "stream_options", "stop", "max_tokens", "n"),
        *("temperature", "seed", "logit_bias", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice"),
        *("type", "function", "name", "role", "content", "tool_calls", "json_schema", "schema", "affouage", "prompt"),
    ]
)
words = st.sampled_from(["user", "assistant", "tool", "function", "json_schema", "required", "m", "", "\0"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(names, anything, max_size=5))
def test_json_of_any_shape_is_a_request_or_a_bad_one(more: dict[str, Any]) -> None:
    body = json.dumps({"model": "m", "messages": MESSAGES, "prompt": "p", "input": "i"} | more).encode()
    for read in (lambda: read_chat(body, "d"), lambda: read_completion(body, "d"), lambda: read_embedding(body)):
        try:
            wish = read()
        except BadRequest as refusal:
            msgspec.json.encode([refusal.message, refusal.param, refusal.code])  # can be told
        else:
            msgspec.json.encode(wish.request)  # can be sent on
