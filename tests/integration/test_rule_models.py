"""The rule of models, voted, then sought in requests: every door refuses what is not admitted, and says what works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from affouage.catalogue.rules import Floor, ModelRules
from affouage.chat import ChatRequest
from affouage.errors import NotAllowed
from affouage.footprint.budget import BudgetRules, Limit
from affouage.inference.attempt import Asking
from affouage.pool.engine import EngineIdentity
from affouage.storage.tables import ledger_entry
from affouage.testing import EchoEngine
from tests.integration.voting_house import VotingHouse, voting_house

STARTER = "qwen2.5-coder-1.5b-instruct"


class FileEcho(EchoEngine):
    """An echo that says which file it has loaded."""

    def __init__(self, model_id: str, sha256: str) -> None:
        super().__init__(model_id)
        self._sha256 = sha256

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", "1", file_sha256=self._sha256)


class Embedder(EchoEngine):
    """Makes vectors, never text."""

    def __init__(self, model_id: str) -> None:
        super().__init__(model_id)
        self.context_tokens = None

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        return [[1.0, 0.0] for _ in inputs], len(inputs)


def entries(house: VotingHouse) -> int:
    """What stands in the books of requests: a refusal before anything is reserved adds nothing. A month that ended is
    closed in the background, when it may."""
    asked = select(func.count()).select_from(ledger_entry).where(ledger_entry.c.kind != "period")
    return int(house.live.commons.db.read_now(lambda c: c.execute(asked).scalar_one()))


def test_a_vote_refuses_a_model_at_the_very_next_request_and_says_which_works(home: Path) -> None:
    engines = [EchoEngine("echo"), EchoEngine("other")]
    with voting_house(home, *engines) as house:
        house.found()
        assert house.receipt(house.ask("other"))["rules"] == []
        number = house.vote("models", {"refused/other": True})
        before = entries(house)
        told = house.refused(house.ask("other"), "model_not_admitted")
        assert told["status"] == 403
        assert (told["model"], told["reason"], told["works"]) == ("other", "refused", "echo")
        assert (told["rule"], told["decided_on"], told["proposal"]) == ("models@1", "2027-03-03", number)
        assert entries(house) == before, "refused before anything was reserved"
        assert engines[1].seen == engines[1].seen[:1]
        assert house.receipt(house.ask("echo"))["rules"] == ["models@1"]
        listed = [one["id"] for one in house.get("/v1/models").json()["data"]]
        assert listed == ["echo"]
        assert house.refused(house.get("/v1/models/other"), "model_not_admitted")["proposal"] == number
        house.vote("models", {"refused": {}})
        assert house.receipt(house.ask("other"))["rules"] == ["models@2"]


def test_the_pages_list_what_is_admitted_and_say_why_the_rest_is_not(home: Path) -> None:
    with voting_house(home, EchoEngine("echo"), EchoEngine("other")) as house:
        house.found()
        number = house.vote("models", {"admitted/echo": True})
        page = house.browse("/models")
        admitted, _, shut = page.partition("Ici, mais pas admis")
        assert "Poser une question à ce modèle echo" in admitted or "echo" in admitted
        assert "other" in shut
        assert "Ce modèle n’est pas de ceux que les membres admettent." in shut
        assert f"modèles admis, version 1, vote du 3 mars 2027, proposition n° {number}" in shut
        assert "other" not in house.browser.get("/chat").text
        refused = house.ask_on_page(model="other")
        assert "Ce modèle n’est pas de ceux que les membres admettent." in refused
        assert "Sont admis, et sont ici : echo." in refused


def test_embeddings_and_raw_completions_pass_the_same_gate(home: Path) -> None:
    with voting_house(home, EchoEngine("echo"), Embedder("vec"), Embedder("vectors")) as house:
        house.seed("models", ModelRules(admitted=("echo", "vec")))
        vectors = house.post("/v1/embeddings", {"model": "vec", "input": "bonjour"})
        assert house.receipt(vectors)["rules"] == ["models@1"]
        told = house.refused(house.post("/v1/embeddings", {"model": "vectors", "input": "a"}), "model_not_admitted")
        assert told["works"] == "vec", "one that makes vectors, not one that writes"
        house.seed("models", ModelRules(refused=("echo",)))
        raw = house.post("/v1/completions", {"model": "echo", "prompt": "Il était"})
        assert house.refused(raw, "model_not_admitted")["reason"] == "refused"


def test_the_floor_excludes_the_starter_and_names_one_that_fits_this_machine(home: Path) -> None:
    with voting_house(home, EchoEngine(STARTER)) as house:
        house.seed("models", ModelRules(floor=Floor(training_data="open")))
        told = house.refused(house.ask(STARTER), "model_not_admitted")
        assert told["reason"] == "floor"
        assert "training data" in told["lacks_en"]
        assert "données d'entraînement" in told["lacks_fr"]
        fetch = told["fetch"]
        assert f"affouage models pull {fetch}" in told["message"]
        card = house.live.commons.cards()[fetch]
        assert card.openness.training_data.level == "open"
        assert "données d'entraînement" in house.ask_on_page(model=STARTER)


def test_a_file_is_admitted_by_its_digest_and_no_other_of_that_name(home: Path) -> None:
    right, wrong = "a" * 64, "b" * 64
    with voting_house(home, FileEcho("same", right), FileEcho("twin", wrong)) as house:
        house.seed("models", ModelRules(admitted=(right,)))
        assert house.receipt(house.ask("same"))["model"]["file_sha256"] == right
        house.refused(house.ask("twin"), "model_not_admitted")
        house.seed("models", ModelRules(refused=(right,)))
        house.refused(house.ask("same"), "model_not_admitted")
        assert house.ask("twin").status_code == 200


def test_the_sober_model_stands_in_only_if_it_is_admitted(home: Path) -> None:
    with voting_house(home, EchoEngine("echo"), EchoEngine("small")) as house:
        limit = Limit(scope="commons", span="day", unit="kwh", amount=1e-6)
        house.seed("budget", BudgetRules(limits=(limit,), at_full="sober", sober_model="small"))
        assert house.receipt(house.ask("echo"))["model"]["id"] == "small"
        house.seed("models", ModelRules(refused=("small",)))
        told = house.refused(house.ask("echo"), "allowance_spent")
        assert told["rule"] == "budget@1"
        assert house.refused(house.ask("small"), "model_not_admitted")["rule"] == "models@1"


def test_every_door_asks_the_same_gate(home: Path) -> None:
    with voting_house(home, EchoEngine("echo")) as house:
        house.seed("models", ModelRules(refused=("echo",)))
        inference = house.live.commons.inference
        for door in ("api", "web", "cli", "workshop", "start-up"):
            asking: Any = Asking(member_id=house.ali.id, door=door)  # type: ignore[arg-type]
            with pytest.raises(NotAllowed, match="models@1"):
                house.live.run(inference.ask(asking, ChatRequest(model="echo", messages=())))


def test_the_command_line_says_it_too(home: Path) -> None:
    from affouage.storage.home import note_address

    with voting_house(home, EchoEngine("echo"), real_time=True) as house:
        house.seed("models", ModelRules(refused=("echo",), floor=Floor(training_data="open")))
        note_address(home, house.live.url)
        asked = command(home, "ask", "--model", "echo", "Qui décide ?")
        assert asked.returncode != 0
        assert "models@1" in asked.stderr + asked.stdout or "modèles admis" in asked.stderr + asked.stdout
        fits = json.loads(command(home, "models", "fit", "--json").stdout)
        assert fits["rule"]["rule"] == "models@1"
        starter = fits["models"][STARTER]
        assert starter["admitted"] is False
        assert "less open than the members ask" in starter["why_not"]
        assert fits["recommended"] != STARTER


def test_the_configuration_file_may_only_take_away(home: Path) -> None:
    with voting_house(home, EchoEngine("echo"), environ={"AFFOUAGE_SAFETY_REFUSED_MODELS": "echo other"}) as house:
        house.found()
        house.vote("models", {"admitted/echo": True})
        told = house.refused(house.ask("echo"), "model_not_admitted")
        assert told["rule"] == "safety.refused_models"
        assert "Whoever looks after the machine" not in told["message"]
        assert "La personne qui s’occupe de la machine refuse ce modèle." in house.browse("/models")


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "affouage", *words],
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
