"""A machine is lost in the middle of an answer: who may take over, and what it is asked."""

from __future__ import annotations

import json

import pytest

from affouage.chat import ChatRequest, Delta, Message, as_chat, delta_text, finish_reason, only_text
from affouage.errors import EngineFailed
from affouage.inference import elsewhere
from affouage.inference.elsewhere import Shown
from affouage.pool.engine import EngineIdentity
from affouage.pool.station import Station
from affouage.testing import EchoEngine, FixedMeter, ManualClock


class _Filed(EchoEngine):
    def __init__(self, file_sha256: str | None) -> None:
        super().__init__()
        self._file = file_sha256

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", "1", file_sha256=self._file)


def _station(node_id: str, file_sha256: str | None) -> Station:
    from affouage.pool.metering import Metering

    clock = ManualClock()
    return Station(
        node_id=node_id,
        engine=_Filed(file_sha256),
        metering=Metering(FixedMeter(clock), clock, machine_id=node_id),
        slots=1,
    )


ASKED = ChatRequest(model="echo", messages=(Message("user", "Où ?"),), max_tokens=10, options={"temperature": 0.5})


def test_only_a_lost_machine_is_a_reason_to_go_elsewhere() -> None:
    assert elsewhere.lost(EngineFailed("gone", lost=True))
    assert not elsewhere.lost(EngineFailed("the question was wrong"))


@pytest.mark.parametrize(
    ("request_", "shown", "exact", "may"),
    [
        (ASKED, Shown("Là"), "user: Où ?", True),
        (ASKED, Shown("Là"), None, False),
        (ASKED, Shown("Là", more=True), "user: Où ?", False),
        (ChatRequest(model="e", options={"tools": [{}]}), Shown("Là"), "x", False),
        (ChatRequest(model="e", options={"response_format": {"type": "json_object"}}), Shown("{"), "x", False),
        (ChatRequest(model="e", kind="completion", prompt="p"), Shown("Là"), "p", True),
        (ChatRequest(model="e", kind="embedding"), Shown("Là"), "p", False),
    ],
)
def test_what_may_be_gone_on_from(request_: ChatRequest, shown: Shown, exact: str | None, may: bool) -> None:
    assert elsewhere.may_continue(request_, shown, exact) is may


def test_an_answer_begun_goes_on_only_with_the_very_same_file() -> None:
    stations = [_station("n_a", "1" * 64), _station("n_b", "1" * 64), _station("n_c", "2" * 64), _station("n_d", None)]
    tried = frozenset({"n_a"})
    assert elsewhere.shut_out(stations, tried, "1" * 64, same_file=True) == {"n_a", "n_c", "n_d"}
    assert elsewhere.shut_out(stations, tried, None, same_file=True) == {"n_a", "n_b", "n_c", "n_d"}
    assert elsewhere.shut_out(stations, tried, "1" * 64, same_file=False) == tried


def test_it_goes_on_from_the_exact_text_and_what_was_shown_with_the_tokens_left() -> None:
    going_on = elsewhere.continued(ASKED, "user: Où ?\nassistant:", " Là-bas", 3)
    assert going_on.kind == "completion"
    assert going_on.prompt == "user: Où ?\nassistant: Là-bas"
    assert going_on.max_tokens == 7
    assert going_on.options == {"temperature": 0.5}
    assert elsewhere.continued(ASKED, "", "", 10).max_tokens == 1


def test_the_second_machine_s_chunks_read_as_the_first_s() -> None:
    first = Delta(
        json.dumps(
            {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 5,
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": "Là"}}],
            }
        ).encode()
    )
    second = Delta(b'{"id":"x","object":"text_completion","choices":[{"index":0,"text":"-bas","finish_reason":null}]}')
    told = as_chat(second, "m", 9, first)
    assert json.loads(told.data)["id"] == "c1"
    assert json.loads(told.data)["object"] == "chat.completion.chunk"
    assert delta_text(told) == "-bas"
    end = as_chat(Delta(b'{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}', finish=True), "m", 9, None)
    assert end.finish
    assert finish_reason(end) == "stop"
    assert json.loads(end.data)["model"] == "m"


def test_a_thought_or_a_tool_call_is_more_than_text() -> None:
    assert only_text(Delta(b'{"choices":[{"delta":{"role":"assistant","content":"a"}}]}'))
    assert not only_text(Delta(b'{"choices":[{"delta":{"reasoning_content":"hm"}}]}'))
    assert not only_text(Delta(b'{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}'))
