"""Signing in, passwords and sessions on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from affouage.assembly import attempts
from affouage.assembly.access import Credential
from affouage.assembly.member import Role
from affouage.errors import AffouageError, BadRequest, NotFound, NotSignedIn, TooMuch
from affouage.storage.tables import member, sign_in_attempt
from tests.integration.accounts_home import OTHER_PASSWORD, PASSWORD, Home, on_fresh_home, opened, refused


def test_signing_in_and_out(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile Bois")
        first = (await home.accounts.sign_in("  odile   BOIS", PASSWORD, "Firefox", "10.0.0.1"))[1]
        replaced = (await home.accounts.sign_in("Odile Bois", PASSWORD, "Firefox", "10.0.0.1", replaces=first.id))[1]
        assert first.text != replaced.text
        await refused(home.accounts.identify(Credential("session", first.text)), NotSignedIn, "session_expired")
        await home.accounts.identify(Credential("session", replaced.text))
        await home.accounts.sign_out(replaced.id)
        await home.accounts.sign_out(replaced.id)
        await refused(home.accounts.identify(Credential("session", replaced.text)), NotSignedIn, "session_expired")
        assert replaced.text not in repr(replaced)
        assert len(await home.accounts.sessions(odile)) == 1, "that of the acceptance"

    on_fresh_home(tmp_path, work)


def test_a_wrong_name_and_a_wrong_password_are_the_same_refusal(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        await home.joined("Odile")
        await home.accounts.add_member("Invited", Role.MEMBER)
        told = set()
        for number, (name, password) in enumerate(
            [("Odile", "not this one at all"), ("Nobody", PASSWORD), ("Invited", PASSWORD), ("", ""), ("\0", "\ud800"),
             ("\ud800", PASSWORD), ("x" * 1_000_000, "x" * 1_000_000), ("' OR 1=1 --", "' OR 1=1 --")]
        ):  # fmt: skip
            work = home.accounts.sign_in(name, password, "tests", f"10.0.0.{number}")
            told.add(str(await refused(work, NotSignedIn, "wrong_name_or_password")))
        assert len(told) == 1

    on_fresh_home(tmp_path, work)


def test_a_deactivated_member_is_told_only_with_the_right_password(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        await home.accounts.deactivate(None, odile.id)
        wrong = home.accounts.sign_in("Odile", "not this one at all", "", "10.0.0.1")
        await refused(wrong, NotSignedIn, "wrong_name_or_password")
        right = home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.1")
        await refused(right, NotSignedIn, "member_deactivated")

    on_fresh_home(tmp_path, work)


@pytest.mark.incident("unbounded-use")
def test_too_many_failures_are_stopped_even_all_at_once(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        await home.joined("Odile")

        async def guess(number: int) -> str:
            try:
                await home.accounts.sign_in("Odile", f"guess number {number}", "", "10.0.0.1")
            except AffouageError as no:
                return no.code
            return "in"

        outcomes = await asyncio.gather(*(guess(number) for number in range(25)))
        assert outcomes.count("wrong_name_or_password") == attempts.Failures().pair
        assert outcomes.count("too_many_attempts") == 25 - attempts.Failures().pair
        stopped = home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.1")
        refusal = await refused(stopped, TooMuch, "too_many_attempts")
        assert isinstance(refusal, TooMuch)
        assert refusal.retry_after_s == attempts.WINDOW_MS // 1000

        await home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.2")  # her own place is not closed by another's
        home.clock.advance(ms=attempts.WINDOW_MS)
        await home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.1")
        for number in range(attempts.Failures().pair):
            assert await guess(number) == "wrong_name_or_password", "a success starts the count afresh"

    on_fresh_home(tmp_path, work)


def test_attempts_are_counted_across_restarts_and_for_unknown_names(tmp_path: Path) -> None:
    async def work() -> None:
        for _ in range(attempts.Failures().pair):
            async with opened(tmp_path / "affouage.db") as home:
                await refused(
                    home.accounts.sign_in("Nobody", "not this one", "", "10.0.0.1"),
                    NotSignedIn,
                    "wrong_name_or_password",
                )
        async with opened(tmp_path / "affouage.db") as home:
            again = home.accounts.sign_in("nobody", "not this one", "", "10.0.0.1")
            await refused(again, TooMuch, "too_many_attempts")

    asyncio.run(work())


def test_one_name_from_everywhere_and_one_place_for_all_names_are_limited_too(tmp_path: Path) -> None:
    now_ms = 1_000_000_000

    async def work(home: Home) -> None:
        def tries(connection: Any) -> tuple[int, int, int]:
            return (
                _until_refused(lambda n: attempts.count(connection, "odile", f"10.0.{n}.1", now_ms)),
                _until_refused(lambda n: attempts.count(connection, f"name {n}", "192.0.2.1", now_ms)),
                _until_refused(lambda n: attempts.count(connection, f"name {n}", f"2001:db8::{n:x}", now_ms)),
            )

        assert await home.database.write(tries) == (attempts.Failures().wide,) * 3

    on_fresh_home(tmp_path, work)


def _until_refused(attempt: Callable[[int], None]) -> int:
    for number in range(1000):
        try:
            attempt(number)
        except TooMuch:
            return number
    raise AssertionError("never refused")


def test_changing_the_password_ends_every_session(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        here, _ = await home.session("Odile")
        key = await home.key(odile)
        wrong = home.accounts.change_password(odile, "not this one", OTHER_PASSWORD)
        await refused(wrong, NotSignedIn, "wrong_name_or_password")
        await refused(home.accounts.change_password(odile, PASSWORD, "court"), BadRequest, "weak_password")
        await home.accounts.identify(here)
        token = await home.accounts.change_password(odile, PASSWORD, OTHER_PASSWORD, "Firefox")
        await refused(home.accounts.identify(here), NotSignedIn, "session_expired")
        await home.accounts.identify(Credential("session", token.text))
        await home.accounts.identify(key)
        old = home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.1")
        await refused(old, NotSignedIn, "wrong_name_or_password")
        await home.accounts.sign_in("Odile", OTHER_PASSWORD, "", "10.0.0.1")

    on_fresh_home(tmp_path, work)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"password_hash": "another"}, "wrong_name_or_password"), ({"deactivated_ms": 1}, "member_deactivated")],
)
def test_what_changes_while_the_password_is_looked_at_counts(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")

        def counted(connection: Connection) -> bool:
            return connection.execute(select(sign_in_attempt)).first() is not None

        signing_in = asyncio.ensure_future(home.accounts.sign_in("Odile", PASSWORD, "", "10.0.0.1"))
        while not await home.database.read(counted):
            pass
        # The password is being looked at now, for tens of milliseconds; this write comes before the one that opens.
        await home.database.write(lambda c: c.execute(update(member).where(member.c.id == odile.id).values(**change)))
        with pytest.raises(NotSignedIn) as refusal:
            await signing_in
        assert refusal.value.code == code
        assert len(await home.accounts.sessions(odile)) == 1, "only that of the acceptance"

    on_fresh_home(tmp_path, work)


def test_sessions_are_listed_and_revoked_by_their_owner_only(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile, ali = await home.joined("Odile"), await home.joined("Ali", Role.OPERATOR)
        credential, session_id = await home.session("Odile")
        assert session_id in [one.id for one in await home.accounts.sessions(odile)]
        for nobody in (session_id, "\ud800", "", "x" * 1000):
            await refused(home.accounts.revoke_session(ali, nobody), NotFound, "not_found")
        await home.accounts.identify(credential)
        await home.accounts.revoke_session(odile, session_id)
        await refused(home.accounts.identify(credential), NotSignedIn, "session_expired")
        await refused(home.accounts.revoke_session(odile, session_id), NotFound, "not_found")
        assert session_id not in [one.id for one in await home.accounts.sessions(odile)]

    on_fresh_home(tmp_path, work)
