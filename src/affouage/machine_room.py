"""What one machine works with, whichever program runs on it: its engines and its meter. Both roots are made of it."""

from __future__ import annotations

import msgspec

from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.adapters.meters.choose import open_meter
from affouage.catalogue.card import Card, load_cards
from affouage.catalogue.fit import need_bytes
from affouage.catalogue.store import InstalledModel, ModelStore
from affouage.clock import Clock
from affouage.footprint.meter import Meter
from affouage.footprint.weights import TokenWeights
from affouage.ledger import calibrations
from affouage.ledger.ledger import Ledger
from affouage.pool.engine import Engine
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes.watts import WatchedMeter
from affouage.pool.processor_time import ProcessorTime
from affouage.pool.room import Room
from affouage.settings import Settings
from affouage.storage import Database


class EngineMaker:
    """Makes an engine for whatever can serve: installed files, rows of the settings, the embedder."""

    def __init__(self, settings: Settings, store: ModelStore, clock: Clock, room: Room) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._room = room

    def all(self) -> list[Engine]:
        engines: list[Engine] = [OpenAICompatibleEngine(row) for row in self._settings.upstreams]
        cards = load_cards(self._settings.home)  # what no card describes is not served
        engines += [self._llama(model, cards[model.id]) for model in self._store.installed() if model.id in cards]
        engines.append(UsemEmbedder(settings=self._settings.engine, clock=self._clock, make_room=self._room.make))
        return engines

    def find(self, model_id: str) -> Engine | None:
        """The engine of a model installed since the start."""
        model, card = self._store.find(model_id), load_cards(self._settings.home).get(model_id)
        return None if model is None or card is None else self._llama(model, card)

    def _llama(self, model: InstalledModel, card: Card) -> Engine:
        asked, header = self._settings.engine, model.header
        known = msgspec.structs.replace(  # the file's own facts, where the card has none
            card,
            size_bytes=model.size_bytes,
            context_tokens=card.context_tokens or header.context_tokens,
            kv_bytes_per_token=card.kv_bytes_per_token or header.kv_bytes_per_token,
        )
        return LlamaCppEngine(
            model_id=model.id,
            path=model.path,
            file_sha256=model.sha256,
            settings=asked,
            clock=self._clock,
            context_limit=header.context_tokens,
            need_bytes=need_bytes(known, context_tokens=asked.context_tokens, slots=asked.slots),
            make_room=self._room.make,
        )


async def open_metering(
    settings: Settings,
    clock: Clock,
    ledger: Ledger,
    db: Database,
    node: Node,
    meter: Meter | None,
    machine: str,
) -> Metering:
    """This machine's meter at work, from where the books left it."""
    if meter is None:
        meter = open_meter(settings, clock, own_cpu_us=ProcessorTime(node.engines), own_pids=node.pids)
    if not isinstance(meter, WatchedMeter):
        meter = WatchedMeter(meter, clock)  # the pages tell the watts drawn now
    meter_id = meter.info().id
    known = await db.read(lambda connection: calibrations.newest(connection, machine, meter_id))
    last = await ledger.last_block(machine)
    return Metering(
        meter,
        clock,
        machine_id=machine,
        weights=TokenWeights(known.by_model),
        idle_uw=known.idle_uw,
        resume=None if last is None or last.clean else last.last,
    )
