"""What a message of the pool may hold: names end where they end, durations are those of an answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from affouage.pool.nodes import wire
from affouage.pool.nodes.joining import MachineId, UserKey

BEAT = {"type": "Heartbeat", "run": "r_1", "at_ms": 1, "machine_id": "tower"}


@pytest.mark.parametrize(
    "more",
    [
        {"run": "r_1\n"},
        {"running": ["run_1\n"]},
        {"models": [{"model_id": "apertus\n", "slots": 1}]},
        {"models": [{"model_id": "apertus", "slots": 1, "file_sha256": "c0" * 32 + "\n"}]},
        {"policy": {"hours": [["20:00\n", "07:00"]]}},
        {"watts": float("nan")},
    ],
)
def test_a_heartbeat_with_more_than_a_name_is_none(more: dict[str, Any]) -> None:
    wire.from_node(msgspec.msgpack.encode(BEAT))
    with pytest.raises(wire.Malformed):
        wire.from_node(msgspec.msgpack.encode(BEAT | more))


def test_a_file_given_bears_a_plain_name() -> None:
    offer = {"type": "FileOffer", "model_id": "m", "file_name": "m.gguf\n", "size_bytes": 1, "sha256": "00" * 32}
    with pytest.raises(wire.Malformed):
        wire.to_node(msgspec.msgpack.encode(offer))


@pytest.mark.parametrize(("kind", "text"), [(MachineId, "tower\n"), (UserKey, "U" + "A" * 55 + "\n")])
def test_who_asks_to_join_is_named_on_one_line(kind: Any, text: str) -> None:
    msgspec.convert(text.strip(), kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)


@pytest.mark.parametrize("took_ms", [float("inf"), float("nan"), 1e300, -1.0])
def test_an_answer_took_a_time_that_can_be_told(took_ms: float) -> None:
    done = {"type": "Done", "decode_ms": took_ms}
    chunk = {"type": "Chunk", "rid": "run_1", "attempt": 1, "seq": 0, "events": [done]}
    with pytest.raises(wire.Malformed):
        wire.from_node(msgspec.msgpack.encode(chunk))
