"""Forms, cookies and sessions: another site signs nobody in, acts for nobody, fixes nothing and outlives nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from affouage.assembly.sessions import ABSOLUTE_MS, DAY_MS, IDLE_MS
from tests.doors.house import HERE, PASSWORD, House, filled, open_house
from tests.integration.web_visitor import FORM

COOKIE = "affouage_session"
FOREIGN = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},  # another commons under the same domain
    {"origin": "https://elsewhere.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1.elsewhere.example"},
    {"origin": "http://127.0.0.1"},  # this machine, another port
    {"sec-fetch-site": "cross-site", "origin": "same"},
    {},
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("sessions") / "home") as opened:
        yield opened


def plain(house: House, **headers: str) -> httpx.Client:
    """A browser that says nothing of where a request comes from."""
    return httpx.Client(base_url=house.live.url, headers=headers, timeout=30, trust_env=False)


def sign_in(client: httpx.Client, name: str = "Karim", **fields: str) -> httpx.Response:
    """As a browser does: the form as the page gives it, with the token of whatever cookie there is."""
    hidden = re.findall(r'name="csrf" value="([^"]*)"', client.get("/sign-in").text)
    token = {"csrf": hidden[0]} if hidden else {}
    return client.post("/sign-in", data={"name": name, "password": PASSWORD, **token, **fields}, headers=HERE)


def csrf_of(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


# --- forms of other sites -------------------------------------------------------------------------------------------


@pytest.mark.incident("forged-request")
def test_no_post_from_another_site_does_anything(house: House) -> None:
    """Every route that takes posts, with a member's cookie and their true token, from wherever it should not come."""
    session = house.session("Odile")
    with plain(house, cookie=f"{COOKIE}={session.text}") as client:
        token = csrf_of(client.get("/account").text)
        for place, (method, path, _) in enumerate(house.routes()):
            if method != "POST" or path == "/nodes/join":  # machines sign what they send, and hold no cookie
                continue
            headers = FOREIGN[place % len(FOREIGN)]
            if headers.get("origin") == "same":
                headers = headers | {"origin": house.live.url}
            answer = client.post(filled(path), data={"csrf": token}, headers=headers)
            assert answer.status_code == 403, (path, headers)


@pytest.mark.incident("forged-request")
def test_no_form_is_taken_without_its_token(house: House) -> None:
    """From our own pages, but with another session's token, an old one, or none."""
    mine, theirs = house.session("Odile"), house.session("Karim")
    with house.client(theirs) as other:
        foreign = csrf_of(other.get("/account").text)
    raw = ("/chat", "/v1/", "/mcp", "/explain", "/easy-read/rewrite", "/blind", "/nodes/")
    with house.client(mine) as client:
        own = csrf_of(client.get("/account").text)
        for place, (method, path, _) in enumerate(house.routes()):
            if method == "POST" and not path.startswith(("/v1/", "/mcp", "/nodes/")):
                wrong = ("", foreign, own[:-1], own.upper(), own + "0")[place % 5]
                answer = client.post(filled(path), content=f"csrf={wrong}".encode(), headers=FORM)
                assert answer.status_code == 403 or not path.startswith(raw), (path, answer.status_code)
                assert answer.status_code in (403, 404), (path, answer.status_code)
        assert client.get("/account").status_code == 200, "and nothing of it ended the session"


@pytest.mark.incident("forged-request")
def test_a_form_is_not_taken_as_anything_else(house: House) -> None:
    """A form that another site can send without asking (text/plain) is none; JSON is none either."""
    with house.client(house.session("Odile")) as client:
        token = csrf_of(client.get("/account").text)
        for media_type in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
            answer = client.post("/account/name", content=f"csrf={token}&name=X", headers={"content-type": media_type})
            assert answer.status_code == 400


# --- sessions -------------------------------------------------------------------------------------------------------


@pytest.mark.incident("session-fixation")
def test_a_session_planted_before_signing_in_is_not_taken_over(house: House) -> None:
    planted = "b" * 52
    with plain(house) as victim:
        victim.cookies.set(COOKIE, planted)
        answer = sign_in(victim)
        fresh = re.findall(rf"{COOKIE}=([a-z0-9]+)", answer.headers["set-cookie"])[0]
        assert fresh != planted
    with plain(house, cookie=f"{COOKIE}={planted}") as thief:
        assert thief.get("/chat").status_code == 303


@pytest.mark.incident("session-fixation")
def test_each_sign_in_gives_another_session_and_ends_the_one_before(house: House) -> None:
    with plain(house) as browser:
        sign_in(browser)
        before = browser.cookies[COOKIE]
        sign_in(browser, csrf=csrf_of(browser.get("/account").text))
        assert browser.cookies[COOKIE] != before
    with plain(house, cookie=f"{COOKIE}={before}") as old:
        assert old.get("/chat").status_code == 303


@pytest.mark.incident("session-outlives")
def test_a_session_ends_when_idle_and_in_any_case(house: House) -> None:
    idle, used = house.session("Karim"), house.session("Lila")
    opened_ms = house.clock.now_ms()
    with house.client(idle) as first, house.client(used) as second:
        while house.clock.now_ms() - opened_ms < ABSOLUTE_MS - IDLE_MS:
            house.clock.advance(ms=IDLE_MS - DAY_MS)
            assert second.get("/queue").status_code == 200, "used now and then, it stays"
        assert first.get("/queue").status_code in (303, 401), "nobody used it for too long"
        house.clock.advance(ms=IDLE_MS - DAY_MS)
        assert second.get("/queue").status_code in (303, 401), "used or not, it ends"


@pytest.mark.incident("session-outlives")
def test_signing_out_everywhere_ends_all_but_this_one(house: House) -> None:
    here, elsewhere, lila = house.session("Karim"), house.session("Karim"), house.session("Lila")
    with house.client(here) as client, house.client(elsewhere) as other, house.client(lila) as hers:
        page = client.get("/account").text
        answer = client.post("/account/sessions/revoke-others", data={"csrf": csrf_of(page)})
        assert answer.headers["location"] == "/account?done=sessions-revoked#sessions"
        assert client.get("/account").status_code == hers.get("/account").status_code == 200
        assert other.get("/account").status_code == 303


@pytest.mark.incident("session-outlives")
def test_a_session_is_its_owners_to_end_and_nobody_elses(house: House) -> None:
    accounts = house.live.commons.accounts
    house.session("Lila")
    hers = house.live.run(accounts.sessions(house.people["Lila"]))
    keys = house.live.run(accounts.keys(house.people["Lila"]))
    with house.client(house.session("Odile")) as client:
        form = {"csrf": csrf_of(client.get("/account").text)}
        for session in hers:
            assert client.post(f"/account/sessions/{session.id}/revoke", data=form).status_code == 404
        for key in keys:
            assert client.post(f"/account/keys/{key.id}/revoke", data=form).status_code == 404
    assert house.live.run(accounts.sessions(house.people["Lila"])) == hers


@pytest.mark.incident("session-fixation")
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(house: House) -> None:
    with plain(house) as client:
        cookie = sign_in(client).headers["set-cookie"].lower()
        assert {"httponly", "path=/", "samesite=lax"} <= {one.strip() for one in cookie.split(";")}
        assert "domain" not in cookie
        left = client.post("/sign-out", data={"csrf": csrf_of(client.get("/account").text)}, headers=HERE)
        assert re.search(r'affouage_session="";.*max-age=0', left.headers["set-cookie"].lower())
