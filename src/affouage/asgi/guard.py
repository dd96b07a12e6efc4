"""Who may enter. Every route is made by :func:`guarded` and so declares its policy; a test enumerates them all.

The credential is found, checked and judged here and nowhere else, whatever header carried it. A request that rides on a
cookie and changes something must come from our own pages: its ``Origin`` (or ``Sec-Fetch-Site``) is checked.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from affouage.asgi.limits import Limits
from affouage.assembly.access import Credential, Identity, Policy, credentials_of, permit
from affouage.assembly.accounts import Accounts
from affouage.errors import AffouageError, NotAllowed, NotSignedIn

Endpoint = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[Scope, AffouageError], Awaitable[Response]]
"""Says no in the form of the door: OpenAI's JSON, or a page."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """An ASGI app before another: identifies, permits, then passes on with ``scope["affouage.identity"]`` set.

    A raw ASGI endpoint keeps the body unread; refusals close the connection's request politely all the same.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: Policy,
        accounts: Accounts,
        limits: Limits | None,
        refuse: Refuse,
        scope: str | None,
        own_pages: bool,
    ) -> None:
        self.policy = policy
        self.scope = scope
        self._app = app
        self._accounts = accounts
        self._limits = limits
        self._refuse = refuse
        self._own_pages = own_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            credential = credentials_of(scope["headers"])
            self._check_origin(scope, credential)
            identity = await self._identify(scope, credential)
            permit(identity, self.policy, self.scope)
            scope["affouage.identity"] = identity
            scope["affouage.csrf"] = csrf_token(credential)
            await self._app(scope, receive, send)
        except AffouageError as no:
            response = await self._refuse(scope, no)
            await response(scope, receive, send)

    def _check_origin(self, scope: Scope, credential: Credential | None) -> None:
        by_cookie = credential is not None and credential.kind == "session"
        if scope["method"] in SAFE_METHODS or not (by_cookie or self._own_pages):
            return
        if not comes_from_here(scope):
            raise NotAllowed(
                "This request came from another site.", remedy="Open the page here and try again.", code="cross_site"
            )

    async def _identify(self, scope: Scope, credential: Credential | None) -> Identity | None:
        """Raises NotSignedIn, TooMuch."""
        if credential is None:
            if self._limits is not None:
                self._limits.stranger(scope)
            return None
        try:
            identity = await self._accounts.identify(credential)
        except NotSignedIn:
            if self._limits is not None:
                self._limits.refused(scope)
            if self.policy is Policy.PUBLIC:
                return None  # a public page stays public when a session has ended
            raise
        if self._limits is not None:
            self._limits.member(identity.member.id)
        return identity


def guarded(
    path: str,
    endpoint: Endpoint | None = None,
    *,
    policy: Policy,
    accounts: Accounts,
    limits: Limits | None,
    refuse: Refuse,
    methods: tuple[str, ...] = ("GET",),
    scope: str | None = None,
    raw: ASGIApp | None = None,
    own_pages: bool = False,
    name: str | None = None,
) -> Route:
    """A route and who may take it. ``endpoint``: Starlette style; ``raw``: an ASGI app for hot routes.

    ``limits``: None for what may be asked as often as one likes. ``own_pages``: only our own pages may post here, even
    without a session (sign-in, invitations).
    """
    assert (endpoint is None) != (raw is None), "one endpoint, of one kind"
    app = raw if raw is not None else request_response(endpoint)  # type: ignore[arg-type]
    guard = Guard(app, policy=policy, accounts=accounts, limits=limits, refuse=refuse, scope=scope, own_pages=own_pages)
    return Route(path, guard, methods=list(methods), name=name or path)


def identity_of(scope: Scope) -> Identity:
    """Who asks, on a route that is not public."""
    identity: Identity = scope["affouage.identity"]
    return identity


def maybe_identity(scope: Scope) -> Identity | None:
    """Who asks, on a public route: None for a stranger."""
    identity: Identity | None = scope.get("affouage.identity")
    return identity


def csrf_token(credential: Credential | None) -> str:
    """The token forms carry: derived from the session's secret, so it needs no storage and ends with it."""
    if credential is None or credential.kind != "session":
        return ""
    return hashlib.sha256(b"affouage form " + credential.text.encode("utf-8", "surrogatepass")).hexdigest()


def check_csrf(scope: Scope, presented: str) -> None:
    """Raises NotAllowed when a form of a signed-in member does not carry its token."""
    expected: str = scope.get("affouage.csrf", "")
    if expected and not hmac.compare_digest(expected.encode(), presented.encode("utf-8", "surrogatepass")):
        raise NotAllowed(
            "This form is no longer valid.", remedy="Reload the page and send it again.", code="form_expired"
        )


def comes_from_here(scope: Scope) -> bool:
    """Does the browser say that one of our own pages sent this? No word at all (an old browser) counts as no."""
    headers = {name: value for name, value in scope["headers"] if name in (b"origin", b"host", b"sec-fetch-site")}
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin", b"")
    return origin.partition(b"://")[2] == headers.get(b"host") and bool(origin)
