"""The pages of the machines in Chromium, with a pool: axe in both languages, by keyboard, narrow, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from affouage import settings
from affouage.assembly.member import Role
from affouage.catalogue.machine import machine_id
from affouage.pool.nodes.wire import Policy
from affouage.testing import EchoEngine
from tests.integration.footprint_days import WH, a_receipt, settle
from tests.integration.pool_bench import Machine
from tests.integration.pooled_commons import PooledCommons, serving_pool
from tests.pages.conftest import MACHINE, Open, Place, enter, write_cards
from tests.pages.test_accessibility import WAYS, ask, check_axe, check_targets, check_weight, check_width, with_scripts

pytestmark = pytest.mark.browser

MINE, AWAY, PENDING = "n_aaaabbbbcccc", "n_ddddeeeeffff", "n_gggghhhhiiii"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A commons with a machine of Karim's, another that is away, a third that asks."""
    homes = tmp_path_factory.mktemp("machines-pages")
    home = homes / "home"
    write_cards(home, {"echo": "Écho rapide", "remote": "Écho lointain"})
    (home / "machine.toml").write_text(MACHINE.format(id=machine_id()), encoding="utf-8")
    environ = {
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
        "AFFOUAGE_COMMONS_NAME": "Les Amis du Bois",
        "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA",
        "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25",
    }
    engines = {"echo": EchoEngine("echo", slots=2), "remote": EchoEngine("remote", slots=4)}
    with serving_pool(settings.read(environ, home=home), [engines["echo"]]) as live:
        operator, operator_session = live.run(enter(live, "Odile", Role.OPERATOR))
        member, member_session = live.run(enter(live, "Karim", Role.MEMBER))
        now_ms = live.commons.clock.now_ms()
        decided = {"decided_by": operator.id, "decided_ms": now_ms}
        mine, away, pending = Machine(MINE), Machine(AWAY), Machine(PENDING)
        live.enrol(mine, member.id, name="Le portable de la cuisine", **decided)
        lent = Policy(hours=(("20:00", "07:00"), ("12:00", "14:00")), power_cap_w=120, max_share_percent=50)
        live.enrol(away, operator.id, name="L’atelier", trust=3, policy=lent, seen_ms=now_ms - 86_400_000, **decided)
        live.enrol(pending, member.id, name="La tour du salon", state="pending")
        live.bring(mine, homes / "mine", engines["remote"])
        served(live, member.id)
        yield Place(live, engines, member, operator, {"Odile": operator_session, "Karim": member_session})


def served(live: PooledCommons, owner_id: str) -> None:
    """What the owner's machine did lately."""
    today = live.commons.calendar.day(live.commons.clock.now_ms())
    for number, member in enumerate((owner_id, "m_one", "m_two", "m_three")):
        receipt = a_receipt(
            f"rcp_lent_{number}",
            member,
            uj=(WH, 2 * WH),
            model="remote",
            machine_id=f"machine-{MINE}",
            node_id=MINE,
        )
        live.commons.db.write_now(lambda c, one=receipt: settle(c, one, today))


def wrong_fields(page: Page) -> None:
    page.fill("#hours", "le soir")
    page.fill("#watts", "-5")
    page.fill("#share", "250")
    page.check("#which-some")
    page.click("#lend ~ form button")
    page.wait_for_selector("#hours-wrong")


def nothing(page: Page) -> None:
    """As it opens."""


PAGES = {
    "machines": ("/machines", "Karim", nothing),
    "machines-steward": ("/machines", "Odile", nothing),
    "owner": (f"/machines/{MINE}", "Karim", nothing),
    "owner-wrong": (f"/machines/{MINE}", "Karim", wrong_fields),
    "owner-away": (f"/machines/{AWAY}", "Odile", nothing),
    "steward": (f"/machines/{MINE}", "Odile", nothing),
    "revoke": (f"/machines/{MINE}/revoke", "Karim", nothing),
    "chat": ("/chat", "Karim", nothing),
    "answer": ("/chat?model=remote", "Karim", ask("Bonjour")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_a_pool(open_page: Open, name: str, way: str) -> None:
    path, who, prepare = PAGES[name]
    page = open_page(path, who=who, **WAYS[way])
    prepare(page)
    page.wait_for_load_state()
    assert page.locator("h1").count() == 1
    check_weight(page)
    if not WAYS[way].get("scripts", True):
        page = with_scripts(page, open_page, WAYS[way])
    check_width(page)
    check_targets(page)
    check_axe(page)


def test_an_owner_pauses_and_lends_again_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(f"/machines/{MINE}", scripts=False)
    page.locator("button.large").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pause")).to_have_text("En pause")
    page.locator("button.large").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pause")).to_have_text("Pause")


def test_an_owner_mends_what_was_wrong(open_page: Open) -> None:
    page = open_page(f"/machines/{MINE}", scripts=False)
    wrong_fields(page)
    expect(page.locator("#hours")).to_have_attribute("aria-invalid", "true")
    described = (page.get_attribute("#hours", "aria-describedby") or "").split()
    assert described == ["hours-hint", "hours-wrong"]
    assert all(page.locator(f"#{one}").count() == 1 for one in described)
    page.fill("#hours", "20h-7h")
    page.fill("#watts", "120,5")
    page.fill("#share", "50")
    page.check("#which-all")
    page.click("#lend ~ form button")
    expect(page.locator("#hours")).to_have_value("20:00-07:00")
    expect(page.locator("#watts")).to_have_value("120,5")
    page.fill("#hours", "")
    page.fill("#watts", "")
    page.fill("#share", "100")
    page.click("#lend ~ form button")
    expect(page.locator(".notice")).to_be_visible()


def test_who_may_read_is_chosen_by_keyboard_and_kept_for_the_next_question(open_page: Open) -> None:
    page = open_page("/chat", scripts=False)
    page.locator("#reach-trusted").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#reach-collective")).to_be_checked()
    page.fill("#question", "Bonjour")
    page.click(".send button")
    expect(page.locator("#reach-collective")).to_be_checked()
