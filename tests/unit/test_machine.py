"""machine.toml: read strictly, every refusal with its line and what would do; anything else never a surprise."""

from __future__ import annotations

import contextlib
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import SettingsError
from affouage.footprint.machine import Machine, read_machine
from affouage.units import Interval

TODAY = "2026-11-22"
HEAD = """[machine]
id = "tower"
name = "La tour du local"
acquired = 2024-05-01
age_years = 4
planned_years = 4.5
commons_share = 0.25
price_eur = 900
"""


def read(text: str) -> Machine:
    return read_machine(text, today=TODAY)


def test_a_second_hand_pc_with_two_cards() -> None:
    found = read(
        HEAD
        + """
[[part]]
kind = "gpu"
model = "NVIDIA GeForce RTX 3090"
count = 2

[[part]]
kind = "computer"
model = "desktop"
"""
    )
    assert (found.id, found.acquired, found.age_years, found.planned_years) == ("tower", "2024-05-01", 4.0, 4.5)
    assert (found.commons_share, found.price_eur, found.retired) == (0.25, 900.0, None)
    card, pc = found.parts
    assert (card.kind, card.model, card.count) == ("gpu", "GeForce RTX 3090", 2)
    assert (card.basis, card.quality) == ("gpu model, facts estimated", "estimated")
    assert "ADEME" in card.source
    assert "2.2 kg" in card.facts["mass"]
    assert pc.gwp_kg == Interval(138.5, 277.0, 554.0)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Machine) == found


def test_a_card_described_by_its_facts() -> None:
    part = "[[part]]\nkind = 'gpu'\nmodel = 'mine'\ndie_mm2 = 471\nvram_gb = 11\nvram_chips = 11\nboard_cm2 = 312.14\n"
    (whole,) = read(HEAD + part + "casing_kg = 0.252\nheatsink_kg = 0.427\nmass_kg = 0.881").parts
    assert whole.gwp_kg is not None
    assert whole.gwp_kg.central == pytest.approx(109.0236, rel=1e-5)
    assert whole.basis == "gpu model"
    (published,) = read(
        HEAD + part + "wafer_mm2 = 1208.49\ncasing_kg = 0.252\nheatsink_kg = 0.427\nmass_kg = 0.881"
    ).parts
    assert published.gwp_kg is not None
    assert published.gwp_kg.central == pytest.approx(109.0236, rel=1e-6)
    (by_power,) = read(HEAD + part + "tdp_w = 250").parts
    assert by_power.gwp_kg is not None
    assert by_power.gwp_kg.high / by_power.gwp_kg.low > whole.gwp_kg.high / whole.gwp_kg.low


def test_declared_figures() -> None:
    text = HEAD + "[[part]]\nkind = 'gpu'\nmodel = 'H100'\ngwp_kg = {}\nsource = 'NVIDIA, PCF H100, 2025'"
    (one,) = read(text.format("164")).parts
    assert (one.gwp_kg, one.quality, one.basis) == (Interval(82.0, 164.0, 328.0), "declared", "declared")
    assert (one.adpe_kg_sb, one.primary_energy_mj) == (None, None), "what is not said is unknown"
    (three,) = read(text.format("[100, 164, 300]")).parts
    assert three.gwp_kg == Interval(100.0, 164.0, 300.0)


def test_the_other_parts_of_a_pc() -> None:
    rows = {
        "motherboard": "",
        "cpu": "die_mm2 = 199\nmodel = 'Ryzen 5 3600'",
        "ram": "gb = 16\ncount = 2",
        "ssd": "gb = 1000",
        "hdd": "",
        "psu": "mass_kg = 2.1",
        "case": "",
    }
    text = HEAD + "".join(f"\n[[part]]\nkind = '{kind}'\n{more}\n" for kind, more in rows.items())
    found = read(text)
    assert [part.kind for part in found.parts] == list(rows)
    assert all(part.gwp_kg is not None and part.source for part in found.parts)


def part(text: str) -> str:
    return f"{HEAD}\n[[part]]\n{text}"


REFUSED = {
    "nothing": ("", 1, r"\[machine\]"),
    "no id": ("[machine]\nacquired = 2020-01-01\nplanned_years = 3", 1, "id"),
    "bad id": ("[machine]\nid = 'la tour'\nacquired = 2020-01-01\nplanned_years = 3", 2, "id"),
    "no day": ("[machine]\nid = 'x'\nplanned_years = 3", 1, "acquired"),
    "future": (HEAD.replace("2024-05-01", "2026-11-23"), 4, "future"),
    "no such day": (HEAD.replace("2024-05-01", "'2024-02-30'"), 4, "no day"),
    "a moment": (HEAD.replace("2024-05-01", "2024-05-01T10:00:00"), 4, "no day"),
    "too old a day": (HEAD.replace("2024-05-01", "1950-05-01"), 4, "so old"),
    "retired first": (HEAD + "retired = 2023-01-01", 9, "before"),
    "retired later": (HEAD + "retired = 2027-01-01", 9, "future"),
    "absurd age": (HEAD.replace("age_years = 4", "age_years = 400"), 5, "age_years = 400"),
    "negative age": (HEAD.replace("age_years = 4", "age_years = -1"), 5, "age_years = -1"),
    "not a number": (HEAD.replace("age_years = 4", "age_years = nan"), 5, "age_years = nan"),
    "true is no number": (HEAD.replace("age_years = 4", "age_years = true"), 5, "age_years = True"),
    "no plan": (HEAD.replace("planned_years = 4.5\n", ""), 1, "planned_years is missing"),
    "no life": (HEAD.replace("4.5", "0"), 6, "planned_years = 0"),
    "for ever": (HEAD.replace("4.5", "inf"), 6, "planned_years = inf"),
    "share": (HEAD.replace("0.25", "1.5"), 7, "commons_share = 1.5"),
    "no share": (HEAD.replace("0.25", "0"), 7, "commons_share = 0"),
    "percent": (HEAD.replace("0.25", "'25 %'"), 7, "commons_share"),
    "price": (HEAD.replace("900", "-900"), 8, "price_eur = -900"),
    "unknown key": (HEAD + "owner = 'Claude'", 9, "owner"),
    "unknown table": (HEAD + "\n[parts]\n", 10, "parts"),
    "one bracket": (HEAD + "\n[part]\nkind = 'hdd'", 10, "two brackets"),
    "no kind": (part("model = 'RTX 3090'"), 10, "without kind"),
    "unknown kind": (part("kind = 'fan'"), 11, "'fan'"),
    "unknown card": (part("kind = 'gpu'\nmodel = 'RTX 3095'"), 12, "RTX 3095"),
    "which memory": (part("kind = 'gpu'\nmodel = 'RTX 4060 Ti'"), 10, "8 or 16 GB"),
    "wrong memory": (part("kind = 'gpu'\nmodel = 'RTX 3090'\nvram_gb = 12"), 13, "24 GB"),
    "card without name": (part("kind = 'gpu'"), 10, "without model"),
    "negative mass": (part("kind = 'psu'\nmass_kg = -2"), 12, "mass_kg = -2"),
    "negative mass of a card": (
        part("kind = 'gpu'\ndie_mm2 = 300\nvram_gb = 8\nvram_chips = 8\nmass_kg = -1"),
        15,
        "-1",
    ),
    "chip": (part("kind = 'gpu'\ndie_mm2 = 4000\nvram_gb = 8\nvram_chips = 8\nmass_kg = 1"), 12, "die_mm2 = 4000"),
    "card without mass": (part("kind = 'gpu'\ndie_mm2 = 300\nvram_gb = 8\nvram_chips = 8"), 12, "mass_kg or tdp_w"),
    "half a chip": (part("kind = 'gpu'\ndie_mm2 = 300\nvram_gb = 8\nvram_chips = 7.5"), 14, "vram_chips = 7.5"),
    "memory in one chip": (
        part("kind='gpu'\ndie_mm2=300\nvram_gb=800\nvram_chips=1\nmass_kg=1\nboard_cm2=200"),
        12,
        "mm2",
    ),
    "heavier inside": (
        part("kind='gpu'\ndie_mm2=300\nvram_gb=8\nvram_chips=8\nmass_kg=1\nheatsink_kg=2\nboard_cm2=200"),
        15,
        "whole card",
    ),
    "no memory size": (part("kind = 'ram'"), 11, "gb"),
    "no such computer": (part("kind = 'computer'\nmodel = 'mainframe'"), 12, "mainframe"),
    "no source": (part("kind = 'gpu'\ngwp_kg = 100"), 10, "source"),
    "free": (part("kind = 'gpu'\ngwp_kg = 0\nsource = 'me'"), 12, "gwp_kg = 0"),
    "upside down": (part("kind = 'gpu'\ngwp_kg = [3, 2, 1]\nsource = 'me'"), 12, "low, central, high"),
    "two bounds": (part("kind = 'gpu'\ngwp_kg = [1, 2]\nsource = 'me'"), 12, "low, central, high"),
    "no parts at all": (part("kind = 'hdd'\ncount = 0"), 12, "count = 0"),
    "part of what": (part("kind = 'motherboard'\nwatts = 3"), 12, "watts"),
    "twice": (part("kind='computer'\nmodel='desktop'\n\n[[part]]\nkind='motherboard'"), 15, "contains it already"),
    "long word": (part(f"kind = '{'x' * 400}'"), 11, "no line of text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_line_and_a_remedy(case: str) -> None:
    text, line, words = REFUSED[case]
    with pytest.raises(SettingsError) as refused:
        read(text)
    assert refused.value.code == "machine_file"
    assert refused.value.remedy
    assert f"machine.toml, line {line}: " in refused.value.message
    assert re.search(re.escape(words) if "[" not in words else words, str(refused.value)), str(refused.value)


@pytest.mark.parametrize("text", ["x = [", "[machine]\n[machine]", "a" * 200_000, "x = " + "[" * 5000, "\x00"])
def test_no_toml(text: str) -> None:
    with pytest.raises(SettingsError):
        read(text)


def test_it_may_have_come_and_gone_today() -> None:
    found = read(HEAD.replace("2024-05-01", TODAY) + f"retired = {TODAY}")
    assert (found.acquired, found.retired) == (TODAY, TODAY)


def test_without_today_nothing_is_said_of_the_future() -> None:
    assert read_machine(HEAD.replace("2024-05-01", "2090-01-01")).acquired == "2090-01-01"


LINES = st.sampled_from(
    [
        *HEAD.splitlines(),
        *("[[part]]", "[part]", "kind = 'gpu'", "kind = 'ram'", "kind = 'computer'", "model = 'desktop'", "gb = 1e308"),
        *("model = 'RTX 3090'", "count = 2", "die_mm2 = 1", "vram_gb = 0.1", "vram_chips = 128", "mass_kg = 1"),
        *(
            "gwp_kg = 1e7",
            "gwp_kg = [1, 1, 1]",
            "source = 'x'",
            "count = -9223372036854775809",
            "part = 3",
            "tdp_w = 5",
        ),
        *("length_mm = 30", "height_mm = 30", "acquired = 0001-01-01", "id = []", "machine.id = 'x'", "gb = 0x10"),
        *("[[part.x]]", "kind = {a = 1}", "count = " + "9" * 4999, "price_eur = " + "9" * 400, "retired = 12:30:00"),
    ]
)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=14).map("\n".join))
def test_any_lines_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        found = read(text)
        for one in found.parts:
            assert one.count >= 1
            assert one.gwp_kg is None or one.gwp_kg.low > 0


@settings(max_examples=200)
@given(st.text(max_size=200) | st.text(max_size=60).map(lambda more: HEAD + "[[part]]\nkind = 'gpu'\n" + more))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        read(text)
