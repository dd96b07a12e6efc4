"""Keys that were taken back, kept beside the keys of the commons: no broker lets them in, however it is restarted."""

from __future__ import annotations

from pathlib import Path

import msgspec

from affouage.errors import HomeReadOnly, SettingsError
from affouage.pool.nodes.commons_keys import pool_folder, write_over

FILE = "revoked.json"

_decode = msgspec.json.Decoder(dict[str, int]).decode


def read_revoked(home: Path) -> dict[str, int]:
    """Second of its revocation, by public key (U...). Raises SettingsError when the file is damaged: fail closed."""
    path = pool_folder(home) / FILE
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(
            f"{path} cannot be read ({type(wrong).__name__}).",
            remedy="Put it back from a backup: it names the machines that may no longer connect.",
            code="pool_revoked",
            file=str(path),
        ) from None


def write_revoked(home: Path, public_key: str, at_s: int) -> dict[str, int]:
    """Add one, for good; all of them. Raises HomeReadOnly, SettingsError."""
    revoked = read_revoked(home)
    if public_key in revoked:
        return revoked
    revoked[public_key] = at_s
    path = pool_folder(home) / FILE
    try:
        write_over(path, msgspec.json.format(msgspec.json.encode(revoked, order="sorted")).decode() + "\n")
    except OSError as refused:
        raise HomeReadOnly(
            f"{path} cannot be written ({refused.strerror}).", remedy="Give this user the right to write there."
        ) from refused
    return revoked
