"""What an owner lends, and when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest, SettingsError
from affouage.pool.nodes.policy import (
    closed_reason,
    hours_text,
    lends,
    read_hours,
    read_models,
    shared_slots,
    slots_for_others,
    with_changes,
    within,
)
from affouage.pool.nodes.policy_file import KeptPolicy, PolicyFile
from affouage.pool.nodes.wire import Policy

NOON, MIDNIGHT = 12 * 60, 0


def hour(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


@pytest.mark.parametrize(
    ("now", "is_open"),
    [("19:59", False), ("20:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_hours_pass_midnight(now: str, is_open: bool) -> None:
    policy = Policy(hours=(("20:00", "07:00"),))
    assert within(policy.hours, hour(now)) is is_open
    assert closed_reason(policy, minute=hour(now), watts=None) == ("" if is_open else "hours")


def test_no_hours_is_always_and_an_hour_to_itself_is_all_day() -> None:
    assert all(within((), minute) for minute in range(1440))
    assert all(within((("08:00", "08:00"),), minute) for minute in range(1440))


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), min_size=1, max_size=4), st.integers(0, 1439))
def test_within_is_what_walking_through_the_day_says(spans: list[tuple[int, int]], minute: int) -> None:
    hours = [(f"{a // 60:02d}:{a % 60:02d}", f"{b // 60:02d}:{b % 60:02d}") for a, b in spans]
    opened = set[int]()
    for start, end in spans:
        opened |= {(start + step) % 1440 for step in range((end - start) % 1440 or 1440)}
    assert within(hours, minute) == (minute in opened)


def test_the_reason_that_holds_longest_comes_first() -> None:
    shut = Policy(paused=True, hours=(("20:00", "07:00"),), power_cap_w=100)
    assert closed_reason(shut, minute=NOON, watts=500, draining=True) == "draining"
    assert closed_reason(shut, minute=NOON, watts=500) == "paused"
    awake = with_changes(shut, paused=False)
    assert closed_reason(awake, minute=NOON, watts=500) == "hours"
    assert closed_reason(awake, minute=MIDNIGHT, watts=500) == "power"
    assert closed_reason(awake, minute=MIDNIGHT, watts=99.9) == ""
    assert closed_reason(awake, minute=MIDNIGHT, watts=99.9, owner_waits=True) == "owner"
    assert closed_reason(with_changes(awake, owner_first=False), minute=MIDNIGHT, watts=9, owner_waits=True) == ""


def test_a_cap_that_cannot_be_seen_to_hold_closes() -> None:
    assert closed_reason(Policy(power_cap_w=100), minute=NOON, watts=None) == "power"
    assert closed_reason(Policy(), minute=NOON, watts=None) == ""


@given(st.integers(0, 4096), st.integers(0, 100))
def test_a_share_is_never_more_than_its_percentage_but_for_the_first(slots: int, percent: int) -> None:
    lent = shared_slots(slots, percent)
    assert 0 <= lent <= slots
    assert lent == 0 if not (slots and percent) else lent == 1 or lent * 100 <= slots * percent
    assert slots_for_others(Policy(max_share_percent=percent), slots, minute=NOON, watts=None) == lent
    assert slots_for_others(Policy(max_share_percent=percent, paused=True), slots, minute=NOON, watts=None) == 0


def test_models() -> None:
    assert lends(Policy(), "any")
    assert lends(Policy(models=("a", "b")), "b")
    assert not lends(Policy(models=("a", "b")), "c")
    assert read_models("a, b,a") == ("a", "b")
    assert read_models("all") == read_models("tous") == read_models("") == ()
    with pytest.raises(BadRequest):
        read_models("a,../b")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("20:00-07:00", (("20:00", "07:00"),)),
        (" 8:00 - 9:30 , 20h-24h ", (("08:00", "09:30"), ("20:00", "00:00"))),
        ("20h00–7h00", (("20:00", "07:00"),)),
        ("always", ()),
        ("", ()),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, read: tuple[tuple[str, str], ...]) -> None:
    assert read_hours(text) == read
    assert read_hours(hours_text(read)) == read
    assert with_changes(Policy(), hours=read).hours == read


@pytest.mark.parametrize(
    "text", ["20", "25:00-07:00", "20:60-07:00", "20:00", "20:00-", "a-b", "08:00-12:00,11:00-13:00"]
)
def test_hours_that_are_none_say_what_would_work(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_hours(text)
    assert ":" in refused.value.remedy


@pytest.mark.parametrize("change", [{"power_cap_w": 0}, {"max_share_percent": 101}, {"max_share_percent": -1}])
def test_figures_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        with_changes(Policy(), **change)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_nothing_kept_lends_everything(tmp_path: Path) -> None:
    assert PolicyFile(tmp_path).now() == KeptPolicy()


def test_another_process_changes_it_and_it_is_seen(tmp_path: Path) -> None:
    ours = PolicyFile(tmp_path)
    assert not ours.now().policy.paused
    program = (
        "import sys, pathlib, msgspec; from affouage.pool.nodes.policy_file import PolicyFile;"
        "from affouage.pool.nodes.policy import with_changes; "
        "PolicyFile(pathlib.Path(sys.argv[1])).change(lambda kept: "
        "msgspec.structs.replace(kept, policy=with_changes(kept.policy, paused=True)))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert ours.now().policy.paused
    assert ours.path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in ours.path.parent.iterdir()) == [".policy.lock", "policy.json"]


def test_only_a_newer_serial_is_applied_and_own_changes_keep_it(tmp_path: Path) -> None:
    kept = PolicyFile(tmp_path)
    assert kept.apply(Policy(max_share_percent=50), 3)
    assert not kept.apply(Policy(max_share_percent=10), 3)
    assert not kept.apply(Policy(max_share_percent=10), 2)
    kept.change(lambda now: msgspec.structs.replace(now, policy=with_changes(now.policy, paused=True)))
    assert kept.now() == KeptPolicy(policy=Policy(max_share_percent=50, paused=True), serial=3)
    assert kept.apply(Policy(), 4)
    assert PolicyFile(tmp_path).now() == KeptPolicy(serial=4)


@pytest.mark.parametrize("content", [b"", b"{", b'{"policy": {"paused": 1}}', b'{"path": "/"}', b"\xff"])
def test_a_file_that_cannot_be_understood_says_so(tmp_path: Path, content: bytes) -> None:
    kept = PolicyFile(tmp_path)
    kept.path.parent.mkdir()
    kept.path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        kept.now()
    assert "node set" in refused.value.remedy


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    kept = PolicyFile(tmp_path)
    kept.apply(Policy(), 1)
    before = kept.path.stat().st_ino
    kept.change(lambda now: now)
    assert kept.path.stat().st_ino == before


def test_the_owner_reads_and_sets_what_he_lends_without_the_extra(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules |= {'nacl': None, 'nats': None, 'cryptography': None};"
        "from affouage.cli.node_owner import set_, status;"
        "set_(['--max-share', '50'], standalone_mode=False); status(['--json'], standalone_mode=False)"
    )
    environ = {**os.environ, "AFFOUAGE_HOME": str(tmp_path), "AFFOUAGE_LANG": "en"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    assert '"max_share_percent": 50' in done.stdout
