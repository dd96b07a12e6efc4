"""The small rules by which a child program is judged; pure."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given, seed
from hypothesis import strategies as st

from affouage.adapters.engines.llama_child import missing_features
from affouage.adapters.engines.llama_cpp import load_deadline_ms, threads_to_use
from affouage.adapters.engines.vital_signs import back_off_ms, cpu_us, failures_after_crash, hangs, load_progress


def test_back_off_doubles_up_to_a_minute() -> None:
    assert [back_off_ms(n) for n in range(10)] == [0, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
    assert back_off_ms(10_000) == 60_000


def test_a_healthy_minute_wipes_out_earlier_crashes() -> None:
    assert failures_after_crash(4, healthy_us=59_000_000) == 5
    assert failures_after_crash(4, healthy_us=60_000_001) == 1


@seed(20261122)
@given(st.none() | st.integers(0, 1 << 44), st.none() | st.integers(0, 1 << 44))
def test_progress_is_a_share_or_unknown(resident: int | None, expected: int | None) -> None:
    progress = load_progress(resident, expected)
    assert progress is None if resident is None or not expected else 0 <= (progress or 0) <= 0.99


def test_threads_leave_a_core_to_the_desktop() -> None:
    assert threads_to_use(0, physical_cores=4, usable_cores=8) == 3
    assert threads_to_use(0, physical_cores=8, usable_cores=2) == 1
    assert threads_to_use(0, physical_cores=None, usable_cores=1) == 1
    assert threads_to_use(6, physical_cores=4, usable_cores=4) == 6


def test_big_files_get_more_time() -> None:
    assert load_deadline_ms(0) == 300_000
    assert load_deadline_ms(40 << 30) == 1_100_000


def test_an_old_processor_is_named_by_what_it_lacks() -> None:
    assert missing_features("processor: 0\nflags\t\t: fpu sse sse2 avx fma\n") == ["avx2", "f16c", "bmi2"]
    assert missing_features("flags : avx2 fma f16c bmi2") == []
    assert missing_features("Features : fp asimd") == []


def test_slow_is_not_stuck() -> None:
    assert hangs(10_000_000, 500, 500)
    assert not hangs(9_999_999, 500, 500), "not silent for long"
    assert hangs(90_000_000, 500, 600), "housekeeping is not work"
    assert not hangs(90_000_000, 500, 20_000), "it works"
    assert not hangs(90_000_000, None, None), "nothing can be seen"


def test_a_short_piece_of_work_is_seen() -> None:
    before_us = cpu_us(os.getpid())
    sum(range(100_000))
    after_us = cpu_us(os.getpid())
    assert before_us is not None
    assert after_us is not None
    assert 0 < after_us - before_us < 1_000_000


def test_a_process_that_is_gone_has_no_processor_time() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert cpu_us(process.pid) is None
