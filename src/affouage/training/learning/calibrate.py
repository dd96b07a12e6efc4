"""What a run would take, measured on its own shapes for some seconds. Writes nothing."""

from __future__ import annotations

import resource
import sys
import time

import msgspec
import numpy as np
import torch

from affouage.training.calibration import Calibrated, CalibrationRefused, Told
from affouage.training.folder import RunFolder
from affouage.training.learning.ending import named
from affouage.training.learning.loop import Learner, mean_loss
from affouage.training.learning.place import look, steady, threads
from affouage.training.learning.program import check, cpu_us, described
from affouage.training.learning.schedule import Order, cut
from affouage.training.learning.subject import Subject, from_base, from_nothing
from affouage.training.settings import RunSettings

PASSES_LEAST, PASSES_MOST = 2, 50
BYTES_A_MOVING = 12  # in a checkpoint: the weight and AdamW's two moments


def calibrate(folder: RunFolder, seconds: float) -> Told:
    """At least two passes after one that warms up, however long they take; then as many as fit in ``seconds``."""
    settings: RunSettings | None = None
    try:
        settings = folder.settings()
        return _calibrate(folder, settings, seconds)
    except Exception as wrong:
        ends = named(wrong, settings)
        return CalibrationRefused(reason=ends.reason, told=ends.told, remedy=ends.remedy)


def _calibrate(folder: RunFolder, settings: RunSettings, seconds: float) -> Calibrated:
    check(settings)
    count = threads(settings.threads)
    steady(settings.seed, count, on_card=bool(look()))
    began = time.monotonic()
    subject = _subject(folder, settings)
    load_ms = int((time.monotonic() - began) * 1000)
    vocabulary = int(subject.model.config.vocab_size)
    tokens = np.random.default_rng(settings.seed).integers(
        0, vocabulary, settings.sequences * settings.context_tokens + 1, dtype=np.uint32
    )
    windows = list(range(settings.sequences))
    one_pass = _one_pass(settings)
    learner = Learner(
        subject,
        one_pass,
        lambda some: cut(tokens, some, settings.context_tokens),
        Order(settings.sequences, settings.seed),
    )
    learner.step(1)  # the optimiser takes its memory here, libraries their time
    times: list[float] = []
    used, until = cpu_us(), time.monotonic() + seconds
    while len(times) < PASSES_LEAST or (time.monotonic() < until and len(times) < PASSES_MOST):
        since = time.monotonic()
        learner.step(len(times) + 2)
        _wait(subject)
        times.append(time.monotonic() - since)
    used = cpu_us() - used
    since = time.monotonic()
    _loss, held_out = mean_loss(subject, tokens, windows, settings)
    held_out_per_s = held_out / (time.monotonic() - since)
    one = settings.sequences * settings.context_tokens
    return Calibrated(
        device=described(subject),
        threads=count,
        parameters=subject.parameters,
        trained=subject.trained,
        passes=len(times),
        tokens=one * len(times),
        cpu_us=used,
        tokens_per_s=one * len(times) / sum(times),
        tokens_per_s_low=one / max(times),
        tokens_per_s_high=one / min(times),
        held_out_tokens_per_s=held_out_per_s,
        memory_bytes=_most_memory(),
        device_memory_bytes=_most_on_cards(),
        checkpoint_bytes=BYTES_A_MOVING * subject.trained,
        load_ms=load_ms,
    )


def _subject(folder: RunFolder, settings: RunSettings) -> Subject:
    if settings.kind == "scratch":
        return from_nothing(settings, settings.shape.vocabulary if settings.shape else 0, look)
    return from_base(settings, folder, look)


def _one_pass(settings: RunSettings) -> RunSettings:
    """A step of one micro-batch: AdamW's own time is counted once a pass, so the speed told is rather low."""
    return msgspec.structs.replace(settings, accumulate=1, steps=max(settings.steps, PASSES_MOST + 1))


def _wait(subject: Subject) -> None:
    if subject.place.device != "cpu":
        torch.cuda.synchronize()


def _most_memory() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _most_on_cards() -> int | None:
    if not torch.cuda.is_available():
        return None
    return sum(int(torch.cuda.max_memory_allocated(number)) for number in range(torch.cuda.device_count()))
