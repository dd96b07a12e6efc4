"""A server that stops with its house full or under a question, and a clock that somebody sets back."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

from affouage.app import open_commons
from affouage.assembly.access import Credential
from affouage.assembly.member import Role
from affouage.chat import ChatRequest, Message
from affouage.clock import SystemClock
from affouage.inference.attempt import Asking
from affouage.ledger.ledger import Ledger
from affouage.settings import read
from affouage.storage import open_database
from affouage.storage.home import claimed, note_address
from affouage.testing import EchoEngine

DAY_MS = 24 * 3_600_000
PASSWORD = "quatre mots sans lien"
QUESTION = ChatRequest(model="echo", messages=(Message("user", "mot " * 200),))
SHORT = ChatRequest(model="echo", messages=(Message("user", "un mot"),))


def test_everybody_in_the_queue_is_settled_when_the_server_stops(home: Path) -> None:
    async def main() -> None:
        engine = EchoEngine(slots=2, word_ms=20)
        settings = read({"AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER": "64"}, home=home)
        async with open_commons(settings, engines=[engine]) as commons:
            asking = Asking(member_id="mbr_me", door="api")
            answers = await asyncio.gather(*(commons.inference.ask(asking, QUESTION) for _ in range(66)))
            while commons.inference.scheduler.waiting("echo") < 64:  # noqa: ASYNC110  # a fact of another task
                await asyncio.sleep(0.01)
        db = open_database(home / "affouage.db")
        ledger = Ledger(db, SystemClock())
        told = await ledger.verify()
        assert (told.by_kind["reserved"], told.by_kind["settled"]) == (66, 66)
        assert (told.open_reservations, told.problems) == (0, [])
        outcomes = [(await ledger.receipt(one.receipt_id, "mbr_me")) for one in answers]
        assert {one.outcome for one in outcomes} == {"cancelled"}
        burned = [one for one in outcomes if one.tokens.decoded != 0]
        assert len(burned) <= 2, "those who only waited used nothing"
        db.close()

    asyncio.run(asyncio.wait_for(main(), 30))


class WallClock(SystemClock):
    """The machine's clock, which its owner may set."""

    def __init__(self) -> None:
        self.set_by_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.set_by_ms


def test_a_clock_set_back_breaks_no_account_and_no_book(home: Path) -> None:
    async def main() -> None:
        clock = WallClock()
        async with open_commons(read({}, home=home), engines=[EchoEngine()], clock=clock) as commons:
            accounts = commons.accounts

            async def asks(member_id: str) -> None:
                answer = await commons.inference.ask(Asking(member_id=member_id, door="api"), SHORT)
                async for _ in answer.events():
                    pass
                assert answer.receipt is not None
                assert answer.receipt.outcome == "completed"
                assert answer.receipt.durations.total_ms >= 0

            who, link = await accounts.add_member("Odile", Role.MEMBER)
            invited = await accounts.invite(Role.MEMBER, None)
            await accounts.accept(link.secret, None, PASSWORD, "fr", "tests")
            _, token = await accounts.sign_in("Odile", PASSWORD, "tests", "10.0.0.1")
            _, key = await accounts.create_key(who, "tests", None, None)
            for jump_ms in (0, -400 * DAY_MS, 2 * DAY_MS, -2 * DAY_MS):
                clock.set_by_ms += jump_ms
                await asks(who.id)
                for credential in (Credential("session", token.text), Credential("key", key)):
                    assert (await accounts.identify(credential)).member.id == who.id
                await accounts.invitation(invited.secret)
                await accounts.sign_in("Odile", PASSWORD, "tests", "10.0.0.1")
                await accounts.purge()
                await commons.conversations.purge()
            told = await commons.ledger.verify()
            assert (told.by_kind["settled"], told.problems) == (4, [])
            receipts = await commons.ledger.receipts(who.id)
            assert len(receipts) == 4

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_question_to_a_server_that_has_gone_ends_with_a_sentence(home: Path) -> None:
    with claimed(home), socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        note_address(home, f"http://127.0.0.1:{closed.getsockname()[1]}")
        done = subprocess.run(
            [sys.executable, "-m", "affouage", "ask", "Bonjour"],
            env={**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert "affouage:" in done.stderr
    assert "Traceback" not in done.stderr
