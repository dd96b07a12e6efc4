"""How a room's pages become routes: one place makes them all, guarded, with their policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from starlette.types import Scope as AsgiScope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import guarded, maybe_identity
from affouage.assembly.access import Policy, Scope
from affouage.web.errors import refuse_on
from affouage.web.forms import Form, read_form
from affouage.web.language import Language
from affouage.web.site import Site


@dataclass(frozen=True)
class Visit:
    """One request to a page: the site, the commons, what was asked, in which language."""

    site: Site
    commons: Commons
    request: Request
    language: Language

    async def form(self) -> Form:
        return await read_form(self.request.scope, self.request.receive, self.commons.settings.server)

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "")


Room = Callable[[Visit], Awaitable[Response]]


async def _remind(commons: Commons, scope: AsgiScope) -> None:
    """Note how many open votes await the reader, for the frame of the page."""
    identity = maybe_identity(scope)
    if identity is not None:
        scope["affouage.to_vote"] = len(await commons.assembly.to_vote(identity.member))


class Door:
    """Collects the routes of one site."""

    def __init__(self, site: Site, commons: Commons) -> None:
        self.site = site
        self.commons = commons
        self.routes: list[Route] = []

    def page(
        self,
        path: str,
        room: Room,
        policy: Policy,
        *,
        scope: Scope | None = None,
        post: bool = False,
        own_pages: bool = False,
        counted: bool = True,
    ) -> None:
        """``room`` answers at ``path``, to posts or to reads; public posts come from our own pages only. Not
        ``counted``: what each page brings along is not asked for by itself."""

        async def endpoint(request: Request) -> Response:
            if not post:
                await _remind(self.commons, request.scope)
            return await room(Visit(self.site, self.commons, request, self.site.language(request.scope)))

        self._add(path, policy, scope, post=post, own_pages=own_pages, counted=counted, endpoint=endpoint)

    def raw(self, path: str, app: ASGIApp, policy: Policy, *, scope: Scope) -> None:
        """A post answered piece by piece."""
        self._add(path, policy, scope, post=True, own_pages=False, counted=True, raw=app)

    def _add(
        self,
        path: str,
        policy: Policy,
        scope: Scope | None,
        *,
        post: bool,
        own_pages: bool,
        counted: bool,
        endpoint: Callable[[Request], Awaitable[Response]] | None = None,
        raw: ASGIApp | None = None,
    ) -> None:
        route = guarded(
            path,
            endpoint,
            policy=policy,
            accounts=self.commons.accounts,
            limits=self.commons.limits if counted else None,
            refuse=partial(refuse_on, self.site),
            methods=("POST",) if post else ("GET",),
            scope=scope,
            raw=raw,
            own_pages=own_pages,
            name=f"{'post' if post else 'get'} {path}",
        )
        self.routes.append(route)
