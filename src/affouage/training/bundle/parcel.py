"""A run sent to a machine of the pool and back: settings, texts, a base, checkpoints, figures. No code, no command.

The same manifest and the same checks as a bundle that a person carries; the machine learns with its own program.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec

from affouage.training.bundle import manifest as m
from affouage.training.bundle.importing import _check
from affouage.training.bundle.returned import refused, take_out
from affouage.training.bundle.writing import _copy, _copy_run, _keep, _no_run, _packed, _prints
from affouage.training.folder import (
    CHECKPOINTS,
    CORPUS,
    EVENTS,
    OUT,
    SETTINGS,
    End,
    Evaluated,
    Event,
    Exported,
    RunFolder,
)

ENDING = ".tar.gz"
LINES_BYTES = 64_000
MOST_TOLD_BYTES = 200_000_000
_TOLD_LATER = (Exported, Evaluated, End)
_decode = msgspec.json.Decoder(Event).decode


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """``job``: the first of its manifest's fingerprint, by which both sides know it; ``sha256``: of the archive."""

    job: str
    size_bytes: int
    sha256: str


def write_parcel(folder: Path, target: Path, *, run: str, machine: str, now_ms: int) -> Parcel:
    """What leaves. Raises BadRequest ``bundle_run``, OSError."""
    run_folder = RunFolder(folder)
    try:
        settings = run_folder.settings()
    except (OSError, ValueError):
        raise _no_run(folder, SETTINGS) from None
    with tempfile.TemporaryDirectory(prefix=".parcel-", dir=target.parent) as made:
        whole = Path(made) / f"affouage-{run}"
        _copy_run(run_folder, whole / m.RUN, base=settings.kind != "scratch")
        (whole / m.RUN / CORPUS / "documents.jsonl").unlink(missing_ok=True)  # learning needs the splits alone
        content = m.encoded(
            m.Manifest(format=m.FORMAT, run=run, site=machine, created_ms=now_ms, files=_prints(whole)),
        )
        (whole / m.MANIFEST).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        _packed(whole, Path(made), ENDING).replace(target)
    _keep(folder, digest, content)
    return _parcel(digest[:16], target)


def open_parcel(archive: Path, folder: Path, job: str) -> None:
    """On the machine that learns: the run's folder, made of what arrived. Raises BadRequest ``bundle_results`` when
    anything but a run's own files is in it, or one is not as the manifest says."""
    with tempfile.TemporaryDirectory(prefix=".open-", dir=folder.parent) as made:
        aside = Path(made)
        taken = take_out(archive, aside)
        digest = taken.pop(m.MANIFEST, "")
        if digest[:16] != job:
            raise refused("it is not the run that was announced.")
        content = (aside / m.MANIFEST).read_bytes()
        try:
            manifest = msgspec.json.decode(content, type=m.Manifest)
            RunFolder(aside / m.RUN).settings()
        except (OSError, ValueError):
            raise refused("its settings cannot be understood: are both programs of the same version?") from None
        if taken != {path: file.sha256 for path, file in manifest.files.items()}:
            raise refused("its files are not those of its manifest.")
        for path in taken:
            if not path.startswith(f"{m.RUN}/") or path.startswith(f"{m.RUN}/{OUT}/"):
                raise refused(f"{path!r:.120} is nothing that a run is sent with.", path=path[:200])
        _keep(aside / m.RUN, digest, content)
        (aside / m.RUN).rename(folder)


def write_return(folder: Path, target: Path, job: str) -> Parcel:
    """What goes back from there: what the run told, what it made, and the checkpoint to go on from. Raises OSError."""
    run = RunFolder(folder)
    with tempfile.TemporaryDirectory(prefix=".return-", dir=target.parent) as made:
        whole = Path(made) / f"retour-{job}"
        _copy(folder / m.KEPT / f"{job}.json", whole / m.MANIFEST)
        steps = sorted(run.checkpoints.glob("step-*"))[-1:]
        files = [run.settings_path, run.corpus / "manifest.json", run.events_path, run.checkpoints / "best.pt"]
        files += [file for one in (*steps, run.out) for file in sorted(one.rglob("*"))]
        for file in files:
            path = file.relative_to(folder)
            if file.is_file() and not any(part.startswith(".") for part in path.parts):
                _copy(file, whole / m.RUN / path)
        _packed(whole, Path(made), ENDING).replace(target)
    return _parcel(job, target)


def lines_to_tell(folder: Path, offset: int) -> bytes:
    """Whole lines told since ``offset``, up to the first that says what came out: that comes with it."""
    said, at = b"", offset
    for event, after in RunFolder(folder).events(offset):
        if isinstance(event, _TOLD_LATER) or after - offset > LINES_BYTES:
            break
        at = after
    if at > offset:
        with (folder / EVENTS).open("rb") as told:
            told.seek(offset)
            said = told.read(at - offset)
    return said


def append_told(folder: Path, offset: int, lines: bytes) -> int:
    """At home: what the run tells from there goes on where the file ends; how long it is then.

    Lines from elsewhere in the file change nothing. Raises BadRequest ``bundle_results`` for what no run tells.
    """
    run = RunFolder(folder)
    size = run.events_path.stat().st_size if run.events_path.is_file() else 0
    if offset != size or not lines:
        return size
    settings = run.settings()
    if size + len(lines) > MOST_TOLD_BYTES:
        raise refused("it tells more than a run has to tell.")
    if not lines.endswith(b"\n"):
        raise refused("it tells half a line.")
    for line in lines.splitlines():
        try:
            event = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise refused("it tells something that no run tells.") from None
        if isinstance(event, _TOLD_LATER):
            raise refused("it tells its end before its results.")
        _check(event, settings)
    with run.events_path.open("ab") as told:
        told.write(lines)
    return size + len(lines)


def last_step(folder: Path) -> int:
    """To which a checkpoint that is here lets the run go on; 0 for none."""
    kept = (one.name.removeprefix("step-") for one in (folder / CHECKPOINTS).glob("step-*"))
    return max((int(one) for one in kept if one.isdigit()), default=0)


def _parcel(job: str, path: Path) -> Parcel:
    found = m.fingerprint(path)
    return Parcel(job=job, size_bytes=found.bytes, sha256=found.sha256)
