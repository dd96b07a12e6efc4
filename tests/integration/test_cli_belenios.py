"""A vote on persons from the command line: exported, held in Belenios, verified, recorded, in the public log."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from affouage.assembly.decisions.events import Choice
from affouage.cli.assembly_belenios import belenios
from affouage.clock import SystemClock
from tests.conftest import missing
from tests.integration.assembly_house import GOVERNANCE, QUICK, AssemblyHouse, assembly_house
from tests.integration.test_belenios import Election


@pytest.fixture
def house(home: Path) -> Iterator[AssemblyHouse]:
    if shutil.which("belenios-tool") is None:
        missing("belenios-tool (Debian package belenios-tool)")
    with assembly_house(home, now_ms=SystemClock().now_ms()) as opened:
        secret = msgspec.structs.replace(QUICK, secrecy="belenios", quorum_percent=60)
        opened.found(msgspec.structs.replace(GOVERNANCE, ordinary=secret, reinforced=secret, persons=secret))
        yield opened


def run(home: Path, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(belenios, list(words), env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": language})


def held(
    directory: Path, poll: int, home: Path, votes: list[list[object]], shuffles: int = 0, college: str = ""
) -> Path:
    """The election of the exported files, by everybody's part; its archive."""
    directory.mkdir(exist_ok=True)
    from affouage.cli.assembly_belenios import plans_of
    from affouage.cli.assembly_home import open_assembly

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFFOUAGE_HOME", str(home))
        with open_assembly(quiet=True) as seat:
            plan = plans_of(seat, seat.state.polls[poll], "fr")[college]
    election = Election(directory, plan, trustees=2)
    for voter, choices in enumerate(votes):
        election.vote(voter, choices)
    election.close(shuffles)
    election.open()
    return election.path


def test_for_and_against_from_export_to_the_rule_in_force(house: AssemblyHouse, home: Path, tmp_path: Path) -> None:
    number = house.propose("membership", days_before_voting=3)
    poll = house.to_vote(number)
    out = tmp_path / "vote"
    exported = run(home, "export", str(poll), "--to", str(out))
    assert exported.exit_code == 0, exported.output
    names = {one.name for one in house.people.values()}
    voters = (out / "voters.txt").read_text()
    assert voters.splitlines() == sorted(one.id for one in house.people.values())
    assert not any(name in voters for name in names), "pseudonyms only"
    private = out / "who-is-who.csv"
    assert all(name in private.read_text() for name in names)
    assert private.stat().st_mode & 0o077 == 0
    question = json.loads((out / "template.json").read_text())["questions"][0]
    assert (question["answers"], question["question"]) == (["Pour", "Contre"], "Change membership")

    votes: list[list[object]] = [[[0, 1, 0]]] * 3 + [[[0, 0, 1]]]
    archive = held(tmp_path, poll, home, votes)
    looked = run(home, "verify", str(poll), str(archive))
    assert looked.exit_code == 0, looked.output
    assert "4 of 5 voted; 2 trustees" in looked.output
    assert "3 for, 1 against: 75% for" in looked.output
    assert house.proposal(number).state == "voting", "looking records nothing"

    recorded = run(home, "verify", str(poll), str(archive), "--record", "--json")
    assert recorded.exit_code == 0, recorded.output
    told = json.loads(recorded.output)
    assert (told["outcome"], told["voters"], told["ballots"], told["recorded"]) == ("adopted", 5, 4, True)
    closed = house.state.polls[poll].closed
    assert closed is not None
    assert closed.belenios is not None
    assert closed.belenios["archive_sha256"] == closed.ballots_sha256 == told["archive_sha256"]
    assert house.proposal(number).state == "adopted"
    again = run(home, "verify", str(poll), str(archive), "--record")
    assert again.exit_code == 2
    assert house.problems() == []


def test_one_among_several_by_grades(house: AssemblyHouse, home: Path, tmp_path: Path) -> None:
    about = Choice(options=("affiche verte", "affiche bleue"))
    number = house.run(house.assembly.propose(house["ali"], "Quelle affiche ?", "Pour la fête", about))
    poll = house.to_vote(number)
    archive = held(tmp_path, poll, home, [[[3, 1, 6]], [[2, 2, 6]], [[3, 2, 6]]], shuffles=2)
    told = json.loads(run(home, "verify", str(poll), str(archive), "--record", "--json").output)
    assert (told["outcome"], told["winner"]) == ("adopted", "1")
    assert [one["option"] for one in told["count"]["merits"]] == ["1", "0", "none"]
    assert "affiche bleue" in run(home, "verify", str(poll), str(archive), language="fr").output


def test_colleges_hold_an_election_each_and_are_weighed_together(home: Path, tmp_path: Path) -> None:
    if shutil.which("belenios-tool") is None:
        missing("belenios-tool (Debian package belenios-tool)")
    with assembly_house(home, now_ms=SystemClock().now_ms()) as house:
        colleges = {"users": 50, "workers": 30, "towns": 20}
        secret = msgspec.structs.replace(QUICK, secrecy="belenios")
        rules = msgspec.structs.replace(GOVERNANCE, ordinary=secret, reinforced=secret, persons=secret)
        house.found(msgspec.structs.replace(rules, colleges=colleges))
        for name, college in zip(house.people, ("users", "users", "users", "workers", "towns"), strict=True):
            house.run(house.assembly.set_standing(None, house[name].id, college, True))
        poll = house.to_vote(house.propose("membership", days_before_voting=3))
        assert run(home, "export", str(poll), "--to", str(tmp_path / "out")).exit_code == 0
        assert sorted(one.name for one in (tmp_path / "out").iterdir()) == sorted(colleges)
        votes: dict[str, list[list[object]]] = {
            "users": [[[0, 1, 0]], [[0, 1, 0]], [[0, 0, 1]]],
            "workers": [[[0, 0, 1]]],
            "towns": [[[0, 1, 0]]],
        }
        archives = [str(held(tmp_path / college, poll, home, cast, college=college)) for college, cast in votes.items()]
        missing_one = run(home, "verify", str(poll), *archives[:2])
        assert missing_one.exit_code == 2
        assert "3 elections, and 2" in missing_one.output
        done = run(home, "verify", str(poll), *archives, "--record", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.output)
        assert (told["outcome"], told["count"]["share"], told["voters"]) == ("adopted", "8/15", 5)
        assert {f"archive_sha256_{college}" for college in colleges} < set(told)
        assert house.problems() == []


def test_what_is_refused_says_why_in_both_languages(house: AssemblyHouse, home: Path, tmp_path: Path) -> None:
    poll = house.to_vote(house.propose("membership", days_before_voting=3))
    wrong = tmp_path / "x.bel"
    wrong.write_bytes(b"no archive")
    for words, sentence, code in (
        (("verify", str(poll), str(wrong)), "pas l’archive entière", "not a whole and unaltered archive"),
        (("verify", str(poll), str(tmp_path / "absent.bel")), "rien de tel", "cannot be read"),
        (("verify", "99", str(wrong)), "affouage", "no such vote"),
        (("verify", str(poll), str(wrong), str(wrong)), "pas l’archive entière", "archive"),
        (("make", str(poll), "--uuid", "AAAAAAAAAAAAAA", "--in", str(tmp_path)), "pas assez de clés", "0 keys"),
    ):
        french, english = run(home, *words, language="fr"), run(home, *words)
        assert french.exit_code == english.exit_code == 2
        assert sentence in french.output, french.output
        assert code in english.output
    hidden = CliRunner().invoke(
        belenios,
        ["make", str(poll), "--uuid", "AAAAAAAAAAAAAA", "--in", str(tmp_path), "--college", "users"],
        env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"},
    )
    assert hidden.exit_code == 2


def test_a_vote_that_is_counted_here_is_not_exported(home: Path, tmp_path: Path) -> None:
    with assembly_house(home, now_ms=SystemClock().now_ms()) as house:
        house.found()
        poll = house.to_vote(house.propose("membership", days_before_voting=3))
        refused = run(home, "export", str(poll), "--to", str(tmp_path / "x"), language="fr")
        assert refused.exit_code == 2
        assert "ne se tient pas dans Belenios" in refused.output
