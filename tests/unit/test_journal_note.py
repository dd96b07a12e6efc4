"""Signed notes: Go's published example, C2SP's forms, and every malformed text refused."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.journal import note
from affouage.journal.note import Checkpoint, Note, NoteRefused, SignerKey

# The example of golang.org/x/mod/sumdb/note, which C2SP's signed-note comes from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT
    + "\n\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
LOG = note.new_key("affouage.log/a", b"l" * 32)
WITNESS = note.new_key("witness.example/b", b"w" * 32)
CHECKPOINT = Checkpoint("affouage.log/a", 7, bytes(range(32)))


def _signed(*more: note.Signature) -> Note:
    return Note(CHECKPOINT.text, (note.sign(CHECKPOINT.text, LOG), *more))


def test_the_published_example() -> None:
    read = note.read(PETER_NOTE)
    assert str(read) == PETER_NOTE
    assert note.signature_by(read, note.read_verifier_key(PETER)) is not None
    private = note.read_signer_key(PETER_PRIVATE)
    assert str(private.verifier) == PETER
    assert private.secret_text == PETER_PRIVATE
    assert note.sign(read.text, private) == read.signatures[0]


def test_a_checkpoint_is_three_lines() -> None:
    text = str(_signed())
    assert re.fullmatch(r"affouage.log/a\n7\n[A-Za-z0-9+/]{43}=\n\n— affouage.log/a [A-Za-z0-9+/]+=*\n", text)
    read, said = note.open_checkpoint(text.encode(), LOG.verifier)
    assert (said, read) == (CHECKPOINT, _signed())


def test_a_cosignature_says_when() -> None:
    cosigned = note.cosign(CHECKPOINT.text, WITNESS, 1_700_000_000)
    key = WITNESS.verifier.cosigner
    assert note.holds(CHECKPOINT.text, cosigned, key)
    assert note.time_of(cosigned) == 1_700_000_000
    assert note.read_verifier_key(str(key)) == key
    later = note.Signature(cosigned.name, cosigned.key_id, (1_700_000_001).to_bytes(8, "big") + cosigned.blob[8:])
    assert not note.holds(CHECKPOINT.text, later, key)
    assert not note.holds(CHECKPOINT.text, cosigned, WITNESS.verifier), "one kind is not the other"
    both = note.read(str(_signed(cosigned)))
    assert note.signature_by(both, key) == cosigned
    assert note.signature_by(both, LOG.verifier) is not None


def test_the_bytes_that_a_cosignature_covers() -> None:
    """As C2SP's tlog-cosignature v1 writes them: checked by hand, without our own function."""
    from nacl.signing import VerifyKey

    cosigned = note.cosign(CHECKPOINT.text, WITNESS, 5)
    VerifyKey(WITNESS.verifier.public).verify(b"cosignature/v1\ntime 5\n" + CHECKPOINT.text.encode(), cosigned.blob[8:])


def test_another_key_another_log_another_text() -> None:
    text = str(_signed())
    other = note.new_key("affouage.log/a", b"x" * 32).verifier
    with pytest.raises(NoteRefused) as missing:
        note.open_checkpoint(text, other)
    assert missing.value.code == "signature_missing"
    with pytest.raises(NoteRefused) as wrong:
        note.open_checkpoint(text.replace("\n7\n", "\n8\n"), LOG.verifier)
    assert wrong.value.code == "signature_wrong"
    foreign = Checkpoint("elsewhere", 7, bytes(32)).text
    with pytest.raises(NoteRefused) as other_log:
        note.open_checkpoint(str(Note(foreign, (note.sign(foreign, LOG),))), LOG.verifier)
    assert other_log.value.code == "other_log"


def test_a_private_key_is_not_told() -> None:
    assert LOG.secret_text not in repr(LOG)
    assert str(LOG.seed) not in repr(LOG)
    assert LOG.secret_text.rpartition("+")[2] not in str(LOG) + repr(LOG)


@given(st.integers(0, len(str(_signed()).encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at: int, change: int) -> None:
    raw = bytearray(str(_signed()).encode())
    raw[at] ^= change
    with pytest.raises(NoteRefused):
        note.open_checkpoint(bytes(raw), LOG.verifier)


@given(st.integers(0, len(str(_signed()).encode()) - 1))
def test_no_part_passes(at: int) -> None:
    with pytest.raises(NoteRefused):
        note.open_checkpoint(str(_signed()).encode()[:at], LOG.verifier)


PIECES = st.sampled_from(
    [
        "affouage.log/a",
        "\n",
        "\n\n",
        "7",
        "0",
        "-1",
        "+",
        "\N{EM DASH} ",
        "— a ",
        "AAAA",
        "=",
        " ",
        "\t",
        "\r\n",
        "\x00",
        "9" * 30,
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join) | st.text())
def test_any_text_is_read_to_the_byte_or_refused(text: str) -> None:
    try:
        read = note.read(text)
    except NoteRefused:
        return
    assert str(read) == text
    try:
        said = note.read_checkpoint(read)
    except NoteRefused:
        return
    assert read.text.startswith(said.text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(NoteRefused):
        assert str(note.read(raw)).encode() == raw


@given(
    st.text()
    | st.lists(st.sampled_from(["+", "PRIVATE+KEY+", "a", "c74f20a3", "AQ==", PETER]), max_size=6).map("".join)
)
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for read in (note.read_verifier_key, note.read_signer_key):
        try:
            key = read(text)
        except NoteRefused as refused:
            found = refused.code
        else:
            found = "key_malformed"
            assert (key.secret_text if isinstance(key, SignerKey) else str(key)) == text.strip()
        assert found == "key_malformed"


@pytest.mark.parametrize("at", range(len(PETER)))
def test_no_changed_character_of_a_key_passes(at: int) -> None:
    for other in "Aa0+ /=":
        changed = PETER[:at] + other + PETER[at + 1 :]
        if changed.strip() != PETER:
            with pytest.raises(NoteRefused):
                note.read_verifier_key(changed)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n7\n",
        "origin\n07\n" + "A" * 43 + "=\n",
        "origin\n-7\n" + "A" * 43 + "=\n",
        "origin\n٣\n" + "A" * 43 + "=\n",
        "origin\n7\nAAAA\n",
        "origin\n7\n" + "A" * 42 + "B=\n",
        "\n7\n" + "A" * 43 + "=\n",
        "origin\n99999999999999999\n" + "A" * 43 + "=\n",
        "origin\n7\n" + "A" * 43 + "=\n\nmore\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteRefused):
        note.read_checkpoint(Note(text))


def test_extensions_are_signed_and_not_read() -> None:
    text = CHECKPOINT.text + "more\n"
    read, said = note.open_checkpoint(str(Note(text, (note.sign(text, LOG),))), LOG.verifier)
    assert (said, read.text) == (CHECKPOINT, text)
