"""From what somebody gives to a report: which form, which language, and what a dictionary says of the rare words."""

from __future__ import annotations

import re

from affouage.errors import BadRequest
from affouage.french.language import language_of
from affouage.workshops.easy_read.check import Language, Report, check, with_glosses
from affouage.workshops.easy_read.document import Form
from affouage.workshops.easy_read.lexicon import Lexicon

TEXT_MOST = 200_000
"""Characters of a text that is checked."""

_FORMS: dict[str, Form] = {"html": "html", "htm": "html", "xhtml": "html", "md": "markdown", "markdown": "markdown"}


_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def form_of(file_name: str) -> Form:
    """By how the name ends; plain text for any other."""
    return _FORMS.get(file_name.rpartition(".")[2].lower(), "text")


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, or what Windows writes; what draws nothing and is no blank is left out.

    Raises BadRequest ``easy_read_not_text``.
    """
    begin = content[:4096]
    odd = sum(one < 32 and one not in b"\t\n\r\f\v" for one in begin)
    if content.startswith((b"%PDF", b"PK\x03\x04", b"{\\rtf", b"\xd0\xcf\x11\xe0")) or odd * 50 > len(begin):
        raise BadRequest(
            "This file is not a text.",
            remedy="Save it as text, Markdown or HTML from the program that made it, then check that file.",
            code="easy_read_not_text",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return _UNSEEN.sub("", text)


def check_given(text: str, most: int = TEXT_MOST) -> None:
    """Raises BadRequest ``easy_read_empty``, ``easy_read_too_long``."""
    if not text.strip():
        raise BadRequest("There is no text.", remedy="Give a text.", param="text", code="easy_read_empty")
    if len(text) > most:
        raise BadRequest(
            f"The text has {len(text)} characters; {most} at most are read at once.",
            remedy="Check it in several parts.",
            param="text",
            code="easy_read_too_long",
            length=len(text),
            most=most,
        )


def told_language(text: str) -> Language:
    """English when its little words are; French for anything else."""
    return "en" if language_of(text) == "en" else "fr"


def report_on(text: str, language: Language, form: Form, lexicon: Lexicon | None) -> Report:
    """Checked, with what Wiktionary says of rare words. Blocking: about 1 s of processor for 50,000 characters, and
    0.5 s when there are rare words."""
    report = check(text, language=language, form=form, bands=lexicon.bands if lexicon else None)
    rare = report.to_explain()
    return with_glosses(report, lexicon.glosses(rare)) if lexicon and rare else report
