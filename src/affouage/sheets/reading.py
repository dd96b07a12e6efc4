"""What an importer finds in its source, one document at a time. Pure shapes."""

from __future__ import annotations

import msgspec

from affouage.sheets.sheet import Sheet


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was read. ``fingerprint``: of its source and of how it was read; the same the next time means
    that it need not be read again ("": always read again)."""

    sheet: Sheet
    fingerprint: str = ""


class Same(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is as it was the last time: its sheet stays as it is."""

    sheet_id: str
    fingerprint: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A document that could not be read. ``name``: as its source calls it, for whoever mends it. ``reason``: what is
    wrong and what would work, in English; ``code`` and ``details`` say the same to a translation.

    ``sheet_id``: "" when unknown; else a sheet read from it earlier is to be kept rather than archived.
    """

    name: str
    reason: str
    code: str
    details: dict[str, str | int] = {}
    sheet_id: str = ""
