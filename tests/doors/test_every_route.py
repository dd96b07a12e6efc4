"""Every route, tried with every credential that should open nothing, and with good ones that are not enough."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from affouage.assembly.access import Policy, Scope
from tests.doors.house import EVERY_SCOPE, House, Token, bad_tokens, filled, open_house

CHANNELS = ("authorization", "x-api-key", "api-key", "cookie")
REFUSED = {401, 403}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("doors") / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def bad(house: House) -> dict[str, Token]:
    return bad_tokens(house)


def is_refused(answer: httpx.Response) -> bool:
    """401, 403, or sent to sign in, and from there back to a path of this server."""
    if answer.status_code == 303:
        return answer.headers["location"].startswith("/sign-in?next=%2F")
    return answer.status_code in REFUSED


@pytest.mark.incident("unauthenticated-route")
@pytest.mark.incident("credential-channel")
@pytest.mark.incident("empty-token")
def test_no_bad_credential_opens_anything_by_any_channel(house: House, bad: dict[str, Token]) -> None:
    """LiteLLM's routes without a check, Open WebUI's ``x-api-key`` (GHSA-57q6-fvp4-pqmm), LocalAI's empty token."""
    routes = [one for one in house.routes() if one[2].policy is not Policy.PUBLIC]
    tries: list[tuple[str, dict[str, str]]] = [("nothing", {})]
    tries += [(f"{name} by {channel}", token.by(channel)) for name, token in bad.items() for channel in CHANNELS]
    seen: Counter[int] = Counter()
    with house.client() as client:
        for place, (method, path, _) in enumerate(routes):
            # Each route meets nothing at all and an eighth of the rest: eight routes together, each of them.
            for name, headers in tries[:1] + tries[1 + place % 8 :: 8]:
                answer = client.request(method, filled(path), headers=headers)
                seen[answer.status_code] += 1
                assert is_refused(answer), (method, path, name, answer.status_code)
    assert seen.total() > 7 * len(routes)


@pytest.mark.incident("unauthenticated-route")
def test_a_public_page_with_a_bad_credential_is_a_strangers(house: House, bad: dict[str, Token]) -> None:
    """It neither breaks (500) nor takes the bearer for somebody."""
    tokens = list(bad.values())
    with house.client() as client:
        for place, (method, path, guard) in enumerate(house.routes()):
            if guard.policy is Policy.PUBLIC and method == "GET":
                token = tokens[place % len(tokens)]
                answer = client.get(filled(path), headers=token.by(token.own_channel))
                assert answer.status_code < 500 or answer.json()["error"]["code"] == "no_pool", (path, token.kind)
                assert "/sign-out" not in answer.text, (path, token.kind)


@pytest.mark.incident("credential-channel")
def test_a_good_key_opens_the_same_by_each_channel(house: House) -> None:
    """One authorisation for all channels: what a key may not do by one it may not by another."""
    narrow = house.key("Karim", Scope.RECEIPTS)
    with house.client() as client:
        for method, path, guard in house.routes():
            if guard.policy is not Policy.PUBLIC and method == "GET":
                tried = [client.get(filled(path), headers=narrow.by(channel)) for channel in CHANNELS[:3]]
                assert len({one.status_code for one in tried}) == 1, path
        for kind, channel in (("session", "authorization"), ("key", "cookie")):
            answer = client.get("/v1/models", headers=house.tokens[f"{kind}/Karim"].by(channel))
            assert answer.status_code == 401, "a session is no key, and a key no session"


@pytest.mark.incident("role-and-scope")
def test_what_a_credential_was_not_given_for_is_refused(house: House) -> None:
    """A key of one scope opens no route of another, whoever holds it; none administers without ``account``."""
    tokens = {scope: house.key("Odile", scope) for scope in Scope}
    with house.client() as client:
        for place, (method, path, guard) in enumerate(house.routes()):
            wanted = guard.scope or (Scope.ACCOUNT if guard.policy in (Policy.STEWARD, Policy.OPERATOR) else None)
            if guard.policy is Policy.PUBLIC or wanted is None:
                continue
            others = [scope for scope in Scope if scope != wanted]
            scope = others[place % len(others)]
            answer = client.request(method, filled(path), headers=tokens[scope].by("x-api-key"))
            assert answer.status_code == 403, (method, path, scope, answer.status_code)


@pytest.mark.incident("role-and-scope")
def test_a_member_is_refused_what_needs_a_mandate_whatever_the_credential(house: House) -> None:
    """As a member where a steward, as a steward where an operator is needed: by key and by session."""
    below = {Policy.STEWARD: ["Karim"], Policy.OPERATOR: ["Karim", "Sylvie"]}
    for name in ("Karim", "Sylvie"):
        house.tokens[f"session/{name}"] = house.session(name)  # the first ones ended with the clock
    for method, path, guard in house.routes():
        for name in below.get(guard.policy, ()):
            for kind in ("key", "session"):
                with house.client(house.tokens[f"{kind}/{name}"]) as client:
                    assert client.request(method, filled(path)).status_code == 403, (method, path, name, kind)


@pytest.mark.incident("role-and-scope")
def test_a_role_that_ends_ends_what_it_opened_at_once(house: House) -> None:
    """CVE-2026-12772 and its like: nothing outlives a logout or a change of role."""
    from affouage.assembly.member import Role

    who = house.enter("Passante", Role.STEWARD)
    key, session = house.tokens["key/Passante"], house.session("Passante")
    with house.client(key) as by_key, house.client(session) as by_session:
        assert by_key.get("/members").status_code == by_session.get("/members").status_code == 200
        house.live.run(house.live.commons.accounts.set_role(None, who.id, Role.MEMBER))
        assert by_key.get("/members").status_code == 403
        assert by_session.get("/members").status_code == 303, "sessions end with the role"
        assert set(EVERY_SCOPE) == {scope.value for scope in Scope}


ODD_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MERGE")


@pytest.mark.incident("unauthenticated-route")
def test_methods_that_no_route_takes_do_nothing(house: House) -> None:
    with house.client(house.tokens["key/Odile"]) as client:
        for place, (_, path, _) in enumerate(house.routes()):
            method = ODD_METHODS[place % len(ODD_METHODS)]
            assert client.request(method, filled(path)).status_code in (404, 405), (method, path)


@pytest.mark.incident("unauthenticated-route")
def test_a_path_written_otherwise_is_not_a_way_round(house: House) -> None:
    """Doubled, dotted and encoded slashes, other cases: nobody passes where the plain path stops them."""
    ways = ("//members", "/members/", "/./members", "/static/../members", "/static/%2e%2e/members", "/MEMBERS")
    ways += (
        "/members%2f",
        "/%6dembers",
        "/members;x",
        "/v1/../members",
        "/healthz/../metrics",
        "/metrics/",
        "/own-metrics",
    )
    host, port = house.live.url.removeprefix("http://").split(":")
    for path in (*ways, "http://elsewhere.example/members", f"{house.live.url}/members", "*"):
        connection = http.client.HTTPConnection(host, int(port), timeout=30)  # sends a path as it is written
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status in (303, 307, 400, 401, 403, 404), (path, answer.status)
        assert b"Odile" not in answer.read()
        assert "elsewhere" not in answer.headers.get("location", "")
        connection.close()
