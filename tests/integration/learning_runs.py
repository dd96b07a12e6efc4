"""Small runs for the tests of learning: texts by a grammar, folders, and what the engine says beside transformers."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from affouage.testing import ManualClock
from affouage.training.folder import End, Event, RunFolder
from affouage.training.settings import Adapter, RunSettings, Shape

WHO = ("La commune", "L'assemblée", "Le garde", "Une habitante", "Le village", "La coopérative")
DOES = ("partage", "compte", "vote", "garde", "répare", "mesure")
WHAT = ("le bois", "les heures", "la règle", "les machines", "l'énergie", "le reçu")
WHEN = ("chaque année.", "à l'automne.", "sans délai.", "devant tous.", "pour 12 € de moins.", "avec soin.")

SHAPE = Shape(layers=2, width=64, feed_forward=192, heads=4, kv_heads=2, vocabulary=512, context_tokens=128)
SCRATCH = RunSettings(
    kind="scratch",
    steps=24,
    sequences=4,
    context_tokens=48,
    learning_rate=5e-3,
    warmup_steps=3,
    evaluate_every_steps=8,
    checkpoint_every_steps=8,
    threads=1,
    seed=7,
    shape=SHAPE,
)
LORA = RunSettings(
    kind="lora",
    steps=12,
    sequences=2,
    context_tokens=48,
    learning_rate=2e-2,
    warmup_steps=2,
    evaluate_every_steps=6,
    checkpoint_every_steps=6,
    weight_decay=0.0,
    threads=1,
    seed=3,
    base="essai",
    adapter=Adapter(rank=4, alpha=8),
)
CONTINUED = msgspec.structs.replace(LORA, kind="continued", adapter=None, learning_rate=2e-3)


def texts(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    sentence = lambda: " ".join(chance.choice(words) for words in (WHO, DOES, WHAT, WHEN))  # noqa: E731
    return [" ".join(sentence() for _ in range(chance.randint(2, 5))) for _ in range(count)]


def upside_down(count: int, seed: int) -> list[str]:
    """Texts in another manner: what an adapter has to learn."""
    return [" ".join(reversed(one.split(" "))) for one in texts(count, seed)]


def folder(
    path: Path,
    settings: RunSettings,
    *,
    base: Path | None = None,
    made: Callable[[int, int], list[str]] = texts,
    documents: int = 120,
) -> RunFolder:
    splits = path / "corpus" / "splits"
    splits.mkdir(parents=True)
    for number, (name, count) in enumerate((("train", documents), ("held_out", 12), ("test", 12))):
        lines = [json.dumps({"id": f"{name}-{n}", "text": text}) for n, text in enumerate(made(count, number))]
        (splits / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (path / "settings.json").write_bytes(msgspec.json.encode(settings))
    if base is not None:
        (path / "base.gguf").symlink_to(base)
    return RunFolder(path)


def start(run: RunFolder, asked_to_stop: Callable[[], bool] = lambda: False, **options: bool) -> End:
    from affouage.training.learning.program import Run

    return Run(run, ManualClock(), asked_to_stop).whole(**options)


def told(run: RunFolder, kind: type[Event]) -> list[Any]:
    return [event for event, _end in run.events() if isinstance(event, kind)]


class LlamaCpp:
    """llama.cpp's own server, greedy, without its cache of prompts; an adapter is named with each request."""

    def __init__(self, address: str) -> None:
        self._address = address

    def tokens(self, text: str) -> list[int]:
        return list(self._post("/tokenize", {"content": text, "parse_special": True})["tokens"])

    def prompt(self, *said: str) -> str:
        turns = [{"role": "user", "content": one} for one in said]
        return str(self._post("/apply-template", {"messages": turns})["prompt"])

    def goes_on(self, prompt: list[int], count: int, scale: float | None = None) -> list[int]:
        """The tokens after ``prompt``; fewer where it ends."""
        asked: dict[str, Any] = {"prompt": prompt, "n_predict": count, "temperature": 0, "return_tokens": True}
        if scale is not None:
            asked["lora"] = [{"id": 0, "scale": scale}]
        return list(self._post("/completion", {**asked, "cache_prompt": False})["tokens"])

    def _post(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._address + path, json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=170) as answer:
            return dict(json.load(answer))


@contextmanager
def llama_cpp(
    model: Path, adapter: Path | None = None, *, context_tokens: int = 128, threads: int = 1
) -> Iterator[LlamaCpp]:
    program = [sys.executable, str(Path(__file__).with_name("llama_greedy.py"))]
    asked = [str(model), "-" if adapter is None else str(adapter), str(context_tokens), str(threads)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*program, *asked], text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdin is not None
        assert child.stdout is not None
        address = next((line.strip() for line in child.stdout if line.startswith("http")), "")
        assert address, "llama.cpp did not start"
        try:
            yield LlamaCpp(address)
        finally:
            child.stdin.close()
            child.wait(timeout=20)
