"""A question comes: checked, masked, drawn into an arm, written down. Functions of a connection, and pure ones."""

from __future__ import annotations

import random
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from affouage.assembly import attempts, credentials
from affouage.errors import Closed, NotFound, TooMuch
from affouage.french import personal
from affouage.storage.tables import desk_item
from affouage.workshops.desk import rows, texts
from affouage.workshops.desk.acting import Moment
from affouage.workshops.desk.cases import Event, Kind, State
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Arm, Received

LOOKUPS_MOST = 30
"""Codes that name nothing, from one network in a quarter of an hour."""
COMPLAINTS_MOST = 10
"""Errors told by the public, from one network in a quarter of an hour."""


class Question(NamedTuple):
    """As it will be kept. ``masked``: kinds of personal data taken out."""

    text: str
    masked: tuple[str, ...]
    contact: str
    language: str


def checked(question: str, contact: str, language: str) -> Question:
    """Raises BadRequest."""
    text = texts.check_question(question)
    contact = texts.check_contact(contact)
    return Question(personal.masked(text), personal.kinds(text), contact, language if language == "en" else "fr")


def draw(chance: random.Random, rules: DeskRules) -> Arm:
    return "blind" if chance.random() * 100 < rules.blind_percent else "draft"


def permit_public(connection: Connection, rules: DeskRules, address: str, now_ms: int) -> None:
    """Whether a stranger may ask now; counts the question. Raises Closed ``desk_closed``, TooMuch (``desk_full``,
    ``desk_often``)."""
    if not rules.public_open:
        raise Closed(
            "The desk does not take questions from this page.",
            remedy="Come to the desk, or call.",
            retry_after_s=86_400,
            code="desk_closed",
        )
    waiting = select(func.count()).where(
        desk_item.c.origin == "public", desk_item.c.state.in_([State.WAITING.value, State.TAKEN.value])
    )
    if (connection.scalar(waiting) or 0) >= rules.public_waiting_most:
        raise TooMuch(
            "Many questions are waiting: the desk takes no more for now.",
            remedy="Come back later, or come to the desk.",
            retry_after_s=3_600,
            code="desk_full",
        )
    often = TooMuch(
        "Several questions have just come from here.", remedy="Try again in a quarter of an hour.", code="desk_often"
    )
    attempts.count_one(connection, "desk question", address, rules.public_most, now_ms, often)


def enter(
    connection: Connection, moment: Moment, question: Question, arm: Arm, *, clerk_id: str | None, with_code: bool
) -> Received:
    """Write it down; its number, and its code if one is wanted. ``clerk_id``: who typed it, None for the public."""
    item_id, code = f"dsk_{credentials.new_id()}", credentials.new_id() if with_code else ""
    row = {
        "id": item_id,
        "created_ms": moment.now_ms,
        "origin": "public" if clerk_id is None else "clerk",
        "language": question.language,
        "question": question.text,
        "masked": rows.encode(question.masked).decode(),
        "contact": question.contact,
        "code_sha256": credentials.digest(code) if code else None,
        "arm": arm,
        "arm_percent": moment.rules.blind_percent,
        "rule": moment.stamp,
        "flags": rows.encode(("personal_data",) if question.masked else ()).decode(),
    }
    rows.enter(connection, row, "held_back" if arm == "blind" else "wanted")
    rows.append(connection, item_id, [Event(Kind.RECEIVED, moment.now_ms, clerk_id)], moment.month)
    return Received(item_id=item_id, code=spaced(code), masked=question.masked)


# -- codes -------------------------------------------------------------------------------------------------------------


def spaced(code: str) -> str:
    """In groups of four, as it is read out and copied by hand."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def find_by_code(connection: Connection, code: str) -> str:
    """The item of a code, however it was typed. Raises NotFound, code ``desk_no_such_code``."""
    typed = "".join(one for one in code.lower()[:64] if one.isalnum())
    found = None
    if credentials.is_id(typed):
        query = select(desk_item.c.id).where(desk_item.c.code_sha256 == credentials.digest(typed))
        found = connection.scalar(query)
    if found is None:
        raise no_such_code()
    return str(found)


def no_such_code() -> NotFound:
    return NotFound(
        "No question has this code.",
        remedy="Check it letter by letter. Questions are deleted after some time: ask again, or come to the desk.",
        code="desk_no_such_code",
    )


def count_wrong_code(connection: Connection, address: str, now_ms: int) -> None:
    """Raises TooMuch, code ``desk_often``, for somebody who tries many."""
    often = TooMuch(
        "Several codes that do not exist have been typed from here.",
        remedy="Try again in a quarter of an hour.",
        code="desk_often",
    )
    attempts.count_one(connection, "desk code", address, LOOKUPS_MOST, now_ms, often)


def count_complaint(connection: Connection, address: str, now_ms: int) -> None:
    """Raises TooMuch, code ``desk_often``."""
    often = TooMuch(
        "Several errors have just been told from here.", remedy="Try again in a quarter of an hour.", code="desk_often"
    )
    attempts.count_one(connection, "desk complaint", address, COMPLAINTS_MOST, now_ms, often)
