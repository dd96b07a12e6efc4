"""What of an official source cannot be read, and why: one bad file loses no other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.errors import BadRequest
from affouage.sheets.reading import Refused

REASONS: Mapping[str, tuple[str, str]] = {
    # of a file of the archive
    "xml_too_large": ("It is larger than {most_mb} MB: no official sheet is.", ""),
    "xml_too_deep": ("Its elements are nested more than {most} deep.", ""),
    "xml_entities": ("It declares entities of its own, which no official sheet does.", ""),
    "xml_encoding": ("It is not in the encoding it announces, or in one that is not read.", ""),
    "xml_broken": ("It is not well-formed XML: cut short, or damaged.", ""),
    "xml_other": ("It is not a sheet: {tag} where a Publication was expected.", ""),
    "sheet_no_title": ("It has no title.", ""),
    "sheet_wrong_id": ("It calls itself {id}, its file says otherwise.", ""),
    "sheet_twice": ("Another document of the same id, {id}, was read before it.", ""),
    "zip_encrypted": ("It is encrypted.", ""),
    "zip_member": ("It is damaged in the archive.", ""),
    "zip_bomb": ("It is packed more tightly than any text is: a trap.", ""),
    "zip_path": ("Its name points outside of the archive.", ""),
    "json_entry": ("It is not written as the others are: {key} is missing or wrong.", ""),
    # of a whole source
    "zip_damaged": ("It is no zip archive, or one that was cut short.", "Download it again."),
    "zip_too_many": ("It holds more than {most} files.", "No official archive does: see where it comes from."),
    "zip_too_large": ("It unpacks to more than {most_mb} MB.", "No official archive does: see where it comes from."),
    "json_damaged": ("It is no JSON of the labour ministry's sheets, or one that was cut short.", "Get it again."),
    "source_too_large": ("It is larger than {most_mb} MB.", "No official file is: see where it comes from."),
    "source_empty": ("It holds no sheet at all.", "Give an archive of official sheets, or a folder of documents."),
    "source_unreadable": ("It cannot be read: {why}.", "See its name, and who may read it."),
}
"""code: (what is wrong, what would work). The blanks are filled from the details."""


class Unreadable(Exception):
    """``code``: one of ``REASONS``; ``details`` fill its blanks."""

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.code, self.details = code, details

    @property
    def reason(self) -> str:
        return " ".join(one for one in REASONS[self.code] if one).format_map(self.details)


def refused(name: str, why: Unreadable, sheet_id: str = "") -> Refused:
    """One document less."""
    return Refused(name=name, reason=why.reason, code=why.code, details=why.details, sheet_id=sheet_id)


def nothing_read(name: str, why: Unreadable) -> BadRequest:
    """The whole source is refused, and nothing was changed."""
    wrong, remedy = (one.format_map(why.details) for one in REASONS[why.code])
    details: dict[str, Any] = {"name": name, **why.details}
    return BadRequest(f"{name}: {wrong}", remedy=remedy, code=why.code, **details)
