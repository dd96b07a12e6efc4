"""Names of runs on other machines, under which their parts stand in those machines' blocks. Random, and nobody's.

Where several gateways serve one commons, the name begins with the gateway's, so that each knows its own.
"""

from __future__ import annotations

import re
import secrets

_NAMED = re.compile(r"run_([0-9a-f]{8})_[0-9a-f]+")


def new_run_name(gateway_id: str) -> str:
    """``gateway_id``: "" of the only process."""
    return f"run_{gateway_id}_{secrets.token_hex(16)}" if gateway_id else f"run_{secrets.token_hex(16)}"


def gateway_of(name: str) -> str:
    """The gateway whose run this is; "" when the name tells none."""
    found = _NAMED.fullmatch(name)
    return found[1] if found else ""
