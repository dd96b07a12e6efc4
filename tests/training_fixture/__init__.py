"""The tiny model of the tests, made by the training device itself from texts the project owns.

``python -m tests.training_fixture [FOLDER]`` makes it (about a minute and a half of two cores; kept in
``.cache/training_fixture`` otherwise) and says its sha256. The same machine gives the same bytes each time.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from affouage.training.folder import MODEL, RunFolder
from affouage.training.settings import RunSettings

HERE = Path(__file__).parent
NAME = "modele-d-essai"
TURNS_TIMES = 3
HELD_OUT_EVERY = 10  # of the paragraphs: the ninth is held out, the tenth is for the test at the end


def recipe() -> RunSettings:
    return msgspec.json.decode((HERE / "recipe.json").read_bytes(), type=RunSettings)


def documents() -> list[str]:
    """Paragraphs as they are; questions with their answers as ChatML's turns, ``TURNS_TIMES`` times.

    ``texts.txt`` was written for it; ``phrases.txt`` is a copy, which does not move, of sentences of the product.
    """
    found: list[str] = []
    both = "\n\n".join((HERE / name).read_text(encoding="utf-8").strip() for name in ("texts.txt", "phrases.txt"))
    for paragraph in both.split("\n\n"):
        question, _, answer = paragraph.partition("\nR : ")
        if answer:
            turns = (("user", question.removeprefix("Q : ")), ("assistant", answer))
            found += ["".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)] * TURNS_TIMES
        else:
            found.append(paragraph)
    return found


def lay_out(folder: Path, settings: RunSettings) -> RunFolder:
    """A run's folder with those texts in its splits."""
    run = RunFolder(folder)
    (run.corpus / "splits").mkdir(parents=True, exist_ok=True)
    splits: dict[str, list[str]] = {"train": [], "held_out": [], "test": []}
    for number, text in enumerate(documents()):
        chat, rest = text.startswith("<|im_start|>"), number % HELD_OUT_EVERY
        split = {8: "held_out", 9: "test"}.get(rest, "train") if not chat else "train"
        splits[split].append(json.dumps({"id": f"{number:03d}", "text": text}, ensure_ascii=False))
    for split, lines in splits.items():
        text = "".join(f"{line}\n" for line in lines)
        (run.corpus / "splits" / f"{split}.jsonl").write_text(text, encoding="utf-8")
    run.settings_path.write_bytes(msgspec.json.encode(settings))
    return run


def model(run: RunFolder) -> Path:
    return run.out / MODEL
