"""What a site's own counter says that a job used: the lines of ``sacct``, read. Pure.

Slurm counts whole machines, from the beginning of a step to its end: the figure is the job's alone only where it had
its machines to itself. A counter that says 0 is one that is not there.
"""

from __future__ import annotations

import msgspec

SOURCE = "slurm ConsumedEnergyRaw"
FIELDS = ("JobID", "State", "ExitCode", "ConsumedEnergyRaw", "ElapsedRaw", "NodeList", "Partition", "AllocTRES")
"""As asked: ``sacct --noheader --parsable2 --duplicates --format=...``; duplicates: each go of a requeued job."""

_MOST_J = 10**13
"""More than any computer uses in the 100 hours that a job may last; Slurm writes huge numbers where it knows none."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """``energy_uj`` of all its goes together, None where one of them was not counted; ``state`` of the last."""

    state: str
    exit_code: str
    goes: int
    energy_uj: int | None = None
    elapsed_s: int = 0
    nodes: str = ""


def command(job: str) -> tuple[str, ...]:
    return ("sacct", "--noheader", "--parsable2", "--duplicates", f"--jobs={job}", f"--format={','.join(FIELDS)}")


def read_told(text: str, job: str) -> Told | None:
    """None when it tells nothing of that job. Lines that are not what was asked for are passed over."""
    goes: list[list[dict[str, str]]] = []
    for line in text.splitlines():
        row = dict(zip(FIELDS, line.strip().split("|"), strict=False))
        if len(row) != len(FIELDS):
            continue
        name, _, step = row["JobID"].partition(".")
        if name != job:
            continue
        if not step:
            goes.append([row])
        elif goes:
            goes[-1].append(row)
    if not goes:
        return None
    last, energies = goes[-1][0], [_energy_j(go) for go in goes]
    known = [energy for energy in energies if energy is not None]
    return Told(
        state=last["State"].split(" ")[0],
        exit_code=last["ExitCode"],
        goes=len(goes),
        energy_uj=sum(known) * 1_000_000 if len(known) == len(goes) else None,
        elapsed_s=sum(_number(go[0]["ElapsedRaw"]) or 0 for go in goes),
        nodes=last["NodeList"],
    )


def _energy_j(go: list[dict[str, str]]) -> int | None:
    """The job's own line; else the largest of its steps', which count the same machines and are not to be added."""
    own = _number(go[0]["ConsumedEnergyRaw"])
    if own:
        return own
    steps = [number for row in go[1:] if (number := _number(row["ConsumedEnergyRaw"]))]
    return max(steps, default=None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _MOST_J else None
