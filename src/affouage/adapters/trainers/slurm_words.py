"""What Slurm says, in words for people: why it refuses, why it waits, how a job ended. Pure."""

from __future__ import annotations

import re

from affouage.errors import AffouageError, BadRequest, SetUpError, TooMuch, Unavailable

UNKNOWN_JOB = ("Invalid job id", "Invalid job array")
OVER_ALREADY = (*UNKNOWN_JOB, "already completing or completed", "Job has already finished")

WAITING = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT", "SUSPENDED"}
)
RUNNING = frozenset({"RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "RESIZING", "STOPPED"})

REASONS = {
    "Resources": "It waits until a machine that suits it is free.",
    "Priority": "Jobs of others go first.",
    "BeginTime": "It was put back in the queue, which holds it for a moment (two minutes on most computers).",
    "Dependency": "It waits for another job.",
    "PartitionDown": "That part of the computer (partition) is closed for now.",
    "PartitionInactive": "That part of the computer (partition) is closed for now.",
    "PartitionTimeLimit": "It asks for more time than that partition gives: shorten time_minutes.",
    "PartitionNodeLimit": "It asks for more machines than that partition gives.",
    "ReqNodeNotAvail": "The machines it needs are down or reserved, for maintenance perhaps.",
    "NodeDown": "A machine it needs is down.",
    "AssocGrpCPUMinutesLimit": "The hours of this account are spent.",
    "AssocGrpBillingMinutes": "The hours of this account are spent.",
    "AssocGrpGRESMinutes": "The hours of this account are spent.",
    "AssocMaxJobsLimit": "This account runs as many jobs as it may.",
    "QOSMaxJobsPerUserLimit": "This account runs as many jobs as it may.",
    "QOSMaxGRESPerUser": "This account uses as many cards as it may.",
    "QOSGrpGRES": "Everybody together uses as many cards as this kind of job may.",
    "JobArrayTaskLimit": "As many runs of this group as may run at once are running.",
    "JobHeldUser": "It is held: release it with scontrol release.",
    "JobHeldAdmin": "It is held by the computer's administrators: ask them.",
    "BadConstraints": "No machine there is as constraint asks.",
    "InvalidAccount": "The account is not known there: correct account.",
    "InvalidQOS": "The quality of service is not known there: correct qos.",
    "Licenses": "It waits for a licence.",
    "launch failed requeued held": "It could not be started there, and is held: ask the computer's administrators.",
}
ENDS = {
    "TIMEOUT": "It was ended at its time limit, before it could write a checkpoint: give it a larger checkpoint_s.",
    "NODE_FAIL": "The machine it ran on failed; its last checkpoint is kept.",
    "OUT_OF_MEMORY": "It was killed for using more memory than it asked for: give it more memory_gb.",
    "CANCELLED": "It was cancelled there, by its owner or an administrator.",
    "PREEMPTED": "Another job, of higher priority, took its place.",
    "BOOT_FAIL": "The machine it was given did not start.",
    "DEADLINE": "Its deadline passed.",
    "LAUNCH_FAILED": "It could not be started there.",
}
FAILED = "It failed there."
SUSPENDED = "It is suspended there."


def reason(state: str, told: str) -> str:
    """Why it waits; Slurm's own word where we have none."""
    if state == "SUSPENDED":
        return SUSPENDED
    word = told.strip("() ")
    if word in ("", "None"):
        return ""
    found = REASONS.get(word) or REASONS.get(word.partition(",")[0])
    if found is None and word.startswith(("AssocGrp", "QOSGrp")) and "Minutes" in word:
        found = REASONS["AssocGrpCPUMinutesLimit"]
    return found or seen(f"Slurm: {word}")


def ending(state: str, exit_code: str, last_words: str) -> str:
    """How it ended; "" for well."""
    if state in ("COMPLETED", ""):
        return ""
    told = ENDS.get(state, FAILED)
    code, _, number = exit_code.partition(":")
    if state == "FAILED" and last_words:
        return seen(f"{FAILED} {last_words}")
    if state == "FAILED" and (code not in ("", "0") or number not in ("", "0")):
        return f"{FAILED} ({'signal ' + number if number not in ('', '0') else 'status ' + code})"
    return told


def seen(text: str, most: int = 300) -> str:
    """What may be shown on a terminal, on one line."""
    return "".join(one if one.isprintable() else " " for one in text)[:most].strip()


_NOISE = re.compile(r"^(sbatch|squeue|scancel|scontrol|sacct|srun): ?(error: )?|^slurm_load_jobs error: ", re.MULTILINE)


def words_of(text: str) -> str:
    """What the site said, without the name of the program that said it."""
    return seen("; ".join(line for line in _NOISE.sub("", text).splitlines() if line.strip()), 400)


_REFUSALS: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (
        ("invalid account", "association", "permission"),
        "slurm_account",
        "The account is refused",
        "Correct account and partition: `sacctmgr show associations user=$USER` lists yours"
        " (on Jean Zay, `idracct`, and account is PROJECT@v100, @a100, @h100 or @cpu).",
    ),
    (
        ("time limit",),
        "slurm_time",
        "It asks for too much time",
        "Shorten time_minutes: `sinfo -o '%P %l'` tells limits.",
    ),
    (
        ("partition",),
        "slurm_partition",
        "There is no such partition for you",
        "Correct partition: `sinfo -s` lists them.",
    ),
    (("qos",), "slurm_qos", "The quality of service is refused", "Correct qos, or leave it out."),
    (
        ("feature", "constraint"),
        "slurm_constraint",
        "No machine there is so",
        "Correct constraint: `sinfo -o '%P %f'` lists the words.",
    ),
    (
        ("generic resource", "gres", "processors", "node configuration", "memory specification", "node count"),
        "slurm_resources",
        "No machine there has as much",
        "Ask for fewer cpus, gpus or memory_gb: `sinfo -o '%P %c %m %G'` tells what there is.",
    ),
)
_LIMITS = ("policy", "quota", "maxsubmit", "maxjobs", "grpsubmit", "submit limit")
_UNREACHED = (
    "unable to contact", "connection refused", "connection timed out", "socket timed out", "zero bytes",
    "communication", "could not establish a configuration source", "fetch_config", "resolve",
)  # fmt: skip
_IDENTITY = ("munge", "authenticat", "credential", "protocol")


def refusal(text: str, where: str) -> AffouageError:
    """What Slurm printed when it refused, as an error that says what would work. ``where``: the site's name."""
    said, lower = words_of(text), text.lower()
    facts = {"said": said, "site": where}
    if any(one in lower for one in _UNREACHED):
        return Unavailable(
            f"Slurm does not answer on {where}: {said}",
            remedy="A maintenance, perhaps; running jobs are not touched. Try again later, or look: scontrol ping",
            code="slurm_unreachable",
            retry_after_s=60,
            **facts,
        )
    if any(one in lower for one in _IDENTITY):
        return SetUpError(
            f"Slurm does not recognise this machine on {where}: {said}",
            remedy="The commons must run on a machine of that computer (a login node): ask its administrators.",
            code="slurm_identity",
            **facts,
        )
    if any(one in lower for one in _LIMITS):
        return TooMuch(
            f"A limit of {where} is reached: {said}",
            remedy="Wait until some of your jobs have ended: squeue --me",
            code="slurm_limit",
            retry_after_s=600,
            **facts,
        )
    for marks, code, what, remedy in _REFUSALS:
        if any(one in lower for one in marks):
            return BadRequest(f"{what} on {where}: {said}", remedy=remedy, code=code, **facts)
    return BadRequest(
        f"Slurm refuses on {where}: {said}",
        remedy="Its own words say why; ask the computer's support with them.",
        code="slurm_refused",
        **facts,
    )
