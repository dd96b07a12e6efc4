"""What several gateways of one commons tell one another: who is here, whose each request is, where turns stand.

Empty where one process serves on SQLite. Nothing here outlives the processes it speaks of. See ``tables`` for the
manners.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from affouage.storage.base import Whole, Word, metadata

gateway = Table(  # processes that serve this commons now; one not heard of for some seconds is dead
    "gateway",
    metadata,
    Column("id", Word, primary_key=True),  # 8 hex digits, new at each start
    Column("number", Whole, nullable=False),  # 1, 2 ... of `affouage up --workers`; 0: the only one
    Column("home", Word, nullable=False),  # machine and folder it works in
    Column("pid", Whole, nullable=False),
    Column("started_ms", Whole, nullable=False),
    Column("heard_ms", Whole, nullable=False),  # written each second
)

gateway_request = Table(  # requests reserved and not settled yet, with the gateway that answers them
    "gateway_request",
    metadata,
    Column("request_id", Word, primary_key=True),
    Column("attempt", Whole, primary_key=True),
    Column("gateway_id", Word, nullable=False),
    Index("gateway_request_by_gateway", "gateway_id"),
)

turn_queue = Table(  # where the turns of each model stand, for gateways that share them; locked for each step
    "turn_queue",
    metadata,
    Column("model_id", Word, primary_key=True),
    Column("version", Whole, nullable=False),  # grows with each step
    Column("state", LargeBinary, nullable=False),  # msgpack of the queue
    Column("waiting", Whole, nullable=False),
    Column("no_hurry", Whole, nullable=False),  # of those
    Column("running", Whole, nullable=False),
)
