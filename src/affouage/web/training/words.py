"""Runs of training in words: their states, their kinds, how a life of theirs ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from affouage.training.runs.states import State
from affouage.web.language import N_, Language

STATES: Mapping[State, str] = {
    "planned": N_("planned"),
    "asked": N_("waits for a vote"),
    "ready": N_("waits for another run to end"),
    "queued": N_("begins"),
    "running": N_("learns"),
    "stopping": N_("is stopping"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "done": N_("has learnt"),
    "exported": N_("in the catalogue"),
    "given_up": N_("given up"),
}
KINDS: Mapping[str, str] = {
    "scratch": N_("a model from nothing"),
    "continued": N_("goes on from a model"),
    "lora": N_("an adapter"),
}
ENDINGS: Mapping[str, str] = {
    "done": N_("It did all its steps."),
    "early_stop": N_("It stopped early: on text held out it made no progress any more."),
    "stopped": N_("It was asked to stop; its last checkpoint is kept."),
    "loss_not_finite": N_("Its loss was no number any more: the last good checkpoint is kept."),
    "out_of_memory": N_("There is not enough memory for these settings."),
    "disk_full": N_("The disk is full: the last whole checkpoint is kept."),
    "corpus_too_small": N_("The corpus is smaller than one step."),
    "base_unknown": N_("The base is of a kind that cannot be trained here."),
    "base_mismatch": N_("The checkpoint is of another base, corpus or shape."),
    "failed": N_("It failed."),
    "lost": N_("Its program ended without a word."),
}
"""By the code its program tells: what it tells itself is in English."""


def state(of: State, language: Language) -> str:
    return language.gettext(STATES[of])


def kind(of: str, language: Language) -> str:
    return language.gettext(KINDS[of])


def ending(reason: str, language: Language) -> str:
    """ "" for a run that has not ended."""
    return language.gettext(ENDINGS.get(reason, ENDINGS["failed"])) if reason else ""


def french(right: int, of: int, base: int | None, language: Language) -> str:
    """How it did at the pairs of sentences, beside its base where it has one."""
    _ = language.gettext
    told = _("{right} pairs of sentences of {of}; chance gives half").format(right=right, of=of)
    return told if base is None else _("{told} (its base: {base})").format(told=told, base=base)
