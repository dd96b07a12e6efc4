"""``affouage node give`` and ``given`` on a real home: what is written, what is refused, in words and in JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from affouage.catalogue.store import ModelStore
from affouage.cli.node_files import give, given
from affouage.clock import SystemClock
from affouage.pool.nodes.gifts import Gifts, GiftState
from affouage.pool.nodes.records import NodeRecord, State, row_of
from affouage.storage import open_database
from affouage.storage.home import prepare
from affouage.storage.tables import node
from tests.unit.catalogue_files import a_card, write_gguf

Call = Callable[..., Result]
NODES: dict[str, State] = {"n_abcdefgh2345": "approved", "n_pending22222": "pending", "n_revoked22222": "revoked"}


@pytest.fixture
def call(home: Path, tmp_path: Path) -> Call:
    """Runs a command on a home with three machines and the model ``tiny``."""
    prepare(home)
    database = open_database(home / "affouage.db")
    for number, (node_id, state) in enumerate(NODES.items()):
        record = NodeRecord(
            id=node_id,
            name=f"PC {number}",
            owner_id="m_owner",
            owned_by="member",
            state=state,
            trust=2,
            public_key=f"U{number}",
            box_key=bytes(32),
            machine_id=f"machine-{number}",
            created_ms=1000 + number,
        )
        database.write_now(lambda c, record=record: c.execute(insert(node), row_of(record)))
    database.close()
    ModelStore(home / "models").import_file(write_gguf(tmp_path / "tiny.gguf"), a_card())
    root = click.Group(commands=[give, given])

    def run(*words: str, **environment: str) -> Result:
        result = CliRunner().invoke(root, list(words), env={"AFFOUAGE_HOME": str(home), **environment})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def ok(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def told_by_the_node(home: Path, state: GiftState, done_bytes: int = 0, problem: str = "") -> None:
    database = open_database(home / "affouage.db")
    asyncio.run(Gifts(database, SystemClock()).note("n_abcdefgh2345", "tiny", state, done_bytes, problem))
    database.close()


def test_given_and_taken_back(call: Call) -> None:
    expected = {"node_id": "n_abcdefgh2345", "node": "PC 0", "model_id": "tiny"}
    assert ok(call("give", "pc 0", "tiny", "--json")) == {**expected, "given": True}
    (row,) = ok(call("given", "--json"))
    assert list(row) == [
        "node_id", "node", "model_id", "state", "done_bytes", "size_bytes", "problem", "given", "changed",
    ]  # fmt: skip
    assert (row["state"], row["done_bytes"], row["problem"]) == ("given", 0, "")
    assert row["size_bytes"] > 0
    assert ok(call("give", "n_abcdefgh2345", "tiny", "--stop", "--json")) == {**expected, "given": False}
    assert ok(call("given", "--json")) == []


def test_a_machine_not_yet_approved_may_be_given_one(call: Call) -> None:
    """It waits with the machine."""
    assert ok(call("give", "PC 1", "tiny", "--json"))["given"] is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("give", "nobody", "tiny"), "affouage node list"),
        (("give", "PC 0", "other"), "affouage models pull other"),
        (("give", "PC 0", "../../etc/passwd"), "affouage models pull"),
        (("give", "PC 2", "tiny"), "affouage node invite"),
        (("give", "PC 0", "tiny", "--stop"), "affouage node given"),
    ],
)
def test_what_the_user_can_mend(call: Call, words: tuple[str, ...], sentence: str) -> None:
    refused = call(*words)
    assert refused.exit_code == 2, refused.output
    assert sentence in refused.stderr
    assert refused.stdout == ""


def test_how_far_it_is_in_words(call: Call, home: Path) -> None:
    assert "affouage node give" in call("given").stdout
    assert call("give", "PC 0", "tiny").stdout == (
        "tiny will be sent to PC 0.\nTo see how far it is: affouage node given\n"
    )
    assert call("given").stdout == "PC 0  tiny  to be sent\n"
    told_by_the_node(home, "coming", 4096)
    assert "on its way (" in call("given").stdout
    told_by_the_node(home, "refused", problem="pull_failed")
    assert call("given").stdout == "PC 0  tiny  not taken (its disk has no room for it)\n"
    assert call("given", AFFOUAGE_LANG="fr").stdout == "PC 0  tiny  pas pris (son disque n’a pas la place)\n"
    told_by_the_node(home, "refused", problem="something_new")
    assert call("given").stdout == "PC 0  tiny  not taken (something_new)\n"
    told_by_the_node(home, "kept", 9)
    assert call("given", AFFOUAGE_LANG="fr").stdout == "PC 0  tiny  arrivé\n"
