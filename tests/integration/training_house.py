"""A home with a small corpus and runs of a second, for tests of the runs. The program that learns is the real one."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from affouage.settings import Settings
from affouage.storage import Database, open_database
from affouage.training.calibration import Calibrated
from affouage.training.folder import Began, Event, HeldOut, Progress
from affouage.training.runs import asking, store
from affouage.training.runs.corpora import corpus_facts
from affouage.training.runs.device import Training
from affouage.training.runs.plan import Plan, Rates, Watts, plan
from affouage.training.runs.store import Run
from affouage.training.settings import RunSettings, Shape
from affouage.units import Interval

WORDS = (
    "le",
    "conseil",
    "municipal",
    "se",
    "réunit",
    "mardi",
    "soir",
    "à",
    "la",
    "mairie",
    "pour",
    "voter",
    "le",
    "bois",
)
SHAPE = Shape(layers=2, width=64, feed_forward=128, heads=2, kv_heads=1, vocabulary=300, context_tokens=32)
TINY = RunSettings(
    kind="scratch",
    steps=10,
    sequences=4,
    context_tokens=32,
    learning_rate=1e-3,
    warmup_steps=2,
    evaluate_every_steps=5,
    checkpoint_every_steps=5,
    threads=1,
    shape=SHAPE,
)
LONG = RunSettings(
    kind="scratch",
    steps=100_000,
    sequences=4,
    context_tokens=32,
    learning_rate=1e-3,
    warmup_steps=2,
    evaluate_every_steps=50_000,
    checkpoint_every_steps=50_000,
    threads=1,
    shape=SHAPE,
)
"""Longer than any test: it is stopped."""

SEEN = Calibrated(
    device="cpu",
    threads=1,
    parameters=93_248,
    trained=93_248,
    passes=50,
    tokens=6_400,
    cpu_us=240_000,
    tokens_per_s=26_000.0,
    tokens_per_s_low=18_000.0,
    tokens_per_s_high=30_000.0,
    held_out_tokens_per_s=67_000.0,
    memory_bytes=380_000_000,
    checkpoint_bytes=1_119_000,
    load_ms=600,
)
THIRTY_WATTS = Watts(interval=Interval(10.0, 30.0, 90.0), quality="estimated", method="estimate")


def corpus(folder: Path, texts: int = 60) -> Path:
    """Splits by document, as a build has them."""
    drawn = random.Random(7)
    (folder / "splits").mkdir(parents=True)
    for split, many in (("train", texts), ("held_out", texts // 6), ("test", texts // 6)):
        documents = [" ".join(drawn.choice(WORDS) for _ in range(80)) + "." for _ in range(many)]
        lines = [json.dumps({"id": f"{split}{at}", "text": text}) for at, text in enumerate(documents)]
        (folder / "splits" / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    manifest = {"name": "mairie", "documents": texts + 2 * (texts // 6), "licences": {"etalab-2.0": texts}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def planned(settings: RunSettings, held_out_bytes: int = 5_000, watts: Watts = THIRTY_WATTS) -> Plan:
    return plan(settings, SEEN, watts, Rates(), held_out_bytes=held_out_bytes, made_ms=1)


async def put(training: Training, folder: Path, name: str, settings: RunSettings, plan_: Plan | None = None) -> Run:
    """A run, planned from figures measured elsewhere: its folder laid out, its row written."""
    place = training.workplace
    facts, run_id = corpus_facts(folder), asking.new_id()
    asking.lay_out(place.folder / run_id, settings, folder, None)
    return await training.asking.planned(
        run_id=run_id,
        name=name,
        who_id=await place.collective(),
        place="here",
        settings=settings,
        corpus=facts,
        plan=plan_ or planned(settings, facts.held_out_bytes),
    )


async def until(said: Callable[[], Awaitable[bool]], within_s: float = 120.0) -> None:
    """Look until it is so. A test that waits longer fails."""
    async with asyncio.timeout(within_s):
        while not await said():  # noqa: ASYNC110 - another process does it: nothing can be awaited
            await asyncio.sleep(0.05)


async def in_state(training: Training, name: str, *states: str, drive: bool = True, within_s: float = 120.0) -> Run:
    place = training.workplace

    async def there() -> bool:
        if drive:
            await training.following.step_all()
        return (await found(training, name)).state in states

    await until(there, within_s)
    return await place.db.read(lambda connection: store.find(connection, name))


async def found(training: Training, name: str) -> Run:
    return await training.workplace.db.read(lambda connection: store.find(connection, name))


def database(home: Path) -> Database:
    home.mkdir(exist_ok=True)
    return open_database(home / "affouage.db")


def settings_of(home: Path) -> Settings:
    return Settings(home=home)


EVENTS: tuple[Event, ...] = (
    Began(at_ms=1_000, step=0, parameters=93_248, trained=93_248, device="cpu", threads=1, packages={"torch": "2.13"}),
    HeldOut(at_ms=1_000, step=0, loss=5.7, tokens=500, best=True),
    *(
        Progress(
            at_ms=1_000 + step,
            step=step,
            steps=10,
            tokens=128 * step,
            loss=5.7 - step / 4,
            learning_rate=1e-3,
            tokens_per_s=900.0,
            cpu_us=step * 200_000,
        )
        for step in range(1, 9)
    ),
    HeldOut(at_ms=1_009, step=8, loss=4.1, tokens=500, best=True),
)
"""What a run told so far, for pages: no program is at work."""


async def told_so_far(training: Training, folder: Path, name: str = "mairie-1") -> Run:
    """A run that told some steps; no program is at work."""
    run = await put(training, folder, name, TINY)
    for event in EVENTS:
        training.workplace.run_folder(run).tell(event)
    return run
