"""A computer run by Slurm, as its users are told to address it: ``<home>/sites/NAME.toml``. Pure but for the reading.

Every value is checked against what may stand there: they become options of ``sbatch`` and lines of a shell.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec

from affouage.errors import NotFound, SettingsError

FOLDER = "sites"

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Nothing is fetched, nothing is told: machines that compute often have no network, and a request would only hang."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9@._+-]{0,99}")
_CONSTRAINT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.|&*()\[\]-]{0,99}")
_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,99}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_PROGRAM = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+-]{0,299}")
_SEEN = re.compile(r"[^\x00-\x1f\x7f]{1,400}")


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``account``: what pays, as ``abc@v100``. ``time_minutes``: of one go; a run that needs more is put back in the
    queue, up to ``requeues`` times, a checkpoint being asked for ``checkpoint_s`` before the end. ``memory_gb`` and
    ``gpus`` 0: what the site gives. ``python``: the one with affouage's training packages; this one if unsaid.
    ``hint``: one thread a core. ``modules``: loaded in that order, after ``module purge``. ``offline``: see OFFLINE.
    """

    account: str = ""
    partition: str = ""
    constraint: str = ""
    qos: str = ""
    time_minutes: int = 60
    cpus: int = 2
    gpus: int = 0
    memory_gb: int = 0
    hint: str = "nomultithread"
    modules: tuple[str, ...] = ()
    python: str = ""
    offline: bool = True
    checkpoint_s: int = 120
    requeues: int = 100
    variables: dict[str, str] = {}


_NUMBERS = {
    "time_minutes": (1, 100 * 60),
    "cpus": (1, 1024),
    "gpus": (0, 64),
    "memory_gb": (0, 16_384),
    "checkpoint_s": (10, 3600),
    "requeues": (0, 10_000),
}


def read_sites(home: Path) -> list[str]:
    """The names of those described."""
    return sorted(one.stem for one in (home / FOLDER).glob("*.toml") if _NAME.fullmatch(one.stem))


def read_site(home: Path, name: str = "") -> tuple[str, Site]:
    """By its name; unsaid, the only one. Raises NotFound, SettingsError (``site_file``) naming the key."""
    known = read_sites(home)
    if not name and len(known) == 1:
        name = known[0]
    if name not in known:
        raise NotFound(
            f"No computer is described under the name {name!r:.80}." if name else "Which computer? None was named.",
            remedy=f"Known here: {', '.join(known)}." if known else f"Describe it in {home / FOLDER / 'NAME.toml'}.",
            code="site_not_found",
            name=name,
            known=known,
        )
    file = home / FOLDER / f"{name}.toml"
    try:
        return name, checked(msgspec.toml.decode(file.read_bytes(), type=Site), str(file))
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise _wrong(str(file), str(error)[:300], "Correct it; docs/how-to/train-on-slurm.md has an example.") from None


def checked(site: Site, where: str = "the site") -> Site:
    """The same, when every value may stand where it will. Raises SettingsError (``site_file``)."""
    for key, form in (
        ("account", _WORD),
        ("partition", _WORD),
        ("constraint", _CONSTRAINT),
        ("qos", _WORD),
        ("hint", _WORD),
        ("python", _PROGRAM),
    ):
        value: str = getattr(site, key)
        if value and not form.fullmatch(value):
            raise _wrong(where, f"{key} = {value!r:.80} cannot be one.", "Copy it from the site's own documentation.")
    for key, (least, most) in _NUMBERS.items():
        if not least <= getattr(site, key) <= most:
            raise _wrong(where, f"{key} = {getattr(site, key)} is out of bounds.", f"From {least} to {most}.")
    for module in site.modules:
        if not _MODULE.fullmatch(module):
            raise _wrong(
                where, f"modules: {module!r:.80} is no module's name.", "One name each, as after `module load`."
            )
    for name, value in site.variables.items():
        if not _VARIABLE.fullmatch(name) or not _SEEN.fullmatch(value):
            raise _wrong(where, f"variables: {name!r:.80} cannot be one.", "NAME = 'text', on one line.")
    if site.checkpoint_s >= site.time_minutes * 60:
        raise _wrong(where, "checkpoint_s is as long as the job itself.", "Shorten it, or give time_minutes more.")
    return site


def _wrong(where: str, what: str, remedy: str) -> SettingsError:
    return SettingsError(f"{where}: {what}", remedy=remedy, code="site_file", file=where, what=what)


def sbatch_options(site: Site) -> dict[str, str]:
    """Options of ``sbatch``, by their names; "" for one without a value. --time always: sites' defaults are minutes."""
    told = {
        "account": site.account,
        "partition": site.partition,
        "constraint": site.constraint,
        "qos": site.qos,
        "time": f"{site.time_minutes // 60:02d}:{site.time_minutes % 60:02d}:00",
        "nodes": "1",
        "ntasks-per-node": "1",
        "cpus-per-task": str(site.cpus),
        "gres": f"gpu:{site.gpus}" if site.gpus else "",
        "mem": f"{site.memory_gb}G" if site.memory_gb else "",
        "hint": site.hint,
    }
    return {name: value for name, value in told.items() if value} | {"requeue": ""}


def variables(site: Site) -> dict[str, str]:
    return (OFFLINE if site.offline else {}) | {"PYTHONUNBUFFERED": "1"} | site.variables


def shell_lines(site: Site) -> list[str]:
    """What prepares the shell of a job, in order."""
    loading = ["module purge", *(f"module load {module}" for module in site.modules)] if site.modules else []
    return loading + [f"export {name}={shlex.quote(value)}" for name, value in variables(site).items()]
