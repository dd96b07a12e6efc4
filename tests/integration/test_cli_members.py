"""``affouage members`` and ``affouage keys`` on a real home: exact JSON, remedies, a server running beside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from affouage.assembly.access import Credential
from affouage.cli.keys import keys
from affouage.cli.members import members
from affouage.clock import SystemClock
from affouage.errors import NotSignedIn
from affouage.storage.home import claimed, note_address
from tests.integration.accounts_home import PASSWORD, opened, refused

Call = Callable[..., Result]
WHY = ("--reason", "Pour révoquer la clé d’un ordinateur perdu.")


@pytest.fixture
def call(home: Path) -> Call:
    """Runs a command on a fresh home."""
    root = click.Group(commands=[members, keys])

    def run(*words: str, **environment: str) -> Result:
        result = CliRunner().invoke(root, list(words), env={"AFFOUAGE_HOME": str(home), **environment})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def ok(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def no(result: Result, sentence: str) -> None:
    """Refused with 2, a sentence and a remedy on stderr, nothing on stdout."""
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) >= 2
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_add_and_list(call: Call) -> None:
    added = ok(call("members", "add", "Jeanne Moreau", "--role", "steward", "--json"))
    assert list(added) == ["id", "name", "role", "invitation_url", "expires"]
    assert (added["name"], added["role"]) == ("Jeanne Moreau", "steward")
    assert added["invitation_url"].startswith("/join/")
    ok(call("members", "add", "Ali", "--language", "en", "--json"))
    listed = ok(call("members", "list", "--json"))
    assert [(one["name"], one["role"], one["language"]) for one in listed] == [
        ("Ali", "member", "en"),
        ("Jeanne Moreau", "steward", "fr"),
    ]
    assert list(listed[0]) == ["id", "name", "role", "language", "created", "deactivated"]
    assert listed[0]["deactivated"] is None


def test_for_people(call: Call) -> None:
    assert "Nobody yet" in call("members", "list").stdout
    added = call("members", "add", "Zoé")
    assert added.exit_code == 0
    assert "Zoé is on the roll (member)." in added.stdout
    assert "/join/" in added.stdout
    assert "affouage up" in added.stderr, "how to make it a whole address"
    assert "/join/" in call("members", "invite").stdout
    assert "Zoé  member" in call("members", "list").stdout
    assert "has no key" in call("keys", "list", "Zoé", *WHY).stdout
    assert "aff_" in call("keys", "create", "Zoé", "--label", "portable").stdout
    assert "in use" in call("keys", "list", "Zoé", *WHY).stdout


def test_for_people_in_french(call: Call) -> None:
    def said(*words: str) -> str:
        return call(*words, AFFOUAGE_LANG="fr").output.replace("\u202f", " ")

    assert "Zoé est au rôle (intendant, intendante)." in said("members", "add", "Zoé", "--role", "steward")
    assert "Zoé  intendant, intendante" in said("members", "list")
    assert "Zoé : intendant, intendante, compte fermé." in said("members", "deactivate", "Zoé")
    assert "fermé le " in said("members", "list")
    assert "affouage : Quelqu’un porte déjà ce nom.\n  Ajoutez un nom de famille" in said("members", "add", "ZOE")
    assert "deactivated" in said("keys", "create", "Zoé"), "what the French leaves out follows in English"
    assert ok(call("members", "list", "--json", AFFOUAGE_LANG="fr")) == ok(call("members", "list", "--json"))


def test_the_link_opens_the_account(call: Call, home: Path) -> None:
    link = ok(call("members", "add", "Jeanne", "--json"))["invitation_url"]
    reset = ok(call("members", "reset-link", "JEANNE", "--json"))
    assert list(reset) == ["id", "name", "role", "invitation_url", "expires"]
    invited = ok(call("members", "invite", "--role", "operator", "--json"))
    assert list(invited) == ["id", "role", "invitation_url", "expires"]

    async def accept() -> None:
        async with opened(home / "affouage.db", SystemClock().now_ms()) as place:
            accept = place.accounts.accept
            with pytest.raises(Exception, match="withdrawn"):
                await accept(link.removeprefix("/join/"), None, PASSWORD, "fr")
            jeanne, _ = await accept(reset["invitation_url"].removeprefix("/join/"), None, PASSWORD, "fr")
            assert (jeanne.name, jeanne.id) == ("Jeanne", reset["id"])
            ali, _ = await accept(invited["invitation_url"].removeprefix("/join/"), "Ali", PASSWORD, "fr")
            assert ali.role == "operator"

    asyncio.run(accept())


def test_the_link_is_whole_when_the_server_runs_and_only_then(call: Call, home: Path) -> None:
    def url() -> str:
        return str(ok(call("members", "invite", "--json"))["invitation_url"])

    with claimed(home):
        note_address(home, "http://127.0.0.1:8421/\n")
        assert url().startswith("http://127.0.0.1:8421/join/")
        public = ok(call("members", "invite", "--json", AFFOUAGE_SERVER_PUBLIC_URL="https://bois.example"))
        assert public["invitation_url"].startswith("https://bois.example/join/")
    assert url().startswith("/join/"), "the address noted is that of a server that was killed"


def test_keys(call: Call) -> None:
    ok(call("members", "add", "Ali", "--json"))
    made = ok(call("keys", "create", "ali", "--label", "laptop", "--days", "30", "--scope", "inference", "--json"))
    assert list(made) == ["id", "key", "member", "label", "scopes", "expires"]
    assert made["key"].startswith(f"aff_{made['id']}_")
    assert (made["member"], made["scopes"]) == ("Ali", ["inference"])
    endless = ok(call("keys", "create", "Ali", "--json"))
    assert (endless["scopes"], endless["expires"]) == (["inference", "receipts"], None)
    assert ok(call("keys", "revoke", made["id"], "--json")) == {"id": made["id"], "revoked": True}
    listed = ok(call("keys", "list", "Ali", "--json", *WHY))
    assert list(listed[0]) == ["id", "member", "label", "scopes", "created", "expires", "revoked"]
    assert {one["id"]: one["revoked"] is not None for one in listed} == {made["id"]: True, endless["id"]: False}
    assert endless["key"] not in json.dumps(listed)
    assert endless["key"].split("_")[2] not in json.dumps(listed)
    no(call("keys", "revoke", made["id"]), "no such key")
    no(call("keys", "revoke", "\udcff"), "no such key")
    no(call("keys", "create", "Nobody"), "no such member")


def test_roles_and_closed_accounts(call: Call) -> None:
    for name in ("Ali", "Odile"):
        ok(call("members", "add", name, "--role", "operator", "--json"))
    assert ok(call("members", "role", "Ali", "member", "--json"))["role"] == "member"
    no(call("members", "role", "Odile", "member"), "last operator")
    no(call("members", "deactivate", "Odile"), "last operator")
    assert ok(call("members", "deactivate", "Ali", "--json"))["deactivated"].endswith("Z")
    no(call("keys", "create", "Ali"), "deactivated")
    no(call("members", "reset-link", "Ali"), "deactivated")
    assert "deactivated" in call("members", "list").stdout
    assert ok(call("members", "reactivate", "Ali", "--json"))["deactivated"] is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("members", "add", "a\tb"), "cannot be seen"),
        (("members", "add", "\udcff"), "cannot be seen"),  # bytes that are not UTF-8, as the system passes them
        (("members", "add", "commons"), "kept for the collective"),
        (("members", "add", ""), "letter or digit"),
        (("members", "deactivate", "Nobody"), "no such member"),
        (("members", "add", "Ali", "--role", "king"), "king"),
        (("keys", "create", "Ali", "--days", "0"), "range"),
        (("keys", "create", "Ali", "--scope", "everything"), "everything"),
    ],
)
def test_bad_input_ends_with_2_and_a_remedy(call: Call, words: tuple[str, ...], sentence: str) -> None:
    no(call(*words), sentence)


def test_a_name_taken(call: Call) -> None:
    ok(call("members", "add", "Élodie", "--json"))
    no(call("members", "add", "elodie", "--json"), "already has that name")


@pytest.mark.sqlite_only
def test_a_home_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    no(call("members", "list", AFFOUAGE_HOME=str(tmp_path / "file" / "home")), "Nothing can be written")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "affouage.db").write_bytes(b"not a database" * 1000)
    no(call("members", "list", AFFOUAGE_HOME=str(tmp_path / "damaged")), "damaged")


def test_beside_a_running_server_it_counts_at_once(call: Call, home: Path) -> None:
    """The server's own accounts object, held open on the same file while the commands write there."""

    async def work() -> None:
        async with opened(home / "affouage.db", SystemClock().now_ms()) as server:
            ok(await asyncio.to_thread(call, "members", "add", "Ali", "--json"))
            made = ok(await asyncio.to_thread(call, "keys", "create", "Ali", "--json"))
            credential = Credential("key", made["key"])
            assert (await server.accounts.identify(credential)).member.name == "Ali"
            ok(await asyncio.to_thread(call, "keys", "revoke", made["id"], "--json"))
            await refused(server.accounts.identify(credential), NotSignedIn, "key_revoked")

    home.mkdir(parents=True)
    asyncio.run(work())


def test_help_shows_examples_and_shapes(call: Call) -> None:
    assert "affouage members add" in call("members", "--help").stdout
    assert '{"id", "name", "role", "invitation_url", "expires"}' in call("members", "add", "--help").stdout
    assert '{"id", "key", "member", "label", "scopes", "expires"}' in call("keys", "create", "--help").stdout
