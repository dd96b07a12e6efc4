"""Texts for corpora made by the tests: French prose that is never twice the same, a site recorded into a WARC."""

from __future__ import annotations

import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from affouage.testing import ManualClock
from affouage.training.corpus.building import Builder
from affouage.training.corpus.finishing import finish
from affouage.training.corpus.manifest import SPLITS
from affouage.training.corpus.store import Build, Corpora, read_build
from affouage.training.corpus.work import read_task

_WHO = "la mairie;une habitante;le conseil;notre école;un agent;la préfecture;le maire;une association;chaque élue"
_DOES = "propose;demande;refuse;prépare;explique;finance;attend;examine;annonce;garde;publie;répare;ferme;choisit"
_WHAT = (
    "le budget du village;un nouveau règlement;la réparation du pont;une salle pour les jeunes;le marché du samedi;"
    "les horaires de la piscine;un dossier de logement;la carte des sentiers;une fête de quartier;le bois de chauffage;"
    "l'entretien des chemins;une réunion publique;la collecte du papier;un jardin partagé;les comptes de l'année"
)
_HOW = (
    "parce que les travaux coûtent plus cher;avant la fin du mois de mars;avec l'accord de tous les voisins;"
    "sans attendre la réponse du département;quand les élèves seront en vacances;pour que chacun puisse venir;"
    "comme il était prévu dans le vote;mais personne ne sait encore comment;et nous le verrons dans la rue"
)


def french(number: int, sentences: int = 14) -> str:
    """Prose that no other number gives."""
    draw = random.Random(number)
    who, does, what, how = (one.split(";") for one in (_WHO, _DOES, _WHAT, _HOW))
    told = [
        f"{draw.choice(who)} {draw.choice(does)} {draw.choice(what)} {draw.choice(how)}, "
        f"puis {draw.choice(who)} {draw.choice(does)} {draw.choice(what)}."
        for _ in range(sentences)
    ]
    return "\n".join(one[0].upper() + one[1:] for one in told)


def folder_of(path: Path, texts: Mapping[str, str]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def jsonl_of(path: Path, numbers: range, **more: object) -> Path:
    lines = [msgspec.json.encode({"text": french(n), "url": f"https://a.example/{n}", **more}) for n in numbers]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def page_of(title: str, text: str, head: str = "") -> str:
    """A page as a site serves it: a menu, an article, a footer."""
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in text.split("\n") if one.strip())
    menu = "<nav><ul><li><a href='/'>Accueil</a></li><li><a href='/plan'>Plan du site</a></li></ul></nav>"
    return (
        f"<!doctype html><html lang=fr><head><meta charset=utf-8><title>{escape(title)}</title>{head}</head>"
        f"<body>{menu}<main><article><h1>{escape(title)}</h1>{paragraphs}</article></main>"
        "<footer>Mentions légales - Nous suivre - Lettre d'information</footer></body></html>"
    )


@contextmanager
def site(pages: Mapping[str, tuple[str, str, dict[str, str]]]) -> Iterator[str]:
    """Serve ``path -> (type, content, headers)`` on loopback; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content, headers = pages.get(self.path, ("text/html; charset=utf-8", "", {}))
            self.send_response(200 if self.path in pages else 404)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            body = content.encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record(path: Path, pages: Mapping[str, tuple[str, str, dict[str, str]]]) -> str:
    """Fetch every page of a site on loopback through warcio's recorder, as a crawler would; the site's address."""
    from warcio.capture_http import capture_http

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with site(pages) as address, capture_http(str(path)):
        for where in pages:
            opener.open(f"{address}{where}", timeout=10).read()
    return address


# --- Built ---

DAY_MS = 1_796_000_000_000
STEPS = "".join(
    f'[[step]]\nuse = "{one}"\n'
    for one in ("extract", "language", "length", "quality", "repetition", "personal", "duplicates", "near-duplicates")
)


def source(name: str, kind: str, at: Path | str, more: str = 'licence = "etalab-2.0"') -> str:
    return f'[[source]]\nname = "{name}"\nkind = "{kind}"\nat = "{at}"\n{more}\n'


def written(home: Path, recipe: str, name: str = "essai") -> Builder:
    corpora = Corpora(home)
    if name in corpora.names():
        (corpora.folder(name) / "recipe.toml").write_text(recipe, encoding="utf-8")
    else:
        corpora.create(name, recipe)
    return Builder(home, name, ManualClock(DAY_MS), local_hosts=("127.0.0.1",))


def built(home: Path, recipe: str, name: str = "essai") -> Build:
    """In this process, task by task: starting others takes a second each time."""
    work, plan = written(home, recipe, name)._planned("local")
    for task in range(len(plan.tasks)):
        read_task(work, task)
    return read_build(finish(work))


def why(build: Build) -> dict[str, str]:
    return {one.at: f"{one.step}:{one.reason}" for one in build.removed()}


def texts(build: Build) -> dict[str, str]:
    found = {}
    for split in SPLITS:
        for line in build.split(split).read_bytes().splitlines():
            one = msgspec.json.decode(line)
            found[one["id"]] = one["text"]
    return found


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)
