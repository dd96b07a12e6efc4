"""Where a corpus is built: what Slurm is asked for. Pure."""

from __future__ import annotations

import msgspec


class Slurm(msgspec.Struct, frozen=True, kw_only=True):
    """``time``: HH:MM:SS each job may take. ``memory``: of each task, as Slurm writes it (2G, 500M). ``workers``: at
    once, -1 for no bound."""

    partition: str
    time: str
    account: str = ""
    memory: str = "2G"
    workers: int = -1
