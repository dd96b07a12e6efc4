"""What every answer tells a browser, and what a request's own headers cannot make it say."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import affouage
from affouage.web.language import COOKIE
from affouage.web.site import environment, local_path
from tests.doors.house import HERE, PASSWORD, House, filled, open_house

ELSEWHERE = "elsewhere.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("headers") / "home") as opened:
        yield opened


def policy_of(answer: httpx.Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.incident("framed-page")
@pytest.mark.incident("script-in-page")
def test_every_answer_of_every_route_carries_the_policy(house: House) -> None:
    """Pages, JSON, files, refusals, faults: nothing inline, nothing from elsewhere, never in a frame of others."""
    with house.client(house.session("Odile")) as client:
        for method, path, _ in house.routes():
            answer = client.request(method, filled(path)) if method == "GET" else client.post(filled(path))
            policy = policy_of(answer)
            assert policy["default-src"] == "'none'", path
            assert policy["frame-ancestors"] == "'none'"
            assert policy["base-uri"] == "'none'"
            assert "unsafe" not in str(policy)
            assert "http" not in str(policy)
            assert answer.headers["x-content-type-options"] == "nosniff"
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert answer.headers["cache-control"] == "no-store", path
                assert "style=" not in answer.text
                assert " on" + "click" not in answer.text
        for nowhere in ("/no/such/page", "/v1/no/such", "/static/none.css", "/journal/none"):
            assert policy_of(client.get(nowhere))["default-src"] == "'none'"


TRUSTED = re.compile(r"(?:page|one)\.mark\|safe")


@pytest.mark.incident("script-in-page")
def test_no_template_trusts_a_text() -> None:
    """Everything is escaped where it is written. ``mark`` alone is not: our own letters, where a page is cut."""
    root = Path(affouage.__file__).parent / "web"
    for template in root.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert "autoescape" not in text, template.name
        assert len(TRUSTED.findall(text)) == len(re.findall(r"\|\s*safe\b", text)), template.name
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|javascript:", text), template.name
    assert environment("fr").autoescape is True
    writing = {one.name for one in root.rglob("*.py") if re.search(r"Markup\([^)]", one.read_text(encoding="utf-8"))}
    assert writing == {"markdown.py", "plot.py", "qr.py", "site.py", "answer_page.py", "teller.py", "writing.py"}


@pytest.mark.incident("forged-host")
def test_another_host_name_is_in_no_answer(house: House) -> None:
    """A forged Host leads nobody elsewhere. Without ``server.public_url`` two public pages and some of a member's own
    write the address they were asked at, which only its asker can forge; what is no host name is not even written."""
    name, port = house.live.url.removeprefix("http://").split(":")
    for method, path, _ in house.routes():
        if method != "GET":
            continue
        for host in (ELSEWHERE, f"{name}:{port}@{ELSEWHERE}", f"{name}/{ELSEWHERE}", f"a b{ELSEWHERE}"):
            connection = http.client.HTTPConnection(name, int(port), timeout=30)
            headers = {"Host": host, "X-Forwarded-Host": ELSEWHERE, "Forwarded": f"host={ELSEWHERE}"}
            connection.request("GET", filled(path), headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
            assert ELSEWHERE not in answer.headers.get("location", ""), path
            assert ELSEWHERE not in body or host == ELSEWHERE, path
            connection.close()


@pytest.mark.incident("forged-host")
def test_a_link_is_made_of_the_address_in_the_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An invitation made through a forged Host still leads to the commons: the one way in which a name is written."""
    home = tmp_path_factory.mktemp("public") / "home"
    with open_house(home, AFFOUAGE_SERVER_PUBLIC_URL="https://commun.example") as house:
        with house.client(house.tokens["key/Odile"], follow_redirects=False) as client:
            made = client.post("/members/invite", data={"role": "member"}, headers={"host": ELSEWHERE})
        assert "https://commun.example/join/" in made.text
        assert ELSEWHERE not in made.text


@pytest.mark.incident("open-redirect")
@given(
    st.text(max_size=60)
    | st.sampled_from(["//x", "/\\x", "/\t/x", "https:x", "/%0d%0aset-cookie:x", "///x", "/x\r\ny"])
)
def test_nobody_is_sent_elsewhere(after: str) -> None:
    """Whatever ``next`` holds, what is followed is a path of this server, on one line."""
    path = local_path(after)
    assert path == "" or (path.startswith("/") and not path.startswith(("//", "/\\")))
    parts = urlsplit(path)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert path.isprintable()
    assert not set(path) & set("\r\n\t\\ ")


@pytest.mark.incident("header-injection")
def test_no_value_becomes_a_header(house: House) -> None:
    """Line ends in a query, a path, a cookie or a form are data, or refused: never a header of the answer."""
    evil = "%0d%0aset-cookie:%20evil=1%0d%0a%0d%0a<script>"
    with house.client(house.session("Odile")) as client:
        for path in (f"/sign-in?next=/{evil}", f"/?lang=fr{evil}", f"/chat?model={evil}", f"/coupe.csv?period={evil}"):
            answer = client.get(path)
            assert "evil" not in str(answer.headers.get("set-cookie", "")), path
            assert answer.status_code < 500
        for path in (f"/receipts/{evil}", f"/v1/models/{evil}", f"/static/{evil}", f"/join/{evil}"):
            answer = client.get(path)
            assert "evil=1" not in str(answer.headers), path
            assert answer.status_code in (303, 400, 401, 403, 404), path
    with httpx.Client(base_url=house.live.url, headers=HERE, trust_env=False) as client:
        signed = client.post(
            "/sign-in", data={"name": "Lila", "password": PASSWORD, "next": "/chat\r\nset-cookie: evil=1"}
        )
        assert signed.headers["location"] == "/chat"
        assert "evil" not in signed.headers["set-cookie"]
        told = client.get("/?lang=en", headers={"cookie": f'{COOKIE}="fr; evil=1"'})
        assert "evil" not in str(told.headers)


@pytest.mark.incident("header-injection")
@pytest.mark.parametrize(
    "request_text",
    [
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        "GET /members HTTP/1.1\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 50\r\n\r\nx",
        "POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n continued\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\0A: b\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_requests_that_two_readers_could_read_in_two_ways_end_the_connection(house: House, request_text: str) -> None:
    """Request smuggling: of what is ambiguous at most one answer comes back, and nothing of the hidden request."""
    host, port = house.live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as bare:
        bare.sendall(request_text.encode("latin-1"))
        bare.shutdown(socket.SHUT_WR)
        answer = b""
        while block := bare.recv(65_536):
            answer += block
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.1 303"))
