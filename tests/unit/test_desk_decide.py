"""Decisions at the desk: whatever is tried, in whatever order, nothing leaves but by a person who may and who read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, TooMuch
from affouage.workshops.desk import texts
from affouage.workshops.desk.careful import flags_of, sources_of
from affouage.workshops.desk.cases import (
    ANSWERS,
    HELD,
    HOUR_MS,
    MINUTE_MS,
    REVIEWS,
    TRANSITIONS,
    Case,
    Event,
    Kind,
    State,
    evolve,
)
from affouage.workshops.desk.decide import (
    Called,
    Command,
    Complain,
    Open,
    Release,
    Review,
    ShowDraft,
    Situation,
    Take,
    Write,
    acts,
    decide,
    released,
)
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Draft, Letter
from tests.unit.desk_drafts import FOUND, HITS, NOTHING, PASSPORT, PLAIN, PRICED, RENEW, header, sentence

RULES = DeskRules(items_per_hour=3, release_minutes=30)
NOW_MS = 1_800_000_000_000
KEY = "public/F1/1"


def here(actor: str | None = "ali", now_ms: int = NOW_MS, **more: Any) -> Situation:
    return Situation(**{"rules": RULES, "now_ms": now_ms, "actor_id": actor, "at_desk": True, **more})


def letter(text: str = "Voici ce qu’il faut faire.") -> Letter:
    return Letter(text=text, language="fr")


def review(kind: Kind, draft: Draft | None = None, text: str | None = None) -> Review:
    said = text if text is not None else draft.text if draft is not None else "Voici ce qu’il faut faire."
    return Review(kind, letter(said), "" if draft is None else texts.draft_digest(draft))


def taken(arm: Any = "draft", draft: Draft | None = PLAIN, **more: Any) -> Case:
    flags = flags_of(draft or FOUND, masked=False)
    whole = {"arm": arm, "found": FOUND, "draft": draft, "flags": flags, "draft_state": "made" if draft else "wanted"}
    return evolve(Case(**{**whole, **more}), Event(Kind.TAKEN, NOW_MS - 10 * MINUTE_MS, "ali"))


def after(case: Case, *commands: Command, by: Situation | None = None) -> Case:
    for command in commands:
        for event in decide(case, command, by or here()):
            case = evolve(case, event)
    return case


def refused(case: Case, command: Command, kind: type[AffouageError], code: str, by: Situation | None = None) -> None:
    with pytest.raises(kind) as refusal:
        decide(case, command, by or here())
    assert refusal.value.code == code
    assert refusal.value.remedy


# -- one at a time -----------------------------------------------------------------------------------------------------


def test_a_plain_draft_is_sent_as_it_is_and_what_leaves_is_the_draft() -> None:
    (event,) = decide(taken(), review(Kind.SENT_AS_IS, PLAIN), here())
    assert event.kind is Kind.SENT_AS_IS
    assert event.letter is not None
    assert event.letter.text == RENEW
    assert (event.actor_id, event.edit_words, event.drafted) == ("ali", 0, True)


def test_a_flagged_draft_leaves_only_once_one_of_its_passages_was_opened() -> None:
    case = taken(draft=PRICED)
    assert case.flags == {"quantities"}
    other = after(case, Open("public/F2/1"))  # found, but the draft does not rest on it
    for command in (review(Kind.SENT_AS_IS, PRICED), review(Kind.SENT_EDITED, PRICED, "x")):
        refused(case, command, BadRequest, "desk_unread")
        refused(other, command, BadRequest, "desk_unread")
        assert decide(after(case, Open(KEY)), command, here())
    refused(case, review(Kind.SENT_OWN), BadRequest, "desk_unread")
    assert decide(other, review(Kind.SENT_OWN), here()), "what one writes may rest on another sheet"
    for kind in (Kind.REFERRED, Kind.REFUSED):
        assert decide(case, review(kind), here()), "nothing rests on a passage"


def test_only_passages_that_were_found_can_be_opened() -> None:
    refused(taken(), Open("public/F9/1"), BadRequest, "desk_passage")
    assert decide(after(taken(), Open(KEY)), Open(KEY), here()) == [], "once is enough"


def test_a_blind_item_shows_nothing_before_its_clerk_wrote_and_asked() -> None:
    case = taken("blind")
    assert case.visible is None
    refused(case, ShowDraft(), BadRequest, "desk_write_first")
    refused(case, review(Kind.SENT_AS_IS, PLAIN), Conflict, "desk_no_draft")
    wrote = after(case, Write("Ma réponse"))
    assert wrote.visible is None
    shown = after(wrote, ShowDraft())
    assert shown.visible == PLAIN
    assert decide(shown, review(Kind.SENT_AS_IS, PLAIN), here())
    assert decide(wrote, review(Kind.SENT_OWN), here())
    assert decide(case, review(Kind.SENT_OWN), here()), "writing and sending at once is writing first"


def test_the_next_clerk_of_a_blind_item_writes_first_too() -> None:
    case = after(taken("blind"), Write("x"), ShowDraft(), Release())
    assert (case.state, case.draft_state) == (State.WAITING, "held_back")
    second = after(case, Take(), by=here("bea"))
    assert second.visible is None
    refused(second, ShowDraft(), BadRequest, "desk_write_first", here("bea"))


def test_a_draft_that_changed_since_it_was_read_does_not_leave() -> None:
    refused(taken(draft=PRICED), review(Kind.SENT_AS_IS, PLAIN), Conflict, "desk_draft_changed")


def test_while_the_tool_is_stopped_no_draft_leaves_nor_is_asked_for() -> None:
    case = replace(taken(), stopped=True)
    refused(case, review(Kind.SENT_AS_IS, PLAIN), Conflict, "desk_no_draft")
    refused(case, ShowDraft(), Conflict, "desk_stopped")
    assert decide(case, review(Kind.SENT_OWN), here()), "questions are answered by hand"


def test_of_two_clerks_one_has_it() -> None:
    refused(taken(), Take(), Conflict, "desk_taken", here("bea"))
    refused(taken(), review(Kind.SENT_OWN), Conflict, "desk_taken", here("bea"))
    refused(taken(), Release(), Conflict, "desk_taken", here("bea"))
    assert decide(taken(), Take(), here()) == []


def test_what_is_left_alone_goes_back_by_itself_and_to_whoever_takes_it() -> None:
    case = taken()
    later = here("bea", NOW_MS + 20 * MINUTE_MS)
    assert released(case, RULES, NOW_MS) == []
    kinds = [(one.kind, one.actor_id, one.detail) for one in decide(case, Take(), later)]
    assert kinds == [(Kind.RELEASED, None, "idle"), (Kind.TAKEN, "bea", "")]


def test_the_cap_of_the_hour_holds_when_taking_and_when_sending_and_says_when_it_ends() -> None:
    full = here(answered_ms=tuple(NOW_MS - minutes * MINUTE_MS for minutes in (50, 40, 30)))
    refused(Case(arm="draft"), Take(), TooMuch, "desk_cap", full)
    with pytest.raises(TooMuch) as told:
        decide(taken(), review(Kind.SENT_OWN), full)
    assert told.value.retry_after_s == 600
    assert decide(taken(), review(Kind.REFERRED), full), "saying whom to turn to is no answer"
    old = here(answered_ms=tuple(NOW_MS - HOUR_MS - one for one in range(9)))
    assert decide(taken(), review(Kind.SENT_OWN), old)


def test_who_is_not_at_the_desk_does_nothing_there() -> None:
    for command in (Take(), Release(), Open(KEY), Write("x"), ShowDraft(), review(Kind.SENT_OWN), Called()):
        refused(taken(), command, NotAllowed, "not_at_desk", here(at_desk=False))
        refused(taken(), command, NotAllowed, "not_at_desk", here(None))


def test_an_error_is_told_looked_at_again_and_corrected() -> None:
    closed = after(taken(reachable=True), review(Kind.SENT_AS_IS, PLAIN))
    assert closed.to_call
    told = after(after(closed, Called()), Complain("Faux"), by=here(None))
    assert (told.state, told.errors, told.to_call) == (State.DISPUTED, 1, False)
    again = after(told, Take(), by=here("bea"))
    refused(again, review(Kind.CORRECTED), BadRequest, "desk_unread", here("bea"))
    mended = after(again, Open(KEY), review(Kind.CORRECTED), by=here("bea"))
    assert (mended.state, mended.outcome, mended.sent, mended.to_call) == (State.CLOSED, "corrected", 2, True)
    assert after(again, review(Kind.MAINTAINED), by=here("bea")).outcome == "maintained"


def test_nothing_is_wrong_with_what_has_not_left() -> None:
    refused(Case(arm="draft"), Complain("Faux"), Conflict, "desk_state", here(None))


def test_too_quick_is_noted_not_refused() -> None:
    long = replace_sentences(PLAIN, sentence(RENEW + " mot" * 300, "F1", 1))
    quick = taken(draft=long)
    assert decide(replace(quick, taken_ms=NOW_MS - 5_000), review(Kind.SENT_AS_IS, long), here())[0].quick
    assert not decide(quick, review(Kind.SENT_AS_IS, long), here())[0].quick
    assert not decide(replace(quick, taken_ms=NOW_MS), review(Kind.SENT_OWN), here())[0].quick


def replace_sentences(draft: Draft, *new: Any) -> Draft:
    return Draft(hits=HITS, answers=True, cited=draft.cited, sentences=new, model="tiny")


def test_what_is_called_edited_and_is_not_is_sent_as_it_is_and_the_other_way_round() -> None:
    same = decide(taken(), review(Kind.SENT_EDITED, PLAIN), here())[0]
    own = decide(taken(), review(Kind.SENT_OWN, text=PLAIN.text), here())[0]
    other = decide(taken(), review(Kind.SENT_AS_IS, PLAIN, "Tout autre chose"), here())[0]
    assert [one.kind for one in (same, own, other)] == [Kind.SENT_AS_IS, Kind.SENT_AS_IS, Kind.SENT_EDITED]


def test_unsupported_sentences_are_shown_and_never_leave_with_the_draft() -> None:
    draft = replace_sentences(PLAIN, sentence(RENEW, "F1", 1), sentence("C’est gratuit.", "F1", 2, supported=False))
    assert draft.text == RENEW
    assert "unsupported" in flags_of(draft, masked=False)


def test_flags() -> None:
    assert flags_of(PLAIN, masked=False) == frozenset()
    assert flags_of(PLAIN, masked=True) == {"personal_data"}
    assert flags_of(NOTHING, masked=False) == {"out_of_scope"}
    assert flags_of(PRICED, masked=False) == {"quantities"}
    old = Draft(answers=True, cited=(header("F1", "Vieille", old=True),), warnings=("other_language:en",))
    assert flags_of(old, masked=False) == {"old_sheet", "other_language"}


def test_where_nothing_was_found_nothing_has_to_be_opened() -> None:
    case = taken(draft=None, found=NOTHING, flags=flags_of(NOTHING, masked=False))
    assert not case.must_open(Kind.SENT_OWN)
    refused(case, ShowDraft(), Conflict, "desk_no_draft")
    assert decide(case, review(Kind.SENT_OWN), here())


def test_sources_are_among_the_sheets_found() -> None:
    assert [one.title for one in sources_of(FOUND, ["public/F2", "public/F1"])] == [PASSPORT.title, "Passeport perdu"]
    with pytest.raises(BadRequest):
        sources_of(FOUND, ["public/F9"])
    with pytest.raises(BadRequest):
        sources_of(None, ["public/F1"])


def test_what_may_be_done_is_what_is_not_refused() -> None:
    assert acts(Case(arm="draft"), here()) == ("take",)
    assert "sent_as_is" in acts(taken(draft=PRICED), here()), "after opening a passage"
    assert acts(taken(), here("bea")) == ()
    blind = acts(taken("blind"), here())
    assert "write" in blind
    assert {"show_draft", "sent_as_is", "sent_edited"}.isdisjoint(blind)
    assert acts(taken(), here(at_desk=False)) == ()


# -- any order ---------------------------------------------------------------------------------------------------------

DRAFTS = {"none": None, "plain": PLAIN, "priced": PRICED}
COMMANDS: tuple[Command, ...] = (
    *([Take()] * 3),
    Release(),
    *(Open(KEY), Open("public/F2/1")),
    *(Write("x"), ShowDraft()),
    *(Complain("faux"), Called()),
    *(review(kind) for kind in REVIEWS),
    *(review(kind, draft) for kind in (Kind.SENT_AS_IS, Kind.SENT_EDITED) for draft in (PLAIN, PRICED)),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(COMMANDS), st.sampled_from(("ali", "bea", None)), st.integers(0, 40), st.booleans()),
    max_size=60,
)


@settings(max_examples=150)
@given(STEPS, st.sampled_from(("draft", "blind")), st.sampled_from(tuple(DRAFTS)))
def test_whatever_is_tried_nothing_leaves_unread(steps: Any, arm: Any, drafted: str) -> None:
    draft = DRAFTS[drafted]
    case = Case(arm=arm, found=FOUND, draft=draft, flags=flags_of(draft or FOUND, masked=False))
    now_ms, log = NOW_MS, list[Event]()
    for command, actor, minutes, at_desk in steps:
        now_ms += minutes * MINUTE_MS
        sent_by = tuple(one.at_ms for one in log if one.actor_id == actor and one.kind in ANSWERS)
        before = case
        try:
            new = decide(case, command, here(actor, now_ms, at_desk=at_desk, answered_ms=sent_by))
        except AffouageError:
            continue
        for event in new:
            case = evolve(case, event)
            log.append(event)
        for event in new:
            if event.kind not in REVIEWS:
                assert event.letter is None
                continue
            assert event.actor_id is not None
            assert at_desk
            assert before.holder_id == event.actor_id, "whoever sends holds it"
            assert before.state in HELD
            assert event.letter is not None
            hour = [one for one in log if one.actor_id == actor and one.kind in ANSWERS]
            assert sum(1 for one in hour if one.at_ms > now_ms - HOUR_MS) <= RULES.items_per_hour
            if event.kind in ANSWERS:
                wanted = before.to_open(event.kind)
                assert not wanted or wanted & before.opened, "read first"
            if draft is not None and event.letter.text == draft.text and before.may_see_draft:
                assert event.kind is Kind.SENT_AS_IS, "a draft that leaves is said to be one"
            if event.kind in (Kind.SENT_AS_IS, Kind.SENT_EDITED) and arm == "blind":
                assert before.wrote
                assert before.shown
        assert (case.holder_id is None) == (case.state not in HELD)
        if arm == "blind" and case.visible is not None:
            assert case.wrote
    assert case.sent == sum(1 for one in log if one.kind in REVIEWS)
    assert case.errors == sum(1 for one in log if one.kind is Kind.COMPLAINT)


def test_every_transition_is_reached_by_some_command_or_by_the_machine() -> None:
    by_the_machine = {Kind.DRAFTED, Kind.NOT_DRAFTED}
    assert {kind for _, kind in TRANSITIONS} | {Kind.RECEIVED} == set(Kind)
    for state, kind in TRANSITIONS:
        assert kind in by_the_machine or state is not State.WAITING or kind is Kind.TAKEN
