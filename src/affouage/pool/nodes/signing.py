"""A node signs its own readings: Ed25519 by the key of its credential, over the block as canonical JSON.

The commons keeps blocks with their signature, so that anybody with the node's public key can check them later.
"""

from __future__ import annotations

import msgspec

from affouage.ledger.receipt import Block
from affouage.pool.nodes import nkey

_encode = msgspec.json.Encoder(order="deterministic").encode


def sign(block: Block, seed: str) -> Block:
    """The block with ``signed_by`` and ``signature`` of the node whose nkey seed (SU...) this is. Raises BadKey."""
    key = nkey.from_seed(seed, "user")
    named = msgspec.structs.replace(block, signed_by=key.public, signature="")
    return msgspec.structs.replace(named, signature=key.sign(_encode(named)).hex())


def verified(block: Block, public_key: str) -> bool:
    """Did the node of that public key (U...) sign exactly this block?"""
    if block.signed_by != public_key or not nkey.is_public(public_key, "user"):
        return False
    try:
        signature = bytes.fromhex(block.signature)
    except ValueError:
        return False
    return nkey.verify(public_key, _encode(msgspec.structs.replace(block, signature="")), signature)
