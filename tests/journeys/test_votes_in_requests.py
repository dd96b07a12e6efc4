"""What members vote is what requests meet: each rule area proposed, voted, in force, and sought over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from affouage import settings
from affouage.assembly import mandate_book
from affouage.assembly.conversations import Turn
from affouage.assembly.decisions import events as ev
from affouage.assembly.member import Member, Role
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.errors import AffouageError
from affouage.testing import EchoEngine, FixedMeter, LiveCommons, ManualClock, serving

pytestmark = pytest.mark.both_databases

NOON_MS = 1_793_361_600_000
"""30 October 2026, noon UTC."""
AT_ONCE = Profile(deliberation_min=0, notice_min=0, voting_min=60, contest_min=0)
BY_TWO_THIRDS = msgspec.structs.replace(AT_ONCE, method="supermajority", threshold="2/3")
QUICK = GovernanceRules(ordinary=AT_ONCE, reinforced=BY_TWO_THIRDS, entrenched=BY_TWO_THIRDS, persons=AT_ONCE)


class Town:
    """A served commons of three members whose votes close as soon as all have voted."""

    def __init__(self, live: LiveCommons, clock: ManualClock) -> None:
        self.live = live
        self.clock = clock
        self.commons = live.commons
        self.people = [self._join(name, role) for name, role in (("Odile", Role.OPERATOR), ("Ali", Role.MEMBER))]
        self.people.append(self._join("Bea", Role.MEMBER))
        live.run(self.commons.assembly.found("tests", {"governance": QUICK}))
        self.http = {who.name: self._client(who) for who in self.people}
        self.numbers: dict[str, int] = {}

    def _join(self, name: str, role: Role) -> Member:
        who, _ = self.live.run(self.commons.accounts.add_member(name, role))
        return who

    def _client(self, who: Member) -> httpx.Client:
        key = self.live.run(
            self.commons.accounts.create_key(who, "tests", frozenset({"inference", "receipts", "account"}), None)
        )[1]
        return httpx.Client(
            base_url=self.live.url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )

    def adopt(self, area: str, **changes: Any) -> int:
        """Propose a change of a rule, vote it, see it in force; the number of the proposal."""
        document = self.live.run(self.commons.assembly.look(lambda house: house.newest(area)[0]))
        for path, value in changes.items():
            *way, name = path.split("__")
            here = document
            for step in way:
                here = here.setdefault(step, {})
            if value is None:
                here.pop(name, None)
            else:
                here[name] = value
        proposer = self.people[0]
        work = self.commons.assembly.propose_rule(proposer, f"About {area}", "To see it", area, document)
        return self._vote(self.live.run(work))

    def decide(self, about: ev.AnySubject) -> int:
        return self._vote(self.live.run(self.commons.assembly.propose(self.people[1], "Somebody", "Why not", about)))

    def _vote(self, number: int) -> int:
        proposal = self.live.run(self.commons.assembly.proposal(number))
        assert proposal.state == "voting", proposal
        left_out = getattr(proposal.about, "member_id", "") if isinstance(proposal.about, ev.Exclusion) else ""
        for who in self.people:
            if who.id != left_out:
                self.live.run(self.commons.assembly.cast(who, proposal.poll_id or 0, "for"))
        proposal = self.live.run(self.commons.assembly.proposal(number))
        assert proposal.state == "in_force", proposal
        return number

    def ask(self, who: str = "Ali", model: str = "echo", **more: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "un deux trois"}], **more}
        return self.http[who].post("/v1/chat/completions", json=body)

    def receipt(self, answer: httpx.Response, who: str = "Ali") -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = self.http[who].get(f"/v1/receipts/{answer.headers['x-affouage-receipt']}").json()
        return found


@pytest.fixture
def town(home: Path) -> Iterator[Town]:
    clock = ManualClock(NOON_MS)
    home.mkdir(parents=True)
    (home / "settings.toml").write_text('[footprint]\ncountry = "FRA"\nprice_eur_per_kwh = 0.25\n', encoding="utf-8")
    told = settings.read({}, home=home)
    engines = [EchoEngine("echo"), EchoEngine("other")]
    with serving(told, engines=engines, clock=clock, meter=FixedMeter(clock)) as live:
        yield Town(live, clock)


def names_the_vote(answer: httpx.Response, area: str, number: int) -> None:
    """A refusal says which rule, decided when, by which vote."""
    error = answer.json()["error"]
    told = str(error)
    assert f"{area}@" in told, told
    assert "2026-10-30" in told, told
    assert str(number) in told, told


def test_a_model_that_is_no_longer_admitted_is_refused_and_the_others_answer(town: Town) -> None:
    number = town.adopt("models", refused__echo=True)
    refused = town.ask()
    assert refused.status_code in (403, 404), refused.text
    names_the_vote(refused, "models", number)
    assert "other" in refused.json()["error"]["message"], "it names a model that would answer"
    assert [one["id"] for one in town.http["Ali"].get("/v1/models").json()["data"]] == ["other"]
    assert "models@1" in town.receipt(town.ask(model="other"))["rules"]


def test_a_voted_prefix_is_in_the_very_next_exact_prompt(town: Town) -> None:
    words = "Vous parlez à la machine du village."
    town.adopt("prefixes", commons__fr=words)
    answer = town.ask()
    receipt = town.receipt(answer)
    assert "prefixes@1" in receipt["rules"]
    shown = town.http["Ali"].get("/prefix").text
    assert words in shown
    assert receipt["prefix"]["sha256"] in shown


def test_a_voted_limit_of_energy_refuses_and_names_the_vote(town: Town) -> None:
    number = town.adopt("budget", **{"limits__member-day-kwh": 0.000001})
    refused = town.ask()
    assert refused.status_code == 429, refused.text
    names_the_vote(refused, "budget", number)


def test_a_voted_limit_of_money_refuses(town: Town) -> None:
    number = town.adopt("budget", **{"limits__commons-day-eur": 0.000001})
    refused = town.ask()
    assert refused.status_code == 429, refused.text
    names_the_vote(refused, "budget", number)


def test_voted_hours_close_and_the_refusal_names_them_and_the_vote(town: Town) -> None:
    number = town.adopt("hours", closed_from="00:00", closed_until="23:59")
    refused = town.ask()
    assert refused.status_code == 503, refused.text
    names_the_vote(refused, "hours", number)


def test_voted_weights_are_on_the_receipt_and_in_the_turn(town: Town) -> None:
    town.adopt("share", class_percent__operator=300)
    receipt = town.receipt(town.ask("Odile"), "Odile")
    assert "share@1" in receipt["rules"]
    rules = town.commons.charter.in_force("share").value
    assert rules.class_percent == {"operator": 300}


def test_a_voted_cap_of_confidentiality_is_a_refusal_of_what_goes_further(town: Town) -> None:
    town.adopt("confidentiality", most="local", default="local")
    refused = town.ask(affouage={"confidentiality": "everyone"})
    assert refused.status_code == 400, refused.text
    receipt = town.receipt(town.ask())
    assert receipt["reach"] == "local"
    assert "confidentiality@1" in receipt["rules"]


def test_voted_retention_purges_what_is_older(town: Town) -> None:
    ali = town.people[1]
    kept = town.live.run(town.commons.conversations.keep(ali, "Titre", [Turn("user", "bonjour")]))
    town.clock.advance(ms=5 * 86_400_000)
    assert town.live.run(town.commons.conversations.read(ali, kept)).title == "Titre"
    town.adopt("retention", conversations=2)
    town.live.run(town.commons.purging.purge())
    with pytest.raises(AffouageError):
        town.live.run(town.commons.conversations.read(ali, kept))


def test_voted_membership_lets_members_invite_or_not(town: Town) -> None:
    ali = town.people[1]
    with pytest.raises(AffouageError):
        town.live.run(town.commons.accounts.invite(Role.MEMBER, ali))
    town.adopt("membership", invite="member")
    assert town.live.run(town.commons.accounts.invite(Role.MEMBER, ali)).secret
    number = town.adopt("membership", members_most=3)
    with pytest.raises(AffouageError) as full:
        town.live.run(town.commons.accounts.add_member("Dan", Role.MEMBER))
    assert str(number) in str(full.value.details) + str(full.value)


def test_a_voted_mandate_opens_doors_and_its_end_shuts_them(town: Town) -> None:
    ali = town.people[1]
    assert town.http["Ali"].get("/members").status_code == 403
    with pytest.raises(AffouageError):
        town.live.run(town.commons.accounts.set_role(None, ali.id, Role.STEWARD))
    town.decide(ev.MandateGiven(member_id=ali.id, scope="steward", days=2))
    assert town.http["Ali"].get("/members").status_code == 200
    now_ms = town.clock.now_ms()
    assert town.live.run(town.commons.db.read(lambda c: mandate_book.holds(c, ali.id, "steward", now_ms)))
    town.clock.advance(ms=2 * 86_400_000)
    town.live.run(town.commons.assembly.tick())
    assert town.http["Ali"].get("/members").status_code == 403


def test_voted_machines_shut_the_door_to_new_ones(town: Town) -> None:
    odile = town.people[0]
    assert town.live.run(town.commons.enrolment.invite(odile, odile))
    number = town.adopt("machines", enrol="nobody")
    with pytest.raises(AffouageError) as shut:
        town.live.run(town.commons.enrolment.invite(odile, odile))
    assert str(number) in str(shut.value.details) + str(shut.value)


def test_voted_thresholds_count_the_next_vote_and_not_their_own(town: Town) -> None:
    number = town.adopt("governance", ordinary__quorum_percent=100)
    state = town.live.run(town.commons.assembly.state())
    assert state.polls[state.proposals[number].poll_id or 0].opened.quorum_percent == 50
    second = town.adopt("pot", sharing="equal")
    state = town.live.run(town.commons.assembly.state())
    assert state.polls[state.proposals[second].poll_id or 0].opened.quorum_percent == 100


def test_an_exclusion_that_was_voted_ends_the_sessions_and_keys(town: Town) -> None:
    assert town.ask("Bea").status_code == 200
    town.decide(ev.Exclusion(member_id=town.people[2].id))
    assert town.ask("Bea").status_code == 401
