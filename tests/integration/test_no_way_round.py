"""Once the members decide, nobody changes a rule alone: by no page, no route, no command, no file, no line of SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from affouage import settings
from affouage.assembly.member import Member, Role
from affouage.cli import main
from affouage.errors import AffouageError, RuleRefused
from affouage.rulebook import AREAS
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.assembly_house import GOVERNANCE, assembly_house


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("no_way") / "home"
    with serving(settings.read({}, home=home), engines=[EchoEngine("echo")]) as found:
        found.run(found.commons.accounts.add_member("Odile", Role.OPERATOR))
        found.run(found.commons.accounts.add_member("Ali", Role.MEMBER))
        found.run(found.commons.assembly.found("tests", {"governance": GOVERNANCE}))
        yield found


def everything(live: LiveCommons) -> dict[str, Any]:
    return {area: live.commons.charter.in_force(area) for area in AREAS}


def someone(live: LiveCommons, name: str) -> Member:
    return live.run(live.commons.accounts.find(name))


@pytest.mark.parametrize("area", sorted(AREAS))
def test_no_rule_is_enacted_without_a_vote(live: LiveCommons, area: str) -> None:
    before = everything(live)
    with pytest.raises(RuleRefused) as refused:
        live.run(live.commons.charter.enact(area, AREAS[area].default, "Odile", "My way"))
    assert refused.value.code == "assembly_decides"
    assert "/assembly/propose" in refused.value.remedy
    assert everything(live) == before


_COMMANDS = (
    ("footprint", "budget", "set", "--commons-day-kwh", "2", "--reason", "r"),
    ("footprint", "budget", "hours", "23:00", "6:00", "--reason", "r"),
    ("footprint", "budget", "pot", "equal", "--reason", "r"),
    ("footprint", "budget", "remove", "--all", "--reason", "r"),
    ("pool", "share", "set", "--role", "member=50", "--reason", "r"),
    ("pool", "confidentiality", "set", "--most", "local", "--default", "local", "--reason", "r"),
    ("members", "role", "Ali", "operator"),
    ("assembly", "found", "--preset", "informal", "--yes"),
)


@pytest.mark.parametrize("words", _COMMANDS, ids=lambda words: " ".join(words[:3]))
def test_no_command_changes_a_rule_or_gives_a_role(live: LiveCommons, words: tuple[str, ...]) -> None:
    before = everything(live)
    result = CliRunner().invoke(main, list(words), env={"AFFOUAGE_HOME": str(live.commons.settings.home)})
    assert result.exit_code == 2, result.output
    live.commons.charter.refresh()
    assert everything(live) == before
    assert someone(live, "Ali").role is Role.MEMBER


def test_no_role_is_given_without_a_vote(live: LiveCommons) -> None:
    odile, ali = someone(live, "Odile"), someone(live, "Ali")
    for by in (odile, None):
        with pytest.raises(AffouageError):
            live.run(live.commons.accounts.set_role(by, ali.id, Role.OPERATOR))
        with pytest.raises(AffouageError):
            live.run(live.commons.accounts.add_member(f"Friend {by is None}", Role.OPERATOR, by=by))
        with pytest.raises(AffouageError):
            live.run(live.commons.accounts.invite(Role.STEWARD, by))


def test_no_route_takes_a_rule(live: LiveCommons) -> None:
    """Every address that takes something, as an operator, with the fields that a rule could be slipped in by."""
    odile = someone(live, "Odile")
    _, key = live.run(
        live.commons.accounts.create_key(odile, "t", frozenset({"inference", "receipts", "account"}), None)
    )
    before = everything(live)
    fields = {"closed_from": "01:00", "closed_until": "02:00", "area": "hours", "rule": "hours", "document": "{}"}
    with httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {key}"}, trust_env=False) as http:
        for path in (
            "/commons",
            "/coupe",
            "/machines",
            "/assembly",
            "/assembly/propose",
            "/members",
            "/rules",
            "/prefix",
        ):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = http.request(method, path, json=fields)
                assert answer.status_code >= 400, (method, path, answer.status_code)
    assert everything(live) == before


def test_the_settings_only_take_away(live: LiveCommons, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with assembly_house(home) as house:
        house.found()
        house.adopt("retention", conversations=10)
        house.adopt("confidentiality", most="collective", default="local")
    (home / "settings.toml").write_text(
        '[commons]\nkeep_days = 200\n[safety]\nreach_most = "everyone"\nkeep_days = 300\n', encoding="utf-8"
    )
    with serving(settings.read({}, home=home), engines=[EchoEngine("echo")]) as served:
        assert served.commons.keeping().conversations == 10
        key = served.api_key("Ali")
        body = {
            "model": "echo",
            "messages": [{"role": "user", "content": "un"}],
            "affouage": {"confidentiality": "everyone"},
        }
        answer = httpx.post(
            f"{served.url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {key}"},
            trust_env=False,
            timeout=30,
        )
        assert answer.status_code == 400, answer.text


_BY_SQL = (
    "UPDATE rule_version SET body = '{}'",
    "DELETE FROM assembly_event WHERE kind = 'founded'",
    "INSERT INTO rule_version (area, version, in_force_ms, body, decided_by, reason) "
    "VALUES ('hours', 9, 1, '{\"closed_from\":\"01:00\",\"closed_until\":\"02:00\"}', 'me', 'why')",
    "INSERT INTO assembly_event (seq, at_ms, kind, body) SELECT max(seq) + 1, 1, 'mandate_granted', json_object("
    "'id', 9, 'member_id', 'x', 'scope', 'operator', 'from_ms', 0, 'until_ms', 99, 'proposal_id', null) "
    "FROM assembly_event",
    "UPDATE member SET role = 'operator'",
)


@pytest.mark.parametrize("statement", _BY_SQL)
def test_what_a_line_of_sql_does_is_not_applied_or_is_found(home: Path, statement: str) -> None:
    with assembly_house(home) as house:
        house.found()
        house.adopt("pot", sharing="equal")
        before = {area: house.charter.in_force(area) for area in AREAS}
        assert house.problems() == []
        house.db.write_now(lambda c: c.execute(text(statement)))
        house.open()
        assert {area: house.charter.in_force(area) for area in AREAS} == before, "the log counts, not the row"
        assert house.problems() != []


def test_undoing_the_founding_by_sql_does_not_bring_the_seeds_back(home: Path) -> None:
    with assembly_house(home) as house:
        house.found()
        house.db.write_now(lambda c: c.execute(text("DELETE FROM assembly_event")))
        house.open()
        with pytest.raises(AffouageError):
            asyncio.run(house.charter.enact("hours", AREAS["hours"].default, "me", "why"))
