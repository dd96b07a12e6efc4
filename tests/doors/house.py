"""A commons with people in it and every kind of credential, good and bad; the clock is moved by hand.

Nothing is counted a minute here: thousands of requests come from one address, and each is to be judged by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.routing import Route

from affouage import gateway, settings, web
from affouage.asgi.guard import Guard
from affouage.assembly.access import SESSION_COOKIE, Scope
from affouage.assembly.member import Member, Role
from affouage.assembly.sessions import DAY_MS, IDLE_MS
from affouage.testing import EchoEngine, LiveCommons, ManualClock, serving

PASSWORD = "quatre mots sans lien"
HERE = {"sec-fetch-site": "same-origin"}
UNLIMITED = {"AFFOUAGE_LIMITS_STRANGERS_PER_MINUTE": "0", "AFFOUAGE_LIMITS_REFUSED_PER_MINUTE": "0"}
EVERY_SCOPE = frozenset(scope.value for scope in Scope)


@dataclass(frozen=True)
class Token:
    """A credential as text: an API key, or the secret of a session."""

    text: str
    kind: str = "key"

    def by(self, channel: str) -> dict[str, str]:
        """The headers that carry it: ``authorization``, ``x-api-key``, ``api-key`` or ``cookie``."""
        if channel == "cookie":
            return {"cookie": f"{SESSION_COOKIE}={self.text}"}
        return {channel: f"Bearer {self.text}".strip() if channel == "authorization" else self.text}

    @property
    def own_channel(self) -> str:
        return "cookie" if self.kind == "session" else "authorization"


@dataclass
class House:
    live: LiveCommons
    clock: ManualClock
    engine: EchoEngine
    people: dict[str, Member] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)

    def enter(self, name: str, role: Role = Role.MEMBER) -> Member:
        """Somebody with a password, a session and a key of every scope: ``<name>``'s tokens are ``key/<name>`` and
        ``session/<name>``."""

        async def come_in() -> tuple[Member, str, str]:
            accounts = self.live.commons.accounts
            _, link = await accounts.add_member(name, role)
            who, session = await accounts.accept(link.secret, None, PASSWORD, "fr", "tests")
            _, key = await accounts.create_key(who, "tests", EVERY_SCOPE, None)
            return who, session.text, key

        who, session, key = self.live.run(come_in())
        self.people[name] = who
        self.tokens |= {f"session/{name}": Token(session, "session"), f"key/{name}": Token(key)}
        return who

    def key(self, name: str, *scopes: Scope, days: int | None = None) -> Token:
        made = self.live.commons.accounts.create_key(self.people[name], "tests", [one.value for one in scopes], days)
        return Token(self.live.run(made)[1])

    def session(self, name: str) -> Token:
        opened = self.live.commons.accounts.sign_in(name, PASSWORD, "tests", "10.0.0.1")
        return Token(self.live.run(opened)[1].text, "session")

    def client(self, token: Token | None = None, **more: object) -> httpx.Client:
        headers = HERE | (token.by(token.own_channel) if token else {})
        return httpx.Client(base_url=self.live.url, headers=headers, timeout=30, trust_env=False, **more)  # type: ignore[arg-type]

    def routes(self) -> list[tuple[str, str, Guard]]:
        """(method, path, guard) of all of them; HEAD is GET's."""
        found: list[Route] = [*gateway.routes(self.live.commons), *web.routes(self.live.commons)]  # type: ignore[list-item]
        pairs = [(method, route) for route in found for method in sorted(route.methods or ()) if method != "HEAD"]
        guards = [(method, route.path, route.app) for method, route in pairs]
        assert all(isinstance(guard, Guard) for _, _, guard in guards)
        return guards  # type: ignore[return-value]


def filled(path: str, *values: str) -> str:
    """A route's path with its holes filled, one value after the other; ``0`` where none is left."""
    left = list(values)
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}{left.pop(0) if left else '0'}{rest.partition('}')[2]}"
    return path


def bad_tokens(house: House) -> dict[str, Token]:
    """Credentials that open nothing. The clock goes on by more than an idle session lasts: make good ones after."""
    accounts, run = house.live.commons.accounts, house.live.run
    good = house.key("Karim", Scope.INFERENCE)
    expired, idle = house.key("Karim", Scope.ACCOUNT, Scope.INFERENCE, days=1), house.session("Karim")
    house.clock.advance(ms=max(IDLE_MS, DAY_MS) + 1)
    revoked, left = house.key("Karim", Scope.ACCOUNT), house.session("Karim")
    made = run(accounts.keys(house.people["Karim"]))
    run(accounts.revoke_key(house.people["Karim"], next(one.id for one in made if one.id in revoked.text)))
    for session in run(accounts.sessions(house.people["Karim"])):
        run(accounts.revoke_session(house.people["Karim"], session.id))
    house.enter("Partie", Role.OPERATOR)
    gone = [house.tokens["key/Partie"], house.tokens["session/Partie"]]
    run(accounts.deactivate(None, house.people["Partie"].id))
    head, _, secret = good.text.rpartition("_")
    other = "b" if secret[0] == "a" else "a"
    return {
        "unknown key": Token("aff_" + "a" * 12 + "_" + "b" * 52),
        "wrong secret": Token(f"{head}_{other}{secret[1:]}"),
        "cut short": Token(good.text[:-1]),
        "one too many": Token(good.text + "a"),
        "empty": Token(""),
        "injection": Token("aff_' OR '1'='1"),
        "expired key": expired,
        "revoked key": revoked,
        "idle session": idle,
        "ended session": left,
        "unknown session": Token("a" * 52, "session"),
        "key of a closed account": gone[0],
        "session of a closed account": gone[1],
        "invitation": Token(run(accounts.invite(Role.OPERATOR, None)).secret, "session"),
    }


@contextmanager
def open_house(home: Path, **environ: str) -> Iterator[House]:
    """Odile is an operator, Sylvie a steward, Karim and Lila plain members."""
    clock, engine = ManualClock(), EchoEngine("echo", slots=8)
    asked = settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", **UNLIMITED, **environ}, home=home)
    with serving(asked, engines=[engine], clock=clock) as live:
        house = House(live, clock, engine)
        for name, role in (
            ("Odile", Role.OPERATOR),
            ("Sylvie", Role.STEWARD),
            ("Karim", Role.MEMBER),
            ("Lila", Role.MEMBER),
        ):
            house.enter(name, role)
        yield house
