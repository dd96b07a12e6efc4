"""The visible prefix, voted: the very next request carries the new text to the letter, and its receipt the hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from affouage.chat import ChatRequest, Message
from affouage.inference.attempt import Asking
from affouage.inference.prefix_rules import PrefixRules, Texts
from affouage.inference.prompt import read_prefixes
from affouage.testing import EchoEngine
from tests.integration.voting_house import VotingHouse, voting_house

NEW = "Tu aides les membres de l’association. Dis « je ne sais pas » quand tu ne sais pas."


def exact(text: str) -> str:
    return f"system: {text}\nuser: Qui décide ?\nassistant:"


def test_after_a_vote_the_very_next_request_carries_the_new_text(home: Path) -> None:
    echo = EchoEngine("echo")
    with voting_house(home, echo) as house:
        house.found()
        shipped = house.receipt(house.ask())
        assert shipped["prefix"]["version"] == "0"
        assert echo.seen == [exact(read_prefixes()["fr"].text)]
        number = house.vote("prefixes", {"commons/fr": NEW})
        answer = house.ask(affouage={"prompt": True})
        assert echo.seen[-1] == exact(NEW), "this text and nothing else"
        assert answer.json()["affouage"]["prompt"] == echo.seen[-1]
        receipt = house.receipt(answer)
        digest = hashlib.sha256(NEW.encode()).hexdigest()
        assert receipt["prefix"] == {"version": "1", "language": "fr", "sha256": digest}
        assert receipt["rules"] == ["prefixes@1"]
        assert_public(house, digest, number)
        page = house.browse(f"/receipts/{receipt['id']}")
        assert NEW in page
        assert f"texte placé avant les questions, version 1, vote du 3 mars 2027, proposition n° {number}" in page
        older = house.browse(f"/receipts/{shipped['id']}")
        assert read_prefixes()["fr"].text.split(".")[0] in older, "what stood there then is still told"


def assert_public(house: VotingHouse, digest: str, number: int) -> None:
    told = house.get("/prefix").json()
    assert told["version"] == "1"
    assert told["prefixes"]["fr"] == {"text": NEW, "sha256": digest}
    assert told["prefixes"]["en"]["text"] == read_prefixes()["en"].text, "left empty: the shipped one"
    assert (told["decided"]["proposal"], told["decided"]["decided_on"]) == (number, "2027-03-03")
    page = house.browse("/how-it-works")
    assert NEW in page
    assert f"vote du 3 mars 2027, proposition n° {number}" in page


def test_a_workshop_has_its_own_and_only_there(home: Path) -> None:
    echo = EchoEngine("echo")
    with voting_house(home, echo) as house:
        house.seed("prefixes", PrefixRules(workshops={"explain": Texts(fr="Explique simplement.")}))
        request = ChatRequest(model="echo", messages=(Message("user", "Qui décide ?"),))

        async def ask(workshop: str) -> str:
            who = Asking(member_id=house.ali.id, door="workshop", workshop=workshop)
            answer = await house.live.commons.inference.ask(who, request)
            async for _ in answer.events():
                pass
            assert answer.receipt is not None
            assert answer.receipt.prefix is not None
            return answer.receipt.prefix.sha256

        digests = [house.live.run(ask(workshop)) for workshop in ("explain", "other")]
        assert echo.seen == [exact("Explique simplement."), exact(read_prefixes()["fr"].text)]
        assert digests[0] == house.get("/prefix").json()["workshops"]["explain"]["fr"]["sha256"]
        assert "Explique simplement." in house.browse("/how-it-works")
        assert house.ask().status_code == 200
        assert echo.seen[-1] == exact(read_prefixes()["fr"].text)


def test_raw_completions_get_none_whatever_was_voted(home: Path) -> None:
    echo = EchoEngine("echo")
    with voting_house(home, echo) as house:
        house.seed("prefixes", PrefixRules(commons=Texts(fr=NEW, en="Short.")))
        receipt = house.receipt(house.post("/v1/completions", {"model": "echo", "prompt": "Il était une fois"}))
        assert echo.seen == ["Il était une fois"]
        assert (receipt["prefix"], receipt["rules"]) == (None, [])
