"""How each machine is at this moment, as the commons knows it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from affouage.asgi.commons import Commons
from affouage.chat import EMBEDDER
from affouage.pool.nodes.joining import is_loopback
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.watts import WatchedMeter
from affouage.pool.voice import VoiceEngine
from affouage.web.language import Language
from affouage.web.machine_rows import ModelNow, Now
from affouage.web.machine_words import CLOSED, Health
from affouage.web.reach import Reader


def known_now(commons: Commons) -> dict[str, tuple[Now, int | None]]:
    """By node id: how it is, and when it was last heard of (ms UTC). Empty without a pool."""
    if commons.dispatcher is None:
        return {}
    found = {}
    for view in commons.dispatcher.nodes():
        away = view.state == "absent"
        models = tuple(
            ModelNow(one.model_id, one.loaded, one.used, one.slots) for one in view.models if one.model_id != EMBEDDER
        )
        now = Now(
            health=_health(view.state, view.closed, view.seen_ms),
            models=models,
            watts=None if away else view.watts,
            policy=None if away else view.policy,
        )
        found[view.id] = now, view.seen_ms
    return found


def nothing_heard(record: NodeRecord) -> tuple[Now, int | None]:
    """Of a machine that the commons does not listen to: it has no pool now."""
    return Now("never" if record.seen_ms is None else "absent"), record.seen_ms


def _health(state: str, closed: str, seen_ms: int | None) -> Health:
    if state == "absent":
        return "never" if seen_ms is None else "absent"
    if state == "duplicate":
        return "duplicate"
    return "late" if state == "late" else CLOSED.get(closed, "busy")


def own_name(commons: Commons, language: Language) -> str:
    """Of the machine the commons runs on."""
    described = commons.machine.name if commons.machine is not None else ""
    return described or language.gettext("The machine of the commons")


def own_now(commons: Commons) -> Now:
    """The machine the commons runs on: its engines, and what its meter read last."""
    elsewhere = dict(other_servers(commons))
    models = tuple(
        ModelNow(
            id=engine.model_id,
            loaded=engine.state().status == "ready",
            used=commons.inference.scheduler.in_use(engine.model_id, node_id=""),
            slots=engine.slots,
            machine=elsewhere.get(engine.model_id, ""),
        )
        for engine in commons.node.engines()
        if engine.model_id != EMBEDDER and not isinstance(engine, VoiceEngine)  # its base's slots, counted once
    )
    meter = commons.metering.meter
    return Now("here", models, meter.watts() if isinstance(meter, WatchedMeter) else None)


def other_servers(commons: Commons) -> Iterable[tuple[str, str]]:
    """(model, machine) of servers declared in the settings, on other machines, which the commons' own one asks."""
    for row in commons.settings.upstreams:
        host = urlsplit(row.url).hostname or ""
        if row.machine or not is_loopback(host):
            yield row.id, row.machine or host


def readers(commons: Commons, language: Language) -> tuple[Reader, ...]:
    """The machines that could read a question now: this one, and those that are here with a model to answer it."""
    own = () if commons.several else (Reader(own_name(commons, language), 0),)
    if commons.dispatcher is None:
        return own
    records = commons.enrolment.records()
    here = [view for view in commons.dispatcher.nodes() if view.state in ("here", "late") and view.id in records]
    able = [view for view in here if any(one.model_id != EMBEDDER for one in view.models)]
    return (*own, *(Reader(view.name, records[view.id].trust) for view in able))
