"""The law of shared processor time: requests' parts + idle + untold = what the counter counted, exactly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.footprint.share import ProcessorShare

Step = tuple[str, int, bool]
"""(what happens, how far the counter went meanwhile, whether it can be read now)."""

steps = st.lists(
    st.tuples(st.sampled_from(["start", "finish", "look", "restart"]), st.integers(0, 10**9), st.booleans()),
    max_size=60,
)


class _Counter:
    """A process counter as the kernel keeps it; ``counted_us`` is the truth over all the processes seen."""

    def __init__(self) -> None:
        self.now_us = 0
        self.counted_us = 0
        self._last_read_us = 0

    def advance(self, us: int) -> None:
        self.now_us += us

    def restart(self) -> None:
        self.now_us = 0

    def read(self, readable: bool) -> int | None:
        if not readable:
            return None
        back = self.now_us < self._last_read_us
        self.counted_us += self.now_us if back else self.now_us - self._last_read_us
        self._last_read_us = self.now_us
        return self.now_us


@settings(max_examples=300)
@given(story=steps)
def test_nothing_is_lost_and_nothing_is_invented(story: list[Step]) -> None:
    share, counter = ProcessorShare(), _Counter()
    running: list[str] = []
    told_us = 0
    for place, (what, advance_us, readable) in enumerate(story):
        if what == "restart":
            counter.restart()
        counter.advance(advance_us)
        read_us = counter.read(readable)
        if what == "start":
            running.append(f"r{place}")
            share.start(running[-1], read_us)
        elif what == "finish" and running:
            part_us = share.finish(running.pop(0), read_us)
            assert part_us is None or part_us >= 0
            told_us += part_us or 0
        else:
            share.look(read_us)
    for request_id in running:
        told_us += share.finish(request_id, counter.read(True)) or 0
    assert told_us + share.idle_us + share.untold_us == share.total_us == counter.counted_us


@given(works=st.lists(st.integers(0, 10**9), min_size=1, max_size=8), load_us=st.integers(0, 10**9))
def test_one_at_a_time_each_pays_its_own_work(works: list[int], load_us: int) -> None:
    share, counter_us = ProcessorShare(), load_us
    for place, work_us in enumerate(works):
        share.start(f"r{place}", counter_us)
        counter_us += work_us
        assert share.finish(f"r{place}", counter_us) == work_us
    assert share.idle_us == load_us  # loading the model is nobody's question


def test_time_together_is_split_equally_and_the_odd_microsecond_goes_to_the_first() -> None:
    share = ProcessorShare()
    share.start("a", 0)
    share.start("b", 100)
    assert share.finish("b", 111) == 5
    assert share.finish("a", 120) == 100 + 6 + 9


def test_a_request_that_could_not_be_seen_is_unknown_not_zero() -> None:
    share = ProcessorShare()
    share.start("a", 10)
    share.look(None)
    share.start("b", 60)
    assert share.finish("a", 80) is None
    assert share.finish("b", 90) == 10 + 10
    assert share.untold_us == 50 + 10
    assert share.idle_us == 10


def test_a_restarted_process_begins_from_nothing() -> None:
    share = ProcessorShare()
    share.start("a", 1000)
    share.look(1500)
    assert share.finish("a", 200) == 500 + 200
    assert share.total_us == 1000 + 500 + 200
