"""``affouage doctor`` looks at what is outside: the address that members type (a real TLS server, with certificates of
our own), and who keeps watch over the public log."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from affouage.adapters.buses import certificate
from affouage.cli.checks import Finding
from affouage.cli.checks.decisions import SILENT_MS, check_decisions
from affouage.cli.checks.outside import DAY_MS, check_address, check_broker_certificate
from affouage.clock import SystemClock
from affouage.journal import witness_rows
from affouage.journal.note import VerifierKey
from affouage.settings import Settings, read
from affouage.storage.tables import journal_witness
from tests.integration.founded import FoundedHouse, opened

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for this machine, and the authority that made it."""
    folder = tmp_path_factory.mktemp("proof")
    now_ms = SystemClock().now_ms()
    certificate.renewed(folder, [HOST, "localhost"], now_ms)
    (folder / "authority.pem").write_text(certificate.authority_pem(folder, now_ms), encoding="utf-8")
    return folder


@contextmanager
def served(proof: Path) -> Iterator[int]:
    """Its port. Says nothing but who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(proof / certificate.CERTIFICATE, proof / certificate.KEY)
    listener = socket.create_server((HOST, 0))
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain:
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


def look(home: Path, url: str, now_ms: int | None = None) -> list[Finding]:
    settings: Settings = read({"AFFOUAGE_SERVER_PUBLIC_URL": url}, home=home)
    return list(check_address(settings, SystemClock().now_ms() if now_ms is None else now_ms))


def test_a_certificate_that_is_believed_is_dated(home: Path, proof: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(proof / "authority.pem"))
    with served(proof) as port:
        (found,) = look(home, f"https://localhost:{port}")
        assert found.status == "ok", found
        assert "good for" in found.what
        (later,) = look(home, f"https://localhost:{port}", SystemClock().now_ms() + 4000 * DAY_MS)
        assert later.status == "problem"


def test_one_that_nobody_vouches_for_is_a_problem(home: Path, proof: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with served(proof) as port:
        (found,) = look(home, f"https://localhost:{port}")
    assert found.status == "problem"
    assert "not believed" in found.what


def test_an_address_where_nobody_answers_is_a_warning(home: Path) -> None:
    (found,) = look(home, "https://localhost:1")
    assert found.status == "warning"
    assert "nginx" in found.remedy


def test_without_one_there_is_nothing_to_say(home: Path) -> None:
    assert look(home, "") == []


def test_the_certificate_of_the_broker_is_dated_too(home: Path, proof: Path) -> None:
    file = proof / certificate.CERTIFICATE
    settings = read({"AFFOUAGE_POOL_CERT_FILE": str(file)}, home=home)
    (found,) = check_broker_certificate(settings, SystemClock().now_ms())
    assert found.status == "ok"
    (broken,) = check_broker_certificate(
        read({"AFFOUAGE_POOL_CERT_FILE": str(home)}, home=home), SystemClock().now_ms()
    )
    assert broken.status == "problem"


def witnesses(home: Path, now_ms: int) -> list[str]:
    found = check_decisions(read({}, home=home), now_ms)
    return [one.status for one in found if one.check == "witnesses"]


def test_a_public_log_that_nobody_watches_is_a_warning_once_members_decide(home: Path) -> None:
    with opened(home) as db:
        house = FoundedHouse(db)
        now_ms = house.clock.now_ms()
        key = VerifierKey("neighbours.example", bytes(32))
        assert witnesses(home, now_ms) == []
        house.found()
        assert witnesses(home, now_ms) == ["warning"]

        db.write_now(lambda c: witness_rows.add(c, "neighbours", "ours", key, "", now_ms))
        assert witnesses(home, now_ms) == ["warning"], "it has cosigned nothing yet"
        db.write_now(lambda c: c.execute(update(journal_witness).values(seen_ms=now_ms)))
        assert witnesses(home, now_ms) == ["ok"]
        assert witnesses(home, now_ms + SILENT_MS + 1) == ["warning"]

        db.write_now(lambda c: witness_rows.add(c, "theirs", "theirs", key, "https://x.example", now_ms))
        for problem, expected in (("unreachable", "warning"), ("fork", "problem")):
            db.write_now(
                lambda c, said=problem: witness_rows.trouble(c, witness_rows.find(c, "theirs", "theirs"), said)
            )
            assert witnesses(home, now_ms) == ["ok", expected]
