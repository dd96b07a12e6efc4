"""An assembly driven from the command line: people with keys, votes that end when everybody has voted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner, Result

from affouage.assembly.accounts import Accounts
from affouage.assembly.assembly import Assembly
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.cli import main
from affouage.clock import SystemClock
from affouage.footprint.budget import Rates
from affouage.rulebook import open_charter
from affouage.storage import open_database
from affouage.storage.home import prepare

AT_ONCE = Profile(deliberation_min=0, notice_min=0, voting_min=60, contest_min=0, quorum_percent=50)
TWO_THIRDS = msgspec.structs.replace(AT_ONCE, method="supermajority", threshold="2/3")
GOVERNANCE = GovernanceRules(ordinary=AT_ONCE, reinforced=TWO_THIRDS, entrenched=TWO_THIRDS, persons=AT_ONCE)


class Town:
    """``keys``: by name, of the scope account."""

    def __init__(self, home: Path, names: str = "Odile Ali Bea") -> None:
        self.home = home
        self.keys: dict[str, str] = {}
        for name in names.split():
            role = "member" if self.keys else "operator"
            self.json("members", "add", name, "--role", role, "--json")
            made = self.json("keys", "create", name, "--scope", "account", "--json")
            self.keys[name] = made["key"]

    def found(self, governance: GovernanceRules = GOVERNANCE, **rules: Any) -> None:
        """As the command does, with rules that no preset has."""
        prepare(self.home)
        db = open_database(self.home / "affouage.db")
        clock = SystemClock()
        charter = open_charter(db, clock, Rates())
        assembly = Assembly(db, clock, charter, charter.areas)
        try:
            asyncio.run(assembly.found("tests", {"governance": governance, **rules}))
        finally:
            db.close()

    def own_key(self, name: str) -> str:
        """The key that a member makes on their account page, of the scope account."""
        db = open_database(self.home / "affouage.db")
        accounts = Accounts(db, SystemClock())

        async def make() -> str:
            scopes = frozenset({"account"})
            return (await accounts.create_key(await accounts.find(name), "own", scopes, None))[1]

        try:
            return asyncio.run(make())
        finally:
            db.close()

    def run(self, *words: str, as_: str | None = None, **environ: str) -> Result:
        """``as_``: whose key is in the environment."""
        own = {"AFFOUAGE_KEY": self.keys[as_]} if as_ else {}
        env = {"AFFOUAGE_HOME": str(self.home), "AFFOUAGE_LANG": "en", **own, **environ}
        result = CliRunner().invoke(main, list(words), env=env)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def done(self, *words: str, as_: str | None = None, **environ: str) -> str:
        result = self.run("assembly", *words, as_=as_, **environ)
        assert result.exit_code == 0, result.output
        return result.stdout.replace("\u202f", " ").replace("\u00a0", " ")

    def json(self, *words: str, as_: str | None = None) -> Any:
        result = self.run(*words, as_=as_)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def no(self, *words: str, as_: str | None = None, says: str = "", **environ: str) -> str:
        """Refused with 2, a sentence and a remedy on standard error, nothing on standard output."""
        result = self.run("assembly", *words, as_=as_, **environ)
        assert result.exit_code == 2, result.output
        assert says in result.stderr, result.stderr
        assert len(result.stderr.splitlines()) >= 2, result.stderr
        assert "Traceback" not in result.output
        return result.stderr

    def propose(self, *words: str, as_: str = "Odile") -> int:
        made = self.json("assembly", *words, "--title", "A title", "--reason", "A reason", "--json", as_=as_)
        number: int = made["proposal"]
        return number

    def vote(self, poll: int, **choices: str) -> None:
        for name, choice in choices.items():
            self.done("vote", str(poll), choice, as_=name)

    def adopt(self, *words: str) -> int:
        """Propose and have everybody vote for it: with no delays it is in force at once."""
        number = self.propose(*words)
        poll = self.json("assembly", "show", str(number), "--json")["poll"]
        self.vote(poll, **dict.fromkeys(self.keys, "for"))
        return number
