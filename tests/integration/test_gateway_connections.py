"""Clients that leave, stall, drip or come all at once, and engines that die: nothing is held, nothing is silent."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from affouage.assembly.access import ALL_SCOPES, Identity
from affouage.gateway.converse import Conversing
from affouage.gateway.wire import read_chat
from tests.integration.conftest import LiveGateway, until

pytestmark = pytest.mark.alone

CHAT = "/v1/chat/completions"


def chat_body(text: str, model: str, **more: object) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()


def newest_receipt(gateway: LiveGateway) -> dict[str, Any]:
    """Waits for a first one."""
    rows: list[dict[str, Any]] = []
    while not rows:
        rows = gateway.client.get("/v1/receipts?limit=1").json()["data"]
    return rows[0]


# --- Clients that leave -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_slot_within_200_ms(live_gateway: LiveGateway, stream: bool) -> None:
    slow = live_gateway.engines["slow"]
    body = chat_body("mot " * 500, "slow", stream=stream)
    bare = live_gateway.connect()
    bare.sendall(live_gateway.head(CHAT, len(body)) + body)
    if stream:
        while b"mot" not in bare.recv(65536):
            pass
    else:
        until(lambda: slow.in_flight == 1)
    bare.close()
    took_s = until(lambda: slow.in_flight == 0)
    assert took_s < 0.2
    until(lambda: newest_receipt(live_gateway)["outcome"] == "cancelled")
    tokens = newest_receipt(live_gateway)["tokens"]
    assert tokens["decoded"] is None or tokens["decoded"] < 100


def test_a_client_that_leaves_the_queue_gives_up_its_place(live_gateway: LiveGateway) -> None:
    scheduler = live_gateway.live.commons.inference.scheduler
    body = chat_body("mot " * 20, "slow", stream=True)
    first, second = live_gateway.connect(), live_gateway.connect()
    first.sendall(live_gateway.head(CHAT, len(body)) + body)
    until(lambda: scheduler.in_use("slow") == 1)
    second.sendall(live_gateway.head(CHAT, len(body)) + body)
    received = b""
    while b": turn 1 of 1" not in received:
        received += second.recv(65536)
    second.close()
    assert until(lambda: scheduler.waiting("slow") == 0) < 0.2
    first.close()
    until(lambda: scheduler.in_use("slow") == 0)


def test_a_place_that_changes_at_every_moment_is_told_now_and_then(live_gateway: LiveGateway) -> None:
    """In a long queue everybody's place changes with everybody's step: all told, that is the square of the queue."""
    scheduler = live_gateway.live.commons.inference.scheduler
    body = chat_body("mot " * 20, "slow", stream=True)
    clients = [live_gateway.connect() for _ in range(20)]
    for place, client in enumerate(clients):
        client.sendall(live_gateway.head(CHAT, len(body)) + body)
        until(lambda known=place: scheduler.in_use("slow") + scheduler.waiting("slow") == known + 1)  # type: ignore[misc]
    first, *others, last = clients
    for left, client in enumerate(others, start=1):
        client.close()
        until(lambda known=left: scheduler.waiting("slow") == 19 - known)  # type: ignore[misc]
    first.close()
    received = b""
    while b"[DONE]" not in received:
        received += last.recv(65536)
    last.close()
    assert 1 <= received.count(b": turn") <= 9, "19 places, within a second or two"


def test_a_client_that_never_reads_is_cut_and_its_answer_settled(strict_gateway: LiveGateway) -> None:
    vast = strict_gateway.engines["vast"]
    # Each of the 200,000 words comes back as an event of some 150 bytes: far more than sockets hold.
    body = chat_body("x " * 200_000, "vast", stream=True)
    with strict_gateway.connect(receive_bytes=4096) as bare:
        bare.sendall(strict_gateway.head(CHAT, len(body)) + body)
        until(lambda: vast.in_flight == 1)
        until(lambda: vast.in_flight == 0)
        until(lambda: newest_receipt(strict_gateway)["model"]["id"] == "vast")
        assert newest_receipt(strict_gateway)["outcome"] == "cancelled"
    assert strict_gateway.chat("oui", model="vast").status_code == 200


# --- Clients that drip ------------------------------------------------------------------------------------------------


def read_to_end(bare: Any) -> bytes:
    received = b""
    while block := bare.recv(65536):
        received += block
    return received


def test_slow_loris_is_cut_at_the_deadline(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        began = time.monotonic()
        bare.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: here\r\nx-a: ")
        assert read_to_end(bare).startswith(b"HTTP/1.1 408 ")
        assert 0.4 < time.monotonic() - began < 3


def test_a_dripping_head_does_not_renew_its_deadline(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        bare.settimeout(0.1)
        began = time.monotonic()
        bare.sendall(b"GET /health HTTP/1.1\r\n")
        received = b""
        with pytest.raises(ConnectionError):  # noqa: PT012  # it ends at one of the two, whichever comes first
            while True:
                bare.sendall(b"x: y\r\n")
                try:
                    received = bare.recv(4096)
                except TimeoutError:
                    continue
                raise ConnectionError(received)
        assert time.monotonic() - began < 3


def test_a_connection_that_says_nothing_is_closed(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        began = time.monotonic()
        assert read_to_end(bare) == b""
        assert time.monotonic() - began < 3


def test_a_second_request_drips_no_longer_than_a_first(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        bare.sendall(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n")
        assert bare.recv(65536).startswith(b"HTTP/1.1 200 ")
        bare.sendall(b"GET /health HTTP/1.1\r\nhost")
        assert b"408" in read_to_end(bare)


def test_an_endless_head_is_refused(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        bare.sendall(b"GET /health HTTP/1.1\r\nx: " + b"y" * 70_000)
        assert read_to_end(bare).startswith(b"HTTP/1.1 431 ")


def test_a_dripping_body_is_told_in_openai_s_shape(strict_gateway: LiveGateway) -> None:
    with strict_gateway.connect() as bare:
        bare.sendall(strict_gateway.head(CHAT, 1000) + b'{"model"')
        received = read_to_end(bare)
        assert received.startswith(b"HTTP/1.1 408 ")
        assert json.loads(received.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"


def test_requests_in_one_packet_are_answered_in_order(live_gateway: LiveGateway) -> None:
    one = b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n"
    last = b"GET /prefix HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
    with live_gateway.connect() as bare:
        bare.sendall(one + one + last)
        received = read_to_end(bare)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.index(b'"status"') < received.index(b'"prefixes"')


# --- All at once ------------------------------------------------------------------------------------------------------


def test_two_hundred_connections_at_once_are_all_answered(live_gateway: LiveGateway) -> None:
    def ask(number: int) -> tuple[int, str, int]:
        while True:
            answer = httpx.post(
                live_gateway.url + CHAT,
                content=chat_body(f"question {number}", "echo", stream=number % 2 == 0),
                headers={"authorization": f"Bearer {live_gateway.key}"},
                timeout=60,
                trust_env=False,
            )
            if answer.status_code != 429:  # the queue holds 64: the others are told to come back
                return answer.status_code, answer.text, number
            assert answer.headers["retry-after"]

    idle = [live_gateway.connect() for _ in range(100)]
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(ask, range(200)))
    for bare in idle:
        bare.sendall(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n")
        assert bare.recv(4096).startswith(b"HTTP/1.1 200 ")
        bare.close()
    for status, text, number in answers:
        assert status == 200
        assert str(number) in text
    until(lambda: live_gateway.live.commons.inference.scheduler.in_use("echo") == 0)


def test_a_full_queue_says_when_to_come_back(strict_gateway: LiveGateway) -> None:
    scheduler = strict_gateway.live.commons.inference.scheduler
    body = chat_body("mot " * 100, "slow", stream=True)
    with strict_gateway.connect() as served, strict_gateway.connect() as waiting:
        for bare, count in ((served, scheduler.in_use), (waiting, scheduler.waiting)):
            bare.sendall(strict_gateway.head(CHAT, len(body)) + body)
            until(lambda count=count: count("slow") == 1)  # type: ignore[misc]
        for stream in (True, False):
            answer = strict_gateway.chat("et moi", model="slow", stream=stream)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["error"]["type"] == "rate_limit_error"
            assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    until(lambda: scheduler.in_use("slow") == 0)


# --- Engines that die -------------------------------------------------------------------------------------------------


def test_an_engine_that_dies_in_a_stream_is_an_explicit_event(live_gateway: LiveGateway) -> None:
    answer = live_gateway.chat("un deux trois quatre cinq", model="dying", stream=True)
    assert answer.status_code == 200
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line.startswith("data: ")]
    assert "[DONE]" not in events
    last = json.loads(events[-1])
    assert last["error"]["code"] == "engine_failed"
    assert last["error"]["type"] == "server_error"
    assert last["affouage"]["outcome"] == "failed"
    receipt = live_gateway.receipt(last["affouage"]["receipt"])
    assert (receipt["outcome"], receipt["problem"]) == ("failed", "engine_failed")
    assert "un deux trois" in "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events[:-1])


def test_an_engine_that_dies_before_a_whole_answer_is_503(live_gateway: LiveGateway) -> None:
    answer = live_gateway.chat("un deux trois quatre cinq", model="dying")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["error"]["code"] == "engine_failed"
    assert live_gateway.receipt(answer.headers["x-affouage-receipt"])["outcome"] == "failed"


def test_too_long_a_prompt_in_a_stream_is_an_ordinary_400(live_gateway: LiveGateway) -> None:
    answer = live_gateway.chat("mot " * 3000, model="slow", stream=True)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert live_gateway.receipt(answer.headers["x-affouage-receipt"])["outcome"] == "refused"


def test_an_answer_stopped_elsewhere_is_not_taken_for_a_whole_one(live_gateway: LiveGateway) -> None:
    inference, run = live_gateway.live.commons.inference, live_gateway.live.run
    member = run(live_gateway.live.commons.accounts.find("Odile"))

    async def stop(receipt_id: str) -> bool:
        return inference.stop(receipt_id, member.id)

    body = {"model": "slow", "messages": [{"role": "user", "content": "mot " * 200}], "stream": True}
    with live_gateway.client.stream("POST", CHAT, json=body) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert run(stop(answer.headers["x-affouage-receipt"]))
        *_, last = [line for line in lines if line]
    told = json.loads(last.removeprefix("data: "))
    assert told["error"]["code"] == "answer_stopped"
    assert told["affouage"]["outcome"] == "cancelled"


# --- Long silences ----------------------------------------------------------------------------------------------------


def test_a_long_silence_is_filled_with_comments(live_gateway: LiveGateway) -> None:
    """A held-back tool call is the longest silence there is; the route is called as any ASGI server would."""
    commons, engine = live_gateway.live.commons, live_gateway.engines["slow"]
    call = '```json {"name": "f", "arguments": {' + ", ".join(f'"a{n}": {n}' for n in range(20)) + "}} ```"
    tools = [{"type": "function", "function": {"name": "f"}}]
    body = chat_body(call, engine.model_id, stream=True, tools=tools)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        member = await commons.accounts.find("Odile")
        incoming: asyncio.Queue[Any] = asyncio.Queue()
        incoming.put_nowait({"type": "http.request", "body": body, "more_body": False})
        scope = {"headers": [], "affouage.identity": Identity(member, "key", "k", ALL_SCOPES)}
        await Conversing(commons, read_chat, heartbeat_s=0.1)(scope, incoming.get, send)

    live_gateway.live.run(run())
    assert sent[0]["type"] == "http.response.start"
    bodies = [message["body"] for message in sent[1:]]
    assert any(one.startswith(b": ") for one in bodies)
    assert b'"tool_calls"' in bodies[-1]
    assert bodies[-1].endswith(b"data: [DONE]\n\n")
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(bodies) - 1) + [False]
