"""The door for machines against those it is not for: forged, replayed, malformed, guessed, misdirected."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import aiohttp
import msgspec
import pytest

from affouage.adapters import joining
from affouage.errors import AffouageError, NotSignedIn, TooMuch, Unavailable
from affouage.pool.nodes import nkey
from affouage.pool.nodes.grants import SIGNED_MS, Grants
from affouage.pool.nodes.joining import (
    JOIN_PATH,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    JoinRequest,
    node_id_of,
)
from affouage.settings import read
from affouage.testing import ManualClock
from tests.integration.accounts_home import DAY_MS
from tests.integration.enrolment_house import House, code_of, on_house, raw, signed


@pytest.mark.incident("unbounded-use")
def test_guessing_is_slowed_down_by_address(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        codes = []
        for _ in range(55):
            guess = JoinRequest(
                secret="".join(secrets.choice("abcd") for _ in range(52)),
                name="x",
                public_key=nkey.new_key("user").public,
                box_key="0" * 64,
                machine_id="vm",
            )
            with pytest.raises(AffouageError) as no:
                await place.enrolment.redeem(guess, "10.0.0.9")
            codes.append(no.value.code)
        assert codes[0] == "node_invitation_not_found"
        assert codes[-1] == "too_many_joins"
        assert isinstance(no.value, TooMuch)
        assert no.value.retry_after_s > 0
        assert (await place.joined("atelier")).state == "asked", "from another address nobody is slowed down"

    on_house(tmp_path, work)


def test_signatures_are_remembered_as_long_as_they_count_and_no_longer(tmp_path: Path) -> None:
    clock, key = ManualClock(), nkey.new_key("user")
    grants = Grants(read({"AFFOUAGE_POOL_URL": "nats://127.0.0.1:1"}, home=tmp_path), clock)

    def sign() -> dict[str, str]:
        headers = signed(key, "GET", JOIN_PATH, clock.now_ms())
        grants.check(key.public, headers, "GET", JOIN_PATH)
        return headers

    first = sign()
    clock.advance(ms=SIGNED_MS)
    with pytest.raises(NotSignedIn):
        grants.check(key.public, first, "GET", JOIN_PATH)
    clock.advance(ms=SIGNED_MS)
    sign()
    assert len(grants._seen) == 1, "each is looked at once and dropped: a crowd of them costs the same as one"


def test_only_the_machine_itself_is_answered_and_each_signature_once(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        asked = await place.joined()
        await place.enrolment.approve(None, asked.node_id)
        own, stranger = nkey.from_seed(asked.seed), nkey.new_key("user")
        path, now_ms = f"{JOIN_PATH}/{asked.node_id}", place.clock.now_ms()
        good = signed(own, "GET", path, now_ms)
        assert (await raw(place, "GET", path, b"", good))[0] == 200
        wrong = [
            good,  # played again
            {},
            signed(stranger, "GET", path, now_ms),
            signed(own, "POST", path, now_ms),
            signed(own, "GET", path + "x", now_ms),
            {**signed(own, "GET", path, now_ms), TIME_HEADER: str(now_ms + 1)},
            {**signed(own, "GET", path, now_ms), NONCE_HEADER: "0" * 32},
            {**signed(own, "GET", path, now_ms), SIGNATURE_HEADER: "0" * 128},
            {**signed(own, "GET", path, now_ms), TIME_HEADER: "9" * 400},
        ]
        for headers in wrong:
            status, told = await raw(place, "GET", path, b"", headers)
            assert (status, told["error"]["code"]) == (401, "node_signature")
        status, told = await raw(place, "GET", path, b"", signed(own, "GET", path, now_ms - DAY_MS))
        assert (status, told["error"]["code"]) == (401, "node_clock")
        assert told["error"]["affouage"]["now_ms"] == now_ms
        unknown = f"{JOIN_PATH}/{node_id_of(stranger.public)}"
        for path in (unknown, f"{JOIN_PATH}/{'x' * 500}"):
            assert (await raw(place, "GET", path, b"", {}))[0] == 404

    on_house(tmp_path, work)


@pytest.mark.incident("empty-token")
def test_what_is_posted_is_judged_before_it_counts(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        secret, key, now_ms = await place.invited(), nkey.new_key("user"), place.clock.now_ms()
        right = {"secret": secret, "name": "x", "public_key": key.public, "box_key": "0f" * 32, "machine_id": "vm"}

        async def posted(body: bytes, signer: nkey.Key = key) -> tuple[int, str]:
            status, told = await raw(place, "POST", JOIN_PATH, body, signed(signer, "POST", JOIN_PATH, now_ms, body))
            assert secret not in json.dumps(told), "an error never says the secret again"
            return status, told["error"]["code"]

        encode = msgspec.json.encode
        assert await posted(b"") == (400, "node_request")
        assert await posted(b"\xff" * 100) == (400, "node_request")
        assert await posted(encode(right | {"url": "http://169.254.169.254"})) == (400, "node_request")
        assert await posted(encode(right | {"public_key": "U" + "A" * 55})) == (400, "node_keys")
        assert await posted(encode(right | {"box_key": "0" * 64})) == (400, "node_keys"), "a point of low order"
        assert await posted(encode(right), nkey.new_key("user")) == (401, "node_signature")
        assert await posted(encode(right) + b" " * 5000) == (413, "request_too_large")
        assert await posted(encode(right | {"secret": "b" * 52})) == (404, "node_invitation_not_found")
        body = encode(right)
        status, told = await raw(place, "POST", JOIN_PATH, body, signed(key, "POST", JOIN_PATH, now_ms, body))
        assert (status, told["state"]) == (202, "pending")

    on_house(tmp_path, work)


def test_a_commons_without_a_pool_says_what_to_do(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        with pytest.raises(AffouageError) as no:
            await place.joined()
        assert no.value.code == "no_pool"
        assert "affouage up --pool" in str(no.value)
        async with aiohttp.ClientSession() as http, http.get(place.url + JOIN_PATH) as answer:
            assert answer.status == 503

    on_house(tmp_path, work, pool_url="")


def test_who_opens_the_invitation_in_a_browser_is_told_what_it_is(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        async with aiohttp.ClientSession() as http, http.get(place.url + JOIN_PATH) as answer:
            text = await answer.text()
        assert answer.status == 200
        assert "invitation pour une machine" in text
        assert "affouage node join" in text

    on_house(tmp_path, work)


def test_what_is_no_commons_is_told_so(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        lost = joining.new_machine("http://127.0.0.1:9", "x", "vm")
        assert await code_of(joining.renewed(lost, place.clock)) == "node_unreachable"
        plain = joining.new_machine("http://bois.example", "x", "vm")
        assert await code_of(joining.renewed(plain, place.clock)) == "node_address"
        with pytest.raises(Unavailable) as no:
            joining.granted(lost, msgspec.convert(_ANOTHER, joining.JoinAnswer))
        assert no.value.code == "node_no_commons"
        for status, told in ((200, b"<html>"), (500, b"{}"), (404, b'{"error": 1}'), (302, b""), (200, b"[]")):
            with pytest.raises(Unavailable):
                joining._understood(status, told, place.url)
        with pytest.raises(AffouageError) as no_:
            joining._understood(400, b'{"error": {"code": "X\\u001b", "message": "a\\u001b[31m\\u202eb"}}', place.url)
        assert (no_.value.code, no_.value.message) == ("error", "a[31mb"), "nothing plays with the terminal"

    on_house(tmp_path, work)


_ANOTHER = {"state": "approved", "node_id": "n_aaaaaaaaaaaa", "name": "x", "machine_id": "vm"}
