"""The built corpus a run learns from, as far as a run has to know it: its manifest, its licences, its sizes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from affouage.errors import BadRequest
from affouage.training.corpus.store import Corpora, is_withdrawn

MANIFEST = "manifest.json"
TRAIN, HELD_OUT = "splits/train.jsonl", "splits/held_out.jsonl"


class CorpusFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``sha256``: by which the corpus is called, of its documents and splits; ``manifest_sha256``: of the manifest's
    file. ``licences``: how many documents have each; None when the manifest does not tell. ``train_bytes`` and
    ``held_out_bytes``: of the files of its splits."""

    path: Path
    name: str
    sha256: str
    manifest_sha256: str
    documents: int | None
    licences: dict[str, int] | None
    train_bytes: int
    held_out_bytes: int


def corpus_facts(path: Path) -> CorpusFacts:
    """Raises BadRequest ``training_corpus`` for a folder that is no built corpus."""
    try:
        text = (path / MANIFEST).read_bytes()
        manifest: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        train_bytes = (path / TRAIN).stat().st_size
    except (OSError, msgspec.MsgspecError) as wrong:
        raise BadRequest(
            f"{path} is no built corpus: {wrong}.",
            remedy="Build one (affouage corpus build), or name a folder with manifest.json and splits/train.jsonl.",
            code="training_corpus",
        ) from wrong
    held_out, manifest_sha256 = path / HELD_OUT, hashlib.sha256(text).hexdigest()
    own = manifest.get("sha256")
    licences = manifest.get("licences")
    documents = manifest.get("documents")
    return CorpusFacts(
        path=path,
        name=str(manifest.get("name") or path.name),
        sha256=own if isinstance(own, str) and own else manifest_sha256,
        manifest_sha256=manifest_sha256,
        documents=documents if isinstance(documents, int) else None,
        licences={str(one): int(many) for one, many in licences.items()} if isinstance(licences, dict) else None,
        train_bytes=train_bytes,
        held_out_bytes=held_out.stat().st_size if held_out.is_file() else 0,
    )


def taken_back(home: Path, corpus_sha256: str) -> list[str]:
    """Members who have taken back their consent to texts that this corpus holds, as it names them. Read anew."""
    corpora = Corpora(home)
    found: list[str] = []
    for name in corpora.names():
        withdrawals = corpora.withdrawals(name)
        builds = corpora.builds(name) if withdrawals else ()
        for consent in (
            one for build in builds if build.manifest.sha256 == corpus_sha256 for one in build.manifest.consents
        ):
            if consent.documents and is_withdrawn(withdrawals, consent.member, consent.day):
                found.append(consent.member)
    return sorted(set(found))
