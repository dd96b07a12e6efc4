"""The models: what each is good and bad at, how open it is on each axis, and whether this machine can run it."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy
from affouage.catalogue.card import Card
from affouage.catalogue.fit import fit
from affouage.catalogue.machine import Memory, memory
from affouage.catalogue.openness import AXES, AXIS_WORDS, AxisName, Openness, lacking, level_word
from affouage.web import asking
from affouage.web.door import Door, Visit
from affouage.web.how_it_works import rule_link
from affouage.web.language import Language
from affouage.web.pages import Axis, ModelCard, Models
from affouage.web.refusals import why_not
from affouage.web.rule_names import cited_words
from affouage.web.site import say


def open_door(door: Door) -> None:
    door.page("/models", catalogue, Policy.MEMBER)


async def catalogue(visit: Visit) -> Response:
    page = await asyncio.to_thread(shown, visit.commons, visit.language)
    return visit.site.page(visit.request.scope, page)


async def here(commons: Commons, language: Language) -> tuple[ModelCard, ...]:
    """The models served here that have a card."""
    return (await asyncio.to_thread(shown, commons, language)).here


def shown(commons: Commons, language: Language) -> Models:
    """Every model with a card, and those served without one. Reads the disk."""
    cards = commons.cards()
    digests = {one.id: one.sha256 for one in commons.store.installed()}
    served = asking.served(commons)
    here_is = memory()
    known = [
        _card(card, cards.get(card.base or ""), commons, language, digests.get(card.id), card.id in served, here_is)
        for card in cards.values()
        if card.grade != "fixture"
    ]
    ours = sorted((one for one in known if one.here), key=lambda one: (not one.is_default, one.name.casefold()))
    bare = {one: _why_not(commons, one, None, language) for one in sorted(served - cards.keys())}
    order = {"fits": 0, "tight": 1, "unknown": 2, "too_big": 3}
    others = tuple(
        sorted((one for one in known if not one.here), key=lambda one: (order[one.verdict], one.name.casefold()))
    )
    return Models(
        here=tuple(one for one in ours if not one.why_not),
        others=others,
        served=tuple(one for one, why in bare.items() if not why),
        shut=tuple(one for one in ours if one.why_not),
        shut_served=tuple((one, why) for one, why in bare.items() if why),
        rule=rule_link(commons, "models", language),
    )


def _why_not(commons: Commons, model_id: str, sha256: str | None, language: Language) -> str:
    """In words, with who decided it; "" for a model that the rule in force admits."""
    admission = commons.inference.admission
    judgement = admission.judge_here(model_id, sha256)
    if judgement.admitted or judgement.reason is None:
        return ""
    cited = admission.cited(judgement)
    lacks = lacking(admission.openness(judgement.base or model_id) or Openness(), judgement.short)
    words = ("; " if language.code == "en" else " ; ").join(say(one, language) for one in lacks)
    return why_not(
        judgement.reason, words, cited_words(cited, language), judgement.by_settings, language, judgement.base
    )


def _card(
    card: Card,
    base: Card | None,
    commons: Commons,
    language: Language,
    sha256: str | None,
    served: bool,
    machine: Memory,
) -> ModelCard:
    """``sha256``: of the installed file, None when it is not installed. ``base``: the card of what a voice changes."""
    engine = commons.settings.engine
    # A model already in memory must not be judged by what it leaves free.
    free = None if served else machine.available_bytes
    # A voice takes next to nothing beside its base.
    verdict = fit(base or card, machine.total_bytes, free, context_tokens=engine.context_tokens, slots=engine.slots)
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
        installed=sha256 is not None,
        here=sha256 is not None or served,
        is_default=card.id == commons.default_model,
        why_not=_why_not(commons, card.id, sha256 or card.sha256, language),
        voice_of="" if card.base is None else base.name if base else card.base,
        scale=card.voice_scale,
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
