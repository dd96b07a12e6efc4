"""Why a run ends before its end: what the program that learns tells instead of a trace."""

from __future__ import annotations

import errno

from affouage.training.folder import EndReason
from affouage.training.settings import RunSettings

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class RunEnds(Exception):
    """``told``: a sentence for people; ``remedy``: what would work."""

    def __init__(self, reason: EndReason, told: str, remedy: str = "") -> None:
        super().__init__(told)
        self.reason, self.told, self.remedy = reason, told, remedy


def stopped() -> RunEnds:
    return RunEnds("stopped", "It was asked to stop; its last checkpoint is kept.", "Resume it whenever you like.")


def named(wrong: Exception, settings: RunSettings | None) -> RunEnds:
    """Any error as an end: pure. Memory and disk have their own words, the rest is "failed" with its own."""
    if isinstance(wrong, RunEnds):
        return wrong
    if out_of_memory(wrong):
        return RunEnds("out_of_memory", "There is not enough memory for these settings.", less_memory(settings))
    if isinstance(wrong, OSError) and wrong.errno in FULL:
        return RunEnds(
            "disk_full",
            "The disk is full: the last whole checkpoint is kept.",
            "Make room for two checkpoints and what is written at the end, then resume.",
        )
    return RunEnds("failed", f"{type(wrong).__name__}: {wrong}".strip()[:500], "")


def out_of_memory(wrong: BaseException) -> bool:
    """Python's own, a card's, or that of torch's allocator on a processor, which is a plain RuntimeError."""
    if isinstance(wrong, MemoryError) or type(wrong).__name__ == "OutOfMemoryError":
        return True
    said = str(wrong).lower()
    return isinstance(wrong, RuntimeError) and ("can't allocate memory" in said or "not enough memory" in said)


def less_memory(settings: RunSettings | None) -> str:
    """The setting to change, the gentlest first: the same step in smaller passes changes nothing of what is learnt."""
    if settings is None:
        return "Take a smaller model."
    if settings.sequences > 1:
        half = settings.sequences // 2
        passes = -(-settings.sequences * settings.accumulate // half)
        return f"sequences {half} and accumulate {passes} instead of {settings.sequences} and {settings.accumulate}."
    if settings.context_tokens > 128:
        return f"context_tokens {settings.context_tokens // 2} instead of {settings.context_tokens}."
    if settings.kind == "scratch":
        return "Fewer layers, or a machine with more memory."
    if settings.kind == "continued":
        return "An adapter (lora) instead of all the weights, or a smaller base."
    if settings.precision == "float32":
        return "precision bfloat16: the base then takes half the memory."
    return "A smaller base, or a machine with more memory."
