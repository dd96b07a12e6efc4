"""A real Slurm on loopback: its controller, one node and munge, in a folder, with a key and ports of their own.

    with running_slurm(folder) as slurm:        # a second or two; nothing is left afterwards
        subprocess.run(["sbatch", ...], env=slurm.environment)

The session has one (``slurm``, in tests/conftest.py); the files that use it are run by one worker. Debian packages:
slurmctld, slurmd, slurm-client, munge; a missing one skips (on CI: fails). No accounting: ``sacct`` refuses, as on a
cluster without slurmdbd. Partitions: ``debug``, half an hour at most; ``gpus``, for one account alone, which nobody has
without accounting; ``closed``, which is down.
"""

from __future__ import annotations

import ctypes
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psutil

from tests.brokers import free_port
from tests.conftest import missing

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sacct")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

# cred_expire is also how long a job that was put back in the queue is held: two minutes by default.
# Proctrack and task: neither cgroups nor affinity, which a container does not have. config_overrides: four processors,
# however many there are.
_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={hold_s}
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0
EnforcePartLimits=ALL
JobRequeue=0
KillWait=2
MinJobAge=300
MessageTimeout=30
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 Features=small State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=00:30:00 State=UP
PartitionName=gpus Nodes={host} MaxTime=00:30:00 AllowAccounts=commun@v100 State=UP
PartitionName=closed Nodes={host} MaxTime=00:30:00 State=DOWN
"""


class Slurm(msgspec.Struct, frozen=True):
    """``environment``: what its commands are run with."""

    folder: Path
    environment: dict[str, str]

    def command(self, *words: str) -> str:
        """What a command of Slurm prints; raises CalledProcessError."""
        asked = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=True, timeout=60)
        return asked.stdout


@contextmanager
def running_slurm(folder: Path, *, hold_s: int = 5) -> Iterator[Slurm]:
    """Once it has a node that takes jobs. ``hold_s``: how long a job put back in the queue waits there at least,
    not under 5."""
    found = {name: shutil.which(name, path=_PATH) for name in PROGRAMS}
    for name, where in found.items():
        if where is None:
            missing(f"{name} (Debian packages slurmctld, slurmd, slurm-client, munge)")
    for one in ("state", "spool", "run", "log"):
        (folder / one).mkdir(parents=True)
    slurm = Slurm(folder, {**os.environ, "PATH": _PATH, "SLURM_CONF": _configured(folder, hold_s)})
    with ExitStack() as stack:
        stack.callback(_end_steps, slurm)
        for words in (_munged(folder), ("slurmctld", "-D", "-i"), ("slurmd", "-D")):
            stack.enter_context(_running((str(found[words[0]]), *words[1:]), slurm))
            if words[0] == "munged":
                _until(lambda: (folder / "munge.socket").exists(), slurm)
        _until(lambda: "idle" in _told(slurm, "sinfo", "-h", "-p", "debug", "-o", "%T"), slurm)
        stack.callback(_told, slurm, "scancel", "--full", "--user", getpass.getuser(), "--signal=KILL")
        yield slurm


def _configured(folder: Path, hold_s: int) -> str:
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    controller, node = free_port(), free_port()
    file = folder / "slurm.conf"
    file.write_text(
        _CONFIGURATION.format(
            host=socket.gethostname().split(".")[0],
            user=getpass.getuser(),
            folder=folder,
            hold_s=hold_s,
            controller_port=controller,
            node_port=node,
        )
    )
    return str(file)


def _munged(folder: Path) -> tuple[str, ...]:
    """In a folder that is its owner's alone, which it calls unsafe: hence --force."""
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "run/munged.pid", "seed-file": "seed"}
    return "munged", "--foreground", "--force", *(f"--{name}={folder / file}" for name, file in files.items())


@contextmanager
def _running(words: tuple[str, ...], slurm: Slurm) -> Iterator[None]:
    with (slurm.folder / "log" / f"{Path(words[0]).name}.told").open("wb") as told:
        daemon = subprocess.Popen(
            words, env=slurm.environment, stdout=told, stderr=told, stdin=subprocess.DEVNULL, preexec_fn=_end_with_us
        )
    try:
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _end_with_us() -> None:
    """Tests that are killed leave none."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _told(slurm: Slurm, *words: str) -> str:
    asked = subprocess.run(words, env=slurm.environment, capture_output=True, text=True, check=False, timeout=60)
    return asked.stdout


def _until(true: object, slurm: Slurm, within_s: float = 30) -> None:
    assert callable(true)
    end_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end_s:
            logs = "\n".join(one.read_text(errors="replace")[-2000:] for one in (slurm.folder / "log").iterdir())
            raise AssertionError(f"Slurm did not start within {within_s} s:\n{logs}")
        time.sleep(0.02)


def _end_steps(slurm: Slurm) -> None:
    """Steps outlive the daemon that started them, and each other: those of this Slurm alone are ended."""
    mark = slurm.environment["SLURM_CONF"]
    for one in psutil.process_iter():
        try:
            if one.pid != os.getpid() and (
                one.environ().get("SLURM_CONF") == mark
                or (one.name() == "slurmstepd" and mark in " ".join(one.cmdline()))
            ):
                one.send_signal(signal.SIGKILL)
        except (psutil.Error, OSError):
            continue
