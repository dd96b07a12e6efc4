"""A secret is not told letter by letter: comparisons take as long wherever they fail."""

from __future__ import annotations

import ast
import statistics
import time
from pathlib import Path

import pytest

import affouage
from affouage.assembly import credentials, passwords
from affouage.assembly.access import Credential
from affouage.assembly.member import Role
from affouage.errors import NotSignedIn
from tests.integration.accounts_home import PASSWORD, Home, on_fresh_home

pytestmark = pytest.mark.incident("timing")
SECRET_WORDS = ("secret", "password", "csrf", "token", "digest", "sha256", "signature", "mac", "key")
PUBLIC = ("key_id", "token_id", "password_min", "file_sha256")


def test_secrets_are_compared_by_the_functions_made_for_it() -> None:
    """By construction: where a credential is judged, no ``==`` looks at a secret."""
    root = Path(affouage.__file__).parent
    judging = ["assembly/recognise.py", "assembly/credentials.py", "asgi/guard.py", "assembly/passwords.py"]
    judging += ["pool/nodes/invitations.py", "pool/nodes/joining.py", "pool/nodes/grants.py", "assembly/invitations.py"]
    for name in judging:
        tree = ast.parse((root / name).read_text(encoding="utf-8"))
        columns = {id(one) for call in ast.walk(tree) if isinstance(call, ast.Call) for one in ast.walk(call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and id(node) not in columns:
                for side in (node.left, *node.comparators):
                    shown = ast.unparse(side)
                    plain = isinstance(side, (ast.Name, ast.Attribute)) and shown not in PUBLIC
                    secret = plain and any(word in shown.rpartition(".")[2].split("_") for word in SECRET_WORDS)
                    only_none = all(isinstance(one, ast.Constant) for one in node.comparators)
                    assert not secret or only_none, (name, ast.unparse(node))


def test_a_secret_is_looked_for_by_its_digest_alone() -> None:
    """What the database compares is a SHA-256 that nobody can steer: nothing is learnt from how long it looks."""
    from affouage.storage.tables import api_key, invitation, session

    for table in (api_key, session, invitation):
        assert {column.name for column in table.columns if "secret" in column.name} == {"secret_sha256"}
    assert credentials.same(b"a" * 32, b"a" * 32)
    assert not credentials.same(b"a" * 32, b"a" * 31 + b"b")


@pytest.mark.alone
def test_a_key_wrong_at_its_first_letter_takes_as_long_as_one_wrong_at_its_last(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        odile = await home.joined("Odile")
        _, text = await home.accounts.create_key(odile)
        head, _, secret = text.rpartition("_")

        def changed(place: int) -> str:
            letter = "b" if secret[place] == "a" else "a"
            return f"{head}_{secret[:place]}{letter}{secret[place + 1 :]}"

        first, last = changed(0), changed(len(secret) - 1)

        async def judged(key: str) -> int:
            began = time.process_time_ns()
            with pytest.raises(NotSignedIn):
                await home.accounts.identify(Credential("key", key))
            return time.process_time_ns() - began

        took: tuple[list[int], list[int]] = ([], [])
        for number in range(600):  # in turn, so that whatever else the machine does falls on both
            place = number % 2
            took[place].append(await judged((first, last)[place]))
        low, high = sorted(statistics.median(each) for each in took)
        assert high / low < 1.25

    on_fresh_home(tmp_path, work)


@pytest.mark.alone
def test_a_name_that_nobody_has_takes_as_long_as_one_that_somebody_has(tmp_path: Path) -> None:
    async def work(home: Home) -> None:
        await home.joined("Odile", Role.OPERATOR)
        known = passwords.make_hash(PASSWORD)
        took: tuple[list[int], list[int]] = ([], [])
        for number in range(16):
            began = time.process_time_ns()
            assert not passwords.matches((known, None)[number % 2], "pas le bon mot de passe")
            took[number % 2].append(time.process_time_ns() - began)
        low, high = sorted(statistics.median(each) for each in took)
        assert high / low < 1.5

    on_fresh_home(tmp_path, work)
