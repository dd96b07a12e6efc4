"""Two commons that watch one another over HTTP; a rollback, a fork, another key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection

from affouage.cli import main
from affouage.journal import log, note, tree, witness_rows
from affouage.journal.note import Checkpoint, Note
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.journal_home import Home


class House:
    """A commons that is served, can stop, and start again from an older copy."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._open = ExitStack()
        self.live: LiveCommons | None = None

    def start(self) -> None:
        self.live = self._open.enter_context(serving(read({}, home=self.home), engines=[EchoEngine("echo")]))

    def stop(self) -> None:
        self._open.close()
        self.live = None

    @property
    def url(self) -> str:
        assert self.live is not None
        return self.live.url

    def append(self, kind: str = "test", count: int = 3) -> None:
        assert self.live is not None

        def change(connection: Connection) -> None:
            for _ in range(count):
                log.append(connection, kind, {}, 1_795_000_000_000)

        self.live.run(self.live.commons.db.write(change))

    def checkpoint(self) -> str:
        return httpx.get(f"{self.url}/journal/checkpoint", trust_env=False).text

    @property
    def key(self) -> str:
        return str(httpx.get(f"{self.url}/journal/key", trust_env=False).json()["key"])

    def command(self, *words: str) -> Result:
        environ = {
            "AFFOUAGE_HOME": str(self.home),
            "AFFOUAGE_LANG": "en",
            "AFFOUAGE_OUTWARD_LOCAL_HOSTS": "127.0.0.1",
        }
        return CliRunner().invoke(main, ["journal", *words], env=environ)

    def check(self, code: int) -> dict[str, object]:
        told = self.command("witness", "check", "--json")
        assert told.exit_code == code, told.output + told.stderr
        (found,) = json.loads(told.stdout)
        return dict(found)

    def holds(self) -> bool:
        told = self.command("verify")
        return told.exit_code == 0


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[tuple[House, House]]:
    ours, theirs = House(tmp_path / "ours"), House(tmp_path / "theirs")
    ours.start()
    theirs.start()
    yield ours, theirs
    ours.stop()
    theirs.stop()


def test_two_commons_watch_one_another(houses: tuple[House, House], tmp_path: Path) -> None:
    ours, theirs = houses
    theirs.append()
    assert ours.command("witness", "add", "them", theirs.url, "--key", theirs.key).exit_code == 0
    first = ours.check(0)
    theirs.append()
    cosigned = tmp_path / "cosigned.txt"
    told = ours.command("witness", "check", "them", "--out", str(cosigned))
    assert told.exit_code == 0
    assert "holds" in told.output
    second = ours.check(0)
    assert second["size"] > first["size"]  # type: ignore[operator]
    kept = theirs.command("cosign", "add", str(cosigned), "--name", "us", "--key", ours.key)
    assert kept.exit_code == 0, kept.output
    # It is served with what was cosigned; and with the newest, as soon as that is cosigned.
    text = httpx.get(f"{theirs.url}/journal/checkpoint/cosigned", trust_env=False).text
    ours_key = note.read_verifier_key(ours.key).cosigner
    assert note.signature_by(note.read(text), ours_key) is not None
    assert ours.command("witness", "check", "--out", str(cosigned)).exit_code == 0
    assert theirs.command("cosign", "add", str(cosigned), "--name", "us").exit_code == 0
    newest = note.read(theirs.checkpoint())
    assert note.signature_by(newest, ours_key) is not None
    assert note.signature_by(newest, note.read_verifier_key(theirs.key)) is not None
    assert ours.holds()
    assert theirs.holds()
    rows = json.loads(theirs.command("witness", "list", "--json").stdout)
    assert [(one["name"], one["side"]) for one in rows] == [("us", "ours")]
    assert "watched by us" in ours.command("witness", "list").output


def _older_copy(house: House, tmp_path: Path) -> None:
    """The database as it was before the last entries; what is kept beside it is lost too."""
    house.stop()
    shutil.copytree(house.home, tmp_path / "backup")
    house.start()
    house.append(count=4)
    house.checkpoint()


def _put_back(house: House, tmp_path: Path) -> None:
    house.stop()
    shutil.rmtree(house.home)
    shutil.copytree(tmp_path / "backup", house.home)
    house.start()


@pytest.mark.sqlite_only
def test_a_log_that_goes_back_then_another_way(houses: tuple[House, House], tmp_path: Path) -> None:
    ours, theirs = houses
    theirs.append()
    theirs.checkpoint()
    _older_copy(theirs, tmp_path)
    bundle = tmp_path / "theirs.jsonl"
    key = theirs.key
    assert theirs.command("export", "--out", str(bundle)).exit_code == 0
    assert ours.command("witness", "add", "them", str(bundle), "--key", key).exit_code == 0
    seen = ours.check(0)
    _put_back(theirs, tmp_path)
    assert theirs.holds(), "nothing in it shows that it is older"
    assert theirs.command("export", "--out", str(bundle)).exit_code == 0
    found = ours.check(1)
    assert (found["problem"], found["size"]) == ("rolled_back", seen["size"])
    theirs.append("other", count=9)
    assert theirs.holds()
    assert theirs.command("export", "--out", str(bundle)).exit_code == 0
    found = ours.check(1)
    assert found["problem"] == "fork"
    assert "FORKED" in str(found["said"])
    told = ours.command("witness", "check")
    assert told.exit_code == 1
    assert "FORKED" in told.output
    assert ours.holds()
    # The proof is in our own log, once, for everybody: two checkpoints signed by their key.
    assert ours.live is not None
    (leaf,) = ours.live.run(ours.live.commons.db.read(lambda c: list(log.of_kind(c, witness_rows.FORK))))
    trusted = note.read_verifier_key(leaf.public["key"])
    pair = [note.open_checkpoint(leaf.public[side], trusted)[1] for side in ("kept", "offered")]
    assert pair[0].size < pair[1].size
    assert pair[0].root != pair[1].root


@pytest.mark.sqlite_only
def test_over_http_a_fork_of_the_same_size(houses: tuple[House, House], tmp_path: Path) -> None:
    """The key of another log, used here to sign a second history."""
    ours, _ = houses
    twin = Home(tmp_path / "twin")
    twin.append(2)
    twin.sign()
    twin.append(1)
    shutil.copytree(twin.path, tmp_path / "evil")
    twin.close()
    evil = House(tmp_path / "evil")
    evil.start()
    try:
        evil.append("other", count=1)
        said = note.read_checkpoint(note.read(evil.checkpoint()))
        honest = Checkpoint(said.origin, said.size, tree.leaf_hash(b"another history"))
        signer = note.read_signer_key((evil.home / "journal" / "key").read_text(encoding="utf-8"))
        other = Note(honest.text, (note.sign(honest.text, signer),))
        assert ours.command("witness", "add", "them", evil.url, "--key", evil.key).exit_code == 0
        assert ours.live is not None
        public = ours.live.commons.log
        cosigned = Note(other.text, (*other.signatures, public.cosign_now(other.text, 1_795_000_000)))

        def saw(connection: Connection) -> None:
            one = witness_rows.find(connection, "them", "theirs")
            witness_rows.seen(connection, one, cosigned, honest.size, 1_795_000_000)

        ours.live.run(ours.live.commons.db.write(saw))
        assert ours.check(1)["problem"] == "fork"
        assert ours.holds()
    finally:
        evil.stop()


def test_their_key_changes(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    theirs.append()
    assert ours.command("witness", "add", "them", theirs.url, "--key", theirs.key).exit_code == 0
    ours.check(0)
    assert theirs.command("rotate-key").exit_code == 0
    theirs.append()
    refused = ours.check(2)
    assert "not signed by" in str(refused["said"])
    stranger = note.new_key(note.read_verifier_key(theirs.key).name, b"s" * 32).verifier
    assert ours.command("witness", "add", "them", theirs.url, "--key", str(stranger), "--new-key").exit_code == 2
    assert ours.command("witness", "add", "them", theirs.url, "--key", theirs.key, "--new-key").exit_code == 0
    ours.check(0)
    assert ours.holds()


@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "/nowhere/log.jsonl"])
def test_what_cannot_be_read_is_told(houses: tuple[House, House], where: str) -> None:
    ours, theirs = houses
    assert ours.command("witness", "add", "them", where, "--key", theirs.key).exit_code == 0
    assert ours.check(2)["problem"] == "unreachable"
    assert ours.holds()


def test_a_server_that_is_no_log(houses: tuple[House, House]) -> None:
    ours, theirs = houses
    wrong = f"{theirs.url}/no/log"
    assert ours.command("witness", "add", "them", wrong, "--key", theirs.key).exit_code == 0
    assert ours.check(2)["problem"] == "unreachable"


def test_bad_input(houses: tuple[House, House], tmp_path: Path) -> None:
    ours, theirs = houses
    assert ours.command("witness", "add", "them", theirs.url, "--key", "no+key").exit_code == 2
    assert ours.command("witness", "add", "them", "http://", "--key", theirs.key).exit_code == 2
    cosigner = str(note.read_verifier_key(theirs.key).cosigner)
    assert ours.command("witness", "add", "them", theirs.url, "--key", cosigner).exit_code == 2
    assert ours.command("witness", "check", "nobody").exit_code == 2
    assert ours.command("witness", "remove", "nobody").exit_code == 2
    assert ours.command("witness", "add", "them", theirs.url, "--key", theirs.key).exit_code == 0
    assert ours.command("witness", "add", "them", theirs.url, "--key", theirs.key).exit_code == 2
    foreign = tmp_path / "foreign.txt"
    foreign.write_text(theirs.checkpoint(), encoding="utf-8")
    assert ours.command("cosign", "add", str(foreign), "--name", "x", "--key", theirs.key).exit_code == 2
    assert theirs.command("cosign", "add", str(foreign), "--name", "x", "--key", ours.key).exit_code == 2
    foreign.write_bytes(b"\xff\xfe")
    assert ours.command("cosign", "add", str(foreign), "--name", "x").exit_code == 2
    assert ours.holds()
    assert theirs.holds()
