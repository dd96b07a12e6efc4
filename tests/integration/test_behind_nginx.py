"""Debian's nginx with the configuration we give, in front of a real commons: TLS, pieces as they come, addresses."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from affouage import settings
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.conftest import ROOT, missing
from tests.integration.web_visitor import PASSWORD, Visitor

CONFIG = ROOT / "packaging" / "nginx.conf"
HOW_TO = ROOT / "docs" / "how-to" / "behind-nginx.md"


class Behind:
    """A commons as the world sees it. ``client``: from 127.0.0.1, or from another address of this machine."""

    def __init__(self, live: LiveCommons, engine: EchoEngine, url: str, plain_url: str, tls: ssl.SSLContext) -> None:
        self.live, self.engine, self.url, self.plain_url, self._tls = live, engine, url, plain_url, tls

    def client(self, address: str | None = None, **more: object) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self._tls, local_address=address, trust_env=False)
        return httpx.Client(base_url=self.url, transport=transport, timeout=30, **more)  # type: ignore[arg-type]

    def visitor(self) -> Visitor:
        visitor = Visitor(self.live)
        visitor.client = self.client(headers=dict(visitor.client.headers))
        return visitor


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def certificate(folder: Path) -> ssl.SSLContext:
    """One for 127.0.0.1, of our own making, and who believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "commons.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def site(folder: Path, ports: tuple[int, int], commons_port: int) -> str:
    """Our configuration, on other ports and with that certificate; nothing else of it is changed."""
    text = CONFIG.read_text(encoding="utf-8")
    text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.M)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{ports[0]};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports[1]} ssl http2;",
        "/etc/letsencrypt/live/commons.example": str(folder),
        "server 127.0.0.1:8420;": f"server 127.0.0.1:{commons_port};",
    }
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    user = "user root;\n" if os.getuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\ngzip on;\n{paths}{text}}}\n"
    )


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("nginx")
        return
    folder = tmp_path_factory.mktemp("nginx")
    tls, ports = certificate(folder), (free_port(), free_port())
    url = f"https://127.0.0.1:{ports[1]}"
    engine = EchoEngine("echo", word_ms=30)
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", "AFFOUAGE_SERVER_PUBLIC_URL": url}
    with serving(settings.read(environ, home=folder / "home"), engines=[engine]) as live:
        (folder / "nginx.conf").write_text(site(folder, ports, int(live.url.rsplit(":", 1)[1])))
        with subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")]) as process:
            try:
                listening(ports[1], process)
                yield Behind(live, engine, url, f"http://127.0.0.1:{ports[0]}", tls)
            finally:
                process.terminate()
                process.wait(timeout=20)


def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, "nginx refused the configuration"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline


def test_chunks_of_the_api_pass_as_they_come(behind: Behind) -> None:
    words = " ".join(f"mot{n}" for n in range(30))
    headers = {"authorization": f"Bearer {behind.live.api_key()}", "accept-encoding": "gzip"}
    body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": words}]}
    with behind.client() as client, client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        at_work = []
        text = ""
        for piece in answer.iter_text():
            text += piece
            at_work.append(behind.engine.in_flight)
        assert text.endswith("data: [DONE]\n\n")
    assert all(f"mot{n}" in text for n in range(30)), "no event is lost"
    assert sum(at_work) >= 3, "read while the engine was still writing, piece by piece"


def test_a_page_is_read_while_it_is_written(behind: Behind) -> None:
    visitor = behind.visitor()
    visitor.join("Page")
    seen_at_work, text = 0, ""
    with visitor.asking(" ".join(f"mot{n}" for n in range(30)), model="echo") as pieces:
        for piece in pieces:
            text += piece
            seen_at_work += behind.engine.in_flight and "mot" in piece
    assert "mot29" in text
    assert "</html>" in text
    assert seen_at_work >= 3


def test_browsers_are_held_to_https(behind: Behind) -> None:
    sent = httpx.get(f"{behind.plain_url}/chat?model=echo", trust_env=False)
    assert (sent.status_code, sent.headers["location"]) == (301, "https://127.0.0.1/chat?model=echo")
    visitor = behind.visitor()
    visitor.join("Cookie")
    with behind.client() as client:
        page = client.get("/sign-in")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        signed = client.post("/sign-in", data={"name": "Cookie", "password": PASSWORD}, headers={"origin": behind.url})
        assert signed.status_code == 303, "an old browser says Origin only: it must match the host with its port"
        cookie = signed.headers["set-cookie"]
        assert cookie.startswith("__Host-affouage_session=")
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= {one.strip().lower() for one in cookie.split(";")}
        foreign = client.post("/sign-in", data={"name": "Cookie"}, headers={"origin": "https://elsewhere.example"})
        assert foreign.status_code == 403


@pytest.mark.incident("forged-address")
def test_attempts_are_counted_by_the_true_address_whatever_a_client_claims(behind: Behind) -> None:
    behind.visitor().join("Visée")
    with behind.client("127.0.0.2") as attacker, behind.client("127.0.0.3") as other:
        assert tries(attacker, "Visée", 11)[-1] == 429, "another claimed address each time changes nothing"
        assert tries(other, "Visée", 1) == [401], "and nobody else is shut out with it"


@pytest.mark.incident("forged-address")
def test_beside_nginx_only_127_0_0_1_is_believed(behind: Behind) -> None:
    behind.visitor().join("Directe")
    transport = httpx.HTTPTransport(local_address="127.0.0.4", trust_env=False)
    with httpx.Client(base_url=behind.live.url, transport=transport, timeout=30) as direct:
        assert tries(direct, "Directe", 11)[-1] == 429


def tries(client: httpx.Client, name: str, count: int) -> list[int]:
    """Wrong passwords, each under another claimed address."""
    return [
        client.post(
            "/sign-in",
            data={"name": name, "password": "faux mot de passe"},
            headers={"sec-fetch-site": "same-origin", "x-forwarded-for": f"9.9.9.{n}", "x-forwarded-proto": "http"},
        ).status_code
        for n in range(count)
    ]


def test_what_outsiders_need_passes_and_what_they_do_not_is_closed(behind: Behind) -> None:
    with behind.client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").json() == {"ready": True, "problems": []}
        assert client.get("/metrics").status_code == 404
        large = client.post("/v1/chat/completions", content=b"x" * 13_000_000)
        assert large.status_code == 413


def test_the_how_to_shows_this_very_configuration() -> None:
    assert CONFIG.read_text(encoding="utf-8").split("\n", 1)[1] in HOW_TO.read_text(encoding="utf-8")
