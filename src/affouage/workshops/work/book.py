"""What the ledger of the work writes down: answers without names, blocks, items for the assembly. Functions of a
connection."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from affouage.errors import AffouageError, Conflict
from affouage.journal import canonical, log
from affouage.storage.tables import work_answer, work_block, work_voice
from affouage.storage.unordered import mix
from affouage.workshops.work.blocks import WAITING_WEEKS, Block
from affouage.workshops.work.report import Heavier, Told
from affouage.workshops.work.survey import LoadBlock, SurveyBlock, counted, spans, weighed
from affouage.workshops.work.weeks import Week, shifted, span

Kind = Literal["survey", "words", "load"]
"""What is answered: the question of the week, free words beside it, how heavy work felt."""
KINDS: tuple[Kind, ...] = ("survey", "words", "load")
TASKS = "tasks"
LEAF = "work_heavier"
"""An item for the assembly, in the public log."""
WORDS_WEEKS = 26
"""Free words are shown for so long, then deleted."""


# -- answering -----------------------------------------------------------------------------------------------------


def answer(connection: Connection, kind: Kind, week: Week, member_id: str, body: str) -> None:
    """Note that this member answered, and apart from it what somebody answered. Raises Conflict ``work_answered``."""
    try:
        connection.execute(insert(work_voice).values(kind=kind, week=week, member_id=member_id))
    except IntegrityError:
        raise Conflict(
            "You have answered already this week.", remedy="There is another question next week.", code="work_answered"
        ) from None
    connection.execute(insert(work_answer).values(kind=kind, week=week, id=secrets.token_hex(16), body=body))
    for table in (work_voice, work_answer):
        mix(connection, table, table.c.kind == kind, table.c.week == week)


def answered(connection: Connection, kind: Kind, week: Week, member_id: str) -> bool:
    """Whether this member did."""
    query = select(work_voice.c.week).where(
        work_voice.c.kind == kind, work_voice.c.week == week, work_voice.c.member_id == member_id
    )
    return connection.scalar(query) is not None


# -- blocks --------------------------------------------------------------------------------------------------------


def told(connection: Connection) -> Told:
    """Every block, in order."""
    rows: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(select(work_block).order_by(work_block.c.last_week, work_block.c.task_type)):
        rows[row.kind].append(row.body)
    return Told(
        tasks=tuple(msgspec.json.decode(one, type=Block) for one in rows[TASKS]),
        surveys=tuple(msgspec.json.decode(one, type=SurveyBlock) for one in rows["survey"]),
        loads=tuple(msgspec.json.decode(one, type=LoadBlock) for one in rows["load"]),
        words=tuple(text for one in rows["words"] for text in msgspec.json.decode(one, type=list[str])),
    )


def ends(connection: Connection, kind: str = TASKS) -> dict[str, Week]:
    """The last week that was told, by kind of work."""
    query = select(work_block.c.task_type, func.max(work_block.c.last_week)).where(work_block.c.kind == kind)
    return {row[0]: row[1] for row in connection.execute(query.group_by(work_block.c.task_type))}


def tell_tasks(connection: Connection, found: Iterable[Block]) -> None:
    """Write blocks down; those whose weeks were told meanwhile are not told again."""
    known = ends(connection)
    for one in found:
        if one.first > known.get(one.task_type, ""):
            _write(connection, TASKS, one.task_type, one.first, one.last, one)


def tell_answers(connection: Connection, last: Week) -> None:
    """Tell what may be told of the answers up to week ``last``, and forget who answered and what."""
    for kind in KINDS:
        oldest = shifted(last, 1 - WAITING_WEEKS)
        _forget(connection, kind, work_voice.c.week < oldest, work_answer.c.week < oldest)
        voices: dict[Week, list[str]] = defaultdict(list)
        for row in connection.execute(select(work_voice).where(work_voice.c.kind == kind)):
            voices[row.week].append(row.member_id)
        for begins, end in list(spans(voices, oldest, last)):
            weeks = list(span(begins, end))
            query = select(work_answer.c.body).where(work_answer.c.kind == kind, work_answer.c.week.in_(weeks))
            bodies = list(connection.scalars(query.order_by(work_answer.c.id)))
            _write(connection, kind, "", begins, end, _BLOCKS[kind](begins, end, bodies))
            _forget(connection, kind, work_voice.c.week.in_(weeks), work_answer.c.week.in_(weeks))


def forget_words(connection: Connection, last: Week) -> None:
    """Delete free words that were shown long enough; that they were told stays."""
    old = (work_block.c.kind == "words") & (work_block.c.last_week <= shifted(last, -WORDS_WEEKS))
    connection.execute(work_block.update().where(old).values(body="[]"))


def _survey(first: Week, last: Week, bodies: Sequence[str]) -> Any:
    return counted(first, last, bodies)


def _load(first: Week, last: Week, bodies: Sequence[str]) -> Any:
    return weighed(first, last, [msgspec.json.decode(one, type=tuple[int, ...]) for one in bodies])


def _words(_first: Week, _last: Week, bodies: Sequence[str]) -> Any:
    return list(bodies)  # in the order of random ids: that of no week, and of nobody


_BLOCKS: dict[Kind, Callable[[Week, Week, Sequence[str]], Any]] = {"survey": _survey, "words": _words, "load": _load}


def _write(connection: Connection, kind: str, task_type: str, first: Week, last: Week, body: Any) -> None:
    row = {"kind": kind, "task_type": task_type, "first_week": first, "last_week": last}
    connection.execute(insert(work_block).values(**row, body=msgspec.json.encode(body).decode()))


def _forget(connection: Connection, kind: Kind, voices: Any, answers: Any) -> None:
    connection.execute(delete(work_voice).where(work_voice.c.kind == kind, voices))
    connection.execute(delete(work_answer).where(work_answer.c.kind == kind, answers))


# -- before the assembly -------------------------------------------------------------------------------------------


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item on the agenda, with its entry of the public log."""

    seq: int
    at_ms: int
    what: Heavier


def put_before(connection: Connection, found: Iterable[Heavier], now_ms: int) -> int:
    """Write these into the public log, each once; how many were new."""
    there = {one.what.key for one in items(connection)}
    new = [one for one in found if one.key not in there]
    for one in new:
        log.append(connection, LEAF, one.public, now_ms)
    return len(new)


def items(connection: Connection, month: str | None = None) -> list[Item]:
    """Of one month, or all; one that somebody altered is left out: the verification of the log tells of it."""
    found = []
    for leaf in log.of_kind(connection, LEAF):
        try:
            what = msgspec.convert(canonical.read(leaf.body)["public"], Heavier)
        except (AffouageError, KeyError, TypeError, msgspec.ValidationError):
            continue
        if month in (None, what.month):
            found.append(Item(seq=leaf.seq, at_ms=leaf.created_ms, what=what))
    return found
