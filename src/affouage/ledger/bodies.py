"""The bodies of the ledger's entries, read back."""

from __future__ import annotations

import msgspec

from affouage.ledger.receipt import Block, Receipt, Reservation

RECEIPTS = ("settled", "voided")
"""Kinds of the entries that are receipts."""


class _SettledBody(msgspec.Struct):
    content: Receipt


class _ReservedBody(msgspec.Struct):
    content: Reservation


class _BlockBody(msgspec.Struct):
    content: Block


def decode_receipt(body: str) -> Receipt:
    return msgspec.json.decode(body, type=_SettledBody).content


def decode_reservation(body: str) -> Reservation:
    return msgspec.json.decode(body, type=_ReservedBody).content


def decode_block(body: str) -> Block:
    return msgspec.json.decode(body, type=_BlockBody).content
