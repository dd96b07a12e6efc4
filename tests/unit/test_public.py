"""What everybody may see tells of no group under five, whatever is subtracted from what."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.balance import add_sums
from affouage.footprint.public import FEWEST, OTHER, Cell, People, grouping, public, published
from affouage.footprint.report import Embodied, Line, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

FIELDS = ("models", "workshops", "machines", "uses")


def _sum(uj: int) -> Sum:
    return Sum(energy_uj=uj, interval_uj=Interval(uj, uj, uj), quality="measured")


def _report(spent: dict[Cell, int], **more: object) -> Report:
    """A report of cells that used so many microjoules."""

    def lines(field: int, *, but: str | None = None) -> tuple[Line, ...]:
        keys = sorted({cell[field] for cell in spent} - {but})
        found = {key: [uj for cell, uj in spent.items() if cell[field] == key] for key in keys}
        return tuple(Line(key=key, requests=len(those), sum=_sum(sum(those))) for key, those in found.items())

    whole = sum(spent.values())
    figures: dict[str, object] = {
        "period": "2026-10",
        "t0_ms": 0,
        "t1_ms": 1,
        "closed": False,
        "members": 200,
        "requests": len(spent),
        "total": _sum(whole + 1000),
        "to_requests": _sum(whole),
        "idle": _sum(1000),
        "unattributed": _sum(0),
        "contended": _sum(0),
        "losses": _sum(sum(uj for cell, uj in spent.items() if cell.lost)),
        "gap_s": 0,
        "embodied": Embodied(total=Impacts(), to_requests=Impacts(), to_pot=Impacts()),
        "days": (),
        "models": lines(0),
        "workshops": lines(1),
        "machines": lines(2),
        "uses": lines(3, but=""),
        "limits": (),
        "fixed_cost_eur": None,
        "factor_sets": (),
        "pot_sharing": "kept",
    }
    return Report(**{**figures, **more})  # type: ignore[arg-type]


CELLS = st.builds(
    Cell,
    st.sampled_from(["small", "large", "vision"]),
    st.sampled_from(["web", "explain", "speech"]),
    st.sampled_from(["tower", "laptop"]),
    st.sampled_from(["", "", "", "accessibility", "emergency"]),
    st.sampled_from(["", "", "", "lost"]),
)
PEOPLE = st.dictionaries(CELLS, st.frozensets(st.integers(0, 30).map(str), max_size=14), min_size=1, max_size=10)


def _crowd(people: Iterable[frozenset[str]]) -> int:
    return len(frozenset().union(*people))


@given(PEOPLE)
def test_every_published_cell_is_of_five_people(people: People) -> None:
    if _crowd(people.values()) < FEWEST:
        assert public(_report(dict.fromkeys(people, 1)), people) is None
        return
    cells = published(people, grouping(people))
    assert all(len(those) >= FEWEST for those in cells.values())
    assert frozenset().union(*cells.values()) == frozenset().union(*people.values())


@given(PEOPLE, st.integers(0, 2**32))
def test_no_subtraction_of_lines_tells_of_fewer(people: People, seed: int) -> None:
    """Brute force: any sum and difference of figures shown, that happens to be some requests and not the others.

    Each cell uses a power of a hundred, so that a figure says which cells are in it, and how often.
    """
    spent = {cell: 100**i for i, cell in enumerate(sorted(people))}
    report = public(_report(spent), people)
    if report is None:
        return
    shown = [report.total.energy_uj - report.idle.energy_uj]
    shown += [one.sum.energy_uj for name in FIELDS for one in getattr(report, name) if one.sum]
    shown += [report.losses.energy_uj] if report.losses.interval_uj else []
    shown = sorted(set(shown))
    if len(shown) > 9:
        shown = random.Random(seed).sample(shown, 9)
    for signs in itertools.product((-1, 0, 1), repeat=len(shown)):
        digits = _digits(sum(sign * uj for sign, uj in zip(signs, shown, strict=True)), len(spent))
        if digits is None or not any(digits):
            continue
        crowd = _crowd(people[cell] for cell, there in zip(sorted(people), digits, strict=True) if there)
        assert crowd >= FEWEST, (signs, shown)


def _digits(value: int, cells: int) -> list[int] | None:
    """The cells in a figure, once each; None when it is not a plain sum of cells."""
    found = []
    for _ in range(cells):
        value, digit = divmod(value, 100)
        if digit > 1:
            return None
        found.append(digit)
    return found if value == 0 else None


@given(PEOPLE)
def test_lines_still_add_up(people: People) -> None:
    spent = {cell: 7 * i + 1 for i, cell in enumerate(sorted(people))}
    before = _report(spent)
    report = public(before, people)
    if report is None:
        return
    for name in ("models", "workshops", "machines"):
        sums = [one.sum for one in getattr(report, name) if one.sum]
        assert add_sums(sums).energy_uj == report.to_requests.energy_uj == before.to_requests.energy_uj
        keys = [one.key for one in getattr(report, name)]
        assert len(keys) == len(set(keys))


def _people(**lines: str) -> People:
    """``small="abcde"``: five people used that model."""
    return {Cell(model, "web", "tower", "", ""): frozenset(those) for model, those in lines.items()}


def _models(people: People) -> list[str]:
    report = public(_report(dict.fromkeys(people, 1)), people)
    return [] if report is None else sorted(one.key for one in report.models)


def test_lines_of_five_people_stay() -> None:
    assert _models(_people(small="abcde", large="defgh")) == ["large", "small"]


def test_few_people_are_merged() -> None:
    assert _models(_people(small="abcdefghij", large="ab", vision="cde")) == [OTHER, "small"]


def test_one_small_line_takes_a_large_one_with_it() -> None:
    """Else the total less the others would tell of it."""
    assert _models(_people(small="abcdefghij", large="klmno", vision="ab")) == [OTHER, "small"]


def test_the_same_four_people_in_two_lines_are_four() -> None:
    assert _models(_people(small="abcdefghij", large="abcd", vision="abcd")) == [OTHER]


def test_a_workshop_less_a_model_is_somebody() -> None:
    """Six people transcribe, five of them with one model: the sixth shows as a difference of two lines of five."""
    people = {
        Cell("whisper", "speech", "tower", "", ""): frozenset("abcde"),
        Cell("large", "speech", "tower", "", ""): frozenset("f"),
        Cell("large", "web", "tower", "", ""): frozenset("ghijklm"),
    }
    report = public(_report(dict.fromkeys(people, 1)), people)
    assert report is not None
    told = {name: sorted(one.key for one in getattr(report, name)) for name in FIELDS}
    assert len(told["models"]) == 1 or len(told["workshops"]) == 1


def test_fewer_than_five_in_all_is_nothing() -> None:
    people = _people(small="abcd", large="abcd")
    assert public(_report(dict.fromkeys(people, 1)), people) is None


def test_what_is_left_out() -> None:
    people = _people(small="abcdefgh")
    lost = {**people, Cell("small", "web", "tower", "", "lost"): frozenset("a")}
    report = public(_report(dict.fromkeys(lost, 5), unsettled_uj=3, pot=_sum(9)), lost)
    assert report is not None
    assert (report.public, report.days, report.mine, report.unsettled_uj) == (True, (), None, 0)
    assert report.losses.interval_uj is None
    assert report.pot.interval_uj is None
    assert (report.idle.energy_uj, report.to_requests.energy_uj) == (1003, 7)
