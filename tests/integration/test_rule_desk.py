"""The rule of the desk, voted, then looked for in requests: who answers, and whether the public may write."""

from __future__ import annotations

from pathlib import Path

import httpx

from affouage.assembly import mandate_book
from affouage.workshops.desk.rules import DeskRules
from tests.integration.voting_house import VotingHouse, plain, voting_house

QUESTION = {"question": "Comment faire une procuration ?"}
DAY_MS = 86_400_000


def ask(house: VotingHouse) -> httpx.Response:
    """A stranger fills the public's form."""
    return httpx.post(f"{house.live.url}/questions", data=QUESTION, headers={"origin": house.live.url}, timeout=30)


def test_a_vote_opens_the_desk_to_the_public_and_another_shuts_it(home: Path) -> None:
    with voting_house(home) as house:
        house.found()
        shut = ask(house)
        assert (shut.status_code, "Le guichet ne prend pas" in plain(shut.text)) == (503, True)
        house.vote("desk", {"public_open": True})
        assert ask(house).status_code == 200
        house.vote("desk", {"public_open": False, "blind_percent": 20})
        assert ask(house).status_code == 503
        assert house.live.run(house.live.commons.desk.front.counts())["received_public"] == 1


def test_who_answers_is_by_mandate_until_a_reinforced_vote_widens_it(home: Path) -> None:
    with voting_house(home) as house:
        house.seed("desk", DeskRules(clerks="mandated"))
        house.found()
        commons, now_ms = house.live.commons, house.clock.now_ms()
        assert house.browser.get("/desk").status_code == 403
        assert house.get("/desk").status_code == 403, "a key opens no more than the page"
        until_ms = now_ms + 30 * DAY_MS
        commons.db.write_now(
            lambda c: mandate_book.grant(c, house.ali.id, "clerk", now_ms - 1, until_ms, now_ms, proposal_id=1)
        )
        assert house.browser.get("/desk").status_code == 200
        bea = house.people[1]
        assert not house.live.run(commons.desk.may_answer(bea))
        before, after = (commons.charter.areas["desk"].default, DeskRules(clerks="members"))
        assert commons.charter.areas["desk"].profile_of(before, after) == "reinforced"
        house.vote("desk", {"clerks": "members"})
        assert house.live.run(commons.desk.may_answer(bea))
        house.clock.advance(ms=31 * DAY_MS)
        house.vote("desk", {"clerks": "mandated"})
        assert not house.live.run(commons.desk.may_answer(house.ali)), "a mandate has an end"
