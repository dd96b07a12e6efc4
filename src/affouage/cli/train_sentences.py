"""What can go wrong with runs of training, by code, in words for whoever sits at the machine."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "run_unknown": (N_("There is no run named {name}."), N_("They are all in: affouage train list")),
    "run_name": (N_("There is already a run named {name}."), N_("Choose another name, or go on with that one.")),
    "run_state": (
        N_("That cannot be done with a run in this state ({state})."),
        N_("See what it waits for: affouage train status NAME"),
    ),
    "training_name": (
        N_("This is no name for a run."),
        N_("Small letters, digits and hyphens, 40 at most: it becomes the name of the model."),
    ),
    "training_role": (
        N_("Your role does not let you train models: so the members decided ({rule})."),
        N_("Ask somebody who may, or propose to change the rule: affouage assembly propose training"),
    ),
    "training_vote": (
        N_("The run {name} may no longer use what its plan says ({rule})."),
        N_("Plan a smaller one, or have it admitted by a vote: affouage train status NAME says how."),
    ),
    "training_at_once": (
        N_("{most} at once is the most ({rule})."),
        N_("Wait for its end, or stop another run: affouage train list"),
    ),
    "training_memory": (
        N_("This run needs more memory than this machine has."),
        N_("Plan it with fewer --sequences, a shorter --context or a smaller base."),
    ),
    "training_consent": (
        N_("The corpus of {name} holds texts that a member has taken back."),
        N_("Build it again without them (affouage corpus build), and plan another run."),
    ),
    "training_admit": (N_("“{said}” admits nothing."), N_("Write NAME=KWH: mairie-1=5")),
    "training_place": (
        N_("{name} is to learn at a place that is not known here ({place})."),
        N_("Describe it again, or plan another run here."),
    ),
    "training_corpus": (
        N_("This is no built corpus."),
        N_("Build one (affouage corpus build), or give a folder with manifest.json and splits/train.jsonl."),
    ),
    "training_refused": (
        N_("It cannot learn with these settings."),
        N_("The line in English says which setting to change."),
    ),
    "training_calibration": (
        N_("The calibration did not succeed."),
        N_("Is the extra “training” installed, and is there enough memory?"),
    ),
    "training_start": (N_("The program that learns could not be started."), N_("Look at the disk and the memory.")),
    "training_base": (
        N_("The model {base} is not on this machine."),
        N_("Bring it first: affouage models pull {base}"),
    ),
    "training_what": (
        N_("Say what is to be trained."),
        N_("Give one of --layers N (from nothing), --lora MODEL (an adapter), --continue MODEL, --settings FILE."),
    ),
    "training_target": (N_("This folder cannot be written."), N_("Give a folder that does not exist yet.")),
    "training_not_over": (N_("Nothing has come out of this run yet."), N_("See: affouage train status NAME")),
    "training_card": (
        N_("The catalogue already has another model of this name."),
        N_("Take its card away, then: affouage train export NAME"),
    ),
    "training_no_output": (
        N_("The file that this run made is not there."),
        N_("affouage train resume NAME writes it again from the last checkpoint."),
    ),
    "training_machine": (
        N_("No machine of the pool can learn this."),
        N_("Name one that serves: affouage train node RUN MACHINE; they are all in: affouage node list"),
    ),
    "training_amount": (N_("{field} cannot be {value}."), N_("Give a number from {least} to {most}.")),
}
