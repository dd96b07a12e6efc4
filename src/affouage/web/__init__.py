"""The pages: server-rendered, French first, whole without scripts.

A request goes door -> room -> page (a frozen dataclass) -> template. Rooms decide nothing about who may enter: each
route declares its policy to ``asgi.guard``. See docs/how-to/add-a-page.md.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy
from affouage.errors import AffouageError
from affouage.web import account, chat, how_it_works, members, models, receipts, sign_in, static
from affouage.web.door import Door, Visit
from affouage.web.errors import refuse_on
from affouage.web.site import Site


def routes(commons: Commons) -> list[BaseRoute]:
    """Every page of ``commons``, each with its policy."""
    door = Door(Site(commons), commons)
    for room in (sign_in, chat, receipts, models, account, members, how_it_works):
        room.open_door(door)
    door.page("/static/{name}", _file, Policy.PUBLIC)
    return list(door.routes)


async def _file(visit: Visit) -> Response:
    return static.serve(visit.part("name"), visit.query("v"))


async def refuse(scope: Scope, error: AffouageError, commons: Commons | None = None) -> Response:
    """Any refusal as a page in the reader's language; for addresses that lead nowhere, and for faults."""
    return await refuse_on(Site(commons), scope, error)
