"""What can be seen of this machine from inside, and the description to complete that ``machine init`` writes of it."""

from __future__ import annotations

import importlib
import platform
import re
from pathlib import Path

import msgspec

from affouage.footprint.parts import known_cards

SYS_BLOCK = Path("/sys/block")


class SeenCard(msgspec.Struct, frozen=True):
    """A graphics card as its driver names it."""

    name: str
    vram_gb: float


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the system tells without asking anybody. None or empty: it does not tell."""

    id: str
    day: str
    processor: str = ""
    cores: int | None = None
    memory_gb: float | None = None
    disks: tuple[tuple[str, float], ...] = ()
    """(ssd | hdd, size in GB)."""
    cards: tuple[SeenCard, ...] = ()
    laptop: bool = False


def look(machine_id: str, day: str) -> Seen:
    """Ask the system, and the driver of NVIDIA cards where ``nvidia-ml-py`` is installed."""
    import psutil

    battery = getattr(psutil, "sensors_battery", lambda: None)()
    return Seen(
        id=machine_id,
        day=day,
        processor=_processor(),
        cores=psutil.cpu_count(logical=False),
        memory_gb=psutil.virtual_memory().total / 2**30,
        disks=disks(SYS_BLOCK),
        cards=nvidia_cards(),
        laptop=battery is not None,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.processor()


def disks(root: Path) -> tuple[tuple[str, float], ...]:
    """Whole disks under ``root`` (Linux's /sys/block); none elsewhere, or where it cannot be read."""
    found = []
    for one in sorted(root.glob("*")):
        if not one.name.startswith(("sd", "nvme", "vd", "hd", "xvd", "mmcblk")):
            continue
        try:
            sectors = int((one / "size").read_text(encoding="ascii"))
            turns = (one / "queue" / "rotational").read_text(encoding="ascii").strip() == "1"
        except (OSError, ValueError):
            continue
        if sectors:
            found.append(("hdd" if turns else "ssd", sectors * 512 / 1e9))
    return tuple(found)


def nvidia_cards() -> tuple[SeenCard, ...]:
    """The cards NVIDIA's driver sees; none without driver or without the library."""
    try:
        pynvml = importlib.import_module("pynvml")
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            SeenCard(str(pynvml.nvmlDeviceGetName(one)), pynvml.nvmlDeviceGetMemoryInfo(one).total / 2**30)
            for one in handles
        )
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def template(seen: Seen) -> str:
    """A description that can be read as it is, and says what its owner has still to mend. Pure."""
    whole = "laptop" if seen.laptop else "desktop"
    cards = "\n".join(_card(card) for card in seen.cards) or _NO_CARD
    return _TEMPLATE.format(
        id=re.sub(r"[^A-Za-z0-9._-]", "-", seen.id) or "machine",
        day=seen.day,
        whole=whole,
        cards=cards,
        processor=_one_line(seen.processor) or "?",
        cores=seen.cores or "?",
        modules=_modules(seen),
        disks="".join(_disk(kind, gb) for kind, gb in seen.disks),
    )


def _modules(seen: Seen) -> str:
    if seen.memory_gb is None:
        return ""
    return f'#\n# [[part]]\n# kind = "ram"\n# gb = {max(1, round(seen.memory_gb))}   # of ONE module\n# count = 1\n'


def _disk(kind: str, gb: float) -> str:
    size = f"gb = {max(1, round(gb))}" if kind == "ssd" else f'model = "{gb:.0f} GB"'  # a hard disk costs the same
    return f'#\n# [[part]]\n# kind = "{kind}"\n# {size}\n'


def _card(seen: SeenCard) -> str:
    """The row of a card the driver sees: by its name when it is known, else what has to be found about it."""
    fitting = [card for card in known_cards() if seen.name in (card.name, *card.aliases)]
    name = _one_line(seen.name)
    if not fitting:
        return _UNKNOWN_CARD.format(name=name, gb=max(1, round(seen.vram_gb)))
    if len(fitting) == 1:
        return f'[[part]]\nkind = "gpu"\nmodel = "{name}"\n'
    nearest = min(fitting, key=lambda card: abs(card.vram_gb - seen.vram_gb))
    return f'[[part]]\nkind = "gpu"\nmodel = "{name}"\nvram_gb = {nearest.vram_gb:g}\n'


def _one_line(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in '"\\')[:200]


_NO_CARD = """# No graphics card was seen. If there is one:
#
# [[part]]
# kind = "gpu"
# model = "GeForce RTX 3090"   # a name of: affouage footprint machine cards
# count = 2
"""

_UNKNOWN_CARD = """# {name} is not among the known cards (affouage footprint machine cards).
# Find the area of its chip and its number of memory chips, then take away the # signs:
#
# [[part]]
# kind = "gpu"
# model = "{name}"
# die_mm2 = 300        # area of the graphics chip
# vram_gb = {gb}
# vram_chips = 8       # memory chips on the board
# mass_kg = 1.0        # or tdp_w, the rated power
# length_mm = 267      # outer size, or board_cm2
# height_mm = 111
"""

_TEMPLATE = """# What this machine is made of, and how long it serves: from this, the commons counts
# the part of its making that each day carries.
# All the keys: docs/how-to/describe-a-machine.md. To have it read again: affouage footprint machine check

[machine]
id = "{id}"  # its name in the books: another name is another machine
name = ""                 # as people call it
acquired = {day}     # TO MEND: the day it came to you
age_years = 0.0           # TO MEND: how old it was then, 0 when new
planned_years = 5.0       # how many more years it is meant to serve, from that day
commons_share = 1.0       # part of its time given to the commons: 8 hours a day are 0.33
# price_eur = 450         # what it cost you, if that is to be shown among the costs
# retired = 2027-01-31    # the day it died or left

# The whole computer, without its graphics card: desktop, laptop, laptop-pro or mini-pc ...
[[part]]
kind = "computer"
model = "{whole}"

{cards}
# ... or, instead of the computer above, its parts. Seen: {processor}, {cores} cores.
#
# [[part]]
# kind = "motherboard"
#
# [[part]]
# kind = "cpu"
#
# [[part]]
# kind = "psu"
# mass_kg = 2
#
# [[part]]
# kind = "case"
# mass_kg = 7
{modules}{disks}"""
