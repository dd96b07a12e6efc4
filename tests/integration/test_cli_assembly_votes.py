"""``affouage assembly``: votes and their results, proxies, mandates, emergencies, the minutes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.integration.cli_assembly import GOVERNANCE, Town

NIGHT = ("propose", "hours", "closed_from=23:00", "closed_until=6:00")


@pytest.fixture
def town(home: Path) -> Town:
    found = Town(home)
    found.found()
    return found


def rule(town: Town, area: str) -> tuple[int, int | None]:
    found = next(one for one in town.json("assembly", "status", "--json")["rules"] if one["area"] == area)
    return found["version"], found["proposal"]


def test_proposed_voted_in_force_and_taken_back(town: Town) -> None:
    number = town.propose(*NIGHT)
    town.vote(1, Odile="for", Ali="against")
    assert rule(town, "hours") == (0, None)
    mine = town.json("assembly", "status", "--as", "Ali", "--json", as_="Ali")
    assert (mine["to_vote"], mine["ballots"]) == ([], {"1": "against"})
    assert town.json("assembly", "status", "--as", "Bea", "--json", as_="Bea")["to_vote"] == [1]
    assert "has not voted yet in vote 1" in town.done("status", "--as", "Bea", as_="Bea")
    town.no("status", "--as", "Ali", says="their own proof")
    town.no("result", "1", says="still open")
    assert town.json("assembly", "status", "--json")["polls"][0]["count"] is None
    town.vote(1, Bea="pour")
    assert rule(town, "hours") == (1, number)
    told = town.done("result", "1")
    assert "Adopted" in told
    assert "2" in told
    result = town.json("assembly", "result", "1", "--json")
    assert (result["outcome"], result["count"]["totals"]) == ("adopted", {"for": 2, "against": 1})
    town.no("vote", "1", "for", as_="Odile", says="over")
    back = town.propose("repeal", str(number))
    town.vote(2, Odile="for", Ali="for", Bea="for")
    assert rule(town, "hours") == (2, back)
    assert town.json("assembly", "show", str(number), "--json")["state"] == "repealed"


def test_votes_cast_at_the_same_instant_by_several_programs_all_count(home: Path) -> None:
    town = Town(home, "Odile Ali Bea Chloe")
    town.found()
    town.propose(*NIGHT)
    words = [sys.executable, "-m", "affouage", "assembly", "vote", "1", "for"]
    programs = [
        subprocess.Popen(words, env={**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_KEY": key})
        for key in town.keys.values()
    ]
    assert [one.wait(timeout=60) for one in programs] == [0, 0, 0, 0]
    result = town.json("assembly", "result", "1", "--json")
    assert result["count"]["totals"] == {"for": 4, "against": 0}
    assert rule(town, "hours") == (1, 1), "put in force once, by whichever came last"


def test_a_closed_vote_is_counted_again_by_anybody_from_its_file(town: Town, tmp_path: Path) -> None:
    town.adopt(*NIGHT)
    file = tmp_path / "vote.json"
    town.done("result", "1", "--recount", str(file))
    again = town.json("assembly", "count", str(file), "--json")
    stored = town.json("assembly", "result", "1", "--json")["count"]
    assert (again["outcome"], again["totals"]) == (stored["outcome"], stored["totals"])
    assert "Odile" not in file.read_text(encoding="utf-8")
    town.no("result", "1", "--recount", str(tmp_path / "no" / "where"), says="cannot be written")
    listed = town.json("assembly", "electors", "1", "--json")
    assert [one["member"] for one in listed["electors"]] == ["Ali", "Bea", "Odile"]
    assert listed["electorate_sha256"] in town.done("electors", "1")


def test_ballots_that_mean_nothing_are_refused(town: Town) -> None:
    town.propose(*NIGHT)
    town.no("vote", "1", "perhaps", as_="Ali", says="no choice of this vote")
    town.no("vote", "1", as_="Ali", says="for, against, abstain")
    town.no("vote", "1", "--grade", "1=5", as_="Ali", says="for, against, abstain")
    town.no("vote", "9", "for", as_="Ali", says="no such vote")
    town.no("vote", "1", "for", "--for", "Bea", as_="Ali", says="no proxy")
    town.json("members", "add", "Late", "--json")
    by_machine = town.run("keys", "create", "Late", "--scope", "account")
    assert by_machine.exit_code == 2
    assert "only they make it" in by_machine.output
    town.no("vote", "1", "for", AFFOUAGE_KEY=town.own_key("Late"), says="on the roll when this vote opened")


def test_an_objection_needs_its_reason(home: Path) -> None:
    town = Town(home)
    consent = msgspec.structs.replace(GOVERNANCE.ordinary, method="consent")
    town.found(msgspec.structs.replace(GOVERNANCE, ordinary=consent))
    town.propose(*NIGHT)
    town.no("vote", "1", "object", as_="Ali", says="reason")
    town.done("vote", "1", "object", "--reason", "The desk is open then", as_="Ali")
    town.vote(1, Odile="consent", Bea="accord")
    shown = town.json("assembly", "show", "1", "--json")
    assert (shown["state"], shown["poll"]) == ("voting", 2), "it goes to a vote by majority"


def test_one_among_several_is_graded_by_numbers_or_words(town: Town) -> None:
    number = town.propose("propose-choice", "Sunday", "Saturday")
    town.no("vote", "1", "for", as_="Odile", says="Grade each option")
    town.no("vote", "1", "--grade", "0=9", as_="Odile", says="OPTION=GRADE")
    town.no("vote", "1", "--grade", "Monday=3", as_="Odile", says="OPTION=GRADE")
    town.no("vote", "1", "--grade", "Sunday=3", as_="Odile", says="grade")
    words = ("--grade", "Sunday=excellent", "--grade", "Saturday=2", "--grade", "none=to reject")
    for name in town.keys:
        told = town.done("vote", "1", *words, as_=name)
    assert "Sunday: excellent" in told
    assert "Adopted: Sunday" in town.done("result", "1")
    assert town.json("assembly", "show", str(number), "--json")["state"] == "in_force"


def test_secret_ballots_give_a_receipt_and_say_nothing_of_who(home: Path) -> None:
    town = Town(home, "Odile Ali Bea Chloe Dan")
    secret = msgspec.structs.replace(GOVERNANCE.persons, secrecy="detached", voting_min=60)
    town.found(msgspec.structs.replace(GOVERNANCE, persons=secret))
    number = town.propose("propose-mandate", "Ali", "moderator", "--days", "30")
    receipts = [town.json("assembly", "vote", "1", "for", "--json", as_=name)["receipt"] for name in town.keys]
    assert len({*receipts}) == 5
    assert all(len(one) == 32 for one in receipts)
    assert town.json("assembly", "show", str(number), "--json")["state"] == "in_force"
    held = town.json("assembly", "mandates", "--json")
    assert [(one["member"], one["scope"], one["proposal"]) for one in held][-1] == ("Ali", "moderator", number)
    town.no("vote", "1", "for", as_="Ali", says="over")


def test_proxies_are_given_listed_and_taken_back(town: Town) -> None:
    town.no("proxy", "give", "Ali", "--until", "2099-01-01", as_="Odile", says="within a year")
    town.no("proxy", "give", "Ali", "--until", "soon", as_="Odile", says="no day")
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert "Ali may vote for Odile" in town.done("proxy", "give", "Ali", "--until", until, as_="Odile")
    assert town.json("assembly", "proxy", "list", "--json")[0]["holder"] == "Ali"
    town.propose(*NIGHT)
    assert "Odile voted" in town.done("vote", "1", "for", "--for", "Odile", as_="Ali")
    town.done("proxy", "revoke", as_="Odile")
    assert "Nobody holds a proxy" in town.done("proxy", "list")


def test_an_emergency_takes_its_mandate_and_goes_to_the_vote(town: Town) -> None:
    take = ("emergency", "take", "local_only", "--days", "3", "--reason", "A machine was stolen")
    town.no(*take, as_="Odile", says="mandate for emergencies")
    town.adopt("propose-mandate", "Odile", "emergency", "--days", "30")
    assert "Odile: Emergencies" in town.done("mandates")
    told = town.done(*take, as_="Odile")
    assert "no question leaves the machine" in told
    assert "proposal n° 2" in told
    taken = town.json("assembly", "emergency", "list", "--json")
    assert [(one["measure"], one["active"]) for one in taken] == [("local_only", True)]
    status = town.json("assembly", "status", "--json")
    assert next(one for one in status["rules"] if one["area"] == "confidentiality")["suspended"] == [1]
    assert "suspended in part by emergency measure 1" in town.done("status")
    town.no("emergency", "take", "stop_everything", "--days", "1", "--reason", "x", as_="Odile", says="no emergency")
    assert town.run("assembly", "emergency", "lift", "1", as_="Ali").exit_code == 2
    town.done("emergency", "lift", "1", as_="Odile")
    assert town.json("assembly", "emergency", "list", "--json")[0]["active"] is False
    number = town.json("assembly", "mandates", "--json")[-1]["mandate"]
    town.done("resign", str(number), as_="Odile")
    assert "Emergencies" not in town.done("mandates")


def test_the_roll_of_voters_is_kept_from_the_machine_and_logged(home: Path) -> None:
    town = Town(home)
    town.found(msgspec.structs.replace(GOVERNANCE, colleges={"users": 50, "workers": 50}))
    town.no("standing", "Ali", "--college", "kings", says="kings")
    assert "Ali: users, votes" in town.done("standing", "Ali", "--college", "users")
    town.done("standing", "Odile", "--college", "workers")
    town.done("standing", "Bea", "--no-vote")
    number = town.propose(*NIGHT)
    assert town.json("assembly", "show", str(number), "--json")["poll"] == 1
    listed = town.json("assembly", "electors", "1", "--json")["electors"]
    assert listed == [{"member": "Ali", "college": "users"}, {"member": "Odile", "college": "workers"}]


def test_minutes_tell_what_was_decided(town: Town) -> None:
    town.adopt(*NIGHT)
    told = town.done("minutes")
    assert "Proposed: n° 1, A title" in told
    assert "Adopted" in told
    found = town.json("assembly", "minutes", "--json")
    assert found["votes"][0]["poll"] == 1
    assert "Nothing happened" in town.done("minutes", "--from", "2020-01-01", "--to", "2020-01-31")
    town.no("minutes", "--from", "2020-01-31", "--to", "2020-01-01", says="before the first")
    town.no("minutes", "--from", "yesterday", says="no day")


def test_everything_is_told_in_french_too(town: Town) -> None:
    town.adopt(*NIGHT)
    for words in (("status",), ("areas", "hours"), ("show", "1"), ("result", "1"), ("minutes",), ("mandates",)):
        told = town.done(*words, AFFOUAGE_LANG="fr")
        english = town.done(*words)
        assert told != english
    said = town.no("vote", "1", "for", "--as", "Ali", AFFOUAGE_LANG="fr")
    assert "personne ne vote pour les autres" in said
    assert json.loads(town.run("assembly", "status", "--json", AFFOUAGE_LANG="fr").stdout)
