"""The tables of what members decide: the public log, the assembly, refused uses. See ``tables`` for the manners.

Nothing here names anybody: members are opaque ids, and the log holds less than that.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from affouage.storage.base import Whole, Word, metadata

# -- the public log ------------------------------------------------------------------------------------------------

journal_leaf = Table(  # what anybody may read; canonical JSON, hashed as it stands; never edited
    "journal_leaf",
    metadata,
    Column("seq", Whole, primary_key=True, autoincrement=False),  # 0, 1, 2 ... without a gap
    Column("kind", Word, nullable=False),
    Column("created_ms", Whole, nullable=False),
    Column("body", Text, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),  # SHA-256(0x00 || body)
    Index("journal_leaf_by_kind", "kind", "seq"),
)

journal_node = Table(  # whole subtrees of the tree, so that a proof reads some twenty rows
    "journal_node",
    metadata,
    Column("level", Whole, primary_key=True, autoincrement=False),  # 1: of two leaves
    Column("idx", Whole, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

journal_record = Table(  # what a leaf only commits to, with its salt; erased with the person it speaks of
    "journal_record",
    metadata,
    Column("seq", Whole, primary_key=True, autoincrement=False),  # of the leaf
    Column("salt", LargeBinary, nullable=False),  # 32 random bytes
    Column("record", Text, nullable=False),  # canonical JSON
)

journal_person = Table(  # whom a record speaks of, so that erasing them erases it
    "journal_person",
    metadata,
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("member_id", Word, primary_key=True),
    Index("journal_person_by_member", "member_id"),
)

journal_checkpoint = Table(  # what was signed
    "journal_checkpoint",
    metadata,
    Column("size", Whole, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  # C2SP signed note
    Column("created_ms", Whole, nullable=False),
)

journal_witness = Table(  # who keeps our checkpoints, or whose we keep: name and key, and the last seen
    "journal_witness",
    metadata,
    Column("name", Word, primary_key=True),
    Column("side", Word, primary_key=True),  # ours: witnesses our log | theirs: a log we witness
    Column("verifier_key", Word, nullable=False),
    Column("url", Word, nullable=False),
    Column("note", Text, nullable=False),  # the last checkpoint, cosigned; "" for none yet
    Column("size", Whole, nullable=False),
    Column("seen_ms", Whole),
    Column("problem", Word, nullable=False),  # "" when all is well: fork | rolled_back | unreachable ...
)

# -- the assembly --------------------------------------------------------------------------------------------------

assembly_event = Table(  # all that was decided, in order; what stands is its fold: see assembly.decisions.state
    "assembly_event",
    metadata,
    Column("seq", Whole, primary_key=True),  # 1, 2, 3 ...
    Column("at_ms", Whole, nullable=False),
    Column("kind", Word, nullable=False),
    Column("body", Text, nullable=False),  # JSON of assembly.decisions.events
    Column("leaf_seq", Whole),  # its leaf in the public log; None for what is not public
    Index("assembly_event_by_kind", "kind"),
)

vote = Table(  # open ballots: one row a voter, replaced until the vote closes
    "vote",
    metadata,
    Column("poll_id", Whole, primary_key=True, autoincrement=False),
    Column("voter_id", Word, primary_key=True),  # whose ballot it is
    Column("cast_by", Word, nullable=False),  # who cast it: the voter, or the holder of their proxy
    Column("choice", Text, nullable=False),  # JSON
    Column("reason", Word, nullable=False),
    Column("at_ms", Whole, nullable=False),
)

roll_entry = Table(  # detached ballots: who has voted, and nothing more
    "roll_entry",
    metadata,
    Column("poll_id", Whole, primary_key=True, autoincrement=False),
    Column("voter_id", Word, primary_key=True),
    sqlite_with_rowid=False,
)

detached_ballot = Table(  # no link to a voter, no time, in the order of random ids
    "detached_ballot",
    metadata,
    Column("poll_id", Whole, primary_key=True, autoincrement=False),
    Column("id", Word, primary_key=True),
    Column("college", Word, nullable=False),
    Column("choice", Text, nullable=False),
    sqlite_with_rowid=False,
)

elector = Table(  # who may vote in a poll, as it stood when the poll opened
    "elector",
    metadata,
    Column("poll_id", Whole, primary_key=True, autoincrement=False),
    Column("member_id", Word, primary_key=True),
    Column("college", Word, nullable=False),  # "" without colleges
)

# -- refused uses --------------------------------------------------------------------------------------------------

report = Table(  # a member or a reader says that an answer or a public output goes against the charter
    "report",
    metadata,
    Column("id", Word, primary_key=True),
    Column("created_ms", Whole, nullable=False),
    Column("reporter_id", Word),  # None: somebody without an account
    Column("subject_id", Word),  # the member whose use it is; None when it is not known
    Column("receipt_id", Word),
    Column("place", Word, nullable=False),  # answer | public
    Column("charter_line", Word, nullable=False),  # id of the refused use it would be
    Column("words", Text, nullable=False),  # what the reporter wrote
    Column("content", Text, nullable=False),  # only what the reporter chose to show; "" for nothing
    Column("flagged_by", Word, nullable=False),  # "" or the guard model that flagged it: it never decides
    Column("state", Word, nullable=False),  # open | decided | appealed | closed
    Column("due_ms", Whole, nullable=False),  # when that state ends by itself, by the rule of when it began
    Column("appeal", Text, nullable=False),  # why the person concerned appealed; "" when they did not
    Column("draw_seq", Whole),  # the leaf of the draw of the panel
    Column("purge_ms", Whole, nullable=False),
    Index("report_by_state", "state", "created_ms"),
)

report_decision = Table(  # by a moderator, then by the panel of an appeal
    "report_decision",
    metadata,
    Column("report_id", Word, primary_key=True),
    Column("step", Whole, primary_key=True, autoincrement=False),  # 1: moderator, 2: panel
    Column("decided_by", Word, nullable=False),  # member id, or "panel"
    Column("outcome", Word, nullable=False),  # nothing | a step of the scale of sanctions
    Column("reason", Text, nullable=False),
    Column("at_ms", Whole, nullable=False),
    Column("leaf_seq", Whole, nullable=False),
)

panel_seat = Table(  # drawn by lot for an appeal
    "panel_seat",
    metadata,
    Column("report_id", Word, primary_key=True),
    Column("member_id", Word, primary_key=True),
    Column("opinion", Word),  # uphold | overturn; None not yet
    Column("reason", Text, nullable=False),
)

sanction = Table(
    "sanction",
    metadata,
    Column("id", Word, primary_key=True),
    Column("report_id", Word, nullable=False),
    Column("member_id", Word, nullable=False),
    Column("kind", Word, nullable=False),  # warning | slower | suspended
    Column("percent", Whole, nullable=False),  # slower: weight of what is asked meanwhile; 100 otherwise
    Column("from_ms", Whole, nullable=False),
    Column("until_ms", Whole, nullable=False),  # every sanction ends
    Column("lifted_ms", Whole),
    Index("sanction_by_member", "member_id", "until_ms"),
)

sensitive_reading = Table(  # who looked at a sensitive record, why; shown to the person concerned
    "sensitive_reading",
    metadata,
    Column("id", Word, primary_key=True),
    Column("reader_id", Word, nullable=False),
    Column("subject_id", Word, nullable=False),  # "" when nobody knows whom it concerns
    Column("what", Word, nullable=False),  # report:<id> | receipt:<id> | receipts | ...
    Column("reason", Text, nullable=False),
    Column("at_ms", Whole, nullable=False),
    Column("leaf_seq", Whole, nullable=False),
    Index("sensitive_reading_by_subject", "subject_id", "at_ms"),
)

member_standing = Table(  # what the roll says of a member for votes
    "member_standing",
    metadata,
    Column("member_id", Word, primary_key=True),
    Column("college", Word, nullable=False),  # "" without colleges
    Column("votes", Whole, nullable=False),  # 0: uses the commons without voting (the public of a town hall)
)
