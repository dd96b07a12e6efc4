"""A run's folder: all that a run is, so that it may be moved to another machine and come back.

```
settings.json     RunSettings, written before the start, never after
corpus/           the built corpus: manifest.json, documents.jsonl, splits/{train,held_out,test}.jsonl (or a link)
base.gguf         of kind lora or continued: the model that is adapted (a link, or a copy)
events.jsonl      what the program that learns tells, one Event a line, appended; a torn last line is not one
tokens/           the splits as numbers, the tokenizer of a model from nothing: made again where they are missing
checkpoints/      step-000100/ ...: all that resuming needs; the two last ones; written aside, then renamed
out/              model.gguf or adapter.gguf, tokenizer.json, safetensors/
```

The program is ``python -m affouage.training.learning FOLDER``. It begins where the last whole checkpoint ends. SIGTERM
or SIGUSR2: it writes one and ends with ``End(reason="stopped")``. It ends with status 0 whenever it could tell its end.
After a kill, what came since the last checkpoint is told a second time: the last line of a step stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from affouage.training.settings import RunSettings

SETTINGS, CORPUS, BASE, EVENTS, CHECKPOINTS, OUT = (
    "settings.json", "corpus", "base.gguf", "events.jsonl", "checkpoints", "out",
)  # fmt: skip
MODEL, ADAPTER = "model.gguf", "adapter.gguf"

EndReason = Literal[
    "done", "early_stop", "stopped", "loss_not_finite", "out_of_memory", "disk_full", "corpus_too_small",
    "base_unknown", "base_mismatch", "failed",
]  # fmt: skip


class Progress(msgspec.Struct, frozen=True, tag="progress", kw_only=True):
    """After ``step`` of ``steps``. ``loss``: mean cross-entropy of the step, in nats a token. ``tokens``: seen so far.

    ``tokens_per_s``: of the last steps, by the wall. ``cpu_us``: of a processor, since this process began.
    """

    at_ms: int
    step: int
    steps: int
    tokens: int
    loss: float
    learning_rate: float
    tokens_per_s: float | None = None
    cpu_us: int = 0


class HeldOut(msgspec.Struct, frozen=True, tag="held_out", kw_only=True):
    """Loss on text that is never trained on, in nats a token, over ``tokens``."""

    at_ms: int
    step: int
    loss: float
    tokens: int
    best: bool = False


class Checkpoint(msgspec.Struct, frozen=True, tag="checkpoint", kw_only=True):
    at_ms: int
    step: int
    bytes: int


class Began(msgspec.Struct, frozen=True, tag="began", kw_only=True):
    """A process began, at ``step`` (0, a checkpoint's). ``parameters``: of the model; ``trained``: those that move."""

    at_ms: int
    step: int
    parameters: int
    trained: int
    device: str
    threads: int
    packages: dict[str, str] = {}


class Evaluated(msgspec.Struct, frozen=True, tag="evaluated", kw_only=True):
    """At the end. ``perplexity`` on the test split, of the model and of its base; ``recited``: of how many training
    passages it goes on word for word, of how many tried; ``french``: of how many pairs of sentences (``french_of``) it
    finds the right one likelier, half by chance; ``base_french``: its base."""

    at_ms: int
    perplexity: float | None = None
    base_perplexity: float | None = None
    recited: int | None = None
    recited_of: int | None = None
    french: int | None = None
    french_of: int | None = None
    base_french: int | None = None


class Exported(msgspec.Struct, frozen=True, tag="exported", kw_only=True):
    at_ms: int
    name: str
    bytes: int
    sha256: str


class End(msgspec.Struct, frozen=True, tag="end", kw_only=True):
    """Why it ended. ``told``: a sentence for people, ``remedy``: the setting to change; ``cpu_us``: of this process."""

    at_ms: int
    step: int
    reason: EndReason
    told: str = ""
    remedy: str = ""
    cpu_us: int = 0


Event = Began | Progress | HeldOut | Checkpoint | Evaluated | Exported | End
_decode = msgspec.json.Decoder(Event).decode


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_path, self.events_path = path / SETTINGS, path / EVENTS
        self.corpus, self.base, self.checkpoints, self.out = (path / one for one in (CORPUS, BASE, CHECKPOINTS, OUT))

    def settings(self) -> RunSettings:
        """Raises OSError, msgspec.ValidationError (a ValueError)."""
        return msgspec.json.decode(self.settings_path.read_bytes(), type=RunSettings)

    def tell(self, event: Event) -> None:
        """Appends, in one write: a reader never sees half a line followed by another."""
        line = msgspec.json.encode(event) + b"\n"
        descriptor = os.open(self.events_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def events(self, offset: int = 0) -> Iterator[tuple[Event, int]]:
        """From a byte on: each event with the byte after it. A line that is no event is passed over; a last one
        without an end is not read yet."""
        try:
            with self.events_path.open("rb") as told:
                told.seek(offset)
                for line in told:
                    if not line.endswith(b"\n"):
                        return
                    offset += len(line)
                    try:
                        yield _decode(line), offset
                    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                        continue
        except FileNotFoundError:
            return
