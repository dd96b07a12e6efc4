"""*Inviter*: a member's own door, opened and closed by the rules, over real HTTP; leaving, by a page that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from affouage import settings
from affouage.assembly.member import Role
from affouage.assembly.rules.membership import MembershipRules
from affouage.pool.machine_rules import MachineRules
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.web_visitor import Visitor, words


@pytest.fixture
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("web-invite") / "home"
    with serving(
        settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}, home=home), engines=[EchoEngine("echo")]
    ) as it:
        yield it


def test_a_member_invites_once_the_rule_says_so_and_only_as_a_member(live: LiveCommons) -> None:
    visitor = Visitor(live)
    visitor.join("Ali")
    page = visitor.get("/invite")
    assert page.status_code == 200
    assert "votre rôle ne le permet pas" in words(page.text)
    assert visitor.get("/members").status_code == 403
    live.run(live.commons.assembly.found(rules={"membership": MembershipRules(invite="member")}))
    made = visitor.submit(visitor.get("/invite").text, "/invite/person")
    assert made.status_code == 200
    assert "/join/" in made.text
    assert "membre" in words(made.text)


def test_the_machine_of_a_member(live: LiveCommons) -> None:
    visitor = Visitor(live)
    visitor.join("Ali")
    assert "ne peut" in words(visitor.get("/invite").text)
    live.run(live.commons.assembly.found(rules={"machines": MachineRules(enrol="nobody")}))
    token = visitor.get("/account").text
    refused = visitor.submit(token, "/account/name", to="/invite/machine")
    assert refused.status_code == 403
    assert "Aucune machine n’entre pour l’instant" in words(refused.text)


def test_an_account_is_closed_on_the_page_only_for_who_asked(live: LiveCommons) -> None:
    steward, ali = Visitor(live), Visitor(live)
    steward.join("Odile", Role.STEWARD)
    who = ali.join("Ali")
    assert "a demandé à partir" not in words(steward.get("/members").text)
    live.run(live.commons.assembly.found())
    page = steward.get("/members").text
    assert "a demandé à partir" in words(page)
    action = f"/members/{who.id}/deactivate"
    refused = steward.submit(page, action)
    assert refused.status_code == 403
    assert "demande un vote" in words(refused.text)
    assert steward.submit(page, action, asked="1").status_code == 303
    assert not live.run(live.commons.accounts.member(who.id)).active
