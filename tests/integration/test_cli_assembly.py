"""``affouage assembly``: founding, proposing, deliberating; who may act from the machine, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest

from affouage.assembly.access import Credential
from affouage.cli.assembly import _COMMANDS, assembly
from affouage.clock import SystemClock
from affouage.rulebook import AREAS
from affouage.storage import open_database
from tests.integration.accounts_home import PASSWORD, opened
from tests.integration.assembly_house import assembly_house
from tests.integration.cli_assembly import GOVERNANCE, Town


@pytest.fixture
def town(home: Path) -> Town:
    found = Town(home)
    found.found()
    return found


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_every_command_helps_with_examples(name: str) -> None:
    context = click.Context(assembly)
    command = assembly.get_command(context, name)
    assert command is not None
    told = command.get_help(click.Context(command, info_name=name, parent=context))
    assert "Example" in told
    if any("--json" in one.opts for one in command.params):
        assert "--json prints" in told or name in ("count", "belenios"), name


# -- founding --------------------------------------------------------------------------------------------------------


def test_before_the_founding_whoever_keeps_the_machine_decides(home: Path) -> None:
    town = Town(home)
    told = town.done("status")
    assert "not founded" in told
    assert "(hours): as the software comes" in told
    assert town.json("assembly", "status", "--json")["founded"] is None
    said = town.no("propose", "hours", "closed_from=23:00", "closed_until=6:00", "--title", "x", "--reason", "y",
                   as_="Odile", says="not founded")  # fmt: skip
    assert "affouage assembly found" in said


def test_founding_shows_what_it_sets_and_is_confirmed(home: Path) -> None:
    town = Town(home)
    presets = {one["preset"] for one in town.json("assembly", "found", "--list", "--json")}
    assert {"association_1901", "cooperative", "school", "town_hall", "informal"} == presets
    assert "Association" in town.done("found", "--list")
    town.no("found", "--preset", "informal", says="--yes")
    town.no("found", "--preset", "kingdom", "--yes", says="kingdom")
    assert town.json("assembly", "status", "--json")["founded"] is None
    told = town.done("found", "--preset", "informal", "--yes")
    assert "The assembly is founded" in told
    assert "a member objects and says why" in told, "the rules of the first day are told in words"
    after = town.json("assembly", "status", "--json")
    assert (after["preset"], after["founded"] is None) == ("informal", False)
    assert next(one for one in after["rules"] if one["area"] == "governance")["version"] == 1
    assert "Who could vote today: 3 of 3 members" in told
    town.no("found", "--yes", says="founded already")


def test_founding_says_when_nobody_could_vote_yet_and_what_to_do(home: Path) -> None:
    told = Town(home).done("found", "--preset", "cooperative", "--yes")
    assert "Who could vote today: 0 of 3 members" in told
    assert "affouage assembly standing NAME --college supporters|users|workers" in told
    assert "from 30 days after joining" in told


# -- who acts --------------------------------------------------------------------------------------------------------

ACT = ("propose", "hours", "closed_from=23:00", "closed_until=6:00", "--title", "Quiet", "--reason", "Heat")


def test_acting_for_somebody_takes_that_persons_own_proof(town: Town) -> None:
    told = town.no(*ACT, says="Nobody is named")
    assert "AFFOUAGE_KEY" in told
    told = town.no(*ACT, "--as", "Ali", says="nobody votes for others from the machine")
    assert "scope account" in told
    town.no(*ACT, "--as", "Nobody", says="no such member")
    town.no(*ACT, "--as", "Ali", as_="Odile", says="not of Ali")
    town.no(*ACT, AFFOUAGE_KEY="aff_wrong", says="not valid")
    plain = town.json("keys", "create", "Ali", "--json")["key"]
    town.no(*ACT, AFFOUAGE_KEY=plain, says="scope account")
    assert town.json("assembly", "status", "--json")["proposals"] == [], "nothing was written"


def test_a_key_in_a_file_or_on_standard_input_is_a_proof(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(town.keys["Ali"] + "\n", encoding="utf-8")
    town.done(*ACT, "--key-file", str(file), "--as", "ali")
    assert town.json("assembly", "show", "1", "--json")["author"] == "Ali"
    town.no("withdraw", "1", "--key-file", str(tmp_path / "nothing"), says="cannot be read")


def test_every_command_that_acts_refuses_without_proof(town: Town) -> None:
    town.propose(*ACT[:4])
    for words in (
        ("cosign", "1"),
        ("argue", "1", "for", "Yes"),
        ("amend", "1", "closed_from=22:00", "--reason", "x"),
        ("answer", "1", "1", "accept"),
        ("withdraw", "1"),
        ("contest", "1", "--reason", "x"),
        ("vote", "1", "for"),
        ("proxy", "give", "Bea", "--until", "2099-01-01"),
        ("proxy", "revoke"),
        ("resign", "1"),
        ("emergency", "take", "local_only", "--days", "2", "--reason", "x"),
        ("emergency", "lift", "1"),
        ("propose-mandate", "Ali", "moderator", "--days", "9"),
        ("propose-exclusion", "Bea"),
        ("propose-choice", "a", "b"),
        ("revoke-mandate", "1"),
    ):
        told = town.no(*words, "--as", "Ali")
        assert "their own proof" in told, words


def test_a_password_typed_at_a_terminal_is_a_proof(home: Path) -> None:
    town = Town(home, "Odile")

    async def join() -> None:
        async with opened(home / "affouage.db", SystemClock().now_ms()) as there:
            await there.joined("Zoe")

    asyncio.run(join())
    town.found()
    town.propose(*ACT[:4])
    words = [sys.executable, "-m", "affouage", "assembly", "vote", "1", "for", "--as", "Zoe"]
    env = {**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"}
    env.pop("AFFOUAGE_KEY", None)
    for password, code in (("wrong words entirely", 2), (PASSWORD, 0)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        os.close(theirs)
        assert process.stderr is not None
        prompt = process.stderr.read(len(b"Password of Zoe: "))  # what is typed before it is thrown away
        assert prompt == b"Password of Zoe: "
        os.write(ours, (password + "\n").encode())
        out, err = process.communicate(timeout=60)
        os.close(ours)
        assert process.returncode == code, err
        assert password.encode() not in out + err
    assert b"Zoe voted in vote 1" in out
    sessions = town.json("members", "list", "--json")
    assert [one["name"] for one in sessions] == ["Odile", "Zoe"]


# -- proposing -------------------------------------------------------------------------------------------------------


def test_a_rule_is_looked_at_tried_and_proposed_without_a_schema(town: Town) -> None:
    areas = {one["area"]: one for one in town.json("assembly", "areas", "--json")}
    assert len(areas) == len(AREAS)
    told = town.done("areas", "governance")
    assert "ordinary/quorum_percent=0..100 %" in told
    assert "now: 50%" in told
    fields = {one["path"]: one for one in town.json("assembly", "areas", "budget", "--json")["fields"]}
    assert fields["at_full"]["choices"] == ["refuse", "sober"]
    preview = town.json("assembly", "propose", "budget", "limits/commons-day-kwh=2,5", "--preview", "--json")
    assert (preview["proposal"], preview["profile"]) == (None, "ordinary")
    assert preview["previews"][0]["code"] == "no_requests"
    assert "nothing to count on" in town.done("propose", "budget", "limits/commons-day-kwh=2", "--preview")
    assert town.json("assembly", "status", "--json")["proposals"] == []
    number = town.propose("propose", "budget", "limits/commons-day-kwh=2,5", "limits/workshop-month-kwh=desk=3")
    shown = town.json("assembly", "show", str(number), "--json")
    assert shown["state"] == "voting"
    told = town.done("show", str(number))
    assert "nothing → 2.5  (limits/commons-day-kwh)" in told
    assert "(limits/workshop-month-kwh=desk)" in told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hours",), "what would change"),
        (("hours", "closed_from"), "PATH=VALUE"),
        (("hours", "closed=1"), "nothing called closed"),
        (("hours", "closed_from=25:00"), "no time of day"),
        (("hours", "closed_from=23:00"), "a beginning and an end"),
        (("hours", "closed_from=none"), "nothing would change"),
        (("taxes", "a=1"), "no rule called"),
        (("budget", "notice_percent=many"), "notice_percent"),
        (("budget", "notice_percent=100"), "notice"),
        (("budget", "limits/commons-day-kwh=-1"), "negative"),
        (("budget", "limits/planet-day-kwh=1"), "no limit"),
        (("budget", "at_full=explode"), "refuse | sober"),
        (("governance", "ordinary/threshold=1/3"), "threshold"),
        (("governance", "ordinary/threshold=most"), "2/3"),
        (("governance", "ordinary/voting_min=soon"), "2d12h"),
        (("models", "refused/x=perhaps"), "yes | none"),
        (("hours", "closed_from=1:00", "--json-document", "-"), "what would change"),
        (("hours", "--json-document", "/nowhere.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_proposed_is_refused_with_a_remedy(town: Town, words: tuple[str, ...], says: str) -> None:
    assert says.casefold() in town.no("propose", *words, "--preview").casefold()


def test_values_are_read_as_people_write_them(town: Town, tmp_path: Path) -> None:
    text = tmp_path / "prefix.txt"
    text.write_text("Répondez en une phrase.\n", encoding="utf-8")
    words = ("ordinary/voting_min=2d12h", "ordinary/contest_min=90min", "close_early=non", "proxies_most=1")
    number = town.propose("propose", "governance", *words)
    patch = town.json("assembly", "show", str(number), "--json")["about"]["patch"]["set"]
    assert patch["ordinary/voting_min"] == 3600
    assert patch["ordinary/contest_min"] == 90
    assert (patch["close_early"], patch["proxies_most"]) == (False, 1)
    number = town.propose("propose", "prefixes", f"commons/fr=@{text}")
    patch = town.json("assembly", "show", str(number), "--json")["about"]["patch"]["set"]
    assert patch == {"commons/fr": "Répondez en une phrase."}
    number = town.propose("propose", "models", "refused/org/model=yes")
    patch = town.json("assembly", "show", str(number), "--json")["about"]["patch"]["set"]
    assert patch == {"refused/org~1model": True}, "a model's own slash is no path"
    told = town.run("assembly", "propose", "models", "admitted/smolm=yes", "--preview")
    assert "No model of the catalogue is called smolm" in told.stderr


def test_a_whole_document_can_be_proposed_as_it_was_printed(town: Town, tmp_path: Path) -> None:
    printed = town.json("assembly", "areas", "retention", "--json")
    printed["document"]["conversations"] = 7
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(printed), encoding="utf-8")
    number = town.propose("propose", "retention", "--json-document", str(file))
    assert town.json("assembly", "show", str(number), "--json")["about"]["patch"]["set"] == {"conversations": 7}
    file.write_text("[1]", encoding="utf-8")
    town.no("propose", "retention", "--json-document", str(file), "--preview", says="no JSON object")


def test_a_proposal_is_signed_discussed_amended_and_withdrawn(home: Path) -> None:
    town = Town(home)
    slow = msgspec.structs.replace(GOVERNANCE.ordinary, deliberation_min=60, cosigners=1)
    town.found(msgspec.structs.replace(GOVERNANCE, ordinary=slow))
    number = str(town.propose(*ACT[:4]))
    assert "1 signature is missing" in town.done("status")
    town.no("cosign", number, as_="Odile", says="support it already")
    assert "Under discussion" in town.done("cosign", number, as_="Ali")
    town.done("argue", number, "question", "And Mondays?", as_="Bea")
    town.done("argue", number, "answer", "Not Mondays", "--answers", "1", as_="Odile")
    town.no("argue", number, "answer", "To nothing", as_="Odile", says="answers a question")
    town.done("amend", number, "closed_from=22:30", "--reason", "The bus", as_="Ali")
    town.no("answer", number, "1", "accept", as_="Ali", says="author")
    town.done("answer", number, "1", "accept", as_="Odile")
    told = town.done("show", number)
    assert "nothing → 22:30" in told
    assert "1. question, Bea: And Mondays?" in told
    assert "Amendment 1 of Ali (accepted): The bus" in told
    town.no("withdraw", number, as_="Ali", says="author")
    assert "Withdrawn" in town.done("withdraw", number, as_="Odile")
    town.no("show", "99", says="no proposal")


# -- time ------------------------------------------------------------------------------------------------------------


def test_what_fell_due_while_nothing_ran_is_brought_about_and_told(home: Path) -> None:
    with assembly_house(home, now_ms=SystemClock().now_ms() - 24 * 3_600_000) as house:
        house.found()
        poll = house.to_vote(house.propose("hours", closed_from="23:00", closed_until="06:00"))
        house.vote(poll, odile="for", ali="for", bea="for")
    town = Town.__new__(Town)
    town.home, town.keys = home, {}
    first = town.run("assembly", "status")
    assert "Adopted by the vote" in first.stderr
    assert "can still be contested" in first.stdout, "there is time to contest from when it is known"
    second = town.run("assembly", "status")
    assert second.stderr == ""
    assert "Fermé" in town.done("areas", "hours", AFFOUAGE_LANG="fr")


def test_it_works_beside_a_running_server(town: Town) -> None:
    """Another program has the same assembly open: each sees at once what the other wrote."""
    from affouage.assembly.assembly import Assembly
    from affouage.footprint.budget import Rates
    from affouage.rulebook import open_charter

    db, clock = open_database(town.home / "affouage.db"), SystemClock()
    charter = open_charter(db, clock, Rates())
    server = Assembly(db, clock, charter, charter.areas)

    async def story() -> None:
        async with server.running():
            number = await asyncio.to_thread(town.propose, *ACT[:4])
            poll = (await server.state()).proposals[number].poll_id
            assert poll is not None
            for name in ("Odile", "Ali"):
                await asyncio.to_thread(town.done, "vote", str(poll), "for", as_=name)
            assert await server.turnout(poll) == 2
            from affouage.assembly.accounts import Accounts

            bea = await Accounts(db, clock).identify(Credential("key", town.keys["Bea"]))
            await server.cast(bea.member, poll, "for")
            assert (await server.state()).proposals[number].state == "in_force"

    try:
        asyncio.run(story())
    finally:
        db.close()
    assert "(hours): version 1" in town.done("status")
