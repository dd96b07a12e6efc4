"""The pages: server-rendered, French first, whole without scripts.

A request goes door -> room -> page (a frozen dataclass) -> template. Rooms decide nothing about who may enter: each
route declares its policy to ``asgi.guard``. See docs/how-to/add-a-page.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line takes its words and figures from here, without waiting for a server's libraries
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import Scope

    from affouage.asgi.commons import Commons
    from affouage.errors import AffouageError
    from affouage.web.door import Visit


def routes(commons: Commons) -> list[BaseRoute]:
    """Every page of ``commons``, each with its policy."""
    from affouage.assembly.access import Policy
    from affouage.web import (
        account,
        assembly,
        blind,
        chat,
        compare,
        coupe,
        desk,
        easy_read,
        explain,
        first_steps,
        how_it_works,
        inviting,
        machines,
        members,
        models,
        public,
        receipts,
        reports,
        reports_moderation,
        sign_in,
        sources,
        training,
        work,
    )
    from affouage.web.door import Door
    from affouage.web.site import Site

    door = Door(Site(commons), commons)
    rooms = (sign_in, chat, receipts, coupe, compare, models, machines, account, members, inviting, how_it_works)
    more = (sources, public, reports, reports_moderation, assembly, explain, easy_read, desk, work, blind, training)
    for room in (first_steps, *rooms, *more):
        room.open_door(door)
    door.page("/static/{name}", _file, Policy.PUBLIC, counted=False)
    return list(door.routes)


async def _file(visit: Visit) -> Response:
    from affouage.web import static

    return static.serve(visit.part("name"), visit.query("v"))


async def refuse(scope: Scope, error: AffouageError, commons: Commons | None = None) -> Response:
    """Any refusal as a page in the reader's language; for addresses that lead nowhere, and for faults."""
    from affouage.web.errors import refuse_on
    from affouage.web.site import Site

    return await refuse_on(Site(commons), scope, error)
