"""Well-formed input of every kind, small, made on the spot: what fuzzing starts from."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import lzma
import tarfile
import tempfile
import tomllib
import zlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from affouage.footprint.meter import MeterInfo, Reading
from affouage.footprint.windows import Readings, pack
from affouage.journal import note, tree
from affouage.pool import trace
from affouage.pool.nodes import jwt, nkey
from affouage.pool.nodes import wire as pool_wire
from tests.unit import folder_documents as documents
from tests.unit import sheets_written as written
from tests.unit.catalogue_files import write_gguf

SIGNER = note.new_key("commons.example/log", b"s" * 32)
JOURNAL_KEY = str(SIGNER.verifier)
_ACCOUNT, _USER = nkey.Key("account", b"a" * 32), nkey.Key("user", b"u" * 32)
ISSUER = _ACCOUNT.public


def _json(*values: Any) -> list[bytes]:
    return [json.dumps(one, ensure_ascii=False).encode() for one in values]


def headers() -> list[bytes]:
    key = b"aff_" + b"a" * 16 + b"_" + b"b" * 43
    session = b"__Host-affouage_session=" + b"c" * 43
    return [
        b"Authorization: Bearer " + key + b"\nHost: commons.example",
        b"x-api-key: " + key + b"\nAuthorization: Basic YTpi",
        b"Cookie: lang=fr; " + session + b"; affouage_session=" + b"c" * 43,
    ]


def bodies() -> list[bytes]:
    message = {"role": "user", "content": "Où ?"}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
    called = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    return _json(
        {"model": "m", "messages": [message], "stream": True, "stream_options": {"include_usage": True}},
        {
            **{"model": "m", "tools": [tool], "tool_choice": "auto", "temperature": 0.5, "top_p": 1, "seed": 1, "n": 1},
            **{"messages": [message, {"role": "assistant", "content": None, "tool_calls": called}]},
            **{"stop": ["a"], "max_tokens": 5, "response_format": schema, "logprobs": True, "top_logprobs": 2},
        },
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "affouage": {}},
        {"model": "m", "prompt": ["a"], "suffix": "b", "echo": False, "logprobs": 1, "logit_bias": {"1": 2}},
        {"model": "m", "input": ["a", "b"], "encoding_format": "base64"},
    )


def events() -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    chunks = _json(
        {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "timings": {"prompt_n": 3}},
        {**head, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}},
    )
    old = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x"}
    token = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "a", "logprob": -0.1}]}
    completion = _json(
        {**old, "choices": [{"index": 0, "text": "a", "logprobs": {"content": [token]}, "finish_reason": "length"}]},
        {"error": {"code": 500, "message": "no", "type": "server_error"}},
        {**head, "prompt_progress": {"total": 9, "cache": 1, "processed": 3, "time_ms": 5}, "choices": []},
    )
    return [
        b"\x10" + b"".join(b"data: " + one + b"\n\n" for one in chunks) + b"data: [DONE]\n\n",
        b"\xff: hello\r\nevent: x\r\n" + b"".join(b"data:" + one + b"\r\n\r\n" for one in completion),
    ]


@functools.cache
def models() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return [write_gguf(Path(folder) / "x.gguf", values=64, tokens=3).read_bytes()]


def sheets() -> list[bytes]:
    table = (
        "<Texte><Chapitre><Titre>Où ?</Titre><Liste type='puce'><Item><Paragraphe>Là</Paragraphe></Item></Liste>"
        "<Tableau><Titre>T</Titre><Rangée type='header'><Cellule>A</Cellule></Rangée><Rangée><Cellule>1</Cellule>"
        "</Rangée></Tableau></Chapitre></Texte><ListeSituations><Situation><Titre>S</Titre><Texte><Paragraphe>x"
        "</Paragraphe></Texte></Situation></ListeSituations>"
    )
    return [written.publication(), written.publication(table), written.service()]


def sheet_archives() -> list[bytes]:
    return [written.archive_bytes({"F1.xml": written.publication(), "R10.xml": written.service()})]


def labour() -> list[bytes]:
    section = {
        "anchor": "a",
        "title": "Sa durée",
        "html": "<ul><li>Deux mois</li></ul><table><tr><td>1</td></tr></table>",
    }
    sheet = {"pubId": "a", "title": "L'essai", "url": "https://x.example/a", "date": "13/11/2025", "description": "d"}
    answers = {"generic": {"markdown": "<p>Oui</p>", "description": "Oui"}, "conventions": []}
    return _json(
        [{**sheet, "intro": "<p>Il <strong>sert</strong></p>", "sections": [section]}],
        [{"id": "4a6f", "index": 1, "title": "Peut-on ?", "answers": answers}],
    )


def labour_packed() -> list[bytes]:
    return [lzma.compress(one) for one in labour()]


def messages() -> list[bytes]:
    heart = pool_wire.Heartbeat(
        run="r",
        at_ms=1_800_000_000_000,
        machine_id="m",
        models=(pool_wire.Served(model_id="m", slots=2, file_sha256="0" * 64),),
    )
    happened = (pool_wire.Progress(9, 1, 3), pool_wire.Piece("mot"), pool_wire.Done(prompt=3, decoded=1))
    chunk = pool_wire.Chunk(rid="r", attempt=1, seq=1, events=happened)
    return [pool_wire.encode(one) for one in (heart, chunk)]


def joinings() -> list[bytes]:
    asked = {"secret": "s", "name": "n", "public_key": _USER.public, "box_key": "0" * 64, "machine_id": "m_" + "0" * 32}
    refused = {"code": "machines_full", "message": "No.", "affouage": {"most": 3}}
    return _json(asked, {"node_id": "n_abcdefghijkl", "state": "waiting", "commons_name": "c"}, {"error": refused})


def rpc() -> list[bytes]:
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "x"}},
    }
    return _json(
        asked, {"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": "a", "result": {}}
    )


def sealed() -> list[bytes]:
    return [bytes(range(120))]


def passes() -> list[bytes]:
    token = jwt.encode(_ACCOUNT, _USER.public, {"pub": {"allow": ["a.>"]}}, name="n", now_s=1_790_000_000)
    return [token.encode(), _USER.public.encode(), _USER.seed.encode()]


def _shipped(package: str, ending: str, most: int = 3) -> list[bytes]:
    found = sorted(one.name for one in resources.files(package).iterdir() if one.name.endswith(ending))
    return [resources.files(package).joinpath(name).read_bytes() for name in found[:most]]


def cards() -> list[bytes]:
    return _shipped("affouage.catalogue.cards", ".toml", 2)


def settings() -> list[bytes]:
    told = """
hub_url = "https://hub.example"
[server]
port = 8420
public_url = "https://commons.example"
trusted_proxies = "10.0.0.0/24 ::1"
[engine]
threads = 2
walls = "on"
[footprint]
country = "FRA"
psu_efficiency_low = 0.8
[safety]
closed = "23:00-06:00"
[[upstream]]
id = "m"
url = "http://192.0.2.1/v1"
key_env = "KEY"
[[meter]]
id = "p"
kind = "plug_http"
url = "http://192.0.2.2/"
"""
    tomllib.loads(told)
    return [told.encode()]


def machines() -> list[bytes]:
    told = """
[machine]
id = "tower"
name = "La tour"
acquired = 2024-05-01
age_years = 4
planned_years = 4.5
commons_share = 0.25
[[part]]
kind = "gpu"
model = "NVIDIA GeForce RTX 3090"
count = 2
"""
    return [told.encode()]


def factors() -> list[bytes]:
    whole = resources.files("affouage.footprint").joinpath("factors", "grid-2026-11.toml").read_bytes()
    return [whole, whole[:3_000]]


def votes() -> list[bytes]:
    ballots = [{"choice": {"a": "good", "b": "poor"}, "times": 3}, {"choice": {"a": "poor", "b": "good"}}]
    ranked = [{"choice": [["a"], ["b", "c"]], "times": 5}, {"choice": [["c"], ["a"]]}]
    return _json(
        {
            "method": "majority_judgment",
            "options": ["a", "b"],
            "grades": ["excellent", "good", "poor"],
            "ballots": ballots,
        },
        {"method": "schulze", "options": ["a", "b", "c"], "ballots": ranked},
        {"method": "instant_runoff", "options": ["a", "b", "c"], "ballots": ranked, "electors": 20},
        {"method": "yes_no", "ballots": [{"choice": "yes", "times": 4}, {"choice": "no"}, {"choice": None}]},
    )


def tar(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=tarfile.USTAR_FORMAT) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def elections() -> list[bytes]:
    """Not a true one (that takes minutes of Belenios): its shape, with hashes that hold."""
    files = {"BELENIOS": b"{}"}

    def data(value: Any) -> str:
        content = json.dumps(value).encode()
        files[f"{hashlib.sha256(content).hexdigest()}.data.json"] = content
        return hashlib.sha256(content).hexdigest()

    election = data({"uuid": "3vMPUV5bgVcJJM", "name": "y", "questions": []})
    setup = data({"election": election, "credentials": data(["a", "b,2"]), "trustees": data([["Single", {}]])})
    ballot = data({"credential": "a"})
    before: str | None = None
    for height, (kind, payload) in enumerate((("Setup", setup), ("Ballot", ballot))):
        event = json.dumps({"parent": before, "height": height, "type": kind, "payload": payload}).encode()
        before = hashlib.sha256(event).hexdigest()
        files[f"{before}.event.json"] = event
    lines = [content for name, content in files.items() if name.endswith("data.json")]
    return [tar(files), b"\n".join(lines[:5])]


def election_of(lines: list[bytes]) -> bytes:
    """An archive whose data are ``lines``: an election, credentials, trustees, then ballots; all hashes hold."""
    files = {"BELENIOS": b"{}"}
    names = [hashlib.sha256(one).hexdigest() for one in lines]
    files |= {f"{name}.data.json": one for name, one in zip(names, lines, strict=True)}
    setup = json.dumps(dict(zip(("election", "credentials", "trustees"), names, strict=False))).encode()
    files[f"{hashlib.sha256(setup).hexdigest()}.data.json"] = setup
    before: str | None = None
    kinds = ("Setup", *("Ballot", "Result", "EncryptedTally") * len(names))
    for height, (kind, name) in enumerate(zip(kinds, (hashlib.sha256(setup).hexdigest(), *names[3:]), strict=False)):
        event = json.dumps({"parent": before, "height": height, "type": kind, "payload": name}).encode()
        before = hashlib.sha256(event).hexdigest()
        files[f"{before}.event.json"] = event
    return tar(files)


def canonical() -> list[bytes]:
    return _json({"a": [1, 1.5, -0.0, 1e21, None, True, "é\u2028"], "b": {"c": {}}}, [], "x")


def _checkpoint(size: int, root: bytes) -> str:
    text = note.Checkpoint("commons.example/log", size, root).text
    return f"{text}\n{note.sign(text, SIGNER).line}"


def notes() -> list[bytes]:
    return [_checkpoint(1, b"r" * 32).encode(), JOURNAL_KEY.encode(), SIGNER.secret_text.encode()]


def proofs() -> list[bytes]:
    return [bytes(range(256)), b"\0" * 64]


def bundles() -> list[bytes]:
    public = {"new": JOURNAL_KEY}
    leaf = json.dumps({"at_ms": 1, "kind": "log_key", "public": public, "seq": 0, "v": 1}, separators=(",", ":"))
    rows = [
        {"type": "log", "key": JOURNAL_KEY},
        {"type": "leaf", "seq": 0, "leaf": leaf},
        {"type": "checkpoint", "note": _checkpoint(1, tree.leaf_hash(leaf.encode()))},
    ]
    return [b"\n".join(_json(*rows))]


def backups() -> list[bytes]:
    about = {"affouage": "0.1.0", "schema": None, "made_ms": 1, "bytes": 5, "models": False, "served": False}
    inside = b"[x]\n"
    entry = {"name": "settings.toml", "bytes": len(inside), "sha256": hashlib.sha256(inside).hexdigest()}
    plain = tar(
        {
            "about.json": json.dumps({**about, "format": 1}).encode(),
            "home/settings.toml": inside,
            "manifest.json": json.dumps({"entries": [entry]}).encode(),
        }
    )
    return [gzip.compress(plain, mtime=0), gzip.compress(plain[:700], mtime=0)]


def results() -> list[bytes]:
    files = {
        "run/settings.json": b"{}",
        "run/events.jsonl": b"{}\n",
        "site/node.json": b"{}",
        "run/out/adapter.gguf": b"GGUF",
    }
    return [tar(files), tar(files, "w:gz"), tar({"../x": b"1"})]


def docx() -> list[bytes]:
    told = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    return [documents.docx(documents.paragraph("Le feu", "Heading1") + documents.paragraph("Du bois.") + told)]


def odt() -> list[bytes]:
    return [documents.odt("<text:h text:outline-level='1'>Le feu</text:h><text:p>Du <text:s text:c='2'/>bois</text:p>")]


def html() -> list[bytes]:
    return [
        b"<!doctype html><html lang=fr><head><meta charset=utf-8><title>T</title></head><body><main><h1>A</h1>"
        b"<p>b<br>c&eacute;&#x41;<table><tr><th>1<td>2</table><ul><li>x<li hidden>y</ul><script>1</script></main>"
    ]


def markdown() -> list[bytes]:
    return [
        b"---\ntitle: T\ndate: 2026-01-02\n---\n# A\n\nb **c** [d](e)\n\n"
        b"| a | b |\n|---|---|\n| 1 | 2 |\n\n* x\n  1. y\n"
    ]


def texts() -> list[bytes]:
    return [
        "TITRE\n\nUn paragraphe\ncoupé.\n\n- un\n- deux\n".encode(),
        "Été\r\n".encode("utf-16"),
        "é".encode("latin-1"),
    ]


def pdf() -> list[bytes]:
    """As short as a PDF can be; pdfium mends the missing table of references."""
    stream = b"BT /F1 24 Tf 72 700 Td (Le feu) Tj ET"
    return [
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 800]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n"
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        b"trailer<</Root 1 0 R>>\n" % (len(stream), stream)
    ]


def pictures() -> list[bytes]:
    dots = bytes(range(64))
    jpeg = (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        b"\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\0?\0\0\xff\xd9"
    )
    return [
        documents.png(dots, 8, 8),
        documents.png(dots[:48], 4, 4, colour=2),
        documents.tiff([(dots, 8, 8)] * 2),
        jpeg,
    ]


def sighted() -> list[bytes]:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    return [
        f"{head}\n5\t1\t1\t1\t1\t1\t10\t10\t50\t20\t96.5\tfeu\n5\t1\t1\t1\t1\t2\t70\t10\t50\t20\t-1\tbois\n".encode()
    ]


def readings() -> list[bytes]:
    info = MeterInfo(
        **{"id": "powercap", "kind": "powercap", "covers": ("cpu",), "quality": "measured", "method": "powercap"},
        **{"low_factor": 0.9, "high_factor": 1.1, "wraps_uj": {"package-0": 1_000_000}},
    )
    packed, _digest = pack(Readings(info=info, first=Reading(at_us=1, epoch="boot", counters_uj={"package-0": 5})))
    return [packed, zlib.decompress(packed)]


def traces() -> list[bytes]:
    return [trace.EXAMPLE.encode()]


def requests(key: str) -> list[bytes]:
    """To the gateway and the pages: whole, in chunks, two on one connection, one inside another."""
    body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "Où ?"}]}).encode()
    host = b"Host: commons.example\r\nConnection: close\r\n"
    head = host + f"Authorization: Bearer {key}\r\n".encode()
    sized = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    form = b"name=a&password=b&next=%2F"
    return [
        b"GET / HTTP/1.1\r\n" + host + b"Accept-Language: fr\r\nCookie: lang=fr; a=b\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\n" + head + sized + b"\r\n" + body,
        b"POST /v1/chat/completions HTTP/1.1\r\n"
        + head
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/receipts?limit=2 HTTP/1.1\r\n" + head + b"\r\n",
        b"POST /sign-in HTTP/1.1\r\n" + host + b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(form), form),
        b"POST /sign-in HTTP/1.1\r\n"
        + host
        + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 66\r\n\r\n"
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nvalue\r\n--x--\r\n',
        b"GET /journal/entries?start=0&end=10 HTTP/1.1\r\n" + host + b"X-Forwarded-For: 1.2.3.4, ::1\r\n\r\n",
        b"POST /nodes/join HTTP/1.1\r\n" + host + b"Content-Length: 2\r\n\r\n{}",
        b"POST /mcp HTTP/1.1\r\n" + head + b'Content-Length: 46\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    ]
