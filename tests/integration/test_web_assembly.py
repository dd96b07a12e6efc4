"""The assembly through its pages: founding, proposing, discussing, voting, contesting; nothing typed is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage.assembly.tally import file as votes
from tests.integration.web_assembly_house import NAMES, WebHouse, web_house
from tests.integration.web_visitor import PASSWORD, form_to, forms, words

NOWHERE = (
    "/assembly/proposals/9",
    "/assembly/proposals/x",
    "/assembly/votes/9",
    "/assembly/propose/what",
    "/assembly/propose/rule?of=nothing",
    "/assembly/propose/revocation?of=99",
    "/assembly/log?seq=99999",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(tmp_path / "home") as made:
        yield made


@pytest.fixture
def founded(house: WebHouse) -> WebHouse:
    house.found()
    return house


def test_before_the_founding_the_page_says_who_decides_and_only_an_operator_may_found(house: WebHouse) -> None:
    told = words(house.text("Karim", "/assembly"))
    assert "pas encore fondée" in told
    assert "/assembly/found" not in house.text("Karim", "/assembly")
    assert house["Karim"].get("/assembly/found").status_code == 403
    page = house.text("Odile", "/assembly/found")
    unsure = house["Odile"].submit(page, "/assembly/found", preset="informal")
    assert unsure.status_code == 400
    assert re.search(r'value="informal"[^>]* checked', unsure.text), "the choice is still there"
    assert "pas encore fondée" in words(house.text("Karim", "/assembly"))
    done = house["Odile"].submit(page, "/assembly/found", preset="informal", sure="1")
    assert done.headers["location"] == "/assembly?done=founded"
    assert "À vous de voter" in words(house.text("Karim", "/assembly"))
    assert "la fondation de l’assemblée" in words(house.text("Karim", "/assembly"))
    assert house["Odile"].submit(page, "/assembly/found", preset="informal", sure="1").status_code == 409
    assert house["Odile"].get("/assembly/found").status_code == 409


def test_a_rule_is_proposed_discussed_voted_and_in_force(founded: WebHouse) -> None:
    page = founded.text("Karim", "/assembly/propose/rule?of=hours")
    wrong = founded["Karim"].submit(page, "/assembly/propose/rule", f0="23:00", f1="vingt", title="", reason="Dormir.")
    assert wrong.status_code == 400
    assert 'value="vingt"' in wrong.text
    assert "Dormir." in wrong.text
    assert 'aria-describedby="f1-h f1-w"' in wrong.text

    half = founded["Karim"].submit(page, "/assembly/propose/rule", f0="23:00", f1="", title="Nuit", reason="Dormir.")
    assert half.status_code == 400
    assert "un début et une fin" in words(half.text)

    preview = founded["Karim"].submit(
        page, "/assembly/propose/rule", f0="23:00", f1="6h", title="Fermer la nuit", reason="Que\ntout dorme."
    )
    told = words(preview.text)
    assert "Rien n’est encore envoyé" in told
    assert "de 23:00 à 06:00" in told
    assert "Ouvert à toute heure" in told
    assert "dépassent la moitié" in told
    edit = founded.send("Karim", preview.text, "edit")
    assert 'value="23:00"' in edit.text
    assert "Que\ntout dorme." in edit.text
    sent = founded.send("Karim", preview.text)
    assert sent.headers["location"] == "/assembly/proposals/1?done=proposed"

    own = founded.text("Anne", "/assembly/proposals/1")
    asked = founded["Anne"].submit(own, "/assembly/proposals/1/argue", side="question", text="Et le week-end ?")
    assert asked.status_code == 303
    mute = founded["Anne"].submit(own, "/assembly/proposals/1/argue", side="against", text="   ")
    assert mute.status_code == 400
    answered = form_to(founded.text("Karim", "/assembly/proposals/1"), "/assembly/proposals/1/argue#q1")
    assert ("answers", "1") in answered.fields
    founded["Karim"].submit(
        founded.text("Karim", "/assembly/proposals/1"), "/assembly/proposals/1/argue#q1", text="Pareil."
    )
    assert "Réponse de Karim" in words(founded.text("Anne", "/assembly/proposals/1"))

    other = founded.text("Anne", "/assembly/proposals/1/amend")
    assert 'value="23:00"' in other
    amended = founded["Anne"].submit(other, "/assembly/proposals/1/amend", f0="22:00", reason="Plus tôt.")
    assert amended.status_code == 303
    seen = founded.text("Karim", "/assembly/proposals/1")
    accept = [one for one in forms(seen) if ("accepted", "yes") in one.fields]
    assert not [
        one for one in forms(founded.text("Anne", "/assembly/proposals/1")) if ("accepted", "yes") in one.fields
    ]
    founded["Karim"].submit(seen, "/assembly/proposals/1/answer", to=accept[0].action, amendment="1", accepted="yes")
    assert "de 22:00 à 06:00" in words(founded.text("Bilal", "/assembly/proposals/1"))

    founded.to_vote()
    for path in ("/chat", "/coupe", "/models"):
        assert "1 vote vous attend" in words(founded.text("Bilal", path)), path
    nothing = founded.vote("Bilal", 1)
    assert nothing.status_code == 400
    assert "Rien n’a été enregistré" in words(nothing.text)
    for name in NAMES:
        founded.vote(name, 1, choice="against" if name == "Bilal" else "for", reason=f"Raison de {name}")
    assert "vous attend" not in words(founded.text("Bilal", "/chat"))
    result = words(founded.text("Anne", "/assembly/votes/1"))
    assert "4 pour, 1 contre" in result
    assert "Raison de Bilal" in result
    recount = founded["Anne"].get("/assembly/votes/1/count.json")
    assert "Bilal" not in recount.text
    counted = votes.count_file(votes.read(recount.content))
    assert (counted.outcome, counted.totals) == ("adopted", {"for": 4, "against": 1})

    contest = founded["Anne"].submit(
        founded.text("Anne", "/assembly/proposals/1"), "/assembly/proposals/1/contest", reason="Trop tôt."
    )
    assert contest.status_code == 303
    assert "Trop tôt." in words(founded.text("Karim", "/assembly/proposals/1"))
    founded.later(30)
    told = words(founded.text("Karim", "/assembly"))
    assert "vote de la proposition n° 1, Fermer la nuit" in told
    assert "proposition n° 1" in words(founded.stranger.get("/commons").text)
    repeal = founded["Anne"].submit(
        founded.text("Anne", "/assembly/propose/repeal?of=1"), "/assembly/propose/repeal", reason="On veille."
    )
    assert "Ouvert à toute heure" in words(repeal.text)
    assert founded.send("Anne", repeal.text).headers["location"].startswith("/assembly/proposals/2")


def test_nobody_sees_who_leads_while_a_vote_is_open(founded: WebHouse) -> None:
    founded.propose_hours()
    founded.to_vote()
    founded.vote("Anne", 1, choice="against", reason="Non et non.")
    for name in NAMES:
        told = words(founded.text(name, "/assembly/votes/1"))
        assert "1 sur 5 ont voté" in told
        assert name == "Anne" or "Non et non." not in told
    assert founded["Karim"].get("/assembly/votes/1/count.json").status_code == 409
    again = founded.text("Anne", "/assembly/votes/1")
    assert re.search(r'value="against" checked', again)
    assert founded.vote("Anne", 1, choice="for").status_code == 200
    founded.later(20)
    late = founded["Bilal"].submit(again, "/assembly/votes/1", choice="for")
    assert late.status_code in (403, 409)


def test_a_secret_ballot_gives_a_receipt_once_and_is_found_in_the_list(founded: WebHouse) -> None:
    page = founded.text("Karim", "/assembly/propose/mandate")
    nobody = founded["Karim"].submit(
        page, "/assembly/propose/mandate", scope="moderator", days="30", title="T", reason="R"
    )
    assert nobody.status_code == 400
    typed = {"member": "Anne", "scope": "moderator", "days": "365", "title": "Anne modère", "reason": "Elle écoute."}
    preview = founded["Karim"].submit(page, "/assembly/propose/mandate", **typed)
    assert "Donne à Anne le mandat" in words(preview.text)
    assert founded.send("Karim", preview.text).status_code == 303
    founded.to_vote()
    receipts = {}
    for name in NAMES:
        cast = founded.vote(name, 1, choice="against" if name == "Bilal" else "for")
        receipts[name] = re.findall(r'id="receipt"[^>]*>([0-9a-f]{32})<', cast.text)[0]
    page = founded.text("Odile", "/assembly/votes/1")
    assert all(one in page for one in receipts.values())
    table = page.partition('id="ballots"')[2].partition('id="again"')[0]
    assert not any(name in table for name in NAMES)
    shown = re.findall(r"<code>([0-9a-f]{32})</code>", table)
    assert shown == sorted(receipts.values())
    assert "Anne" in words(founded.text("Karim", "/assembly").partition('id="mandates"')[2])


def test_one_among_several_is_graded_and_counted_again(founded: WebHouse) -> None:
    page = founded.text("Karim", "/assembly/propose/choice")
    same = founded["Karim"].submit(
        page, "/assembly/propose/choice", options="Un\nUn", title="Affiche", reason="Choisir."
    )
    assert same.status_code == 400
    preview = founded["Karim"].submit(
        page, "/assembly/propose/choice", options="La forêt\nLe chêne", title="Affiche", reason="Choisir."
    )
    assert founded.send("Karim", preview.text).status_code == 303
    founded.to_vote()
    missing = founded.vote("Anne", 1, **{"grade-0": "5"})
    assert missing.status_code == 400
    assert "2 options n’ont pas encore de mention" in words(missing.text)
    assert re.search(r'name="grade-0" value="5" checked', missing.text)
    for name in NAMES:
        founded.vote(name, 1, **{"grade-0": "5", "grade-1": "3", "grade-none": "0"})
    told = words(founded.text("Anne", "/assembly/votes/1"))
    assert "La forêt" in told
    assert "excellent" in told
    document = json.loads(founded["Anne"].get("/assembly/votes/1/count.json").text)
    assert votes.count_file(votes.read(json.dumps(document).encode())).winner == "0"


def test_a_proxy_is_given_used_and_passed_over_by_who_votes_in_person(founded: WebHouse) -> None:
    page = founded.text("Anne", "/assembly/proxies")
    bad = founded["Anne"].submit(page, "/assembly/proxies", member="Karim", until="demain")
    assert bad.status_code == 400
    day = founded.live.commons.calendar.day(founded.clock.now_ms() + 5 * 86_400_000)
    assert founded["Anne"].submit(page, "/assembly/proxies", member="Karim", until=day).status_code == 303
    founded.propose_hours()
    founded.to_vote()
    mine = founded.text("Karim", "/assembly/votes/1")
    link = re.findall(r'href="(/assembly/votes/1\?for=[^"#]+)', mine)[0]
    by_proxy = founded["Karim"].submit(founded.text("Karim", link), "/assembly/votes/1", choice="against")
    assert "Le vote de Anne est enregistré" in words(by_proxy.text)
    assert founded.vote("Anne", 1, choice="for").status_code == 200
    refused = founded["Karim"].submit(founded.text("Karim", link), "/assembly/votes/1", choice="against")
    assert refused.status_code == 409
    founded["Anne"].submit(founded.text("Anne", "/assembly/proxies"), "/assembly/proxies/revoke")
    assert "?for=" not in founded.text("Karim", "/assembly/votes/1")


def test_what_another_changed_meanwhile_is_not_taken_back_by_an_older_form(founded: WebHouse) -> None:
    """Two forms drawn on the same rule, about two things: both changes hold."""
    page = founded.text("Karim", "/assembly/propose/rule?of=retention")
    other = founded.text("Anne", "/assembly/propose/rule?of=retention")
    shorter = {"title": "Moins", "reason": "Moins longtemps."}
    founded.send("Anne", founded["Anne"].submit(other, "/assembly/propose/rule", f0="20", **shorter).text)
    founded.to_vote()
    for name in NAMES:
        founded.vote(name, 1, choice="for")
    founded.later(30)
    late = founded["Karim"].submit(page, "/assembly/propose/rule", f4="20", **shorter)
    assert founded.send("Karim", late.text).status_code == 303
    founded.to_vote()
    for name in NAMES:
        founded.vote(name, 2, choice="for")
    founded.later(30)
    rule = founded.live.commons.charter.in_force("retention").value
    assert (rule.conversations, rule.invitations) == (20, 20)


def test_nothing_that_is_not_there_is_shown_and_nobody_acts_for_another(founded: WebHouse) -> None:
    for path in NOWHERE:
        assert founded["Karim"].get(path).status_code == 404, path
    address = founded.propose_hours("Karim")
    page = founded.text("Anne", address)
    assert not [one for one in forms(page) if one.action.endswith("/withdraw")]
    own = founded.text("Karim", address)
    token = dict(form_to(page, f"{address}/argue").fields)["csrf"]
    stolen = founded["Anne"].post(f"{address}/withdraw", csrf=token, sure="1")
    assert stolen.status_code == 403
    assert founded["Karim"].submit(own, f"{address}/withdraw").status_code == 400
    assert founded["Karim"].submit(own, f"{address}/withdraw", sure="1").status_code == 303
    assert founded["Anne"].get("/assembly/emergency").status_code == 403
    for path in ("/assembly", "/assembly/propose", "/assembly/votes/1", "/assembly/proxies", "/assembly/minutes"):
        assert founded.stranger.get(path).status_code == 303, path


def test_a_steward_records_who_votes_in_which_college(house: WebHouse) -> None:
    page = house.text("Odile", "/assembly/found")
    house["Odile"].submit(page, "/assembly/found", preset="cooperative", sure="1")
    assert house["Karim"].get("/assembly/standing").status_code == 403
    standing = house.text("Odile", "/assembly/standing")
    assert "5 membres ne sont dans aucun collège" in words(standing)
    wrong = house["Odile"].submit(standing, "/assembly/standing", member="Karim", college="nowhere")
    assert wrong.status_code == 400
    assert house["Odile"].submit(standing, "/assembly/standing", member="Karim", college="users").status_code == 303
    house["Odile"].submit(standing, "/assembly/standing", member="Anne", college="", votes="no")
    told = words(house.text("Odile", "/assembly/standing"))
    assert "4 membres ne sont dans aucun collège" in told
    assert "ne vote pas" in told


def test_who_goes_on_after_the_end_of_a_mandate_is_said(founded: WebHouse) -> None:
    assert "continue jusqu’à ce que" not in words(founded.text("Karim", "/assembly"))
    founded.later(60 * 24 * 365 * 4)
    karim = founded["Karim"]
    answer = karim.submit(karim.get("/sign-in").text, "/sign-in", name="Karim", password=PASSWORD)
    assert answer.status_code == 303, words(answer.text)
    told = words(founded.text("Karim", "/assembly"))
    assert "Le mandat de Odile est fini" in told
    assert "Proposer quelqu’un" in told


def test_a_draft_waits_for_its_author_to_submit_it(founded: WebHouse) -> None:
    page = founded.text("Karim", "/assembly/propose/rule?of=hours")
    preview = founded["Karim"].submit(
        page, "/assembly/propose/rule", f0="23:00", f1="6:00", title="Nuits à relire", reason="À relire."
    )
    kept = founded.send("Karim", preview.text, "draft")
    assert kept.headers["location"] == "/assembly/proposals/1?done=drafted"
    assert "Nuits à relire" in founded.text("Karim", "/assembly")
    assert "Nuits à relire" not in founded.text("Anne", "/assembly")
    founded.later(60)
    own = founded.text("Karim", "/assembly/proposals/1")
    assert founded["Karim"].submit(own, "/assembly/proposals/1/submit").status_code == 303
    assert "Nuits à relire" in founded.text("Anne", "/assembly")
