"""The tables of the work ledger. See ``tables`` for the manners.

What somebody answered never stands beside who answered: no name, no time, rows in the order of random ids.
"""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from affouage.storage.base import Word, metadata

work_block = Table(  # what was told of whole weeks: about at least five people, naming none; never edited
    "work_block",
    metadata,
    Column("kind", Word, primary_key=True),  # tasks | survey | words | load
    Column("task_type", Word, primary_key=True),  # "" but for tasks
    Column("last_week", Word, primary_key=True),  # 2026-W48
    Column("first_week", Word, nullable=False),
    Column("body", Text, nullable=False),  # JSON of workshops.work.blocks.Block, survey.SurveyBlock ...
    sqlite_with_rowid=False,
)

work_voice = Table(  # who answered in a week, and nothing more; forgotten when the block of that week is told
    "work_voice",
    metadata,
    Column("kind", Word, primary_key=True),  # survey | words | load
    Column("week", Word, primary_key=True),
    Column("member_id", Word, primary_key=True),
    sqlite_with_rowid=False,
)

work_answer = Table(  # what was answered in a week, by nobody; forgotten when the block of that week is told
    "work_answer",
    metadata,
    Column("kind", Word, primary_key=True),
    Column("week", Word, primary_key=True),
    Column("id", Word, primary_key=True),  # random
    Column(
        "body", Text, nullable=False
    ),  # survey: lighter | same | heavier; words: free ones; load: JSON of six numbers
    sqlite_with_rowid=False,
)
