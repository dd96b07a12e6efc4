"""Everything a server wrote after a day of use, read again: no secret, no question, no answer, no name.

Two real servers: the one that is read, in a process of its own, has the other for its engine.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from affouage import settings
from affouage.testing import EchoEngine, serving
from tests.integration.conftest import until

PASSWORD, WRONG = "clairiere moussue douze", "un autre mot de passe"
QUESTION = "pourquoi la cantine du quartier ferme-t-elle"
NAME = "Philomène Tricotin"
HERE = {"sec-fetch-site": "same-origin"}


@pytest.mark.incident("secret-in-a-log")
def test_nothing_of_what_was_said_or_of_who_said_it_is_written(tmp_path: Path) -> None:
    engine = EchoEngine("echo")
    with serving(settings.read({}, home=tmp_path / "engine"), engines=[engine]) as upstream:
        home, secret = tmp_path / "home", upstream.api_key("Moteur")
        home.mkdir()
        (home / "settings.toml").write_text(
            f'[engine]\ndefault_model = "loin"\n[log]\nformat = "json"\nlevel = "info"\n'
            f'[[upstream]]\nid = "loin"\nurl = "{upstream.url}/v1"\nmodel = "echo"\nkey_env = "CLE_DU_MOTEUR"\n'
        )
        output, errors = tmp_path / "output", tmp_path / "errors"
        environ = {**os.environ, "AFFOUAGE_HOME": str(home), "CLE_DU_MOTEUR": secret}
        with output.open("w") as out, errors.open("w") as err:
            words = [sys.executable, "-m", "affouage", "up", "--offline", "--no-question", "--port", "8495"]
            server = subprocess.Popen(words, env=environ, stdout=out, stderr=err)
        try:
            link = until_link(output, server)
            used = live_through(link, engine)
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0
    read_again(tmp_path, link, [secret, *used])


def until_link(output: Path, server: subprocess.Popen[bytes]) -> str:
    def found() -> list[str]:
        assert server.poll() is None
        return re.findall(r"http://\S+/join/\S+\n", output.read_text())

    until(lambda: bool(found()), 60)
    return found()[0].strip()


def live_through(link: str, engine: EchoEngine) -> list[str]:
    """Come in, ask in every way, err in every way. Returns what was secret."""
    url = link.partition("/join/")[0]
    with httpx.Client(base_url=url, headers=HERE, timeout=30, trust_env=False) as client:
        joined = client.post(link, data={"name": NAME, "password": PASSWORD, "again": PASSWORD, "language": "fr"})
        assert joined.status_code == 303, joined.text
        cookie = str(client.cookies.get("affouage_session"))
        token = re.findall(r'name="csrf" value="([^"]+)"', client.get("/chat").text)[0]
        asked = client.post("/chat", data={"csrf": token, "question": QUESTION, "model": "loin", "keep": "on"})
        assert asked.status_code == 200
        assert "ferme-t-elle" in asked.text
        made = client.post("/account/keys", data={"csrf": token, "label": "clé de Philomène"})
        key = re.findall(r"aff_[a-z0-9_-]+", made.text)[0]
        client.post("/sign-in", data={"name": NAME, "password": WRONG})
        client.get(f"/join/{'x' * 52}?name={NAME}")
        with_key = {"authorization": f"Bearer {key}"}
    body = {"model": "loin", "messages": [{"role": "user", "content": QUESTION}]}
    with httpx.Client(base_url=url, headers=with_key, timeout=30, trust_env=False) as program:
        assert program.post("/v1/chat/completions", json=body).status_code == 200
        assert "ferme" in program.post("/v1/chat/completions", json={**body, "stream": True}).text
        engine.fail_after_words = 2  # breaks in the middle of an answer
        assert program.post("/v1/chat/completions", json=body).status_code >= 500
        engine.fail_after_words = None
        assert program.post("/v1/chat/completions", content=f'{{"model": "{QUESTION}'.encode()).status_code == 400
        assert program.post("/v1/chat/completions", json={**body, "model": QUESTION}).status_code == 404
        assert program.get(f"/v1/receipts/{QUESTION}").status_code == 404
        program.headers["authorization"] = f"Bearer {key}x"
        assert program.get("/v1/models").status_code == 401
        with contextlib.suppress(httpx.HTTPError):  # cut off in the middle
            program.post("/v1/chat/completions", content=iter([QUESTION.encode()]), timeout=0.2)
    return [cookie, token, key]


def read_again(folder: Path, link: str, secrets: list[str]) -> None:
    errors = (folder / "errors").read_text()
    lines = [json.loads(line) for line in errors.splitlines()]
    assert lines, "it runs at the level info: it says at least that it serves"
    assert all({"at", "level", "logger", "message"} <= set(line) for line in lines)
    written = errors + (folder / "output").read_text().replace(link, "", 1)
    kept = [one for one in (folder / "home").rglob("*") if one.is_file() and not one.name.startswith("affouage.db")]
    for one in kept:
        written += one.name + one.read_bytes().decode("utf-8", "replace")
    hidden = [*secrets, PASSWORD, WRONG, NAME, "Philom", "cantine", "ferme-t-elle", link.rpartition("/")[2]]
    assert [one for one in hidden if one in written] == []
