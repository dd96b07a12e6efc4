"""The machines over real HTTP: who serves, what an owner lends, whose machines may read a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import BadRequestError, OpenAI

from affouage import settings
from affouage.assembly.member import Member, Role
from affouage.chat import EMBEDDER
from affouage.pool.contribution import served_range
from affouage.pool.engine import EngineIdentity
from affouage.pool.nodes.joining import fingerprint
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.pool.nodes.wire import Policy
from affouage.pool.reach import ConfidentialityRules
from affouage.testing import EchoEngine, serving
from tests.integration.conftest import until
from tests.integration.footprint_days import WH, a_receipt, settle
from tests.integration.pool_bench import Machine
from tests.integration.pooled_commons import PooledCommons, serving_pool
from tests.integration.web_visitor import Visitor, forms, receipt_id, words

SPACES = str.maketrans("\u00a0\u202f", "  ")


def read(text: str) -> str:
    return words(text).translate(SPACES)


class House:
    """A commons with one model of its own, a machine of Zoé's with another, and a machine that asks to join."""

    def __init__(self, live: PooledCommons, homes: Path) -> None:
        self.live = live
        self.homes = homes
        self.odile, self.ines, self.zoe, self.karim = (Visitor(live) for _ in range(4))
        self.people: dict[str, Member] = {}
        for visitor, name, role in (
            (self.odile, "Odile", Role.OPERATOR),
            (self.ines, "Inès", Role.STEWARD),
            (self.zoe, "Zoé", Role.MEMBER),
            (self.karim, "Karim", Role.MEMBER),
        ):
            self.people[name] = visitor.join(name, role)
        self.home = homes / "zoe"
        self.machine = Machine("n_aaaabbbbcccc")
        live.enrol(
            self.machine,
            self.people["Zoé"].id,
            name="Le portable",
            decided_by=self.people["Inès"].id,
            decided_ms=1_795_345_200_000,
        )
        self.present = False
        self.bring()

    @property
    def path(self) -> str:
        return f"/machines/{self.machine.record.id}"

    def bring(self) -> None:
        if not self.present:
            self.live.bring(self.machine, self.home, EchoEngine("remote", slots=4))
            self.present = True

    def part(self) -> None:
        if self.present:
            self.live.part(self.machine)
            self.present = False

    def policy(self) -> Policy:
        return PolicyFile(self.home).now().policy


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    homes = tmp_path_factory.mktemp("machines")
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25"}
    with serving_pool(settings.read(environ, home=homes / "home"), [EchoEngine("echo", slots=2)]) as live:
        yield House(live, homes)


def test_members_see_who_serves(house: House) -> None:
    page = read(house.karim.get("/machines").text)
    assert page.index("La machine du commun") < page.index("Le portable")
    assert "apportée par Zoé, acceptée par Inès le 22 novembre 2026" in page
    assert "machine d’un membre de confiance" in page
    assert "remote chargé, 0 place prise sur 4" in page
    assert "là, elle répond" in page
    assert "prend en ce moment inconnu" in page
    assert "Les questions de son propriétaire y passent d’abord." in page
    assert house.path not in house.karim.get("/machines").text, "its own page is its owner's"


def test_strangers_see_nothing(house: House) -> None:
    stranger = Visitor(house.live)
    for path in ("/machines", house.path):
        assert stranger.get(path).headers["location"].startswith("/sign-in")


def test_its_page_is_for_its_owner_and_for_stewards(house: House) -> None:
    assert house.karim.get(house.path).status_code == 404
    owner, steward = house.zoe.get(house.path).text, house.ines.get(house.path).text
    assert f'action="{house.path}/pause"' in owner
    assert 'name="hours"' in owner
    assert f'action="{house.path}/pause"' not in steward
    assert 'name="hours"' not in steward
    assert f'action="{house.path}/approve"' in steward
    refused = house.ines.client.post(house.path, data={"csrf": csrf(steward), "share": "0"})
    assert refused.status_code == 403
    assert house.karim.client.post(f"{house.path}/pause", data={"csrf": csrf_of(house.karim)}).status_code == 404


def test_what_the_owner_sets_is_kept_by_the_machine(house: House) -> None:
    page = house.zoe.get(house.path).text
    sent = house.zoe.submit(
        page,
        f"{house.path}#lend",
        hours="20:00-07:00, 12:00-14:00",
        watts="120,5",
        which="some",
        share="50",
        model="remote",
    )
    assert sent.headers["location"] == f"{house.path}?done=saved", words(sent.text)
    until(lambda: house.policy().max_share_percent == 50)
    kept = house.policy()
    assert kept.hours == (("20:00", "07:00"), ("12:00", "14:00"))
    assert (kept.power_cap_w, kept.models, kept.owner_first) == (120.5, ("remote",), True)
    told = read(house.karim.get("/machines").text)
    assert "Prêtée de 20:00 à 07:00 et de 12:00 à 14:00, à son horloge." in told
    assert "Au plus 50 % de ses places à la fois." in told
    assert "Rien de nouveau au-dessus de 120,5 W." in told
    restore(house)


def restore(house: House) -> None:
    page = house.zoe.get(house.path).text
    house.zoe.submit(page, f"{house.path}#lend", hours="", watts="", which="all", share="100", owner_first="1")
    until(lambda: house.policy() == Policy())


def test_mistakes_come_back_beside_their_field(house: House) -> None:
    before = house.policy()
    page = house.zoe.get(house.path).text
    answer = house.zoe.submit(page, f"{house.path}#lend", hours="le soir", watts="-3", which="some", share="101")
    assert answer.status_code == 400
    told = read(answer.text)
    for sentence in (
        "Écrivez chaque plage une fois, de-à, sur 24 heures",
        "Donnez des watts, plus de 0",
        "Donnez un nombre entier de 0 à 100.",
    ):
        assert sentence in told
    assert 'value="le soir"' in answer.text, "what was typed comes back"
    assert house.policy() == before


def test_pause_now_and_back(house: House) -> None:
    house.zoe.submit(house.zoe.get(house.path).text, f"{house.path}/pause")
    until(lambda: house.policy().paused)
    until(lambda: "son propriétaire l’a mise en pause" in read(house.karim.get("/machines").text))
    page = house.zoe.get(house.path).text
    assert "La prêter de nouveau" in page
    house.zoe.submit(page, f"{house.path}/pause")
    until(lambda: not house.policy().paused)


def test_a_change_for_a_machine_that_is_away_reaches_it_when_it_is_back(house: House) -> None:
    house.part()
    page = read(house.zoe.get(house.path).text)
    assert "absente : dernières nouvelles le" in page
    assert "un changement lui sera envoyé à son retour" in page
    sent = house.zoe.submit(house.zoe.get(house.path).text, f"{house.path}/pause")
    assert sent.headers["location"] == f"{house.path}?done=kept"
    assert not house.policy().paused
    house.bring()
    until(lambda: house.policy().paused)
    house.zoe.submit(house.zoe.get(house.path).text, f"{house.path}/pause")
    until(lambda: not house.policy().paused)


def test_what_the_owner_changes_on_the_machine_itself_stands(house: House) -> None:
    file = PolicyFile(house.home)
    file.change(lambda kept: type(kept)(policy=Policy(max_share_percent=25), serial=kept.serial))
    until(lambda: 'name="share" value="25"' in house.zoe.get(house.path).text)
    restore(house)


def test_a_steward_lets_a_machine_in_after_comparing_its_fingerprint(house: House) -> None:
    asks, unwanted = Machine("n_ddddeeeeffff"), Machine("n_gggghhhhiiii")
    house.live.enrol(asks, house.people["Karim"].id, name="La tour", state="pending")
    house.live.enrol(unwanted, house.people["Karim"].id, name="Inconnue", state="pending")
    assert "La tour" not in house.karim.get("/machines").text
    page = house.ines.get("/machines").text
    assert fingerprint(asks.record.public_key, asks.record.box_key) in page
    told = house.ines.submit(page, f"/machines/{asks.record.id}/approve", trust="everyone")
    assert told.headers["location"] == "/machines?done=approved"
    house.ines.submit(page, f"/machines/{unwanted.record.id}/refuse")
    after = read(house.karim.get("/machines").text)
    assert "La tour" in after
    assert "pas encore de nouvelles d’elle" in after
    assert "Inconnue" not in after
    assert house.live.commons.enrolment.records()[asks.record.id].trust == 3


def test_revoking_asks_first(house: House) -> None:
    gone = Machine("n_jjjjkkkkllll")
    house.live.enrol(gone, house.people["Karim"].id, name="L’ancienne", trust=3)
    path = f"/machines/{gone.record.id}"
    asked = house.karim.get(f"{path}/revoke").text
    assert "Révoquer L’ancienne" in read(asked)
    assert house.live.commons.enrolment.records()[gone.record.id].serves, "reading changes nothing"
    assert house.zoe.get(f"{path}/revoke").status_code == 404
    house.karim.submit(asked, f"{path}/revoke")
    assert house.live.commons.enrolment.records()[gone.record.id].state == "revoked"
    assert "L’ancienne" not in house.karim.get("/machines").text


def test_a_form_without_its_token_does_nothing(house: House) -> None:
    assert house.zoe.client.post(f"{house.path}/pause", data={"paused": "1"}).status_code == 403
    assert not house.policy().paused


def csrf(page: str) -> str:
    return next(value for form in forms(page) for name, value in form.fields if name == "csrf")


def csrf_of(visitor: Visitor) -> str:
    return csrf(visitor.get("/chat").text)


# --- before sending ---------------------------------------------------------------------------------------------------


def test_who_may_read_is_told_before_sending(house: House) -> None:
    page = read(house.karim.get("/chat").text)
    assert "Qui pourra lire cette question ?" in page
    assert "Seulement la machine du commun 1 machine en ce moment : La machine du commun" in page
    assert "Aussi celles des membres de confiance choix habituel 2 machines en ce moment" in page


def test_the_receipt_tells_who_answered_and_what_was_allowed(house: House) -> None:
    page = house.karim.get("/chat?model=remote").text
    answer = house.karim.ask("Bonjour à tous", page, model="remote", reach="trusted").text
    assert "Bonjour à tous" in answer
    receipt = house.live.run(house.live.commons.ledger.receipt(receipt_id(answer), house.people["Karim"].id))
    assert (receipt.node_id, receipt.reach) == (house.machine.record.id, "trusted")
    told = read(house.karim.get(f"/receipts/{receipt.id}").text)
    assert "Machine Le portable machine d’un membre de confiance" in told
    assert "les machines du collectif et des membres de confiance" in told
    assert 'value="trusted" checked' in answer, "the next question goes as far"


def test_a_question_kept_near_never_goes_further(house: House) -> None:
    answer = house.karim.ask("Secret", house.karim.get("/chat?model=remote").text, model="remote", reach="local").text
    assert "Aucune machine" in read(answer)
    assert "Secret" not in "".join(str(one) for one in house.live.hub.passed)
    forged = house.karim.ask("Oh", house.karim.get("/chat").text, reach="universe").text
    assert "Ce choix de qui peut lire une question n’existe pas." in read(forged)


def test_the_rule_caps_what_may_be_chosen(house: House) -> None:
    charter = house.live.commons.charter
    rule = ConfidentialityRules(default="local", most="collective")
    house.live.run(charter.enact("confidentiality", rule, "L’assemblée", "Rien ne sort"))
    page = house.karim.get("/chat").text
    assert 'value="collective"' in page
    assert 'value="trusted"' not in page
    assert "Les règles du commun ne vont pas plus loin." in read(page)
    refused = house.karim.ask("Oh", page, reach="trusted").text
    assert "Les membres ont décidé" in read(refused)
    alone = ConfidentialityRules(default="local", most="local")
    house.live.run(charter.enact("confidentiality", alone, "L’assemblée", "Rien ne sort du tout"))
    page = house.karim.get("/chat").text
    assert 'name="reach"' not in page
    assert "Seulement la machine du commun." in read(page)
    house.live.run(charter.enact("confidentiality", ConfidentialityRules(), "L’assemblée", "Comme avant"))


def test_programs_choose_as_well(house: House) -> None:
    client = OpenAI(base_url=f"{house.live.url}/v1", api_key=house.live.api_key("Karim"), max_retries=0)
    asked = [{"role": "user", "content": "Bonjour"}]

    def ask(reach: str) -> str:
        answer = client.chat.completions.create(
            model="remote", messages=asked, extra_body={"affouage": {"confidentiality": reach}}
        )
        found: str = answer.to_dict()["affouage"]["receipt"]
        return found

    receipt = house.live.run(house.live.commons.ledger.receipt(ask("everyone"), house.people["Karim"].id))
    assert receipt.reach == "everyone"
    with pytest.raises(BadRequestError) as wrong:
        ask("moon")
    assert wrong.value.code == "unknown_reach"


def test_without_a_pool_the_page_says_what_one_is(tmp_path: Path) -> None:
    with serving(settings.read({}, home=tmp_path / "home"), engines=[EchoEngine()]) as live:
        visitor = Visitor(live)
        visitor.join("Karim")
        page = visitor.get("/machines").text
        assert "affouage up --pool" in page
        assert 'affouage node invite --for "Karim"' in page
        assert 'name="reach"' not in visitor.get("/chat").text, "nothing to choose"


# --- an answer that goes on elsewhere ---------------------------------------------------------------------------------


class Filed(EchoEngine):
    """An echo made of a file, as engines are: another machine with the same file can go on."""

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", "1", "test", file_sha256="a" * 64, file_name="echo.gguf")


def test_a_reader_sees_where_another_machine_goes_on(tmp_path: Path) -> None:
    with serving_pool(settings.read({}, home=tmp_path / "home"), [EchoEngine("other")]) as live:
        karim = Visitor(live)
        owner = karim.join("Karim").id
        two = {}
        for node_id, name in (("n_aaaabbbbcccc", "La première"), ("n_ddddeeeeffff", "La seconde")):
            machine = two[node_id] = Machine(node_id)
            live.enrol(machine, owner, name=name)
            live.bring(machine, tmp_path / node_id, Filed("twin", slots=1, word_ms=40))
        dispatcher = live.commons.dispatcher
        assert dispatcher is not None
        heard, page = 0, karim.get("/chat?model=twin").text
        with karim.asking("un deux trois quatre cinq six sept huit neuf dix " * 3, page, model="twin") as pieces:
            text = ""
            for piece in pieces:
                text += piece
                if "quatre" in text.partition('class="raw"')[2] and not heard:
                    heard = 1
                    answering = next(one.id for one in dispatcher.nodes() if one.running)
                    live.part(two[answering])
        left = next(machine for node_id, machine in two.items() if node_id != answering)
        assert f"[la machine s’est perdue ici ; {left.record.name} continue]" in words(text).translate(SPACES)
        assert 'class="resumed"' in text
        told = read(karim.get(f"/receipts/{receipt_id(text)}").text)
        assert "Une machine s’est perdue pendant cette réponse ; une autre l’a reprise là où elle en était." in told
        assert f"Machine {left.record.name}" in told


# --- for those who look after it --------------------------------------------------------------------------------------


def test_metrics_are_for_operators_and_name_nobody(house: House) -> None:
    house.karim.ask("Bonjour", house.karim.get("/chat").text)
    assert house.karim.get("/metrics").status_code == 403
    answer = house.odile.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'affouage_queue_waiting{model="echo"} 0' in lines
    assert 'affouage_slots_open{model="echo"} 2' in lines
    assert 'affouage_nodes{state="here"} 1' in lines
    assert f'affouage_node_runs_lost_total{{node="{house.machine.record.id}"}} 0' in lines
    for person in house.people.values():
        assert person.name not in answer.text
        assert person.id not in answer.text
    for line in lines:
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+]+', line), line


def test_the_owner_reads_what_his_machine_did_with_its_range(house: House) -> None:
    node, zoe = house.machine.record, house.people["Zoé"].id
    today = house.live.commons.calendar.day(house.live.commons.clock.now_ms())
    for number, member in enumerate((zoe, "m_one", "m_two")):
        receipt = a_receipt(
            f"rcp_lent_{number}", member, uj=(WH, 2 * WH), machine_id=node.machine_id, node_id=node.id, model="remote"
        )
        house.live.commons.db.write_now(lambda c, one=receipt: settle(c, one, today))
    energy, partly = house.live.commons.db.read_now(lambda c: served_range(c, node.machine_id, today, 28))
    assert energy is not None
    assert (energy.low, energy.central, energy.high) == (27 * WH // 10 * 3, 9 * WH, 33 * WH // 10 * 3)
    assert not partly
    told = read(house.zoe.get(house.path).text)
    assert "pour son propriétaire 1 1" in told
    assert re.search(r"Électricité ≈ 9 Wh \(de 8,1 à 9,9\)", told)
    assert re.search(r"Son prix ≈ 0,23 centime \(de 0,2 à 0,25\)", told)


def test_a_machine_with_no_model_that_answers_reads_no_question(tmp_path: Path) -> None:
    """Texts are compared by a model that every machine has: it is no model to ask."""
    home = tmp_path / "home"
    with serving_pool(settings.read({}, home=home), [EchoEngine("echo"), EchoEngine(EMBEDDER)]) as live:
        zoe = Visitor(live)
        member = zoe.join("Zoé", Role.MEMBER)
        machine = Machine("n_aaaabbbbcccc")
        live.enrol(machine, member.id, name="La vide", decided_by=member.id, decided_ms=1_795_345_200_000)
        live.bring(machine, tmp_path / "zoe", EchoEngine(EMBEDDER))
        page = read(zoe.get("/machines").text)
        assert "La vide" in page
        assert EMBEDDER not in page
        assert "La vide" not in read(zoe.get("/chat").text)
