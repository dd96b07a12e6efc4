"""Why a document could not be read: a code, the sentence for a person, and what would work. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from affouage.sheets.reading import Refused

REASONS: Mapping[str, tuple[str, str]] = {
    "document_link": (
        "It is a link to another place, and links are not followed.",
        "Put the document itself in the folder.",
    ),
    "document_not_a_file": ("It is not an ordinary file.", "Take it out of the folder."),
    "document_unreadable": ("It could not be opened.", "See who may read it."),
    "document_too_large": (
        "It weighs {mb} MB; at most {most_mb} MB are read.",
        "Split it, or save it with smaller pictures.",
    ),
    "document_too_deep": ("It lies too deep in the folder.", "Put it at most {most} folders down."),
    "too_many_documents": ("The folder holds more than {most} files: the rest was left out.", "Share them out."),
    "document_same": ("It is the same document as {other}.", "Keep a single copy of it."),
    "document_format": (
        "This format is not read.",
        "Save it as PDF, ODT, DOCX, HTML, Markdown, text, PNG, JPEG or TIFF.",
    ),
    "document_old_office": (
        "It is in an old office format, or protected by a password.",
        "Open it and save it as ODT, DOCX or PDF, without a password.",
    ),
    "document_not_what_it_says": (
        "Its content is not what its name says ({kind}).",
        "Open it and save it again in that format.",
    ),
    "document_protected": ("It is protected by a password.", "Save a copy of it without a password."),
    "document_damaged": ("It is damaged or cut short.", "Open it, save it again, or copy it anew."),
    "document_pages": ("It has {pages} pages; at most {most} are read.", "Split it."),
    "document_long": ("Its text is too long: more than {most} characters.", "Split it."),
    "document_swells": ("Unpacked, it would take more than {most_mb} MB.", "Save it again, or split it."),
    "document_twisted": ("It is not built as a document of its kind is.", "Open it and save it again."),
    "document_too_hard": (
        "Reading it took too much time or memory, and was stopped.",
        "Save it again as PDF or as text; large pictures may be made smaller.",
    ),
    "document_encoding": ("It is not a text that can be read.", "Save it as text in UTF-8."),
    "document_empty": (
        "There is nothing to read in it.",
        "If its pages are pictures, scan them again, darker.",
    ),
    "document_no_tesseract": (
        "Its pages are pictures, and the program that reads those, Tesseract, is not installed.",
        "On Debian or Ubuntu: sudo apt install tesseract-ocr tesseract-ocr-fra. Then import again.",
    ),
    "document_no_french": (
        "Its pages are pictures, and Tesseract has not learnt French here.",
        "On Debian or Ubuntu: sudo apt install tesseract-ocr-fra. Then import again.",
    ),
}
"""code: (what is wrong, what would work). The blanks are filled from the details."""


class CannotRead(Exception):
    """A document is refused. ``code``: one of ``REASONS``; ``details`` fill its blanks."""

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def told_by_child(code: str, details: Mapping[str, str | int]) -> CannotRead:
    """What a child says, believed only where it makes a sentence: the document may have got the better of it."""
    try:
        for sentence in REASONS[code]:
            sentence.format_map(details)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return CannotRead("document_damaged")
    return CannotRead(code, **details)


def refused(name: str, why: CannotRead, sheet_id: str = "") -> Refused:
    wrong, remedy = REASONS[why.code]
    reason = f"{wrong} {remedy}".format_map(why.details)
    return Refused(name=name, reason=reason, code=why.code, details=why.details, sheet_id=sheet_id)
