"""The desk over the real library and the real workshop that explains: from a question to a letter and its sources."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from affouage import settings
from affouage.assembly.member import Role
from affouage.chat import ChatRequest, EngineEvent, Message
from affouage.ledger.ledger import find_receipt
from affouage.sheets.sheet import PUBLIC
from affouage.sheets.store import open_store
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Seen
from tests.integration.conftest import until
from tests.integration.desk_house import HERE
from tests.integration.explain_house import BICYCLE, CLOSED, LIBRARY_CARD, OPEN, SECRET

CARD = "Combien coûte la carte de la médiathèque pour un majeur ?"
SAID = "La carte de la médiathèque coûte 12 € par an."
MADE_UP = "La carte de la médiathèque coûte 86 € par mois, payables en 4 fois."


class Scribe(EchoEngine):
    """Writes what a sheet says, then what none does."""

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        told = msgspec.structs.replace(request, messages=(*request.messages, Message("user", f"{SAID} {MADE_UP}")))
        async for event in super().generate(told):
            yield event


@contextmanager
def served(home: Path, model: str) -> Iterator[LiveCommons]:
    """Sheets that everybody may read, and one for stewards alone. ``model``: the usual one of this commons."""
    with open_store(home / "sheets") as store:
        for whole, sheets in ((OPEN, (LIBRARY_CARD, BICYCLE)), (CLOSED, (SECRET,))):
            readers = (PUBLIC,) if whole is OPEN else whole.readers
            store.put_collection(msgspec.structs.replace(whole, readers=readers))
            store.save(whole.id, [(one, "") for one in sheets])
            store.imported(whole.id, 1_795_000_000_000, "")
    read = settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": model}, home=home)
    with serving(read, engines=[Scribe("scribe")]) as live:
        until(lambda: bool(live.run(live.commons.library.find("carte", frozenset({PUBLIC}))).hits), timeout_s=60)
        rules = DeskRules(public_open=True, blind_percent=0)
        live.run(live.commons.charter.enact("desk", rules, "tests", "to see"))
        yield live


def taken(live: LiveCommons, question: str) -> tuple[str, Seen]:
    """Asked by the public, looked at by a steward once all was done that the machine does."""
    desk, accounts = live.commons.desk, live.commons.accounts
    who = live.run(accounts.add_member("Sylvie", Role.STEWARD))[0]
    received = live.run(desk.front.ask(question, address=HERE))
    live.run(desk.take(who, received.item_id))

    def looked() -> Seen:
        return live.run(desk.item(who, received.item_id))

    until(lambda: looked().item.draft_state != "wanted", timeout_s=60)
    return received.code, looked()


def test_a_model_writes_a_person_reads_and_what_no_sheet_says_stays_here(home: Path) -> None:
    with served(home, "scribe") as live:
        desk = live.commons.desk
        code, seen = taken(live, CARD)
        assert seen.draft is not None
        assert [(one.text, one.supported) for one in seen.draft.sentences] == [(SAID, True), (MADE_UP, False)]
        assert {"unsupported", "quantities", "old_sheet"} <= set(seen.item.flags)
        assert seen.must_open
        who = live.run(live.commons.accounts.find("Sylvie"))
        quote = seen.draft.sentences[0].quote
        assert quote is not None
        live.run(desk.open_passage(who, seen.item.id, quote.key))
        live.run(desk.send_as_is(who, seen.item.id, draft_sha256=seen.draft_sha256))
        (sent,) = live.run(desk.front.pick_up(code, address=HERE)).sent
        assert sent.letter.text == SAID
        assert [(one.title, one.day, one.old) for one in sent.letter.sources] == [
            ("Carte de la médiathèque", "2020-11-12", True)
        ]
        receipt_id = seen.draft.receipt_id
        assert receipt_id is not None
        receipt = live.commons.db.read_now(lambda c: find_receipt(c, receipt_id, None))
        assert (receipt.workshop, receipt.door) == ("desk", "workshop")
        assert receipt.member_id == live.run(live.commons.accounts.commons()).id
        (drafted,) = [one for one in live.run(desk.events_since(0)) if one.kind == "drafted"]
        assert drafted.receipt_id == receipt_id


def test_without_a_model_the_draft_is_what_the_sheets_say_word_for_word(home: Path) -> None:
    with served(home, "none-is-here") as live:
        _, seen = taken(live, CARD)
        assert seen.draft is not None
        assert (seen.draft.model, seen.draft.receipt_id) == ("", None)
        assert all(one.supported and one.quote is not None for one in seen.draft.sentences)
        assert "12 €" in seen.draft.text
        assert live.run(live.commons.desk.front.counts())["drafted"] == 0, "no model wrote"


def test_a_letter_to_the_public_never_rests_on_what_only_some_may_read(home: Path) -> None:
    with served(home, "scribe") as live:
        _, seen = taken(live, "Quel est le code de l’alarme du local ?")
        assert b"4711" not in msgspec.json.encode(seen)
        assert seen.draft is None or "intendance" not in seen.draft.text
