"""What is told of the work tells of nobody, whatever is subtracted from whatever; and it is what was done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.workshops.work.blocks import SIDES_WEEKS, WAITING_WEEKS, Block, blocks, together
from affouage.workshops.work.groups import FEWEST, LARGEST_SHARE, joined
from affouage.workshops.work.task import TaskDone
from affouage.workshops.work.times import times
from affouage.workshops.work.weeks import shifted, span

FIRST = "2026-W40"
WEEKS = [shifted(FIRST, number) for number in range(12)]
Work = dict[str, list[TaskDone]]


def task(worker: str, **more: Any) -> TaskDone:
    plain = {"task_type": "desk", "done_ms": 0, "arm": "draft", "active_ms": 60_000, "review_ms": 70_000}
    return TaskDone(worker=worker, **{**plain, "wait_ms": 1_000, "fate": "kept", "energy_uj": 7, **more})


one_task = st.builds(
    task,
    worker=st.sampled_from("abcdefgh"),
    arm=st.sampled_from(("draft", "draft", "blind", None)),
    active_ms=st.sampled_from((None, 30_000, 60_000, 240_000)),
    review_ms=st.sampled_from((None, 90_000)),
    fate=st.sampled_from(("kept", "edited", "thrown", "none")),
    edit_ratio=st.sampled_from((None, 0.25)),
    reworks=st.sampled_from((False, False, False, True)),
    energy_uj=st.sampled_from((None, 1_000)),
)
some_work = st.lists(st.tuples(st.sampled_from(WEEKS), one_task), max_size=150)


def by_week(work: Iterable[tuple[str, TaskDone]]) -> Work:
    found: Work = defaultdict(list)
    for week, one in work:
        found[week].append(one)
    return found


def told(work: Work) -> list[Block]:
    return list(blocks("desk", work, WEEKS[0], WEEKS[-1]))


def inside(block: Block, work: Work) -> list[TaskDone]:
    return [one for week in span(block.first, block.last) for one in work.get(week, ())]


def fate(one: TaskDone) -> str:
    return "none" if one.arm == "blind" else one.fate


def told_sets(block: Block, tasks: list[TaskDone]) -> list[tuple[str, Callable[[TaskDone], bool]]]:
    """Which tasks each figure of a block is about: written here again, from what the page says of them."""
    fresh = [("tasks", lambda one: not one.reworks)]
    if block.active is not None:
        fresh.append(("active", lambda one: not one.reworks and one.active_ms is not None))
    if block.sides is not None:
        for arm in ("draft", "blind"):
            fresh.append((arm, lambda one, arm=arm: not one.reworks and one.arm == arm and one.active_ms is not None))
    for part in block.fates:
        fresh.append(("fate", lambda one, part=part: not one.reworks and fate(one) in part.fates))
    for name, field in (("energy", "energy_uj"), ("review", "review_ms"), ("wait", "wait_ms")):
        if getattr(block, name) is not None:
            fresh.append((name, lambda one, field=field: not one.reworks and getattr(one, field) is not None))
    if block.edits is not None:
        fresh.append(("edits", lambda one: not one.reworks and one.fate == "edited" and one.edit_ratio is not None))
    if block.corrections is not None:
        fresh.append(("corrections", lambda one: one.reworks))
    if block.correcting is not None:
        fresh.append(("correcting", lambda one: one.reworks and one.active_ms is not None))
    return fresh  # type: ignore[return-value]


@settings(max_examples=100)
@given(some_work)
def test_nothing_that_can_be_worked_out_is_about_fewer_than_five(work: list[tuple[str, TaskDone]]) -> None:
    weeks = by_week(work)
    for block in told(weeks):
        tasks = inside(block, weeks)
        figures = told_sets(block, tasks)
        atoms: dict[tuple[bool, ...], list[str]] = defaultdict(list)
        for one in tasks:
            atoms[tuple(is_in(one) for _, is_in in figures)].append(one.worker)
        for signature, workers in atoms.items():
            if any(signature):  # what no figure is about can be worked out from none
                people = Counter(workers)
                assert len(people) >= FEWEST, signature
                assert max(people.values()) <= LARGEST_SHARE * len(workers)


@settings(max_examples=60)
@given(some_work)
def test_blocks_are_whole_weeks_with_no_task_in_common(work: list[tuple[str, TaskDone]]) -> None:
    weeks = by_week(work)
    found = told(weeks)
    assert all(one.first <= one.last for one in found)
    assert all(one.last < other.first for one, other in pairwise(found))
    assert all(one.last <= WEEKS[-1] for one in found)
    for block in found:
        tasks = [one for one in inside(block, weeks) if not one.reworks]
        assert block.tasks == len(tasks)
        for name, is_in in told_sets(block, inside(block, weeks)):
            about = [one for one in inside(block, weeks) if is_in(one)]
            if name in ("energy", "review", "wait"):
                figure = getattr(block, name)
                field = {"energy": "energy_uj", "review": "review_ms", "wait": "wait_ms"}[name]
                assert (figure.tasks, figure.total) == (len(about), sum(getattr(one, field) for one in about))
            if name in ("draft", "blind"):
                assert getattr(block.sides, name) == times(one.active_ms for one in about if one.active_ms is not None)
        if block.fates:
            assert sum(one.tasks for one in block.fates) == block.tasks


@settings(max_examples=30)
@given(some_work, st.integers(0, len(WEEKS) - 1))
def test_what_was_told_stays_as_weeks_go_by(work: list[tuple[str, TaskDone]], now: int) -> None:
    """Told week after week, or all at once after a stop: the same blocks."""
    weeks = by_week(work)
    early = list(blocks("desk", weeks, WEEKS[0], WEEKS[now]))
    assert told(weeks)[: len(early)] == early
    late = [one for one in told(weeks) if one.last > WEEKS[now]]
    begin = shifted(early[-1].last, 1) if early else WEEKS[0]
    assert list(blocks("desk", weeks, begin, WEEKS[-1])) == late


def test_two_figures_that_are_told_apart_are_not_told_together() -> None:
    """Energy is unknown of five people's tasks, review of six people's: four have both unknown."""
    plain = [task(who) for who in "abcdefgh"] * 2
    both = [task(who, energy_uj=None, review_ms=None) for who in "bcde"]
    one_each = [task("a", energy_uj=None), *(task(who, review_ms=None) for who in "fg")]
    (block,) = told({WEEKS[0]: plain + both + one_each})
    assert block.energy is not None
    assert block.energy.tasks == 18
    assert block.review is None
    (block,) = told({WEEKS[0]: plain + [task(who, review_ms=None) for who in "bcdefg"]})
    assert block.review is not None, "alone, it is told"


def test_a_week_of_four_waits_for_a_fifth() -> None:
    work = {WEEKS[0]: [task(who) for who in "abcd"], WEEKS[1]: [task("e")], WEEKS[2]: [task(who) for who in "abcde"]}
    assert [(one.first, one.last, one.tasks) for one in told(work)] == [
        (WEEKS[0], WEEKS[1], 5),
        (WEEKS[2], WEEKS[2], 5),
    ]


def test_one_person_does_not_make_half_of_a_group() -> None:
    work = {WEEKS[0]: [task(who) for who in "abcde"] + [task("a")] * 4}
    assert told(work) == [], "5 of 9 are the same person's"
    work[WEEKS[1]] = [task("b")]
    assert [one.tasks for one in told(work)] == [10]


def test_both_sides_are_awaited_then_the_rest_is_told_without_them() -> None:
    weekly = [task(who) for who in "abcdef"] + [task("a", arm="blind")]
    (block,) = blocks("desk", dict.fromkeys(WEEKS[:SIDES_WEEKS], weekly), WEEKS[0], WEEKS[SIDES_WEEKS - 1])
    assert (block.first, block.last, block.sides) == (WEEKS[0], WEEKS[SIDES_WEEKS - 1], None)
    assert block.tasks == 7 * SIDES_WEEKS
    assert block.active is not None
    work = {WEEKS[0]: weekly, WEEKS[1]: [task(who, arm="blind") for who in "bcdef"]}
    (block,) = told(work)
    assert block.last == WEEKS[1]
    assert block.sides is not None
    assert (block.sides.draft.tasks, block.sides.blind.tasks) == (6, 6)


def test_what_waited_half_a_year_is_never_told() -> None:
    work = {FIRST: [task("a")] * 3}
    later = shifted(FIRST, WAITING_WEEKS)
    work[later] = [task(who) for who in "bcdef"]
    (block,) = blocks("desk", work, FIRST, later)
    assert block.tasks == 5


def test_ends_of_drafts_of_few_are_told_together() -> None:
    (block,) = told({WEEKS[0]: [task(who) for who in "abcdef"] * 2 + [task("a", fate="thrown")]})
    assert [(one.fates, one.tasks) for one in block.fates] == []
    many = [task(who) for who in "abcdef"] * 2 + [task(who, fate="edited", edit_ratio=0.5) for who in "abc"]
    (block,) = told({WEEKS[0]: [*many, *(task(who, fate="thrown") for who in "def")]})
    assert [(one.fates, one.tasks) for one in block.fates] == [(("kept",), 12), (("edited", "thrown"), 6)]
    assert block.edits is None, "of three people"


def test_several_blocks_are_told_as_one() -> None:
    one = [task(who) for who in "abcdef"] * 2
    weeks = {
        WEEKS[0]: one + [task(who, fate="edited", edit_ratio=0.5) for who in "abcdef"],
        WEEKS[1]: one
        + [task(who, fate="edited", edit_ratio=0.1) for who in "abc"]
        + [task(w, fate="thrown") for w in "def"],
    }
    month = together(told(weeks))
    assert month is not None
    assert (month.first, month.last, month.tasks) == (WEEKS[0], WEEKS[1], 36)
    assert [(part.fates, part.tasks) for part in month.fates] == [(("kept",), 24), (("edited", "thrown"), 12)]
    assert month.edits is not None
    assert (month.edits.tasks, month.edits.mean) == (6, 0.5), "the other week's are of three people"
    assert (month.corrections, month.correcting) == (0, None)
    assert together([]) is None


def test_corrections_are_work_besides() -> None:
    again = [task(who, reworks=True, active_ms=30_000) for who in "abcde"]
    (block,) = told({WEEKS[0]: [task(who) for who in "abcde"] + again})
    assert (block.tasks, block.corrections) == (5, 5)
    assert block.correcting is not None
    assert block.correcting.mean == 30_000
    (block,) = told({WEEKS[0]: [task(who) for who in "abcde"] + again[:2]})
    assert block.corrections is None
    month = together([block, block])
    assert month is not None
    assert month.corrections is None


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4), max_size=6))
def test_parts_that_overlap_are_joined(parts: list[list[str]]) -> None:
    found = joined(parts)
    assert sum(len(one) for one in found) == len(set().union(*found)) if found else not parts
    assert all(any(one.issuperset(part) for one in found) for part in parts)
