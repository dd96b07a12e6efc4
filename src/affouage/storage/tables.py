"""The tables, in one place. Times are milliseconds UTC; ids are random and say nothing about a person.

Nothing here holds a prompt or an answer except ``turn``, and only when a member chose to keep a conversation.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from affouage.storage.base import Whole, Word
from affouage.storage.base import metadata as metadata
from affouage.storage.blind_tables import (
    blind_cost as blind_cost,
)
from affouage.storage.blind_tables import (
    blind_pair as blind_pair,
)
from affouage.storage.decision_tables import (
    assembly_event as assembly_event,
)
from affouage.storage.decision_tables import (
    detached_ballot as detached_ballot,
)
from affouage.storage.decision_tables import (
    elector as elector,
)
from affouage.storage.decision_tables import (
    journal_checkpoint as journal_checkpoint,
)
from affouage.storage.decision_tables import (
    journal_leaf as journal_leaf,
)
from affouage.storage.decision_tables import (
    journal_node as journal_node,
)
from affouage.storage.decision_tables import (
    journal_person as journal_person,
)
from affouage.storage.decision_tables import (
    journal_record as journal_record,
)
from affouage.storage.decision_tables import (
    journal_witness as journal_witness,
)
from affouage.storage.decision_tables import (
    member_standing as member_standing,
)
from affouage.storage.decision_tables import (
    panel_seat as panel_seat,
)
from affouage.storage.decision_tables import (
    report as report,
)
from affouage.storage.decision_tables import (
    report_decision as report_decision,
)
from affouage.storage.decision_tables import (
    roll_entry as roll_entry,
)
from affouage.storage.decision_tables import (
    sanction as sanction,
)
from affouage.storage.decision_tables import (
    sensitive_reading as sensitive_reading,
)
from affouage.storage.decision_tables import (
    vote as vote,
)
from affouage.storage.desk_tables import (
    desk_count as desk_count,
)
from affouage.storage.desk_tables import (
    desk_draft as desk_draft,
)
from affouage.storage.desk_tables import (
    desk_event as desk_event,
)
from affouage.storage.desk_tables import (
    desk_focus as desk_focus,
)
from affouage.storage.desk_tables import (
    desk_item as desk_item,
)
from affouage.storage.desk_tables import (
    desk_sent as desk_sent,
)
from affouage.storage.desk_tables import (
    desk_switch as desk_switch,
)
from affouage.storage.explain_tables import (
    evaluation as evaluation,
)
from affouage.storage.gateway_tables import (
    gateway as gateway,
)
from affouage.storage.gateway_tables import (
    gateway_request as gateway_request,
)
from affouage.storage.gateway_tables import (
    turn_queue as turn_queue,
)
from affouage.storage.training_tables import (
    training_event as training_event,
)
from affouage.storage.training_tables import (
    training_run as training_run,
)
from affouage.storage.work_tables import (
    work_answer as work_answer,
)
from affouage.storage.work_tables import (
    work_block as work_block,
)
from affouage.storage.work_tables import (
    work_voice as work_voice,
)

member = Table(
    "member",
    metadata,
    Column("id", Word, primary_key=True),
    Column("name", Word, nullable=False, unique=True),  # as the person writes it
    Column("name_key", Word, nullable=False, unique=True),  # folded, for sign-in
    Column("role", Word, nullable=False),  # member | steward | operator | commons (the collective itself)
    Column("password_hash", Word),  # argon2id; None: signs in only after an invitation, or never
    Column("language", Word, nullable=False),
    Column("created_ms", Whole, nullable=False),
    Column("deactivated_ms", Whole),
)

invitation = Table(
    "invitation",
    metadata,
    Column("id", Word, primary_key=True),
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("role", Word, nullable=False),
    Column("member_id", Word, ForeignKey("member.id")),  # set: the link gives this member a (new) password
    Column("created_by", Word),  # member id; "first administrator": start-up; None: the command line
    Column("created_ms", Whole, nullable=False),
    Column("expires_ms", Whole, nullable=False),
    Column("used_ms", Whole),
    Column("revoked_ms", Whole),
)

session = Table(
    "session",
    metadata,
    Column("id", Word, primary_key=True),  # public, to list and revoke
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("member_id", Word, ForeignKey("member.id"), nullable=False),
    Column("agent", Word, nullable=False),  # short description of the browser
    Column("created_ms", Whole, nullable=False),
    Column("seen_ms", Whole, nullable=False),
    Column("expires_ms", Whole, nullable=False),
    Column("revoked_ms", Whole),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Word, primary_key=True),  # the <id> of aff_<id>_<secret>
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("member_id", Word, ForeignKey("member.id"), nullable=False),
    Column("label", Word, nullable=False),
    Column("scopes", Word, nullable=False),  # space-separated
    Column("created_ms", Whole, nullable=False),
    Column("expires_ms", Whole),
    Column("revoked_ms", Whole),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("key", Word, primary_key=True),  # sha256 of the folded name, or of the address
    Column("count", Whole, nullable=False),
    Column("window_ms", Whole, nullable=False),
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", Word, primary_key=True),
    Column("member_id", Word, ForeignKey("member.id"), nullable=False),
    Column("title", Word, nullable=False),
    Column("created_ms", Whole, nullable=False),
    Column("expires_ms", Whole, nullable=False),
    Index("conversation_by_member", "member_id"),
    Index("conversation_by_expiry", "expires_ms"),
)

turn = Table(
    "turn",
    metadata,
    Column("conversation_id", Word, ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Whole, primary_key=True),
    Column("role", Word, nullable=False),  # user | assistant
    Column("text", Text, nullable=False),
    Column("receipt_id", Word),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("seq", Whole, primary_key=True),  # 1, 2, 3 ... without a gap
    Column("request_id", Word, nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("kind", Word, nullable=False),  # reserved | settled | voided | block | period | restatement | machine | rule
    Column("member_id", Word, nullable=False),
    Column("created_ms", Whole, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, hashed as it stands
    Column("hash", LargeBinary, nullable=False),  # sha256(previous hash + body)
    UniqueConstraint("request_id", "attempt", "kind", name="ledger_idempotency"),
    Index("ledger_by_member", "member_id", "seq"),
)

receipt_salt = Table(
    "receipt_salt",
    metadata,
    Column("request_id", Word, primary_key=True),
    Column("member_id", Word, nullable=False),
    Column("salt", LargeBinary, nullable=False),  # forgotten with the member's data: the hash then says nothing
)

reading_block = Table(  # the windows behind a ledger entry of kind "block", to compute it again
    "reading_block",
    metadata,
    Column("id", Word, primary_key=True),  # the block's id
    Column("machine_id", Word, nullable=False),
    Column("t0_ms", Whole, nullable=False),
    Column("t1_ms", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zlib of canonical JSON: footprint.windows.Readings
    Index("reading_block_by_time", "machine_id", "t1_ms"),
)

usage_day = Table(  # sums of receipts, so that no report and no allowance ever reads the ledger again
    "usage_day",
    metadata,
    Column(
        "dimension", Word, primary_key=True
    ),  # total | member | model | workshop | use | assumed*: see ledger.allowance
    Column("key", Word, primary_key=True),  # "" for total
    Column("day", Word, primary_key=True),  # 2026-11-22, in the commons' time zone, of the settlement
    Column("machine_id", Word, primary_key=True),
    Column("factor_set", Word, primary_key=True),  # "" when no factor was in force
    Column("quality", Word, primary_key=True),  # of the energy
    Column("requests", Whole, nullable=False),
    Column("lost", Whole, nullable=False),  # failed through a machine or the software: the collective's losses
    Column("cancelled", Whole, nullable=False),
    Column("unknown", Whole, nullable=False),  # requests whose energy is not known, or a lower bound
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("decoded_tokens", BigInteger, nullable=False),
    Column("static_uj", BigInteger, nullable=False),
    Column("dynamic_uj", BigInteger, nullable=False),
    Column("lost_uj", BigInteger, nullable=False),  # part of the two above spent by lost attempts
    Column("lost_dynamic_uj", BigInteger, nullable=False, server_default="0"),  # of it, part of dynamic_uj
    Column("low_uj", BigInteger, nullable=False),
    Column("high_uj", BigInteger, nullable=False),
    Column("machine_share_us", BigInteger, nullable=False),
    Index("usage_by_day", "dimension", "day"),
)

usage_people = Table(  # who used what together in a month: a public table tells no group of fewer than five people
    "usage_people",
    metadata,
    Column("month", Word, primary_key=True),
    Column("model_id", Word, primary_key=True),
    Column("workshop", Word, primary_key=True),
    Column("machine_id", Word, primary_key=True),
    Column("declared_use", Word, primary_key=True),
    Column("lost", Whole, primary_key=True, autoincrement=False),  # 1: failed through a machine or the software
    Column("member_id", Word, primary_key=True),
)

machine_day = Table(  # sums of blocks
    "machine_day",
    metadata,
    Column("day", Word, primary_key=True),  # of the block's end
    Column("machine_id", Word, primary_key=True),
    Column("meter_id", Word, primary_key=True),
    Column("factor_set", Word, primary_key=True),
    Column("quality", Word, primary_key=True),
    Column("energy_uj", BigInteger, nullable=False),
    Column("requests_uj", BigInteger, nullable=False),
    Column("idle_uj", BigInteger, nullable=False),
    Column("unattributed_uj", BigInteger, nullable=False),
    Column("contended_uj", BigInteger, nullable=False),
    Column("low_uj", BigInteger, nullable=False),
    Column("high_uj", BigInteger, nullable=False),
    Column("requests_us", BigInteger, nullable=False),  # machine time shared out to requests
    Column("idle_us", BigInteger, nullable=False),
    Column("known_us", BigInteger, nullable=False),
    Column("gap_us", BigInteger, nullable=False),
)

allowance_hold = Table(  # what running requests may still use; a row lives as long as its request
    "allowance_hold",
    metadata,
    Column("request_id", Word, primary_key=True),
    Column("member_id", Word, nullable=False),
    Column("workshop", Word, nullable=False),
    Column("energy_uj", BigInteger, nullable=False),
)

rule_version = Table(  # the one place rules come from; decided by somebody, in the books, never edited
    "rule_version",
    metadata,
    Column("area", Word, primary_key=True),  # budget | hours | pot | share | confidentiality
    Column("version", Whole, primary_key=True),  # 1, 2, 3 ...
    Column("in_force_ms", Whole, nullable=False),
    Column("body", Text, nullable=False),  # JSON of the area's own type
    Column("decided_by", Word, nullable=False),  # a vote, or before the founding a name or "the command line"
    Column("reason", Word, nullable=False),
    Column("leaf_seq", Whole),  # in the public log; None: written before there was one
)

closed_period = Table(
    "closed_period",
    metadata,
    Column("period", Word, primary_key=True),  # 2026-11
    Column("entry_seq", Whole, nullable=False),  # the ledger entry of kind "period"
    Column("figures", Text, nullable=False),  # JSON of footprint.report.Report; the entry holds its digest
    Column("shares", Text),  # JSON: microjoules each member bears; None once forgotten
    Column("salt", LargeBinary),  # of the digest of the shares; forgotten with them
)

machine_version = Table(  # descriptions of machines over time: what embodied impacts were computed from
    "machine_version",
    metadata,
    Column("machine_id", Word, primary_key=True),
    Column("from_ms", Whole, primary_key=True),
    Column("body", Text, nullable=False),  # JSON of footprint.machine.Machine
)

calibration = Table(  # static power and token weights, found by `affouage meter calibrate`; the newest counts
    "calibration",
    metadata,
    Column("machine_id", Word, primary_key=True),
    Column("model_id", Word, primary_key=True),  # "" for the machine's static power
    Column("at_ms", Whole, primary_key=True),
    Column("meter_id", Word, nullable=False),
    Column("idle_uw", BigInteger),  # microwatts, for model_id ""
    Column("kappa", Float),  # energy of a prompt token / of a decoded token
    Column("decode_ms", Float),  # milliseconds per decoded token: weight against other models
)

node = Table(  # machines of members; what an owner lends is decided on his machine, this is what he last told
    "node",
    metadata,
    Column("id", Word, primary_key=True),  # n_ and 12 of a-z 2-7
    Column("name", Word, nullable=False, unique=True),
    Column("owner_id", Word, nullable=False),  # member whose machine it is
    Column("owned_by", Word, nullable=False),  # member | collective
    Column("state", Word, nullable=False),  # pending | approved | refused | revoked
    Column("trust", Whole, nullable=False),  # 1 collective | 2 trusted | 3 everyone: see pool.station
    Column("public_key", Word, nullable=False, unique=True),  # nkey U...: identity, credentials, signed readings
    Column("box_key", LargeBinary, nullable=False),  # X25519, 32 bytes: what is sealed for it
    Column("machine_id", Word, nullable=False),  # as in blocks and receipts
    Column("created_ms", Whole, nullable=False),
    Column("decided_ms", Whole),
    Column("decided_by", Word),  # member id of the steward who approved or refused
    Column("revoked_ms", Whole),
    Column("seen_ms", Whole),  # last heartbeat, to the minute
    Column("policy", Text, nullable=False),  # JSON of pool.nodes.wire.Policy, as last told
    Column("policy_serial", Whole, nullable=False),
    Column("max_watts", Float),  # what it can draw at most, as its owner declared; claims above are refused
)

node_invitation = Table(
    "node_invitation",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("owner_id", Word, nullable=False),  # whose machine it will be
    Column("created_by", Word, nullable=False),
    Column("created_ms", Whole, nullable=False),
    Column("expires_ms", Whole, nullable=False),
    Column("used_ms", Whole),
    Column("node_id", Word),  # the node that used it
)

node_day = Table(  # what each node served, for its owner's page and his contribution
    "node_day",
    metadata,
    Column("node_id", Word, primary_key=True),
    Column("day", Word, primary_key=True),
    Column("requests", Whole, nullable=False),
    Column("lost", Whole, nullable=False),
    Column("own_requests", Whole, nullable=False),  # of them, asked by the owner: no contribution
    Column("decoded_tokens", BigInteger, nullable=False),
    Column("energy_uj", BigInteger, nullable=False),
    Column("served_us", BigInteger, nullable=False),  # machine time shared out to requests of others
)

node_file = Table(  # models that a steward gave to nodes: what is still to be sent, and how it went
    "node_file",
    metadata,
    Column("node_id", Word, primary_key=True),
    Column("model_id", Word, primary_key=True),
    Column("state", Word, nullable=False),  # given | coming | kept | refused
    Column("done_bytes", BigInteger, nullable=False),  # as last told by the node
    Column("problem", Word, nullable=False),  # code of the error, "" for none
    Column("given_ms", Whole, nullable=False),
    Column("changed_ms", Whole, nullable=False),
)
