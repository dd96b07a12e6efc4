"""*Entraînement*: members read where runs are, what they took and their receipts; strangers are sent to sign in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from affouage import settings
from affouage.cli import main
from affouage.footprint.budget import BudgetRules, Limit
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.training.runs import store
from affouage.training_room import energy_is_for_answers
from tests.integration import training_house as house
from tests.integration.test_exact_prompt import signed_in


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("web-training") / "home"
    environ = {"AFFOUAGE_FOOTPRINT_COUNTRY": "FRA"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine()]) as running:
        texts = house.corpus(home.parent / "mairie")
        running.run(house.told_so_far(running.commons.training, texts))
        yield running


@pytest.fixture(scope="module")
def client(live: LiveCommons) -> Iterator[httpx.Client]:
    with signed_in(live) as browser:
        yield browser


def test_the_list_names_every_run_and_the_rule(client: httpx.Client) -> None:
    page = client.get("/training")
    assert page.status_code == 200
    assert 'href="/training/mairie-1"' in page.text
    assert "8 / 10" in page.text.replace("\u202f", " ")
    assert "Qui peut demander" in page.text
    assert "kWh" in page.text


def test_a_run_has_its_figures_its_plot_and_their_table(client: httpx.Client) -> None:
    page = client.get("/training/mairie-1")
    assert page.status_code == 200
    assert "<svg" in page.text
    assert "4,1" in page.text
    assert "etalab-2.0 (60)" in page.text
    assert "estimé" in page.text, "no meter saw it"
    assert "n’est pas dans le compte du mois" in page.text
    assert client.get("/training/rien").status_code == 404
    assert client.get("/training/mairie-1/receipt.json").status_code == 404


def test_commands_work_beside_the_serving_commons(live: LiveCommons) -> None:
    home = str(live.commons.settings.home)

    def typed(*words: str) -> Result:
        return CliRunner().invoke(main, ["train", *words], env={"AFFOUAGE_HOME": home})

    status = typed("status", "mairie-1", "--json")
    assert status.exit_code == 0, status.output
    told = json.loads(status.stdout)
    assert (told["state"], told["story"]["step"], told["withdrawn"]) == ("planned", 8, [])
    assert "mairie-1" in typed("list").stdout
    rule = typed("rule", "set", "--at-once", "2", "--reason", "two cores more")
    assert rule.exit_code == 0, rule.output


def test_the_receipt_is_the_very_text_whose_hash_is_in_the_log(live: LiveCommons, client: httpx.Client) -> None:
    training = live.commons.training

    async def over() -> str:
        closed = await training.asking.give_up("mairie-1", None)
        return str((await training.exporting.content(closed))["state"])

    assert live.run(over()) == "given_up"
    page = client.get("/training/mairie-1")
    assert "abandonné" in page.text
    text = '{"v":1}'
    run_id = live.run(_id(live))
    live.commons.db.write_now(lambda connection: store.keep_receipt(connection, run_id, text))
    answer = client.get("/training/mairie-1/receipt.json")
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("application/json")
    assert hashlib.sha256(text.encode()).hexdigest() in client.get("/training/mairie-1").text


async def _id(live: LiveCommons) -> str:
    return (await house.found(live.commons.training, "mairie-1")).id


def test_what_is_left_of_the_allowance_is_for_answers(live: LiveCommons) -> None:
    commons, kwh_uj = live.commons, 3_600_000_000_000

    def spent(open_uj: int) -> bool:
        return live.run(energy_is_for_answers(commons.allowance, commons.charter, open_uj))

    assert not spent(10 * kwh_uj), "no limit, no waiting"
    whole = Limit(scope="commons", span="day", unit="kwh", amount=1.0)
    live.run(commons.charter.enact("budget", BudgetRules(limits=(whole,)), "tests", "to see"))
    assert (spent(int(0.7 * kwh_uj)), spent(int(0.8 * kwh_uj))) == (False, True)
    own = Limit(scope="workshop", span="day", unit="kwh", amount=0.5, key="training")
    live.run(commons.charter.enact("budget", BudgetRules(limits=(own,)), "tests", "to see"))
    assert (spent(int(0.49 * kwh_uj)), spent(int(0.5 * kwh_uj))) == (False, True)


def test_a_stranger_is_sent_to_sign_in(live: LiveCommons) -> None:
    for path in ("/training", "/training/mairie-1", "/training/mairie-1/receipt.json"):
        answer = httpx.get(f"{live.url}{path}", follow_redirects=False)
        assert answer.status_code in (303, 401)
