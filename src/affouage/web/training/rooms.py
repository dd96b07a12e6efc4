"""*Entraînement*: the list of the runs, one of them with its curves, its receipt."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection
from starlette.responses import Response

from affouage.assembly.access import Policy, Scope
from affouage.errors import NotFound
from affouage.training.runs import store
from affouage.training.runs.states import Event
from affouage.training.runs.store import Run
from affouage.web.door import Door, Visit
from affouage.web.training import views


def open_door(door: Door) -> None:
    door.page("/training", runs, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/training/{name}", run, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/training/{name}/receipt.json", receipt, Policy.MEMBER, scope=Scope.ACCOUNT)


async def runs(visit: Visit) -> Response:
    place = visit.commons.training.workplace
    found = await place.db.read(store.all_runs)
    told = [(one, await asyncio.to_thread(place.story, one)) for one in found]
    rule = visit.commons.charter.in_force("training").value
    return visit.site.page(visit.request.scope, views.runs(told, rule, visit.language))


async def run(visit: Visit) -> Response:
    training, name = visit.commons.training, visit.part("name")

    def read(connection: Connection) -> tuple[Run, list[Event]]:
        found = store.find(connection, name)
        return found, store.events(connection, found.id)

    one, events = await training.workplace.db.read(read)
    story = await asyncio.to_thread(training.workplace.story, one)
    used, content = await training.exporting.used_so_far(one), await training.exporting.content(one)
    page = views.run(one, story, used, events, training.workplace, content, visit.language)
    return visit.site.page(visit.request.scope, page)


async def receipt(visit: Visit) -> Response:
    """The very text whose sha256 is in the public log. Raises NotFound before the run is over."""
    name = visit.part("name")
    one = await visit.commons.training.workplace.db.read(lambda connection: store.find(connection, name))
    if one.receipt is None:
        raise NotFound(
            "This run has no receipt yet.", remedy="It is written when the run is over.", code="run_unfinished"
        )
    return Response(one.receipt, media_type="application/json", headers={"cache-control": "private, no-store"})
