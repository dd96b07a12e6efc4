"""A machine that holds a valid pass and a valid box key, and does what it likes with them.

python -m tests.faults.hostile_node HOME        then, on its standard input, one JSON object a line:

    {"trick": "negative_seq"}                                 from now on, how it answers
    {"forge": {"node": "n_...", "rid": "run_..."}}            answer at once for another machine's run
    {"flood": 20000}                                          so many messages, as fast as they go
    {"chat": [["out.n_x.y", "text"], ...]}                    whatever, on any subject

It tells on its standard output: "asked RID" for each question, "refused TEXT" for what the broker forbids, "cut T" when
its link goes (seconds of the machine's monotonic clock).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from affouage.adapters.buses.pool_bus import open_node_bus
from affouage.footprint.windows import Readings
from affouage.ledger.receipt import Block, Energy
from affouage.pool.nodes.bus import BusDown, heartbeat_subject, out_subject, run_subject
from affouage.pool.nodes.identity import Enrolled, read_identity
from affouage.pool.nodes.sealing import Seal
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.wire import (
    Chunk,
    Done,
    Fin,
    Heartbeat,
    Piece,
    Run,
    Served,
    SignedBlock,
    encode,
    to_node,
)
from tests.faults.counting import FILE_SHA256, CountingEngine
