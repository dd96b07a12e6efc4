"""Waiting for one's turn, over HTTP: what a stream, a page, ``/queue`` and the limits of a client say of it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from affouage import settings
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.conftest import until
from tests.integration.web_visitor import Visitor, form_to, receipt_id, words

CHAT = "/v1/chat/completions"


class House:
    """A commons with one slot, at noon (no cheap hours), and its members' clients."""

    def __init__(self, live: LiveCommons, slow: EchoEngine) -> None:
        self.live = live
        self.slow = slow
        self.scheduler = live.commons.inference.scheduler
        self._open: list[httpx.Client] = []

    def member(self, name: str) -> httpx.Client:
        key = self.live.api_key(name)
        self._open.append(
            httpx.Client(
                base_url=self.live.url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False
            )
        )
        return self._open[-1]

    def close(self) -> None:
        for one in self._open:
            one.close()

    def empty(self) -> None:
        until(lambda: self.scheduler.in_use("slow") + self.scheduler.waiting("slow") == 0)


class Asked(threading.Thread):
    """One request on its way; what came, line by line, and when it ended."""

    def __init__(self, client: httpx.Client, words: int = 5, headers: dict[str, str] | None = None, **more: object):
        super().__init__()
        self._client = client
        self._headers = headers or {}
        self._body = {"model": "slow", "stream": True, "messages": [_said(words)], **more}
        self._leave = threading.Event()
        self.lines: list[str] = []
        self.status = 0
        self.ended_s = 0.0
        self.start()

    def run(self) -> None:
        with self._client.stream("POST", CHAT, json=self._body, headers=self._headers) as answer:
            self.status = answer.status_code
            for line in answer.iter_lines():
                self.lines.append(line)
                if self._leave.is_set():
                    return
        self.ended_s = time.monotonic()

    def leave(self) -> None:
        self._leave.set()
        self.join()

    @property
    def comments(self) -> list[str]:
        return [line for line in self.lines if line.startswith(":")]


def _said(words: int) -> dict[str, str]:
    return {"role": "user", "content": " ".join(["mot"] * words)}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    hour = time.gmtime().tm_hour
    environ = {"AFFOUAGE_COMMONS_TIME_ZONE": f"Etc/GMT{hour - 12:+d}"}  # it is noon there, whatever the hour here
    slow = EchoEngine("slow", slots=1, word_ms=20)
    home = tmp_path_factory.mktemp("queue") / "home"
    with serving(settings.read(environ, home=home), engines=[slow]) as live:
        one = House(live, slow)
        try:
            yield one
        finally:
            one.close()


@contextlib.contextmanager
def busy(house: House, words: int = 400) -> Iterator[None]:
    """Somebody has the slot, for as long as the block lasts."""
    holder = Asked(house.member("Tenace"), words)
    until(lambda: house.slow.in_flight == 1)
    try:
        yield
    finally:
        holder.leave()
        house.empty()


def test_queue_tells_ones_own_places_and_how_many_wait_never_who(house: House) -> None:
    karim, zoe = house.member("Karim"), house.member("Zoé")
    with busy(house):
        waiting = Asked(karim)
        until(lambda: house.scheduler.waiting("slow") == 1)
        seen = karim.get("/queue").json()
        (mine,) = seen["mine"]
        assert mine["receipt"].startswith("rcp_")
        assert (mine["model"], mine["position"], mine["waiting"], mine["reason"]) == ("slow", 1, 1, "turn")
        assert mine["waited_ms"] >= 0
        assert seen["models"] == [{"model": "slow", "waiting": 1, "no_hurry": 0, "running": 1, "slots": 1}]
        others = zoe.get("/v1/queue")
        assert others.headers["cache-control"] == "no-store"
        assert others.json() == seen | {"mine": []}
        for secret in ("Karim", "Tenace", "rcp_", "mbr_"):
            assert secret not in others.text
    waiting.join()
    assert waiting.lines[-2:] == ["data: [DONE]", ""]
    assert httpx.get(f"{house.live.url}/queue", trust_env=False).status_code == 401


def test_a_stream_says_its_turn_at_once_and_each_time_it_changes(house: House) -> None:
    karim, zoe = house.member("Karim"), house.member("Zoé")
    for _ in range(3):
        assert karim.post(CHAT, json={"model": "slow", "messages": [_said(10)]}).status_code == 200
    with busy(house):
        first = Asked(karim)
        until(lambda: house.scheduler.waiting("slow") == 1)
        second = Asked(zoe)
        until(lambda: bool(second.comments))
        assert second.comments[0].startswith(": turn 2 of 2, about ")
        first.leave()
        until(lambda: second.comments[-1].startswith(": turn 1 of 1, about "))
        assert second.comments[-1].endswith(" s")
    second.join()
    assert second.lines[-2] == "data: [DONE]"


def test_who_asks_little_passes_before_who_asks_much(house: House) -> None:
    greedy, light = house.member("Gourmand"), house.member("Sobre")
    crowd = [Asked(greedy, 20) for _ in range(12)]
    until(lambda: house.scheduler.waiting("slow") == 11)
    until(lambda: house.slow.in_flight == 1)
    asked = Asked(light, 5)
    asked.join()
    still = house.scheduler.waiting("slow")
    assert still >= 8, "one or two of the crowd were answered meanwhile"
    until(lambda: any("; somebody who has used less" in line for one in crowd for line in one.comments))
    for one in crowd:
        one.join()
        assert one.lines[-2] == "data: [DONE]"


def test_what_does_not_press_lets_the_others_pass(house: House) -> None:
    karim, zoe, odile = house.member("Karim"), house.member("Zoé"), house.member("Odile")
    with busy(house, 40):
        patient = Asked(karim, 5, service_tier="flex")
        until(lambda: house.scheduler.waiting("slow") == 1)
        assert house.scheduler.snapshot()[0].no_hurry == 1
        pressing = [Asked(zoe, 10), Asked(odile, 10)]
        until(lambda: house.scheduler.waiting("slow") == 3)
    for one in (patient, *pressing):
        one.join()
        assert one.lines[-2] == "data: [DONE]"
    assert patient.ended_s > max(one.ended_s for one in pressing)
    assert patient.comments[0] == ": turn 1 of 1; it goes when nothing else is asked, or in cheap hours"


def test_a_client_in_a_hurry_is_refused_as_soon_as_that_is_known(house: House) -> None:
    karim = house.member("Karim")
    for _ in range(4):
        assert karim.post(CHAT, json={"model": "slow", "messages": [_said(100)]}).status_code == 200
    with busy(house):
        line = [Asked(karim, 5) for _ in range(10)]
        until(lambda: house.scheduler.waiting("slow") == 10)
        began_s = time.monotonic()
        for stream in (False, True):
            body = {"model": "slow", "stream": stream, "messages": [_said(5)]}
            refused = karim.post(CHAT, json=body, headers={"prefer": "wait=1, wait=90"})
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            error = refused.json()["error"]
            assert error["code"] == "wait_exceeded"
            assert "Accept a longer wait" in error["message"]
        assert time.monotonic() - began_s < 1.9, "at once, not after the second it accepts"
        assert house.scheduler.waiting("slow") == 10
        for one in line:
            one.leave()


def test_a_wait_that_lasts_longer_than_accepted_ends_in_words(house: House) -> None:
    karim, zoe = house.member("Karim"), house.member("Zoé")
    with busy(house):
        body = {"model": "slow", "messages": [_said(5)]}
        refused = zoe.post(CHAT, json=body, headers={"prefer": "wait=1"})
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "wait_exceeded"
        streamed = Asked(karim, 5, headers={"prefer": "wait=1"})
        streamed.join()
        assert "data: [DONE]" not in streamed.lines
        if streamed.status == 200:  # the wait had begun: it ends in an event of the stream
            last = [line for line in streamed.lines if line.startswith("data: ")][-1]
            assert json.loads(last.removeprefix("data: "))["error"]["code"] == "wait_exceeded"
        assert house.scheduler.waiting("slow") == 0


def test_a_tier_that_nobody_knows_is_named(house: House) -> None:
    karim = house.member("Karim")
    for tier, status in (("flex", 200), ("auto", 200), ("default", 200), ("priority", 200), ("turbo", 400), (3, 400)):
        body = {"model": "slow", "messages": [_said(1)], "service_tier": tier}
        answer = karim.post(CHAT, json=body)
        assert answer.status_code == status, answer.text
        if status == 400:
            assert answer.json()["error"]["param"] == "service_tier"


def test_too_many_requests_of_one_member_are_refused_with_what_to_do(house: House) -> None:
    greedy = house.member("Gourmand")
    with busy(house):
        crowd = [Asked(greedy, 5) for _ in range(32)]
        until(lambda: house.scheduler.waiting("slow") == 32)
        refused = greedy.post(CHAT, json={"model": "slow", "messages": [_said(1)]})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        error = refused.json()["error"]
        assert error["code"] == "too_many_waiting"
        assert "Wait for one of them" in error["message"]
        assert house.scheduler.waiting("slow") == 32
        for one in crowd:
            one.leave()


def test_the_page_has_a_box_for_what_does_not_press_and_says_why_it_waits(house: House) -> None:
    visitor = Visitor(house.live)
    visitor.join("Patiente")
    page = visitor.get("/chat").text
    assert 'name="no_hurry"' in page
    assert "no_hurry" not in dict(form_to(page, "/chat#").fields), "nobody ticked it"
    with busy(house, 60):
        answered = visitor.ask("mot mot", page, model="slow", no_hurry="1").text
    said = words(answered)
    assert "vous êtes 1er sur 1 dans la file. Rien ne presse" in said
    assert "no_hurry" not in dict(form_to(answered, "/chat#").fields), "each question by itself"
    assert "rien ne pressait" in words(visitor.get(f"/receipts/{receipt_id(answered)}").text)
