"""Reading tar archives that others made: headers that ``tarfile`` would read whole into memory are bounded."""

from __future__ import annotations

import tarfile
from typing import Any

HEADER_BYTES_MOST = 65_536
"""Of one extended header: names and attributes. Packed, a header of a gigabyte weighs less than one."""

_WHOLE = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)


class HeaderTooLarge(tarfile.ReadError):
    """One of its headers is larger than it can be."""


class CarefulTarInfo(tarfile.TarInfo):
    """Give it as ``tarinfo=`` to ``tarfile.open``. Raises HeaderTooLarge."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in _WHOLE and self.size > HEADER_BYTES_MOST:
            raise HeaderTooLarge("one of its headers is larger than it can be")
        return super()._proc_member(tar)  # type: ignore[misc]
