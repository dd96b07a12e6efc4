"""What can go wrong with corpora, by code, in words for whoever sits at the machine."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "corpus_not_found": (N_("There is no corpus {name}."), N_("They are all in: affouage corpus show")),
    "corpus_name": (
        N_("A corpus cannot be called {name}."),
        N_("Use small letters, figures and dashes, 40 at most."),
    ),
    "corpus_exists": (N_("There is a corpus {name} already."), N_("Edit {path}, or choose another name.")),
    "corpus_recipe": (
        N_("The recipe is not in order."),
        N_("Mend it; docs/reference/corpus.md lists what it may say."),
    ),
    "corpus_source": (N_("The source {source} cannot be read."), N_("Correct its `at` in the recipe, or its `kind`.")),
    "corpus_source_wrong": (N_("This is no source."), N_("See: affouage corpus add --help")),
    "corpus_no_such_file": (N_("There is no {path}."), N_("Give a file, a folder or an address.")),
    "corpus_no_source": (
        N_("The recipe of {name} names no source."),
        N_("Add one: affouage corpus add {name} SOURCE --licence LICENCE"),
    ),
    "corpus_kind": (
        N_("It is not clear what {source} is."),
        N_("Say it: --kind folder, sheets, warc, jsonl, parquet or text."),
    ),
    "corpus_collection": (
        N_("The library has no collection {collection}."),
        N_("They are all in: affouage sheets list"),
    ),
    "corpus_evaluation": (
        N_("The evaluation set {file} cannot be read."),
        N_("Give jsonl or text files in the step decontaminate."),
    ),
    "corpus_packages": (
        N_("The training device is not set up here: the package {package} is missing."),
        N_("Set it up: make training"),
    ),
    "corpus_busy": (N_("{name} is being built by another command."), N_("Wait for it to end, or stop it.")),
    "corpus_disk_full": (
        N_("The disk is full: the build was broken off."),
        N_("Free some space, then give the same command: what was done is kept."),
    ),
    "corpus_failed": (
        N_("The build of {name} failed."),
        N_("Mend what it says, then give the same command: what was done is kept."),
    ),
    "corpus_no_build": (N_("No such corpus was built yet."), N_("Build it: affouage corpus build NAME")),
    "corpus_empty": (
        N_("No document of {name} is left."),
        N_("See what was removed and why, then the licences and the steps of the recipe."),
    ),
    "corpus_erased": (
        N_("The texts of this build of {name} were erased: a member took their consent back."),
        N_("Build it again: affouage corpus build {name}"),
    ),
    "corpus_no_slurm": (
        N_("There is no Slurm on this machine."),
        N_("Run this on a login node, or build here: leave --slurm out."),
    ),
    "corpus_slurm": (N_("Slurm refused the jobs."), N_("Check --account, --partition and --time with your centre.")),
    "corpus_partition": (N_("Slurm is told where to run it."), N_("Add --partition.")),
    "corpus_day": (N_("“{day}” is no day."), N_("Write it YYYY-MM-DD.")),
}

IN_DETAIL = frozenset(
    [
        "corpus_recipe",
        "corpus_source",
        "corpus_source_wrong",
        "corpus_failed",
        "corpus_slurm",
        "corpus_evaluation",
        "corpus_empty",
    ]
)
"""Told in general terms: which line, which file only the error itself says."""
