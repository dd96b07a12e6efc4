"""The desk over HTTP, without scripts: a question typed, passages opened, an answer sent, found wrong, corrected."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import func, select

from affouage import settings
from affouage.assembly.member import Role
from affouage.storage.tables import desk_sent
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.workshops.desk.drafting import Drafter
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Draft
from tests.integration.desk_house import ASKED, PRICE, TwoSheets
from tests.integration.web_visitor import Visitor, forms, words
from tests.unit.desk_drafts import RENEW, sentence

INVENTED = "Le passeport est gratuit pour tous."


class AndAnInvention(TwoSheets):
    """Writes a sentence that no sheet says."""

    async def write(self, question: str, language: str) -> Draft:
        draft = await super().write(question, language)
        wrong = sentence(INVENTED, "F1", 2, supported=False)
        return msgspec.structs.replace(draft, sentences=(*draft.sentences, wrong))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("desk") / "home"
    with serving(settings.read({}, home=home), engines=[EchoEngine("echo")]) as live:
        sheets = AndAnInvention()
        assert live.commons.desk.drafting is not None
        live.commons.desk.drafting._drafter = Drafter(sheets.find, sheets.write)
        rule(live)
        yield live


def rule(live: LiveCommons, **more: object) -> None:
    rules = DeskRules(**{"public_open": True, "blind_percent": 0, "public_most": 100, "items_per_hour": 120, **more})
    live.run(live.commons.charter.enact("desk", rules, "tests", "to see"))


@pytest.fixture(scope="module")
def clerk(live: LiveCommons) -> Visitor:
    page = Visitor(live)
    page.join("Sylvie", Role.STEWARD)
    return page


@pytest.fixture
def citizen(live: LiveCommons) -> Visitor:
    return Visitor(live)


def left(live: LiveCommons) -> int:
    return int(live.commons.db.read_now(lambda c: c.execute(select(func.count()).select_from(desk_sent)).scalar_one()))


def drafted(live: LiveCommons) -> None:
    assert live.commons.desk.drafting is not None
    live.run(live.commons.desk.drafting.work_off())


def typed(clerk: Visitor, question: str = PRICE, **more: str) -> str:
    """The page of a question that the clerk typed and holds, its draft made; its address."""
    answer = clerk.submit(clerk.get("/desk").text, "/desk", question=question, **more)
    assert answer.status_code == 303, words(answer.text)
    drafted(clerk.live)
    return answer.headers["location"]


def code_of(page: str) -> str:
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', page)
    assert found, words(page)
    return found[1]


def test_what_no_sheet_says_is_shown_and_does_not_leave(live: LiveCommons, clerk: Visitor) -> None:
    path = typed(clerk)
    page = clerk.get(path).text
    assert f"<mark>{INVENTED}</mark>" in page
    assert "Dans aucune fiche" in words(page)
    before = left(live)
    refused = clerk.submit(page, f"{path}/send")
    assert refused.status_code == 400
    assert "Ouvrez d’abord au moins un des passages" in words(refused.text)
    assert left(live) == before
    assert RENEW not in words(page).split("Le brouillon")[0], "a passage is read by opening it"
    opened = clerk.submit(page, f"{path}/open")
    page = clerk.get(opened.headers["location"]).text
    assert RENEW in words(page).split("Le brouillon")[0]
    sent = clerk.submit(page, f"{path}/send")
    assert sent.status_code == 303
    assert left(live) == before + 1
    letter = words(clerk.get(f"{path}/letter").text)
    assert RENEW in letter
    assert INVENTED not in letter
    assert "relu par une personne" in letter
    assert "signé" not in letter


def test_mended_and_signed_with_the_sheets_one_chose(live: LiveCommons, clerk: Visitor) -> None:
    path = typed(clerk, ASKED)
    page = clerk.get(clerk.submit(clerk.get(path).text, f"{path}/open").headers["location"]).text
    form = next(one for one in forms(page) if one.action == f"{path}/edit")
    assert ("source", "public/F1") in form.fields, "what the draft cites is ticked"
    sent = clerk.submit(page, f"{path}/edit", text="Prenez rendez-vous en mairie.", sign="1", source="public/F2")
    assert sent.status_code == 303, words(sent.text)
    letter = words(clerk.get(f"{path}/letter").text)
    assert "Prenez rendez-vous en mairie." in letter
    assert "signé : Sylvie" in letter.replace("\u202f", " ").replace("\xa0", " ")
    assert "Passeport perdu" in letter
    assert "Renouveler un passeport" not in letter


def test_nothing_is_lost_of_a_text_that_is_refused(clerk: Visitor) -> None:
    path = typed(clerk)
    page = clerk.get(path).text
    refused = clerk.submit(page, f"{path}/edit", text="Voici ma version, qui est longue.")
    assert refused.status_code == 400, "no passage was opened"
    assert "Voici ma version, qui est longue." in refused.text
    short = clerk.submit(page, f"{path}/refuse", text="non")
    assert short.status_code == 400
    assert 'aria-describedby="refuse-hint refuse-wrong"' in short.text
    empty = clerk.submit(clerk.get("/desk").text, "/desk", question="  ", contact="06")
    assert empty.status_code == 400
    assert 'id="question-wrong"' in empty.text
    assert 'value="06"' in empty.text


def test_a_blind_question_shows_no_draft_before_ones_own_answer(live: LiveCommons, clerk: Visitor) -> None:
    rule(live, blind_percent=50)
    try:
        for _ in range(40):
            path = typed(clerk)
            page = clerk.get(path).text
            if f'action="{path}/write"' in page:
                break
    finally:
        rule(live)
    assert INVENTED not in page
    assert f'action="{path}/send"' not in page
    kept = clerk.submit(page, f"{path}/write", text="Je dirais : à la mairie.")
    assert kept.status_code == 303, words(kept.text)
    drafted(live)
    page = clerk.get(path).text
    assert INVENTED in page
    assert "Je dirais : à la mairie." in page


def test_from_the_public_page_to_a_correction(live: LiveCommons, clerk: Visitor, citizen: Visitor) -> None:
    page = citizen.get("/questions").text
    made = citizen.submit(page, "/questions", question=f"{PRICE} 1 85 05 78 006 084 36", contact="06 00 00 00 00")
    assert "numéro de sécurité sociale" in words(made.text)
    code = code_of(made.text)
    nothing = citizen.submit(citizen.get("/questions/answer").text, "/questions/answer", code=code)
    assert "Personne n’a encore répondu" in words(nothing.text)
    drafted(live)
    path = re.findall(r'href="(/desk/dsk_[0-9a-z]+)"', clerk.get("/desk").text)[-1]
    assert "84 36" not in clerk.get(path).text
    clerk.submit(clerk.get(path).text, f"{path}/take")
    clerk.submit(clerk.get(path).text, f"{path}/open")
    clerk.submit(clerk.get(path).text, f"{path}/edit", text="Le timbre coûte 45 euros, à la mairie.")
    got = citizen.submit(nothing.text, "/questions/answer", code=code).text
    assert "Le timbre coûte 45 euros" in got
    assert "relu par une personne" in words(got)
    told = next(one for one in forms(got) if ("wrong", "1") in one.fields)
    said = citizen.post("/questions/answer", **dict(told.fields), words="C’est 86 euros.")
    assert "C’est compté" in words(said.text)
    wrong_first = clerk.get("/desk").text
    assert wrong_first.index("signalée fausse") > 0
    clerk.submit(clerk.get(path).text, f"{path}/take")
    page = clerk.get(path).text
    assert "C’est 86 euros." in page
    clerk.submit(page, f"{path}/open")
    corrected = clerk.submit(clerk.get(path).text, f"{path}/correct", text="Le timbre coûte 86 euros.")
    assert corrected.status_code == 303, words(corrected.text)
    again = words(citizen.submit(nothing.text, "/questions/answer", code=code).text)
    assert again.index("86 euros") < again.index("45 euros"), "the correction comes first"
    assert "Correction" in again
    counts = words(citizen.get("/questions").text)
    assert "erreurs signalées 1" in counts
    assert "réponses corrigées 1" in counts
    assert "Personnes à prévenir" in words(clerk.get("/desk?list=to_call").text)
    clerk.submit(clerk.get(path).text, f"{path}/called")
    assert path not in clerk.get("/desk?list=to_call").text


def test_the_public_page_is_closed_until_a_vote_opens_it(live: LiveCommons, citizen: Visitor) -> None:
    open_page = citizen.get("/questions").text
    rule(live, public_open=False)
    try:
        assert "ne prend pas de questions" in words(citizen.get("/questions").text)
        refused = citizen.submit(open_page, "/questions", question=ASKED)
        assert refused.status_code == 503
    finally:
        rule(live)


def test_a_wrong_code_and_no_code(citizen: Visitor) -> None:
    page = citizen.get("/questions/answer").text
    wrong = citizen.submit(page, "/questions/answer", code="aaaa-bbbb-cccc")
    assert wrong.status_code == 404
    assert "Aucune question n’a ce code" in words(wrong.text)
    assert 'id="code-wrong"' in wrong.text


def test_the_tool_is_stopped_by_anybody_at_the_desk(live: LiveCommons, clerk: Visitor) -> None:
    stopped = clerk.submit(clerk.get("/desk").text, "/desk/switch", reason="Les montants sont faux ce matin.")
    assert stopped.status_code == 303
    page = clerk.get("/desk").text
    assert "L’outil est arrêté" in words(page)
    assert "Sylvie" in words(page)
    path = typed(clerk)
    assert INVENTED not in clerk.get(path).text
    resumed = clerk.submit(clerk.get("/desk").text, "/desk/switch", reason="Les fiches sont à jour.")
    assert resumed.status_code == 303
    assert "L’outil est arrêté" not in words(clerk.get("/desk").text)


def test_by_no_route_does_anything_leave_without_a_clerk(live: LiveCommons, clerk: Visitor, citizen: Visitor) -> None:
    """A draft waits; a member without the mandate, a stranger, and a key try every address there is."""
    path = typed(clerk)
    page = clerk.get(path).text
    draft = re.findall(r'name="draft" value="([0-9a-f]{64})"', page)
    assert draft, "it is there to be sent"
    clerk.submit(page, f"{path}/release")
    before = left(live)
    member = Visitor(live)
    member.join("Paul")
    acts = (
        "take",
        "open",
        "write",
        "show",
        "send",
        "edit",
        "answer",
        "refer",
        "refuse",
        "correct",
        "maintain",
        "called",
    )
    token = re.findall(r'name="csrf" value="([^"]+)"', member.get("/account").text)[0]
    for who, csrf in ((member, token), (citizen, "")):
        for act in acts:
            tried = who.post(f"{path}/{act}", csrf=csrf, draft=draft[0], text="Voici la réponse du guichet.")
            assert tried.status_code in (303, 401, 403), (act, tried.status_code)
            if tried.status_code == 303:
                assert tried.headers["location"].startswith("/sign-in")
        assert who.get(path).status_code in (303, 401, 403)
        assert who.get(f"{path}/letter").status_code in (303, 401, 403)
    for act in ("send", "edit", "answer", "refer", "refuse"):  # a clerk who has not taken it
        tried = clerk.post(f"{path}/{act}", csrf=re.findall(r'name="csrf" value="([^"]+)"', clerk.get(path).text)[0],
                           draft=draft[0], text="Voici la réponse du guichet.")  # fmt: skip
        assert tried.status_code == 409, act
    assert left(live) == before


def test_the_time_a_question_is_looked_at_is_noted(live: LiveCommons, clerk: Visitor) -> None:
    path = typed(clerk)
    page = clerk.get(path).text
    assert clerk.submit(page, f"{path}/focus", ms="30000").status_code == 204
    assert clerk.submit(page, f"{path}/focus", ms="beaucoup").status_code == 204


def test_hostile_words_are_only_words(clerk: Visitor) -> None:
    path = typed(clerk, "<script>alert(1)</script> Quel délai ?")
    page = clerk.get(path).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_act_there_is_not(clerk: Visitor) -> None:
    path = typed(clerk)
    page = clerk.get(path).text
    assert clerk.submit(page, f"{path}/release", to=f"{path}/burn").status_code == 404
