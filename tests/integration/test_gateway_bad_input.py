"""Whatever comes in, a clear answer in OpenAI's shape, quickly, and the gateway goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affouage.settings import read as read_settings
from affouage.testing import EchoEngine, ManualClock, serving
from tests.integration.conftest import LiveGateway

ROUTES = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
CHAT = "/v1/chat/completions"
GOOD: dict[str, Any] = {"model": "echo", "messages": [{"role": "user", "content": "oui"}]}


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert error["message"]
    return error


def post(gateway: LiveGateway, body: bytes, path: str = CHAT, **headers: str) -> httpx.Response:
    return gateway.client.post(path, content=body, headers={"content-type": "application/json", **headers})


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"[]",
        b"3",
        b'"text"',
        b"null",
        b"{'model': 1}",
        b'{"model": "echo"} trailing',
        b'{"model": NaN}',
        b"\xff\xfe\x00",
        b'{"model": "\xff"}',
        b'{"model": "a\x00b"}',
        b'{"model": "\\ud800"}',
        b'{"x": "\\udfff end"}',
        b"[" * 200_000,
        b'{"model":' * 100_000,
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_malformed_json(live_gateway: LiveGateway, path: str, body: bytes) -> None:
    error = error_of(post(live_gateway, body, path), 400)
    assert error["type"] == "invalid_request_error"
    assert error["code"] in ("invalid_json", "nested_too_deeply", "invalid_type")


def test_lone_surrogates_are_named(live_gateway: LiveGateway) -> None:
    body = b'{"model":"echo","messages":[{"role":"user","content":"a \\ud83d b"}]}'
    assert "surrogate" in error_of(post(live_gateway, body), 400)["message"]
    pair = b'{"model":"echo","messages":[{"role":"user","content":"\\ud83d\\ude00"}]}'
    assert post(live_gateway, pair).json()["choices"][0]["message"]["content"] == "\U0001f600"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"model": "echo", "messages": [{"role": "user", "content": "a\0b"}]}),
        (CHAT, {**GOOD, "stop": ["\0"]}),
        ("/v1/completions", {"model": "echo", "prompt": "a\0b"}),
        ("/v1/completions", {"model": "echo", "prompt": "a", "suffix": "\0"}),
        ("/v1/embeddings", {"model": "echo", "input": ["a\0b"]}),
    ],
)
def test_nul_is_refused_by_name(live_gateway: LiveGateway, path: str, body: dict[str, Any]) -> None:
    assert "NUL" in error_of(post(live_gateway, json.dumps(body).encode(), path), 400)["message"]


def test_what_only_looks_like_nul_is_text(live_gateway: LiveGateway) -> None:
    assert live_gateway.chat("a\\u0000b").json()["choices"][0]["message"]["content"] == "a\\u0000b"


def test_content_type_and_byte_order_mark_do_not_matter(live_gateway: LiveGateway) -> None:
    body = json.dumps(GOOD).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8", "nonsense"):
        answer = live_gateway.client.post(CHAT, content=b"\xef\xbb\xbf" + body, headers={"content-type": kind})
        assert answer.status_code == 200


def test_ten_megabytes_of_prompt_get_both_numbers_quickly(live_gateway: LiveGateway) -> None:
    began = time.monotonic()
    error = error_of(live_gateway.chat("mot " * 2_500_000), 400)
    assert error["code"] == "context_length_exceeded"
    assert "100000" in error["message"]
    assert error["affouage"]["context_tokens"] == 100_000
    assert error["affouage"]["prompt_tokens"] > 2_000_000
    assert time.monotonic() - began < 10


def test_over_the_limit_the_limit_is_stated(live_gateway: LiveGateway) -> None:
    error = error_of(live_gateway.chat("x" * 13_000_000), 413)
    assert error["code"] == "request_too_large"
    assert "12000000" in error["message"]
    assert live_gateway.chat().status_code == 200


def test_far_over_the_limit_the_connection_is_closed(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        bare.sendall(strict_gateway.head(CHAT, 10**12))
        with pytest.raises(ConnectionError):
            bare.sendall(b"x" * 100_000_000)


def test_an_announced_giant_is_refused_before_it_is_sent(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        head = strict_gateway.head(CHAT, 10**12).replace(b"host:", b"expect: 100-continue\r\nhost:", 1)
        bare.sendall(head)
        assert bare.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": 3}, "model", "invalid_type"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": "hi"}, "messages", "invalid_type"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "missing_required_parameter"),
        ({"temperature": 2.5}, "temperature", "decimal_above_max_value"),
        ({"temperature": -1}, "temperature", "decimal_below_min_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"top_p": 1.1}, "top_p", "decimal_above_max_value"),
        ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value"),
        ({"frequency_penalty": -3}, "frequency_penalty", "decimal_below_min_value"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"max_tokens": True}, "max_tokens", "invalid_type"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "invalid_value"),
        ({"seed": 2**64}, "seed", "integer_above_max_value"),
        ({"stop": list("abcde")}, "stop", "array_above_max_length"),
        ({"logit_bias": {"x": 1}}, "logit_bias", "invalid_value"),
        ({"logit_bias": {"1": 101}}, "logit_bias", "decimal_above_max_value"),
        ({"top_logprobs": 2}, "top_logprobs", "invalid_value"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing_required_parameter"),
        ({"tool_choice": "auto"}, "tool_choice", "invalid_value"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "invalid_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 2}, "n", "unsupported_parameter"),
        ({"functions": [{"name": "f"}]}, "functions", "unsupported_parameter"),
        ({"function_call": "auto"}, "function_call", "unsupported_parameter"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
        ({"audio": {"voice": "alloy"}}, "audio", "unsupported_parameter"),
        ({"store": True}, "store", "unsupported_parameter"),
        ({"background": True}, "background", "unsupported_parameter"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
        ({"grammar": "root ::= x"}, "grammar", "unsupported_parameter"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            "messages[0].content[0]",
            "unsupported_parameter",
        ),
    ],
)
def test_a_wrong_part_is_named(live_gateway: LiveGateway, more: dict[str, Any], param: str, code: str) -> None:
    body = {name: value for name, value in (GOOD | more).items() if value is not None}
    error = error_of(post(live_gateway, json.dumps(body).encode()), 400)
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1]]}, "prompt"),
        ({"best_of": 2}, "best_of"),
        ({"echo": True}, "echo"),
        ({"n": 3}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"prompt": []}, "prompt"),
        ({"tools": [{"type": "function"}]}, "tools"),
    ],
)
def test_a_wrong_part_of_a_completion_is_named(live_gateway: LiveGateway, more: dict[str, Any], param: str) -> None:
    body = {"model": "echo", "prompt": "a"} | more
    assert error_of(post(live_gateway, json.dumps(body).encode(), "/v1/completions"), 400)["param"] == param


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": [[1, 2]]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a"}, "model"),  # a model that only writes
    ],
)
def test_a_wrong_part_of_an_embedding_is_named(live_gateway: LiveGateway, more: dict[str, Any], param: str) -> None:
    body = {"model": "echo"} | more
    assert error_of(post(live_gateway, json.dumps(body).encode(), "/v1/embeddings"), 400)["param"] == param


def test_harmless_unknown_parameters_are_ignored(live_gateway: LiveGateway) -> None:
    harmless = {
        "user": "me",
        "metadata": {"a": "b"},
        "service_tier": "auto",
        "reasoning_effort": "low",
        "safety_identifier": "x",
        "prompt_cache_key": "y",
        "verbosity": "low",
        "foo": [1],
        "store": False,
        "n": 1,
        "modalities": ["text"],
        "stop": None,
        "tools": [],
        "logit_bias": {},
    }
    assert live_gateway.chat(**harmless).status_code == 200


def test_an_unknown_model_is_told_as_openai_does(live_gateway: LiveGateway) -> None:
    for path, body in (
        (CHAT, GOOD | {"model": "gpt-4o"}),
        ("/v1/completions", {"model": "gpt-4o", "prompt": "a"}),
        ("/v1/embeddings", {"model": "gpt-4o", "input": "a"}),
    ):
        error = error_of(post(live_gateway, json.dumps(body).encode(), path), 404)
        assert error["code"] == "model_not_found"
        assert error["type"] == "invalid_request_error"
        assert "echo" in error["message"]
    assert error_of(live_gateway.client.get("/v1/models/gpt-4o"), 404)["code"] == "model_not_found"


def test_unknown_addresses_and_methods_keep_the_shape(live_gateway: LiveGateway) -> None:
    assert error_of(live_gateway.client.get("/v1/nothing"), 404)["type"] == "invalid_request_error"
    assert error_of(live_gateway.client.get(CHAT), 405)["type"] == "invalid_request_error"
    assert error_of(live_gateway.client.delete("/v1/models"), 405)
    assert error_of(live_gateway.client.get("/v1/receipts/rcp_none"), 404)["type"] == "invalid_request_error"


@pytest.mark.incident("key-injection")
@pytest.mark.parametrize("path", ROUTES)
def test_missing_and_garbled_keys(live_gateway: LiveGateway, path: str) -> None:
    with httpx.Client(base_url=live_gateway.url, trust_env=False) as stranger:
        missing = stranger.post(path, json=GOOD)
        assert error_of(missing, 401)["type"] == "authentication_error"
        assert missing.headers["www-authenticate"].startswith("Bearer")
        for garbled in ("x", "aff_x_y", "sk-123", live_gateway.key[:-1], live_gateway.key + "x", "a" * 5000):
            answer = stranger.post(path, json=GOOD, headers={"authorization": f"Bearer {garbled}"})
            assert error_of(answer, 401)["code"] == "invalid_api_key"
            assert garbled not in answer.text


def test_revoked_expired_and_narrow_keys(live_gateway: LiveGateway) -> None:
    accounts, run = live_gateway.live.commons.accounts, live_gateway.live.run
    live_gateway.live.api_key("Jeanne")
    jeanne = run(accounts.find("Jeanne"))
    key, text = run(accounts.create_key(jeanne, "short", None, None))
    headers = {"authorization": f"Bearer {text}"}
    with httpx.Client(base_url=live_gateway.url, trust_env=False, headers=headers) as client:
        assert client.post(CHAT, json=GOOD).status_code == 200
        run(accounts.revoke_key(jeanne, key.id))
        assert error_of(client.post(CHAT, json=GOOD), 401)["code"] == "key_revoked"
    _, narrow = run(accounts.create_key(jeanne, "narrow", ["receipts"], None))
    with httpx.Client(base_url=live_gateway.url, headers={"authorization": f"Bearer {narrow}"}) as client:
        error = error_of(client.post(CHAT, json=GOOD), 403)
        assert (error["type"], error["code"]) == ("permission_error", "insufficient_scope")
        assert client.get("/v1/receipts").status_code == 200


def test_an_expired_key(tmp_path: Path) -> None:
    clock = ManualClock()
    with serving(read_settings({}, home=tmp_path / "home"), engines=[EchoEngine()], clock=clock) as live:
        live.api_key("Jeanne")
        jeanne = live.run(live.commons.accounts.find("Jeanne"))
        _, text = live.run(live.commons.accounts.create_key(jeanne, "a day", None, 1))
        with httpx.Client(base_url=live.url, trust_env=False, headers={"authorization": f"Bearer {text}"}) as client:
            assert client.get("/v1/models").status_code == 200
            clock.advance(ms=24 * 3600 * 1000 + 1)
            assert error_of(client.get("/v1/models"), 401)["code"] == "key_expired"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_body_breaks_the_gateway(live_gateway: LiveGateway, body: bytes) -> None:
    for path in ROUTES:
        error_of(post(live_gateway, body, path), 400)


members = st.sampled_from(
    [*GOOD, "stop", "n", "tools", "tool_choice", "response_format", "logprobs", "stream_options", "affouage", "stream"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9) | members, inner, max_size=3),
    max_leaves=10,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(more=st.dictionaries(members, anything, max_size=3))
def test_no_member_of_any_type_breaks_the_gateway(live_gateway: LiveGateway, more: dict[str, Any]) -> None:
    body = json.dumps(GOOD | more).encode()
    answer = post(live_gateway, body)
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code != 200:
        error_of(answer, answer.status_code)


@pytest.mark.incident("key-injection")
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(value=st.binary(max_size=80).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\0")))
def test_no_credential_breaks_the_gateway(live_gateway: LiveGateway, value: bytes) -> None:
    head = b"GET /v1/models HTTP/1.1\r\nhost: here\r\nconnection: close\r\nauthorization: " + value + b"\r\n\r\n"
    with live_gateway.connect() as bare:
        bare.sendall(head)
        status = bare.recv(65536).split(b" ")[1]
    assert status in (b"400", b"401"), (value, status)
