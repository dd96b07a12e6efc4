"""Reads back what a person brought from a public computer: believed only as far as fingerprints go, put in its place.

The settings and the texts must be those that left; what the run told must go on from what it had told before; a model
must be the one that the run says it wrote. What cannot be verified here (that the machine was what it says, that the
counter was right) is told as what it is: the site's word.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from affouage.errors import NotFound, SetUpError
from affouage.training import site_energy
from affouage.training.bundle import manifest as m
from affouage.training.bundle.returned import refused, take_out
from affouage.training.folder import (
    CHECKPOINTS,
    CORPUS,
    EVENTS,
    OUT,
    SETTINGS,
    End,
    Event,
    Exported,
    Progress,
    RunFolder,
)
from affouage.training.settings import RunSettings

DONE = ("done", "early_stop")
_NEVER_MIND = "Bring back the folder as it left; or import it into the run that it was written from."


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """``end``: how the run ended, None when it was cut without a word; ``step`` of ``steps`` it came to; ``new``:
    events told since it left; ``checkpoint``: the last step it may go on from; ``made``: files of the model, all as the
    run says; ``unlisted``: files it brought that the run does not speak of, left out; ``energy_uj``: the site's word,
    None when it does not count; ``goes``: how many times it ran there; ``unreadable``: lines that tell nothing."""

    bundle: str
    site: str
    end: End | None
    step: int
    steps: int
    new: int
    checkpoint: int | None
    made: tuple[str, ...]
    unlisted: tuple[str, ...]
    energy_uj: int | None
    energy_source: str
    elapsed_s: int | None
    goes: int
    unreadable: int

    @property
    def whole(self) -> bool:
        return self.end is not None and self.end.reason in DONE and bool(self.made)


def import_results(source: Path, folder: Path) -> Imported:
    """``source``: the archive, or the folder; ``folder``: the run's, here. Done twice, it comes to the same.

    Raises BadRequest (``bundle_results``), NotFound (``bundle_unknown``: it left from another run), SetUpError.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".import-", dir=folder) as made:
            aside = Path(made)
            taken = take_out(source, aside)
            manifest, name = _left_from(folder, taken, aside)
            _check_unmoved(manifest, taken)
            _check_sums(taken, aside)
            found = _read(folder, aside, manifest, name, taken)
            _put(folder, aside, found)
            return found
    except OSError as wrong:
        raise SetUpError(
            f"The results could not be read or put in place: {wrong.strerror}.",
            remedy="Look at the room on this disk, and at who may write in the home.",
            code="bundle_disk",
            path=str(folder),
        ) from wrong


def _left_from(folder: Path, taken: dict[str, str], aside: Path) -> tuple[m.Manifest, str]:
    """The manifest as it was kept here: the one that comes back only says which it is."""
    digest = taken.get(m.MANIFEST)
    if digest is None:
        raise refused("manifest.json did not come back.")
    kept = folder / m.KEPT / f"{digest[:16]}.json"
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != digest:
        raise NotFound(
            "These results are of no bundle that left from this run, or their manifest was changed.",
            remedy=_NEVER_MIND,
            code="bundle_unknown",
            sha256=digest,
        )
    return msgspec.json.decode(kept.read_bytes(), type=m.Manifest), digest[:16]


def _check_unmoved(manifest: m.Manifest, taken: dict[str, str]) -> None:
    for path in (f"{m.RUN}/{SETTINGS}", f"{m.RUN}/{CORPUS}/manifest.json"):
        if path not in taken:
            raise refused(f"{path} did not come back.")
    for path, digest in taken.items():
        if m.is_moving(path) or path.startswith(f"{m.FACTS}/") or path in (m.MANIFEST, m.SUMS, m.JOB):
            continue
        left = manifest.files.get(path)
        if left is None or left.sha256 != digest:
            raise refused(f"{path} is not as it left: this is another run.", _NEVER_MIND, path=path)


def _check_sums(taken: dict[str, str], aside: Path) -> None:
    """What ``rapporter.sh`` counted must be there as it counted it; a folder brought back whole may have no count."""
    if m.RETURN_SUMS not in taken:
        return
    try:
        counted = m.read_sums((aside / m.RETURN_SUMS).read_text(encoding="utf-8"))
    except ValueError:
        raise refused(f"{m.RETURN_SUMS} cannot be read.") from None
    for path, digest in counted.items():
        if taken.get(path) != digest:
            raise refused(f"{path} was changed or lost on its way.", path=path)


def _read(folder: Path, aside: Path, manifest: m.Manifest, name: str, taken: dict[str, str]) -> Imported:
    there = RunFolder(aside / m.RUN)
    settings = there.settings()
    before, lines = _goes_on(folder, there), 0
    if there.events_path.is_file():
        with there.events_path.open("rb") as every:
            lines = sum(1 for _ in every)
    told = [event for event, _ in there.events()]
    for event in told:
        _check(event, settings)
    last = told[-1] if told else None
    made, unlisted = _model(told, taken)
    steps = [event.step for event in told if isinstance(event, Progress)]
    kept = sorted(int(path.split("/")[2].removeprefix("step-")) for path in taken if f"/{CHECKPOINTS}/step-" in path)
    counted = _counted(aside / m.FACTS)
    return Imported(
        bundle=name,
        site=manifest.site,
        end=last if isinstance(last, End) else None,
        step=max(steps, default=0),
        steps=settings.steps,
        new=sum(1 for _, after in there.events() if after > before),
        checkpoint=kept[-1] if kept else None,
        made=made,
        unlisted=unlisted,
        energy_uj=counted.energy_uj if counted else None,
        energy_source=site_energy.SOURCE if counted and counted.energy_uj is not None else "",
        elapsed_s=counted.elapsed_s if counted else None,
        goes=_passages(aside / m.FACTS),
        unreadable=lines - len(told),
    )


def _goes_on(folder: Path, there: RunFolder) -> int:
    """The byte where what is new begins. What was told here before must stand unchanged at the beginning."""
    known = folder / EVENTS
    size = known.stat().st_size if known.is_file() else 0
    if not size:
        return 0
    if not there.events_path.is_file() or there.events_path.stat().st_size < size:
        raise refused(
            "it tells less than what is known here already.",
            "It may have been imported already, or the run went on here since: then nothing is to be brought back.",
        )
    with known.open("rb") as ours, there.events_path.open("rb") as theirs:
        while block := ours.read(1 << 20):
            if theirs.read(len(block)) != block:
                raise refused("it tells another story than the one that had begun here.", _NEVER_MIND)
    return size


def _check(event: Event, settings: RunSettings) -> None:
    if isinstance(event, Progress) and (event.steps != settings.steps or not 0 < event.step <= settings.steps):
        raise refused(f"step {event.step} of {event.steps} is none of these settings.")
    for text in (one for one in msgspec.structs.astuple(event) if isinstance(one, str)):
        if not text.replace("\n", "").replace("\t", "").isprintable():
            raise refused("it tells something with signs that command a terminal.")


def _model(told: Sequence[Event], taken: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files of the model that the run's last word about each confirms; those it never spoke of."""
    said = {event.name: event for event in told if isinstance(event, Exported)}
    here = {path.removeprefix(f"{m.RUN}/{OUT}/"): digest for path, digest in taken.items() if f"/{OUT}/" in path}
    for name, event in said.items():
        if name not in here:
            raise refused(f"the model's file {name!r:.120}, which the run says it wrote, did not come back.")
        if here[name] != event.sha256:
            raise refused(f"the model's file {name!r:.120} is not the one that the run says it wrote.")
    return tuple(sorted(said)), tuple(sorted(here.keys() - said.keys()))


def _counted(facts: Path) -> site_energy.Told | None:
    """All jobs together; energy only where each of them was counted."""
    jobs = []
    for file in sorted(facts.glob("sacct-*.txt")):
        job = file.stem.removeprefix("sacct-")
        told = site_energy.read_told(file.read_text(encoding="utf-8", errors="replace"), job)
        if told is not None:
            jobs.append(told)
    if not jobs:
        return None
    known = [one.energy_uj for one in jobs if one.energy_uj is not None]
    return msgspec.structs.replace(
        jobs[-1],
        goes=sum(one.goes for one in jobs),
        energy_uj=sum(known) if len(known) == len(jobs) else None,
        elapsed_s=sum(one.elapsed_s for one in jobs),
    )


def _passages(facts: Path) -> int:
    try:
        return len((facts / "passages.txt").read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return 0


def _put(folder: Path, aside: Path, found: Imported) -> None:
    """The model and the checkpoints first, what tells of them last: cut anywhere, doing it again finishes it."""
    there = aside / m.RUN
    for name in found.unlisted:
        (there / OUT / name).unlink()
    for name in (OUT, CHECKPOINTS):
        if (there / name).is_dir():
            for file in sorted(there.joinpath(name).rglob("*")):
                if file.is_file():
                    target = folder / name / file.relative_to(there / name)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    file.replace(target)
    if (aside / m.FACTS).is_dir():
        shutil.copytree(aside / m.FACTS, folder / m.FACTS, dirs_exist_ok=True)
    if (there / EVENTS).is_file():
        (there / EVENTS).replace(folder / EVENTS)
    mark = folder / m.KEPT / f"{found.bundle}.imported"
    aside_mark = aside / "imported"
    aside_mark.write_bytes(msgspec.json.encode(found))
    aside_mark.replace(mark)
