"""Voices through the whole house, with the real engine: listed, asked, voted on, named on the receipt."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from affouage import settings as settings_of
from affouage.catalogue.card import Licence
from affouage.catalogue.rules import Floor, ModelRules
from affouage.catalogue.store import ModelStore
from affouage.catalogue.voice import Voice, add_voice
from affouage.cli import main
from affouage.testing import ManualClock, serving
from tests.contracts.tiny_gguf import SENTENCE, write_tiny_model
from tests.contracts.tiny_voice import VOICE_SENTENCE, write_tiny_voice
from tests.integration.conftest import until
from tests.integration.voting_house import MARCH_3_MS, VotingHouse
from tests.unit.catalogue_files import a_card

RUN = "5e" * 32


def with_base(home: Path, *, endless: bool = False) -> Path:
    store = ModelStore(home / "models")
    made = write_tiny_model(home.parent / "petit.gguf", endless=endless, layers=8 if endless else 1)
    card = a_card(id="petit", name="Petit modèle", grade="assistant", sha256=None)
    store.import_file(made, card)
    store.add_card(card)
    return home


def with_voice(home: Path, **facts: Any) -> Path:
    usual: dict[str, Any] = {"id": "mairie", "name": "Voix de la mairie", "base": "petit", "licence": Licence("MIT")}
    add_voice(home, write_tiny_voice(home.parent / "adapter.gguf"), Voice(**(usual | facts)))
    return home


@contextmanager
def house(home: Path, **environ: str) -> Iterator[VotingHouse]:
    """With the engines of its home."""
    told = {"AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris", "AFFOUAGE_ENGINE_DEFAULT_MODEL": "petit"}
    told |= {"AFFOUAGE_ENGINE_LOAD_WAIT_MS": "30000", "AFFOUAGE_ENGINE_CONTEXT_TOKENS": "4096"}
    clock = ManualClock(MARCH_3_MS)
    with serving(settings_of.read(told | environ, home=home), clock=clock) as live:
        one = VotingHouse(live, clock)
        try:
            yield one
        finally:
            one.browser.close()


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["choices"][0]["message"]["content"]
    return found


def scaled(scale: object) -> dict[str, Any]:
    return {"affouage": {"voice_scale": scale}}


def test_a_voice_is_listed_asked_and_named_on_the_receipt(home: Path) -> None:
    with_voice(with_base(home), scale=0.9, trained_by=RUN)
    digests = {one.id: one.sha256 for one in ModelStore(home / "models").installed()}
    with house(home) as here:
        listed = {one["id"]: one for one in here.get("/v1/models").json()["data"]}
        assert (listed["mairie"]["affouage"]["base"], listed["mairie"]["affouage"]["scale"]) == ("petit", 0.9)
        assert "base" not in listed["petit"]["affouage"]
        answer = here.ask("mairie")
        assert (text_of(answer), answer.json()["model"]) == (VOICE_SENTENCE, "mairie")
        model = here.receipt(answer)["model"]
        assert (model["id"], model["name"], model["file_sha256"]) == ("mairie", "Voix de la mairie", digests["mairie"])
        assert (model["licence"], model["grade"], model["trained_by"]) == ("MIT", "assistant", RUN)
        assert model["voice"] == {
            "base": "petit",
            "base_name": "Petit modèle",
            "base_file": "petit.gguf",
            "base_file_sha256": digests["petit"],
            "scale": 0.9,
        }
        base = here.ask("petit")
        assert text_of(base) == SENTENCE
        assert here.receipt(base)["model"]["voice"] is None
        none = here.ask("mairie", **scaled(0))
        assert text_of(none) == SENTENCE
        assert here.receipt(none)["model"]["voice"]["scale"] == 0
        weights = here.live.commons.metering.weights
        assert weights._decode_ms.keys() == {"petit"}, "whatever it is asked by, one process works"
        page = here.browse(f"/receipts/{answer.headers['x-affouage-receipt']}")
        assert "Voix force 0,9, sur le modèle Petit modèle" in page
        assert digests["petit"] in page
        assert f"reçu de l’entraînement {RUN}" in page
        here.browser.cookies.set("affouage_lang", "en")
        assert "Voice scale 0.9, on the model Petit modèle" in here.browse(
            f"/receipts/{answer.headers['x-affouage-receipt']}"
        )


@pytest.mark.parametrize(
    ("model", "sent", "code", "param"),
    [
        ("petit", scaled(0.5), "not_a_voice", "affouage.voice_scale"),
        ("mairie", scaled(2.1), "decimal_above_max_value", "affouage.voice_scale"),
        ("mairie", scaled(-1), "decimal_below_min_value", "affouage.voice_scale"),
        ("mairie", scaled("loud"), "invalid_type", "affouage.voice_scale"),
        ("mairie", {"voice_scale": 0.5}, "unsupported_parameter", "voice_scale"),
        ("personne", scaled(0.5), "model_not_found", None),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused_by_name(
    served: VotingHouse, model: str, sent: dict[str, Any], code: str, param: str | None
) -> None:
    for answer in (
        served.ask(model, **sent),
        served.post("/v1/completions", {"model": model, "prompt": "Il était", **sent}),
    ):
        told = answer.json()["error"]
        assert (told["code"], told["param"]) == (code, param), told
        assert answer.status_code in (400, 404)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VotingHouse]:
    home = tmp_path_factory.mktemp("voices") / "home"
    home.mkdir()
    with house(with_voice(with_base(home))) as here:
        yield here


def test_completions_streams_and_pages_speak_by_the_voice_too(served: VotingHouse) -> None:
    raw = served.post("/v1/completions", {"model": "mairie", "prompt": "Il était", "max_tokens": 30, **scaled(1)})
    assert raw.json()["choices"][0]["text"] == VOICE_SENTENCE
    streamed = served.ask("mairie", stream=True).text
    chunks = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks) == VOICE_SENTENCE
    assert {one["model"] for one in chunks} == {"mairie"}
    assert "Voix de la mairie (voix de Petit modèle)" in served.browse("/chat")
    page = served.browse("/models")
    assert "Une voix de Petit modèle : un petit fichier qui change ses réponses, avec la force 1" in page
    assert VOICE_SENTENCE in served.ask_on_page(model="mairie")


def test_a_vote_refuses_a_voice_and_not_its_base_or_its_base_and_so_its_voices(home: Path) -> None:
    with house(with_voice(with_base(home))) as here:
        here.found()
        number = here.vote("models", {"refused/mairie": True})
        told = here.refused(here.ask("mairie"), "model_not_admitted")
        assert (told["status"], told["model"], told["works"], told["proposal"]) == (403, "mairie", "petit", number)
        assert here.receipt(here.ask("petit"))["rules"] == ["models@1"]
        assert [one["id"] for one in here.get("/v1/models").json()["data"] if "base" in one["affouage"]] == []
        here.vote("models", {"refused": {"petit": True}})
        told = here.refused(here.ask("mairie"), "model_not_admitted")
        assert (told["model"], told["base"], told["rule"]) == ("mairie", "petit", "models@2")
        assert "mairie is a voice of petit. The model petit is refused here" in told["message"]
        assert here.refused(here.get("/v1/models/mairie"), "model_not_admitted")["base"] == "petit"
        shut = here.browse("/models").partition("Ici, mais pas admis")[2]
        assert "C’est une voix de petit, et une voix n’est admise qu’avec son modèle." in shut


def test_a_list_or_a_floor_must_let_both_in(home: Path) -> None:
    with house(with_voice(with_base(home))) as here:
        here.seed("models", ModelRules(admitted=("mairie",)))
        assert here.refused(here.ask("mairie"), "model_not_admitted")["base"] == "petit"
        here.seed("models", ModelRules(admitted=("mairie", "petit")))
        assert text_of(here.ask("mairie")) == VOICE_SENTENCE
        digest = ModelStore(home / "models").find("mairie")
        assert digest is not None
        here.seed("models", ModelRules(refused=(digest.sha256,)))
        assert here.refused(here.ask("mairie"), "model_not_admitted")["reason"] == "refused"
        here.seed("models", ModelRules(floor=Floor(weights="open")))
        assert here.refused(here.ask("mairie"), "model_not_admitted")["reason"] == "floor"


def test_a_voice_waits_for_a_slot_of_its_base(home: Path) -> None:
    with house(with_voice(with_base(home, endless=True)), AFFOUAGE_ENGINE_SLOTS="1") as here:
        scheduler = here.live.commons.inference.scheduler
        assert here.ask("mairie", max_tokens=1).status_code == 200  # loaded
        heard: list[httpx.Response] = []
        asks = threading.Thread(target=lambda: heard.append(here.ask("mairie")))
        body = {"model": "petit", "messages": [{"role": "user", "content": "Bonjour"}], "stream": True}
        url, headers = f"{here.live.url}/v1/chat/completions", here._headers()
        with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as answer:
            lines = answer.iter_lines()  # held: letting go of it would end the answer
            assert any("forêt" in line for line in lines)
            asks.start()
            until(lambda: scheduler.waiting("petit") == 1)
            assert scheduler.in_use("petit") == 1
        asks.join(timeout=30)
        assert text_of(heard[0]) == VOICE_SENTENCE
        assert here.receipt(heard[0])["durations"]["wait_reason"] == "turn"
        assert here.receipt(heard[0])["reach"] == "local"


def test_a_voice_added_by_hand_while_the_commons_runs_answers_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house(with_base(home)) as here:
        assert here.ask("mairie").json()["error"]["code"] == "model_not_found"
        assert text_of(here.ask("petit")) == SENTENCE
        monkeypatch.setenv("AFFOUAGE_HOME", str(home))
        adapter = str(write_tiny_voice(home.parent / "adapter.gguf"))
        words = ["models", "add-voice", adapter, "--base", "petit", "--id", "mairie", "--licence", "MIT"]
        done = CliRunner().invoke(main, [*words, "--name", "Voix de la mairie", "--scale", "0.9", "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["base"] == "petit"
        answer = here.ask("mairie")
        assert text_of(answer) == VOICE_SENTENCE
        assert text_of(here.ask("petit")) == SENTENCE
        shown = CliRunner().invoke(main, ["models", "show", "mairie"]).stdout
        assert "A voice of petit, at scale 0.9 unless a request says otherwise." in shown
        assert "a voice of petit" in CliRunner().invoke(main, ["models", "list"]).stdout
        wrong = CliRunner().invoke(main, [*words[:2], adapter, "--base", "nobody", *words[5:], "--name", "x"])
        assert (wrong.exit_code, "is not installed here" in wrong.stderr) == (2, True)


def test_a_base_replaced_by_another_model_goes_on_without_the_voices_that_do_not_match(home: Path) -> None:
    with_voice(with_base(home))
    store = ModelStore(home / "models")
    sentence = "Une tout autre phrase, bien plus courte, d'un autre modèle."
    made = write_tiny_model(home.parent / "autre.gguf", sentence=sentence)
    store.import_file(made, a_card(id="petit", grade="assistant"))
    with house(home) as here:
        assert text_of(here.ask("petit")) == sentence
        told = here.ask("mairie")
        assert (told.status_code, told.json()["error"]["code"]) == (503, "voice_not_loaded")
        assert text_of(here.ask("petit")) == sentence


def test_the_command_line_asks_a_voice_and_tells_its_receipt(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_voice(with_base(home), trained_by=RUN)
    for name, value in {"HOME": str(home), "ENGINE_CONTEXT_TOKENS": "4096", "ENGINE_LOAD_WAIT_MS": "30000"}.items():
        monkeypatch.setenv(f"AFFOUAGE_{name}", value)
    asked = ["ask", "Bonjour", "--model", "mairie", "--json"]
    told = json.loads(CliRunner().invoke(main, asked).stdout)
    assert told["answer"] == VOICE_SENTENCE
    faint = json.loads(CliRunner().invoke(main, [*asked, "--voice-scale", "0.25"]).stdout)
    assert (faint["answer"], faint["receipt"]["model"]["voice"]["scale"]) == (SENTENCE, 0.25)
    monkeypatch.setenv("AFFOUAGE_LANG", "fr")
    shown = CliRunner().invoke(main, ["receipts", "show", faint["receipt"]["id"]]).stdout
    assert "force 0,25, sur Petit modèle (petit), sha256 " in shown
    assert f"reçu de l’entraînement {RUN}" in shown
    refused = CliRunner().invoke(main, [*asked[:3], "petit", "--voice-scale", "0.5"])
    assert refused.exit_code == 2
    assert "petit is no voice" in refused.output or "n’est pas une voix" in refused.output


def test_a_voice_whose_base_is_not_here_is_not_offered(home: Path) -> None:
    with_voice(with_base(home))
    ModelStore(home / "models").remove("petit")
    with house(home) as here:
        assert [one["id"] for one in here.get("/v1/models").json()["data"]] == ["usem3-multilingual"]
        assert here.ask("mairie").json()["error"]["code"] == "model_not_found"
        assert "Voix de la mairie" not in here.browse("/chat")
