"""From a key or a session to who it is, on a real database: every refusal, and at once."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, text

from affouage.assembly import access, sessions
from affouage.assembly.access import Credential, Identity
from affouage.assembly.credentials import new_api_key, new_link_secret, new_session_secret
from affouage.assembly.member import Role
from affouage.errors import NotSignedIn
from tests.integration.accounts_home import DAY_MS, Home, on_fresh_home, opened, refused


def test_a_key_and_a_session_are_the_same_member(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile", Role.STEWARD)
        by_key = await home.accounts.identify(await home.key(odile, label="laptop"))
        credential, session_id = await home.session("odile")
        by_session = await home.accounts.identify(credential)
        assert by_key.member == by_session.member == odile
        assert (by_key.via, by_key.scopes) == ("key", access.DEFAULT_KEY_SCOPES)
        assert by_session == Identity(odile, "session", session_id, access.ALL_SCOPES)

    on_fresh_home(tmp_path, work)


def test_refusals_of_keys(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        accounts = home.accounts
        await refused(accounts.identify(None), NotSignedIn, "missing")

        good = await home.key(odile)
        key_id = good.text.split("_")[1]
        unknown = await refused(accounts.identify(Credential("key", new_api_key()[2])), NotSignedIn, "invalid_api_key")
        wrong_secret = Credential("key", f"aff_{key_id}_{new_link_secret()}")
        assert str(await refused(accounts.identify(wrong_secret), NotSignedIn, "invalid_api_key")) == str(unknown)
        for garbled in ("", "\0", "\ud800", "x" * 1_000_000, good.text[:-1], good.text.upper(), "' OR '1'='1"):
            told = await refused(accounts.identify(Credential("key", garbled)), NotSignedIn, "invalid_api_key")
            assert str(told) == str(unknown), "an unknown key and a garbled one are the same refusal"

        brief = await home.key(odile, expires_days=1)
        home.clock.advance(ms=DAY_MS - 1)
        await accounts.identify(brief)
        home.clock.advance(ms=1)
        await refused(accounts.identify(brief), NotSignedIn, "key_expired")

        await accounts.revoke_key(odile, key_id)
        await refused(accounts.identify(good), NotSignedIn, "key_revoked")
        assert str(await refused(accounts.identify(wrong_secret), NotSignedIn, "invalid_api_key")) == str(unknown)

    on_fresh_home(tmp_path, work)


def _set_digest(stored: bytes, connection: Connection) -> None:
    connection.execute(text("UPDATE api_key SET secret_sha256 = :stored"), {"stored": stored})


def test_a_key_with_an_empty_digest_in_the_database_opens_nothing(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        good = await home.key(odile)
        for stored in (b"", bytes(32)):
            await home.database.write(partial(_set_digest, stored))
            for presented in (good.text, "", f"aff_{good.text.split('_')[1]}_"):
                credential = Credential("key", presented)
                await refused(home.accounts.identify(credential), NotSignedIn, "invalid_api_key")

    on_fresh_home(tmp_path, work)


def test_revocation_by_another_program_is_effective_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "affouage.db") as server, opened(tmp_path / "affouage.db") as command_line:
            odile = await server.joined("Odile")
            key = await server.key(odile)
            await server.accounts.identify(key)
            await command_line.accounts.revoke_key(None, key.text.split("_")[1])
            await refused(server.accounts.identify(key), NotSignedIn, "key_revoked")

            other = await server.key(odile)
            session_credential, _ = await server.session("Odile")
            await command_line.accounts.deactivate(None, odile.id)
            await refused(server.accounts.identify(other), NotSignedIn, "member_deactivated")
            await refused(server.accounts.identify(session_credential), NotSignedIn, "session_expired")
            await command_line.accounts.reactivate(None, odile.id)
            assert (await server.accounts.identify(other)).member.active
            await refused(server.accounts.identify(session_credential), NotSignedIn, "session_expired")

    asyncio.run(work())


def test_sessions_end_when_idle_and_in_any_case(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        await home.joined("Odile")
        idle, _ = await home.session("Odile")
        home.clock.advance(ms=sessions.IDLE_MS - 1)
        await home.accounts.identify(idle)  # a use moves the idle limit
        home.clock.advance(ms=sessions.IDLE_MS - 1)
        await home.accounts.identify(idle)
        home.clock.advance(ms=sessions.IDLE_MS)
        await refused(home.accounts.identify(idle), NotSignedIn, "session_expired")

        used, _ = await home.session("Odile")
        for _ in range(89):
            home.clock.advance(ms=DAY_MS)
            await home.accounts.identify(used)
        home.clock.advance(ms=DAY_MS)
        await refused(home.accounts.identify(used), NotSignedIn, "session_expired")

        for garbled in ("", "\0", "\ud800", "x" * 1_000_000, new_session_secret()):
            await refused(home.accounts.identify(Credential("session", garbled)), NotSignedIn, "session_expired")

    on_fresh_home(tmp_path, work)


def test_a_key_is_no_session_and_a_session_no_key(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        key, (session_credential, _) = await home.key(odile), await home.session("Odile")
        await refused(home.accounts.identify(Credential("session", key.text)), NotSignedIn, "session_expired")
        await refused(
            home.accounts.identify(Credential("key", session_credential.text)), NotSignedIn, "invalid_api_key"
        )

    on_fresh_home(tmp_path, work)


def test_identify_is_one_quick_query(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        for number in range(40):
            await home.accounts.create_key(odile, str(number))
        credential = await home.key(odile)

        async def once_us() -> float:
            start = time.perf_counter()
            await home.accounts.identify(credential)
            return (time.perf_counter() - start) * 1e6

        typical_us = median([await once_us() for _ in range(500)])
        print(f"\nidentify: {typical_us:.0f} µs, median of 500")
        # The aim is 300 µs; a machine shared with other tests is given ten times that, a missing index takes more.
        assert typical_us < 3000

        plan = home.database.read_now(
            lambda c: [row[3] for row in c.execute(text("EXPLAIN QUERY PLAN SELECT * FROM api_key WHERE id = 'x'"))]
        )
        plan += home.database.read_now(
            lambda c: [
                row[3]
                for row in c.execute(text("EXPLAIN QUERY PLAN SELECT * FROM session WHERE secret_sha256 = x'00'"))
            ]
        )
        assert all("USING INDEX" in step for step in plan), plan

    on_fresh_home(tmp_path, work)
