"""The whole of a run, from its folder to what it gives: begin or go on, learn, look back, write, tell why it ended."""

from __future__ import annotations

import hashlib
import resource
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from affouage.clock import Clock
from affouage.training.folder import (
    Began,
    Checkpoint,
    End,
    EndReason,
    Evaluated,
    Exported,
    HeldOut,
    Progress,
    RunFolder,
)
from affouage.training.learning import export, french, looking_back, pieces
from affouage.training.learning.checkpoints import Checkpoints
from affouage.training.learning.ending import RunEnds, named, stopped
from affouage.training.learning.loop import Learner, Step, chance_state, mean_loss, restore_chance
from affouage.training.learning.place import look, steady, threads
from affouage.training.learning.schedule import Order, cut, looked_at, spread, windows_of
from affouage.training.learning.subject import Subject, from_base, from_nothing
from affouage.training.learning.texts import TOKENIZER, Texts, save_tokenizer
from affouage.training.settings import RunSettings

HELD_OUT_WINDOWS = 64
LINES_MOST = 2_000  # of progress, in a whole run
RECENT_STEPS = 10
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "gguf", "safetensors", "numpy")
FORMAT = 1


def cpu_us() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1e6)


class Course(msgspec.Struct, forbid_unknown_fields=True):
    """Where a run is, besides its weights: kept in each checkpoint."""

    step: int = 0
    best: float | None = None
    stale: int = 0
    base_perplexity: float | None = None
    base_french: int | None = None
    over: bool = False


class Run:
    """One start of one run. ``asked_to_stop``: looked at between passes."""

    def __init__(self, folder: RunFolder, clock: Clock, asked_to_stop: Callable[[], bool]) -> None:
        self.folder, self.clock, self.asked_to_stop = folder, clock, asked_to_stop
        self.settings: RunSettings | None = None
        self.course, self.name = Course(), ""
        self.checkpoints = Checkpoints(folder.checkpoints)

    def whole(self, *, merge: bool = False, only_export: bool = False) -> End:
        """Never raises what a run may meet: its end says it."""
        reason: EndReason = "done"
        told = remedy = ""
        try:
            self.settings = self.folder.settings()
            reason = self._whole(self.settings, merge, only_export)
            told = self._done(reason, self.settings)
        except Exception as wrong:
            ends = named(wrong, self.settings)
            if ends.reason == "failed" and not isinstance(wrong, RunEnds):
                traceback.print_exc()  # in the run's log: nobody foresaw it
            reason, told, remedy = ends.reason, ends.told, ends.remedy
        end = End(
            at_ms=self.clock.now_ms(),
            step=self.course.step,
            reason=reason,
            told=told,
            remedy=remedy,
            cpu_us=cpu_us(),
        )
        self.folder.tell(end)
        return end

    def _whole(self, settings: RunSettings, merge: bool, only_export: bool) -> EndReason:
        check(settings)
        count = threads(settings.threads)
        steady(settings.seed, count, on_card=bool(look()))
        texts = Texts(self.folder)
        subject = self._subject(settings, texts)
        key = _key(settings, texts, subject, self.folder)
        splits = self._tokens(texts, subject)
        learner = self._learner(subject, settings, splits["train"])
        self._resume(learner, key)
        if only_export and self.course.step == 0:
            raise RunEnds("failed", "There is no checkpoint to write a model from.", "Start the run first.")
        self._tell_began(subject, count)
        if not only_export:
            self._learn(learner, settings, splits, key)
        self.name = named_after(key, settings)
        self._finish(subject, settings, splits, merge)
        if only_export and self.course.step < settings.steps and not self.course.over:
            return "stopped"
        return "early_stop" if self.course.over and self.course.step < settings.steps else "done"

    def _done(self, reason: EndReason, settings: RunSettings) -> str:
        if reason == "early_stop":
            return (
                f"No progress on held-out text for {settings.patience} evaluations: what it was at its best is written."
            )
        if reason == "stopped":
            return f"Written from the checkpoint of step {self.course.step} of {settings.steps}."
        return f"It did its {self.course.step} steps."

    def _subject(self, settings: RunSettings, texts: Texts) -> Subject:
        if settings.kind != "scratch":
            return from_base(settings, self.folder, look)
        tokenizer = self._tokenizer(settings, texts)
        subject = from_nothing(settings, tokenizer.get_vocab_size(), look)
        subject.tokenizer = tokenizer
        return subject

    def _tokenizer(self, settings: RunSettings, texts: Texts) -> Any:
        from tokenizers import Tokenizer

        kept = texts.kept / TOKENIZER
        if kept.exists():
            return Tokenizer.from_file(str(kept))
        if settings.shape is None:
            raise RunEnds("failed", "A model from scratch needs a shape.", "Give its number of layers.")
        learnt = pieces.learn(texts.documents("train"), settings.shape.vocabulary)
        save_tokenizer(learnt, kept)
        return learnt

    def _tokens(self, texts: Texts, subject: Subject) -> dict[str, npt.NDArray[np.uint32]]:
        marks = subject.marks()
        key = hashlib.sha256(f"{texts.digest()} {subject.cutter.to_str()} {marks}".encode()).hexdigest()
        return {split: texts.tokens(split, subject.cutter, marks, key) for split in ("train", "held_out", "test")}

    def _learner(self, subject: Subject, settings: RunSettings, train: npt.NDArray[np.uint32]) -> Learner:
        windows = windows_of(len(train), settings.context_tokens)
        if windows < settings.sequences * settings.accumulate:
            raise too_small(len(train), settings)
        read = lambda some: cut(train, some, settings.context_tokens)  # noqa: E731
        return Learner(subject, settings, read, Order(windows, settings.seed), self.asked_to_stop)

    def _resume(self, learner: Learner, key: dict[str, str]) -> None:
        """From the last checkpoint that can be read. Raises RunEnds: it is of other settings, texts or base."""
        for state in self.checkpoints.newest_first():
            _check_key(state["key"], key)
            _put(learner.moving, state["weights"])
            learner.optimiser.load_state_dict(state["optimiser"])
            restore_chance(state["chance"])
            self.course = msgspec.convert(state["course"], Course)
            return

    def _tell_began(self, subject: Subject, count: int) -> None:
        self.folder.tell(
            Began(
                at_ms=self.clock.now_ms(),
                step=self.course.step,
                parameters=subject.parameters,
                trained=subject.trained,
                device=described(subject),
                threads=count,
                packages={"python": sys.version.split()[0], **{one: version(one) for one in PACKAGES}},
            )
        )

    def _learn(
        self, learner: Learner, settings: RunSettings, splits: dict[str, npt.NDArray[np.uint32]], key: dict[str, str]
    ) -> None:
        course, recent = self.course, Recent(self.clock, settings.step_tokens)
        every = -(-settings.steps // LINES_MOST)
        if course.step == 0:
            if settings.kind == "continued":
                course.base_perplexity = looking_back.perplexity(
                    learner.subject, splits["test"], settings, self.asked_to_stop
                )
                course.base_french, _of = french.right_of(learner.subject, settings, self.asked_to_stop)
            self._evaluate(learner, settings, splits["held_out"])
        kept = course.step
        try:
            while course.step < settings.steps and not course.over:
                done = learner.step(course.step + 1)
                course.step += 1
                if course.step % every == 0 or course.step in (1, settings.steps):
                    self._tell_progress(done, settings, recent)
                if course.step % settings.evaluate_every_steps == 0 or course.step == settings.steps:
                    self._evaluate(learner, settings, splits["held_out"])
                if course.step % settings.checkpoint_every_steps == 0 or course.step == settings.steps or course.over:
                    self._checkpoint(learner, key)
                    kept = course.step
        except RunEnds as ends:
            if ends.reason == "stopped" and course.step > kept:
                self._checkpoint(learner, key)
            raise

    def _tell_progress(self, done: Step, settings: RunSettings, recent: Recent) -> None:
        self.folder.tell(
            Progress(
                at_ms=self.clock.now_ms(),
                step=self.course.step,
                steps=settings.steps,
                tokens=self.course.step * settings.step_tokens,
                loss=done.loss,
                learning_rate=done.learning_rate,
                tokens_per_s=recent.tokens_per_s(self.course.step),
                cpu_us=cpu_us(),
            )
        )

    def _evaluate(self, learner: Learner, settings: RunSettings, held_out: npt.NDArray[np.uint32]) -> None:
        """Tells the loss on held-out text; keeps the best weights and counts the evaluations without progress."""
        if len(held_out) < 2:
            return
        most = looked_at(settings.evaluate_every_steps, settings, HELD_OUT_WINDOWS)
        windows = spread(windows_of(len(held_out), settings.context_tokens), most)
        loss, seen = mean_loss(learner.subject, held_out, windows, settings)
        course, best = self.course, self.course.best is None or loss < self.course.best
        course.best, course.stale = (loss, 0) if best else (course.best, course.stale + 1)
        course.over = bool(settings.patience) and course.stale >= settings.patience
        if best and settings.patience:
            self.checkpoints.write_best({"step": course.step, "weights": _weights(learner.moving)})
        self.folder.tell(HeldOut(at_ms=self.clock.now_ms(), step=course.step, loss=loss, tokens=seen, best=best))

    def _checkpoint(self, learner: Learner, key: dict[str, str]) -> None:
        state = {
            "key": key,
            "course": msgspec.to_builtins(self.course),
            "weights": _weights(learner.moving),
            "optimiser": learner.optimiser.state_dict(),
            "chance": chance_state(),
        }
        size = self.checkpoints.write(self.course.step, state)
        self.folder.tell(Checkpoint(at_ms=self.clock.now_ms(), step=self.course.step, bytes=size))

    def _finish(
        self, subject: Subject, settings: RunSettings, splits: dict[str, npt.NDArray[np.uint32]], merge: bool
    ) -> None:
        if settings.patience and (best := self.checkpoints.best()) is not None:
            _put(subject.moving, best["weights"])
        stop = self.asked_to_stop
        perplexity = looking_back.perplexity(subject, splits["test"], settings, stop)
        before, base_right = self.course.base_perplexity, self.course.base_french
        if settings.kind == "lora":
            with subject.untouched():
                before = looking_back.perplexity(subject, splits["test"], settings, stop)
                base_right, _of = french.right_of(subject, settings, stop)
        recited, of = looking_back.recited(subject, splits["train"], settings, stop)
        right, pairs = french.right_of(subject, settings, stop)
        self.folder.tell(
            Evaluated(
                at_ms=self.clock.now_ms(),
                perplexity=perplexity,
                base_perplexity=before,
                recited=recited if of else None,
                recited_of=of or None,
                french=right if pairs else None,
                french_of=pairs or None,
                base_french=base_right if pairs else None,
            )
        )
        if stop():
            raise stopped()
        written = [export.merged(subject, settings, self.folder.out, self.name)] if merge else []
        self._tell_exported(sorted({*written, *export.export(subject, settings, self.folder.out, self.name)}))

    def _tell_exported(self, written: Iterable[Path]) -> None:
        for one in written:
            self.folder.tell(
                Exported(
                    at_ms=self.clock.now_ms(),
                    name=one.relative_to(self.folder.out).as_posix(),
                    bytes=one.stat().st_size,
                    sha256=export.digest(one),
                )
            )


class Recent:
    """Speed over the last steps, by the wall."""

    def __init__(self, clock: Clock, step_tokens: int) -> None:
        self._clock, self._step_tokens = clock, step_tokens
        self._seen: list[tuple[int, int]] = []

    def tokens_per_s(self, step: int) -> float | None:
        """None: this is the first step seen."""
        self._seen = [*self._seen[-RECENT_STEPS:], (step, self._clock.monotonic_us())]
        (first, since), (last, until) = self._seen[0], self._seen[-1]
        return (last - first) * self._step_tokens / (until - since) * 1e6 if until > since and last > first else None


def described(subject: Subject) -> str:
    place = subject.place
    return " ".join([place.device, *([place.told] if place.told else []), *(["bfloat16"] if place.bfloat16 else [])])


def named_after(key: dict[str, str], settings: RunSettings) -> str:
    """In the files: the same wherever the folder stands, another for other settings, texts or base."""
    digest = hashlib.sha256(msgspec.json.encode(key, order="sorted")).hexdigest()
    return " ".join([*([settings.base] if settings.base else []), settings.kind, digest[:8]])


def too_small(tokens: int, settings: RunSettings) -> RunEnds:
    return RunEnds(
        "corpus_too_small",
        f"The training text has {tokens} tokens; one step reads {settings.step_tokens}.",
        "Add texts, or lower sequences, accumulate or context_tokens.",
    )


def check(settings: RunSettings) -> None:
    """Raises RunEnds("failed"): numbers with which nothing would ever end or begin."""
    least = {
        "steps": 1, "sequences": 1, "context_tokens": 2, "accumulate": 1, "evaluate_every_steps": 1,
        "checkpoint_every_steps": 1, "warmup_steps": 0, "patience": 0, "threads": 0,
    }  # fmt: skip
    for name, bound in least.items():
        if getattr(settings, name) < bound:
            raise RunEnds("failed", f"{name} is {getattr(settings, name)}.", f"{name} {bound} or more.")
    if not settings.learning_rate > 0 or not settings.clip_norm > 0:
        raise RunEnds(
            "failed", "learning_rate and clip_norm are more than 0.", "learning_rate 0.001 for a small model."
        )


def _key(settings: RunSettings, texts: Texts, subject: Subject, folder: RunFolder) -> dict[str, str]:
    """What a checkpoint belongs to. Threads and paces are not part of it: they may change between two starts."""
    return {
        "format": str(FORMAT),
        "settings": hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(settings, threads=0))).hexdigest(),
        "corpus": texts.digest(),
        "base": export.digest(folder.base) if subject.base else "",
        "tokenizer": ""
        if subject.base is not None
        else hashlib.sha256(subject.tokenizer.to_str().encode()).hexdigest(),  # type: ignore[union-attr]
    }


_OTHERS: dict[str, tuple[EndReason, str]] = {
    "base": ("base_mismatch", "The base in the folder is not the one this run began with."),
    "settings": ("failed", "The settings are not those this run began with."),
    "corpus": ("failed", "The corpus is not the one this run began with."),
    "tokenizer": ("failed", "The tokenizer is not the one this run began with."),
    "format": ("failed", "The checkpoint was written by another version."),
}


def _check_key(kept: dict[str, str], now: dict[str, str]) -> None:
    for part, (reason, told) in _OTHERS.items():
        if kept.get(part) != now[part]:
            raise RunEnds(reason, told, "Put it back, or start a new run.")


def _weights(moving: dict[str, Any]) -> dict[str, Any]:
    return {name: one.detach().cpu() for name, one in moving.items()}


def _put(moving: dict[str, Any], weights: dict[str, Any]) -> None:
    for name, one in moving.items():
        one.data.copy_(weights[name])
