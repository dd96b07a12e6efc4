"""Makes one of these homes, with the code of its day: a commons that serves, members who ask, keep and vote.

    git archive COMMIT src | tar -x -C /tmp/there        # whose storage/schema.py says HEAD = "0003"
    PYTHONPATH=/tmp/there/src python tests/old_homes/live_there.py tests/old_homes/0003

Only what that code had is used. The commits: 0001 cce88c5, 0002 edfbebe, 0003 1683cec, 0011 59d18b5.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from affouage import settings
from affouage.assembly.member import Role
from affouage.storage.schema import HEAD
from affouage.testing import EchoEngine, serving

PASSWORD = "quatre mots sans lien"
SETTINGS = '[commons]\nname = "Les Amis du Bois"\n'
SINCE_THE_FOOTPRINT = 'time_zone = "Europe/Paris"\n'


def live(home: Path) -> dict[str, Any]:
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}
    if HEAD >= "0002":
        environ |= {"AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "60", "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine(slots=4, word_ms=2)]) as running:
        told = ask(running)
        keep_a_conversation(running)
        if hasattr(running.commons, "assembly"):
            vote(running)
    return told


def ask(running: Any) -> dict[str, Any]:
    keys, receipts = {}, []
    for name, role in (("Odile", Role.OPERATOR), ("Karim", Role.MEMBER), ("Anne", Role.MEMBER)):
        keys[name] = running.api_key(name, role)
        for number in range(3):
            said = f"La forêt de {name}, numéro {number} " * (number + 1)
            answer = httpx.post(
                f"{running.url}/v1/chat/completions",
                json={"model": "echo", "messages": [{"role": "user", "content": said}]},
                headers={"authorization": f"Bearer {keys[name]}"},
            )
            assert answer.status_code == 200, answer.text
            receipts.append([name, answer.headers["x-affouage-receipt"]])
    return {"receipts": receipts, "keys": keys}


def keep_a_conversation(running: Any) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=running.url, headers=headers, follow_redirects=True) as browser:
        link = running.run(running.commons.accounts.invite(Role.MEMBER, None))
        browser.post(link.path, data={"name": "Bilal", "password": PASSWORD, "again": PASSWORD, "language": "fr"})
        token = re.findall(r'name="csrf" value="([^"]+)"', browser.get("/chat").text)[0]
        asked = {"csrf": token, "question": "Combien de stères par foyer ?", "model": "echo", "keep": "on"}
        browser.post("/chat", data=asked)
        assert "stères" in browser.get("/conversations").text


def vote(running: Any) -> None:
    from affouage.assembly.rules.governance import GovernanceRules, in_one_sitting
    from affouage.footprint.budget import BudgetRules, Limit

    assembly, find = running.commons.assembly, running.commons.accounts.find
    limit = Limit(scope="commons", span="day", unit="kwh", amount=2.0)
    rules = {"governance": in_one_sitting(GovernanceRules()), "budget": BudgetRules(limits=(limit,))}
    running.run(assembly.found("tests", rules))
    hours = running.run(assembly.look(lambda house: house.newest("hours")))[0]
    hours |= {"closed_from": "23:00", "closed_until": "06:00"}
    author = running.run(find("Karim"))
    number = running.run(assembly.propose_rule(author, "Fermer la nuit", "Que tout dorme.", "hours", hours))
    running.run(assembly.tick())
    for name in ("Odile", "Karim", "Anne", "Bilal"):
        running.run(assembly.cast(running.run(find(name)), running.run(assembly.proposal(number)).poll_id, "for"))
    running.run(assembly.tick())
    assert running.run(assembly.proposal(number)).state == "in_force"


def main(out: Path) -> None:
    assert out.name == HEAD, f"this code writes {HEAD}"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        more = SINCE_THE_FOOTPRINT if HEAD >= "0002" else ""
        (home / "settings.toml").write_text(SETTINGS + more, encoding="utf-8")
        told = live(home)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        written = sqlite3.connect(home / "affouage.db").iterdump()
        (out / "affouage.sql").write_text("\n".join(written) + "\n", encoding="utf-8")
        (out / "told.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for name in ("settings.toml", "journal/checkpoint", "journal/key"):
            if (home / name).exists():
                (out / name).parent.mkdir(exist_ok=True)
                shutil.copy(home / name, out / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
