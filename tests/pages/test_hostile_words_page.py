"""What people, models and sheets write, in a real browser: words, on every page, and never anything that runs.

Every page is loaded as an operator and as a member in Chromium. Its policy reports what it stopped, a script that ran
would say so, and nothing may be asked of another host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from affouage import gateway, settings, web
from affouage.assembly.decisions import events as ev
from affouage.assembly.member import Role
from affouage.catalogue.machine import machine_id
from affouage.sheets.sheet import Block, Collection, Sheet
from affouage.sheets.store import open_store
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.web_visitor import Visitor, receipt_id
from tests.pages.assembly_played import RULES
from tests.pages.conftest import CARD, MACHINE

pytestmark = [pytest.mark.browser, pytest.mark.incident("script-in-page")]

RUNS = "window.ran=1"
EVIL = f"""'"><script>{RUNS}</script><img src=x onerror="{RUNS}"><svg onload={RUNS}>"""
NAME = f'Zo"><img src=x onerror={RUNS}>'
ANSWER = (
    f"{EVIL}\n\n[lien](javascript:{RUNS}) ![i](http://elsewhere.example/p.png)\n\n"
    f"<iframe srcdoc='<script>{RUNS}</script>'>"
    f"\n\n[d](data:text/html,<script>{RUNS}</script>)\n\n<style>*{{display:none}}</style>{{{{ 7*7 }}}}\n\n"
    f'```html" onload={RUNS}\n</code></pre><script>{RUNS}</script>\n```\n\n<base href="http://elsewhere.example/">'
    f'<meta http-equiv="refresh" content="0;url=http://elsewhere.example/"><form action="http://elsewhere.example/">'
)


def hostile_sheet() -> Sheet:
    return Sheet(
        id="F1",
        title=f"Carte {EVIL}",
        description=EVIL,
        url="https://www.exemple.fr/F1",
        day="2026-01-01",
        blocks=(Block(text=f"La carte {EVIL}", path=(EVIL,), kind="text", name=EVIL),),
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("hostile") / "home"
    (home / "cards").mkdir(parents=True)
    card = CARD.format(id="echo", name=NAME.replace('"', '\\"')).replace("Atelier des essais", EVIL.replace('"', '\\"'))
    (home / "cards" / "echo.toml").write_text(card, encoding="utf-8")
    machine = MACHINE.format(id=machine_id()).replace("La tour du local", NAME.replace('"', '\\"'))
    (home / "machine.toml").write_text(machine, encoding="utf-8")
    with open_store(home / "sheets") as store:
        collection = Collection(id="evil", name=f"Fiches {EVIL}", kind="folder", source=EVIL, licence=EVIL, origin=EVIL)
        store.put_collection(collection)
        store.save(collection.id, [(hostile_sheet(), "")])
        store.imported(collection.id, 1_795_000_000_000, "")
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", "AFFOUAGE_COMMONS_NAME": f"Les Bois {EVIL}"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo", context_tokens=8192)]) as running:
        yield running


class Played:
    """A day of people who write markup everywhere they may."""

    def __init__(self, live: LiveCommons) -> None:
        self.live = live
        self.odile, self.zo = Visitor(live), Visitor(live)
        self.odile.client.headers["user-agent"] = f"Mozilla/5.0 {EVIL}"
        operator = self.odile.join("Odile", Role.OPERATOR)
        member = self.zo.join(NAME)
        self.answer = self.zo.ask(ANSWER, keep="1")
        self.receipt = receipt_id(self.answer.text)
        self.zo.submit(self.zo.get("/account").text, "/account/keys", label=EVIL)
        self.zo.submit(self.zo.get("/desk").text, "/desk", question=f"Une carte {EVIL} ?") if self.at_desk() else None
        report = self.zo.get(f"/report?receipt={self.receipt}").text
        line = re.findall(r'name="line" value="([^"]+)"', report)[0]
        sent = self.odile.submit(report, "/report", line=line, words=EVIL, attach="1", content=ANSWER)
        assert sent.status_code in (200, 403)
        self.clerk = self.odile.submit(self.odile.get("/desk").text, "/desk", question=f"Une carte {EVIL} ?")
        assert self.clerk.status_code == 303

        async def assemble() -> int:
            assembly = live.commons.assembly
            await assembly.found("", {"governance": RULES})
            posters = ev.Choice(options=(EVIL, f"{NAME} 2", "Les mains"))
            number = await assembly.propose(member, f"L’affiche {EVIL}", ANSWER[:1500], posters)
            hours = {"closed_from": "03:00", "closed_until": "03:01"}
            await assembly.propose_rule(operator, f"La nuit {EVIL}", EVIL, "hours", hours)
            return number

        live.run(assemble())

    def at_desk(self) -> bool:
        return self.zo.get("/desk").status_code == 200

    def paths(self) -> list[str]:
        """Every page there is to read, and those of what was written above."""
        routes = [*gateway.routes(self.live.commons), *web.routes(self.live.commons)]
        plain = [one.path for one in routes if "GET" in (one.methods or ()) and "{" not in one.path]  # type: ignore[attr-defined]
        passed = ("/v1", "/journal/", "/metrics", "/healthz", "/readyz", "/openapi", "/assembly/log/")
        found = [
            one
            for one in plain
            if not one.startswith(passed) and not one.endswith((".csv", ".json", ".pdf", "/export"))
        ]
        links = re.compile(
            r'href="(/(?:conversations|receipts|sheets|machines|reports|assembly/(?:proposals|votes)|desk)/[^"#?]+)"'
        )
        for visitor in (self.odile, self.zo):
            for path in ("/conversations", "/receipts", "/sheets", "/machines", "/assembly", "/desk", "/reports"):
                found += links.findall(visitor.get(path).text)
        found += [self.clerk.headers["location"], "/sheets/evil/F1", "/explain?q=carte", f"/sign-in?next={EVIL}"]
        found += [f"/nowhere/{EVIL}", f"/chat?model={EVIL}", f"/coupe?period={EVIL}", f"/report?receipt={EVIL}"]
        return sorted({one for one in found if not one.endswith((".csv", ".json", ".pdf"))})


@pytest.fixture(scope="module")
def played(live: LiveCommons) -> Played:
    return Played(live)


def watched(browser: Browser, live: LiveCommons, visitor: Visitor) -> tuple[Page, list[str]]:
    """A page with the visitor's session, and what happens on it that should not."""
    context = browser.new_context(base_url=live.url, locale="fr-FR")
    context.add_cookies(
        [{"name": "affouage_session", "value": visitor.client.cookies["affouage_session"], "url": live.url}]
    )
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('POLICY ' + e.violatedDirective))"
    )
    page = context.new_page()
    strange: list[str] = []
    page.on("request", lambda one: None if one.url.startswith((live.url, "data:")) else strange.append(one.url))
    page.on("dialog", lambda one: strange.append(f"dialog {one.message}"))
    page.on("console", lambda one: strange.append(one.text) if "olicy" in one.text or "POLICY" in one.text else None)
    page.on("pageerror", lambda one: strange.append(str(one)))
    return page, strange


@pytest.mark.parametrize("who", ["odile", "zo"])
def test_nothing_that_was_written_runs_on_any_page(
    browser: Browser, live: LiveCommons, played: Played, who: str
) -> None:
    page, strange = watched(browser, live, getattr(played, who))
    shown = 0
    for path in played.paths():
        answer = page.goto(path, wait_until="domcontentloaded")
        assert answer is not None
        assert answer.status != 500, path
        assert page.evaluate("window.ran") is None, path
        assert page.locator("img[src='x'], svg[onload], iframe[srcdoc], base, meta[http-equiv]").count() == 0, path
        shown += RUNS in page.inner_text("body")
        assert strange == [], (path, strange)
    assert shown > 5, "it is shown, as words"
    page.context.close()


def test_an_answer_as_it_is_written_runs_nothing_either(browser: Browser, live: LiveCommons, played: Played) -> None:
    """The page of an answer is written piece by piece: no piece may open what the next one closes."""
    page, strange = watched(browser, live, played.zo)
    page.goto("/chat")
    page.fill("textarea[name=question]", ANSWER)
    page.click("button:has-text('Envoyer')")
    page.wait_for_selector("a[href^='/receipts/']")
    assert RUNS in page.inner_text("body")
    assert page.evaluate("window.ran") is None
    links = page.locator(".answer a, article a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert [one for one in links if one and one.startswith(("javascript:", "data:", "//"))] == []
    assert strange == []
    page.context.close()


def test_the_policy_would_stop_it_all_the_same(browser: Browser, live: LiveCommons, played: Played) -> None:
    """The second wall: markup put into a page by hand, as if the first had failed, runs nothing and loads nothing."""
    page, strange = watched(browser, live, played.zo)
    answered: list[str] = []
    page.on("response", lambda one: answered.append(one.url))
    page.goto("/chat")
    page.evaluate(
        """html => { const place = document.createElement('div'); document.body.append(place); place.innerHTML = html;
        const script = document.createElement('script'); script.textContent = 'window.ran=1'; place.append(script);
        const far = document.createElement('img'); far.src = 'http://elsewhere.example/p.png'; place.append(far); }""",
        f"<img src=x onerror={RUNS}><svg onload={RUNS}></svg><iframe src='http://elsewhere.example/'></iframe>",
    )
    page.wait_for_function("() => true")
    assert page.evaluate("window.ran") is None
    assert any("script-src" in one for one in strange)
    assert any("img-src" in one for one in strange)
    assert all(one.startswith(live.url) for one in answered)
    page.context.close()


@pytest.mark.incident("framed-page")
def test_no_page_can_be_framed_by_another_site(browser: Browser, live: LiveCommons, played: Played) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f'<iframe id="trap" src="{live.url}/sign-in"></iframe>')
    page.wait_for_load_state()
    frame = page.query_selector("#trap")
    assert frame is not None
    inside = frame.content_frame()
    assert inside is None or inside.locator("input[name=password]").count() == 0
    context.close()
