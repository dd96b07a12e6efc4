"""Settings are read once: the file, then the environment; what is wrong is named with what would do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import SettingsError
from affouage.settings import default_home, read


def _read(home: Path, text: str = "", **environ: str) -> object:
    if text:
        (home / "settings.toml").write_text(text, encoding="utf-8")
    return read(environ, home=home)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = read({}, home=tmp_path)
    assert settings.server.host == "127.0.0.1"
    assert settings.footprint.country == ""
    assert settings.upstreams == ()
    assert settings.database_path == tmp_path / "affouage.db"
    with pytest.raises(FrozenInstanceError):
        settings.server = None  # type: ignore[misc,assignment]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[server]\nport = 9000\nhost = "::1"\n', encoding="utf-8")
    settings = read({"AFFOUAGE_SERVER_PORT": "9001", "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "65.5"}, home=tmp_path)
    assert (settings.server.port, settings.server.host) == (9001, "::1")
    assert settings.footprint.declared_watts == 65.5


def test_upstreams_are_rows(tmp_path: Path) -> None:
    text = '[[upstream]]\nid = "big"\nurl = "http://127.0.0.1:1/v1"\nmodel = "x"\nslots = 3\n'
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    (only,) = read({}, home=tmp_path).upstreams
    assert (only.id, only.slots, only.key_env) == ("big", 3, "")


ROW = '[[upstream]]\nid = "a"\nurl = "http://x/v1"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server\n", "not TOML"),
        ("[sever]\nport = 1\n", "[sever]"),
        ("[server]\nprot = 1\n", "prot"),
        ('[server]\nport = "abc"\n', "server.port"),
        ("[server]\nport = 70000\n", "server.port"),
        ("[server]\nport = -1\n", "server.port"),
        ("[server]\nport = true\n", "server.port"),
        ("[server]\nport = 1.5\n", "server.port"),
        ("[server]\nhost = 5\n", "server.host"),
        ("server = 5\n", "[server]"),
        ("[engine]\nslots = 0\n", "engine.slots"),
        ('[commons]\nlanguage = "de"\n', "commons.language"),
        ("[commons]\nkeep_days = 0\n", "commons.keep_days"),
        ("[footprint]\ndeclared_watts = inf\n", "footprint.declared_watts"),
        ("[footprint]\ndeclared_watts = nan\n", "footprint.declared_watts"),
        ('[[upstream]]\nid = "a"\n', "id and url"),
        ('[upstream]\nid = "a"\nurl = "http://x"\n', "[upstream]"),
        ('[[upstream]]\nid = "a"\nurl = "ftp://x"\n', "upstream.url"),
        (ROW + ROW, "two [[upstream]]"),
        ('hub_url = "nowhere"\n', "hub_url"),
        ("hub_url = 5\n", "hub_url"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        _read(tmp_path, text)
    assert named.lower() in wrong.value.message.lower()
    assert wrong.value.remedy


@pytest.mark.parametrize("value", ["abc", "-1", "70000", "1.5", "nan"])
def test_the_environment_is_checked_as_the_file_is(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=r"server\.port"):
        read({"AFFOUAGE_SERVER_PORT": value}, home=tmp_path)


def test_bytes_that_are_no_text_are_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        read({}, home=tmp_path)


@given(text=st.text(max_size=80).filter(lambda text: "\x00" not in text))
def test_no_text_whatever_makes_it_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "settings.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(SettingsError):
        read({}, home=home)


def test_where_the_home_is() -> None:
    assert default_home({"AFFOUAGE_HOME": "/a/b"}) == Path("/a/b")
    assert default_home({"XDG_DATA_HOME": "/x"}) == Path("/x/affouage")
    assert default_home({}).name == "affouage"
    assert default_home({"AFFOUAGE_HOME": "relative"}).is_absolute()


def test_a_user_without_a_home_folder_is_told_to_name_one() -> None:
    with pytest.raises(SettingsError, match="AFFOUAGE_HOME"):
        default_home({"AFFOUAGE_HOME": "~nobody-has-this-name/commons"})
