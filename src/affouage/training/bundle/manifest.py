"""What is in a bundle, by fingerprint; and what may change while it is away. Pure but for the reading of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from affouage.training.folder import CHECKPOINTS, EVENTS, OUT

FORMAT = "affouage-bundle/1"
MANIFEST, SUMS, README, JOB, REPORT, OFFLINE = (
    "manifest.json", "SHA256SUMS", "LISEZMOI.md", "soumettre.slurm", "rapporter.sh", "hors-ligne.txt",
)  # fmt: skip
RUN, SOURCE, PACKAGES, FACTS = "run", "source", "paquets", "site"
RETURN_SUMS = f"{FACTS}/retour.sha256"
KEPT = "bundles"
"""In a run's folder here: the manifests of the bundles that left, NAME.json; NAME.imported once one came back."""

MOVING = tuple(f"{RUN}/{one}" for one in (EVENTS, CHECKPOINTS, OUT))
"""What a run writes: the rest must come back as it left, or not at all."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``files``: by path in the bundle, itself and SHA256SUMS excepted; ``site``: what it was called here."""

    format: str
    run: str
    site: str
    created_ms: int
    files: dict[str, File]

    @property
    def unmoved(self) -> dict[str, File]:
        return {path: file for path, file in self.files.items() if not is_moving(path)}


def is_moving(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in MOVING)


def fingerprint(path: Path) -> File:
    """Raises OSError."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return File(path.stat().st_size, digest)


def encoded(manifest: Manifest) -> bytes:
    """The same bytes for the same manifest: their sha256 names the bundle."""
    sorted_files = {path: manifest.files[path] for path in sorted(manifest.files)}
    return (
        msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(manifest, files=sorted_files)), indent=1)
        + b"\n"
    )


def sums(files: dict[str, File]) -> str:
    """As ``sha256sum --check`` reads them; names hold no newline."""
    return "".join(f"{files[path].sha256}  {path}\n" for path in sorted(files))


def read_sums(text: str) -> dict[str, str]:
    """Raises ValueError for what ``sha256sum`` does not write."""
    found = {}
    for line in text.splitlines():
        digest, space, path = line[:64], line[64:66], line[66:]
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or space not in ("  ", " *") or not path:
            raise ValueError(line[:80])
        found[path] = digest
    return found
