"""Words an auditor writes, and how tests of ``affouage audit`` put them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from affouage.errors import BadRequest
from affouage.footprint.audit import replay

SECOND = 1_000_000


def ask(subject: str, said: Any) -> Any:
    return replay(subject, said if isinstance(said, bytes) else json.dumps(said).encode())  # type: ignore[arg-type]


def refused(subject: str, said: Any, place: str, words: str = "") -> None:
    with pytest.raises(BadRequest) as error:
        ask(subject, said)
    assert error.value.param == place, error.value
    assert words in str(error.value)
    assert error.value.remedy


G7: dict[str, Any] = {
    "length_s": 10,
    "p0_w": 90,
    "energy_j": 5100,
    "requests": [
        {"id": "r1", "start_s": 0, "end_s": 10, "decoded_tokens": 200},
        {"id": "r2", "start_s": 5, "end_s": 10, "decoded_tokens": 100},
    ],
}
REQUEST = {"id": "a"}
FACTOR = {"value": 50, "unit": "g CO2e/kWh", "source": "me"}
I200 = {"gwp_kg": 200, "planned_years": 4}
