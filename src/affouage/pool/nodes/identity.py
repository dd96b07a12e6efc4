"""What a machine keeps of the commons it serves: one file for its user alone, with its keys in it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from affouage.errors import HomeReadOnly, SettingsError

FILE = Path("node") / "identity.json"
"""Under the home of the machine."""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This machine in one commons. ``seed`` (nkey SU...) and ``box_private`` (X25519, hex) never leave the machine.

    ``state``: "asked" until a steward has approved; the fields that approval brings (``bus_url``, ``ca_pem``, ``jwt``,
    ``commons_box_key`` in hex) are empty until then. ``ca_pem``: "" when the broker's authority is a public one.
    ``jwt_expires_ms``: when the credential ends unless renewed. ``machine_id``: what the books of that commons call
    this machine, in blocks and heartbeats: its network name, or another when that was taken.
    """

    state: Literal["asked", "approved"] = "asked"
    node_id: str
    name: str
    machine_id: str
    commons_name: str = ""
    commons_url: str
    public_key: str
    seed: str
    box_private: str
    bus_url: str = ""
    ca_pem: str = ""
    jwt: str = ""
    jwt_expires_ms: int = 0
    commons_box_key: str = ""

    def __repr__(self) -> str:
        return f"Enrolled({self.node_id}, {self.state})"  # keys stay out of tracebacks and logs


_decode = msgspec.json.Decoder(Enrolled).decode


def read_identity(home: Path) -> Enrolled | None:
    """What is kept in this home; None when the machine never joined. Raises SettingsError for a file that is wrong."""
    path = home / FILE
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as refused:
        raise SettingsError(
            f"{path} cannot be read: {refused.strerror}.", remedy="Give this user the right to read it."
        ) from refused
    except msgspec.DecodeError:
        raise SettingsError(
            f"{path} is not what this machine wrote there.",
            remedy="Put it aside and join again with a new invitation.",
            code="identity_unreadable",
            path=str(path),
        ) from None


def write_identity(home: Path, enrolled: Enrolled) -> None:
    """Write it whole or not at all, for this user alone. Raises HomeReadOnly."""
    path = home / FILE
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(enrolled))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as refused:
        with suppress(OSError):
            aside.unlink()
        raise HomeReadOnly(
            f"{path} cannot be written ({refused.strerror}).",
            remedy="Give this user the right to write there, or set AFFOUAGE_HOME to another folder.",
        ) from refused


def forget_identity(home: Path) -> None:
    """Forget the commons this machine joined; its credential is worth nothing here afterwards."""
    with suppress(FileNotFoundError):
        (home / FILE).unlink()
