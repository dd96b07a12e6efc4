"""The conversation page over real HTTP, without a browser: what streams, what is kept, what is never lost."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from threading import Event, Thread

import httpx
import pytest

from affouage import settings
from affouage.errors import EngineLoading
from affouage.inference.prompt import commitment
from affouage.ledger.receipt import Receipt
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.databases import remains
from tests.integration.conftest import until
from tests.integration.web_visitor import FORM, Visitor, encoded, exact_text, form_to, receipt_id, words


class Sleeper(EchoEngine):
    """An echo that has to wake up first: it is ready at the ``naps``-th time of asking."""

    naps = 3

    async def ensure_ready(self, wait_ms: int) -> None:
        if self.naps > 0:
            self.naps -= 1
            raise EngineLoading(self.model_id, progress=1 - self.naps / 4, retry_after_s=1)


ENGINES = {
    "echo": EchoEngine("echo", slots=8, context_tokens=300),
    "slow": EchoEngine("slow", slots=1, word_ms=30),
    "dying": EchoEngine("dying", word_ms=1),
    "sleeper": Sleeper("sleeper"),
}
ENGINES["dying"].fail_after_words = 3


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    environ = {
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
        "AFFOUAGE_ENGINE_MAX_WAITING": "2",
        "AFFOUAGE_SERVER_STALL_TIMEOUT_MS": "500",
        "AFFOUAGE_SERVER_MAX_BODY_BYTES": "9000000",
    }
    home = tmp_path_factory.mktemp("web-chat") / "home"
    with serving(settings.read(environ, home=home), engines=list(ENGINES.values())) as live:
        yield live


@pytest.fixture(scope="module")
def karim(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Karim")
    return visitor


@pytest.fixture(scope="module")
def odile(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Odile")
    return visitor


def receipts(visitor: Visitor, name: str) -> list[Receipt]:
    live = visitor.live
    who = live.run(live.commons.accounts.find(name))
    return live.run(live.commons.ledger.receipts(who.id))


def test_the_first_words_say_it_is_a_program(karim: Visitor) -> None:
    assert "Vous parlez à un programme." in words(karim.get("/chat").text)


def test_an_answer_with_its_receipt(karim: Visitor) -> None:
    page = karim.ask("Bonjour **à toutes** <b>et</b> à tous").text
    assert "<strong>à toutes</strong>" in page
    assert "<b>" not in page
    line = words(page[page.index('class="receipt-line"') :])
    assert re.search(
        r"≈ [\d,]+ .?Wh \(estimé, de [\d,]+ à [\d,]+\) · carbone inconnu · eau inconnue · "
        r"dont veille\s: ≈ .+ \(de .+ à .+\)\s?, matériel\s: réparti à minuit · attente .+ s · 6 mots-jetons",
        line,
    )
    assert page.rstrip().endswith("</html>")


def test_what_is_shown_is_what_the_engine_saw_and_the_receipt_can_prove_it(karim: Visitor) -> None:
    page = karim.ask("Une question\n\nsur deux lignes,  deux espaces & <x>").text
    seen = ENGINES["echo"].seen[-1]
    assert exact_text(page) == seen
    assert seen.count("system:") == 1
    number = receipt_id(page)
    told = karim.get(f"/receipts/{number}?format=json").json()
    assert told["prompt_sha256"] == commitment(bytes.fromhex(told["prompt_salt"]), seen)
    paper = karim.get(f"/receipts/{number}").text
    assert "Oui" in words(karim.submit(paper, f"/receipts/{number}/check", text=seen).text)
    assert "Non" in words(karim.submit(paper, f"/receipts/{number}/check", text=seen.replace("deux", "trois")).text)


def test_the_page_comes_at_once_then_words_then_the_end(karim: Visitor) -> None:
    with karim.asking(" ".join(f"mot{n}" for n in range(20)), model="slow") as pieces:
        arrived = list(pieces)
    assert len(arrived) > 10
    assert "mot19" in arrived[0], "the question stands on the page before anything else"
    assert "</html>" not in "".join(arrived[:-1])
    whole = "".join(arrived)
    assert whole.count("mot7") == 6, "asked, streamed, made up, in the exact text, and twice in the next form"


def test_the_conversation_goes_along_and_nothing_is_stored(karim: Visitor, live: LiveCommons) -> None:
    page = karim.ask("première question").text
    page = karim.ask("deuxième\nquestion", page).text
    assert (
        ENGINES["echo"]
        .seen[-1]
        .endswith("user: première question\nassistant: première question\nuser: deuxième\nquestion\nassistant:")
    )
    database = live.commons.settings.database_path
    stored = remains(database)
    assert "première question".encode() not in stored
    assert "aucune conversation" in words(karim.get("/conversations").text)


def test_line_ends_and_leading_blank_lines_survive_the_form(karim: Visitor) -> None:
    page = karim.ask("a").text
    form = form_to(page, "/chat#")
    carried = [("answered", "\n\n  b\n") if name == "answered" else (name, value) for name, value in form.fields]
    karim.client.post("/chat", content=encoded([*carried, ("question", "c")]), headers=FORM)
    assert ENGINES["echo"].seen[-1].endswith("assistant: \n\n  b\n\nuser: c\nassistant:")


def test_stop_ends_the_answer_and_the_page(karim: Visitor) -> None:
    with karim.asking(" ".join(["mot"] * 300), model="slow") as pieces:
        page = ""
        for piece in pieces:
            page += piece
            if 'class="raw"' in page and 'id="stop"' in page:
                answer = karim.submit(page, "/chat/stop/")
                assert answer.status_code == 204
                break
        page += "".join(pieces)
    assert page.rstrip().endswith("</html>")
    assert 'class="final cancelled"' in page
    stopped = receipts(karim, "Karim")[0]
    assert stopped.outcome == "cancelled"
    assert (stopped.tokens.decoded or 0) < 300


def test_nobody_stops_the_answer_of_another(karim: Visitor, odile: Visitor) -> None:
    with karim.asking("un deux trois quatre cinq six sept huit", model="slow") as pieces:
        page = ""
        for piece in pieces:
            page += piece
            if 'id="stop"' in page:
                break
        number = re.search(r"/chat/stop/(rcp_\w+)", page)
        assert number
        hers = odile.get("/chat").text
        assert odile.submit(hers, "/sign-out", to=f"/chat/stop/{number[1]}").status_code == 204
        page += "".join(pieces)
    assert 'class="final completed"' in page


def test_leaving_the_page_stops_the_machine(karim: Visitor) -> None:
    with karim.asking(" ".join(["mot"] * 500), model="slow") as pieces:
        for piece in pieces:
            if "mot" in piece and "raw" in piece:
                break
    assert until(lambda: ENGINES["slow"].in_flight == 0) < 2
    until(lambda: receipts(karim, "Karim")[0].outcome == "cancelled")


def test_a_reader_who_does_not_read_is_cut(karim: Visitor) -> None:
    form = form_to(karim.get("/chat").text, "/chat#")
    body = encoded(form.filled(question="m" * 8_000_000 + " mot" * 500, model="slow"))
    host, port = karim.live.url.removeprefix("http://").split(":")
    with socket.socket() as bare:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        bare.connect((host, int(port)))
        cookie = karim.client.cookies["affouage_session"]
        head = f"POST /chat HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: affouage_session={cookie}\r\n"
        head += f"sec-fetch-site: same-origin\r\ncontent-type: {FORM['content-type']}\r\n"
        bare.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        stalled = Event()
        stalled.wait(1.5)  # three times server.stall_timeout_ms without reading anything
        bare.settimeout(10)
        page = b""
        with contextlib.suppress(ConnectionError):
            while part := bare.recv(1 << 20):
                page += part
    assert b"HTTP/1.1 200" in page[:20]
    assert b"</html>" not in page
    assert until(lambda: ENGINES["slow"].in_flight == 0) < 1, "the machine does not work for nobody"
    assert receipts(karim, "Karim")[0].outcome == "cancelled"
    assert karim.ask("encore là").status_code == 200


def test_an_engine_that_breaks_leaves_what_it_said_and_the_question(karim: Visitor) -> None:
    page = karim.ask("un deux trois quatre cinq", model="dying").text
    assert "Le programme qui fait tourner le modèle s’est arrêté." in words(page)
    assert '<div class="raw" lang="fr">un deux trois</div>' in page
    assert re.search(r"<textarea[^>]*>\nun deux trois quatre cinq</textarea>", page)
    assert form_to(page, "/chat#").filled().count(("said", "un deux trois quatre cinq")) == 0
    assert receipts(karim, "Karim")[0].outcome == "failed"


def test_a_text_too_long_says_both_numbers(karim: Visitor) -> None:
    page = words(karim.ask("mot " * 400).text)
    assert re.search(r"Votre texte fait 4\d\d mots-jetons ; ce modèle en tient 300", page)


def test_a_model_that_wakes_up_keeps_the_question(karim: Visitor) -> None:
    sleeper = ENGINES["sleeper"]
    assert isinstance(sleeper, Sleeper)
    sleeper.naps = 3
    page = karim.ask("debout", model="sleeper").text
    assert "Le modèle se réveille : 50 %." in words(page).replace("\u202f", " ")
    assert 'class="final completed"' in page
    paper = receipts(karim, "Karim")[0]
    assert paper.durations.wait_reason == "loading"
    assert paper.durations.wait_ms >= 1000, "the three naps are on the receipt"


def test_waiting_says_the_place_in_words(live: LiveCommons) -> None:
    visitors = [Visitor(live) for _ in range(3)]
    for place, visitor in enumerate(visitors):
        visitor.join(f"Patient {place}")
    pages: list[str] = []
    with visitors[0].asking(" ".join(["long"] * 40), model="slow") as first:
        next(first)
        until(lambda: ENGINES["slow"].in_flight == 1)
        threads = []
        for count, visitor in enumerate(visitors[1:], start=1):
            threads.append(Thread(target=lambda v=visitor: pages.append(v.ask("bref", model="slow").text)))
            threads[-1].start()
            until(lambda count=count: live.commons.inference.scheduler.waiting("slow") == count)
        full = visitors[0].ask("de trop", model="slow").text
        "".join(first)
        for thread in threads:
            thread.join()
    told = " ".join(words(page) for page in pages)
    assert "vous êtes 2e sur 2" in told
    assert "C’est bientôt votre tour" in told
    assert "Il y a trop de monde" in words(full)


def test_an_empty_question_comes_back_with_a_word_beside_the_field(karim: Visitor) -> None:
    answer = karim.ask("   \n ")
    assert answer.status_code == 400
    assert "Tapez d’abord votre question." in words(answer.text)
    assert 'aria-invalid="true"' in answer.text


def test_a_model_that_is_not_here_keeps_the_question(karim: Visitor) -> None:
    answer = karim.ask("bonjour", model="nobody")
    assert answer.status_code == 400
    assert "bonjour</textarea>" in answer.text


def test_keeping_is_a_choice_and_only_its_owner_reads(karim: Visitor, odile: Visitor) -> None:
    page = karim.ask("à garder", keep="1").text
    kept = re.search(r'href="(/conversations/[^"]+)"', page[page.index('class="final') :])
    assert kept
    page = karim.ask("et ceci", page).text
    again = karim.get(kept[1])
    assert "à garder" in again.text
    assert "et ceci" in again.text
    assert ENGINES["echo"].seen[-1].count("user:") == 2
    assert odile.get(kept[1]).status_code == 404
    assert odile.ask("curieuse", conversation=kept[1].rpartition("/")[2]).status_code == 404
    assert odile.submit(odile.get("/chat").text, "/sign-out", to=f"{kept[1]}/delete").status_code == 404
    assert karim.submit(again.text, kept[1] + "/delete").status_code == 303
    assert karim.get(kept[1]).status_code == 404


def test_a_form_without_its_token_or_from_another_site_is_refused(karim: Visitor) -> None:
    form = form_to(karim.get("/chat").text, "/chat#")
    answer = karim.client.post("/chat", content=encoded(form.filled(question="x", csrf="0" * 64)), headers=FORM)
    assert answer.status_code == 403
    assert "Ce formulaire n’est plus valable." in words(answer.text)
    elsewhere = {**FORM, "sec-fetch-site": "cross-site"}
    answer = karim.client.post("/chat", content=encoded(form.filled(question="x")), headers=elsewhere)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"\xff\xfe%%%=&&&=", 403), (b"a=1&" * 6000, 400), (b"question=" + b"x" * 9_000_001, 413)],
)
def test_garbled_forms(karim: Visitor, content: bytes, status: int) -> None:
    assert karim.client.post("/chat", content=content, headers=FORM).status_code == status


def test_a_body_that_is_no_form(karim: Visitor) -> None:
    answer = karim.client.post("/chat", json={"question": "x"})
    assert answer.status_code == 400


def test_nul_and_broken_characters_pass_without_harm(karim: Visitor) -> None:
    form = form_to(karim.get("/chat").text, "/chat#")
    answer = karim.client.post("/chat", content=encoded(form.filled()) + b"&question=a%00b%ED%A0%80c%FF", headers=FORM)
    assert answer.status_code == 200
    assert "\0" not in answer.text
    assert 'class="final completed"' in answer.text


def test_receipts_are_their_members_own(karim: Visitor, odile: Visitor) -> None:
    number = receipt_id(karim.ask("à moi").text)
    assert karim.get(f"/receipts/{number}").status_code == 200
    assert odile.get(f"/receipts/{number}").status_code == 404
    assert odile.get(f"/receipts/{number}?format=json").status_code == 404
    paper = words(karim.get(f"/receipts/{number}").text)
    assert "Carbone inconnu" in paper
    assert not re.search(r"(Eau|Minerais|Carbone) ≈? ?0", paper)


def test_the_language_of_the_page_chooses_the_prefix(live: LiveCommons) -> None:
    visitor = Visitor(live, "en")
    visitor.join("Emma", language="en")
    page = visitor.ask("hello").text
    assert '<html lang="en">' in page
    assert ENGINES["echo"].seen[-1].startswith("system: You are the assistant")
    assert "See the receipt" in page


def test_a_key_may_ask_but_not_read_what_is_kept(live: LiveCommons) -> None:
    key = live.api_key("Karim")
    with httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {key}"}, trust_env=False) as client:
        assert client.get("/chat").status_code == 200
        assert client.get("/conversations").status_code == 403
        assert client.get("/account").status_code == 403
