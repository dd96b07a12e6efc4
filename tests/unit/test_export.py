"""CSV and JSON of a report: what was known comes back as it was, what was not stays empty."""

from __future__ import annotations

import csv
import io
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.export import COLUMNS, rows, to_csv, to_json
from affouage.footprint.report import Day, Embodied, Line, Mine, Report, Restated, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

AMOUNTS = st.integers(0, 10**18)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    return Interval(*sorted(draw(st.lists(st.floats(0, 1e9), min_size=3, max_size=3))))


MAYBE = st.none() | intervals()
IMPACTS = st.builds(
    Impacts, gwp_g=MAYBE, water_l=MAYBE, adpe_g_sb=MAYBE, primary_energy_mj=MAYBE, at_least=st.booleans()
)


@st.composite
def sums(draw: st.DrawFn) -> Sum:
    energy, known = draw(AMOUNTS), draw(st.booleans())
    return Sum(
        energy_uj=energy if known else 0,
        interval_uj=Interval(energy // 2, energy, energy * 2) if known else None,
        quality="declared" if known else "unknown",
        at_least=draw(st.booleans()),
        use=draw(IMPACTS),
        cost_eur=draw(MAYBE),
    )


LINES = st.lists(
    st.builds(Line, key=st.text(max_size=12), requests=st.none() | AMOUNTS, tokens_decoded=AMOUNTS, sum=sums()),
    max_size=3,
).map(tuple)
DAYS = st.lists(
    st.builds(
        Day,
        day=st.dates().map(str),
        requests=AMOUNTS,
        energy_uj=AMOUNTS,
        requests_uj=AMOUNTS,
        idle_uj=AMOUNTS,
        unattributed_uj=AMOUNTS,
        contended_uj=AMOUNTS,
        gap_s=AMOUNTS,
        at_least=st.booleans(),
    ),
    max_size=3,
).map(tuple)
REPORTS = st.builds(
    Report,
    period=st.just("2026-10"),
    t0_ms=AMOUNTS,
    t1_ms=AMOUNTS,
    closed=st.booleans(),
    members=AMOUNTS,
    requests=AMOUNTS,
    total=sums(),
    to_requests=sums(),
    idle=sums(),
    unattributed=sums(),
    contended=sums(),
    losses=sums(),
    pot=sums(),
    gap_s=AMOUNTS,
    embodied=st.builds(Embodied, total=IMPACTS, to_requests=IMPACTS, to_pot=IMPACTS),
    days=DAYS,
    models=LINES,
    workshops=LINES,
    machines=LINES,
    uses=LINES,
    limits=st.just(()),
    fixed_cost_eur=MAYBE,
    factor_sets=st.just(("set",)),
    pot_sharing=st.just("kept"),
    restated=st.just(
        (Restated(entry_seq=3, old_sets=("a",), new_set="b", reason="=1+1", at_ms=1, old=Impacts(), new=Impacts()),)
    ),
    mine=st.none()
    | st.builds(
        Mine, requests=AMOUNTS, use=sums(), keeping_on=st.none() | sums(), keeping_on_if_equal=st.none() | sums(),
        embodied=IMPACTS, cost_eur=MAYBE, cost_at_least=st.booleans(),
    ),
)  # fmt: skip


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _meant(cell: str) -> str:
    """What a reader of the file makes of a text: the apostrophe only keeps spreadsheets from computing."""
    return cell.removeprefix("'")


@given(REPORTS)
def test_csv_comes_back_as_it_was(report: Report) -> None:
    back, meant = _read(to_csv(report)), list(rows(report))
    assert len(back) == len(meant)
    for row, cells in zip(back, meant, strict=True):
        assert tuple(row) == COLUMNS
        for column in COLUMNS:
            cell = cells.get(column)
            if cell is None:
                assert row[column] == ""
            elif isinstance(cell, str):
                assert _meant(row[column]) == cell
            else:
                assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", row[column])
                assert type(cell)(row[column]) == cell


@given(REPORTS)
def test_no_cell_is_a_formula(report: Report) -> None:
    for row in _read(to_csv(report)):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell)


@given(REPORTS)
def test_json_comes_back_as_it_was(report: Report) -> None:
    assert msgspec.json.decode(to_json(report), type=Report) == report


def _one(**more: object) -> Report:
    unknown = Impacts()
    whole: dict[str, object] = {
        "period": "2026-10", "t0_ms": 0, "t1_ms": 1, "closed": False, "members": 1, "requests": 2,
        **{name: Sum() for name in ("total", "to_requests", "idle", "unattributed", "contended", "losses")},
        "gap_s": 0, "embodied": Embodied(total=unknown, to_requests=unknown, to_pot=unknown), "days": (),
        "models": (), "workshops": (), "machines": (), "uses": (), "limits": (), "fixed_cost_eur": None,
        "factor_sets": (), "pot_sharing": "kept",
    }  # fmt: skip
    return Report(**{**whole, **more})  # type: ignore[arg-type]


def test_what_is_unknown_is_empty_and_zero_is_zero() -> None:
    total, *_ = _read(to_csv(_one()))
    assert (total["energy_uj"], total["energy_kwh"], total["carbon_g_co2e"], total["cost_eur"]) == ("", "", "", "")
    assert total["energy_quality"] == "unknown"
    none = Sum(energy_uj=0, interval_uj=Interval(0, 0, 0), quality="measured")
    total, *_ = _read(to_csv(_one(total=none)))
    assert (total["energy_uj"], total["energy_kwh"]) == ("0", "0.0")


def test_units_stand_in_the_header_and_the_point_is_a_point() -> None:
    uj = Interval(1, 3_600_000, 3_600_000_000_000)
    text = to_csv(_one(total=Sum(energy_uj=3_600_000, interval_uj=uj, quality="measured", at_least=True)))
    assert text.startswith("period,table,name,requests,tokens_decoded,energy_uj,energy_kwh_low,energy_kwh,")
    assert text.count("\r\n") == len(text.splitlines())
    total, *_ = _read(text)
    assert (total["energy_kwh"], total["energy_kwh_high"], total["at_least"]) == ("0.000001", "1.0", "yes")
    assert "e" not in total["energy_kwh_low"]


def test_names_are_quoted_when_they_must() -> None:
    names = ["a,b", 'say "x"', "two\nlines", "=HYPERLINK(1)", "'already", "-1+2", "@SUM", "plain"]
    lines = tuple(Line(key=name, requests=1) for name in names)
    back = [row["name"] for row in _read(to_csv(_one(models=lines))) if row["table"] == "model"]
    assert [_meant(name) for name in back] == names
    assert back[3] == "'=HYPERLINK(1)"
