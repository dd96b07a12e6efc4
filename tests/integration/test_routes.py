"""Every route declares who may take it, and holds to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from affouage import gateway, settings, web
from affouage.asgi.guard import Guard
from affouage.assembly.access import Policy
from affouage.testing import EchoEngine, LiveCommons, serving

PUBLIC = {
    *("/", "/sign-in", "/join/{secret}", "/how-it-works", "/sources", "/commons", "/prefix", "/health"),
    *("/healthz", "/readyz"),  # for whatever starts it again, or sends people elsewhere: names nothing
    "/openapi.json",  # how to speak to this server: the same for everybody
    "/static/{name}",
    "/evaluations",  # how good the explanations are: aggregates of a list of questions, nobody's own
    *("/questions", "/questions/answer"),  # of the desk, where a vote opens it; a code opens one's own answer
    "/report",  # somebody without an account reports what a member made public
    *("/journal/checkpoint", "/journal/checkpoint/cosigned", "/journal/key", "/journal/entries"),
    *("/assembly/log", "/assembly/log/log.jsonl", "/assembly/log/offline_verifier.py"),
    *("/journal/proof/inclusion", "/journal/proof/consistency"),
    *("/nodes/join", "/nodes/join/{node_id}"),  # signed by the machine's own key
}
"""What a stranger may see. A new public route is added here on purpose, or this test fails."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("routes") / "home"
    with serving(settings.read({}, home=home), engines=[EchoEngine()]) as running:
        yield running


def routes(live: LiveCommons) -> list[Route]:
    return [*gateway.routes(live.commons), *web.routes(live.commons)]


@pytest.mark.incident("unauthenticated-route")
def test_every_route_has_a_guard_and_only_the_known_ones_are_public(live: LiveCommons) -> None:
    public = set()
    for route in routes(live):
        assert isinstance(route.app, Guard), route.path
        if route.app.policy is Policy.PUBLIC:
            public.add(route.path)
    assert public == PUBLIC


def test_a_stranger_is_refused_everywhere_else(live: LiveCommons) -> None:
    with httpx.Client(base_url=live.url, follow_redirects=False) as stranger:
        for route in routes(live):
            if route.app.policy is Policy.PUBLIC:
                continue
            for method in route.methods or ():
                answer = stranger.request(method, concrete(route))
                to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
                assert answer.status_code in (401, 403) or to_sign_in, (method, route.path, answer.status_code)


def test_a_plain_member_is_refused_what_needs_a_mandate(live: LiveCommons) -> None:
    key = live.api_key("Simple")
    with httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {key}"}) as member:
        for route in routes(live):
            if route.app.policy not in (Policy.STEWARD, Policy.OPERATOR):
                continue
            for method in route.methods or ():
                assert member.request(method, concrete(route)).status_code == 403, (method, route.path)


def concrete(route: Route) -> str:
    path = route.path
    for name in route.param_convertors:
        path = path.replace("{" + name + "}", "0")
    return path
