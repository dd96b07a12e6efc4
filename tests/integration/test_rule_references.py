"""Each refusal by a rule, and each receipt, names the rule, the day it was voted and the proposal: in words, with a
link."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.voting_house import plain, voting_house

NIGHT = {"closed_from": "09:00", "closed_until": "18:00"}


def test_closed_by_a_vote_is_said_so_everywhere(home: Path) -> None:
    with voting_house(home) as house:
        house.found()
        number = house.vote("hours", NIGHT)
        told = house.refused(house.ask(), "closed")
        assert (told["status"], told["rule"], told["decided_on"], told["proposal"]) == (503, "hours@1", "2027-03-03", 1)
        assert f"rule hours@1, vote of 2027-03-03, proposal {number}" in told["message"]
        page = house.ask_on_page()
        assert "fermé de 09:00 à 18:00" in page
        assert f"horaires, version 1, vote du 3 mars 2027, proposition n° {number}" in page


def test_a_receipt_names_every_rule_that_was_decided_with_a_link_to_its_vote(home: Path) -> None:
    with voting_house(home) as house:
        house.found()
        assert house.receipt(house.ask())["rules"] == [], "nothing of what it ran under was decided by anybody"
        house.vote("share", {"class_percent/member": 150})
        number = house.vote("hours", {"closed_from": "23:00", "closed_until": "06:00"})
        receipt = house.receipt(house.ask())
        assert set(receipt["rules"]) == {"hours@1", "share@1"}
        page = house.browser.get(f"/receipts/{receipt['id']}").text
        words = rf"horaires, version 1, vote du 3\W+mars\W+2027, proposition n°\W+{number}"
        assert re.search(f'<a href="/assembly/proposals/{number}">{words}', page), page
        shown = subprocess.run(
            [
                sys.executable,
                "-m",
                "affouage",
                "receipts",
                "show",
                receipt["id"],
                "--reason",
                "Ali demande à comprendre son reçu",
            ],
            env={**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"vote du 3 mars 2027, proposition n° {number}" in plain(shown.stdout)


def test_what_was_decided_before_there_were_votes_is_said_so(home: Path) -> None:
    with voting_house(home) as house:
        hours = house.live.commons.charter.areas["hours"].kind
        house.seed("hours", hours(**NIGHT))
        told = house.refused(house.ask(), "closed")
        assert "proposal" not in told
        assert told["decided_on"] == "2027-03-03"
        house.clock.advance(ms=9 * 3_600_000)
        receipt = house.receipt(house.ask())
        assert "horaires, version 1, règle décidée le 3 mars 2027" in house.browse(f"/receipts/{receipt['id']}")
