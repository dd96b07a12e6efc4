"""What a program opens because an address was written somewhere: never this machine, never the network behind it.

The servers are real ones on loopback: whatever reaches them says so.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from affouage.cli import main
from affouage.errors import AffouageError, BadRequest, PullFailed
from affouage.journal.witness import OverHttp, source_of
from affouage.outward import AddressRefused, Outward, Resolver, is_private
from affouage.settings import read
from affouage.sheets.fetching import FetchPolicy, fetch

pytestmark = pytest.mark.incident("fetcher-inside")

PRIVATE = """
127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 198.18.0.1 224.0.0.1
255.255.255.255 [::1] [::] [fd00::1] [fe80::1] [::ffff:10.0.0.1] [::ffff:127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::]
[ff02::1] localhost x.localhost
""".split()  # noqa: SIM905 - a list of words reads better as words
PATIENT = FetchPolicy(attempts=1, first_wait_ms=1)
TIMEOUT = aiohttp.ClientTimeout(total=10)


class Server(ThreadingHTTPServer):
    """Counts who comes. ``leads_to``: where it sends them."""

    leads_to = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append(f"{self.headers.get('host')} {self.path}")
        self.send_response(302 if self.server.leads_to else 200)
        if self.server.leads_to:
            self.send_header("location", self.server.leads_to)
        self.send_header("content-length", "6")
        self.end_headers()
        self.wfile.write(b"secret")

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def listening() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def inside() -> Iterator[Server]:
    """A service of this machine that was never meant for others."""
    with listening() as server:
        yield server
        assert server.seen == [], "somebody got in"


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_inside_is_not_opened_however_it_is_written(host: str) -> None:
    """Loopback, private ranges, link-local with the clouds' metadata, IPv4 within IPv6."""
    for address in (f"https://{host}/x", f"https://{host}:8443/x"):
        with pytest.raises(AddressRefused):
            Outward().check(address)
    first = URL("https://example.org/a")
    for outward in (Outward(), Outward.naming("https://example.org"), Outward.naming(f"https://{host}")):
        with pytest.raises(AddressRefused):
            outward.next_hop(first, first, f"https://{host}/x")


@pytest.mark.parametrize(
    "address",
    [
        *("http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "gopher://example.org/1", "data:,x"),
        *("https://", "https://[", "x", "", "//example.org/a", "https:example.org", "javascript:alert(1)"),
        *("https://user:secret@example.org/", "https://example.org@127.0.0.1/", "https://example.org:22/"),
        *("https://example.org:25/", "https://example.org:80/", "https://example.org:99999/", "unix:///run/x.sock"),
    ],
)
def test_only_https_of_the_open_internet_is_fetched(address: str, tmp_path: Path) -> None:
    with pytest.raises(AddressRefused) as refused:
        Outward().check(address)
    assert "secret" not in str(refused.value)
    with pytest.raises(BadRequest):
        asyncio.run(fetch([address], tmp_path / "x.zip", policy=PATIENT))
    assert not list(tmp_path.glob("x.zip*"))


@given(st.ip_addresses())
def test_what_is_not_of_the_open_internet_is_private(address: Any) -> None:
    assert is_private(str(address)) or address.is_global


def test_the_open_internet_is_opened_and_what_the_settings_name(tmp_path: Path) -> None:
    assert str(Outward().check("https://example.org:8443/a?b=c")) == "https://example.org:8443/a?b=c"
    environ = {
        "AFFOUAGE_OUTWARD_LOCAL_HOSTS": "mirror.lan, 10.0.0.3",
        "AFFOUAGE_SHEETS_OFFICIAL_URL": "http://192.168.1.9/vdd",
    }
    outward = Outward.naming(local_hosts=read(environ, home=tmp_path).fetched_from)
    for address in ("http://mirror.lan/a", "http://10.0.0.3:8080/a", "http://192.168.1.9/vdd/x"):
        assert outward.check(address)
    first = URL("http://mirror.lan/a")
    assert outward.next_hop(first, first, "http://10.0.0.3/b")
    assert outward.next_hop(first, first, "https://example.org/b")
    for there in ("http://10.0.0.4/b", "http://example.org/b", "https://127.0.0.1/b"):
        with pytest.raises(AddressRefused):
            outward.next_hop(first, first, there)
    hub = Outward.naming("https://hub.example")
    with pytest.raises(AddressRefused, match="plain http"):  # not even to the same host
        hub.next_hop(URL("https://hub.example/a"), URL("https://hub.example/a"), "http://hub.example/b?signature=x")
    outside = URL("https://example.org/b")
    with pytest.raises(AddressRefused):  # once outside, not even where the settings allow
        outward.next_hop(first, outside, "http://10.0.0.3/b")


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f.1", "017700000001"])
def test_a_name_or_a_figure_that_leads_inside_is_refused_by_what_it_resolves_to(name: str, inside: Server) -> None:
    async def opened() -> None:
        outward, url = Outward(), URL(f"https://{name}:{inside.port}/")
        async with outward.session(url, TIMEOUT) as session, session.get(url):
            raise AssertionError("it was opened")

    with pytest.raises((AddressRefused, aiohttp.ClientConnectorError, aiohttp.InvalidUrlClientError)):
        asyncio.run(opened())


class Rebinding:
    """A name server that says one thing when it is looked at and another a moment later."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in address.split()
        ]

    async def close(self) -> None:
        return None


def test_a_name_is_looked_up_once_and_that_address_is_the_one_connected_to(
    inside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: good when checked, inside when opened. Between the two there is no second question."""
    names = Rebinding("203.0.113.7", "127.0.0.1")
    connected: list[str] = []

    async def connecting(*_: Any, addr_infos: Any, **__: Any) -> Any:
        connected.extend(one[4][0] for one in addr_infos)
        raise OSError("nobody there")

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connecting)
    monkeypatch.setattr(ThreadedResolver, "resolve", lambda _self, *asked: names.resolve(*asked))
    monkeypatch.setattr("affouage.outward.is_private", lambda host: host.startswith("127."))

    async def opened() -> None:
        url = URL(f"https://rebinding.example:{inside.port}/")
        async with Outward().session(url, TIMEOUT) as session, session.get(url):
            pass

    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(opened())
    assert (names.asked, connected) == (1, ["203.0.113.7"])


def test_one_good_address_beside_a_bad_one_does_not_make_it_good() -> None:
    async def resolved() -> None:
        resolver = Resolver(frozenset(), Rebinding("93.184.215.14 127.0.0.1"))  # type: ignore[arg-type]
        await resolver.resolve("both.example", 443)

    with pytest.raises(AddressRefused, match="private network"):
        asyncio.run(resolved())


# --- the fetchers themselves ------------------------------------------------------------------------------------------


def test_a_server_that_sends_elsewhere_leads_nobody_inside(inside: Server, tmp_path: Path) -> None:
    """A mirror that the settings name sends on to a neighbour on loopback that they do not."""
    with listening() as mirror:
        outward = Outward.naming(f"http://127.0.0.1:{mirror.port}")
        for there in (f"http://localhost:{inside.port}/x", f"http://127.1:{inside.port}/x", "file:///etc/passwd"):
            mirror.leads_to = there
            with pytest.raises(PullFailed):
                asyncio.run(
                    fetch([f"http://127.0.0.1:{mirror.port}/a"], tmp_path / "a", policy=PATIENT, outward=outward)
                )
        assert len(mirror.seen) == 3
    assert not (tmp_path / "a").exists()


def test_no_command_opens_an_address_inside(inside: Server, tmp_path: Path) -> None:
    """Sheets, corpora, witnesses: administrators too."""
    home = tmp_path / "home"
    run = CliRunner(env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"})
    address = f"http://127.0.0.1:{inside.port}"
    key = "affouage.log/x+ba9a4b8c+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    tried = [
        ["sheets", "import", f"{address}/a.zip"],
        ["sheets", "import", f"https://localhost:{inside.port}/a.zip"],
        ["journal", "witness", "add", "them", address, "--key", key],
    ]
    for words in tried:
        result = run.invoke(main, words)
        assert result.exit_code == 2, result.output
    assert run.invoke(main, ["corpus", "new", "essai"]).exit_code == 0
    added = run.invoke(main, ["corpus", "add", "essai", f"{address}/a.txt", "--kind", "text", "--licence", "CC0-1.0"])
    if added.exit_code == 0:
        built = run.invoke(main, ["corpus", "build", "essai"])
        assert built.exit_code == 2, built.output


def test_a_witness_follows_no_redirect(inside: Server) -> None:
    with listening() as them:
        them.leads_to = f"http://127.0.0.1:{inside.port}/journal/checkpoint"
        source = source_of(f"http://127.0.0.1:{them.port}", ["127.0.0.1"])
        assert isinstance(source, OverHttp)
        with pytest.raises(AffouageError, match="it answered 302"):
            asyncio.run(source.checkpoint())


def test_no_other_module_opens_addresses_of_its_own() -> None:
    """Every place that opens an address is one of these; a new one goes through ``affouage.outward``."""
    import affouage

    root = Path(affouage.__file__).parent
    opening = {
        one.relative_to(root).as_posix()
        for one in root.rglob("*.py")
        if any(
            word in one.read_text(encoding="utf-8") for word in ("aiohttp.ClientSession(", "urlopen(", "http.client")
        )
    }
    assert opening == {
        "outward.py",
        "asgi/relay.py",  # another process of this very server
        "cli/client.py",  # this machine's own server
        "adapters/joining.py",  # a machine to the commons whose invitation its owner typed: https, no redirect
        "adapters/engines/openai_compatible.py",  # an engine of the settings: no redirect
        "adapters/meters/plug_http.py",  # a plug of the settings: no redirect
    }
