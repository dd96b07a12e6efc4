"""What one machine works with, whichever program runs on it: its engines and its meter. Both roots are made of it."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine, VoiceFile
from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.adapters.meters.choose import open_meter
from affouage.adapters.trainers.local import LocalTrainer
from affouage.catalogue.card import Card, load_cards
from affouage.catalogue.fit import need_bytes
from affouage.catalogue.gguf import Header, Shapes, read_tensors
from affouage.catalogue.store import InstalledModel, ModelStore
from affouage.catalogue.voice import check_match
from affouage.clock import Clock
from affouage.errors import ModelFileRefused
from affouage.footprint.machine import Machine, read_machine
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
from affouage.pool.voice import VoiceEngine
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.home import text_of

_log = logging.getLogger("affouage.engines")


class EngineMaker:
    """Makes an engine for whatever can serve: installed files, rows of the settings, the embedder.

    ``voices``: adapters beside their bases too. A machine that is lent has none to offer: its commons would take them
    for models with slots of their own.
    """

    def __init__(self, settings: Settings, store: ModelStore, clock: Clock, room: Room, *, voices: bool = True) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._room = room
        self._voices = voices
        self._made: dict[str, LlamaCppEngine] = {}
        """A voice and whoever asks its base share one engine."""

    def all(self) -> list[Engine]:
        engines: list[Engine] = [OpenAICompatibleEngine(row) for row in self._settings.upstreams]
        cards = load_cards(self._settings.home)  # what no card describes is not served
        made = (self._engine(model, cards) for model in self._store.installed())
        engines += [one for one in made if one is not None]
        engines.append(UsemEmbedder(settings=self._settings.engine, clock=self._clock, make_room=self._room.make))
        return engines

    def find(self, model_id: str) -> Engine | None:
        """The engine of a model installed since the start."""
        model = self._store.find(model_id)
        return None if model is None else self._engine(model, load_cards(self._settings.home))

    def _engine(self, model: InstalledModel, cards: dict[str, Card]) -> Engine | None:
        """None for what has no card, and for a voice whose base is not here."""
        card = cards.get(model.id)
        if card is None:
            return None
        if card.base is None:
            return self._llama(model, card)
        base, base_card = self._store.find(card.base), cards.get(card.base)
        if not self._voices or base is None or base_card is None or base_card.base is not None:
            return None
        return VoiceEngine(
            model_id=model.id,
            base=self._llama(base, base_card),
            scale=card.voice_scale,
            file_name=model.path.name,
            sha256=model.sha256,
        )

    def _voices_of(self, base_id: str) -> list[VoiceFile]:
        """Those that are here now and match it: its file may be another one since they were added."""
        cards, base = load_cards(self._settings.home), self._store.find(base_id)
        found = [one for one in self._store.installed() if one.id in cards and cards[one.id].base == base_id]
        if not self._voices or base is None or not found:
            return []
        below = read_tensors(base.path)
        return [VoiceFile(one.id, one.path) for one in found if _matches(one, base, below)]

    def _llama(self, model: InstalledModel, card: Card) -> LlamaCppEngine:
        if model.id not in self._made:
            self._made[model.id] = self._new_llama(model, card)
        return self._made[model.id]

    def _new_llama(self, model: InstalledModel, card: Card) -> LlamaCppEngine:
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
            voices=lambda: self._voices_of(model.id),
        )


def _matches(voice: InstalledModel, base: InstalledModel, below: tuple[Header, Shapes]) -> bool:
    try:
        check_match(voice.path.name, *read_tensors(voice.path), base.id, *below)
    except ModelFileRefused as refused:
        _log.warning("the voice %s is left out: %s", voice.id, refused.message)
        return False
    return True


async def open_metering(
    settings: Settings,
    clock: Clock,
    ledger: Ledger,
    db: Database,
    node: Node,
    meter: Meter | None,
    machine: str,
    learning: LocalTrainer | None = None,
) -> Metering:
    """This machine's meter at work, from where the books left it. ``learning``: programs that are ours besides."""
    if meter is None:
        also = learning or LocalTrainer()
        meter = open_meter(
            settings,
            clock,
            own_cpu_us=ProcessorTime(node.engines, also.cpu_us),
            own_pids=lambda: {*node.pids(), *also.pids()},
        )
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


def described_machine(home: Path, today: str) -> Machine | None:
    """What ``machine.toml`` says this machine is made of; None when nobody wrote it. Raises SettingsError."""
    path = home / "machine.toml"
    return read_machine(text_of(path), path.name, today=today) if path.is_file() else None
