"""Raw bytes at the real server: requests changed here and there, cut, doubled, smuggled one inside the other."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from random import Random

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.fuzz.changes import changed
from tests.fuzz.seeds import requests

_AT_ONCE = 10
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("raw") / "home"
    short = {"AFFOUAGE_SERVER_READ_TIMEOUT_MS": "300", "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}
    with serving(read(short, home=home), engines=[EchoEngine()]) as running:
        yield running


def statuses(live: LiveCommons, sent: bytes, patience_s: float) -> list[int]:
    """Of the answers to these bytes, until the server closes or says nothing for so long; [] when it only closed."""
    told = httpx.URL(live.url)
    with socket.create_connection((told.host, told.port), timeout=patience_s) as bare:
        got = b""
        try:
            bare.sendall(sent)
            while block := bare.recv(65_536):
                got += block
        except (ConnectionError, TimeoutError):
            pass
    assert not got or _STATUS.match(got), got[:200]
    return [int(one) for one in _STATUS.findall(got)]


def test_the_seeds_are_answered(live: LiveCommons) -> None:
    found = [statuses(live, one, 20) for one in requests(live.api_key())]
    assert all(found)
    assert {200} <= {status for one in found for status in one} <= {200, 303, 400, 401, 403, 404, 503}


def test_whatever_is_sent_no_answer_is_a_fault_and_the_next_is_answered(live: LiveCommons) -> None:
    seeds = requests(live.api_key())

    @rules(max_examples=12, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(number=st.integers(0, 2**32))
    def feed(number: int) -> None:
        chance = Random(number)
        for _ in range(_AT_ONCE):
            sent = changed(chance.choice(seeds), chance) if chance.random() < 0.9 else chance.randbytes(200)
            for status in statuses(live, sent, 0.3):
                assert status < 500 or status in (501, 503, 505), sent

    feed()
    assert httpx.get(f"{live.url}/healthz").status_code == 200
    assert httpx.get(f"{live.url}/").status_code in (200, 303)
