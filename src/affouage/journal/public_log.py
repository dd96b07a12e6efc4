"""The log of a running commons: its key, its signatures, what it shows to everybody."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from sqlalchemy import Connection

from affouage.clock import Clock
from affouage.errors import Conflict, DatabaseUnusable, SetUpError
from affouage.journal import checkpoints, keys, log, note
from affouage.journal.canonical import NotCanonical
from affouage.journal.checkpoints import Signed
from affouage.journal.note import Checkpoint, SignerKey, VerifierKey
from affouage.storage import Database

_log = logging.getLogger("affouage")


class PublicLog:
    """One log: open with :func:`open_log`. What others append in their own transactions is signed from here."""

    def __init__(self, db: Database, clock: Clock, home: Path, key: SignerKey) -> None:
        self._db = db
        self._clock = clock
        self._home = home
        self._key = key

    @property
    def key(self) -> VerifierKey:
        """What others check our checkpoints with."""
        return self._key.verifier

    async def checkpoint(self) -> str:
        """The log as it is now, signed, with the cosignatures there are for it. Raises as ``checkpoints.sign``."""
        if (served := await self._db.read(self._served)) is not None:
            return served
        signed = await self.sign()
        return await self._db.read(lambda connection: checkpoints.served(connection, signed))

    async def sign(self) -> Signed:
        """Sign what was added since the last checkpoint. Raises as ``checkpoints.sign``."""
        signed = await self._db.write(self._sign)
        await asyncio.to_thread(self._keep, signed)
        return signed

    def sign_now(self) -> Signed:
        """The same, in the calling thread: for the command line."""
        signed = self._db.write_now(self._sign)
        self._keep(signed)
        return signed

    def cosign_now(self, text: str, time_s: int) -> note.Signature:
        """Cosign a checkpoint of another log, which was found to extend what we saw of it."""
        return note.cosign(text, self._key, time_s)

    def rotate_now(self) -> tuple[VerifierKey, VerifierKey]:
        """A new key instead of the one there is: (old, new). The old one says so in the log, then signs it once more.

        Can be stopped anywhere: the key made is taken up when the log names it, by whoever opens the log next.
        """
        new = keys.make_key(keys.next_key_file(self._home), self._key.name)

        def change(connection: Connection) -> Signed:
            old = self._in_force(connection)
            now_ms = self._clock.now_ms()
            checkpoints.sign(connection, old, now_ms, kept_checkpoint(self._home))
            checkpoints.name_last(connection, now_ms)
            seq = log.size(connection)
            log.append(connection, keys.ROTATED, keys.rotation(old, new.verifier, seq), now_ms)
            return checkpoints.write(connection, old, seq + 1, now_ms)

        old = self.key
        self._keep(self._db.write_now(change))
        self._key = take_up(self._home, self._db)
        return old, self.key

    def _sign(self, connection: Connection) -> Signed:
        key = self._in_force(connection)
        return checkpoints.sign(connection, key, self._clock.now_ms(), kept_checkpoint(self._home))

    def _in_force(self, connection: Connection) -> SignerKey:
        """The key the log names last: another program may have changed it."""
        known = keys.chain(connection)
        if known and known[-1].key != self._key.verifier:
            read_again = keys.read_key(keys.key_file(self._home))
            if read_again is not None:
                self._key = read_again
        return self._key

    def _served(self, connection: Connection) -> str | None:
        signed = checkpoints.newest(connection)
        if signed is None or signed.size != log.size(connection):
            return None
        return checkpoints.served(connection, signed)

    def _keep(self, signed: Signed) -> None:
        """Beside the database too: a copy of it that is put back then shows that it is older."""
        before = kept_checkpoint(self._home)
        if before is not None and before.origin == self._key.name and before.size >= signed.size:
            return
        try:
            keys.write_whole(kept_file(self._home), signed.text)
        except OSError as refused:
            _log.warning("the newest checkpoint was not kept beside the database: %s", refused.strerror)


def open_log(db: Database, clock: Clock, home: Path) -> PublicLog:
    """The log of a home; its key is made the first time.

    Raises SetUpError: the key is missing or not the log's, others may read it, nothing can be written.
    """
    return PublicLog(db, clock, home, take_up(home, db))


def take_up(home: Path, db: Database) -> SignerKey:
    """The key that signs now: the one the log names, made anew only when it names none."""
    known = _named_keys(db)
    key, coming = keys.read_key(keys.key_file(home)), keys.read_key(keys.next_key_file(home))
    if not known:
        return key or keys.make_key(keys.key_file(home), keys.new_origin())
    if coming is not None and coming.verifier == known[-1].key:  # stopped between the log and the file
        keys.next_key_file(home).replace(keys.key_file(home))
        return coming
    if key is None or key.verifier != known[-1].key:
        found = "is missing" if key is None else f"is another one (id {key.verifier.key_id.hex()})"
        raise SetUpError(
            f"The key of the public log (id {known[-1].key.key_id.hex()}) {found} in {keys.folder(home)}.",
            remedy="Put the file journal/key back from a copy; if it is lost: affouage journal restart --reason TEXT",
            code="log_key_missing",
        )
    return key


def _named_keys(db: Database) -> list[keys.KeyAt]:
    try:
        return db.read_now(keys.chain)
    except (NotCanonical, note.NoteRefused, KeyError, TypeError) as spoilt:
        raise DatabaseUnusable(
            "An entry of the public log that names its key was changed: nothing can be signed.",
            remedy="Put back a copy of the database. See: affouage journal verify",
            code="log_spoilt",
        ) from spoilt


def restart(db: Database, clock: Clock, home: Path, reason: str) -> VerifierKey:
    """A new key and a new origin, without a word of the old key: it was lost, or an old copy was put back.

    The log says so, with the reason; whoever trusted the old key has to be told the new one. Raises Conflict for a log
    that nothing happened to.
    """
    try:
        with_key = open_log(db, clock, home)
        with_key.sign_now()
    except SetUpError:
        pass
    else:
        raise Conflict(
            "The log holds, and its key is here: it need not start anew.",
            remedy="For a new key: affouage journal rotate-key",
            code="log_sound",
        )
    aside = f"before-{clock.now_ms()}"
    for path in (keys.next_key_file(home), kept_file(home), keys.key_file(home)):
        if path.exists():
            path.rename(path.with_name(f"{path.name}-{aside}"))
    new = keys.make_key(keys.next_key_file(home), keys.new_origin())
    kept = _text(kept_file(home).with_name(f"checkpoint-{aside}"))

    def change(connection: Connection) -> None:
        known = keys.chain(connection)
        said = {
            "old": str(known[-1].key) if known else None,
            "new": str(new.verifier),
            "reason": reason,
            "kept": kept,
        }
        log.append(connection, keys.RESTARTED, said, clock.now_ms())

    db.write_now(change)
    restarted = open_log(db, clock, home)
    restarted.sign_now()
    return restarted.key


def kept_file(home: Path) -> Path:
    """The newest checkpoint, beside the database."""
    return keys.folder(home) / "checkpoint"


def kept_text(home: Path) -> str | None:
    """The checkpoint kept beside the database, as it was written; None without one."""
    return _text(kept_file(home))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def kept_checkpoint(home: Path) -> Checkpoint | None:
    """The same, read; None too when the file is spoilt: it is a help, not a proof."""
    text = kept_text(home)
    try:
        return None if text is None else note.read_checkpoint(note.read(text))
    except note.NoteRefused:
        return None
