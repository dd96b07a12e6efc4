"""The models: what each is good and bad at, how open it is on each axis, and whether this machine can run it."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy
from affouage.catalogue.card import Card
from affouage.catalogue.fit import fit
from affouage.catalogue.machine import Memory, memory
from affouage.catalogue.openness import AXES, AXIS_WORDS, AxisName, level_word
from affouage.web import asking
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.pages import Axis, ModelCard, Models
from affouage.web.site import say


def open_door(door: Door) -> None:
    door.page("/models", catalogue, Policy.MEMBER)


async def catalogue(visit: Visit) -> Response:
    page = await asyncio.to_thread(_read, visit.commons, visit.language)
    return visit.site.page(visit.request.scope, page)


async def here(commons: Commons, language: Language) -> tuple[ModelCard, ...]:
    """The models served here that have a card."""
    return (await asyncio.to_thread(_read, commons, language)).here


def _read(commons: Commons, language: Language) -> Models:
    cards = commons.cards()
    installed = {one.id for one in commons.store.installed()}
    served = asking.served(commons)
    here_is = memory()
    shown = [
        _card(card, commons, language, card.id in installed, card.id in served, here_is)
        for card in cards.values()
        if card.grade != "fixture"
    ]
    here = tuple(sorted((one for one in shown if one.here), key=lambda one: (not one.is_default, one.name.casefold())))
    order = {"fits": 0, "tight": 1, "unknown": 2, "too_big": 3}
    others = tuple(
        sorted((one for one in shown if not one.here), key=lambda one: (order[one.verdict], one.name.casefold()))
    )
    return Models(here, others, tuple(sorted(served - cards.keys())))


def _card(
    card: Card, commons: Commons, language: Language, installed: bool, served: bool, machine: Memory
) -> ModelCard:
    engine = commons.settings.engine
    # A model already in memory must not be judged by what it leaves free.
    free = None if served else machine.available_bytes
    verdict = fit(card, machine.total_bytes, free, context_tokens=engine.context_tokens, slots=engine.slots)
    return ModelCard(
        id=card.id,
        name=card.name,
        publisher=card.publisher,
        grade=card.grade,
        licence=card.licence.name or card.licence.id,
        licence_url=card.licence.url if card.licence.url.startswith("https://") else "",
        good_at=tuple(say(one, language) for one in card.good_at),
        bad_at=tuple(say(one, language) for one in card.bad_at),
        languages=card.languages,
        axes=tuple(_axis(card, name, language) for name in AXES),
        verdict=verdict.verdict,
        fit=say(verdict.why, language),
        size_bytes=card.known_bytes,
        context_tokens=card.context_tokens,
        quantisation=card.quantisation,
        installed=installed,
        here=installed or served,
        is_default=card.id == commons.default_model,
    )


def _axis(card: Card, name: AxisName, language: Language) -> Axis:
    axis = card.openness.axis(name)
    return Axis(
        name=say(AXIS_WORDS[name], language),
        level=axis.level,
        level_word=say(level_word(name, axis.level), language),
        sentence=say(axis.sentence, language),
        source=axis.source,
    )
