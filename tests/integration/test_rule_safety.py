"""What the configuration file takes away from the rules: it binds, it says so in public, and it never gives more."""

from __future__ import annotations

from pathlib import Path

from affouage.footprint.budget import HoursRules
from affouage.pool.reach import ConfidentialityRules
from tests.integration.voting_house import voting_house


def test_closed_by_the_configuration_whatever_was_voted(home: Path) -> None:
    with voting_house(home, environ={"AFFOUAGE_SAFETY_CLOSED": "09:30-12:00"}) as house:
        house.seed("hours", HoursRules(closed_from="23:00", closed_until="06:00"))
        told = house.refused(house.ask(), "closed")
        assert (told["rule"], told["opens_at"]) == ("safety.closed", "12:00")
        assert "de 09:30 à 12:00 (réglage safety.closed)" in house.ask_on_page()
        house.clock.advance(ms=3 * 3_600_000)
        assert house.ask().status_code == 200
        house.clock.advance(ms=11 * 3_600_000)
        assert house.refused(house.ask(), "closed")["rule"] == "hours@1", "the rule goes on being applied"


def test_closed_always(home: Path) -> None:
    with voting_house(home, environ={"AFFOUAGE_SAFETY_CLOSED": "always"}) as house:
        assert house.refused(house.ask(), "closed_by_settings")["status"] == 503
        assert "a fermé le commun" in house.ask_on_page()


def test_questions_go_no_further_than_the_configuration_lets_them(home: Path) -> None:
    with voting_house(home, environ={"AFFOUAGE_SAFETY_REACH_MOST": "collective"}) as house:
        house.seed("confidentiality", ConfidentialityRules(default="trusted", most="everyone"))
        assert house.receipt(house.ask())["reach"] == "collective"
        wider = house.ask(affouage={"confidentiality": "everyone"})
        assert house.refused(wider, "reach_capped")["status"] == 400


def test_the_public_page_shows_it_or_says_there_is_nothing(home: Path) -> None:
    with voting_house(home) as house:
        assert "Ce que le fichier de réglages leur retire Rien." in house.browse("/commons")
    asked = {"AFFOUAGE_SAFETY_REFUSED_MODELS": "tiny", "AFFOUAGE_SAFETY_KEEP_DAYS": "7"}
    with voting_house(home / "other", environ=asked) as house:
        page = house.browse("/commons")
        assert "refuse en plus ces modèles : tiny." in page
        assert "ne garde aucune conversation plus de 7 jours" in page
        assert house.live.commons.keeping().conversations == 7
