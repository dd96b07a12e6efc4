"""Are a node's claims plausible? Pure. What cannot be true is refused: no figure is better than an absurd one.

A node signs what it counted, so a lie has an author; but nothing enters the books that its own readings do not give
again, that draws more than the machine can, or that took more time than passed here meanwhile.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping

from affouage.footprint.meter import METHODS, MeterInfo, stamp_of
from affouage.footprint.windows import Readings, share_out, unpack
from affouage.ledger.receipt import Block, Energy

BODY_BYTES = 4_000_000
"""Of the readings behind one block, uncompressed."""
WINDOWS = 1_000
PRESENCES = 5_000
MOST = 2**62
"""The books keep 64 bits."""
SLACK_US = 3_600_000_000
"""A meter that goes on after a sudden stop may count up to an hour that nobody saw."""

_BLOCK_ID = re.compile(r"blk_[0-9a-f]{8,40}")
_RUN_ID = re.compile(r"run_(?:[0-9a-f]{8}_)?[0-9a-f]{32}")
_FACT = re.compile(r"[a-z_]{1,40}")
_AMOUNTS = ("energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us", "windows")


class Refused(ValueError):
    """Its text is a code for the page of the node's owner, never a figure of the claim."""


class Watch:
    """How much machine time a node may claim in all: no more than passed here, and an hour once.

    ``away_us``: time before now, in which it may have counted without being heard.
    """

    def __init__(self, now_us: int, away_us: int = 0) -> None:
        self._left_us = max(0, away_us) + SLACK_US
        self._at_us = now_us

    def take(self, length_us: int, now_us: int) -> bool:
        """Claim it; False, and nothing is taken, when so much time has not passed."""
        self._left_us += max(0, now_us - self._at_us)
        self._at_us = max(self._at_us, now_us)
        if length_us > self._left_us:
            return False
        self._left_us -= length_us
        return True


def read_block(block: Block, body: bytes, *, machine_id: str, max_watts: float) -> Readings:
    """The readings behind a block whose signature is good. Raises Refused for one that cannot be true."""
    if block.machine_id != machine_id:
        raise Refused("another_machine")
    if not _BLOCK_ID.fullmatch(block.id) or block.attempt != 1 or block.member_id:
        raise Refused("form")
    _check_amounts(block, max_watts)
    readings = _open(block, body)
    _check_meter(readings.info)
    if block.meter != stamp_of(readings.info):
        raise Refused("meter")
    _compare(block, readings)
    return readings


def _check_amounts(block: Block, max_watts: float) -> None:
    amounts = [getattr(block, name) for name in _AMOUNTS]
    parts = [amount for part in block.parts.values() for amount in part]
    if any(not 0 <= amount <= MOST for amount in (*amounts, *parts)):
        raise Refused("amount")
    if not all(_RUN_ID.fullmatch(name) for name in block.parts):
        raise Refused("part_of_another")  # an answer that this node did not give
    if not 0 <= block.t0_ms <= block.t1_ms <= MOST:
        raise Refused("time_order")
    shared = sum(static + dynamic for static, dynamic, _ in block.parts.values())
    if shared + block.idle_uj + block.unattributed_uj + block.contended_uj != block.energy_uj:
        raise Refused("sum")
    if not possible(block.energy_uj, block.known_us, max_watts):
        raise Refused("watts")


def _open(block: Block, body: bytes) -> Readings:
    try:
        opened = zlib.decompressobj()
        opened.decompress(body, BODY_BYTES)
        if opened.unconsumed_tail or not opened.eof:
            raise Refused("size")
        readings, digest = unpack(body)
    except Refused:
        raise
    except (zlib.error, ValueError, RecursionError):
        raise Refused("readings") from None
    if digest != block.readings_sha256:
        raise Refused("digest")
    if len(readings.counted) > WINDOWS or sum(len(one.requests) for one in readings.counted) > PRESENCES:
        raise Refused("size")
    return readings


def _check_meter(info: MeterInfo) -> None:
    factors = 0 < info.low_factor <= 1 <= info.high_factor <= 100 and 0.1 <= info.efficiency <= 10
    if not factors or info.method not in METHODS or not plain(info.id) or not _facts_plain(info.facts):
        raise Refused("meter")
    if not 0 < info.max_watts < 1e9:
        raise Refused("meter")


def _compare(block: Block, readings: Readings) -> None:
    """Whoever audits the books computes the block again from its readings: it must come out the same."""
    bounded = all(
        0 <= one.kappa <= 1e6 and 0 <= one.weight <= 1e9 and len(one.again_us) <= 64
        for counted in readings.counted
        for one in counted.requests
    )
    if not bounded:
        raise Refused("weights")
    try:
        again = share_out(readings)
    except (ValueError, ArithmeticError):
        raise Refused("readings") from None
    last = readings.counted[-1].reading if readings.counted else readings.first
    told = block.last
    same_end = told is not None and (told.at_us, told.epoch, told.counters_uj) == (
        last.at_us,
        last.epoch,
        last.counters_uj,
    )
    parts = {key: (one.static_uj, one.dynamic_uj, one.machine_share_us) for key, one in again.parts.items()}
    same = all(getattr(block, name) == getattr(again, name) for name in _AMOUNTS)
    if not same or not same_end or parts != block.parts or tuple(sorted(again.flags)) != block.flags:
        raise Refused("computed")


def possible(energy_uj: int, length_us: int, max_watts: float) -> bool:
    """Can a machine of so many watts have drawn that within so long? A joule is forgiven: counters move by steps."""
    return 0 <= energy_uj <= max_watts * length_us + 1_000_000


def sane(energy: Energy) -> bool:
    """Is what a node says of one run well formed? Its amounts are compared with signed readings elsewhere."""
    amounts = (energy.static_uj, energy.dynamic_uj, energy.machine_share_us)
    if any(one is not None and not 0 <= one <= MOST for one in amounts):
        return False
    return (energy.static_uj is None) == (energy.dynamic_uj is None) and _facts_plain(energy.facts)


def _facts_plain(facts: Mapping[str, str | int | float]) -> bool:
    return len(facts) <= 20 and all(
        _FACT.fullmatch(name) is not None
        and (plain(value) if isinstance(value, str) else -MOST <= value <= MOST and math.isfinite(value))
        for name, value in facts.items()
    )


def plain(text: str, most: int = 120) -> bool:
    """Words that may stand on a page or in a log as they are."""
    return len(text) <= most and text.isprintable()


def shown(text: str, most: int = 60) -> str:
    """What a node calls something, fit to be shown."""
    return "".join(one for one in text if one.isprintable())[:most]
