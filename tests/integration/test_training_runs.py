"""Runs of training with the program that learns: begun, stopped, gone on with, found again, killed, told."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from affouage.adapters.trainers.local import LocalTrainer, last_words
from affouage.assembly.member import Role
from affouage.catalogue.card import load_cards
from affouage.clock import SystemClock
from affouage.errors import Conflict, NotAllowed, Unavailable
from affouage.journal import log
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database
from affouage.testing import ManualClock
from affouage.training.corpus.manifest import SPLITS, Amount, Consented, Manifest
from affouage.training.corpus.store import Corpora
from affouage.training.runs import receipt, store
from affouage.training.runs.corpora import taken_back
from affouage.training.runs.device import Training, training_of
from affouage.training.runs.rules import TrainingRules
from affouage.training_room import training_for_command
from tests.integration import training_house as house
from tests.integration.training_house import LONG, TINY


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    opened = house.database(home)
    yield opened
    opened.close()


@pytest.fixture
def training(home: Path, db: Database) -> Iterator[Training]:
    made = training_for_command(house.settings_of(home), db, SystemClock())
    yield made
    for run in db.read_now(store.all_runs):  # a test that failed leaves no child
        if run.standing.job is not None:
            asyncio.run(made.workplace.trainer(run).kill(run.standing.job))


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house.corpus(tmp_path_factory.mktemp("corpus") / "mairie")


async def learns(training: Training, name: str) -> None:
    """Until it has told a step."""

    async def told() -> bool:
        await training.following.step_all()
        return training.workplace.story(await house.found(training, name)).step > 0

    await house.until(told)


def test_a_run_learns_and_is_in_the_catalogue_with_a_receipt_in_the_public_log(
    home: Path, db: Database, training: Training, texts: Path
) -> None:
    async def main() -> None:
        await house.put(training, texts, "mairie-1", TINY)
        begun = await training.asking.start("mairie-1", None)
        assert (begun.state, begun.rule) == ("queued", "training@0")
        run = await house.in_state(training, "mairie-1", "exported")
        story = training.workplace.story(run)
        assert story.step == TINY.steps
        assert story.train[-1][1] < story.train[0][1]
        assert story.held_out[-1][1] < story.held_out[0][1]
        assert run.receipt is not None
        content = msgspec.json.decode(run.receipt)
        assert (
            content["corpus"]["manifest_sha256"] == hashlib.sha256((texts / "manifest.json").read_bytes()).hexdigest()
        )
        assert content["work"]["tokens"] == TINY.steps * TINY.step_tokens
        assert content["code"]["packages"]["torch"]
        assert content["energy"]["quality"] == "estimated", "no meter was at work"
        assert content["energy"]["interval_uj"]["low"] > 0
        assert content["asked_by"] == run.member_id
        leaf = db.read_now(lambda connection: log.last_of_kind(connection, receipt.LEAF))
        assert leaf is not None
        assert leaf.public["receipt_sha256"] == hashlib.sha256(run.receipt.encode()).hexdigest()
        assert run.member_id not in leaf.body, "who asked is committed to, not told"
        [model] = training.workplace.store.installed()
        card = load_cards(home)["mairie-1"]
        assert (model.sha256, card.sha256) == (content["out"][0]["sha256"],) * 2
        assert card.trained_by == run.id
        assert card.openness.training_data.level == "open"
        with pytest.raises(Conflict):
            await training.asking.start("mairie-1", None)
        files = await training.exporting.copy_to(run, home / "taken")
        assert {"model.gguf", "receipt.json", "mairie-1.toml"} <= {one.name for one in files}
        assert (home / "taken" / "receipt.json").read_text(encoding="utf-8") == run.receipt

    asyncio.run(main())


def test_it_stops_with_a_checkpoint_is_found_again_by_another_program_and_goes_on(
    home: Path, db: Database, training: Training, texts: Path
) -> None:
    async def main() -> None:
        await house.put(training, texts, "mairie-2", LONG)
        await training.asking.start("mairie-2", None)
        await learns(training, "mairie-2")
        run = await house.found(training, "mairie-2")
        assert run.standing.job is not None
        pid = int(run.standing.job.partition("@")[0])
        assert psutil.Process(pid).nice() == 19
        assert os.getsid(pid) == pid, "a session of its own: it outlives the commons"
        # another program, as after a restart of the commons
        again = training_for_command(house.settings_of(home), db, SystemClock())
        assert (await again.workplace.trainer(run).look(run.standing.job)).state == "running"
        assert await LocalTrainer().start(again.workplace.run_folder(run).path) == run.standing.job, "begun once"
        assert (await again.asking.stop("mairie-2", None)).state == "stopping"
        stopped = await house.in_state(training, "mairie-2", "stopped")
        assert stopped.standing.reason == "stopped"
        story = training.workplace.story(stopped)
        assert story.checkpoint_step == story.step > 0
        assert not psutil.pid_exists(pid)
        resumed = await again.asking.resume("mairie-2", None)
        assert resumed.state == "queued"

        async def went_on() -> bool:
            await again.following.step_all()
            told = again.workplace.story(await house.found(again, "mairie-2"))
            return told.lives == 2 and told.step > story.step

        await house.until(went_on)
        # killed without a word: told so, and what helps
        now = await house.found(again, "mairie-2")
        assert now.standing.job is not None
        os.kill(int(now.standing.job.partition("@")[0]), signal.SIGKILL)
        failed = await house.in_state(again, "mairie-2", "failed")
        assert "SIGKILL" in failed.standing.told
        assert f"from step {story.checkpoint_step}" in failed.standing.remedy
        closed = await again.asking.give_up("mairie-2", None)
        await again.exporting.close(closed)
        given_up = await house.found(again, "mairie-2")
        assert given_up.receipt is not None, "what it used is told all the same"
        assert msgspec.json.decode(given_up.receipt)["state"] == "given_up"
        assert not again.workplace.run_folder(given_up).checkpoints.exists()

    asyncio.run(main())


def test_a_vote_admits_what_the_rule_does_not_let_start_alone(db: Database, training: Training, texts: Path) -> None:
    charter = open_charter(db, SystemClock(), ANY_RATES)

    async def main() -> None:
        run = await house.put(training, texts, "grand", LONG)
        high = run.plan.kwh_high
        assert high is not None
        await charter.enact("training", TrainingRules(without_vote_kwh=high * 0.9), "tests", "small runs alone")
        asked = await training.asking.start("grand", None)
        assert asked.state == "asked"
        await training.following.step_all()
        assert (await house.found(training, "grand")).state == "asked"
        rules = TrainingRules(without_vote_kwh=0.0, admitted={"grand": high * 1.1})
        await charter.enact("training", rules, "tests", "the vote of Tuesday")
        running = await house.in_state(training, "grand", "running")
        assert running.rule == "training@2"
        # one at once: the other waits its turn
        await house.put(training, texts, "petit", TINY)
        await charter.enact("training", TrainingRules(admitted=rules.admitted), "tests", "as before")
        assert (await training.asking.start("petit", None)).state == "ready"
        # the vote is taken back: it is stopped at the next look
        await charter.enact("training", TrainingRules(without_vote_kwh=0.0), "tests", "no more")
        assert (await house.in_state(training, "grand", "stopped")).standing.reason == "stopped"
        with pytest.raises(NotAllowed) as refused:
            await training.asking.resume("grand", None)
        assert "admitted/grand=" in refused.value.remedy

    asyncio.run(main())


def test_who_may_ask_is_by_the_rule(db: Database, training: Training, texts: Path) -> None:
    from affouage.assembly.accounts import Accounts

    async def main() -> None:
        accounts = Accounts(db, SystemClock())
        await house.put(training, texts, "essai", TINY, house.planned(TINY))
        member, _link = await accounts.add_member("Ali", Role.MEMBER)
        with pytest.raises(NotAllowed) as refused:
            await training.asking.start("essai", member)
        assert refused.value.code == "training_role"
        assert refused.value.details["rule"] == "training@0"
        charter = open_charter(db, SystemClock(), ANY_RATES)
        await charter.enact("training", TrainingRules(ask="members"), "tests", "we are five")
        assert (await training.asking.start("essai", member)).state == "queued"
        assert (await training.asking.stop("essai", member)).state == "stopped"

    asyncio.run(main())


DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(99)"


def test_one_that_does_not_stop_in_ten_minutes_is_ended(home: Path, db: Database, texts: Path) -> None:
    clock = ManualClock()
    stubborn = LocalTrainer(("-c", DEAF))
    ordinary = training_for_command(house.settings_of(home), db, clock)
    training = training_of(dataclasses.replace(ordinary.workplace, trainers={"here": stubborn}))

    async def main() -> None:
        await house.put(training, texts, "sourd", TINY)
        await training.asking.start("sourd", None)
        run = await house.in_state(training, "sourd", "running")
        folder = training.workplace.run_folder(run).path

        async def deaf() -> bool:
            return "deaf" in last_words(folder)

        await house.until(deaf)
        await training.asking.stop("sourd", None)
        await training.following.step_all()
        clock.advance(ms=599_999)
        await training.following.step_all()
        assert (await house.found(training, "sourd")).state == "stopping"
        clock.advance(ms=1)
        stopped = await house.in_state(training, "sourd", "stopped")
        assert "did not stop when asked" in stopped.standing.told
        nowhere = msgspec.structs.replace(stopped, place="slurm")
        with pytest.raises(Unavailable):
            training.workplace.trainer(nowhere)

    asyncio.run(main())


def test_texts_that_a_member_took_back_start_no_run(home: Path, db: Database, training: Training, texts: Path) -> None:
    corpora = Corpora(home)
    build = corpora.path / "bureau" / "builds" / "abc"
    shutil.copytree(texts, build)
    (corpora.path / "bureau" / "recipe.toml").write_text("", encoding="utf-8")
    amount = {split: Amount() for split in SPLITS}
    manifest = Manifest(
        name="bureau",
        sha256="b" * 64,
        made_ms=1,
        code="0",
        recipe="",
        recipe_sha256="",
        documents=2,
        characters=9,
        splits=amount,
        split_sha256=dict.fromkeys(SPLITS, "0"),
        licences={"LicenseRef-member-consent": 2},
        sources=(),
        removed=(),
        consents=(Consented(member="Jeanne", day="2026-11-01", source="notes", documents=2),),
    )
    (build / "manifest.json").write_bytes(msgspec.json.encode(manifest))

    async def main() -> None:
        run = await house.put(training, build, "bureau-1", TINY)
        assert run.corpus_sha256 == "b" * 64
        assert taken_back(home, run.corpus_sha256) == []
        corpora.withdraw("bureau", "jeanne", day="2026-11-20", now_ms=2)
        assert taken_back(home, run.corpus_sha256) == ["Jeanne"]
        assert taken_back(home, "c" * 64) == []
        with pytest.raises(Conflict) as refused:
            await training.asking.start("bureau-1", None)
        assert refused.value.code == "training_consent"
        assert (await house.found(training, "bureau-1")).state == "planned"

    asyncio.run(main())
