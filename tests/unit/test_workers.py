"""Which gateways live and which one keeps the house; when one is begun again; what is passed on, what is counted."""

from __future__ import annotations

import pytest

from affouage.asgi.relay import owner_of
from affouage.gateway.exposition import family, histogram, merged, single
from affouage.ledger.run_names import gateway_of, new_run_name
from affouage.pool.nodes.bus import out_subject
from affouage.storage.gateways import GONE_MS, Present, new_id
from affouage.workers.presence import BLIND_US, Presence
from affouage.workers.restarts import FIRST_S, HOLDS_S, MOST_S, Restarts

SECOND_US = 1_000_000
GONE_S = GONE_MS // 1000


def row(gateway_id: str, heard_s: int, started_ms: int = 0) -> Present:
    return Present(id=gateway_id, number=1, home="h", pid=1, started_ms=started_ms, heard_ms=heard_s * 1000)


def test_the_longest_at_work_keeps_the_house_and_the_next_takes_over_when_it_is_silent() -> None:
    mine = Presence("b")
    for second in range(GONE_S):
        mine.look([row("a", second, 1), row("b", second, 2), row("c", second, 3)], second * SECOND_US)
        assert not mine.keeps(second * SECOND_US)
    last = GONE_S - 1  # from now on, "a" says nothing
    for second in range(GONE_S, GONE_S + last + 1):
        mine.look([row("a", last, 1), row("b", second, 2), row("c", second, 3)], second * SECOND_US)
        silent = second - last >= GONE_S
        assert mine.keeps(second * SECOND_US) is silent
        assert mine.dead((), second * SECOND_US) == (["a"] if silent else [])
        assert [one.id for one in mine.others(second * SECOND_US)] == (["c"] if silent else ["a", "c"])


def test_who_saw_nothing_for_a_while_gives_the_others_time() -> None:
    mine = Presence("b")
    mine.look([row("a", 0, 1), row("b", 0, 2)], 0)
    late_us = BLIND_US + GONE_S * SECOND_US
    assert not mine.keeps(late_us), "nobody heard it either"
    mine.look([row("a", 0, 1), row("b", 9, 2)], late_us)  # the database was away for both
    assert mine.dead((), late_us) == []
    mine.look([row("a", 10, 1), row("b", 10, 2)], late_us + SECOND_US)
    assert mine.dead((), late_us + SECOND_US) == []


def test_a_clock_put_forward_kills_nobody() -> None:
    mine = Presence("b")
    mine.look([row("a", 0, 1), row("b", 0, 2)], 0)
    mine.look([row("a", 1, 1), row("b", 3601, 2)], SECOND_US)
    assert mine.dead((), SECOND_US) == []


def test_requests_of_somebody_without_a_row_are_those_of_the_dead() -> None:
    mine = Presence("b")
    mine.look([row("b", 0)], 0)
    assert mine.dead({"b", "gone"}, 0) == ["gone"]


def test_what_dies_at_once_is_begun_again_later_and_later() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_s(0.1) for _ in range(12)]
    assert pauses[0] == FIRST_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == MOST_S
    assert restarts.pause_s(HOLDS_S) == FIRST_S


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/chat/stop/rcp_0123456789abcdef01234567", "01234567"),
        ("/blind/pair/89abcdef-Zq_-x", "89abcdef"),
        ("/blind/pair/89abcdef-Zq_-x/choose", "89abcdef"),
        ("/chat/stop/rcp_0123456789ABCDEF01234567", ""),
        ("/chat/stop/rcp_0123456789abcdef0123456", ""),
        ("/blind/pair/89abcdef", ""),
        ("/receipts/rcp_0123456789abcdef01234567", ""),
        ("/blind/pair/../../89abcdef-x/y/z", ""),
        ("/chat", ""),
    ],
)
def test_only_what_one_process_holds_is_passed_on(path: str, owner: str) -> None:
    assert owner_of(path) == owner


def test_a_run_is_told_to_the_gateway_that_asked_for_it() -> None:
    mine, alone = new_run_name(new_id()), new_run_name("")
    assert (gateway_of(alone), gateway_of("run_xyz")) == ("", "")
    assert out_subject("n_a", mine) == f"out.n_a.{gateway_of(mine)}.{mine}"
    assert out_subject("n_a", alone) == f"out.n_a.{alone}"
    assert out_subject("n_a", "blocks") == "out.n_a.blocks"


def test_what_several_count_is_one_text_with_each_metric_once() -> None:
    def told(answers: int) -> str:
        return (
            family("answers_total", "counter", "Answers.", [({"model": 'a "b"'}, answers)])
            + single("tasks", "gauge", "Tasks.", answers + 1)
            + histogram("wait_seconds", "Waits.", [(0.1, 1)], answers, 2.5)
        )

    text = merged({"1": told(3), "2": told(4) + single("only_two", "gauge", "Of one.", 7)}, "worker")
    lines = text.splitlines()
    assert [one for one in lines if one.startswith("# TYPE")] == [
        "# TYPE answers_total counter",
        "# TYPE tasks gauge",
        "# TYPE wait_seconds histogram",
        "# TYPE only_two gauge",
    ]
    for expected in (
        'answers_total{worker="1",model="a \\"b\\""} 3',
        'answers_total{worker="2",model="a \\"b\\""} 4',
        'tasks{worker="2"} 5',
        'wait_seconds_bucket{worker="1",le="0.1"} 1',
        'only_two{worker="2"} 7',
    ):
        assert expected in lines
    assert merged({"1": ""}, "worker") == ""
