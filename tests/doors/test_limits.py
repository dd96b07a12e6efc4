"""Nobody guesses, floods or fills: by account, by address, by route; told with 429 and the seconds to wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from affouage.asgi.limits import KNOWN_MOST, MINUTE_US, Limits, Rate
from affouage.assembly.access import Scope
from affouage.assembly.attempts import network_of
from affouage.assembly.member import Role
from affouage.errors import SettingsError, TooMuch
from affouage.settings import LimitsSettings, read
from affouage.testing import ManualClock
from affouage.workshops.desk.rules import DeskRules
from tests.doors.house import HERE, PASSWORD, House, Token, open_house

pytestmark = pytest.mark.incident("unbounded-use")


# --- the count -------------------------------------------------------------------------------------------------------


def test_so_many_at_once_then_evenly() -> None:
    clock = ManualClock()
    rate = Rate(60, clock)
    assert [rate.take("a") for _ in range(60)] == [0] * 60
    assert rate.take("a") == 1
    assert rate.take("b") == 0, "each is counted alone"
    clock.advance(ms=999)
    assert rate.take("a") == 1, "a refusal costs nothing, and nothing is given before its time"
    clock.advance(ms=1)
    assert (rate.take("a"), rate.take("a")) == (0, 1)
    clock.advance(ms=600_000)
    assert [rate.take("a") for _ in range(61)] == [0] * 60 + [1], "never more than a minute's worth is saved up"


def test_none_is_no_limit_and_remembers_nobody() -> None:
    rate = Rate(0, ManualClock())
    assert not any(rate.take(str(number)) for number in range(1000))
    assert rate._even_us == {}


def test_a_flood_from_everywhere_fills_no_memory() -> None:
    clock = ManualClock()
    rate = Rate(10, clock)
    for number in range(3 * KNOWN_MOST):
        rate.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(rate._even_us) <= KNOWN_MOST
    clock.advance(ms=MINUTE_US // 1000)
    for number in range(KNOWN_MOST):
        rate.take(f"new {number}")
    assert len(rate._even_us) <= KNOWN_MOST


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_subscriber_is_one_whatever_the_address(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) == same


def test_an_unknown_address_is_counted_too() -> None:
    limits = Limits(LimitsSettings(strangers_per_minute=1), ManualClock())
    limits.stranger({"client": None})
    with pytest.raises(TooMuch):
        limits.stranger({})


# --- at the door -----------------------------------------------------------------------------------------------------

FEW = {
    "AFFOUAGE_LIMITS_STRANGERS_PER_MINUTE": "5",
    "AFFOUAGE_LIMITS_REFUSED_PER_MINUTE": "3",
    "AFFOUAGE_LIMITS_MEMBER_PER_MINUTE": "8",
    "AFFOUAGE_LIMITS_PENDING_INVITATIONS": "2",
    "AFFOUAGE_LIMITS_SIGN_IN_FAILURES": "2",
    "AFFOUAGE_SERVER_TRUSTED_PROXIES": "127.0.0.9",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path / "home", **FEW) as opened:
        yield opened


def from_address(house: House, address: str, headers: dict[str, str] | None = None) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=house.live.url, transport=transport, headers=HERE | (headers or {}), timeout=30)


def told_to_wait(answer: httpx.Response) -> bool:
    return answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1


def test_a_stranger_is_slowed_down_and_nobody_else(house: House) -> None:
    """Pages, the API and addresses that lead nowhere are one count; health checks and style sheets none."""
    with from_address(house, "127.0.0.2") as flood, from_address(house, "127.0.0.3") as other:
        for path in ("/", "/commons", "/v1/models", "/no/such/page", "/sign-in"):
            assert flood.get(path).status_code != 429
        page, api, nowhere = flood.get("/"), flood.get("/v1/models"), flood.get("/no/such/page")
        assert all(told_to_wait(one) for one in (page, api, nowhere))
        assert "Cela fait trop de demandes en peu de temps." in page.text.replace("\xa0", " ")
        assert api.json()["error"]["code"] == "too_often"
        assert api.json()["error"]["type"] == "rate_limit_error"
        assert told_to_wait(flood.post("/sign-in", data={"name": "Odile", "password": "x"}))
        assert flood.get("/healthz").status_code == flood.get("/readyz").status_code == 200
        assert flood.get("/static/affouage.css").status_code == 200
        assert other.get("/").status_code == 200
        good = house.tokens["key/Karim"].by("authorization")
        assert flood.get("/v1/models", headers=good).status_code == 200, "a member next door is let in"
        house.clock.advance(ms=60_000)
        assert flood.get("/").status_code == 200


def test_wrong_keys_are_slowed_down_and_the_right_one_never(house: House) -> None:
    wrong = Token("aff_" + "a" * 12 + "_" + "b" * 52)
    with from_address(house, "127.0.0.2") as client:
        tries = [client.get("/v1/models", headers=wrong.by(one)) for one in ("authorization", "x-api-key", "api-key")]
        assert [one.status_code for one in tries] == [401] * 3
        assert told_to_wait(client.get("/v1/models", headers=wrong.by("cookie")))
        assert told_to_wait(client.get("/", headers=wrong.by("authorization"))), "on public pages as well"
        assert client.get("/v1/models", headers=house.tokens["key/Karim"].by("x-api-key")).status_code == 200


def test_a_member_has_one_count_for_all_keys_and_pages(house: House) -> None:
    keys = [house.tokens["key/Karim"], house.key("Karim", Scope.INFERENCE)]
    session = house.tokens["session/Karim"]
    with house.client() as client:
        for number in range(8):
            token = (*keys, session)[number % 3]
            assert client.get("/queue", headers=token.by(token.own_channel)).status_code == 200
        for token in (*keys, session):
            assert told_to_wait(client.get("/queue", headers=token.by(token.own_channel)))
        lila = house.tokens["key/Lila"]
        assert client.get("/queue", headers=lila.by("authorization")).status_code == 200


@pytest.mark.incident("forged-address")
def test_only_the_proxy_named_in_the_settings_says_who_asks(house: House) -> None:
    """X-Forwarded-For of anybody else is a claim: neither a way out of a limit nor a way to have another shut out."""
    with from_address(house, "127.0.0.2") as liar, from_address(house, "127.0.0.9") as proxy:
        for number in range(5):
            liar.get("/", headers={"x-forwarded-for": f"9.9.9.{number}"})
        assert liar.get("/", headers={"x-forwarded-for": "9.9.9.99"}).status_code == 429
        for _ in range(5):
            assert proxy.get("/", headers={"x-forwarded-for": "8.8.8.8"}).status_code == 200
        assert proxy.get("/", headers={"x-forwarded-for": "8.8.8.8"}).status_code == 429
        assert proxy.get("/", headers={"x-forwarded-for": "7.7.7.7"}).status_code == 200
        forged = {"x-forwarded-for": "6.6.6.6, 8.8.8.8"}
        assert proxy.get("/", headers=forged).status_code == 429, (
            "what a client sent before the proxy's word is nothing"
        )


def test_failed_sign_ins_are_bounded_by_the_settings(house: House) -> None:
    with from_address(house, "127.0.0.2") as client:
        said = {"name": "Karim", "password": "pas le bon mot de passe"}
        codes = [client.post("/sign-in", data=said).status_code for _ in range(3)]
        assert codes == [401, 401, 429]
        assert told_to_wait(client.post("/sign-in", data={"name": "Karim", "password": PASSWORD}))


def test_whatever_is_bounded_says_when_to_come_back(house: House) -> None:
    """The desk's public page, reports, one's own password: the same answer everywhere, on a page of its own."""
    rules = DeskRules(public_open=True, public_most=1, blind_percent=0)
    house.live.run(house.live.commons.charter.enact("desk", rules, "tests", "to see"))
    with from_address(house, "127.0.0.2") as client:
        question = {"question": "Comment renouveler mon passeport ?"}
        assert client.post("/questions", data=question).status_code == 200
        assert told_to_wait(client.post("/questions", data=question))
    with house.client(house.tokens["session/Karim"]) as karim:
        token = re.findall(r'name="csrf" value="([^"]+)"', karim.get("/account").text)[0]
        new = {"csrf": token, "old": "ce n’est pas le bon", "new": "cinq autres mots bien choisis"}
        answers = [karim.post("/account/password", data=new) for _ in range(3)]
        assert [one.status_code for one in answers] == [401, 401, 429]
        assert told_to_wait(answers[-1])


def test_invitations_that_wait_are_bounded(house: House) -> None:
    odile = house.people["Odile"]
    accounts, run = house.live.commons.accounts, house.live.run
    links = [run(accounts.invite(Role.MEMBER, odile)) for _ in range(2)]
    with house.client(house.tokens["key/Odile"]) as client:
        refused = client.post("/members/invite", data={"role": "member"})
        assert refused.status_code == 409
        run(accounts.revoke_invitation(odile, links[0].id))
        assert client.post("/members/invite", data={"role": "member"}).status_code == 200
    run(accounts.invite(Role.MEMBER, None))  # the command line of the machine


def test_tokens_of_a_day_are_bounded(tmp_path: Path) -> None:
    """The settings take away what the rules leave, and the public page says so."""
    with open_house(tmp_path / "home", AFFOUAGE_SAFETY_MEMBER_TOKENS_PER_DAY="60") as house:
        body = {"model": "echo", "messages": [{"role": "user", "content": "un deux trois " * 20}]}
        with house.client(house.tokens["key/Karim"]) as karim, house.client(house.tokens["key/Lila"]) as lila:
            assert karim.post("/v1/chat/completions", json=body).status_code == 200
            refused = karim.post("/v1/chat/completions", json={**body, "stream": True})
            assert told_to_wait(refused)
            assert refused.json()["error"]["code"] == "tokens_spent"
            assert int(refused.headers["retry-after"]) <= 86_400
            assert lila.post("/v1/chat/completions", json=body).status_code == 200
            house.clock.advance(ms=86_400_000)
            assert karim.post("/v1/chat/completions", json=body).status_code == 200
        with house.client() as stranger:
            assert "60 mots-jetons" in stranger.get("/commons").text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("proxies", ["*", "proxy.lan", "10.0.0.0/33"])
def test_a_proxy_is_named_by_its_address(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(SettingsError, match="trusted_proxies"):
        read({"AFFOUAGE_SERVER_TRUSTED_PROXIES": proxies}, home=tmp_path)
