"""A commons served for real, whose members vote: a rule is proposed, voted, in force, then looked for in requests."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from affouage import settings as settings_of
from affouage.assembly.member import Member, Role
from affouage.pool.engine import Engine
from affouage.testing import EchoEngine, LiveCommons, ManualClock, serving
from tests.integration.assembly_house import GOVERNANCE, MIN

MARCH_3_MS = 1_804_064_400_000
"""2027-03-03, 10:00 in Paris."""
PASSWORD = "quatre mots sans lien"


class VotingHouse:
    """``ali`` asks; ``people`` vote. Time passes only when :meth:`later` is called."""

    def __init__(self, live: LiveCommons, clock: ManualClock) -> None:
        self.live = live
        self.clock = clock
        joined = [self._join(one) for one in ("Ali", "Béa", "Chloé")]
        self.people = [member for member, _ in joined]
        self.key = live.api_key("Ali")
        self.browser = httpx.Client(
            base_url=live.url,
            cookies={"affouage_session": joined[0][1], "affouage_lang": "fr"},
            headers={"origin": live.url},
            timeout=30,
        )

    @property
    def ali(self) -> Member:
        return self.people[0]

    def _join(self, name: str) -> tuple[Member, str]:
        """On the roll, signed in: the member, and the session."""

        async def join() -> tuple[Member, str]:
            accounts = self.live.commons.accounts
            _, link = await accounts.add_member(name, Role.MEMBER, "fr")
            _, token = await accounts.accept(link.secret, None, PASSWORD, "fr")
            return await accounts.find(name), token.text

        return self.live.run(join())

    # -- deciding ------------------------------------------------------------------------------------------------

    def found(self, **rules: Any) -> None:
        self.live.run(self.live.commons.assembly.found("tests", {"governance": GOVERNANCE, **rules}))

    def later(self, minutes: float) -> None:
        self.clock.advance(ms=round(minutes * MIN))
        self.live.run(self.live.commons.assembly.tick())

    def vote(self, area: str, changes: Mapping[str, Any]) -> int:
        """Change places of the rule's document (paths with slashes), by a vote of everybody; the proposal's number."""
        assembly = self.live.commons.assembly
        document = self.live.run(assembly.look(lambda house: house.newest(area)))[0]
        for path, value in changes.items():
            *way, name = path.split("/")
            here = document
            for step in way:
                here = here.setdefault(step, {})
            here[name] = value
        number = self.live.run(assembly.propose_rule(self.ali, f"Changer {area}", "Pour voir", area, document))
        self.later(10)
        self.later(5)
        poll = self.live.run(assembly.proposal(number)).poll_id
        assert poll is not None
        for one in self.people:
            self.live.run(assembly.cast(one, poll, "for"))
        self.later(20)
        self.later(30)
        assert self.live.run(assembly.proposal(number)).state == "in_force"
        return number

    def seed(self, area: str, value: Any) -> None:
        """Before the founding: by whoever runs the commons."""
        self.live.run(self.live.commons.charter.enact(area, value, "Odile", "pour voir"))

    # -- asking --------------------------------------------------------------------------------------------------

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.live.url}{path}", headers=self._headers(), timeout=30)

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return httpx.post(f"{self.live.url}{path}", json=body, headers=self._headers(), timeout=30)

    def ask(self, model: str = "echo", **more: Any) -> httpx.Response:
        said = [{"role": "user", "content": "Qui décide ?"}]
        return self.post("/v1/chat/completions", {"model": model, "messages": said, **more})

    def receipt(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = self.get(f"/v1/receipts/{answer.headers['x-affouage-receipt']}").json()
        return found

    def refused(self, answer: httpx.Response, code: str) -> dict[str, Any]:
        """The facts of a refusal."""
        told: dict[str, Any] = answer.json()["error"]
        assert told["code"] == code, told
        return {**told.get("affouage", {}), "message": told["message"], "status": answer.status_code}

    def browse(self, path: str) -> str:
        """A page in French, as Ali sees it, with plain spaces and without its tags."""
        page = self.browser.get(path)
        assert page.status_code == 200, (page.status_code, page.text)
        return plain(page.text)

    def ask_on_page(self, question: str = "Qui décide ?", model: str = "") -> str:
        """Fill the form as a browser does; the answer's page, or the refusal's, in plain words."""
        form = self.browser.get("/chat").text.rpartition('class="ask"')[2].partition("</form>")[0]
        fields: dict[str, list[str]] = {"question": [question]} | ({"model": [model]} if model else {})
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
            if name not in fields:
                fields[name] = [html.unescape(value)]
        return plain(self.browser.post("/chat", data=fields).text)

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}


def plain(page: str) -> str:
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


@contextmanager
def voting_house(
    home: Path, *engines: Engine, environ: Mapping[str, str] | None = None, real_time: bool = False
) -> Iterator[VotingHouse]:
    """``real_time``: by the clock on the wall, which other programs see too; nothing can then be voted."""
    clock = ManualClock(MARCH_3_MS)
    asked = settings_of.read({"AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris", **(environ or {})}, home=home)
    with serving(asked, engines=engines or [EchoEngine()], clock=None if real_time else clock) as live:
        house = VotingHouse(live, clock)
        try:
            yield house
        finally:
            house.browser.close()
