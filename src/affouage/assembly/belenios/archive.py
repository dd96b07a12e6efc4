"""The archive of an election (``UUID.bel``), read: JSON files named by their hashes, a chain of events. Pure.

Reading checks names, hashes and the order of events; that ballots are well formed, that the tally is that of the
ballots and that decryptions are right, ``belenios-tool election verify`` alone can say.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from typing import Any, NoReturn

import msgspec

from affouage.assembly.belenios.plan import UUID
from affouage.errors import Conflict
from affouage.tars import CarefulTarInfo

LARGEST_BYTES = 512 * 1024 * 1024
_MOST_FILES = 1_000_000


class Contents(msgspec.Struct, frozen=True):
    """``fingerprint``: of the election's parameters, as Belenios' own pages show it; ``voters``: codes that may vote,
    with ``weight`` in all; ``cast``: ballots with those replaced since, ``ballots``: one a voter; ``trustees``: keys
    that the urn was locked with; ``result`` None: not opened yet."""

    uuid: str
    name: str
    fingerprint: str
    questions: list[Any]
    voters: int
    weight: int
    trustees: int
    cast: int
    ballots: int
    result: list[Any] | None


def read_archive(archive: bytes) -> Contents:
    """Raises Conflict (``belenios_archive``) for what is no whole and unaltered archive."""
    files, events = _files(archive)
    try:
        return _contents(files, events)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, msgspec.MsgspecError):
        _refuse("It lacks something, or holds something else than an election.")


def _files(archive: bytes) -> tuple[dict[str, bytes], list[Any]]:
    """Data by hash, and the events in their order."""
    data: dict[str, bytes] = {}
    events: list[Any] = []
    last = None
    if len(archive) > LARGEST_BYTES:
        _refuse("It is too large.")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:", tarinfo=CarefulTarInfo) as tar:
            for number, member in enumerate(tar):
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is None or number > _MOST_FILES:
                    _refuse("It holds something else than files.")
                content = stream.read()
                digest, _, kind = member.name.partition(".")
                if member.name == "BELENIOS" and number == 0:
                    continue
                if hashlib.sha256(content).hexdigest() != digest or kind not in ("data.json", "event.json"):
                    _refuse("A file in it is not what its name says.")
                if kind == "data.json":
                    data[digest] = content
                    continue
                event = msgspec.json.decode(content)
                if event.get("parent") != last or event.get("height") != len(events):
                    _refuse("Its events do not follow one another.")
                events.append(event)
                last = digest
    except (tarfile.TarError, EOFError, AttributeError, RecursionError, msgspec.MsgspecError, OSError):
        _refuse("It is no archive, or a piece of one.")
    return data, events


def _contents(data: dict[str, bytes], events: list[Any]) -> Contents:
    def payload(event: Any) -> Any:
        return msgspec.json.decode(data[event["payload"]])

    if events[0]["type"] != "Setup":
        _refuse("It does not begin with an election.")
    setup = payload(events[0])
    written = data[setup["election"]]
    election = msgspec.json.decode(written)
    weights = [_weight(one) for one in msgspec.json.decode(data[setup["credentials"]])]
    credentials = [payload(event)["credential"] for event in events if event["type"] == "Ballot"]
    results = [payload(event)["result"] for event in events if event["type"] == "Result"]
    tallied = [payload(event)["num_tallied"] for event in events if event["type"] == "EncryptedTally"]
    if not UUID.fullmatch(election["uuid"]) or len(results) > 1:
        _refuse("It names no election, or gives two results.")
    if tallied and tallied != [len(set(credentials))]:
        _refuse("It does not tally the ballots it holds.")
    return Contents(
        uuid=election["uuid"],
        name=str(election["name"]),
        fingerprint=base64.b64encode(hashlib.sha256(written).digest()).decode().rstrip("="),
        questions=election["questions"],
        voters=len(weights),
        weight=sum(weights),
        trustees=sum(_keys(one) for one in msgspec.json.decode(data[setup["trustees"]])),
        cast=len(credentials),
        ballots=len(set(credentials)),
        result=results[0] if results else None,
    )


def _weight(credential: str) -> int:
    """``key`` or ``key,weight``."""
    _, comma, weight = credential.partition(",")
    return int(weight.partition(",")[0]) if comma else 1


def _keys(trustee: Any) -> int:
    """A trustee alone, or several of whom some number is enough (``Pedersen``)."""
    kind, value = trustee
    return 1 if kind == "Single" else len(value["certs"])


def _refuse(why: str) -> NoReturn:
    raise Conflict(
        f"This is not a whole and unaltered archive of an election. {why}",
        remedy="Download the archive (.bel) again from the election's own page.",
        code="belenios_archive",
        why=why,
    )
