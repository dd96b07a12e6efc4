"""Everything that can answer: this machine's engines, and those of the nodes that are here now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec

from affouage.chat import ChatRequest
from affouage.errors import BadRequest, Unavailable, UnknownModel
from affouage.pool.engine import Engine
from affouage.pool.node import Node
from affouage.pool.station import FindStations, Metered, Station
from affouage.pool.ticket import Ticket

SEEN_MOST = 256


class Pool:
    """``local``: this machine, with its meter; :meth:`join` adds the others."""

    def __init__(self, local: Node, metering: Metered) -> None:
        self.local = local
        self._metering = metering
        self._remote: FindStations = lambda _model_id: []
        self._remote_engines: Callable[[], Iterable[Engine]] = tuple
        self._seen: OrderedDict[str, None] = OrderedDict()
        """Models that other machines had lately: away is not unknown."""

    def join(self, stations: FindStations, engines: Callable[[], Iterable[Engine]]) -> None:
        """Machines of others: the stations of a model, and one engine of each model they have."""
        self._remote, self._remote_engines = stations, engines

    def stations(self, model_id: str) -> list[Station]:
        """Who has this model now, those that are closed included; this machine first. None: nobody."""
        here = self.local.find(model_id)
        stations = [] if here is None else [self._here(here)]
        elsewhere = self._remote(model_id)
        if elsewhere:
            self._seen[model_id] = None
            self._seen.move_to_end(model_id)
            if len(self._seen) > SEEN_MOST:
                self._seen.popitem(last=False)
        return stations + elsewhere

    def _here(self, engine: Engine) -> Station:
        return Station(
            engine=engine,
            metering=self._metering,
            slots=engine.slots,
            own_slots=engine.slots,
            loaded=_ready(engine),
        )

    def known(self, model_id: str) -> list[Station]:
        """The same. Raises UnknownModel, naming what is there, when nobody has it; Unavailable while all are away."""
        stations = self.stations(model_id)
        if not stations and model_id in self._seen:
            raise Unavailable(
                "The machines that have this model are away.",
                remedy="Ask again in a minute, or choose another model.",
                code="no_machine",
                retry_after_s=30,
                model=model_id,
            )
        if not stations:
            there = ", ".join(sorted(one.model_id for one in self.engines())) or "none yet"
            raise UnknownModel(
                f"The model {model_id!r:.80} is not in this commons.",
                remedy=f"Models here: {there}. See `affouage models list`.",
                model=model_id[:80],
            )
        return stations

    # -- voices: they share the slots of their base, on this machine ----------------------------------------------

    def worker_id(self, model_id: str) -> str:
        """The model whose process works for it: its base's, for a voice."""
        voice = self.local.voice(model_id)
        return model_id if voice is None else voice.base.model_id

    def voiced(self, request: ChatRequest) -> ChatRequest:
        """With the scale of the voice it asks for. Raises BadRequest for a scale where there is no voice."""
        self.local.find(request.model)
        voice = self.local.voice(request.model)
        if voice is None and request.voice_scale is not None:
            raise BadRequest(
                f"{request.model:.80} is no voice: it has no scale.",
                remedy="Leave voice_scale out, or ask one of the voices that /v1/models lists.",
                param="affouage.voice_scale",
                code="not_a_voice",
            )
        if voice is None or request.voice_scale is not None:
            return request
        return msgspec.structs.replace(request, voice_scale=voice.scale)

    def in_line(self, ticket: Ticket) -> Ticket:
        """A voice waits in the queue of its base; its adapter lies on this machine alone."""
        worker_id = self.worker_id(ticket.model_id)
        return ticket if worker_id == ticket.model_id else msgspec.structs.replace(ticket, model_id=worker_id, reach=0)

    def speaking(self, station: Station, model_id: str) -> Station:
        """The station as the model asked for works on it: with its voice, if it is one."""
        voice = self.local.voice(model_id)
        return station if voice is None else msgspec.structs.replace(station, engine=voice, loaded=_ready(voice))

    # ----------------------------------------------------------------------------------------------------------------

    def engines(self) -> list[Engine]:
        """One engine of each model, this machine's own where it has it."""
        by_model = {one.model_id: one for one in self._remote_engines()}
        by_model |= {one.model_id: one for one in self.local.engines()}
        return list(by_model.values())


def _ready(engine: Engine) -> bool:
    return engine.state().status == "ready"
