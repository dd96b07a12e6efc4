from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.progress import Meter, PullProgress
from affouage.cli.pull_display import PullDisplay, progress_line
from affouage.web.language import language


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_us = 1_000_000

    def now_ms(self) -> int:
        return self.now_us // 1000

    def monotonic_us(self) -> int:
        return self.now_us


def test_speed_and_time_left_come_from_the_last_seconds() -> None:
    told: list[PullProgress] = []
    watch = Watch()
    meter = Meter(told.append, watch)
    meter.begin("downloading", source="hub", done_bytes=0, total_bytes=100_000_000)
    assert (told[-1].speed_bytes_per_s, told[-1].eta_s) == (None, None)
    for second in range(1, 11):
        watch.now_us += 1_000_000
        meter.at(second * (1_000_000 if second <= 5 else 2_000_000))
    # The five seconds seen: from 5 MB at second 5 to 20 MB at second 10.
    assert told[-1].speed_bytes_per_s == 3_000_000
    assert told[-1].eta_s == 80_000_000 / 3_000_000


@given(st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 1000)), max_size=60))
def test_never_more_than_five_events_a_second_and_never_a_nonsense_figure(steps: list[tuple[int, int]]) -> None:
    told: list[PullProgress] = []
    watch = Watch()
    meter = Meter(told.append, watch)
    start_us = watch.now_us
    meter.begin("downloading", source="hub", done_bytes=0, total_bytes=10**9)
    done = 0
    for wait_us, more in steps:
        watch.now_us += wait_us
        done += more
        meter.at(done)
    assert len(told) <= 1 + (watch.now_us - start_us) // 200_000
    assert all(one.speed_bytes_per_s is None or one.speed_bytes_per_s > 0 for one in told)
    assert all(one.eta_s is None or one.eta_s >= 0 for one in told)


def test_the_end_and_the_notes_are_always_told() -> None:
    told: list[PullProgress] = []
    meter = Meter(told.append, Watch())
    meter.begin("downloading", source="hub", done_bytes=0, total_bytes=10)
    meter.at(5)
    meter.say("something happened")
    meter.at(10)
    assert [(one.done_bytes, one.note) for one in told] == [(0, ""), (5, "something happened"), (10, "")]


def test_without_a_terminal_a_line_every_five_seconds_and_at_each_stage(capsys) -> None:  # type: ignore[no-untyped-def]
    watch = Watch()
    display = PullDisplay(terminal=False, clock=watch, language=language("en", "affouage.cli"))
    for tenth in range(120):
        watch.now_us += 100_000
        display(PullProgress(stage="downloading", done_bytes=tenth * 10**6, total_bytes=120 * 10**6, source="hub"))
    display(PullProgress(stage="checking", done_bytes=1, total_bytes=2, source="hub", note="a note"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["downloading"] * 3 + ["a", "checking"]
    assert "\r" not in "".join(lines)


def test_a_line_says_what_is_known_and_no_more() -> None:
    event = PullProgress(
        stage="downloading",
        done_bytes=380_000_000,
        total_bytes=1_117_000_000,
        speed_bytes_per_s=12.3e6,
        eta_s=59.4,
        source="hub",
    )
    barely = PullProgress(stage="downloading", done_bytes=5_000_000)
    told = [progress_line(one, language("en", "affouage.cli")).replace("\u00a0", " ") for one in (event, barely)]
    assert told == ["downloading (hub)   34 %  380 MB of 1.1 GB  12 MB/s  59 s left", "downloading  5 MB"]
    told = [progress_line(one, language("fr", "affouage.cli")).replace("\u00a0", " ") for one in (event, barely)]
    assert told == [
        "téléchargement (dépôt de modèles)   34 %  380 Mo sur 1,1 Go  12 Mo/s  encore 59 s",
        "téléchargement  5 Mo",
    ]
