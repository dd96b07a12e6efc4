"""The tables of a library, in ``sheets.db``: a database of its own, of which every row can be imported again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

SCHEMA = 1
"""Version of the tables below, kept in the file's ``user_version``."""

metadata = MetaData()

collection = Table(
    "collection",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("licence", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("readers", Text, nullable=False),  # JSON: an array of tags
    Column("old_after_days", Integer, nullable=False),
    Column("language", String, nullable=False),
    Column("imported_ms", BigInteger),  # the last import that came to its end; NULL: none did
    Column("archive", String, nullable=False),  # digest of the file it was last imported from to the end, else ""
)

sheet = Table(
    "sheet",
    metadata,
    Column("collection_id", String, primary_key=True),
    Column("sheet_id", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("day", String),
    Column("audience", String, nullable=False),
    Column("theme", Text, nullable=False),  # JSON: an array of headings
    Column("language", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("licence", String, nullable=False),  # of its own, "": that of its collection
    Column("sha256", String, nullable=False),  # of the sheet and of how passages are cut
    Column("fingerprint", String, nullable=False),  # of its source, where the importer gives one
    Column("revision", BigInteger, nullable=False),
    Column("archived_ms", BigInteger),  # since when its source has it no more
    Column("body", LargeBinary, nullable=False),  # JSON: the whole Sheet
    Column("passages", LargeBinary, nullable=False),  # JSON: its Passages
    UniqueConstraint("revision"),
    Index("sheet_archived", "collection_id", "archived_ms"),
)

forgotten = Table(
    "forgotten",  # sheets of collections that were removed: whoever indexes must hear of it
    metadata,
    Column("collection_id", String, primary_key=True),
    Column("sheet_id", String, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Index("forgotten_revision", "revision"),
)

counter = Table(
    "counter",  # one row: the last revision given
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

vector = Table(
    "vector",  # of the search by meaning; a row is good as long as its revision is the sheet's
    metadata,
    Column("collection_id", String, primary_key=True),
    Column("sheet_id", String, primary_key=True),
    Column("part", Integer, primary_key=True),  # which text of the sheet
    Column("encoder", String, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)
