"""Signed notes and checkpoints of C2SP (signed-note, tlog-checkpoint, tlog-cosignature), pure but for Ed25519.

A note is a text that ends with a newline, an empty line, and signature lines ``— name base64(key id, signature)``. A
checkpoint is a note whose text is origin, size and root in base64, one a line. Two kinds of signatures are known:
plain Ed25519 (0x01), and the cosignature (0x04) that also says when. What is malformed is refused by NoteRefused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as NaclValueError
from nacl.signing import SigningKey, VerifyKey

from affouage.errors import BadRequest

ED25519 = 0x01
COSIGNATURE = 0x04
LARGEST_BYTES = 64_000
"""Of a note: a checkpoint with twenty cosignatures has some 4,000."""
MOST_SIGNATURES = 100
LARGEST_SIZE = 2**53 - 1

_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}\Z")
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")


class NoteRefused(BadRequest):
    """Not a note, not a checkpoint, not a key, or not signed by whom it should be. ``code`` says which."""

    code = "note_malformed"


class Signature(msgspec.Struct, frozen=True):
    """One signature line. ``blob``: what follows the key id: 64 bytes, or 8 of time and 64."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        return f"{_DASH}{self.name} {b64(self.key_id + self.blob)}\n"


class Note(msgspec.Struct, frozen=True):
    """``text``: what is signed, its last newline included."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        return self.text + "\n" + "".join(one.line for one in self.signatures)


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says of itself at one size. ``root``: 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key with its owner's name. ``kind``: ED25519 or COSIGNATURE."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.kind, self.public)

    @property
    def cosigner(self) -> VerifierKey:
        """The same key, for cosignatures."""
        return VerifierKey(self.name, self.public, COSIGNATURE)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.kind]) + self.public)}"


class SignerKey(msgspec.Struct, frozen=True):
    """A private key with its owner's name. ``seed``: 32 secret bytes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, bytes(SigningKey(self.seed).verify_key))

    def __str__(self) -> str:
        return f"{self.name}, key {self.verifier.key_id.hex()}"

    def __repr__(self) -> str:
        return f"SignerKey({self.name!r})"  # never the seed: not in a log, not in the output of a test

    @property
    def secret_text(self) -> str:
        """``PRIVATE+KEY+name+id+base64``, as Go's sumdb writes it: for the key's file alone."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{b64(bytes([ED25519]) + self.seed)}"


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Four bytes that tell keys apart: no proof of anything."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def new_key(name: str, seed: bytes) -> SignerKey:
    """A key from 32 random bytes. Raises NoteRefused for a name that notes cannot carry."""
    return SignerKey(_checked_name(name), seed)


def read_verifier_key(text: str) -> VerifierKey:
    """``name+keyid+base64``. Raises NoteRefused ``key_malformed``."""
    name, found_id, kind, rest = _read_key(text.strip())
    if kind not in (ED25519, COSIGNATURE) or len(rest) != 32:
        raise _no_key("it is not an Ed25519 key")
    if key_id(name, kind, rest) != found_id:
        raise _no_key("its key id is not that of this name and key")
    return VerifierKey(name, rest, kind)


def read_signer_key(text: str) -> SignerKey:
    """``PRIVATE+KEY+name+keyid+base64``. Raises NoteRefused ``key_malformed``."""
    head, _, rest = text.strip().partition("PRIVATE+KEY+")
    if head or not rest:
        raise _no_key("it does not begin with PRIVATE+KEY+")
    name, found_id, kind, seed = _read_key(rest)
    if kind != ED25519 or len(seed) != 32:
        raise _no_key("it is not an Ed25519 key")
    key = SignerKey(name, seed)
    if key.verifier.key_id != found_id:
        raise _no_key("its key id is not that of this name and key")
    return key


def _read_key(text: str) -> tuple[str, bytes, int, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise _no_key("it has not three parts")
    name, hexadecimal, coded = parts
    if not re.fullmatch(r"[0-9a-f]{8}", hexadecimal):
        raise _no_key("its key id is not 8 hexadecimal digits")
    decoded = unb64(coded)
    if decoded is None or not decoded:
        raise _no_key("its last part is not base64")
    return _checked_name(name), bytes.fromhex(hexadecimal), decoded[0], decoded[1:]


def _no_key(why: str) -> NoteRefused:
    return NoteRefused(
        f"This is no key: {why}.", remedy="A key reads name+8 hexadecimal digits+base64.", code="key_malformed"
    )


def _checked_name(name: str) -> str:
    if not _NAME.match(name):
        raise NoteRefused(
            "A key's name has no space and no +, and at most 200 characters.",
            remedy="Choose another name.",
            code="key_malformed",
        )
    return name


def sign(text: str, key: SignerKey) -> Signature:
    """A plain Ed25519 signature of a note's text."""
    return Signature(key.name, key.verifier.key_id, SigningKey(key.seed).sign(text.encode()).signature)


def cosign(text: str, key: SignerKey, time_s: int) -> Signature:
    """A cosignature (v1): this checkpoint, and all I saw before, is one history; seen at ``time_s`` (Unix seconds)."""
    signed = SigningKey(key.seed).sign(_cosigned(text, time_s)).signature
    return Signature(key.name, key.verifier.cosigner.key_id, time_s.to_bytes(8, "big") + signed)


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def holds(text: str, signature: Signature, key: VerifierKey) -> bool:
    """Is this a signature of ``text`` by ``key``?"""
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        return False
    signed, blob = text.encode(), signature.blob
    if key.kind == COSIGNATURE:
        if len(blob) != 72:
            return False
        signed, blob = _cosigned(text, int.from_bytes(blob[:8], "big")), blob[8:]
    return raw_holds(signed, blob, key)


def raw_holds(message: bytes, signature: bytes, key: VerifierKey) -> bool:
    """Is ``signature`` (64 bytes) one of these bytes by ``key``?"""
    if len(signature) != 64:
        return False
    try:
        VerifyKey(key.public).verify(message, signature)
    except (BadSignatureError, NaclValueError, ValueError):
        return False
    return True


def signature_by(note: Note, key: VerifierKey) -> Signature | None:
    """The signature of ``key`` on a note when there is one that holds; one that does not hold is refused.

    Raises NoteRefused ``signature_wrong``.
    """
    for one in note.signatures:
        if (one.name, one.key_id) == (key.name, key.key_id):
            if holds(note.text, one, key):
                return one
            raise NoteRefused(
                f"The signature of {key.name} does not hold.",
                remedy="Somebody changed this text, or another key signed it.",
                code="signature_wrong",
            )
    return None


def time_of(cosignature: Signature) -> int:
    """Unix seconds that a cosignature says. Raises ValueError for a plain signature."""
    if len(cosignature.blob) != 72:
        raise ValueError("not a cosignature")
    return int.from_bytes(cosignature.blob[:8], "big")


def read(text: str | bytes) -> Note:
    """A note, to the byte as it was written: ``str(read(text)) == text``. Raises NoteRefused."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise _no_note("it is not UTF-8") from None
    if len(text) > LARGEST_BYTES or not _is_text(text):
        raise _no_note("it is too long, or holds control characters")
    cut = text.rfind("\n\n")
    if cut < 1:
        raise _no_note("no empty line stands before the signatures")
    body, lines = text[: cut + 1], text[cut + 2 :]
    if not lines.endswith("\n"):
        raise _no_note("its signatures do not end with a newline")
    found = [_read_signature(line) for line in lines[:-1].split("\n")]
    if len(found) > MOST_SIGNATURES:
        raise _no_note(f"it has more than {MOST_SIGNATURES} signatures")
    return Note(body, tuple(found))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return not any(one < " " and one != "\n" for one in text)


def _read_signature(line: str) -> Signature:
    name, _, coded = line.removeprefix(_DASH).partition(" ")
    blob = unb64(coded)
    if not line.startswith(_DASH) or not _NAME.match(name) or blob is None or len(blob) < 5:
        raise _no_note("a signature line is not \N{EM DASH} name base64")
    return Signature(name, blob[:4], blob[4:])


def read_checkpoint(note: Note) -> Checkpoint:
    """What a checkpoint says; whose signature it bears is another question. Raises NoteRefused.

    Lines after the root (extensions, which other logs may write) are signed but not read.
    """
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise _no_note("a checkpoint has an origin, a size and a root")
    origin, size, coded = lines[:3]
    root = unb64(coded)
    if not _SIZE.match(size) or int(size) > LARGEST_SIZE:
        raise _no_note("its size is not a number")
    if root is None or len(root) != 32:
        raise _no_note("its root is not 32 bytes in base64")
    return Checkpoint(origin, int(size), root)


def open_checkpoint(text: str | bytes, key: VerifierKey) -> tuple[Note, Checkpoint]:
    """A checkpoint of the log that ``key`` names, signed by it. Raises NoteRefused (malformed, unsigned, foreign)."""
    note = read(text)
    said = read_checkpoint(note)
    if signature_by(note, key) is None:
        raise NoteRefused(
            f"This checkpoint is not signed by {key.name}, key {key.key_id.hex()}.",
            remedy="Ask for the log's key: affouage journal show --key",
            code="signature_missing",
        )
    if said.origin != key.name:
        raise NoteRefused(
            f"This checkpoint is of {said.origin!r:.80}, not of {key.name}.",
            remedy="Give the key of that log.",
            code="other_log",
        )
    return note, said


def _no_note(why: str) -> NoteRefused:
    return NoteRefused(f"This is no signed note: {why}.", remedy="See docs/reference/journal.md.")


def b64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes | None:
    """Standard base64 to the letter: one text for each value."""
    try:
        data = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64(data) == text else None
