"""Writes a bundle: everything copied, fingerprinted, then put in its place at once."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from affouage.clock import Clock, SystemClock
from affouage.errors import BadRequest, Conflict, SetUpError
from affouage.training.bundle import manifest as m
from affouage.training.bundle.code import code_of, locked
from affouage.training.bundle.readme import offline_list, readme
from affouage.training.bundle.script import job_script, report_script
from affouage.training.folder import BASE, CHECKPOINTS, CORPUS, EVENTS, SETTINGS, RunFolder
from affouage.training.site import Site, checked

ENDINGS = (".tar.gz", ".tgz", ".tar.zst")
_CORPUS_FILES = ("manifest.json", "documents.jsonl", "splits/train.jsonl", "splits/held_out.jsonl", "splits/test.jsonl")
_PROGRAMS = (m.JOB, m.REPORT)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """``sha256``: of its manifest, by which whoever carries it knows it; ``texts_bytes``: of the corpus that leaves."""

    path: Path
    sha256: str
    files: int
    bytes: int
    texts_bytes: int


def write_bundle(
    folder: Path, site: Site, target: Path, *, run: str = "", site_name: str = "", clock: Clock | None = None
) -> Written:
    """A folder, or an archive when ``target`` ends so (:data:`ENDINGS`). Its manifest stays in the run's folder too.

    Raises BadRequest (``bundle_run``: no settings, no corpus, no base), Conflict (``bundle_target``: it exists),
    SettingsError, SetUpError (no room, no locks). Interrupted, it leaves nothing at ``target``.
    """
    checked(site, site_name or "the site")
    name = run or folder.resolve().name
    if target.exists():
        raise Conflict(
            f"{target} exists already.", remedy="Give another name: a bundle is never written over another.",
            code="bundle_target", path=str(target),
        )  # fmt: skip
    ending = next((one for one in ENDINGS if target.name.endswith(one)), "")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bundle-", dir=target.parent) as aside:
            whole = Path(aside) / f"affouage-{name}"
            made = _fill(whole, RunFolder(folder), site, name, site_name or "slurm", (clock or SystemClock()).now_ms())
            packed = _packed(whole, Path(aside), ending) if ending else whole
            content = m.encoded(made)
            digest = hashlib.sha256(content).hexdigest()
            _keep(folder, digest, content)
            packed.rename(target)
    except OSError as refused:
        raise SetUpError(
            f"The bundle could not be written in {target.parent}: {refused.strerror}.",
            remedy="Look at the room on that disk and at who may write there.",
            code="bundle_disk",
            path=str(target.parent),
        ) from refused
    texts = sum(file.bytes for path, file in made.files.items() if path.startswith(f"{m.RUN}/{CORPUS}/"))
    size = sum(file.bytes for file in made.files.values())
    return Written(path=target, sha256=digest, files=len(made.files), bytes=size, texts_bytes=texts)


def _fill(whole: Path, run: RunFolder, site: Site, name: str, site_name: str, now_ms: int) -> m.Manifest:
    try:
        settings = run.settings()
    except (OSError, ValueError):
        raise _no_run(run.path, SETTINGS) from None
    _copy_run(run, whole / m.RUN, base=settings.kind != "scratch")
    code = code_of()
    for path, file in code.files.items():
        _copy(file, whole / m.SOURCE / path)
    packages = locked(code.imports)
    _write(whole / m.PACKAGES / "requirements.txt", packages.text)
    _write(whole / m.JOB, job_script(name, site), program=True)
    _write(whole / m.REPORT, report_script(name), program=True)
    before = m.Manifest(format=m.FORMAT, run=name, site=site_name, created_ms=now_ms, files=_prints(whole))
    _write(whole / m.README, readme(before, settings, site, packages))
    _write(whole / m.OFFLINE, offline_list(before, packages, site))
    made = msgspec.structs.replace(before, files=_prints(whole))
    (whole / m.MANIFEST).write_bytes(m.encoded(made))
    # The job may be corrected there: its own lines are no part of what is checked before it begins.
    checked_there = {path: file for path, file in made.unmoved.items() if path != m.JOB}
    checked_there[m.MANIFEST] = m.fingerprint(whole / m.MANIFEST)
    _write(whole / m.SUMS, m.sums(checked_there))
    return made


def _copy_run(run: RunFolder, there: Path, *, base: bool) -> None:
    _copy(run.settings_path, there / SETTINGS)
    for one in _CORPUS_FILES:
        if (run.corpus / one).is_file():
            _copy(run.corpus / one, there / CORPUS / one)
    for needed in ("manifest.json", "splits/train.jsonl"):
        if not (there / CORPUS / needed).is_file():
            raise _no_run(run.path, f"{CORPUS}/{needed}")
    if base:
        if not run.base.is_file():
            raise _no_run(run.path, BASE)
        _copy(run.base, there / BASE)
    if run.events_path.is_file():  # it goes on from where it stands
        _copy(run.events_path, there / EVENTS)
        for file in sorted(run.checkpoints.rglob("*")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(run.path).parts):
                _copy(file, there / CHECKPOINTS / file.relative_to(run.checkpoints))


def _no_run(folder: Path, lacking: str) -> BadRequest:
    return BadRequest(
        f"{folder} is not the folder of a run that can leave: {lacking} is not there, or cannot be read.",
        remedy="Plan the run first: affouage train plan NAME ...",
        code="bundle_run",
        lacking=lacking,
    )


def _copy(file: Path, there: Path) -> None:
    """Its content, never a link to it."""
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, there)


def _write(path: Path, text: str, *, program: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755 if program else 0o644)


def _prints(whole: Path) -> dict[str, m.File]:
    files = sorted(file for file in whole.rglob("*") if file.is_file())
    return {file.relative_to(whole).as_posix(): m.fingerprint(file) for file in files}


def _keep(folder: Path, digest: str, content: bytes) -> None:
    kept = folder / m.KEPT
    kept.mkdir(exist_ok=True)
    (kept / f"{digest[:16]}.json").write_bytes(content)


def _packed(whole: Path, aside: Path, ending: str) -> Path:
    packed = aside / f"packed{ending}"
    with (
        _compressing(packed, ending) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in sorted(whole.rglob("*")):
            if file.is_file():
                member = tarfile.TarInfo(f"{whole.name}/{file.relative_to(whole).as_posix()}")
                member.size, member.mode = file.stat().st_size, 0o755 if file.name in _PROGRAMS else 0o644
                with file.open("rb") as content:
                    tar.addfile(member, content)
    shutil.rmtree(whole)
    return packed


@contextmanager
def _compressing(path: Path, ending: str) -> Iterator[IO[bytes]]:
    """Nothing of this machine in it: no date, no name."""
    if ending == ".tar.zst":
        with path.open("wb") as raw, zstd().ZstdCompressor(level=6).stream_writer(raw) as packing:
            yield packing
        return
    import gzip

    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packing,
    ):
        yield packing  # type: ignore[misc]


def zstd() -> Any:
    try:
        import zstandard
    except ImportError:
        raise SetUpError(
            "Archives in .zst need the packages of the training device.",
            remedy="make training; or an archive in .tar.gz",
            code="training_extra",
        ) from None
    return zstandard
