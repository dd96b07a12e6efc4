"""The key that signs the log: one file of the home, for this user alone; and the keys it had before.

The log itself says who signs it: ``log_key`` comes first, ``key_rotated`` names the next one and is signed by the one
before, which also signs the first checkpoint that covers the change. ``log_restarted`` is what stands there when that
could not be: the key was lost, or the database came back from a copy that was too old. Whoever trusted the key before
must then ask again, by another way.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from nacl.signing import SigningKey
from sqlalchemy import Connection, select

from affouage.errors import Conflict, HomeReadOnly, SetUpError
from affouage.journal import log, note
from affouage.journal.note import SignerKey, VerifierKey
from affouage.storage.tables import journal_leaf

LOG_KEY, ROTATED, RESTARTED = "log_key", "key_rotated", "log_restarted"

Random = Callable[[int], bytes]


class KeyAt(msgspec.Struct, frozen=True):
    """A key, and the smallest size it signs. ``proven``: the key before it said so (the first: of itself)."""

    seq: int
    from_size: int
    key: VerifierKey
    proven: bool = True


def folder(home: Path) -> Path:
    """Where the key and the newest checkpoint are kept, beside the database."""
    return home / "journal"


def key_file(home: Path) -> Path:
    return folder(home) / "key"


def next_key_file(home: Path) -> Path:
    """A key that was made, while the log does not name it yet."""
    return folder(home) / "next-key"


def new_origin(random: Random = secrets.token_bytes) -> str:
    """A name for a log: random, so that it says nothing of anybody and is no one else's."""
    return "affouage.log/" + base64.b32encode(random(10)).decode().lower()


def make_key(path: Path, origin: str, random: Random = secrets.token_bytes) -> SignerKey:
    """A new key in a new file, whole or not at all; when the file exists, the key in it. Raises HomeReadOnly."""
    key = note.new_key(origin, random(32))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            write_whole(path, key.secret_text + "\n", replace=False)
    except OSError as refused:
        raise HomeReadOnly(
            f"The key of the log cannot be written in {path.parent} ({refused.strerror}).",
            remedy="Give this user the right to write there.",
        ) from refused
    found = read_key(path)
    assert found is not None, "written just now"
    return found


def read_key(path: Path) -> SignerKey | None:
    """None without a file. Raises SetUpError for one that others may read, NoteRefused for one that is damaged."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise SetUpError(
                    f"Others may read the key of the log ({path}).",
                    remedy=f"chmod 600 {path}; if somebody may have read it: affouage journal rotate-key",
                    code="log_key_open",
                )
            return note.read_signer_key(file.read(2000))
    except FileNotFoundError:
        return None
    except OSError as refused:
        raise SetUpError(f"{path} cannot be read: {refused.strerror}.", remedy="See its owner and rights.") from refused


def write_whole(path: Path, text: str, *, replace: bool = True) -> None:
    """A file for this user alone, on the disk whole when this returns. Raises OSError, FileExistsError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        else:
            path.hardlink_to(name)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def chain(connection: Connection) -> list[KeyAt]:
    """Every key the log names, in order; empty before the first checkpoint. Raises what a spoilt leaf raises."""
    kinds = (LOG_KEY, ROTATED, RESTARTED)
    query = select(journal_leaf).where(journal_leaf.c.kind.in_(kinds)).order_by(journal_leaf.c.seq)
    return chain_of([log.Leaf(*row) for row in connection.execute(query)])


def chain_of(leaves: Sequence[log.Leaf]) -> list[KeyAt]:
    """Pure. A leaf that names no key counts for nothing here: `verify` tells it."""
    found: list[KeyAt] = []
    for one in leaves:
        public = one.public
        if one.kind == LOG_KEY:
            if not found:  # a second one would change the key without a word of the first
                found.append(KeyAt(one.seq, one.seq + 1, note.read_verifier_key(public["key"])))
        elif one.kind == ROTATED:
            new = note.read_verifier_key(public["new"])
            proven = bool(found) and rotation_holds(found[-1].key, new, one.seq, public["signature"])
            found.append(KeyAt(one.seq, one.seq + 2, new, proven))
        elif one.kind == RESTARTED:
            found.append(KeyAt(one.seq, one.seq + 1, note.read_verifier_key(public["new"]), False))
    return found


def key_of(keys: Sequence[KeyAt], at_size: int) -> KeyAt | None:
    """The key that signs a checkpoint of this size."""
    return next((one for one in reversed(keys) if one.from_size <= at_size), None)


def _rotation_text(old: VerifierKey, new: VerifierKey, seq: int) -> bytes:
    return f"affouage.log/key-rotation/v1\n{seq}\n{old}\n{new}\n".encode()


def rotation(old: SignerKey, new: VerifierKey, seq: int) -> dict[str, str]:
    """What a leaf ``key_rotated`` says: the old key signs that ``new`` follows it, at this place of the log."""
    signed = SigningKey(old.seed).sign(_rotation_text(old.verifier, new, seq)).signature
    return {"old": str(old.verifier), "new": str(new), "signature": base64.b64encode(signed).decode()}


def rotation_holds(old: VerifierKey, new: VerifierKey, seq: int, signature: str) -> bool:
    """Did ``old`` sign that ``new`` follows it at ``seq``? The origin stays."""
    decoded = note.unb64(signature)
    return decoded is not None and old.name == new.name and note.raw_holds(_rotation_text(old, new, seq), decoded, old)


def announce(connection: Connection, key: VerifierKey, now_ms: int) -> None:
    """Say in the log who signs it, once. Raises Conflict ``log_key_other`` when another key does."""
    known = chain(connection)
    if not known:
        log.append(connection, LOG_KEY, {"key": str(key)}, now_ms)
    elif known[-1].key != key:
        raise Conflict(
            f"The key of this home ({key.key_id.hex()}) is not the one of the log ({known[-1].key.key_id.hex()}).",
            remedy="Put the log's key back in journal/key; if it is lost: affouage journal restart --reason TEXT",
            code="log_key_other",
        )
