"""What every table belongs to, and the two types that SQLite and PostgreSQL do not understand alike.

``Whole``: a whole number of 64 bits; SQLite's INTEGER is one already. ``Word``: a text that is compared and put in
order byte by byte, as SQLite does, whatever language the server of PostgreSQL was set up in.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, String
from sqlalchemy.ext.compiler import compiles

metadata = MetaData()

Whole = BigInteger().with_variant(Integer(), "sqlite")


class Word(String):
    """A column's type; what a value is compared with has none of its own."""


@compiles(Word, "postgresql")
def _in_bytes(type_: Word, compiler: Any, **more: Any) -> str:
    return 'VARCHAR COLLATE "C"'
