"""The commons that is left running: its home, made once, and its server, `affouage up` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil

from affouage import settings as settings_of
from affouage.app import open_commons
from affouage.assembly.access import Scope
from affouage.assembly.member import Role
from affouage.assembly.rules.governance import GovernanceRules, in_one_sitting
from affouage.catalogue.card import Card, Licence, Say
from affouage.catalogue.store import ModelStore
from tests.brokers import free_port
from tests.contracts.tiny_gguf import write_tiny_model
from tests.faults.metered_house import until
from tests.faults.package import Package
from tests.integration.explain_house import fill

NAMES = ("Odile", "Karim", "Anne", "Bilal", "Chloé", "Denis")
"""The first is an operator."""
PASSWORD = "quatre mots sans lien"
MODEL = "tiny"
SERVING = "Ctrl-C to stop"


class Person(msgspec.Struct):
    name: str
    key: str


class Founded(msgspec.Struct):
    """``watch_key`` reads metrics."""

    people: list[Person]
    watch_key: str


def furnish(home: Path, **rules: Any) -> Founded:
    """A home with a model of a few hundred kilobytes, sheets, members with keys, and an assembly in one sitting.

    ``rules``: of the first day, by area, besides those of the votes.
    """
    store = ModelStore(home / "models")
    card = _card()
    store.add_card(card)
    model = write_tiny_model(home.parent / "tiny.gguf")
    store.import_file(model, card)
    fill(home)
    return asyncio.run(_people(home, rules))


async def _people(home: Path, rules: dict[str, Any]) -> Founded:
    people = []
    async with open_commons(settings_of.read({}, home=home), engines=[]) as commons:
        accounts = commons.accounts
        for name in NAMES:
            _, link = await accounts.add_member(name, Role.OPERATOR if name == NAMES[0] else Role.MEMBER, "fr")
            member, _ = await accounts.accept(link.secret, None, PASSWORD, "fr")
            _, key = await accounts.create_key(member, "les siens", None, None)
            people.append(Person(name, key))
        operator = await accounts.find(NAMES[0])
        _, watch_key = await accounts.create_key(operator, "mesures", [Scope.METRICS.value], None)
        await commons.assembly.found("", {"governance": in_one_sitting(GovernanceRules()), **rules})
    return Founded(people, watch_key)


def _card() -> Card:
    return Card(
        id=MODEL,
        name="Tiny",
        publisher="These tests",
        licence=Licence("Apache-2.0"),
        grade="grounded",
        good_at=(Say("Réciter.", "Reciting."),),
        bad_at=(Say("Le reste.", "The rest."),),
        context_tokens=4096,
    )


def hours_far_from_now(number: int) -> tuple[str, str]:
    """Two hours of closing that do not come in the next eight; another pair each time."""
    start = datetime.now() + timedelta(hours=9, minutes=number % 60)
    return start.strftime("%H:%M"), (start + timedelta(hours=2)).strftime("%H:%M")


class Running:
    """`affouage up` on the home; with a pool, its broker and a machine that is lent, with an engine of its own."""

    def __init__(self, folder: Path, *, pool: bool) -> None:
        self.home = folder / "home"
        self.folder = folder
        self.pool = pool
        self.package = Package(folder / "powercap", 5, every_s=0.05)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.server: subprocess.Popen[bytes] | None = None
        self.node: subprocess.Popen[bytes] | None = None
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AFFOUAGE_")},
            "AFFOUAGE_LANG": "en",
            "AFFOUAGE_HOME": str(self.home),
            "AFFOUAGE_ENGINE_DEFAULT_MODEL": MODEL,
            "AFFOUAGE_ENGINE_IDLE_UNLOAD_MS": "15000",
            "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "20000",
            "AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(folder / "powercap"),
            "AFFOUAGE_FOOTPRINT_HWMON_ROOT": str(folder / "none"),
            "AFFOUAGE_COMMONS_NAME": "Les Amis du Bois",
            "AFFOUAGE_LOG_FORMAT": "json",
            "AFFOUAGE_POOL_LISTEN": f"127.0.0.1:{free_port()}",
        }
        self._of_node = {
            **self._environ,
            "AFFOUAGE_HOME": str(folder / "node"),
            "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "30",
            "AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(folder / "none"),
        }

    async def start(self) -> None:
        await self.start_server()
        if self.pool:
            await self._lend()

    async def start_server(self) -> None:
        words = ["up", "--offline", "--no-question", "--port", self.url.rpartition(":")[2]]
        already = self.said("server").count(SERVING)
        self.server = self._program("server", self._environ, *words, *(["--pool"] if self.pool else []))
        await until(lambda: self._said("server", already), 60)

    def start_node(self) -> None:
        """The machine that was approved once."""
        self.node = self._program("node", self._of_node, "node", "run")

    async def _lend(self) -> None:
        """A machine joins, is approved, and serves the same model."""
        invitation = self.run("node", "invite", "--collective", "--json")["invitation"]
        store, card = ModelStore(self.folder / "node" / "models"), _card()
        store.add_card(card)
        store.import_file(self.folder / "tiny.gguf", card)
        self.node = self._program("node", self._of_node, "node", "join", invitation, "--name", "Atelier")
        await until(lambda: [one for one in self.run("node", "list", "--json") if one["state"] == "pending"], 60)
        self.run("node", "approve", "Atelier", "--trust", "collective", "--json")
        await until(lambda: "serv" in self.said("node").casefold(), 60)

    def _program(self, name: str, environ: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "affouage", *words], env=environ, stdout=log, stderr=log)

    def _said(self, name: str, already: int) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, self.said(name)
        return self.said(name).count(SERVING) > already

    def said(self, name: str) -> str:
        """All that the server (or the node) wrote."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def run(self, *words: str) -> Any:
        """What a command that must work prints; read as JSON with ``--json``."""
        done = subprocess.run(
            [sys.executable, "-m", "affouage", *words],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if "--json" in words else done.stdout

    def stop(self) -> list[str]:
        """In order, and what was wrong with that: nothing is to be left behind, no error to have been written."""
        wrong = []
        for name, process in (("node", self.node), ("server", self.server)):
            if process is None:
                continue
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code:
                wrong.append(f"the {name} ended with {code}")
            _, left = psutil.wait_procs(family, timeout=10)
            wrong += [f"the {name} left {one.pid} behind" for one in left]
            wrong += [f"the {name} wrote: {line}" for line in errors_in(self.said(name))]
        return wrong


def errors_in(log: str) -> list[str]:
    """Lines that say that something unforeseen happened."""
    return [
        line for line in log.splitlines() if re.search(r'Traceback|"level": ?"(error|critical)"|never awaited', line)
    ]
