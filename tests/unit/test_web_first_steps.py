"""The first days, line by line, from what is true; and where the navigation leads whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from affouage.web.first_steps import Seen, Step, steps
from affouage.web.language import language
from affouage.web.navigation import navigation
from affouage.web.site import ROOMS

NEW = Seen(
    reader="Odile",
    commons_name="",
    model="Petit",
    model_here=False,
    others_fit=2,
    asked=False,
    founded=False,
    people=1,
    invited=0,
    backup_days=None,
    described=False,
    country="",
    priced=False,
    meter_title="Estimated",
    meter_quality="estimated",
    address="http://127.0.0.1:8420",
    https=False,
    service=False,
)
SETTLED = replace(
    NEW,
    commons_name="Les Amis",
    model_here=True,
    asked=True,
    founded=True,
    people=9,
    backup_days=3,
    described=True,
    country="FRA",
    priced=True,
    meter_quality="measured",
    https=True,
    service=True,
)


def told(seen: Seen, code: str = "en") -> dict[str, Step]:
    return {one.id: one for one in steps(seen, language(code))}


def test_a_new_commons_has_everything_to_do_but_the_account() -> None:
    found = told(NEW)
    assert [one.id for one in found.values() if one.state == "done"] == ["account"]
    assert {one.id for one in found.values() if one.state == "later"} == {"meter", "address", "service"}


def test_a_settled_one_has_nothing_left() -> None:
    assert {one.state for one in told(SETTLED).values()} == {"done"}


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("name", {"commons_name": "Les Amis"}),
        ("model", {"model_here": True}),
        ("question", {"asked": True}),
        ("rules", {"founded": True}),
        ("members", {"people": 2}),
        ("backup", {"backup_days": 7}),
        ("machine", {"described": True}),
        ("electricity", {"country": "FRA", "priced": True}),
        ("meter", {"meter_quality": "measured"}),
        ("address", {"https": True}),
        ("service", {"service": True}),
    ],
)
def test_each_is_done_by_its_own_fact_alone(step: str, change: dict[str, object]) -> None:
    before, after = told(NEW), told(replace(NEW, **change))  # type: ignore[arg-type]
    assert {one for one in before if before[one].state != after[one].state} == {step}
    assert after[step].state == "done"


@pytest.mark.parametrize("code", ["fr", "en"])
def test_whatever_is_left_says_how(code: str) -> None:
    for one in told(NEW, code).values():
        assert one.state == "done" or one.link or one.command or one.lines or one.read, one.id
    for one in told(SETTLED, code).values():
        assert not one.command, "nothing to type once it is done"
        assert not one.lines


def test_an_old_backup_is_to_be_made_again() -> None:
    assert told(replace(SETTLED, backup_days=8))["backup"].state == "open"


def test_only_what_is_missing_of_the_electricity_is_asked() -> None:
    assert told(replace(NEW, country="FRA"))["electricity"].lines == "[footprint]\nprice_eur_per_kwh = 0.25"


# -- navigation --------------------------------------------------------------------------------------------------------

EVERYTHING = frozenset({"steward", "operator", "desk", "moderator"})


@pytest.mark.parametrize("code", ["fr", "en"])
def test_nobody_sees_a_long_row(code: str) -> None:
    for room in ("", *ROOMS):
        seen = navigation(room, EVERYTHING, 3, language(code))
        assert len(seen.sections) <= 6
        assert len(seen.inside) <= 6
    assert len(navigation("", frozenset(), 0, language(code)).sections) == 4


def test_one_is_in_one_place_at_most() -> None:
    for room in ("", *ROOMS):
        seen = navigation(room, EVERYTHING, 0, language("en"))
        assert sum(bool(one.current) for one in seen.sections) <= 1, room
        assert sum(bool(one.current) for one in seen.inside) <= 1, room
        assert bool(seen.inside) <= any(one.current for one in seen.sections)


def test_a_page_within_a_section_is_told_apart_from_its_first_page() -> None:
    first, second = (navigation(room, frozenset(), 0, language("en")) for room in ("coupe", "machines"))
    assert [one.current for one in first.sections] == ["", "", "page", ""]
    assert [one.current for one in second.sections] == ["", "", "true", ""]
    assert [one.href for one in second.inside if one.current] == ["/machines"]


def test_only_who_may_enter_is_shown_the_door() -> None:
    def doors(mandates: frozenset[str]) -> set[str]:
        seen = [navigation(room, mandates, 0, language("en")) for room in ROOMS]
        return {link.href for one in seen for link in (*one.sections, *one.inside)}

    assert doors(EVERYTHING) - doors(frozenset()) == {"/members", "/first-steps", "/desk", "/moderation"}


def test_votes_that_wait_are_counted_beside_the_assembly() -> None:
    seen = navigation("chat", frozenset(), 2, language("fr"))
    assert [(one.href, one.count) for one in seen.sections if one.count] == [("/assembly", 2)]
