"""A founded commons served over HTTP, with people who joined as people do, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from affouage import settings
from affouage.assembly.member import Role
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.testing import EchoEngine, LiveCommons, ManualClock, serving
from tests.integration.web_visitor import FORM, Visitor, encoded, forms

MIN = 60_000
QUICK = Profile(deliberation_min=10, notice_min=5, voting_min=20, contest_min=30, quorum_percent=0)
TWO_THIRDS = Profile(
    method="supermajority", threshold="2/3", deliberation_min=10, notice_min=5, voting_min=20, contest_min=30
)
RULES = GovernanceRules(
    ordinary=QUICK,
    reinforced=TWO_THIRDS,
    entrenched=TWO_THIRDS,
    persons=Profile(secrecy="detached", deliberation_min=10, notice_min=5, voting_min=20, contest_min=0),
    contest_members=2,
)
NAMES = ("Odile", "Karim", "Anne", "Bilal", "Chloé")


class WebHouse:
    """``people``: a browser each; Odile is an operator."""

    def __init__(self, live: LiveCommons, clock: ManualClock, language: str = "fr") -> None:
        self.live = live
        self.clock = clock
        self.people = {name: Visitor(live, language) for name in NAMES}
        for name, visitor in self.people.items():
            visitor.join(name, Role.OPERATOR if name == "Odile" else Role.MEMBER)
        self.stranger = Visitor(live, language)

    def __getitem__(self, name: str) -> Visitor:
        return self.people[name]

    def found(self, rules: GovernanceRules = RULES) -> None:
        self.live.run(self.live.commons.assembly.found("", {"governance": rules}))

    def later(self, minutes: float) -> None:
        self.clock.advance(ms=round(minutes * MIN))
        self.live.run(self.live.commons.assembly.tick())

    def text(self, who: str, path: str) -> str:
        answer = self[who].get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-1500:])
        return answer.text

    def send(self, who: str, page: str, step: str = "send") -> httpx.Response:
        """Confirm a preview, or go back to its form."""
        wanted = [form for form in forms(page) if ("step", step) in form.fields]
        return self[who].client.post(wanted[0].action, content=encoded(wanted[0].fields), headers=FORM)

    def propose_hours(self, who: str = "Karim", start: str = "23:00", end: str = "06:00") -> str:
        """The address of a new proposal, made through its pages."""
        page = self.text(who, "/assembly/propose/rule?of=hours")
        typed = {"f0": start, "f1": end, "title": "Fermer la nuit", "reason": "Que tout dorme."}
        preview = self[who].submit(page, "/assembly/propose/rule", **typed)
        assert preview.status_code == 200
        sent = self.send(who, preview.text)
        assert sent.status_code == 303
        return sent.headers["location"].partition("?")[0]

    def to_vote(self) -> None:
        self.later(10)
        self.later(5)

    def vote(self, who: str, poll: int, **typed: str) -> httpx.Response:
        return self[who].submit(self.text(who, f"/assembly/votes/{poll}"), f"/assembly/votes/{poll}", **typed)


@contextmanager
def web_house(home: Path, language: str = "fr") -> Iterator[WebHouse]:
    environ = {
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
        "AFFOUAGE_COMMONS_NAME": "Les Amis du Bois",
        "AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris",
    }
    clock = ManualClock()
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo")], clock=clock) as live:
        yield WebHouse(live, clock, language)
