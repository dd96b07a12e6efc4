"""Model files to nodes: offered by the commons, asked for piece by piece by the node, kept once whole and verified.

:class:`FileSource` stands at the commons, :class:`FileFetch` on the node. The node asks, at most ``WINDOW`` pieces
ahead: a slow one is never flooded, and a cut loses nothing that was written. Answers go first: while any is being
given, the commons sends a piece and pauses.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from affouage.catalogue.card import Card
from affouage.catalogue.gguf import read_header
from affouage.catalogue.part import PartFile, in_thread
from affouage.catalogue.progress import Meter, OnProgress
from affouage.catalogue.store import InstalledModel, ModelStore, check_room, disk_error
from affouage.clock import Clock
from affouage.errors import AffouageError, ModelFileRefused, NotAllowed, PullFailed, UnknownModel
from affouage.pool.nodes.bus import BusDown
from affouage.pool.nodes.file_window import PIECE_BYTES, WINDOW, Window
from affouage.pool.nodes.gifts import Gift, Gifts
from affouage.pool.nodes.wire import FileOffer, FilePiece, FileState, FileWanted

_log = logging.getLogger("affouage.files")

BUSY_PAUSE_S = 0.05
"""After each piece while answers are being given: about 5 MB/s for all nodes together."""
LOOK_S = 2.0
OFFER_AGAIN_S = 30.0
"""A node that started again is offered again what it has not got yet."""
TELL_EVERY_US = 2_000_000
OFFERS_MOST = 16
MOST_TIMES = 4
"""A node that asks for more than so many times a whole file is not fetching it: nothing more is sent."""
KEEP_FREE_BYTES = 2 << 30
"""What others bring leaves so much of an owner's disk free."""
_ODD = re.compile(r"[^A-Za-z0-9._-]")

Send = Callable[[str, FileOffer | FilePiece], None]
"""To a node, sealed. May raise BusDown."""


class FileSource:
    """At the commons. ``here``: ids of the nodes connected now. ``answering``: whether any answer is being given.

    Its owner runs :meth:`serve`; the messages of nodes come to :meth:`on_wanted` and :meth:`on_state`.
    """

    def __init__(
        self,
        store: ModelStore,
        gifts: Gifts,
        send: Send,
        clock: Clock,
        *,
        here: Callable[[], Collection[str]],
        answering: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._gifts = gifts
        self._send = send
        self._clock = clock
        self._here = here
        self._answering = answering
        self._given: dict[tuple[str, str], _Sending] = {}
        self._told: dict[tuple[str, str], FileState] = {}
        self._asked: OrderedDict[str, deque[FileWanted]] = OrderedDict()
        self._wake = asyncio.Event()

    async def serve(self) -> None:
        """Offer and send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._offer_all())
            tasks.create_task(self._send_all())

    def on_wanted(self, node_id: str, wanted: FileWanted) -> None:
        """A piece is asked for. Of a model not given to this node, or too many at once: no answer."""
        if (node_id, wanted.model_id) not in self._given:
            _log.warning("node %s asked for a model that it was not given", node_id)
            return
        asked = self._asked.setdefault(node_id, deque())
        if wanted not in asked and len(asked) < WINDOW:
            asked.append(wanted)
            self._wake.set()

    def on_state(self, node_id: str, state: FileState) -> None:
        """How it goes there; written down at the next look."""
        if (node_id, state.model_id) in self._given:
            self._told[node_id, state.model_id] = state

    async def _offer_all(self) -> None:
        while True:
            try:
                await self._look()
            except AffouageError as unreadable:
                _log.warning("models given to nodes cannot be looked up: %s", unreadable.code)
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        told, self._told = self._told, {}
        for (node_id, model_id), state in told.items():
            await self._gifts.note(node_id, model_id, state.state, state.done_bytes, state.problem)
        pending = await self._gifts.pending()
        wanted = {(one.node_id, one.model_id) for one in pending}
        for key in self._given.keys() - wanted:
            del self._given[key]
        here = self._here()
        for one in pending:
            if one.node_id in here and self._is_due(one):
                await self._offer(one)

    def _is_due(self, gift: Gift) -> bool:
        sending = self._given.get((gift.node_id, gift.model_id))
        return sending is None or self._clock.monotonic_us() - sending.offered_us >= OFFER_AGAIN_S * 1e6

    async def _offer(self, gift: Gift) -> None:
        model = await in_thread(self._store.find, gift.model_id)
        if model is None:
            await self._gifts.note(gift.node_id, gift.model_id, "refused", 0, UnknownModel.code)
            return
        key = (gift.node_id, gift.model_id)
        sending = self._given.get(key)
        if sending is None or sending.model != model:
            sending = self._given[key] = _Sending(model)
        sending.offered_us = self._clock.monotonic_us()
        self._try(gift.node_id, _offer_of(model))

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            node_id, asked = self._asked.popitem(last=False)
            wanted = asked.popleft()
            if asked:
                self._asked[node_id] = asked  # to the end: each node in its turn
            elif not self._asked:
                self._wake.clear()
            sending = self._given.get((node_id, wanted.model_id))
            if sending is not None and sending.left_bytes > 0:
                await self._send_piece(node_id, sending, wanted)
                await asyncio.sleep(BUSY_PAUSE_S if self._answering() else 0)

    async def _send_piece(self, node_id: str, sending: _Sending, wanted: FileWanted) -> None:
        data = await in_thread(_read_piece, sending.model.path, wanted.offset)
        if data:
            sending.left_bytes -= len(data)
            self._try(node_id, FilePiece(model_id=wanted.model_id, offset=wanted.offset, data=data))

    def _try(self, node_id: str, message: FileOffer | FilePiece) -> None:
        try:
            self._send(node_id, message)
        except BusDown:
            _log.info("node %s cannot be reached; it will ask again", node_id)


class _Sending:
    """One model on its way to one node."""

    def __init__(self, model: InstalledModel) -> None:
        self.model = model
        self.offered_us = 0
        self.left_bytes = MOST_TIMES * model.size_bytes


def _offer_of(model: InstalledModel) -> FileOffer:
    name = _ODD.sub("-", model.path.stem)[:100].lstrip("._-") or "model"
    return FileOffer(model_id=model.id, file_name=f"{name}.gguf", size_bytes=model.size_bytes, sha256=model.sha256)


def _read_piece(path: Path, offset: int) -> bytes:
    """The piece that begins there; nothing beyond the end, or of a file that is gone."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)
    except OSError:
        return b""


class FileFetch:
    """On the node. Its owner runs :meth:`serve`; the commons' messages come to :meth:`on_offer` and :meth:`on_piece`.

    ``cards``: this node's own catalogue, read at each offer: a model that it does not hold is refused, as is a file
    with another digest than its card's. ``lends``: does the owner lend this model? ``on_installed``: told its id.
    ``again_s``: how long a piece may take before it is asked for again; ``patience_s``: how long nothing may come
    before the fetch ends, to be taken up at the next offer. What has arrived is kept, also when the program stops.
    """

    def __init__(
        self,
        store: ModelStore,
        cards: Callable[[], Mapping[str, Card]],
        send: Callable[[FileWanted | FileState], None],
        clock: Clock,
        *,
        lends: Callable[[str], bool] = lambda _model_id: True,
        on_progress: OnProgress = lambda _progress: None,
        on_installed: Callable[[str], None] = lambda _model_id: None,
        keep_free_bytes: int = KEEP_FREE_BYTES,
        again_s: float = 3.0,
        patience_s: float = 60.0,
    ) -> None:
        self._store = store
        self._cards = cards
        self._send = send
        self._clock = clock
        self._lends = lends
        self._on_progress = on_progress
        self._on_installed = on_installed
        self._keep_free_bytes = keep_free_bytes
        self._again_s = again_s
        self._patience_s = patience_s
        self._offers: OrderedDict[str, FileOffer] = OrderedDict()
        self._offered = asyncio.Event()
        self._window: Window | None = None

    def on_offer(self, offer: FileOffer) -> None:
        """Taken up in its turn; one that is known is only told again how it stands."""
        now = self._window
        if now is not None and now.offer == offer:
            self._tell(FileState(model_id=offer.model_id, state="coming", done_bytes=now.written_bytes))
        elif offer.model_id in self._offers or len(self._offers) < OFFERS_MOST:
            self._offers[offer.model_id] = offer
            self._offered.set()

    def on_piece(self, piece: FilePiece) -> None:
        """A piece nobody asked for, or of another size than it should have, is dropped."""
        if self._window is not None and self._window.offer.model_id == piece.model_id:
            self._window.put(piece.offset, piece.data, self._clock.monotonic_us())

    def cancel(self, model_id: str) -> None:
        """The owner of the machine wants it no more; what arrived stays, for another time."""
        self._offers.pop(model_id, None)
        if self._window is not None and self._window.offer.model_id == model_id:
            self._window.stop()

    async def serve(self) -> None:
        """Fetch what is offered, one model after the other, until cancelled."""
        while True:
            await self._offered.wait()
            if not self._offers:
                self._offered.clear()
                continue
            _, offer = self._offers.popitem(last=False)
            await self._answer(offer)

    async def _answer(self, offer: FileOffer) -> None:
        try:
            model = await self._fetch(offer)
        except _Silence:
            _log.info("%s stopped coming; what arrived is kept", offer.model_id)
        except AffouageError as refused:
            _log.warning("%s was not taken: %s", offer.model_id, refused.code)
            self._tell(FileState(model_id=offer.model_id, state="refused", problem=refused.code))
        except OSError as wrong:
            problem = disk_error(wrong, self._store.folder(offer.model_id)).code
            _log.warning("%s was not taken: %s", offer.model_id, problem)
            self._tell(FileState(model_id=offer.model_id, state="refused", problem=problem))
        else:
            self._on_installed(model.id)
            self._tell(FileState(model_id=model.id, state="kept", done_bytes=model.size_bytes))
        finally:
            self._window = None

    async def _fetch(self, offer: FileOffer) -> InstalledModel:
        card = self._accepted(offer)
        meter = Meter(self._on_progress, self._clock)
        there = await in_thread(self._store.find, card.id)
        if there is not None and there.sha256 == offer.sha256:
            return there
        self._window = window = Window(offer)
        with self._store.locked(card.id):
            part = PartFile(self._store.folder(card.id) / (card.file or offer.file_name))
            await in_thread(part.resume, offer.sha256, _quiet)
            if part.size_bytes > offer.size_bytes:
                await in_thread(part.restart)
            missing_bytes = offer.size_bytes - part.size_bytes
            await in_thread(check_room, part.path.parent, missing_bytes + self._keep_free_bytes)
            await in_thread(part.mark, offer.sha256, None)
            meter.begin("downloading", source="commons", done_bytes=part.size_bytes, total_bytes=offer.size_bytes)
            window.begin(part.size_bytes)
            await self._receive(window, part, meter)
            meter.begin("checking", source="commons", done_bytes=part.size_bytes, total_bytes=part.size_bytes)
            model = await in_thread(_install, self._store, card.id, part, offer.sha256)
        meter.begin("installed", source="commons", done_bytes=model.size_bytes, total_bytes=model.size_bytes)
        return model

    def _accepted(self, offer: FileOffer) -> Card:
        card = self._cards().get(offer.model_id)
        if card is None:
            raise UnknownModel(f"The catalogue of this machine has no model {offer.model_id}.")
        if not self._lends(card.id):
            raise NotAllowed(f"The owner of this machine does not lend {card.id}.", code="not_lent")
        if card.sha256 not in (None, offer.sha256) or card.size_bytes not in (None, offer.size_bytes):
            raise ModelFileRefused(f"What is offered is not the file of {card.id} that this machine knows.")
        return card

    async def _receive(self, window: Window, part: PartFile, meter: Meter) -> None:
        heard_us = told_us = self._clock.monotonic_us()
        while part.size_bytes < window.offer.size_bytes:
            for offset in window.to_ask(self._clock.monotonic_us()):
                self._tell(FileWanted(model_id=window.offer.model_id, offset=offset))
            try:
                async with asyncio.timeout(self._again_s):
                    await window.arrived.wait()
            except TimeoutError:
                window.ask_again()
            for data in window.ready():
                await in_thread(part.append, data)
                heard_us = self._clock.monotonic_us()
            meter.at(part.size_bytes)
            now_us = self._clock.monotonic_us()
            if window.stopped:
                raise PullFailed("The owner of this machine stopped it; what arrived is kept.", code="owner_stopped")
            if now_us - heard_us >= self._patience_s * 1e6:
                raise _Silence("Nothing comes any more; what arrived is kept.")
            if now_us - told_us >= TELL_EVERY_US:
                told_us = now_us
                state = FileState(model_id=window.offer.model_id, state="coming", done_bytes=part.size_bytes)
                self._tell(state)

    def _tell(self, message: FileWanted | FileState) -> None:
        try:
            self._send(message)
        except BusDown:
            _log.debug("the commons cannot be reached; asked again later")


class _Silence(PullFailed):
    """Nothing came for long; the next offer takes it up."""


def _install(store: ModelStore, card_id: str, part: PartFile, sha256: str) -> InstalledModel:
    """Give a whole part its name. One that is not what was announced is deleted. Raises ModelFileRefused."""
    found = part.sha256()
    try:
        if found != sha256:
            raise ModelFileRefused(
                f"What arrived is not the file of {card_id}: sha256 {found}, announced {sha256}.",
                remedy="It was deleted. Give the model again; should it fail again, look at the commons' own file.",
            )
        read_header(part.path)
    except ModelFileRefused:
        part.restart()
        raise
    return store.adopt(card_id, part.keep(), sha256, "commons")


def _quiet(_done: int, _total: int) -> None:
    """Hashing again what an earlier fetch left is told by nobody."""
