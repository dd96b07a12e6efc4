"""Kept conversations: their owner's alone, for a time, then gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from affouage.assembly.conversations import KEPT_MAX, TEXT_MAX, Turn
from affouage.assembly.member import Role
from affouage.errors import BadRequest, Conflict, NotFound
from affouage.storage.tables import conversation, turn
from tests.databases import unshowable
from tests.integration.accounts_home import DAY_MS, Home, on_fresh_home, refused

QUESTION = Turn("user", "Combien de stères par foyer ?")
ANSWER = Turn("assistant", "Dix, cette année.", "r1")


def rows(home: Home) -> tuple[int, int]:
    """Conversations and turns in the database, whoever's, expired or not."""

    def count(table: object) -> int:
        return home.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]

    return count(conversation), count(turn)


def test_keep_append_read_rename_delete(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe, kept = await home.joined("Zoé"), home.conversations
        first = await kept.keep(zoe, "", [QUESTION, ANSWER])
        home.clock.advance(ms=1000)
        second = await kept.keep(zoe, "Deux\nlignes\0", [QUESTION])
        await kept.append(zoe, first, [Turn("user", "Et l'an prochain ?"), Turn("assistant", "On votera.", "r2")])
        assert [(one.id, one.title) for one in await kept.list_of(zoe)] == [
            (second, "Deux lignes"),
            (first, "Combien de stères par foyer ?"),
        ]
        read = await kept.read(zoe, first)
        assert [one.text for one in read.turns][-2:] == ["Et l'an prochain ?", "On votera."]
        assert read.turns[:2] == (QUESTION, ANSWER)
        assert read.expires_ms == read.created_ms + 30 * DAY_MS
        await kept.rename(zoe, first, "Le bois")
        assert (await kept.read(zoe, first)).title == "Le bois"
        await kept.delete(zoe, first)
        await refused(kept.read(zoe, first), NotFound, "conversation_not_found")
        assert rows(home) == (1, 1)
        assert await kept.delete_all(zoe) == 1
        assert rows(home) == (0, 0)

    on_fresh_home(tmp_path, work)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.STEWARD, Role.OPERATOR])
def test_nobody_else_can_read_whatever_their_role(tmp_path: Path, role: Role) -> None:
    async def work(home: Home) -> None:
        zoe, other, kept = await home.joined("Zoé"), await home.joined("Odile", role), home.conversations
        hers = await kept.keep(zoe, "secret", [QUESTION])
        for work in (
            kept.read(other, hers),
            kept.append(other, hers, [ANSWER]),
            kept.rename(other, hers, "mine"),
            kept.delete(other, hers),
        ):
            await refused(work, NotFound, "conversation_not_found")
        assert await kept.list_of(other) == []
        assert await kept.export(other) == []
        assert (await home.accounts.export(other))["conversations"] == []
        assert await kept.delete_all(other) == 0
        read = await kept.read(zoe, hers)
        assert (read.title, read.turns) == ("secret", (QUESTION,))
        assert "secret" not in repr(read)
        assert QUESTION.text not in repr(read)

    on_fresh_home(tmp_path, work)


def test_what_has_expired_is_gone_even_before_the_purge(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe, kept = await home.joined("Zoé"), home.conversations
        old = await kept.keep(zoe, "old", [QUESTION, ANSWER])
        home.clock.advance(ms=DAY_MS)
        recent = await kept.keep(zoe, "recent", [QUESTION])
        home.clock.advance(ms=29 * DAY_MS - 1)
        assert await kept.purge() == 0
        await kept.append(zoe, old, [ANSWER])  # does not postpone the day
        home.clock.advance(ms=1)
        await refused(kept.read(zoe, old), NotFound, "conversation_not_found")
        await refused(kept.append(zoe, old, [ANSWER]), NotFound, "conversation_not_found")
        assert [one.id for one in await kept.list_of(zoe)] == [recent]
        assert [one["id"] for one in await kept.export(zoe)] == [recent]
        assert rows(home) == (2, 4), "not purged yet"
        assert await kept.purge() == 1
        assert rows(home) == (1, 1), "turns go with their conversation"
        assert await kept.purge() == 0
        assert (await kept.read(zoe, recent)).turns == (QUESTION,)

    on_fresh_home(tmp_path, work)


def test_what_cannot_be_kept(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe, kept = await home.joined("Zoé"), home.conversations
        await refused(kept.keep(zoe, "nothing", []), BadRequest, "invalid_conversation")
        too_long = [Turn("user", "x" * (TEXT_MAX + 1))]
        await refused(kept.keep(zoe, "long", too_long), BadRequest, "invalid_conversation")
        await refused(kept.keep(zoe, "many", [QUESTION] * 1001), BadRequest, "invalid_conversation")
        stranger = [Turn("system", "x")]  # type: ignore[arg-type]
        await refused(kept.keep(zoe, "system", stranger), BadRequest, "invalid_conversation")
        assert rows(home) == (0, 0)
        one = await kept.keep(zoe, "title \ud800", [Turn("user", "a\ud800\0b")])
        assert (await kept.read(zoe, one)).turns[0].text == f"a?{unshowable()}b"
        await kept.append(zoe, one, [QUESTION] * 999)
        await refused(kept.append(zoe, one, [QUESTION]), BadRequest, "invalid_conversation")
        await refused(kept.rename(zoe, one, " \n"), BadRequest, "invalid_conversation")
        for nothing in ("", "\0", "\ud800", "x" * 1000, "a" * 12):
            await refused(kept.read(zoe, nothing), NotFound, "conversation_not_found")
        for _ in range(KEPT_MAX - 1):
            await kept.keep(zoe, "more", [QUESTION])
        await refused(kept.keep(zoe, "more", [QUESTION]), Conflict, "too_many_conversations")

    on_fresh_home(tmp_path, work)


def test_the_export_is_whole(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe = await home.joined("Zoé")
        await home.conversations.keep(zoe, "Le bois", [QUESTION, ANSWER])
        (one,) = await home.conversations.export(zoe)
        assert one["title"] == "Le bois"
        assert one["turns"] == [
            {"role": "user", "text": QUESTION.text, "receipt_id": None},
            {"role": "assistant", "text": ANSWER.text, "receipt_id": "r1"},
        ]
        assert one["expires"] > one["created"]
        assert (await home.accounts.export(zoe))["conversations"] == [one]

    on_fresh_home(tmp_path, work)


def test_a_deleted_conversation_leaves_no_trace_in_the_files(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe = await home.joined("Zoé")
        one = await home.conversations.keep(zoe, "titre-reconnaissable", [Turn("user", "reconnaissable " * 500)])
        await home.conversations.keep(zoe, "titre-restant", [QUESTION])
        await home.conversations.delete(zoe, one)
        stored = home.bytes_on_disk()
        assert b"reconnaissable" not in stored
        assert b"titre-restant" in stored, "we did look in the right place"

    on_fresh_home(tmp_path, work)
