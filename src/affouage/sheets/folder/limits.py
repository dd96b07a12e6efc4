"""What a document may cost. Pure."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds for one document, unless said otherwise.

    ``files``, ``depth``: of the whole folder. ``file_bytes``: on disk. ``unpacked_bytes``: of one part of a packed
    document. ``characters``: of the text read. ``pages``: of a PDF or a TIFF; ``scans``: pages read by sight, the
    others are left unread and named. ``memory_bytes``: of each child program. ``step_s``: wall time between two pages
    of a document; ``cpu_s``: processor time of its whole parsing; ``sight_s``: wall time for one scanned page.
    """

    files: int = 20_000
    depth: int = 16
    file_bytes: int = 200_000_000
    unpacked_bytes: int = 64_000_000
    characters: int = 5_000_000
    pages: int = 2_000
    scans: int = 300
    memory_bytes: int = 2_000_000_000
    step_s: int = 120
    cpu_s: int = 900
    sight_s: int = 300


LIMITS = Limits()
