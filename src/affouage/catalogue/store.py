"""The models on disk: ``<home>/models/<card id>/<file>.gguf`` beside ``installed.json``, which says what it is.

The whole file is hashed once, when it is installed. Afterwards a look at its size and time of change tells whether it
is still the same file, so that starting stays fast; ``verify`` hashes it again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from affouage.catalogue.card import Card, Pin, as_toml, read_pins
from affouage.catalogue.gguf import Header, read_header
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, Conflict, HomeReadOnly, ModelFileRefused, NotFound, PullFailed

RECORD = "installed.json"
BLOCK_BYTES = 1 << 20

OnBytes = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def _quiet(done: int, total: int) -> None:
    """For callers that show no progress."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """``installed.json``: what was verified, when, and what the file says of itself."""

    file: str
    sha256: str
    size_bytes: int
    modified_ns: int
    source: str
    installed_ms: int
    header: Header


class InstalledModel(msgspec.Struct, frozen=True, kw_only=True):
    """A verified model file, ready for an engine. ``source``: ``hub``, ``registry``, ``import``, ``found`` or
    ``commons`` (given to this node)."""

    id: str
    path: Path
    sha256: str
    size_bytes: int
    source: str
    installed_ms: int
    header: Header


class ModelStore:
    """The folder of models. Reading never writes; whatever writes goes through :meth:`locked`."""

    def __init__(self, models_dir: Path, cards_dir: Path | None = None, clock: Clock | None = None) -> None:
        self.models_dir = models_dir
        self.cards_dir = cards_dir or models_dir.parent / "cards"
        self._clock: Clock = clock or SystemClock()

    def folder(self, card_id: str) -> Path:
        return self.models_dir / card_id

    def record(self, card_id: str) -> Record | None:
        """What was installed under this id, whether or not the file still is what it was."""
        try:
            return msgspec.json.decode((self.folder(card_id) / RECORD).read_bytes(), type=Record)
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
            return None

    def find(self, card_id: str) -> InstalledModel | None:
        """The model, by a quick check (size and time of change); None when it is not there or was touched since."""
        record = self.record(card_id)
        if record is None:
            return None
        path = self.folder(card_id) / record.file
        try:
            now = path.stat()
        except OSError:
            return None
        if (now.st_size, now.st_mtime_ns) != (record.size_bytes, record.modified_ns):
            return None
        return _installed(card_id, path, record)

    def installed(self) -> list[InstalledModel]:
        """All models that :meth:`find` would give, by id."""
        if not self.models_dir.is_dir():
            return []
        found = (self.find(one.name) for one in sorted(self.models_dir.iterdir()) if one.is_dir())
        return [one for one in found if one is not None]

    def part_bytes(self, card_id: str) -> int | None:
        """Bytes of an unfinished download, None when there is none."""
        parts = [one.stat().st_size for one in self.folder(card_id).glob("*.part")]
        return max(parts, default=None)

    def verify(self, card_id: str, on_bytes: OnBytes = _quiet) -> InstalledModel:
        """Hash the whole file again. Raises NotFound, or ModelFileRefused when it is not what was installed."""
        record = self.record(card_id)
        path = self.folder(card_id) / (record.file if record else "")
        if record is None or not path.is_file():
            raise NotFound(f"The model {card_id} is not installed.", remedy=f"affouage models pull {card_id}")
        found = sha256_of(path, on_bytes)
        if found != record.sha256:
            raise ModelFileRefused(
                f"{path} is no longer the file that was installed: sha256 {found}, expected {record.sha256}.",
                remedy=f"affouage models remove {card_id}, then affouage models pull {card_id}.",
            )
        return self._write_record(card_id, path, found, record.source, record.header, record.installed_ms)

    def adopt(self, card_id: str, path: Path, sha256: str, source: str) -> InstalledModel:
        """Record ``path``, already in this model's folder and hashed. Raises ModelFileRefused for a bad header."""
        return self._write_record(card_id, path, sha256, source, read_header(path), self._clock.now_ms())

    def import_file(
        self, path: Path, card: Card, on_bytes: OnBytes = _quiet, *, sha256: str | None = None
    ) -> InstalledModel:
        """Install the file at ``path`` under ``card``: checked first, then hard-linked, or copied to another disk.

        ``sha256``: the digest of the file when the caller has just computed it. Raises ModelFileRefused (not GGUF,
        truncated, another digest than the card's, an adapter under the card of a model or the other way round),
        PullFailed (no room), Conflict.
        """
        check_kind(read_header(path), card, path.name)
        found = sha256 or sha256_of(path, on_bytes)
        if card.sha256 and found != card.sha256:
            raise ModelFileRefused(
                f"{path.name} is not the file of {card.id}: sha256 {found}, the card says {card.sha256}.",
                remedy="Get the file the card names, or give this one its own card (--id, --name, --licence).",
            )
        with self.locked(card.id):
            target = self.folder(card.id) / (card.file or _plain_name(path))
            if not (target.exists() and target.samefile(path)):
                _place(path, target, on_bytes)
            return self.adopt(card.id, target, found, "import")

    def remove(self, card_id: str) -> int:
        """Delete the model, its record and its partial downloads; the bytes freed. Raises NotFound."""
        folder = self.folder(card_id)
        if not folder.is_dir() or "/" in card_id or card_id in {"", ".", ".."}:
            raise NotFound(f"The model {card_id} is not here.", remedy="affouage models list shows what is.")
        with self.locked(card_id):
            freed = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
            shutil.rmtree(folder)
        return freed

    def add_card(self, card: Card) -> Path:
        """Write a card of the collective's own. Raises Conflict when its file exists already."""
        path = self.cards_dir / f"{card.id}.toml"
        with writing(path):
            self.cards_dir.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(as_toml(card))
            except FileExistsError:
                raise Conflict(
                    f"There is already a card {path}.", remedy="Change it by hand, or choose another --id."
                ) from None
        return path

    def pin(self, card: Card, *, file: str, revision: str | None, sha256: str, size_bytes: int) -> None:
        """Remember what the hub says of a file whose card gives no digest, so that it cannot change unseen."""
        pins = read_pins(self.cards_dir)
        pins[card.id] = Pin(
            repo=card.repo or "",
            revision=revision,
            file=file,
            sha256=sha256,
            size_bytes=size_bytes,
            first_seen_ms=self._clock.now_ms(),
        )
        path = self.cards_dir / "pins.json"
        with writing(path):
            self.cards_dir.mkdir(parents=True, exist_ok=True)
            write_whole(path, msgspec.json.format(msgspec.json.encode(pins), indent=2))

    @contextmanager
    def locked(self, card_id: str) -> Iterator[None]:
        """One writer per model, across programs. Raises Conflict when another one is at work."""
        folder = self.folder(card_id)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / ".lock").open("a+", encoding="utf-8")
        with lock:
            _lock(lock, card_id)
            yield

    def _write_record(
        self, card_id: str, path: Path, sha256: str, source: str, header: Header, installed_ms: int
    ) -> InstalledModel:
        now = path.stat()
        record = Record(
            file=path.name,
            sha256=sha256,
            size_bytes=now.st_size,
            modified_ns=now.st_mtime_ns,
            source=source,
            installed_ms=installed_ms,
            header=header,
        )
        with writing(path.parent):
            write_whole(path.parent / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=2))
        return _installed(card_id, path, record)


def check_kind(header: Header, card: Card, name: str) -> None:
    """Raises ModelFileRefused for an adapter that has no base to change, and for a model given as an adapter."""
    if header.kind == "adapter" and card.base is None:
        raise ModelFileRefused(
            f"{name} is an adapter: it changes a model, and is none by itself.",
            remedy=f"affouage models add-voice {name} --base ID, with the id of the model it was made for.",
        )
    if header.kind != "adapter" and card.base is not None:
        raise ModelFileRefused(
            f"{name} is no adapter (general.type: {header.kind or 'none'}), but {card.id} is a voice of {card.base}.",
            remedy="Give the adapter's own file; a whole model is brought by: affouage models import.",
        )


def _installed(card_id: str, path: Path, record: Record) -> InstalledModel:
    return InstalledModel(
        id=card_id,
        path=path,
        sha256=record.sha256,
        size_bytes=record.size_bytes,
        source=record.source,
        installed_ms=record.installed_ms,
        header=record.header,
    )


def _lock(lock: IO[str], card_id: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        if taken.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        lock.seek(0)
        holder = lock.read().strip()
        raise Conflict(
            f"Another program is already installing {card_id}" + (f" (process {holder})." if holder else "."),
            remedy="Wait for it to end, or stop it: what has arrived is kept.",
        ) from taken
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def sha256_of(path: Path, on_bytes: OnBytes = _quiet) -> str:
    """Hash a file, saying how far it is every few megabytes."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while block := file.read(4 * BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            on_bytes(done, total)
    return digest.hexdigest()


def _place(path: Path, target: Path, on_bytes: OnBytes) -> None:
    """Put a copy of ``path`` at ``target`` in one step: a hard link where the disk is the same, else copied bytes."""
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    with writing(target):
        try:
            os.link(path.resolve(), fresh)
        except OSError:
            _copy(path, fresh, on_bytes)
        fresh.replace(target)


def _copy(path: Path, fresh: Path, on_bytes: OnBytes) -> None:
    total = path.stat().st_size
    check_room(fresh.parent, total)
    done = 0
    try:
        with path.open("rb") as source, fresh.open("wb") as file:
            while block := source.read(BLOCK_BYTES):
                file.write(block)
                done += len(block)
                on_bytes(done, total)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


SPARE_BYTES = 64 << 20
"""Left free on the disk: a full one would stop the ledger too."""


def check_room(folder: Path, wanted_bytes: int) -> None:
    """Raise PullFailed when the disk of ``folder`` has no room for ``wanted_bytes`` more."""
    free = shutil.disk_usage(folder).free
    if free < wanted_bytes + SPARE_BYTES:
        raise PullFailed(
            f"The disk of {folder} is too full: {wanted_bytes / 1e9:.2f} GB to write, {free / 1e9:.2f} GB free.",
            remedy="Make room, or set AFFOUAGE_HOME to a larger disk, then start again: what has arrived is kept.",
            disk=str(folder),
            wanted_bytes=wanted_bytes,
            free_bytes=free,
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the disk's own refusals (full, read-only, quota, file too large) into errors that say what to do."""
    try:
        yield
    except OSError as wrong:
        raise disk_error(wrong, path) from wrong


def disk_error(wrong: OSError, path: Path) -> AffouageError:
    """The error to raise for an OSError met while writing ``path``."""
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return PullFailed(
            f"{path} cannot be written any further: {wrong.strerror}.",
            remedy="Make room on the disk and start again: what has arrived is kept.",
            disk=str(path),
        )
    if wrong.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return HomeReadOnly(
            f"{path} cannot be written: {wrong.strerror}.",
            remedy="Give this user the right to write there, or set AFFOUAGE_HOME to another folder.",
        )
    return PullFailed(
        f"{path} cannot be written: {wrong.strerror}.", remedy="Check the disk, then start again.", disk=str(path)
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that a reader or a crash sees the old content or the new one, never half."""
    fresh = path.with_name(path.name + ".new")
    with contextlib.ExitStack() as undo:
        undo.callback(lambda: fresh.unlink(missing_ok=True))
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def _plain_name(path: Path) -> str:
    return path.name if path.name.endswith(".gguf") else f"{path.name}.gguf"
