"""A machine in words, the owner's form, whose machines may read: structures in, words out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.gateway.metrics import family
from affouage.pool.contribution import NodeServed
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules, weight_percent
from affouage.pool.station import REACHES
from affouage.units import Interval
from affouage.web import machine_form, machine_words
from affouage.web.forms import Form
from affouage.web.language import language
from affouage.web.machine_rows import ModelNow, Names, Now, load_of, machine_row, own_row, pending_row, served_row
from affouage.web.notices import notice
from affouage.web.reach import CLASSES, Reader, asked_words, machines_words, reach_field

FR, EN = language("fr"), language("en")
SPACES = str.maketrans("\u00a0\u202f", "  ")
NAMES = Names({"m_zoe": "Zoé", "m_ines": "Inès"}, {"echo": "Écho rapide"})
RECORD = NodeRecord(
    id="n_aaaabbbbcccc",
    name="Le portable",
    owner_id="m_zoe",
    owned_by="member",
    state="approved",
    trust=2,
    public_key="UZOE",
    box_key=bytes(32),
    machine_id="machine",
    created_ms=0,
    decided_ms=1,
    decided_by="m_ines",
)


def plain(text: str) -> str:
    return text.translate(SPACES)


def row(now: Now, record: NodeRecord = RECORD, reader: str = "m_karim", seen_ms: int | None = 5) -> Any:
    return machine_row(
        record,
        now,
        seen_ms=seen_ms,
        names=NAMES,
        reader_id=reader,
        steward=False,
        language=FR,
        moment=lambda time_ms: f"jour {time_ms}",
    )


def test_a_machine_tells_whose_it_is_and_who_let_it_in() -> None:
    told = row(Now("here", (ModelNow("echo", True, 1, 2),), watts=45.3, policy=Policy()))
    assert told.kind == "machine d’un membre de confiance"
    assert told.joined == "apportée par Zoé, acceptée par Inès le jour 1"
    assert (told.load, plain(told.watts)) == ("1 place prise sur 2", "≈ 45 W")
    assert [one.name for one in told.models] == ["Écho rapide"]
    assert (told.mine, told.open) == (False, False)
    assert row(Now("here"), reader="m_zoe").open


def test_unknown_is_never_nought() -> None:
    away = row(Now("absent"))
    assert (away.watts, away.load, away.models) == ("", "", ())
    assert away.health == "absente\u202f: dernières nouvelles le jour 5"
    assert machine_words.watts_words(0.0, FR).startswith("moins de")
    assert machine_words.watts_words(None, FR) == ""


def test_places_of_models_that_share_a_memory_are_not_counted_twice() -> None:
    now = Now("here", (ModelNow("a", True, 1, 2), ModelNow("b", False, 0, 2)))
    assert load_of(now, EN) == "1 place taken of 2"
    assert load_of(Now("here", (ModelNow("b", False, 0, 2),)), EN) == ""


@pytest.mark.parametrize("tongue", [FR, EN])
def test_every_way_a_machine_may_be_has_its_words(tongue: Any) -> None:
    ways = ("here", "late", "absent", "never", "paused", "hours", "power", "busy", "leaving", "duplicate")
    told = [machine_words.health_words(one, "hier", tongue) for one in ways]
    assert len(set(told)) == len(ways)


def test_that_the_owner_is_asking_is_nobodys_business() -> None:
    busy = machine_words.health_words(machine_words.CLOSED["owner"], "", FR)
    assert "propriétaire" not in busy


def test_what_is_lent_in_sentences() -> None:
    policy = Policy(
        owner_first=False, hours=(("20:00", "07:00"),), power_cap_w=90.5, models=("echo",), max_share_percent=50
    )
    assert [plain(one) for one in machine_words.lent_words(policy, NAMES.models, FR)] == [
        "Prêtée de 20:00 à 07:00, à son horloge.",
        "Pour ces modèles : Écho rapide.",
        "Au plus 50 % de ses places à la fois.",
        "Rien de nouveau au-dessus de 90,5 W.",
    ]
    assert machine_words.lent_words(Policy(paused=True, max_share_percent=0), {}, EN) == (
        "Paused: lent to nobody for now.",
        "Lent at any hour.",
        "None of its places is lent.",
        "Its owner’s own questions come first on it.",
    )


@given(st.floats(0, 100), st.integers(0, 300), st.integers(1, 200))
def test_the_bonus_told_is_the_bonus_given(hours: float, most: int, full: int) -> None:
    rules = ShareRules(contribution_most_percent=most, contribution_full_h=full)
    assert 100 + machine_words.weight_bonus(rules, hours) == weight_percent(rules, "member", contribution_h=hours)


def test_what_lending_brings() -> None:
    now, rule = machine_words.bonus_words(ShareRules(), 8.0, FR)
    assert plain(now) == "Vos questions pèsent 1,4 fois plus dans la file ; cela se perd après 28 jours."
    assert "2 fois" in rule
    assert "autant que celles des autres" in machine_words.bonus_words(ShareRules(), 0.0, FR)[0]
    assert machine_words.bonus_words(ShareRules(contribution_most_percent=0), 8.0, FR)[1] == ""


def test_what_was_served_has_its_range_or_is_unknown() -> None:
    done = NodeServed(
        requests=5, own_requests=2, lost=1, decoded_tokens=90, energy_kwh=0.001, energy_eur=None, served_h=1.5
    )
    told = served_row("Aujourd’hui", done, Interval(3e9, 3.6e9, 4e9), 0.25, FR, at_least=True)
    assert (told.requests, told.own, told.others, told.lost, told.at_least) == (5, 2, 3, 1, True)
    assert told.energy is not None
    assert plain(" ".join(told.energy)) == "1 Wh de 0,83 à 1,1"
    assert plain(told.hours) == "1 h 30 min"
    assert served_row("", done, None, 0.25, FR).energy is None
    assert served_row("", done, Interval(1, 1, 1), None, FR).euros is None


def test_only_the_collectives_own_may_count_as_such() -> None:
    import msgspec

    assert [code for code, _ in pending_row(RECORD, NAMES, FR).trusts] == ["trusted", "everyone"]
    own = msgspec.structs.replace(RECORD, owned_by="collective", owner_id="")
    asked = pending_row(own, NAMES, FR)
    assert [code for code, _ in asked.trusts] == ["collective", "trusted", "everyone"]
    assert asked.owner == ""
    assert row(Now("here"), own).joined == "acceptée par Inès le jour 1"


def test_the_commons_own_machine_is_told_like_the_others() -> None:
    told = own_row("La tour", Now("here", (ModelNow("echo", True, 0, 1, "gpu.lan"),)), NAMES, FR)
    assert told.models[0].machine == "gpu.lan"
    assert (told.id, told.watts) == ("", "")


# --- the owner's form -------------------------------------------------------------------------------------------------


def sent(**values: str) -> Form:
    given = {"hours": "", "watts": "", "share": "100", "which": "all"} | values
    return Form(list(given.items()))


def test_the_form_as_it_stands_says_the_same_policy() -> None:
    policy = Policy(hours=(("20:00", "07:00"), ("12:00", "14:00")), power_cap_w=120.5, models=("echo",), paused=True)
    shown = machine_form.filled(policy, ["echo", "other"], NAMES.models, FR)
    pairs = [("owner_first", "1"), ("hours", shown.hours), ("watts", shown.watts), ("share", shown.share)]
    pairs += [("which", "some"), *(("model", one.id) for one in shown.models if one.lent)]
    read, again = machine_form.read(Form(pairs), policy, ["echo", "other"], NAMES.models, FR)
    assert (read, again) == (policy, shown)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("hours", text) for text in ("le soir", "25:00-26:00", "20:00-23:00,22:00-24:00", "20-07-08")),
        *(("watts", text) for text in ("-1", "0", "abc", "inf", "nan", "1e9")),
        *(("share", text) for text in ("", "-1", "101", "12.5", "moitié", "nan")),
        *(("model", text) for text in ("", "../../etc", "a,b c")),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(field: str, value: str) -> None:
    form = sent(**{field: value}, **({"which": "some"} if field == "model" else {}))
    read, typed = machine_form.read(form, Policy(max_share_percent=40), [], {}, FR)
    assert list(typed.problems) == ["models" if field == "model" else field]
    assert read == Policy(max_share_percent=40)


@given(st.dictionaries(st.sampled_from(["hours", "watts", "share", "which", "model", "owner_first"]), st.text()))
def test_whatever_is_typed_is_a_policy_or_a_problem(values: dict[str, str]) -> None:
    before = Policy(max_share_percent=40)
    read, typed = machine_form.read(Form(list(values.items())), before, ["echo"], {}, FR)
    assert typed.problems == {} or read == before


def test_figures_as_people_write_them() -> None:
    read, _ = machine_form.read(sent(watts="120,5 W", share="50 %", model="all", which="some"), Policy(), [], {}, FR)
    assert read.models == ("all",), "a model of that name, and no other"
    assert (read.power_cap_w, read.max_share_percent) == (120.5, 50)


# --- who may read -----------------------------------------------------------------------------------------------------

OWN, FRIEND, ANY = Reader("La tour", 0), Reader("Le portable", 2), Reader("L’ancienne", 3)


def test_nothing_to_choose_on_one_machine_under_the_ordinary_rule() -> None:
    assert reach_field(ConfidentialityRules(), [OWN], "", FR) is None
    assert reach_field(ConfidentialityRules(default="local", most="local"), [OWN], "", FR) is not None
    assert reach_field(ConfidentialityRules(), [OWN, FRIEND], "", FR) is not None


@given(
    st.sampled_from(REACHES),
    st.sampled_from(REACHES),
    st.text(max_size=12) | st.sampled_from(REACHES),
    st.lists(st.sampled_from([OWN, FRIEND, ANY]), max_size=4),
)
def test_only_what_the_rule_allows_is_offered_and_one_is_chosen(
    most: Any, default: Any, asked: str, readers: list[Reader]
) -> None:
    field = reach_field(ConfidentialityRules(default=default, most=most), readers, asked, FR)
    if field is None:
        return
    codes = [one.code for one in field.choices]
    assert codes == list(REACHES[: REACHES.index(most) + 1])
    assert sum(one.chosen for one in field.choices) == sum(one.usual for one in field.choices) == 1
    if asked in codes:
        assert next(one.code for one in field.choices if one.chosen) == asked
    assert field.capped == (most != "everyone")


def test_each_class_names_the_machines_it_means_now() -> None:
    readers = [OWN, FRIEND, ANY]
    assert plain(machines_words(readers, "local", FR)) == "1 machine en ce moment : La tour"
    assert plain(machines_words(readers, "collective", FR)) == "1 machine en ce moment : La tour"
    told = plain(machines_words(readers, "everyone", FR))
    assert told == "3 machines en ce moment : La tour, Le portable et L’ancienne"
    crowd = [OWN, *(Reader(f"m{number}", 3) for number in range(20))]
    assert plain(machines_words(crowd, "everyone", FR)).endswith("m4 et 15 autres")


def test_another_server_is_told() -> None:
    field = reach_field(ConfidentialityRules(), [OWN, FRIEND], "", FR, [("grand", "gpu.lan")])
    assert field is not None
    assert plain(field.elsewhere[0]).startswith("Le modèle grand répond depuis un autre serveur, gpu.lan")


def test_every_class_has_its_words() -> None:
    assert tuple(CLASSES) == REACHES
    assert all(asked_words(code, FR) for code in REACHES)
    assert asked_words("", FR) == ""


def test_a_resumed_answer_is_told() -> None:
    assert notice("resumed", EN).startswith("A machine was lost during this answer")


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_a_metric_as_prometheus_reads_it() -> None:
    told = family("x_total", "counter", "Why.", [({"model": 'a"b\\c\nd'}, 3), ({}, 0.25)])
    assert told == '# HELP x_total Why.\n# TYPE x_total counter\nx_total{model="a\\"b\\\\c\\nd"} 3\nx_total 0.25\n'
