"""A canary in everything a member writes: it sings to its member, and on no route, to nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from affouage.assembly import mandate_book
from affouage.assembly.access import Scope
from affouage.cli import main
from affouage.storage.decision_tables import report
from affouage.storage.desk_tables import desk_item
from affouage.storage.tables import api_key, conversation, invitation, member, session
from affouage.workshops.desk.rules import DeskRules
from tests.doors.house import PASSWORD, House, filled, open_house
from tests.integration.web_visitor import Visitor, form_to

CANARY = "canari"
KEPT, ASKED, PLAIN, NOTE, REPORTED = (
    f"{CANARY}-{what}-4f7a1c" for what in ("gardé", "posé", "simplifié", "guichet", "signalé")
)
MONTH_MS = 30 * 86_400_000
pytestmark = pytest.mark.incident("operator-reads")


class Aviary:
    """A house where Karim wrote a canary everywhere he could, and Lila, a clerk, one at the desk."""

    def __init__(self, house: House) -> None:
        self.house, self.live = house, house.live
        self.karim, self.lila = self.browser("Karim"), self.browser("Lila")
        desk = DeskRules(clerks="mandated")  # by default stewards are clerks: it is then their work to read questions
        self.live.run(self.live.commons.assembly.found("", {"desk": desk}))
        now_ms = house.clock.now_ms()
        clerk = house.people["Lila"].id
        self.live.commons.db.write_now(
            lambda c: mandate_book.grant(c, clerk, "clerk", now_ms, now_ms + MONTH_MS, now_ms)
        )
        self.sing()

    def browser(self, name: str) -> Visitor:
        visitor = Visitor(self.live)
        visitor.client.cookies.set("affouage_session", self.house.session(name).text)
        return visitor

    def sing(self) -> None:
        asked = self.karim.ask(f"Dis {KEPT}", keep="1", model="echo")
        assert KEPT in asked.text
        with self.house.client(self.house.tokens["key/Karim"]) as program:
            message = {"model": "echo", "messages": [{"role": "user", "content": ASKED}]}
            assert ASKED in program.post("/v1/chat/completions", json=message).text
            assert ASKED in program.post("/v1/chat/completions", json=message | {"stream": True}).text
            assert ASKED in program.post("/v1/completions", json={"model": "echo", "prompt": ASKED}).text
        assert PLAIN in self.karim.submit(self.karim.get("/easy-read").text, "/easy-read", text=PLAIN).text
        report = self.karim.get("/report").text
        line = re.findall(r'name="line" value="([^"]+)"', report)[0]
        sent = self.karim.submit(report, "/report", line=line, words=REPORTED, attach="1", content=REPORTED)
        assert sent.status_code == 200
        typed = self.lila.submit(self.lila.get("/desk").text, "/desk", question=f"Pour Mme {NOTE}, un passeport ?")
        assert typed.status_code == 303
        assert NOTE in self.lila.get(typed.headers["location"]).text

    def ids(self) -> list[str]:
        """What names people, what they wrote and what was answered: as the database has it, an operator may know it."""
        tables = (conversation, desk_item, report, member, session, api_key, invitation)
        found: set[str] = set()
        for table in tables:
            some = self.live.commons.db.read_now(lambda c, t=table: c.execute(select(t.c.id).limit(3)).scalars().all())
            found |= {str(one) for one in some}
        found |= {one.id for one in self.live.run(self.live.commons.ledger.receipts(self.house.people["Karim"].id))}
        return sorted(found)


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    with open_house(tmp_path_factory.mktemp("aviary") / "home") as house:
        yield Aviary(house)


def test_the_member_hears_it(aviary: Aviary) -> None:
    """The test below can fail: the words are there, and its member reads them."""
    page = aviary.karim.get("/conversations").text
    kept = re.findall(r'href="(/conversations/[a-z0-9]+)"', page)
    assert KEPT in aviary.karim.get(kept[0]).text
    assert KEPT in aviary.karim.get("/account/export").text


def test_no_route_gives_it_to_an_operator_or_a_steward(aviary: Aviary) -> None:
    """Every read of every page and of the API, with every id there is, by session and by key."""
    ids, heard = aviary.ids(), []
    assert len(ids) > 14
    for name, kind in (("Odile", "session"), ("Odile", "key"), ("Sylvie", "session")):
        token = aviary.house.session(name) if kind == "session" else aviary.house.tokens[f"key/{name}"]
        with aviary.house.client(token) as client:
            for method, path, guard in aviary.house.routes():
                if method != "GET" or (kind == "key" and not path.startswith(("/v1", "/metrics", "/queue"))):
                    continue
                some = ids if name == "Odile" else ids[::4]
                for one in some if "{id}" in path or "_id}" in path else [""]:
                    answer = client.get(filled(path, *([one, one] if one else [])))
                    if CANARY in answer.text or CANARY in str(answer.headers):
                        heard.append((name, kind, guard.policy.value, path, one))
    assert heard == []


def test_no_form_gives_it_either(aviary: Aviary) -> None:
    """Every post, with the ids of what Karim and Lila wrote and nothing else filled in, by an operator's key."""
    ids = [one for one in aviary.ids() if one not in {who.id for who in aviary.house.people.values()}]
    wanted = [one for one in ids if len(one) == 12 or one.startswith(("rcp_", "rpt_", "q_"))]
    with aviary.house.client(aviary.house.tokens["key/Odile"]) as client:
        for method, path, _ in aviary.house.routes():
            if method == "POST":
                for one in wanted[:6] if "{" in path else [""]:
                    answer = client.post(filled(path, one, one), data={"reason": "pour voir, et rien d’autre"})
                    assert CANARY not in answer.text, (path, one)
                    assert answer.status_code != 500, (path, one)


READING = """
members list, keys list Karim --reason voir-ses-clés, ledger verify, journal show, journal verify, footprint report,
footprint budget show, pool share show, assembly status, assembly mandates, reports counts, desk counts, work report,
explain reports, blind show, sheets list, train list, models list, node list, database show, doctor
"""


def test_no_command_tells_it(aviary: Aviary) -> None:
    """What an operator reads with the commands that show something, as text and as JSON, with their own key."""
    key = aviary.house.key("Odile", Scope.ACCOUNT, Scope.RECEIPTS, Scope.INFERENCE).text
    home = str(aviary.live.commons.settings.home)
    commands = [one.split() for one in READING.replace("\n", " ").split(",")]
    commands += [["desk", "list", "--key", key], ["reports", "list", "--key", key], ["receipts", "list", "Karim"]]
    commands += [["receipts", "list", "Karim", "--reason", "Un litige sur une facture."]]
    for one in aviary.ids():
        if one.startswith("rcp_"):
            commands.append(["receipts", "show", one, "--reason", "Un litige sur une facture."])
    told, done = "", 0
    for words in commands[:40]:
        result = CliRunner(env={"AFFOUAGE_HOME": home, "AFFOUAGE_LANG": "fr"}).invoke(main, words)
        told, done = told + result.output, done + (result.exit_code == 0)
    assert "Karim" in told
    assert done > 20, "they do tell something"
    assert CANARY not in told


def test_taking_the_account_over_finds_it_empty(aviary: Aviary) -> None:
    """An operator may give a link to choose a password, and could use it: what was kept is gone by then."""
    thief = Visitor(aviary.live)
    link = aviary.live.run(aviary.live.commons.accounts.reset_link(None, aviary.house.people["Karim"].id))
    page = thief.get(link.path).text
    taken = thief.submit(page, "", to=link.path, password=PASSWORD, again=PASSWORD, language="fr")
    assert taken.status_code == 303, form_to(page, "")
    for path in ("/conversations", "/account/export", "/chat", "/receipts"):
        answer: httpx.Response = thief.get(path)
        assert answer.status_code == 200
        assert CANARY not in answer.text.replace(REPORTED, ""), path
