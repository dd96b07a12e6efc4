"""Reporting, moderating, appealing, in the pages and without scripts; and what each person is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from affouage import settings
from affouage.assembly import mandate_book
from affouage.assembly.member import Member
from affouage.assembly.refused_uses import rows
from affouage.journal import log
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.web_visitor import Visitor, form_to, receipt_id, words

REASON = "Ce texte appelle à trier des gens d’après leur origine."
WHY = "Un signalement dit que ce texte est raciste : il faut le lire."
CONTENT = "Un texte MONTRÉ & <b>raciste</b>"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("reports") / "home"
    with serving(settings.read({}, home=home), engines=[EchoEngine("echo", slots=4)]) as running:
        yield running


def mandate(live: LiveCommons, who: Member) -> None:
    now_ms = live.commons.clock.now_ms()
    live.commons.db.write_now(
        lambda c: mandate_book.grant(c, who.id, "moderator", now_ms, now_ms + 30 * DAY_MS, now_ms)
    )


class Village:
    """Ali asked, Rose reports, Mona moderates, four others may be drawn by lot."""

    def __init__(self, live: LiveCommons, tag: str) -> None:
        self.live = live
        self.ali, self.rose, self.mona = Visitor(live), Visitor(live), Visitor(live)
        self.ali_is = self.ali.join(f"Ali {tag}")
        self.rose_is = self.rose.join(f"Rose {tag}")
        mandate(live, self.mona.join(f"Mona {tag}"))
        self.others = {f"Autre {tag} {number}": Visitor(live) for number in range(4)}
        self.ids = {visitor.join(name).id: visitor for name, visitor in self.others.items()}
        self.receipt = receipt_id(self.ali.ask("Bonjour").text)

    def report(self, **more: str) -> str:
        page = self.rose.get(f"/report?receipt={self.receipt}").text
        fields = {"line": "hatred", "words": "C’est raciste.", "attach": "1", "content": CONTENT, **more}
        sent = self.rose.submit(page, "/report", **{name: value for name, value in fields.items() if value})
        assert sent.status_code == 200, words(sent.text)
        return str(re.findall(r"rpt_[a-z0-9]{12}", sent.text)[0])

    def opened(self, report_id: str) -> str:
        page = self.mona.get(f"/moderation/{report_id}").text
        assert self.mona.submit(page, f"/moderation/{report_id}/read", reason=WHY).status_code == 303
        return self.mona.get(f"/moderation/{report_id}").text

    def decide(self, report_id: str, outcome: str = "warning") -> None:
        answer = self.mona.submit(
            self.opened(report_id), f"/moderation/{report_id}/decide", outcome=outcome, reason=REASON
        )
        assert answer.status_code == 303, words(answer.text)


def test_the_button_stands_under_the_answer_and_on_its_receipt(live: LiveCommons) -> None:
    village = Village(live, "A")
    answer = village.ali.ask("Encore").text
    assert f'href="/report?receipt={receipt_id(answer)}"' in answer
    assert f'href="/report?receipt={village.receipt}"' in village.ali.get(f"/receipts/{village.receipt}").text
    page = village.ali.get(f"/report?receipt={village.receipt}").text
    assert f'value="{village.receipt}"' in page
    assert "réponse que vous avez reçue vous-même" in words(page)
    assert not re.findall(r'<input[^>]*name="attach"[^>]*checked', page), "nothing is shown unless chosen"
    for line in live.commons.reports.terms().rules.refused:
        assert line.sentence_fr.split(" ")[0] in words(page)


def test_from_the_report_to_the_panel(live: LiveCommons) -> None:
    village = Village(live, "B")
    report_id = village.report()
    assert "Rien" not in words(village.ali.get("/reports").text), "not told before it is decided"
    assert report_id not in village.ali.get("/reports").text
    assert report_id in village.rose.get("/reports").text

    queue = village.mona.get("/moderation").text
    assert report_id in queue
    assert 'href="/moderation"' in village.mona.get("/chat").text, "reachable by who moderates"
    assert 'href="/moderation"' not in village.rose.get("/chat").text
    before = village.mona.get(f"/moderation/{report_id}").text
    for hidden in ("MONTRÉ", "C’est raciste", village.ali_is.name, village.receipt):
        assert hidden not in queue + before
    curious = village.mona.submit(before, f"/moderation/{report_id}/read", reason="pour voir")
    assert curious.status_code == 400
    assert 'id="reading-wrong"' in curious.text
    assert "pour voir</textarea>" in curious.text
    shown = village.opened(report_id)
    assert "&lt;b&gt;raciste&lt;/b&gt;" in shown
    assert village.ali_is.name in words(shown)
    assert village.rose_is.name not in shown, "who reported is nobody's business"

    wrong = village.mona.submit(shown, f"/moderation/{report_id}/decide", outcome="suspended", reason=REASON)
    assert (wrong.status_code, 'id="outcome-wrong"' in wrong.text) == (400, True)
    assert REASON in wrong.text, "what was typed is not lost"
    short = village.mona.submit(shown, f"/moderation/{report_id}/decide", outcome="warning", reason="non")
    assert (short.status_code, 'id="reason-wrong"' in short.text) == (400, True)
    assert (
        village.mona.submit(shown, f"/moderation/{report_id}/decide", outcome="warning", reason=REASON).status_code
        == 303
    )

    account = words(village.ali.get("/account").text)
    assert "1 signalement vous attend" in account
    assert WHY.replace(" :", "\u202f:") in account or WHY in account
    assert "Mona B" in account
    decision = village.ali.get(f"/reports/{report_id}").text
    assert REASON in decision
    assert village.rose_is.name not in decision
    assert "MONTRÉ" not in decision
    assert village.mona.get(f"/reports/{report_id}").status_code == 404
    reporter = village.rose.get(f"/reports/{report_id}").text
    assert "avertissement" in words(reporter)
    assert REASON not in reporter

    cut = village.ali.submit(decision, f"/reports/{report_id}/appeal", reason="non")
    assert (cut.status_code, 'id="reason-wrong"' in cut.text) == (400, True)
    assert (
        village.ali.submit(
            decision, f"/reports/{report_id}/appeal", reason="C’était une citation, pour un cours."
        ).status_code
        == 303
    )
    seats = live.commons.db.read_now(lambda c: [seat.member_id for seat in rows.seats(c, report_id)])
    assert len(seats) == 3
    assert not {village.ali_is.id, village.rose_is.id} & set(seats)
    jurors = [visitor for member_id, visitor in panel_of(live, village, seats)]
    for number, juror in enumerate(jurors[:2]):
        assert report_id in juror.get("/reports").text
        closed = juror.get(f"/reports/{report_id}").text
        assert "MONTRÉ" not in closed
        assert village.ali_is.name not in closed
        assert juror.submit(closed, f"/reports/{report_id}/read", reason=WHY).status_code == 303
        open_page = juror.get(f"/reports/{report_id}").text
        assert "MONTRÉ" in open_page
        nothing = juror.submit(open_page, f"/reports/{report_id}/opinion", reason=REASON)
        assert (nothing.status_code, 'id="opinion-wrong"' in nothing.text) == (400, True)
        given = juror.submit(
            open_page, f"/reports/{report_id}/opinion", opinion="overturn", reason=f"Une citation, {number}.  Vraiment."
        )
        assert given.status_code == 303
    final = words(village.ali.get(f"/reports/{report_id}").text)
    assert "sanction levée par le jury" in final
    assert "Une citation, 0." in final
    assert words(village.ali.get("/account").text).count("un signalement qui vous concerne") == 3, (
        "each reading is told"
    )


def panel_of(live: LiveCommons, village: Village, seats: list[str]) -> list[tuple[str, Visitor]]:
    """Those who were drawn: whoever of another test was drawn signs in here."""
    found = []
    for member_id in seats:
        if member_id in village.ids:
            found.append((member_id, village.ids[member_id]))
            continue
        visitor, who = Visitor(live), live.run(live.commons.accounts.member(member_id))
        visitor.post("/sign-in", name=who.name, password="quatre mots sans lien")
        found.append((member_id, visitor))
    return found


def test_a_report_without_an_account(live: LiveCommons) -> None:
    village, stranger = Village(live, "C"), Visitor(live)
    assert 'href="/report"' in stranger.get("/commons").text
    page = stranger.get("/report").text
    assert "MONTRÉ" not in page
    nothing = stranger.submit(page, "/report", line="deceit", words="Une affiche.")
    assert (nothing.status_code, 'id="receipt-wrong"' in nothing.text) == (400, True)
    unknown = stranger.submit(page, "/report", line="deceit", words="Une affiche.", receipt="rcp_0")
    assert (unknown.status_code, 'id="receipt-wrong"' in unknown.text) == (404, True)
    for _ in range(5):
        sent = stranger.submit(page, "/report", line="deceit", words="Une affiche.", receipt=village.receipt)
        assert sent.status_code == 200
    flood = stranger.submit(page, "/report", line="deceit", words="Une affiche.", receipt=village.receipt)
    assert flood.status_code == 429
    assert flood.headers["retry-after"]
    other_site = stranger.client.post("/report", data={"words": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert other_site.status_code == 403


def test_text_that_is_not_ticked_is_not_kept(live: LiveCommons) -> None:
    village = Village(live, "D")
    report_id = village.report(attach="")
    assert "Aucun texte n’est montré" in words(village.opened(report_id))
    page = village.rose.get("/report").text
    empty = village.rose.submit(page, "/report", line="hatred", words="x", attach="1", content=" ")
    assert (empty.status_code, 'id="content-wrong"' in empty.text) == (400, True)


def test_nobody_else_moderates(live: LiveCommons) -> None:
    village = Village(live, "E")
    report_id = village.report()
    for path in ("/moderation", f"/moderation/{report_id}"):
        assert village.rose.get(path).status_code == 403
    page = village.rose.get("/reports").text
    for act in ("read", "opinion", "appeal"):
        token = dict(form_to(page, "/sign-out").fields)["csrf"]
        assert village.rose.post(f"/reports/{report_id}/{act}", csrf=token, reason=WHY).status_code == 403, act
    assert village.rose.post(f"/moderation/{report_id}/read", reason=WHY).status_code == 403, "without the token"
    mandate(live, village.rose_is)
    party = village.rose.get(f"/moderation/{report_id}")
    assert party.status_code == 403
    assert "quelqu’un d’autre décide" in words(party.text)
    assert f'href="/moderation/{report_id}"' not in village.rose.get("/moderation").text


def test_a_suspended_member_is_told_until_when_why_and_how_to_appeal(live: LiveCommons) -> None:
    village = Village(live, "F")
    for outcome in ("warning", "slower", "suspended"):
        village.decide(last := village.report(), outcome)
    page = village.ali.ask("Bonjour").text
    assert f"/reports/{last}" in page
    decision = village.ali.get(f"/reports/{last}")
    assert decision.status_code == 200, "what is said of them stays open to them"
    assert "suspension" in words(decision.text)


def test_counts_are_public_and_content_is_not(live: LiveCommons) -> None:
    month = live.commons.calendar.day(live.commons.clock.now_ms())[:7]
    counted = live.run(live.commons.reports.counts(month))
    assert counted.decisions in (None, 0) or counted.decisions >= 5
    page = Visitor(live).get("/commons").text
    assert "Usages refusés" in words(page)
    public = live.commons.db.read_now(lambda c: " ".join(leaf.body for leaf in log.leaves(c)))
    for secret in ("MONTRÉ", "raciste", "origine", "Ali", "Rose"):
        assert secret not in public


def test_in_english_too(live: LiveCommons) -> None:
    visitor = Visitor(live, "en")
    page = words(visitor.get("/report").text)
    assert "Report a refused use" in page
    assert "Send the report" in page
