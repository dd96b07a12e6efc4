"""Texts of the desk: cleaned, bounded, measured, digested. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import msgspec

from affouage.errors import BadRequest
from affouage.workshops.desk.shapes import Draft, Letter

QUESTION_MOST = 2_000
ANSWER_MOST = 10_000
REASON_LEAST, REASON_MOST = 10, 2_000
WORDS_MOST = 1_000
"""Of what somebody says is wrong."""
CONTACT_MOST = 120
WORDS_PER_MINUTE = 230
"""Of somebody who reads to check."""

_KEPT = "\n\t\u200c\u200d"
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_encode = msgspec.json.Encoder(order="deterministic").encode


def clean(text: str) -> str:
    """The same text in NFC, without what a reader does not see (but line ends and the joiners some scripts need),
    without blanks around or runs of empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(one for one in text if one in _KEPT or unicodedata.category(one) not in ("Cc", "Cf", "Cs"))
    return re.sub(r"\n{3,}", "\n\n", unicodedata.normalize("NFC", text)).strip()


def check_question(text: str) -> str:
    """The question as it is kept. Raises BadRequest: ``desk_question_empty``, ``desk_question_long``."""
    cleaned = clean(text[: 4 * QUESTION_MOST])
    if not any(one.isalnum() for one in cleaned):
        raise BadRequest(
            "There is no question.", remedy="Write it in a sentence.", param="question", code="desk_question_empty"
        )
    if len(text) > 4 * QUESTION_MOST or len(cleaned) > QUESTION_MOST:
        raise BadRequest(
            f"A question has at most {QUESTION_MOST} characters.",
            remedy="Shorten it, or ask several questions one after the other.",
            param="question",
            code="desk_question_long",
            most=QUESTION_MOST,
        )
    return cleaned


def check_answer(text: str) -> str:
    """What leaves. Raises BadRequest, code ``desk_answer``."""
    cleaned = clean(text[: 2 * ANSWER_MOST])
    if not 1 <= len(cleaned) <= ANSWER_MOST or len(text) > 2 * ANSWER_MOST:
        raise BadRequest(
            f"An answer has 1 to {ANSWER_MOST} characters.",
            remedy="Write it, or shorten it.",
            param="text",
            code="desk_answer",
            most=ANSWER_MOST,
        )
    return cleaned


def check_reason(text: str) -> str:
    """Why, or to whom to turn: it leaves as it is. Raises BadRequest, code ``desk_reason``."""
    return _bounded(text, REASON_LEAST, REASON_MOST, "reason", "desk_reason")


def check_words(text: str) -> str:
    """What is wrong, in somebody's words; they may say nothing. Raises BadRequest, code ``desk_words``."""
    return _bounded(text, 0, WORDS_MOST, "words", "desk_words")


def check_contact(text: str) -> str:
    """A telephone number or an address, or nothing. Raises BadRequest, code ``desk_contact``."""
    return " ".join(_bounded(text, 0, CONTACT_MOST, "contact", "desk_contact").split())


def _bounded(text: str, least: int, most: int, param: str, code: str) -> str:
    cleaned = clean(text[: 4 * most])
    if not least <= len(cleaned) <= most or len(text) > 4 * most:
        raise BadRequest(
            f"{param} has {least} to {most} characters.",
            remedy="Write a sentence or two.",
            param=param,
            code=code,
            least=least,
            most=most,
        )
    return cleaned


# -- measures ----------------------------------------------------------------------------------------------------------


def words(text: str) -> int:
    """How many words."""
    return sum(1 for one in _WORD.findall(text) if one[0].isalnum())


def reading_ms(text: str) -> int:
    """How long reading takes somebody who checks."""
    return words(text) * 60_000 // WORDS_PER_MINUTE


def words_changed(before: str, after: str) -> int:
    """Words and signs inserted, deleted or replaced from one text to the other, at the least (Levenshtein)."""
    return _distance(_WORD.findall(before), _WORD.findall(after))


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Bit-parallel (Myers 1999, as Hyyrö 2003 writes it): one step of whole-number arithmetic for each word."""
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for at, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << at
    full, top = (1 << len(one)) - 1, 1 << len(one) - 1
    up, down, distance = full, 0, len(one)
    for word in other:
        match = places.get(word, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        rises = down | ~(diagonal | up) & full
        falls = up & diagonal
        distance += bool(rises & top) - bool(falls & top)
        rises, falls = (rises << 1 | 1) & full, falls << 1 & full
        up, down = falls | ~(diagonal | rises) & full, rises & diagonal
    return distance


# -- digests -----------------------------------------------------------------------------------------------------------


def letter_body(letter: Letter) -> str:
    """Its canonical JSON, as it is kept and digested."""
    return _encode(letter).decode()


def digest(body: str) -> str:
    """64 hexadecimal digits of SHA-256."""
    return hashlib.sha256(body.encode()).hexdigest()


def draft_digest(draft: Draft) -> str:
    """What tells whether a draft is still the one somebody read."""
    return digest(_encode((draft.sentences, draft.cited)).decode())
