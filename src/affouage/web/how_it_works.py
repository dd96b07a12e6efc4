"""How this commons works: what is sent to the model, what is stored, what a receipt means. For anybody."""

from __future__ import annotations

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.web.asking import ANSWER_TOKENS
from affouage.web.door import Door, Visit
from affouage.web.pages import HowItWorks, PrefixText


def open_door(door: Door) -> None:
    door.page("/how-it-works", explain, Policy.PUBLIC)


async def explain(visit: Visit) -> Response:
    settings = visit.commons.settings
    page = HowItWorks(
        prefixes=tuple(
            PrefixText(one.language, one.version, one.sha256, one.text) for one in visit.commons.prefixes.values()
        ),
        keep_days=settings.commons.keep_days,
        country=settings.footprint.country,
        base_url=visit.site.base_url(visit.request.scope),
        model=visit.commons.default_model,
        answer_tokens=ANSWER_TOKENS,
        elsewhere=tuple((row.id, row.machine) for row in settings.upstreams),
        pool=visit.commons.dispatcher is not None,
    )
    return visit.site.page(visit.request.scope, page)
