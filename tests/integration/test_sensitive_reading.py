"""Whoever reads what is about somebody else writes down why first: logged, and shown to the person concerned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.assembly import readings
from affouage.assembly.access import ALL_SCOPES
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Member, Role
from affouage.assembly.readings import Reading
from affouage.cli import main
from affouage.clock import SystemClock
from affouage.journal import log
from affouage.storage import Database, open_database
from tests.databases import remains
from tests.integration.books import a_receipt, fill

pytestmark = pytest.mark.both_databases

WHY = "Elle demande pourquoi sa réponse a tant attendu."


class Office:
    """A home with Jeanne, whose receipt it holds, and Odile, an operator; each has a key."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.db: Database = open_database(home / "affouage.db")
        self.accounts = Accounts(self.db, SystemClock())
        self.jeanne, self.jeanne_key = self.enter("Jeanne", Role.MEMBER)
        self.odile, self.odile_key = self.enter("Odile", Role.OPERATOR)
        commons = asyncio.run(self.accounts.commons())
        fill(home, a_receipt("rcp_1", self.jeanne.id), a_receipt("rcp_2", commons.id))

    def enter(self, name: str, role: Role) -> tuple[Member, str]:
        who, _ = asyncio.run(self.accounts.add_member(name, role))
        return who, asyncio.run(self.accounts.create_key(who, scopes=ALL_SCOPES))[1]

    def run(self, *words: str, **environ: str) -> Result:
        return CliRunner().invoke(main, list(words), env={"AFFOUAGE_HOME": str(self.home), **environ})

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def noted(self) -> list[Reading]:
        return self.db.read_now(lambda c: readings.of_subject(c, self.jeanne.id))

    def leaves(self) -> list[dict[str, Any]]:
        return self.db.read_now(lambda c: [leaf.public for leaf in log.of_kind(c, "sensitive_reading")])


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    opened = Office(home)
    yield opened
    opened.db.close()


READS = {
    "receipt": ("receipts", "show", "rcp_1"),
    "receipts": ("receipts", "list", "Jeanne"),
    "keys": ("keys", "list", "Jeanne"),
    "use": ("footprint", "report", "--mine", "Jeanne"),
}


@pytest.mark.parametrize("what", READS)
def test_no_reason_no_reading(office: Office, what: str) -> None:
    for more in ((), ("--reason", "pour voir"), ("--reason", " " * 40), ("--reason", "x" * 501)):
        refused = office.run(*READS[what], *more)
        assert refused.exit_code == 2, refused.output
        assert refused.stdout == ""
        assert "reason" in refused.stderr
    assert office.noted() == []
    assert office.leaves() == []


@pytest.mark.parametrize("what", READS)
def test_a_reason_is_logged_and_shown_to_the_person(office: Office, what: str) -> None:
    office.done(*READS[what], "--reason", WHY)
    (noted,) = office.noted()
    assert (noted.reader, noted.what, noted.reason) == (readings.COMMAND_LINE, what, WHY)
    assert office.leaves() == [{"reading": noted.id, "what": what}]
    opened = office.db.read_now(lambda c: log.opened(c, noted.leaf_seq))
    assert opened is not None
    assert (opened.private["reason"], opened.persons) == (WHY, (office.jeanne.id,))
    body = office.db.read_now(lambda c: log.leaf(c, noted.leaf_seq).body)
    for secret in (WHY, office.jeanne.id, "rcp_1", "Jeanne"):
        assert secret not in body


def test_who_reads_is_named_by_their_key(office: Office) -> None:
    office.done(*READS["receipts"], "--reason", WHY, "--key", office.odile_key)
    assert office.noted()[0].reader == "Odile"
    asyncio.run(office.accounts.add_member("Autre", Role.OPERATOR))
    office.db.write_now(lambda c: c.exec_driver_sql("update member set password_hash = 'x' where name = 'Autre'"))
    asyncio.run(office.accounts.erase(office.odile))
    assert office.noted()[0].reader is None, "the reading stays, whoever erased their account is not named"


@pytest.mark.parametrize("what", READS)
def test_ones_own_and_the_collectives_take_no_reason(office: Office, what: str) -> None:
    office.done(*READS[what], "--key", office.jeanne_key)
    office.done("receipts", "show", "rcp_2")
    office.done("receipts", "list", "commons")
    assert office.noted() == []


def test_a_key_that_is_none_opens_nothing(office: Office) -> None:
    refused = office.run(*READS["receipts"], "--key", "aff_nothing", "--reason", WHY)
    assert refused.exit_code == 2
    assert office.noted() == []


def test_it_is_asked_for_in_french(office: Office) -> None:
    refused = office.run(*READS["receipt"], AFFOUAGE_LANG="fr")
    assert "demande une raison" in refused.stderr.replace("\u202f", " ")


def test_erasing_the_person_erases_what_was_noted(office: Office) -> None:
    office.done(*READS["receipts"], "--reason", WHY)
    seq = office.noted()[0].leaf_seq
    exported = asyncio.run(office.accounts.export(office.jeanne))
    assert exported["readings"][0]["reason"] == WHY
    assert office.odile.id not in json.dumps(exported)
    root = office.db.read_now(log.root)
    asyncio.run(office.accounts.erase(office.jeanne))
    assert office.noted() == []
    assert office.db.read_now(lambda c: log.opened(c, seq)) is None
    assert office.db.read_now(log.root) == root
    assert WHY.encode() not in remains(office.home / "affouage.db")
