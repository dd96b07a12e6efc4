"""Links on a real database: once, for a time, and what must not happen at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.assembly.access import Credential
from affouage.assembly.credentials import new_link_secret
from affouage.assembly.invitations import FIRST_ADMINISTRATOR_MS, INVITATION_MS
from affouage.assembly.member import Role
from affouage.errors import BadRequest, Conflict, NotFound
from affouage.storage.tables import invitation
from tests.integration.accounts_home import PASSWORD, Home, on_fresh_home, opened, refused

pytestmark = pytest.mark.both_databases


def test_an_invitation_lets_one_person_in_once(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        link = await home.accounts.invite(Role.STEWARD, None)
        assert link.path == f"/join/{link.secret}"
        assert link.secret not in repr(link)
        offered = await home.accounts.invitation(link.secret)
        assert (offered.kind, offered.role, offered.member_name) == ("join", Role.STEWARD, None)
        who, token = await home.accounts.accept(link.secret, "Odile", PASSWORD, "en", "Firefox\non Linux\0")
        assert (who.name, who.role, who.language) == ("Odile", Role.STEWARD, "en")
        identity = await home.accounts.identify(Credential("session", token.text))
        assert identity.member == who
        assert [one.agent for one in await home.accounts.sessions(who)] == ["Firefox on Linux"]
        await refused(home.accounts.invitation(link.secret), Conflict, "invitation_used")
        await refused(home.accounts.accept(link.secret, "Ali", PASSWORD, "fr"), Conflict, "invitation_used")

    on_fresh_home(tmp_path, work)


def test_links_that_open_nothing(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        for secret in ("", "\0", "\ud800", "x" * 1_000_000, new_link_secret()):
            await refused(home.accounts.invitation(secret), NotFound, "invitation_not_found")
            await refused(home.accounts.accept(secret, "Ali", PASSWORD, "fr"), NotFound, "invitation_not_found")
        link = await home.accounts.invite(Role.MEMBER, None)
        await home.accounts.revoke_invitation(None, link.id)
        await refused(home.accounts.accept(link.secret, "Ali", PASSWORD, "fr"), Conflict, "invitation_revoked")
        await refused(home.accounts.revoke_invitation(None, link.id), NotFound, "invitation_not_found")
        await refused(home.accounts.revoke_invitation(None, "\ud800"), NotFound, "invitation_not_found")

        late = await home.accounts.invite(Role.MEMBER, None)
        home.clock.advance(ms=INVITATION_MS - 1)
        await home.accounts.invitation(late.secret)
        assert [one.id for one in await home.accounts.pending_invitations()] == [late.id]
        home.clock.advance(ms=1)
        await refused(home.accounts.accept(late.secret, "Ali", PASSWORD, "fr"), Conflict, "invitation_expired")
        assert await home.accounts.pending_invitations() == []
        assert await home.accounts.members() == []

    on_fresh_home(tmp_path, work)


def test_a_refused_acceptance_leaves_the_link_usable(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        await home.joined("Élodie")
        link = await home.accounts.invite(Role.MEMBER, None)
        await refused(home.accounts.accept(link.secret, "elodie", PASSWORD, "fr"), Conflict, "name_taken")
        await refused(home.accounts.accept(link.secret, "Ali", "court", "fr"), BadRequest, "weak_password")
        await refused(home.accounts.accept(link.secret, "A\0i", PASSWORD, "fr"), BadRequest, "invalid_name")
        await refused(home.accounts.accept(link.secret, None, PASSWORD, "fr"), BadRequest, "invalid_name")
        await refused(home.accounts.accept(link.secret, "Ali", PASSWORD, "xx"), BadRequest, "unknown_language")
        who, _ = await home.accounts.accept(link.secret, "Ali", PASSWORD, "fr")
        assert who.name == "Ali"

    on_fresh_home(tmp_path, work)


def test_of_two_simultaneous_acceptances_one_wins(tmp_path: Path) -> None:
    """Through two programs on the same file, the hardest case: nothing in memory is shared."""

    async def work() -> None:
        async with opened(tmp_path / "affouage.db") as one, opened(tmp_path / "affouage.db") as other:
            for round_ in range(5):
                link = await one.accounts.invite(Role.MEMBER, None)
                outcomes = await asyncio.gather(
                    *(
                        place.accounts.accept(link.secret, f"Candidate {round_} {number}", PASSWORD, "fr")
                        for number, place in enumerate((one, other, one, other))
                    ),
                    return_exceptions=True,
                )
                winners = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
                losers = [outcome for outcome in outcomes if not isinstance(outcome, tuple)]
                assert len(winners) == 1
                assert all(isinstance(lost, Conflict) and lost.code == "invitation_used" for lost in losers), losers
                assert len(await one.accounts.members()) == round_ + 1

    asyncio.run(work())


def test_of_two_simultaneous_people_of_one_name_one_gets_it(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        links = [await home.accounts.invite(Role.MEMBER, None) for _ in range(3)]
        names = ["Élodie", "elodie", "ELODIE"]
        outcomes = await asyncio.gather(
            *(home.accounts.accept(link.secret, name, PASSWORD, "fr") for link, name in zip(links, names, strict=True)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
        assert len(await home.accounts.pending_invitations()) == 2, "the others may choose another name"

    on_fresh_home(tmp_path, work)


def test_the_first_administrator_link(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        accounts = home.accounts
        before = await accounts.first_administrator_link()
        link = await accounts.first_administrator_link()
        assert before is not None
        assert link is not None
        await refused(accounts.invitation(before.secret), Conflict, "invitation_revoked")
        offered = await accounts.invitation(link.secret)
        assert (offered.kind, offered.role) == ("first_administrator", Role.OPERATOR)
        assert link.expires_ms == home.clock.now_ms() + FIRST_ADMINISTRATOR_MS
        # An operator on the roll who never chose a password administers nothing: the link stays.
        _, unanswered = await accounts.add_member("Bernard", Role.OPERATOR)
        assert await accounts.first_administrator_link() is not None

        link = await accounts.first_administrator_link()
        assert link is not None
        who, _ = await accounts.accept(link.secret, "Odile", PASSWORD, "fr")
        assert who.role is Role.OPERATOR
        assert await accounts.first_administrator_link() is None
        await accounts.accept(unanswered.secret, None, PASSWORD, "fr")

    on_fresh_home(tmp_path, work)


def test_the_first_administrator_link_dies_when_another_operator_comes_first(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        link = await home.accounts.first_administrator_link()
        assert link is not None
        await home.joined("Bernard", Role.OPERATOR)
        await refused(home.accounts.accept(link.secret, "Odile", PASSWORD, "fr"), Conflict, "invitation_revoked")

        # Even one that was never withdrawn (an old row put back) opens nothing.
        await home.database.write(lambda c: c.execute(invitation.update().values(revoked_ms=None)))
        await refused(home.accounts.accept(link.secret, "Odile", PASSWORD, "fr"), Conflict, "invitation_revoked")

    on_fresh_home(tmp_path, work)


def test_only_digests_are_stored(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        link = await home.accounts.invite(Role.MEMBER, None)
        who, token = await home.accounts.accept(link.secret, "Odile", PASSWORD, "fr")
        key = await home.key(who)
        stored = home.bytes_on_disk()
        for secret in (link.secret, token.text, key.text.split("_")[2], PASSWORD):
            assert secret.encode() not in stored
        assert key.text.split("_")[1].encode() in stored, "we did look in the right place"

    on_fresh_home(tmp_path, work)
