"""The tables, in one place. Times are milliseconds UTC; ids are random and say nothing about a person.

Nothing here holds a prompt or an answer except ``turn``, and only when a member chose to keep a conversation.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

member = Table(
    "member",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # as the person writes it
    Column("name_key", String, nullable=False, unique=True),  # folded, for sign-in
    Column("role", String, nullable=False),  # member | steward | operator | commons (the collective itself)
    Column("password_hash", String),  # argon2id; None: signs in only after an invitation, or never
    Column("language", String, nullable=False),
    Column("created_ms", Integer, nullable=False),
    Column("deactivated_ms", Integer),
)

invitation = Table(
    "invitation",
    metadata,
    Column("id", String, primary_key=True),
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("member_id", String, ForeignKey("member.id")),  # set: the link gives this member a (new) password
    Column("created_by", String),  # member id; "first administrator": start-up; None: the command line
    Column("created_ms", Integer, nullable=False),
    Column("expires_ms", Integer, nullable=False),
    Column("used_ms", Integer),
    Column("revoked_ms", Integer),
)

session = Table(
    "session",
    metadata,
    Column("id", String, primary_key=True),  # public, to list and revoke
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("member_id", String, ForeignKey("member.id"), nullable=False),
    Column("agent", String, nullable=False),  # short description of the browser
    Column("created_ms", Integer, nullable=False),
    Column("seen_ms", Integer, nullable=False),
    Column("expires_ms", Integer, nullable=False),
    Column("revoked_ms", Integer),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String, primary_key=True),  # the <id> of aff_<id>_<secret>
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("member_id", String, ForeignKey("member.id"), nullable=False),
    Column("label", String, nullable=False),
    Column("scopes", String, nullable=False),  # space-separated
    Column("created_ms", Integer, nullable=False),
    Column("expires_ms", Integer),
    Column("revoked_ms", Integer),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("key", String, primary_key=True),  # sha256 of the folded name, or of the address
    Column("count", Integer, nullable=False),
    Column("window_ms", Integer, nullable=False),
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String, primary_key=True),
    Column("member_id", String, ForeignKey("member.id"), nullable=False),
    Column("title", String, nullable=False),
    Column("created_ms", Integer, nullable=False),
    Column("expires_ms", Integer, nullable=False),
    Index("conversation_by_member", "member_id"),
    Index("conversation_by_expiry", "expires_ms"),
)

turn = Table(
    "turn",
    metadata,
    Column("conversation_id", String, ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("role", String, nullable=False),  # user | assistant
    Column("text", Text, nullable=False),
    Column("receipt_id", String),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("seq", Integer, primary_key=True),  # 1, 2, 3 ... without a gap
    Column("request_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", String, nullable=False),  # reserved | settled | voided
    Column("member_id", String, nullable=False),
    Column("created_ms", Integer, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, hashed as it stands
    Column("hash", LargeBinary, nullable=False),  # sha256(previous hash + body)
    UniqueConstraint("request_id", "attempt", "kind", name="ledger_idempotency"),
    Index("ledger_by_member", "member_id", "seq"),
)

receipt_salt = Table(
    "receipt_salt",
    metadata,
    Column("request_id", String, primary_key=True),
    Column("member_id", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),  # forgotten with the member's data: the hash then says nothing
)
