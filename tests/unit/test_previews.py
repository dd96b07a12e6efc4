"""Previews: what a rule would have done, counted on made-up months; no group of fewer than five people is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.assembly.rules.mandates import Days, MandateRules
from affouage.assembly.rules.membership import MembershipRules
from affouage.assembly.rules.retention import RetentionRules
from affouage.assembly.rules.uses import RefusedUse, UsesRules
from affouage.assembly.tally.count import count
from affouage.assembly.tally.shapes import Ballot, CountSpec
from affouage.catalogue.openness import Axis, Openness
from affouage.catalogue.rules import Candidate, Floor, ModelRules
from affouage.footprint.budget import MICROJOULES_PER_KWH, BudgetRules, HoursRules, Limit, PotRules, Rates
from affouage.footprint.period import Calendar
from affouage.inference.prefix_rules import PrefixRules, Texts
from affouage.pool.machine_rules import MachineRules
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules
from affouage.previews import answering, energy, house, sharing, votes
from affouage.previews.shapes import DAY_MS, FEW, Asked, Facts, Held, Lent, Pending, Person, Preview, Recount
from affouage.previews.shapes import Days as WindowDays
from affouage.web.language import language
from affouage.web.preview_words import SENTENCES, preview_words

CALENDAR = Calendar("Europe/Paris")
FIRST_MS = CALENDAR.bounds("2026-10-26")[0]
NOW_MS = CALENDAR.bounds("2026-11-24")[1] - 1
KWH = MICROJOULES_PER_KWH
HOUR_MS = 3_600_000
PEOPLE = tuple(Person(f"m{number}", "member", True, FIRST_MS) for number in range(8))


def asked(at_ms: int = FIRST_MS, member: str = "m0", energy_uj: int | None = KWH, **more: Any) -> Asked:
    known: dict[str, Any] = {
        "at_ms": at_ms,
        "member_id": member,
        "workshop": "web",
        "use": "",
        "model_id": "small",
        "sha256": None,
        "openness": {},
        "reach": "local",
        "trust": 0,
        "energy_uj": energy_uj,
        "prompt_tokens": 40,
        "decoded_tokens": 10,
        "waited": False,
        "language": "fr",
    }
    return Asked(**{**known, **more})


def facts(*those: Asked, **more: Any) -> Facts:
    more = {"people": PEOPLE, "calendar": CALENDAR, "rates": Rates(), **more}
    return Facts(now_ms=NOW_MS, first_ms=FIRST_MS, asked=sorted(those, key=lambda one: one.at_ms), **more)


def limit(amount: float, scope: Any = "commons", span: Any = "day", unit: Any = "kwh", key: str = "") -> BudgetRules:
    return BudgetRules(limits=(Limit(scope=scope, span=span, unit=unit, amount=amount, key=key),))


def numbers(told: list[Preview], code: str) -> dict[str, Any]:
    found = [one.numbers for one in told if one.code == code]
    assert len(found) == 1, [one.code for one in told]
    return found[0]


# -- budget -------------------------------------------------------------------------------------------------------


def test_requests_beyond_a_daily_limit_are_refused_in_the_order_they_came() -> None:
    day = [asked(FIRST_MS + hour * HOUR_MS, f"m{hour}") for hour in range(6)]
    told = numbers(energy.budget(BudgetRules(), limit(4), facts(*day)), "budget_refused")
    assert told == {"refused": 2, "before": 0, "requests": 6, "members": FEW, "days": 1}


def test_the_rule_in_force_is_counted_the_same_way_beside_the_new_one() -> None:
    month = [asked(FIRST_MS + day * DAY_MS, f"m{day % 8}") for day in range(29) for _ in range(3)]
    told = numbers(energy.budget(limit(2), limit(1), facts(*month)), "budget_refused")
    assert (told["refused"], told["before"], told["members"], told["days"]) == (58, 29, 8, 29)


def test_a_months_limit_counts_what_was_used_before_the_window_and_begins_anew_with_the_month() -> None:
    october = [asked(FIRST_MS + n * HOUR_MS) for n in range(3)]
    november = [asked(CALENDAR.bounds("2026-11")[0] + n * HOUR_MS) for n in range(3)]
    known = facts(*october, *november, before_uj={("commons", "", "2026-10"): 8 * KWH})
    told = numbers(energy.budget(BudgetRules(), limit(10, span="month"), known), "budget_refused")
    assert told["refused"] == 1
    year = numbers(energy.budget(BudgetRules(), limit(4, span="year"), known), "budget_refused")
    assert year["refused"] == 2, "the year had used nothing before"


def test_what_keeps_machines_on_counts_for_the_commons_and_not_for_a_member() -> None:
    noon = asked(FIRST_MS + 12 * HOUR_MS)
    idle = {"keeping_on_uj": {"2026-10-26": 2 * KWH}}
    commons = energy.budget(BudgetRules(), limit(1.5), facts(noon, **idle))
    member = energy.budget(BudgetRules(), limit(1.5, "member"), facts(noon, **idle))
    assert numbers(commons, "budget_refused")["refused"] == 1
    assert numbers(member, "budget_refused")["refused"] == 0


def test_each_member_and_each_workshop_has_its_own_limit() -> None:
    day = [asked(FIRST_MS + n, f"m{n % 2}", workshop="desk" if n % 2 else "web") for n in range(8)]
    member = energy.budget(BudgetRules(), limit(3, "member"), facts(*day))
    desk = energy.budget(BudgetRules(), limit(1, "workshop", key="desk"), facts(*day))
    assert numbers(member, "budget_refused")["refused"] == 2
    assert numbers(desk, "budget_refused")["refused"] == 3


def test_exempt_uses_are_counted_and_never_refused() -> None:
    day = [asked(FIRST_MS + n, use="emergency") for n in range(3)]
    told = numbers(energy.budget(BudgetRules(), limit(1), facts(*day, asked(FIRST_MS + 9))), "budget_refused")
    assert told["refused"] == 1


def test_a_sober_model_answers_instead_of_a_refusal_unless_a_members_own_limit_is_reached() -> None:
    sober = msgspec.structs.replace(limit(1), at_full="sober", sober_model="tiny")
    told = energy.budget(BudgetRules(), sober, facts(*(asked(FIRST_MS + n) for n in range(3))))
    assert numbers(told, "budget_sober") == {"sober": 2, "before": 0, "model": "tiny"}
    assert numbers(told, "budget_refused")["refused"] == 0
    both = msgspec.structs.replace(sober, limits=(*sober.limits, *limit(1, "member").limits))
    told = energy.budget(BudgetRules(), both, facts(*(asked(FIRST_MS + n) for n in range(3))))
    assert numbers(told, "budget_refused")["refused"] == 2


def test_unknown_energy_is_never_nothing() -> None:
    some = [asked(FIRST_MS + n, energy_uj=None if n % 2 else 2 * KWH) for n in range(4)]
    told = energy.budget(BudgetRules(), limit(4), facts(*some))
    assert numbers(told, "budget_refused")["refused"] == 2
    assert numbers(told, "budget_assumed") == {"unknown": 2}
    none = energy.budget(BudgetRules(), limit(4), facts(asked(energy_uj=None)))
    assert none == [Preview("budget_no_energy", {"requests": 1})]
    assert energy.budget(BudgetRules(), limit(4), facts()) == [Preview("no_requests", {"days": 30})]
    grams = energy.budget(BudgetRules(), limit(4, unit="g"), facts(asked()))
    assert grams == [Preview("budget_uncountable", {"unit": "g"})]


def test_the_busiest_day_is_told_for_a_new_limit() -> None:
    day = [asked(FIRST_MS + n) for n in range(3)]
    told = energy.budget(BudgetRules(), limit(9), facts(*day, keeping_on_uj={"2026-10-26": KWH}))
    assert numbers(told, "budget_busiest_day") == {"kwh": 4.0, "limit_kwh": 9.0}


REQUESTS = st.lists(
    st.tuples(st.integers(0, NOW_MS - FIRST_MS), st.integers(0, 5), st.integers(1, 10)), min_size=1, max_size=40
)


@given(REQUESTS, st.integers(1, 40), st.sampled_from(["commons", "member"]), st.sampled_from(["day", "month", "year"]))
def test_what_would_have_been_answered_stays_within_the_limit(those: Any, amount: int, scope: str, span: str) -> None:
    known = facts(*(asked(FIRST_MS + at, f"m{who}", uj * KWH) for at, who, uj in those))
    rules = limit(amount, scope, span)
    energies = [one.energy_uj or 0 for one in known.asked]
    told = energy.replay(rules, known, WindowDays(known), energies)
    used: dict[tuple[str, str], int] = {}
    refused = 0
    for one in known.asked:
        period = {"day": 10, "month": 7, "year": 4}[span]
        key = (one.member_id if scope == "member" else "", CALENDAR.day(one.at_ms)[:period])
        if used.get(key, 0) + (one.energy_uj or 0) > amount * KWH:
            refused += 1
        else:
            used[key] = used.get(key, 0) + (one.energy_uj or 0)
    assert told.refused == refused
    assert all(spent <= amount * KWH for spent in used.values())


# -- hours, pot ---------------------------------------------------------------------------------------------------


def test_requests_in_the_closed_hours_are_counted_by_the_clock_on_the_wall() -> None:
    at = [FIRST_MS + hour * HOUR_MS for hour in (0, 5, 6, 12, 23)]
    night = HoursRules(closed_from="23:00", closed_until="06:00")
    told = numbers(energy.hours(HoursRules(), night, facts(*(asked(one) for one in at))), "hours_closed")
    assert (told["closed"], told["before"], told["requests"]) == (3, 0, 5)
    known = facts(asked(at[0], use="emergency"), exempt_uses=("emergency",))
    assert numbers(energy.hours(HoursRules(), night, known), "hours_closed")["closed"] == 0
    assert numbers(energy.hours(night, HoursRules(), facts(asked(at[0]))), "hours_open")["before"] == 1


def test_the_pot_is_told_when_it_is_known_and_never_as_nothing() -> None:
    assert energy.pot(PotRules(), PotRules(sharing="equal"), facts()) == [Preview("pot_unknown")]
    told = energy.pot(PotRules(), PotRules(sharing="equal"), facts(keeping_on_uj={"2026-11-01": 16 * KWH}))
    assert told == [Preview("pot_equal", {"kwh": 16.0, "members": 8, "each_kwh": 2.0})]


# -- models, who may read, prefixes -------------------------------------------------------------------------------

OPEN = Openness(training_data=Axis("open", "oui", "yes", "card"))


def test_models_no_longer_admitted_and_what_is_left() -> None:
    installed = (Candidate("small", None, OPEN), Candidate("big", None, Openness()))
    known = facts(
        *(asked(FIRST_MS + n, f"m{n}", model_id="big") for n in range(6)), asked(FIRST_MS + 9), installed=installed
    )
    rules = ModelRules(floor=Floor(training_data="open"))
    told = answering.models(ModelRules(), rules, known)
    assert numbers(told, "models_refused") == {"refused": 6, "requests": 7, "members": 6, "models": "big"}
    assert numbers(told, "models_left") == {"left": 1, "installed": 2, "models": "small"}
    none = answering.models(ModelRules(), ModelRules(admitted=("elsewhere",)), known)
    assert numbers(none, "models_none_left") == {"installed": 2}
    back = answering.models(rules, ModelRules(), known)
    assert numbers(back, "models_more") == {"models": "big"}
    assert numbers(back, "models_refused")["refused"] == 0


def test_models_nobody_told_of_are_unknown_and_not_none() -> None:
    told = answering.models(ModelRules(), ModelRules(refused=("small",)), facts())
    assert [one.code for one in told] == ["no_requests", "models_installed_unknown"]


def test_questions_that_had_gone_further_and_those_that_really_did() -> None:
    known = facts(
        asked(reach="everyone", trust=3, member="m1"),
        asked(reach="everyone", trust=1, member="m2"),
        asked(reach="everyone", trust=None),
        asked(reach="collective", trust=1),
    )
    rules = ConfidentialityRules(most="collective", default="local")
    told = answering.confidentiality(ConfidentialityRules(), rules, known)
    assert numbers(told, "reach_further") == {
        "further": 3,
        "really": 1,
        "requests": 4,
        "members": FEW,
        "most": "collective",
    }
    assert numbers(told, "reach_default") == {"before": "trusted", "after": "local"}
    wider = answering.confidentiality(rules, ConfidentialityRules(), known)
    assert numbers(wider, "reach_wider") == {"before": "collective", "after": "everyone"}
    assert answering.confidentiality(rules, rules, facts(asked(reach=""))) == [
        Preview("reach_unknown", {"requests": 1})
    ]


def test_a_longer_prefix_costs_tokens_before_every_question_and_energy() -> None:
    shipped = {"fr": "a" * 30, "en": "a" * 30}
    known = facts(asked(), asked(language="en"), asked(language=""), shipped=shipped)
    told = answering.prefixes(PrefixRules(), PrefixRules(commons=Texts(fr="b" * 60)), known)
    assert numbers(told, "prefix_length") == {
        "workshop": "",
        "language": "fr",
        "before": 30,
        "after": 60,
        "tokens": 10,
    }
    cost = numbers(told, "prefix_tokens")
    assert (cost["requests"], cost["tokens"]) == (2, 10)
    assert cost["kwh"] == pytest.approx(10 * 0.25 / 20)
    unknown = answering.prefixes(
        PrefixRules(), PrefixRules(commons=Texts(fr="b" * 60)), facts(asked(energy_uj=None), shipped=shipped)
    )
    assert numbers(unknown, "prefix_tokens")["kwh"] is None


# -- turns, machines ----------------------------------------------------------------------------------------------


def test_weights_tell_a_group_of_five_and_not_a_group_of_four() -> None:
    desk = [asked(FIRST_MS + n, f"m{n}", workshop="desk") for n in range(5)]
    few = [asked(FIRST_MS + 50 + n, f"m{n % 4}", workshop="press", waited=True) for n in range(9)]
    after = ShareRules(use_percent={"desk": 200, "press": 50, "none": 300})
    found = sharing.share(ShareRules(), after, facts(*desk, *few))
    told = {one.numbers["name"]: one.numbers for one in found if "name" in one.numbers}
    assert (told["desk"]["requests"], told["desk"]["members"], told["desk"]["after"]) == (5, 5, 200)
    assert (told["press"]["requests"], told["press"]["members"]) == (None, FEW)
    assert (told["none"]["requests"], told["none"]["members"]) == (0, 0)
    assert numbers(found, "share_waited") == {"waited": 9, "requests": 14}


def test_machines_that_the_rule_would_turn_away() -> None:
    lent = (*(Lent("m1", "approved", 3),) * 3, Lent("m2", "pending", 1))
    known = facts(lent=lent, machine_invitations=(Pending("member"), Pending("steward"), Pending("")))
    before = MachineRules(enrol="member")
    told = sharing.machines(before, MachineRules(enrol="steward", per_member=1, widest_trust="trusted"), known)
    assert numbers(told, "machines_invitations") == {"refused": 1, "pending": 3}
    assert numbers(told, "machines_over") == {"most": 1, "members": FEW, "machines": 2}
    assert numbers(told, "machines_wider") == {"machines": 3, "most": "trusted"}
    assert (
        numbers(sharing.machines(before, MachineRules(enrol="nobody"), known), "machines_invitations")["refused"] == 3
    )
    free = sharing.machines(MachineRules(), MachineRules(approval="none"), known)
    assert numbers(free, "machines_unapproved") == {"waiting": 1}


# -- the house ----------------------------------------------------------------------------------------------------


def test_what_would_be_deleted_is_what_is_not_deleted_anyway() -> None:
    ages = {"conversations": {0: 3, 6: 2, 7: 4, 29: 1, 30: 9}}
    owners = {7: {"m1", "m2"}, 29: {"m1"}, 30: {"m5"}}
    told = house.retention(
        RetentionRules(), RetentionRules(conversations=7, sessions=80), facts(ages=ages, conversation_owners=owners)
    )
    assert numbers(told, "retention_deleted") == {"what": "conversations", "before": 30, "after": 7, "deleted": 5}
    assert numbers(told, "retention_owners") == {"members": FEW}
    assert numbers(told, "retention_unknown")["what"] == "sessions"
    longer = house.retention(RetentionRules(), RetentionRules(conversations=60), facts(ages=ages))
    assert longer == [Preview("retention_longer", {"what": "conversations", "before": 30, "after": 60})]


def test_invitations_places_and_electors() -> None:
    known = facts(invitations=(Pending("member"), Pending("operator"), Pending("")))
    before = MembershipRules(invite="member")
    told = house.membership(before, MembershipRules(invite="steward", members_most=8), known)
    assert numbers(told, "membership_invitations") == {"refused": 1, "pending": 3}
    assert numbers(told, "membership_full") == {"most": 8, "members": 8}
    places = house.membership(before, MembershipRules(invite="member", members_most=10), known)
    assert numbers(places, "membership_places")["places"] == 2
    waiting = house.membership(before, MembershipRules(invite="member", days_before_voting=60), known)
    assert numbers(waiting, "membership_electors") == {"before": 8, "after": 0, "members": 8}
    assert house.membership(before, before, known) == [Preview("nothing_changes_now")]


def test_mandates_longer_than_the_new_rule() -> None:
    known = facts(held=(Held("moderator", 365), Held("moderator", 90)))
    told = house.mandates(MandateRules(), MandateRules(days=Days(moderator=180)), known)
    assert numbers(told, "mandates_days") == {"scope": "moderator", "before": 365, "after": 180, "longer": 1}


def test_the_charter_is_measured_in_words_and_reports_of_few_are_not_told() -> None:
    line = RefusedUse(id="spam", sentence_fr="Inonder les boîtes des gens.", sentence_en="Flooding people's boxes.")
    after = UsesRules(refused=(*UsesRules().refused[1:], line))
    told = house.uses(UsesRules(), after, facts(reports={"danger": 4}))
    assert numbers(told, "uses_lines") == {"added": 1, "removed": 1, "lines": 8}
    assert numbers(told, "uses_reports") == {"reports": None}
    assert numbers(house.uses(UsesRules(), after, facts()), "uses_reports") == {"reports": 0}


# -- votes --------------------------------------------------------------------------------------------------------


def recount(favour: int, against: int, electors: int, quorum: int = 50, **more: Any) -> Recount:
    spec = CountSpec(quorum_percent=quorum, electors={"": electors})
    ballots = [Ballot("for")] * favour + [Ballot("against")] * against
    outcome = count(spec, ballots)
    known: dict[str, Any] = {
        "poll": 1,
        "proposal": 1,
        "profile": "ordinary",
        "method": "majority",
        "several": False,
        "outcome": outcome.outcome,
        "counted": msgspec.to_builtins(outcome),
        "electors": {"": electors},
        "colleges": {},
    }
    return Recount(**{**known, **more})


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 6), st.integers(0, 100))
def test_a_recount_by_the_same_rule_is_the_same_result(favour: int, against: int, away: int, quorum: int) -> None:
    electors = favour + against + away
    if not electors:
        return
    one = recount(favour, against, electors, quorum)
    same = GovernanceRules(ordinary=Profile(quorum_percent=quorum))
    again = votes.again(same, one)
    assert again == (one.outcome if one.outcome in ("adopted", "no_quorum") else "rejected")


def test_votes_that_would_have_ended_otherwise() -> None:
    known = facts(recounts=(recount(6, 4, 10), recount(9, 1, 10, proposal=2), recount(5, 0, 10, proposal=3)))
    after = GovernanceRules(ordinary=Profile(method="supermajority", threshold="2/3", quorum_percent=60))
    told = votes.governance(GovernanceRules(), after, known)
    assert numbers(told, "governance_recounted") == {"votes": 3, "changed": 2, "unknown": 0}
    assert [one.numbers for one in told if one.code == "governance_vote"] == [
        {"proposal": 1, "before": "adopted", "after": "rejected"},
        {"proposal": 3, "before": "adopted", "after": "no_quorum"},
    ]


def test_what_a_count_cannot_tell_is_unknown() -> None:
    lost = recount(6, 4, 10, counted={})
    consent = GovernanceRules(ordinary=Profile(method="consent"))
    colleges = GovernanceRules(colleges={"users": 50, "workers": 50})
    assert votes.again(GovernanceRules(), lost) is None
    assert votes.again(consent, recount(6, 4, 10)) is None
    assert votes.again(colleges, recount(6, 4, 10)) is None
    told = votes.governance(GovernanceRules(), consent, facts())
    assert [one.code for one in told] == ["governance_no_votes"]
    slow = GovernanceRules(ordinary=Profile(deliberation_min=0, second_quorum_percent=0))
    assert numbers(votes.governance(GovernanceRules(), slow, facts()), "governance_delay")["profile"] == "ordinary"


# -- words -------------------------------------------------------------------------------------------------------

LOCAL = ConfidentialityRules(most="local", default="local")
QUICK = GovernanceRules(ordinary=Profile(voting_min=90))
WEEK = RetentionRules(conversations=7, ballots=365)
TOLD = (
    energy.budget(BudgetRules(), limit(9), facts(asked(), asked(energy_uj=None), keeping_on_uj={"2026-10-26": KWH}))
    + energy.hours(HoursRules(), HoursRules(closed_from="23:00", closed_until="06:00"), facts(asked()))
    + energy.pot(PotRules(), PotRules(sharing="equal"), facts(keeping_on_uj={"2026-11-01": KWH}))
    + answering.models(ModelRules(), ModelRules(refused=("small",)), facts(asked()))
    + answering.confidentiality(ConfidentialityRules(), LOCAL, facts(asked()))
    + answering.prefixes(PrefixRules(), PrefixRules(commons=Texts(fr="abc")), facts(asked()))
    + sharing.share(ShareRules(), ShareRules(class_percent={"member": 50}, floors={"desk": 20}), facts(asked()))
    + house.retention(RetentionRules(), WEEK, facts(ages={"conversations": {8: 1}}))
    + house.mandates(MandateRules(), MandateRules(days=Days(moderator=180)), facts())
    + house.uses(UsesRules(), UsesRules(refused=UsesRules().refused[1:], moderators=2), facts(reports={"danger": 2}))
    + votes.governance(GovernanceRules(), QUICK, facts(recounts=(recount(6, 4, 10),)))
    + [Preview("no_requests", {"days": 30}), Preview("reach_wider", {"before": "local", "after": "everyone"})]
)


@pytest.mark.parametrize("code", ["fr", "en"])
@pytest.mark.parametrize("one", TOLD, ids=[one.code for one in TOLD])
def test_each_is_told_in_words_with_its_numbers(one: Preview, code: str) -> None:
    said = preview_words(one, language(code))
    assert "{" not in said
    assert "None" not in said
    assert not any(word in said.replace("PrefixRules", "") for word in (f"{one.code}=", "few=", FEW + "."))


def test_every_code_has_its_sentence_in_french() -> None:
    for sentence in SENTENCES.values():
        assert language("fr").gettext(sentence) != sentence
    assert {one.code for one in TOLD} <= set(SENTENCES)


def test_words_say_fewer_than_five_and_unknown() -> None:
    few = Preview("retention_owners", {"members": FEW})
    assert preview_words(few, language("en")) == "Members whose conversations these are: fewer than 5."
    cost = Preview("prefix_tokens", {"requests": 3, "tokens": 90, "kwh": None, "days": 30})
    assert "about an unknown amount" in preview_words(cost, language("en"))
    refused = {"refused": 41, "before": 0, "requests": 900, "days": 4, "members": 12}
    assert preview_words(Preview("budget_refused", {**refused}), language("fr")) == (
        "Questions que cette règle aurait refusées ces 30 derniers jours\u202f: 41 sur 900 (la règle en "
        "vigueur\u202f: 0). Jours\u202f: 4. Membres\u202f: 12."
    )
