"""Everything a collective owns, in open formats, so that it is captive of nothing: a folder of JSON lines and texts.

No conversation, no password, no secret and nothing of the desk is in it: see ``export_tables`` for what and why.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, Table, select

from affouage import __version__
from affouage.archive.aside import folder_aside, on_disk
from affouage.archive.export_tables import FILES, FOLDERS, LEFT, TAKEN, Taken
from affouage.archive.manifest import Entry
from affouage.assembly.roll import is_erased
from affouage.clock import Clock
from affouage.errors import Conflict
from affouage.journal import bundle, offline_verifier
from affouage.sheets.store import DATABASE as SHEETS
from affouage.sheets.store import open_store
from affouage.sheets.tables import sheet
from affouage.storage import Database
from affouage.storage.schema import HEAD
from affouage.storage.tables import metadata

FORMAT = 1
_TABLES = metadata.tables


class Exported(msgspec.Struct, frozen=True):
    """What stands in an export, first of all: of which version, when, and every file."""

    affouage: str
    schema: str
    made_ms: int
    name: str
    files: list[Entry]
    format: int = FORMAT


def export(home: Path, database: Database, target: Path, name: str, clock: Clock) -> Exported:
    """Write the export into ``target``, a folder that does not exist or is empty; whole or not at all.

    ``name``: of the collective. Raises Conflict ``export_exists``, HomeReadOnly.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(
            f"{target} is there already.", remedy="Give a folder that is empty, or not there yet.", code="export_exists"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with folder_aside(target.parent, f".{target.name}.exporting-") as aside:
        root = aside / "export"
        root.mkdir(mode=0o700)
        database.read_now(lambda connection: _write_tables(connection, root))
        (root / "offline_verifier.py").write_bytes(Path(offline_verifier.__file__).read_bytes())
        _copy_texts(home, root)
        _write_sheets(home, root)
        (root / "README.md").write_text(readme(root, name), encoding="utf-8")
        found = Exported(__version__, HEAD, clock.now_ms(), name, list(entries(root)))
        text = msgspec.json.format(msgspec.json.encode(found), indent=1)
        (root / "manifest.json").write_bytes(text + b"\n")
        if target.exists():
            target.rmdir()
        root.rename(target)
    on_disk(target.parent)
    return found


def entries(root: Path) -> Iterator[Entry]:
    """Every file of an export but its manifest, with its digest."""
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        named = path.relative_to(root).as_posix()
        if named != "manifest.json":
            with path.open("rb") as file:
                yield Entry(named, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _write_tables(connection: Connection, root: Path) -> None:
    """All in one snapshot: members, books and log agree."""
    for name, taken in TAKEN.items():
        with (root / f"{taken.file}.jsonl").open("wb") as file:
            for row in table_rows(connection, _TABLES[name], taken):
                file.write(msgspec.json.encode(row) + b"\n")
    with (root / "log.jsonl").open("wb") as file:
        file.writelines(bundle.lines(connection))
    members = list(table_rows(connection, _TABLES["member"], TAKEN["member"]))
    (root / "members.csv").write_text(_members_csv(members), encoding="utf-8")
    rules = table_rows(connection, _TABLES["rule_version"], TAKEN["rule_version"])
    (root / "rules.md").write_text("\n".join(_rules_text(rules)) + "\n", encoding="utf-8")


def table_rows(connection: Connection, table: Table, taken: Taken) -> Iterator[dict[str, Any]]:
    """Rows in the order of their key; bytes as hexadecimal, JSON as JSON. Erased members keep their opaque id alone."""
    columns = [one for one in table.columns if one.name not in taken.without]
    binary = {one.name for one in columns if isinstance(one.type, LargeBinary)}
    for row in connection.execute(select(*columns).order_by(*table.primary_key.columns)):
        told = dict(row._mapping)
        for name, value in told.items():
            if value is not None and name in binary:
                told[name] = bytes(value).hex()
            elif value is not None and name in taken.json:
                told[name] = msgspec.json.decode(value)
        if table.name == "member" and is_erased(connection, told["id"]):
            told = {"id": told["id"], "erased": True}
        yield told


def _members_csv(members: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("id", "name", "role", "language", "created_ms", "deactivated_ms"))
    for one in members:
        if "name" in one:
            cells = (one["id"], one["name"], one["role"], one["language"], one["created_ms"], one["deactivated_ms"])
            writer.writerow([_plain(cell) for cell in cells])
    return out.getvalue()


def _plain(cell: Any) -> Any:
    """A spreadsheet must not compute what somebody chose as a name."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell


def _rules_text(rules: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "# Règles / Rules\n"
    for one in rules:
        yield f"## {one['area']} — {one['version']}\n"
        yield f"- {one['in_force_ms']} (ms, UTC)\n- {one['decided_by']}\n- {one['reason']}\n"
        yield "```json\n" + json.dumps(one["body"], ensure_ascii=False, indent=1, sort_keys=True) + "\n```\n"


def _copy_texts(home: Path, root: Path) -> None:
    for folder in ("cards", "factors", "sites"):
        for path in sorted((home / folder).glob("*.toml")):
            if path.is_file() and not path.is_symlink():
                (root / folder).mkdir(exist_ok=True)
                shutil.copyfile(path, root / folder / path.name)
    if (home / "machine.toml").is_file():
        shutil.copyfile(home / "machine.toml", root / "machine.toml")


def _write_sheets(home: Path, root: Path) -> None:
    if not (home / "sheets" / SHEETS).exists():
        return
    with open_store(home / "sheets") as store:
        for number, one in enumerate(store.collections(), 1):
            folder = root / "sheets" / f"{number:03}"
            folder.mkdir(parents=True)
            (folder / "collection.json").write_bytes(msgspec.json.format(msgspec.json.encode(one), indent=1) + b"\n")
            query = select(sheet.c.body, sheet.c.fingerprint, sheet.c.archived_ms)
            query = query.where(sheet.c.collection_id == one.id).order_by(sheet.c.sheet_id)

            def lines(connection: Connection, query: Any = query) -> Iterator[bytes]:
                for row in connection.execute(query):
                    told = {"fingerprint": row.fingerprint, "archived_ms": row.archived_ms}
                    yield msgspec.json.encode({"sheet": msgspec.Raw(bytes(row.body)), **told}) + b"\n"

            with (folder / "sheets.jsonl").open("wb") as file:
                store.db.read_now(lambda connection, file=file, lines=lines: file.writelines(lines(connection)))  # type: ignore[misc]


def readme(root: Path, name: str) -> str:
    """What each file is, in French then in English."""
    lines = [f"# {name or 'affouage'}", ""]
    for at, head, left in ((0, "## En français", "Ce qui n’y est pas"), (1, "## In English", "What is not in it")):
        lines += [head, "", *_listed(root, at), "", f"### {left}", ""]
        reasons: dict[str, list[str]] = {}
        for table, why in LEFT.items():
            reasons.setdefault(why[at], []).append(table)
        lines += [f"- {', '.join(f'`{one}`' for one in tables)} : {why}" for why, tables in reasons.items()]
        lines.append("")
    return "\n".join(lines)


def _listed(root: Path, at: int) -> Iterator[str]:
    for taken in TAKEN.values():
        yield f"- `{taken.file}.jsonl` : {taken.says[at]}"
    for file, says in FILES.items():
        yield f"- `{file}` : {says[at]}"
    if (root / "machine.toml").exists():
        yield f"- `machine.toml` : {('la machine', 'the machine')[at]}"
    for folder, says in FOLDERS.items():
        if (root / folder).exists():
            yield f"- `{folder}/` : {says[at]}"
