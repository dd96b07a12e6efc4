"""What a collective takes elsewhere: all that is its own, nothing that is a member's, and a beginning from it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from affouage.archive.export_tables import LEFT, TAKEN
from affouage.assembly.member import Role
from affouage.cli import main
from affouage.sheets.sheet import Collection, Sheet
from affouage.sheets.store import open_store
from affouage.storage import open_database
from affouage.storage.tables import api_key, conversation, invitation, member, metadata, turn
from tests.integration.backup_home import MEMBER, lived

SECRET = "le mot que personne ne doit lire"


def call(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, list(words), env={"AFFOUAGE_HOME": str(home)})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def full(home: Path) -> Path:
    lived(home)
    database = open_database(home / "affouage.db")

    def more(connection: Any) -> None:
        for name, role in (("=1+1", Role.STEWARD), ("Ancien", Role.MEMBER), ("Odile B", Role.OPERATOR)):
            gone = 9 if name == "Ancien" else None
            row = {"id": name[:3], "name": name, "name_key": name.lower(), "role": role.value, "deactivated_ms": gone}
            connection.execute(insert(member), {**MEMBER, **row, "password_hash": f"$argon2id${SECRET}"})
        kept = {"id": "c1", "member_id": "m1", "title": SECRET, "created_ms": 1, "expires_ms": 2}
        connection.execute(insert(conversation), kept)
        connection.execute(insert(turn), {"conversation_id": "c1", "seq": 1, "role": "user", "text": SECRET})
        key = {"id": "k1", "secret_sha256": b"secret-of-a-key", "member_id": "m1", "label": "x", "scopes": "chat"}
        connection.execute(insert(api_key), {**key, "created_ms": 1})
        link = {"id": "i1", "secret_sha256": b"secret-of-a-link", "role": "member", "created_ms": 1, "expires_ms": 2}
        connection.execute(insert(invitation), link)

    database.write_now(more)
    database.close()
    with open_store(home / "sheets") as store:
        store.put_collection(
            Collection(id="bins", name="Déchets", kind="folder", source="Mairie", licence="Etalab", origin="/x")
        )
        sheets = [Sheet(id=f"F{n}", title=f"Fiche {n}", url="https://x.example") for n in range(5)]
        store.save("bins", [(one, "mark") for one in sheets])
        store.archive("bins", ["F4"], 99)
        store.imported("bins", 77, "")
    return home


@pytest.fixture
def exported(full: Path, tmp_path: Path) -> Path:
    done = call(full, "export", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    return tmp_path / "out"


def test_every_table_is_taken_or_left_for_a_reason() -> None:
    assert set(TAKEN) | set(LEFT) == set(metadata.tables)
    assert set(TAKEN) & set(LEFT) == set()
    files = [one.file for one in TAKEN.values()]
    assert len(files) == len(set(files))
    for name, taken in TAKEN.items():
        assert set(taken.without) | set(taken.json) <= {one.name for one in metadata.tables[name].columns}, name


def test_no_column_that_holds_a_secret_is_taken() -> None:
    for name, taken in TAKEN.items():
        columns = {one.name for one in metadata.tables[name].columns} - set(taken.without)
        assert not [one for one in columns if any(word in one for word in ("password", "secret", "salt", "token_"))]


@pytest.mark.incident("operator-reads")
def test_nothing_of_a_member_s_own_and_no_secret_is_in_it(full: Path, exported: Path) -> None:
    everything = b"".join(one.read_bytes() for one in exported.rglob("*") if one.is_file())
    assert b"Odile" in everything
    key = (full / "journal" / "key").read_bytes().strip()
    for word in (
        SECRET.encode(),
        b"secret-of-a-key",
        b"secret-of-a-key".hex().encode(),
        b"argon2",
        key,
        b"salt of that",
    ):
        assert word not in everything
    assert {one.stat().st_mode & 0o077 for one in exported.rglob("*")} <= {0, 0o055, 0o044}
    assert exported.stat().st_mode & 0o077 == 0, "nobody else looks into it"


def test_the_books_can_be_read_again_without_this_software(full: Path, exported: Path) -> None:
    before = bytes(32)
    rows = lines(exported / "ledger.jsonl")
    assert len(rows) == 6
    for row in rows:
        before = hashlib.sha256(before + row["body"].encode()).digest()
        assert row["hash"] == before.hex()
    assert call(full, "journal", "verify", str(exported / "log.jsonl")).exit_code == 0


def test_the_readme_and_the_manifest_name_every_file(exported: Path) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    there = {one.name for one in exported.iterdir() if one.is_file()} - {"README.md"}
    assert [name for name in there if f"`{name}`" not in text] == []
    assert [table for table in LEFT if f"`{table}`" not in text] == []
    manifest = json.loads((exported / "manifest.json").read_bytes())
    assert {one["name"] for one in manifest["files"]} >= there - {"manifest.json"}
    roll = (exported / "members.csv").read_text(encoding="utf-8")
    assert "'=1+1" in roll, "a spreadsheet computes nothing"


def test_a_folder_with_something_in_it_is_left_alone(full: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("x", encoding="utf-8")
    done = call(full, "export", str(tmp_path / "there"))
    assert (done.exit_code, [one.name for one in (tmp_path / "there").iterdir()]) == (2, ["mine"])


def test_it_begins_elsewhere(exported: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    done = call(new, "import", str(exported), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {one["name"]: one["role"] for one in found["invited"]} == {
        "Odile": "member",
        "=1+1": "steward",
        "Odile B": "operator",
    }
    assert found["refused"] == []
    assert found["sheets"] == {"bins": 5}
    assert (new / "cards" / "ours.toml").read_bytes() == (exported / "cards" / "ours.toml").read_bytes()
    with open_store(new / "sheets") as store, open_store(tmp_path / "home" / "sheets") as old:
        assert store.collections() == old.collections()
        assert store.sheet("bins", "F2") == old.sheet("bins", "F2")
    past = Path(found["past"])
    assert call(new, "journal", "verify", str(past / "log.jsonl")).exit_code == 0
    assert call(new, "ledger", "verify").exit_code == 0
    again = call(new, "import", str(exported))
    assert (again.exit_code, "already" in again.output) == (2, True)


def test_one_that_was_changed_is_refused_before_anything(exported: Path, tmp_path: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_bytes())
    (exported / "members.jsonl").write_bytes(
        (exported / "members.jsonl").read_bytes().replace(b'"member"', b'"steward"')
    )
    done = call(tmp_path / "new", "import", str(exported))
    assert (done.exit_code, "members.jsonl" in done.output) == (2, True)
    manifest["files"][0]["name"] = "../../elsewhere"
    (exported / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    assert call(tmp_path / "new", "import", str(exported)).exit_code == 2
    assert call(tmp_path / "new", "import", str(tmp_path)).exit_code == 2
    assert not (tmp_path / "new" / "imported").exists()
