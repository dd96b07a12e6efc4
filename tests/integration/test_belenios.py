"""Elections of persons in Belenios, with its own program: prepared, held by its rules, verified, counted by ours."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from affouage.adapters.belenios import BeleniosTool
from affouage.assembly.belenios.archive import read_archive
from affouage.assembly.belenios.plan import (
    Graded,
    OneOf,
    Plan,
    Several,
    Voter,
    YesNo,
    check_plan,
    template,
    voters_file,
)
from affouage.assembly.belenios.result import compare, counted, totals
from affouage.assembly.tally import ABSTAIN, CountSpec
from affouage.errors import BadRequest, Conflict, SetUpError
from tests.conftest import missing

VOTERS = tuple(Voter(f"e{number}") for number in range(1, 6))
CANDIDATES = {"m_1": "Aïssatou", "m_2": "Bernard", "m_3": "Chloé"}
PLAN = Plan(
    name="Vote 7",
    description="Mandats de 2027",
    questions=(YesNo("Révoquer le mandat de modération ?"), OneOf("Qui tient la caisse ?", CANDIDATES)),
    voters=VOTERS,
)
GRADED = Plan(
    name="Vote 8",
    questions=(Graded("Qui tient la caisse ?", CANDIDATES, ("excellent", "bien", "à rejeter")),),
    voters=VOTERS[:3],
)


class Election:
    """Every role of an election held with the program alone: what Belenios' server does, and voters' browsers."""

    def __init__(self, directory: Path, plan: Plan, trustees: int) -> None:
        self.tool, self.directory, self.plan = BeleniosTool(), directory, plan
        self.uuid = self.tool.token()
        private, _public = self.tool.credentials(directory, plan, self.uuid)
        self.codes = [line.split()[1] for line in private.read_text().splitlines()]
        # Trustees are numbered in the order of their keys' names.
        self.keys = sorted(self.tool.trustee_key(directory, plan)[0] for _ in range(trustees))
        self.path = self.tool.make(directory, plan, self.uuid)

    @property
    def archive(self) -> bytes:
        return self.path.read_bytes()

    def vote(self, voter: int, choices: Sequence[Any]) -> None:
        code, ballot = self.directory / "code", self.directory / "ballot.json"
        code.write_text(self.codes[voter])
        ballot.write_text(json.dumps(choices))
        sealed = self._run("election", "generate-ballot", "--privcred", str(code), "--ballot", str(ballot))
        self._add("Ballot", sealed)

    def close(self, shuffles: int = 0) -> None:
        self._add("EndBallots", b"")
        self._add("EncryptedTally", self._run("election", "compute-encrypted-tally"))
        for trustee in range(1, shuffles + 1):
            self._add("Shuffle", self._run("election", "shuffle", f"--trustee-id={trustee}"))
        if shuffles:
            self._add("EndShuffles", b"")

    def decrypt(self, trustee: int) -> None:
        where = ("--privkey", str(self.keys[trustee]), "--trustee-id", str(trustee + 1))
        self._add("PartialDecryption", self._run("election", "decrypt", *where))

    def open(self) -> None:
        for trustee in range(len(self.keys)):
            self.decrypt(trustee)
        self._add("Result", self._run("election", "compute-result"))

    def _run(self, *words: str) -> bytes:
        return self.tool.run(*words, cwd=self.directory)

    def _add(self, kind: str, payload: bytes) -> None:
        self.tool.run("archive", "add-event", f"--type={kind}", cwd=self.directory, stdin=payload)


@pytest.fixture(scope="module")
def program() -> None:
    if shutil.which("belenios-tool") is None:
        missing("belenios-tool (Debian package belenios-tool)")


class Held:
    """Five voters, one of whom votes twice; three trustees."""

    def __init__(self, directory: Path) -> None:
        election = Election(directory, PLAN, trustees=3)
        self.uuid = election.uuid
        for voter, choices in enumerate(
            [
                [[0, 1, 0], [0, 1, 0, 0]],
                [[0, 1, 0], [0, 0, 1, 0]],
                [[0, 0, 1], [0, 1, 0, 0]],
                [[1, 0, 0], [1, 0, 0, 0]],
            ]
        ):
            election.vote(voter, choices)
        election.vote(1, [[0, 0, 1], [0, 1, 0, 0]])
        self.voting = election.archive
        election.close()
        election.decrypt(0)
        self.half_open = election.archive
        for trustee in (1, 2):
            election.decrypt(trustee)
        election._add("Result", election._run("election", "compute-result"))
        self.archive = election.archive


@pytest.fixture(scope="module")
def held(program: None, tmp_path_factory: pytest.TempPathFactory) -> Held:
    return Held(tmp_path_factory.mktemp("belenios"))


def test_a_whole_election_with_a_second_vote_and_three_trustees(held: Held) -> None:
    verified = BeleniosTool().verify(held.archive, PLAN, uuid=held.uuid)
    assert (verified.uuid, verified.voters, verified.ballots, verified.trustees) == (held.uuid, 5, 4, 3)
    assert read_archive(held.archive).cast == 5
    assert verified.archive_sha256 == hashlib.sha256(held.archive).hexdigest()
    assert totals(PLAN.questions[0], verified.results[0]) == {"for": 1, "against": 2, ABSTAIN: 1}
    assert totals(PLAN.questions[1], verified.results[1]) == {"m_1": 3, "m_2": 0, "m_3": 0, ABSTAIN: 1}
    assert set(verified.told()) == {"uuid", "fingerprint", "archive_sha256", "voters", "ballots", "trustees"}
    yes_no = counted(verified, CountSpec(electors={"": 5}, quorum_percent=50))
    assert (yes_no.outcome, yes_no.abstained, yes_no.quorum.counted) == ("rejected", 1, 4)
    spec = CountSpec(method="plurality", electors={"": 5}, options=tuple(CANDIDATES), quorum_percent=100)
    assert counted(verified, spec, 1).outcome == "no_quorum"


def test_an_election_that_is_not_finished_says_what_is_left_to_do(held: Held) -> None:
    for archive in (held.voting, held.half_open):
        with pytest.raises(Conflict) as refused:
            BeleniosTool().verify(archive, PLAN)
        assert refused.value.code == "belenios_not_finished"
        assert "trustee" in refused.value.remedy


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(name="Vote 9", questions=PLAN.questions, voters=VOTERS), "name"),
        (Plan(name="Vote 7", questions=PLAN.questions[:1], voters=VOTERS), "questions"),
        (Plan(name="Vote 7", questions=(YesNo("Autre ?"), PLAN.questions[1]), voters=VOTERS), "questions"),
        (Plan(name="Vote 7", questions=PLAN.questions, voters=VOTERS[:4]), "5 could vote"),
        (Plan(name="Vote 7", questions=PLAN.questions, voters=(Voter("e1", 2), *VOTERS[1:])), "could vote"),
    ],
)
def test_another_election_is_refused(held: Held, plan: Plan, why: str) -> None:
    with pytest.raises(Conflict, match=why) as refused:
        BeleniosTool().verify(held.archive, plan)
    assert refused.value.code == "belenios_other_election"


def test_an_election_noted_when_it_opened_is_the_only_one_taken(held: Held) -> None:
    contents = read_archive(held.archive)
    compare(contents, PLAN, held.archive, uuid=held.uuid, fingerprint=contents.fingerprint)
    for noted in ({"uuid": "AAAAAAAAAAAAAA"}, {"fingerprint": "A" * 43}):
        with pytest.raises(Conflict) as refused:
            compare(contents, PLAN, held.archive, **noted)
        assert refused.value.code == "belenios_other_election"


def rewritten(archive: bytes, change: Callable[[str], str]) -> bytes:
    """The archive with each file passed through ``change``, sizes, hashes and the chain made to fit again."""
    out = b""
    renamed: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            text = archive[member.offset_data : member.offset_data + member.size].decode()
            for before, after in renamed.items():
                text = text.replace(before, after)
            content = change(text).encode()
            digest, dot, kind = member.name.partition(".")
            name = member.name
            if dot:
                renamed[digest] = hashlib.sha256(content).hexdigest()
                name = f"{renamed[digest]}.{kind}"
            header = bytearray(archive[member.offset : member.offset + 512])
            header[0:100] = name.encode().ljust(100, b"\0")
            header[124:136] = b"%011o\0" % len(content)
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            out += bytes(header) + content + b"\0" * (-len(content) % 512)
    return out + archive[len(archive.rstrip(b"\0")) + (-len(archive.rstrip(b"\0")) % 512) :]


def test_a_result_written_by_hand_is_found_by_the_program(held: Held) -> None:
    assert BeleniosTool().verify(rewritten(held.archive, str), PLAN).results == ([1, 1, 2], [1, 3, 0, 0])
    forged = rewritten(held.archive, lambda text: text.replace('"result":[[1,1,2]', '"result":[[1,2,1]'))
    assert read_archive(forged).result == [[1, 2, 1], [1, 3, 0, 0]], "the chain of hashes alone says nothing"
    with pytest.raises(Conflict, match="finds this archive wrong") as refused:
        BeleniosTool().verify(forged, PLAN, uuid=held.uuid)
    assert refused.value.code == "belenios_archive"


def test_a_ballot_taken_out_is_found(held: Held) -> None:
    """The urn then holds another number than was tallied; ours says it before the program does."""
    less = rewritten(held.archive, lambda text: text.replace('"num_tallied":4', '"num_tallied":3'))
    with pytest.raises(Conflict, match="does not tally"):
        BeleniosTool().verify(less, PLAN, uuid=held.uuid)


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.97])
def test_a_flipped_bit_is_found(held: Held, place: float) -> None:
    altered = bytearray(held.archive)
    end = len(altered.rstrip(b"\0"))
    altered[int(place * end)] ^= 1
    with pytest.raises(Conflict) as refused:
        BeleniosTool().verify(bytes(altered), PLAN, uuid=held.uuid)
    assert refused.value.code == "belenios_archive"


def test_cut_archives_and_other_files_are_refused(held: Held) -> None:
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    for archive in (b"", b"PK\3\4", b"\0" * 2048, empty.getvalue(), held.archive[:5000], b"{}" * 600):
        with pytest.raises(Conflict) as refused:
            BeleniosTool().verify(archive, PLAN)
        assert refused.value.code == "belenios_archive"


def test_no_archive_is_read_otherwise_than_whole_or_refused(held: Held) -> None:
    rng = random.Random(1)
    whole, end = held.archive, len(held.archive.rstrip(b"\0"))
    for _ in range(150):
        altered = bytearray(whole)
        for _ in range(rng.choice((1, 1, 30))):
            altered[rng.randrange(end)] = rng.randrange(256)
        cut = bytes(altered[: rng.choice((end, rng.randrange(end)))])
        with contextlib.suppress(Conflict):
            # A byte that changes nothing of what is read, such as the date of a file: the program decides then.
            assert read_archive(cut).uuid == held.uuid


def test_a_list_of_which_several_are_chosen() -> None:
    bureau = Several("Le bureau ?", CANDIDATES, 1, 2)
    plan = Plan(name="Vote 10", questions=(bureau,), voters=VOTERS)
    check_plan(plan)
    (question,) = template(plan)["questions"]
    assert (question["min"], question["max"], len(question["answers"])) == (1, 2, 3)
    assert totals(bureau, ["1", "4", "2", "0"]) == {ABSTAIN: 1, "m_1": 4, "m_2": 2, "m_3": 0}


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("../../evil")
        member.type = tarfile.SYMTYPE
        member.linkname = "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(Conflict):
        read_archive(out.getvalue())


def test_grades_are_counted_by_our_majority_judgment(program: None, tmp_path: Path) -> None:
    election = Election(tmp_path, GRADED, trustees=2)
    for voter, grades in enumerate([[1, 2, 3], [2, 1, 3], [1, 3, 3]]):
        election.vote(voter, [grades])
    election.close(shuffles=2)
    election.open()
    verified = BeleniosTool().verify(election.archive, GRADED)
    spec = CountSpec(method="majority_judgment", electors={"": 3}, options=tuple(CANDIDATES), grades=3)
    found = counted(verified, spec)
    assert found.winner == "m_1"
    assert [(one.option, one.counts) for one in found.merits] == [
        ("m_1", (0, 1, 2)),
        ("m_2", (1, 1, 1)),
        ("m_3", (3, 0, 0)),
    ]
    with pytest.raises(BadRequest, match="cannot be counted so"):
        counted(verified, CountSpec(electors={"": 3}))


def test_one_trustee_is_not_enough(program: None, tmp_path: Path) -> None:
    with pytest.raises(BadRequest) as refused:
        Election(tmp_path, PLAN, trustees=1)
    assert refused.value.code == "belenios_trustees"


def test_without_the_program_one_is_told_what_to_install() -> None:
    with pytest.raises(SetUpError) as refused:
        BeleniosTool("belenios-tool-that-is-not-there").token()
    assert refused.value.code == "belenios_absent"
    assert "apt install belenios-tool" in refused.value.remedy


def test_files_of_an_election() -> None:
    assert voters_file(PLAN) == "e1\ne2\ne3\ne4\ne5\n"
    weighed = Plan(name="x", questions=PLAN.questions[:1], voters=(Voter("e1", 3), Voter("e2")))
    assert voters_file(weighed) == "e1,e1,3\ne2,e2,1\n"
    yes_no, one_of = template(PLAN)["questions"]
    assert (yes_no["answers"], yes_no["min"], yes_no["max"], yes_no["blank"]) == (["Pour", "Contre"], 1, 1, True)
    assert one_of["answers"] == list(CANDIDATES.values())


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (Plan(name="x", questions=PLAN.questions, voters=()), "belenios_no_voters"),
        (Plan(name="x", questions=(), voters=VOTERS), "belenios_no_question"),
        (Plan(name="x", questions=PLAN.questions, voters=(*VOTERS, Voter("e1"))), "belenios_voter"),
        (Plan(name="x", questions=PLAN.questions, voters=(Voter("e1,x,9"),)), "belenios_voter"),
        (Plan(name="x", questions=PLAN.questions, voters=(Voter("e1\ne2"),)), "belenios_voter"),
        (Plan(name="x", questions=PLAN.questions, voters=(Voter("e1", 0),)), "belenios_weight"),
        (Plan(name="x", questions=GRADED.questions, voters=(Voter("e1", 2),)), "belenios_weight_grades"),
        (Plan(name=" ", questions=PLAN.questions, voters=VOTERS), "belenios_text"),
        (Plan(name="x", questions=(YesNo("q", ("Oui", "Oui")),), voters=VOTERS), "belenios_answers"),
        (Plan(name="x", questions=(OneOf("q", {"a": "A"}),), voters=VOTERS), "belenios_answers"),
        (Plan(name="x", questions=(Several("q", CANDIDATES, 2, 1),), voters=VOTERS), "belenios_bounds"),
        (Plan(name="x", questions=(Graded("q", CANDIDATES, ("bien",)),), voters=VOTERS), "belenios_grades"),
    ],
)
def test_an_election_that_cannot_be_held_is_refused(plan: Plan, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_plan(plan)
    assert refused.value.code == code
