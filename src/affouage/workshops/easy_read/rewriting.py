"""Rewriting, sentence by sentence: what is asked of a model, what it answered, and whether that may be shown. Pure."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from affouage.french.plain import squeeze
from affouage.french.sentences import sentences
from affouage.workshops.easy_read.check import Language, Report, check
from affouage.workshops.easy_read.meaning import Difference, changed_words, compare_sentence
from affouage.workshops.easy_read.shapes import Finding
from affouage.workshops.easy_read.vocabulary import Bands
from affouage.workshops.easy_read.words import words_in

Status = Literal["kept", "differs", "already_easy", "mended", "not_simpler", "none", "stopped", "not_asked"]
"""``kept``: the meaning check finds nothing. ``differs``: something was lost or added, and is told. ``already_easy``:
nothing had to be done. ``mended``: the program wrote numbers, dates and short forms in full, and no more was needed.
``not_simpler``: what the model wrote is no easier. ``none``: it wrote nothing that can be used. ``stopped``: somebody
stopped it. ``not_asked``: no model was, or not yet."""

SAFE: tuple[Status, ...] = ("kept", "already_easy", "mended")
"""What may stand in a draft before anybody looked at it."""

LINES_MOST = 8
TOKENS_PER_WORD = 4
TOKENS_LEAST = 60

HARMLESS = frozenset(
    ("sentence_long", "negation", "passive", "sentences_on_a_line", "no_title", "no_picture", "date_without_year")
)
"""Findings that do not alone justify asking a model for another sentence."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """For one sentence of a text. ``text``: what is proposed, one sentence a line; the source itself where there is
    nothing better (``already_easy``, ``none``).

    ``differences``: what was lost or added, by the meaning check. ``new_words``, ``lost_words``: words that came and
    went, for the eye. ``findings``: what the checker still says of it. ``receipt_id``: None when no model was asked.
    """

    source: str
    text: str
    status: Status
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    new_words: tuple[str, ...] = ()
    lost_words: tuple[str, ...] = ()
    receipt_id: str | None = None


def needs_rewriting(report: Report, sentence: int) -> bool:
    """Do we need a model for this? Not for a title, nor for a sentence with nothing but small things to say of it."""
    if report.sentences[sentence].kind == "heading":
        return False
    return any(one.rule not in HARMLESS for one in report.of_sentence(sentence))


_SURE = ("date_in_digits", "number_in_letters", "roman_numeral", "abbreviation")


def mended(report: Report, sentence: int) -> str:
    """The sentence with what a program may write in full by itself: dates, numbers, short forms."""
    text = report.sentences[sentence].text
    for one in sorted(report.of_sentence(sentence), key=lambda one: one.start, reverse=True):
        if one.rule in _SURE and one.instead and "et d'autres" not in one.instead:
            text = text[: one.start] + one.instead + text[one.end :]
    return text


def plan(report: Report, bands: Bands | None = None) -> tuple[Proposal, ...]:
    """Of each sentence, what needs no model; those a model may be asked for are ``not_asked``."""
    return tuple(without_model(report, number, bands) for number in range(len(report.sentences)))


def without_model(report: Report, sentence: int, bands: Bands | None = None) -> Proposal:
    """What the program proposes by itself: the sentence as it is, or with numbers, dates and short forms in full."""
    source = report.sentences[sentence].text
    if not needs_rewriting(report, sentence):
        return Proposal(source=source, text=source, status="already_easy")
    text = mended(report, sentence)
    if text == source:
        return Proposal(source=source, text=source, status="not_asked")
    after = check(text, language=report.language, bands=bands)
    enough = not any(needs_rewriting(after, number) for number in range(len(after.sentences)))
    return Proposal(source=source, text=text, status="mended" if enough else "not_asked", findings=after.findings)


def tokens_for(sentence: str) -> int:
    """Word-pieces a rewriting may take at most: more would be an addition."""
    return max(TOKENS_LEAST, TOKENS_PER_WORD * sum(1 for _ in words_in(sentence)))


_LABEL = re.compile(r"^\s*(?:réponse|phrases? réécrites?|réécriture|answer|rewritten)\s*:\s*", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-–—•*]|\d{1,2}[.)])\s+")
_QUOTED = re.compile(r"^[«\"“]\s*(.*?)\s*[»\"”]$", re.DOTALL)


def read_reply(reply: str, *, whole: bool = True) -> tuple[str, ...]:
    """The sentences of a model's answer, one each, without labels, bullets, marks; none said twice.

    ``whole``: False when it was cut at its length: its last sentence is then left out.
    """
    text = _LABEL.sub("", reply.strip())
    quoted = _QUOTED.match(text)
    text = (quoted[1] if quoted else text).replace("**", "")
    text = "\n".join(_BULLET.sub("", line) for line in text.splitlines())
    found = [one.text for one in sentences(text)]
    if not whole and len(found) > 1 and not re.search(r"[.!?]$", found[-1]):
        found.pop()
    kept: dict[str, str] = {}
    for one in found:
        kept.setdefault(squeeze(one), _LABEL.sub("", one))
    return tuple(filter(None, kept.values()))


def judge(
    source: str,
    reply: str,
    *,
    language: Language,
    bands: Bands | None,
    whole: bool = True,
    receipt_id: str | None = None,
) -> Proposal:
    """What to show of a model's ``reply`` for ``source``."""
    lines = read_reply(reply, whole=whole)
    text = "\n".join(lines)
    if not lines or len(lines) > LINES_MOST:
        return Proposal(source=source, text=source, status="none", receipt_id=receipt_id)
    before = check(source, language=language, bands=bands)
    after = check(text, language=language, bands=bands)
    differences = compare_sentence(source, text, language)
    lost, new = changed_words(source, text, language)
    status: Status = "differs" if differences else "kept"
    if squeeze(text) == squeeze(source) or weight(after.findings) >= weight(before.findings):
        status = "not_simpler"
    return Proposal(
        source=source,
        text=text,
        status=status,
        differences=differences,
        findings=after.findings,
        new_words=new,
        lost_words=lost,
        receipt_id=receipt_id,
    )


def weight(findings: tuple[Finding, ...]) -> int:
    """How much there is to change: an error counts three warnings, what is only to be seen counts nothing."""
    return sum(
        3 if one.level == "error" else 1 for one in findings if one.rule not in HARMLESS or one.rule == "sentence_long"
    )
