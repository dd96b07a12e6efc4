"""Coming in, going out, keys, the roll, leaving for good: the pages over real HTTP, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from affouage import settings
from affouage.assembly.member import Role
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.web_visitor import PASSWORD, Visitor, form_to, words


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("web-accounts") / "home"
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", "AFFOUAGE_COMMONS_NAME": "La Halle"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo")]) as live:
        yield live


@pytest.fixture
def visitor(live: LiveCommons) -> Visitor:
    return Visitor(live)


@pytest.fixture(scope="module")
def operator(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Odile", Role.OPERATOR)
    return visitor


def link_in(page: str) -> str:
    found = re.search(r"http://[^\s<]+(/join/[a-z0-9]+)", page)
    assert found, words(page)
    return found[1]


def test_the_first_administrator_enters_by_the_printed_link(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("first") / "home"
    with serving(settings.read({}, home=home), engines=[EchoEngine("echo")]) as live:
        link = live.run(live.commons.accounts.first_administrator_link())
        assert link is not None
        visitor = Visitor(live)
        assert "vous occuper de ce commun" in words(visitor.get(link.path).text)
        answer = visitor.post(link.path, name="Odile", password=PASSWORD, again=PASSWORD, language="fr")
        assert answer.headers["location"] == "/first-steps"
        assert visitor.get("/members").status_code == 200
        again = Visitor(live).get(link.path)
        assert again.status_code == 409
        assert "Ce lien a déjà servi." in words(again.text)


def test_a_stranger_is_sent_to_sign_in_and_comes_back(visitor: Visitor, operator: Visitor) -> None:
    answer = visitor.get("/receipts?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Freceipts%3Fx%3D1"
    page = visitor.get(answer.headers["location"]).text
    answer = visitor.submit(page, "/sign-in", name="odile", password=PASSWORD)
    assert answer.headers["location"] == "/receipts?x=1"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("affouage_session=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert visitor.get("/receipts").status_code == 200
    assert visitor.get("/sign-in").headers["location"] == "/chat"


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(visitor: Visitor, operator: Visitor, after: str) -> None:
    answer = visitor.post("/sign-in", name="Odile", password=PASSWORD, next=after)
    assert answer.headers["location"] == "/chat"


def test_a_wrong_password_is_said_beside_the_field_and_the_name_kept(visitor: Visitor, operator: Visitor) -> None:
    answer = visitor.post("/sign-in", name='Odile "<b>', password="faux faux faux faux")
    assert answer.status_code == 401
    assert 'value="Odile &#34;&lt;b&gt;"' in answer.text
    assert 'aria-describedby="problem"' in answer.text
    assert "Le nom ou le mot de passe n’est pas le bon." in words(answer.text)
    assert "faux faux" not in answer.text


def test_too_many_attempts_say_how_long_to_wait(live: LiveCommons) -> None:
    visitor = Visitor(live)
    Visitor(live).join("Têtue")
    for _ in range(10):
        assert visitor.post("/sign-in", name="tetue", password="non non non non").status_code == 401
    answer = visitor.post("/sign-in", name="tetue", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert re.search(r"Attendez 1\d min", words(answer.text))


def test_a_form_from_another_site_signs_nobody_in(live: LiveCommons, operator: Visitor) -> None:
    data = {"name": "Odile", "password": PASSWORD}
    with httpx.Client(base_url=live.url, trust_env=False) as client:
        for headers in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/sign-in", data=data, headers=headers).status_code == 403
        assert client.post("/sign-in", data=data, headers={"origin": live.url}).status_code == 303


def test_joining_says_what_is_wrong_field_by_field(operator: Visitor, live: LiveCommons) -> None:
    page = operator.submit(operator.get("/members").text, "/members/invite", role="member").text
    path = link_in(page)
    visitor = Visitor(live)
    assert "avec le mandat : membre" in words(visitor.get(path).text).replace("\u202f", " ")
    differ = visitor.post(path, name="Lila", password=PASSWORD, again="autre chose", language="fr")
    assert "Les deux mots de passe diffèrent" in words(differ.text)
    weak = visitor.post(path, name="Lila", password="court", again="court", language="fr")
    assert 'id="password-wrong"' in weak.text
    taken = visitor.post(path, name="ODILE", password=PASSWORD, again=PASSWORD, language="fr")
    assert "Quelqu’un porte déjà ce nom." in words(taken.text)
    assert 'value="ODILE"' in taken.text
    assert {one.status_code for one in (differ, weak, taken)} == {400}
    joined = visitor.post(path, name="Lila", password=PASSWORD, again=PASSWORD, language="en")
    assert joined.status_code == 303
    assert '<html lang="en">' in visitor.get("/chat").text, "the language chosen on joining counts"


@pytest.mark.parametrize("secret", ["x", "%00", "a" * 52, "a" * 4000])
def test_links_that_do_not_exist_say_what_to_do(visitor: Visitor, secret: str) -> None:
    answer = visitor.get(f"/join/{secret}")
    assert answer.status_code == 404
    assert "Vérifiez que le lien a été copié en entier" in words(answer.text)


def test_withdrawn_links(operator: Visitor, live: LiveCommons) -> None:
    path = link_in(operator.submit(operator.get("/members").text, "/members/invite", role="steward").text)
    page = operator.get("/members").text
    assert operator.submit(page, "/members/invitations/").status_code == 303
    answer = Visitor(live).get(path)
    assert answer.status_code == 409
    assert "Ce lien a été retiré." in words(answer.text)


def test_signing_out_ends_the_session(live: LiveCommons) -> None:
    visitor = Visitor(live)
    visitor.join("Passagère")
    stolen = visitor.client.cookies["affouage_session"]
    assert visitor.submit(visitor.get("/chat").text, "/sign-out").status_code == 303
    assert "affouage_session" not in visitor.client.cookies
    with httpx.Client(base_url=live.url, cookies={"affouage_session": stolen}, trust_env=False) as client:
        assert client.get("/chat").status_code == 303
        assert client.get("/").status_code == 200, "a public page stays public for a session that has ended"


def test_a_key_is_shown_once_works_and_can_be_revoked(live: LiveCommons) -> None:
    visitor = Visitor(live)
    visitor.join("Keira")
    page = visitor.submit(visitor.get("/account").text, "/account/keys", label="carnet", days="30").text
    text = re.search(r"aff_[a-z0-9]+_[A-Za-z0-9_-]+", page)
    assert text
    assert f"{live.url}/v1/chat/completions" in page
    account = visitor.get("/account").text
    assert text[0] not in account
    assert "carnet" in account
    headers = {"authorization": f"Bearer {text[0]}"}
    with httpx.Client(base_url=live.url, headers=headers, trust_env=False) as client:
        assert client.get("/receipts").status_code == 200
        assert client.get("/account").status_code == 403, "made for asking, not for managing"
        action = re.search(r'action="(/account/keys/[^"]+/revoke)"', account)
        assert action
        assert visitor.submit(account, action[1]).status_code == 303
        assert client.get("/receipts").status_code == 401
    wrong = visitor.submit(account, "/account/keys", label="x", days="abc")
    assert wrong.status_code == 400
    assert "Ce nombre de jours" in words(wrong.text)


def test_password_name_and_language_can_be_changed(live: LiveCommons) -> None:
    visitor, elsewhere = Visitor(live), Visitor(live)
    visitor.join("Paule")
    elsewhere.post("/sign-in", name="Paule", password=PASSWORD)
    page = visitor.get("/account").text
    wrong = visitor.submit(page, "/account/password", old="non non non non", new="cinq autres mots choisis")
    assert "Ce n’est pas votre mot de passe actuel." in words(wrong.text)
    weak = visitor.submit(page, "/account/password", old=PASSWORD, new="paule")
    assert weak.status_code == 400
    done = visitor.submit(page, "/account/password", old=PASSWORD, new="cinq autres mots choisis")
    assert done.status_code == 303
    assert visitor.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303, "the other sessions are closed"
    page = visitor.get("/account").text
    assert visitor.submit(page, "/account/name", name="Paule B.").status_code == 303
    assert visitor.submit(page, "/account/name", name="\u200b").status_code == 400
    assert visitor.submit(page, "/account/language", language="en").status_code == 303
    assert '<html lang="en">' in visitor.get("/account").text
    assert visitor.submit(page, "/account/language", language="xx").status_code == 400


def test_all_that_is_held_can_be_taken_away_and_erased(live: LiveCommons) -> None:
    visitor = Visitor(live)
    visitor.join("Départ")
    visitor.ask("une question à garder", keep="1")
    taken = visitor.get("/account/export")
    assert "attachment" in taken.headers["content-disposition"]
    held = taken.json()
    assert held["member"]["name"] == "Départ"
    assert held["conversations"][0]["turns"][0]["text"] == "une question à garder"
    assert len(held["receipts"]) == 1
    page = visitor.get("/account/erase").text
    assert visitor.submit(page, "/account/erase", name="quelqu'un").status_code == 400
    assert visitor.submit(page, "/account/erase", name="depart").status_code == 303
    assert visitor.get("/account").status_code == 303
    assert visitor.post("/sign-in", name="Départ", password=PASSWORD).status_code == 401


def test_sessions_are_listed_and_closed(live: LiveCommons) -> None:
    visitor, other = Visitor(live), Visitor(live)
    visitor.join("Sonia")
    other.client.headers["user-agent"] = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    other.post("/sign-in", name="Sonia", password=PASSWORD)
    page = visitor.get("/account").text
    assert "Firefox · Windows" in page
    assert visitor.submit(page, "/account/sessions/").status_code == 303
    assert other.get("/account").status_code == 303


def test_the_roll_is_for_stewards_and_shows_what_they_may_do(live: LiveCommons, operator: Visitor) -> None:
    plain, steward = Visitor(live), Visitor(live)
    who = plain.join("Marin")
    steward.join("Irène", Role.STEWARD)
    refused = plain.get("/members")
    assert refused.status_code == 403
    assert "Votre mandat ne le permet pas." in words(refused.text)
    assert "Se déconnecter" in words(refused.text), "refused, and still signed in"
    hers = steward.get("/members").text
    assert f"/members/{who.id}/deactivate" in hers
    assert "/reset" not in hers
    assert "/role" not in hers
    assert steward.submit(hers, "/members/invite", to=f"/members/{who.id}/reset").status_code == 403
    assert steward.submit(hers, "/members/invite", to=f"/members/{who.id}/role", role="operator").status_code == 403
    assert steward.submit(hers, f"/members/{who.id}/deactivate").status_code == 303
    assert plain.get("/chat").status_code == 303
    refused = plain.submit(plain.get("/sign-in").text, "/sign-in", name="Marin", password=PASSWORD)
    assert "Ce compte est fermé." in words(refused.text)
    assert steward.submit(steward.get("/members").text, f"/members/{who.id}/reactivate").status_code == 303
    page = operator.get("/members").text
    path = link_in(operator.submit(page, f"/members/{who.id}/reset").text)
    offered = plain.get(path)
    assert "Choisir un mot de passe" in words(offered.text)
    renewed = plain.submit(
        offered.text, "", to=path, password="cinq autres mots choisis", again="cinq autres mots choisis", language="fr"
    )
    assert renewed.status_code == 303
    assert operator.submit(page, f"/members/{who.id}/role", role="steward").status_code == 303
    assert operator.submit(page, f"/members/{who.id}/role", role="commons").status_code == 400


def test_the_last_operator_cannot_leave(live: LiveCommons, operator: Visitor) -> None:
    answer = operator.submit(operator.get("/account/erase").text, "/account/erase", name="Odile")
    assert answer.status_code == 409
    assert "C’est la dernière personne" in words(answer.text)


def test_how_it_works_shows_the_prefix_to_the_letter(visitor: Visitor, live: LiveCommons) -> None:
    page = words(visitor.get("/how-it-works").text)
    for prefix in live.commons.prefixes.values():
        assert " ".join(prefix.text.split()) in page
        assert prefix.sha256 in page


def test_languages(visitor: Visitor) -> None:
    page = visitor.get("/?lang=en")
    assert '<html lang="en">' in page.text
    assert page.headers["content-language"] == "en"
    assert '<html lang="en">' in visitor.get("/sign-in").text, "the cookie remembers"
    assert '<html lang="fr">' in visitor.get("/sign-in?lang=fr").text
    assert '<html lang="fr">' in Visitor(visitor.live, "de").get("/").text
    assert '<html lang="en">' in Visitor(visitor.live, "en-GB,en;q=0.9,fr;q=0.1").get("/").text


def test_every_answer_carries_its_protections(visitor: Visitor, operator: Visitor) -> None:
    for who, path in ((visitor, "/"), (visitor, "/nowhere"), (visitor, "/static/affouage.css"), (operator, "/chat")):
        headers = who.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
    assert operator.get("/chat").headers["cache-control"] == "no-store"
    assert "content-security-policy" in operator.ask("bonjour").headers


def test_static_files_are_kept_only_under_their_true_name(visitor: Visitor) -> None:
    page = visitor.get("/").text
    address = re.search(r'href="(/static/affouage\.css\?v=\w+)"', page)
    assert address
    assert "immutable" in visitor.get(address[1]).headers["cache-control"]
    assert visitor.get("/static/affouage.css?v=other").headers["cache-control"] == "no-cache"
    assert visitor.get("/static/..%2fsite.py").status_code == 404
    assert visitor.get("/static/nothing.css").status_code == 404


def test_a_page_that_does_not_exist(visitor: Visitor, operator: Visitor) -> None:
    answer = operator.get("/nowhere/<script>")
    assert answer.status_code == 404
    assert "Il n’y a rien à cette adresse." in words(answer.text)
    assert "La Halle" in answer.text
    assert "Odile" in answer.text, "one is still at home there"
    assert "<script>" not in answer.text.replace('<script src="', "")


def test_over_https_the_cookie_is_bound_to_the_host(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("https") / "home"
    environ = {"AFFOUAGE_SERVER_PUBLIC_URL": "https://halle.example"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo")]) as live:
        visitor = Visitor(live)
        link = live.run(live.commons.accounts.invite(Role.OPERATOR, None))
        answer = visitor.post(link.path, name="Odile", password=PASSWORD, again=PASSWORD, language="fr")
        cookie = answer.headers.get_list("set-cookie")[0]
        assert cookie.startswith("__Host-affouage_session=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        with httpx.Client(base_url=live.url, trust_env=False, headers={"cookie": cookie.split(";")[0]}) as client:
            made = client.get("/members")
            assert made.status_code == 200
            token = form_to(made.text, "/members/invite")
            headers = {"sec-fetch-site": "same-origin"}
            link_page = client.post("/members/invite", data=dict(token.filled(role="member")), headers=headers)
            assert "https://halle.example/join/" in link_page.text
