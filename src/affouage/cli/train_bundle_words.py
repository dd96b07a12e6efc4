"""Runs on another computer, in words: what left, what came back, what the queue says, what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from affouage.web.language import N_, Language

if TYPE_CHECKING:
    from affouage.training.bundle import Imported
    from affouage.training.runs.store import Run
    from affouage.training.runs.trainer import JobLook
    from affouage.training.site import Site

SENTENCES: dict[str, tuple[str, str]] = {
    "site_not_found": (
        N_("No computer of that name is described here."),
        N_("Describe it in sites/NAME.toml of the home; see docs/how-to/train-on-slurm.md"),
    ),
    "site_file": (
        N_("The file that describes this computer cannot be used."),
        N_("The line in English says which key."),
    ),
    "slurm_account": (
        N_("{site} refuses the account: {said}"),
        N_("Correct account and partition in sites/{site}.toml; idracct, or sacctmgr show associations, lists yours."),
    ),
    "slurm_time": (
        N_("{site} does not give so much time: {said}"),
        N_("Shorten time_minutes in sites/{site}.toml: the run goes on in several goes."),
    ),
    "slurm_partition": (
        N_("{site} has no such partition for you: {said}"),
        N_("Correct partition: sinfo -s lists them."),
    ),
    "slurm_qos": (N_("{site} refuses the quality of service: {said}"), N_("Correct qos, or leave it out.")),
    "slurm_constraint": (
        N_("{site} has no machine that is so: {said}"),
        N_('Correct constraint: sinfo -o "%P %f" lists the words.'),
    ),
    "slurm_resources": (
        N_("{site} has no machine with as much: {said}"),
        N_('Ask for fewer cpus, gpus or memory_gb: sinfo -o "%P %c %m %G" tells what there is.'),
    ),
    "slurm_limit": (
        N_("A limit of {site} is reached: {said}"),
        N_("Wait until some of your jobs have ended: squeue --me"),
    ),
    "slurm_refused": (N_("{site} refuses: {said}"), N_("Its own words say why; ask its support with them.")),
    "slurm_unreachable": (
        N_("Slurm does not answer."),
        N_("A maintenance, perhaps; running jobs are not touched. Try again later, or look: scontrol ping"),
    ),
    "slurm_identity": (
        N_("Slurm does not recognise this machine: {said}"),
        N_("The commons must run on a machine of that computer (a login node): ask its administrators."),
    ),
    "slurm_absent": (
        N_("Slurm’s commands are not on this machine."),
        N_("Run the commons on a machine of that computer; or write a bundle: affouage train bundle RUN"),
    ),
    "slurm_folder": (
        N_("The job could not be written."),
        N_("The run’s folder must be on a disk where there is room, seen by the machines that compute."),
    ),
    "slurm_twice": (N_("A folder is there twice."), N_("One folder for each run.")),
    "slurm_job": (N_("This is no job of Slurm."), N_("A number, as 4711 or 4711_0.")),
    "training_extra": (
        N_("The packages of the training device are not installed."),
        N_("There: make training, in the folder of affouage."),
    ),
    "bundle_run": (
        N_("This run cannot leave: {lacking} is not there, or cannot be read."),
        N_("Plan the run first: affouage train plan NAME"),
    ),
    "bundle_target": (N_("That name is taken."), N_("Give another one: a bundle is never written over another.")),
    "bundle_disk": (
        N_("{path} could not be read or written."),
        N_("Look at the room on that disk, and at who may write."),
    ),
    "bundle_lock": (
        N_("A package that leaves with the bundle is in no lock ({name})."),
        N_("Run the command from the folder of affouage’s sources, after: make training"),
    ),
    "bundle_results": (
        N_("These results are refused."),
        N_("The line in English says why. Gather them again there (bash rapporter.sh), and copy the file anew."),
    ),
    "bundle_unknown": (
        N_("These results are of no bundle that left from this run, or their manifest was changed."),
        N_("Import them into the run that they come from."),
    ),
    "bundle_job": (N_("This is no bundle."), ""),
    "run_away": (
        N_("{name} cannot be sent elsewhere in this state ({state})."),
        N_("See where it stands: affouage train status {name}"),
    ),
    "run_not_away": (
        N_("{name} is not away: no bundle of it waits to come back."),
        N_("affouage train bundle {name} writes one."),
    ),
}
IN_DETAIL = ("site_file", "bundle_results", "bundle_lock", "slurm_absent")

PLACES = (
    N_("It waits until a machine that suits it is free."),
    N_("Jobs of others go first."),
    N_("It was put back in the queue, which holds it for a moment (two minutes on most computers)."),
    N_("It waits for another job."),
    N_("That part of the computer (partition) is closed for now."),
    N_("It asks for more time than that partition gives: shorten time_minutes."),
    N_("It asks for more machines than that partition gives."),
    N_("The machines it needs are down or reserved, for maintenance perhaps."),
    N_("A machine it needs is down."),
    N_("The hours of this account are spent."),
    N_("This account runs as many jobs as it may."),
    N_("This account uses as many cards as it may."),
    N_("Everybody together uses as many cards as this kind of job may."),
    N_("As many runs of this group as may run at once are running."),
    N_("It is held: release it with scontrol release."),
    N_("It is held by the computer's administrators: ask them."),
    N_("No machine there is as constraint asks."),
    N_("The account is not known there: correct account."),
    N_("The quality of service is not known there: correct qos."),
    N_("It waits for a licence."),
    N_("It could not be started there, and is held: ask the computer's administrators."),
    N_("It was ended at its time limit, before it could write a checkpoint: give it a larger checkpoint_s."),
    N_("The machine it ran on failed; its last checkpoint is kept."),
    N_("It was killed for using more memory than it asked for: give it more memory_gb."),
    N_("It was cancelled there, by its owner or an administrator."),
    N_("Another job, of higher priority, took its place."),
    N_("The machine it was given did not start."),
    N_("Its deadline passed."),
    N_("It could not be started there."),
    N_("It failed there."),
    N_("It is suspended there."),
    N_("A person carries it: its bundle was written, and its results are to be brought back (affouage train import)."),
    N_("Its bundle was withdrawn: it was not brought back."),
)
"""What a place says of a job (``JobLook.why``): told by ``language.gettext``."""


def look_lines(look: JobLook | None, language: Language) -> list[str]:
    """Why a job waits, or what else its place says of it."""
    return [f"  {language.gettext(look.why)}"] if look is not None and look.why else []


def site_lines(found: Sequence[tuple[str, Site]], folder: Path, language: Language) -> list[str]:
    _ = language.gettext
    if not found:
        return [_("No computer is described in {folder}; see docs/how-to/train-on-slurm.md").format(folder=folder)]
    lines = []
    for name, site in found:
        asked = [site.account, site.partition, site.constraint]
        time = _("{minutes} minutes a go").format(minutes=site.time_minutes)
        machine = _("{cpus} processors, {gpus} cards").format(cpus=site.cpus, gpus=site.gpus)
        lines.append(f"{name}: {', '.join([*filter(None, asked), time, machine])}")
    return lines


def written_lines(one: Run, told: dict[str, str | int], language: Language) -> list[str]:
    from affouage.web import format as wording

    _ = language.gettext
    size = wording.size(int(told["bytes"]), language)
    return [
        _("{path} ({size}) is the run {name}, for {site}.").format(
            path=told["path"], size=size, name=one.name, site=told["site"]
        ),
        _("Fingerprint of its manifest.json: {sha256}").format(sha256=told["sha256"]),
        _("The texts of its corpus are in it: take it only where they may go."),
        _("A person submits it by hand; LISEZMOI.md, inside, says how. Then: affouage train import {name} FILE").format(
            name=one.name
        ),
    ]


def imported_lines(one: Run, found: Imported, language: Language) -> list[str]:
    from affouage.units import Interval
    from affouage.web import format as wording

    _ = language.gettext
    lines = [
        _("Settings and texts are as they left; {count} files of the model are those that the run tells.").format(
            count=len(found.made)
        ),
        _("It came to step {step} of {steps}.").format(step=found.step, steps=found.steps),
    ]
    if not found.whole:
        told = "" if found.end is None else f" ({found.end.told})"
        lines.append(_("It is not over{told}.").format(told=told))
        if found.checkpoint is not None:
            lines.append(
                _("It can go on from step {step}: affouage train here {name}").format(
                    step=found.checkpoint, name=one.name
                )
            )
    if found.energy_uj is None:
        lines.append(_("Energy: unknown, {site} tells nothing of it.").format(site=found.site))
    else:
        value, _spread = wording.energy(Interval(found.energy_uj, found.energy_uj, found.energy_uj), language)
        lines.append(
            _("Energy: {energy}, by the site’s own counter ({source}), whole machines.").format(
                energy=value, source=found.energy_source
            )
        )
    if found.unlisted:
        lines.append(
            _("Left out, because the run does not tell of them: {names}.").format(names=", ".join(found.unlisted))
        )
    if found.unreadable:
        lines.append(_("{count} lines of its story cannot be read.").format(count=found.unreadable))
    return lines
