"""The roll on a real database: the commons, keys, mandates, and one's own data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from sqlalchemy import select

from affouage.assembly import attempts
from affouage.assembly.access import Credential
from affouage.assembly.conversations import Turn
from affouage.assembly.invitations import InvitationLink
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from affouage.storage.tables import invitation, member, receipt_salt, session
from tests.integration.accounts_home import DAY_MS, OTHER_PASSWORD, PASSWORD, Home, on_fresh_home, opened, refused

# -- the commons -------------------------------------------------------------------------------------------------


def test_the_commons_exists_once_and_cannot_act(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "affouage.db") as home, opened(tmp_path / "affouage.db") as other:
            found = await asyncio.gather(*(place.accounts.commons() for place in (home, other) * 5))
            assert len({one.id for one in found}) == 1
            commons = found[0]
            assert commons.role is Role.COMMONS
            assert await home.accounts.members() == []
            await refused(home.accounts.find("odile"), NotFound, "member_not_found")
            for forbidden in (
                home.accounts.create_key(commons),
                home.accounts.set_role(None, commons.id, Role.OPERATOR),
                home.accounts.reset_link(None, commons.id),
                home.accounts.erase(commons),
            ):
                await refused(forbidden, NotFound, "member_not_found")
            await refused(
                home.accounts.sign_in("commons", PASSWORD, "", "10.0.0.1"), NotSignedIn, "wrong_name_or_password"
            )
            await refused(home.accounts.add_member("Commons", Role.MEMBER), BadRequest, "invalid_name")
            await refused(home.accounts.invite(Role.COMMONS, None), NotAllowed, "commons_account")

    asyncio.run(work())


# -- keys --------------------------------------------------------------------------------------------------------


def test_keys_are_made_listed_and_revoked_by_their_owner_only(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile, ali = await home.joined("Odile"), await home.joined("Ali", Role.OPERATOR)
        made, shown = await home.accounts.create_key(odile, "mon\nportable\ud800", ["inference"], 30)
        assert made.label == "mon portable?"
        assert await home.accounts.keys(odile) == [made]
        assert shown not in repr(made)
        assert await home.accounts.keys(ali) == []
        for nobody in (made.id, "\ud800", ""):
            await refused(home.accounts.revoke_key(ali, nobody), NotFound, "key_not_found")
        await home.accounts.revoke_key(odile, made.id)
        assert not (await home.accounts.keys(odile))[0].usable(home.clock.now_ms())
        await refused(home.accounts.revoke_key(odile, made.id), NotFound, "key_not_found")

    on_fresh_home(tmp_path, work)


def test_keys_that_cannot_be_made(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        for scopes in ([], ["everything"], ["inference", "\ud800"]):
            await refused(home.accounts.create_key(odile, "", scopes), BadRequest, "unknown_scope")
        for days in (0, -1, 100_000):
            await refused(home.accounts.create_key(odile, "", None, days), BadRequest, "invalid_expiry")
        for _ in range(50):
            last, _ = await home.accounts.create_key(odile)
        await refused(home.accounts.create_key(odile), Conflict, "too_many_keys")
        await home.accounts.revoke_key(odile, last.id)
        await home.accounts.create_key(odile)
        await home.accounts.deactivate(None, odile.id)
        await refused(home.accounts.create_key(odile), NotAllowed, "insufficient_permissions")

    on_fresh_home(tmp_path, work)


# -- mandates ----------------------------------------------------------------------------------------------------


def test_a_role_change_ends_sessions_and_the_links_one_made(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        operator, steward = await home.joined("Odile", Role.OPERATOR), await home.joined("Ali", Role.STEWARD)
        credential, _ = await home.session("Ali")
        link = await home.accounts.invite(Role.MEMBER, steward)
        changed = await home.accounts.set_role(operator, steward.id, Role.MEMBER)
        assert changed.role is Role.MEMBER
        await refused(home.accounts.identify(credential), NotSignedIn, "session_expired")
        await refused(home.accounts.accept(link.secret, "Eve", PASSWORD, "fr"), Conflict, "invitation_revoked")
        # The request Ali had under way, with the role read before: it is read again.
        await refused(home.accounts.invite(Role.MEMBER, steward), NotAllowed, "insufficient_role")

    on_fresh_home(tmp_path, work)


def test_who_may_do_what_to_whom(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        operator = await home.joined("Odile", Role.OPERATOR)
        steward, plain = await home.joined("Ali", Role.STEWARD), await home.joined("Zoé")
        accounts = home.accounts

        def forbidden(by: Member) -> list[Coroutine[Any, Any, Any]]:
            return [
                accounts.invite(Role.STEWARD, by),
                accounts.add_member("Eve", Role.OPERATOR, by=by),
                accounts.set_role(by, plain.id, Role.STEWARD),
                accounts.set_role(by, by.id, Role.OPERATOR),
                accounts.deactivate(by, operator.id),
                accounts.reactivate(by, operator.id),
                accounts.reset_link(by, operator.id),
                accounts.reset_link(by, plain.id if by is steward else steward.id),
            ]

        for work in [*forbidden(steward), *forbidden(plain), accounts.invite(Role.MEMBER, plain)]:
            await refused(work, NotAllowed, "insufficient_role")
        await accounts.invite(Role.MEMBER, steward)
        await accounts.deactivate(steward, plain.id)
        await accounts.deactivate(steward, plain.id)
        assert (await accounts.reactivate(steward, plain.id)).active
        link = await accounts.invite(Role.OPERATOR, operator)
        await refused(accounts.revoke_invitation(steward, link.id), NotAllowed, "insufficient_role")
        await accounts.revoke_invitation(operator, link.id)
        for missing_id in ("nobody", "\ud800", "a" * 12):
            await refused(accounts.deactivate(operator, missing_id), NotFound, "member_not_found")

    on_fresh_home(tmp_path, work)


def test_the_last_operator_stays(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile", Role.OPERATOR)
        await home.accounts.add_member("Bernard", Role.OPERATOR)  # never answered: cannot take over
        for work in (
            home.accounts.set_role(odile, odile.id, Role.MEMBER),
            home.accounts.set_role(None, odile.id, Role.STEWARD),
            home.accounts.deactivate(None, odile.id),
            home.accounts.erase(odile),
        ):
            await refused(work, Conflict, "last_operator")
        ali = await home.joined("Ali", Role.OPERATOR)
        outcomes = await asyncio.gather(
            home.accounts.set_role(odile, ali.id, Role.MEMBER),
            home.accounts.set_role(ali, odile.id, Role.MEMBER),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Member) for outcome in outcomes) == 1, "each the other: one only"
        assert sum(one.role is Role.OPERATOR and one.name != "Bernard" for one in await home.accounts.members()) == 1

    on_fresh_home(tmp_path, work)


def test_a_reset_link_gives_a_password_and_shows_nothing_kept(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        operator, zoe = await home.joined("Odile", Role.OPERATOR), await home.joined("Zoé")
        kept = await home.conversations.keep(zoe, "secret", [Turn("user", "what nobody else may read")])
        credential, _ = await home.session("Zoé")
        first: InvitationLink = await home.accounts.reset_link(operator, zoe.id)
        link = await home.accounts.reset_link(operator, zoe.id)
        await refused(home.accounts.invitation(first.secret), Conflict, "invitation_revoked")
        offered = await home.accounts.invitation(link.secret)
        assert (offered.kind, offered.member_name, offered.resets) == ("password", "Zoé", True)
        await home.accounts.identify(credential)  # nothing changes before it is used
        assert (await home.conversations.read(zoe, kept)).title == "secret"

        who, token = await home.accounts.accept(link.secret, "ignored", OTHER_PASSWORD, "en")
        assert (who.id, who.name, who.role, who.language) == (zoe.id, "Zoé", Role.MEMBER, "fr")
        await refused(home.accounts.identify(credential), NotSignedIn, "session_expired")
        await home.accounts.identify(Credential("session", token.text))
        assert await home.conversations.list_of(who) == []
        await refused(home.conversations.read(who, kept), NotFound, "conversation_not_found")

        pending = await home.accounts.reset_link(operator, zoe.id)
        await home.accounts.deactivate(operator, zoe.id)
        await refused(home.accounts.accept(pending.secret, None, PASSWORD, "fr"), Conflict, "invitation_revoked")
        await refused(home.accounts.reset_link(operator, zoe.id), Conflict, "member_deactivated")

    on_fresh_home(tmp_path, work)


# -- one's own data ----------------------------------------------------------------------------------------------


def test_names_and_languages_change(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        await home.joined("Zoé")
        assert (await home.accounts.rename(odile, "ODILE")).name == "ODILE"
        await refused(home.accounts.rename(odile, "zoe"), Conflict, "name_taken")
        await home.accounts.sign_in("odile", PASSWORD, "", "10.0.0.1")
        assert (await home.accounts.set_language(odile, "en")).language == "en"
        await refused(home.accounts.set_language(odile, "xx"), BadRequest, "unknown_language")
        assert [one.name for one in await home.accounts.members()] == ["ODILE", "Zoé"]
        assert (await home.accounts.member(odile.id)).name == "ODILE"

    on_fresh_home(tmp_path, work)


def test_the_export_holds_everything_and_no_secret(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile", Role.OPERATOR)
        key = await home.key(odile, label="portable")
        credential, session_id = await home.session("Odile")
        link = await home.accounts.invite(Role.MEMBER, odile)
        await home.conversations.keep(odile, "Le bois", [Turn("user", "Combien ?"), Turn("assistant", "Peu.", "r1")])
        given = await home.accounts.export(odile)
        document = json.dumps(given)
        assert given["member"]["name"] == "Odile"
        assert given["member"]["created"].endswith("Z")
        assert session_id in [one["id"] for one in given["sessions"]]
        assert [one["label"] for one in given["keys"]] == ["portable"]
        assert link.id in [one["id"] for one in given["invitations"]]
        assert [one["text"] for one in given["conversations"][0]["turns"]] == ["Combien ?", "Peu."]
        for secret in (key.text, key.text.split("_")[2], credential.text, link.secret, "argon2"):
            assert secret not in document

    on_fresh_home(tmp_path, work)


def test_erasing_leaves_an_opaque_id_and_nothing_else(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        zoe = await home.joined("Zoé Vincent")
        key, (credential, _) = await home.key(zoe, label="portable de Zoé"), await home.session("Zoé Vincent")
        await home.conversations.keep(zoe, "secret title", [Turn("user", "secret question")])
        await home.accounts.reset_link(None, zoe.id)
        salt = {"request_id": "r1", "member_id": zoe.id, "salt": b"salted salt salt"}
        await home.database.write(lambda c: c.execute(receipt_salt.insert().values(**salt)))

        await home.accounts.erase(zoe)
        await refused(home.accounts.identify(key), NotSignedIn, "invalid_api_key")
        await refused(home.accounts.identify(credential), NotSignedIn, "session_expired")
        await refused(home.accounts.find("Zoé Vincent"), NotFound, "member_not_found")
        await refused(home.accounts.reactivate(None, zoe.id), Conflict, "member_erased")
        assert await home.accounts.members() == []
        row = home.database.read_now(lambda c: c.execute(select(member).where(member.c.id == zoe.id)).one())
        assert row.password_hash is None
        assert "zo" not in (row.name + row.name_key).replace(zoe.id, "").lower()
        await home.joined("Zoé Vincent")  # the name is free again
        await home.accounts.erase(await home.accounts.find("zoe vincent"))

        stored = home.bytes_on_disk()
        for trace in ("Vincent", "secret title", "secret question", "portable de", "salted salt", "argon2"):
            assert trace.encode() not in stored, trace
        assert zoe.id.encode() in stored, "we did look in the right place"

    on_fresh_home(tmp_path, work)


def test_purging_forgets_what_has_no_more_use_and_only_that(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        _, ended_id = await home.session("Odile")
        await home.accounts.sign_out(ended_id)
        wrong = home.accounts.sign_in("Odile", "not this one", "", "10.0.0.1")
        await refused(wrong, NotSignedIn, "wrong_name_or_password")
        assert await home.accounts.purge() == 1, "the session that was ended"
        assert await home.accounts.purge() == 0
        home.clock.advance(ms=attempts.WINDOW_MS)
        assert await home.accounts.purge() == 3, "the attempt: the pair, the name, the place"
        kept, _ = await home.session("Odile")
        await home.accounts.purge()
        await home.accounts.identify(kept)
        home.clock.advance(ms=31 * DAY_MS)
        await home.accounts.purge()
        assert await home.accounts.sessions(odile) == []
        left = home.database.read_now(lambda c: [len(c.execute(select(t)).all()) for t in (session, invitation)])
        assert left == [0, 0]

    on_fresh_home(tmp_path, work)
