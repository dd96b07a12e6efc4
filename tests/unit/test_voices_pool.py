"""Voices in the pool: the slots, the process and the machine are their base's; the id and the file their own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.adapters.engines.openai_wire import body, lora
from affouage.chat import ChatRequest, Message
from affouage.errors import BadRequest
from affouage.pool.metering import Metering
from affouage.pool.model_queue import possible
from affouage.pool.node import Node
from affouage.pool.pool import Pool
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.pool.voice import VoiceEngine, worker_id
from affouage.testing import EchoEngine, FixedMeter, ManualClock


class TwoVoiced(EchoEngine):
    """An echo that may be asked to speak otherwise."""

    closed = False

    def speaks(self, voice_id: str) -> bool:
        return voice_id == "loaded"

    async def ensure_voice(self, voice_id: str, wait_ms: int) -> None:
        await self.ensure_ready(wait_ms)

    async def close(self) -> None:
        self.closed = True


def voice(base: TwoVoiced, name: str = "loaded", scale: float = 0.8) -> VoiceEngine:
    return VoiceEngine(model_id=name, base=base, scale=scale, file_name="adapter.gguf", sha256="a" * 64)


def pool_of(*engines: EchoEngine | VoiceEngine) -> Pool:
    clock = ManualClock()
    return Pool(Node(engines), Metering(FixedMeter(clock), clock, machine_id="here"))


def asked(model: str, scale: float | None = None) -> ChatRequest:
    return ChatRequest(model=model, messages=(Message("user", "Bonjour"),), voice_scale=scale)


def test_its_requests_wait_in_the_line_of_its_base_for_this_machine_alone() -> None:
    base, elsewhere = TwoVoiced("base", slots=1), EchoEngine("base", slots=8)
    pool = pool_of(base, voice(base))
    local = pool.stations("base")[0]
    remote = Station(node_id="n_1", engine=elsewhere, metering=local.metering, trust=1, slots=8)
    pool.join(lambda model_id: [remote] if model_id == "base" else [], lambda: [elsewhere])
    ticket = pool.in_line(Ticket(request_id="r", member_id="m", model_id="loaded", reach=3))
    assert (ticket.model_id, ticket.reach) == ("base", 0)
    assert possible(ticket, pool.stations("base")) == [local], "no machine that has its base alone"
    usual = Ticket(request_id="r", member_id="m", model_id="base", reach=3)
    assert pool.in_line(usual) == usual
    assert len(possible(usual, pool.stations("base"))) == 2
    spoken = pool.speaking(local, "loaded")
    assert (spoken.engine.model_id, spoken.slots, spoken.loaded) == ("loaded", 1, True)
    assert pool.speaking(local, "base") == local


def test_what_it_says_of_itself_is_its_own_and_what_works_is_its_base() -> None:
    base = TwoVoiced("base", slots=3)
    one, late = voice(base), voice(base, "late")
    assert (one.identity().file_sha256, one.identity().name) == ("a" * 64, base.identity().name)
    assert (one.state().status, late.state().status) == ("ready", "stopped")
    assert (one.slots, one.context_tokens, one.work().cpu_us) == (3, base.context_tokens, None)
    assert (worker_id(one), worker_id(base)) == ("base", "base")


def test_a_scale_is_its_cards_unless_asked_and_nobody_elses() -> None:
    base = TwoVoiced("base")
    pool = pool_of(base, voice(base, scale=0.8))
    assert pool.voiced(asked("loaded")).voice_scale == 0.8
    assert pool.voiced(asked("loaded", 0)).voice_scale == 0
    assert pool.voiced(asked("base")) == asked("base")
    with pytest.raises(BadRequest, match="base is no voice") as refused:
        pool.voiced(asked("base", 0.5))
    assert refused.value.param == "affouage.voice_scale"


def test_a_voice_found_later_brings_its_base_to_be_closed() -> None:
    base = TwoVoiced("base")
    node = Node([], find=lambda model_id: voice(base) if model_id == "loaded" else None)
    assert node.find("loaded") is node.voice("loaded")
    asyncio.run(node.close())
    assert base.closed


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
    st.sampled_from(["a", "b", "base"]),
    st.none() | st.floats(0, 2),
)
def test_every_request_names_the_scale_of_every_adapter_and_one_at_most_is_heard(
    adapters: list[str], model: str, scale: float | None
) -> None:
    sent = body(asked(model, scale), "base", adapters=adapters)
    if not adapters:
        assert "lora" not in sent, "a model without voices is asked as it ever was"
        return
    assert [one["id"] for one in sent["lora"]] == list(range(len(adapters)))
    heard = {adapters[one["id"]]: one["scale"] for one in sent["lora"] if one["scale"]}
    assert heard == ({model: scale} if model in adapters and scale else {})
    assert lora(adapters) == [{"id": n, "scale": 0.0} for n in range(len(adapters))]
