"""A real PostgreSQL for tests, in a folder of its own, and the books of a commons on it.

    with running_server(durable=True) as server:      # some seconds; nothing is left afterwards
        url = server.fresh("name")                    # a database with the tables of the commons, empty
        server.kill(); server.start()                 # kill -9 of all of it, and again, on the same port

The session has one (``postgres``, in tests/conftest.py), not durable, so fast; ``pg_url``: a fresh database.

**The tests of SQLite on PostgreSQL**: with ``AFFOUAGE_TEST_DATABASE=postgresql`` in the environment each home has its
books there: see ``Elsewhere``. Those marked ``sqlite_only`` are then left out. `make test` runs the tests marked
``both_databases`` that way too.

Debian package: postgresql; a missing one skips (on CI: fails). Not run as root: the server refuses it, and another user
is taken.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from affouage.settings import Settings
from affouage.storage import database as storage
from tests.brokers import free_port
from tests.conftest import missing

ON_POSTGRESQL = os.environ.get("AFFOUAGE_TEST_DATABASE") == "postgresql"
OWNER = "affouage"
_TEMPLATE = "books"
_VARIABLE = "AFFOUAGE_DATABASE_URL"
_FAST = ("fsync=off", "full_page_writes=off", "autovacuum_naptime=1h")
"""Where nobody pulls the plug: what is lost is the durability that other tests are about."""


class Server:
    """One PostgreSQL. ``host``: the folder of its socket; it listens on loopback too. Anybody here is let in."""

    def __init__(self, programs: Path, folder: Path, user: str | None, *, durable: bool) -> None:
        self._programs, self._folder, self._user = programs, folder, user
        self._durable = durable
        self.host, self.port = str(folder), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._made: set[str] = set()
        self._starting = ThreadPoolExecutor(1)
        """It ends with the thread that started it: this one, which lasts."""

    def begin(self) -> None:
        """A cluster of its own, with its owner and the template of the books."""
        words = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", "--pgdata", str(self._folder / "data"), *words)
        self.start()
        with self.admin() as connection:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN")
        self.empty(_TEMPLATE)
        storage.open_database(self.url(_TEMPLATE)).close()

    def start(self) -> None:
        """Once it answers."""
        options = [f"unix_socket_directories={self.host}", "listen_addresses=127.0.0.1", f"port={self.port}"]
        options += ["max_connections=300", "shared_buffers=32MB", "log_min_messages=fatal"]
        options += [] if self._durable else _FAST
        words = [str(self._programs / "postgres"), "-D", str(self._folder / "data")]
        for option in options:
            words += ["-c", option]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = self._starting.submit(
                subprocess.Popen, words, stdout=log, stderr=log, cwd=self.host, preexec_fn=_end_with_us, **self._as()
            ).result()
        pause = threading.Event()
        for _ in range(600):
            with contextlib.suppress(psycopg.OperationalError), self.admin() as connection:
                connection.execute("SELECT 1")
                return
            assert self._process.poll() is None, (self._folder / "log").read_text("utf-8", "replace")
            pause.wait(0.05)
        raise AssertionError("PostgreSQL does not answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: every connection is cut, what is committed is written."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        assert self._process is not None
        first = psutil.Process(self._process.pid)
        for one in [first, *first.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait(timeout=60)
        self._process = None

    def url(self, name: str) -> str:
        return f"postgresql://{OWNER}@/{name}?host={self.host}&port={self.port}"

    def url_on_loopback(self, name: str) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{name}"

    def empty(self, name: str, *words: str) -> str:
        """A database without a table; ``words``: of CREATE DATABASE. Gives its address."""
        return self._create(name, " ".join(words))

    def fresh(self, name: str) -> str:
        """One with the tables of the commons. Gives its address."""
        return self._create(
            name, f"TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY" if self._new_enough else f"TEMPLATE {_TEMPLATE}"
        )

    def _create(self, name: str, words: str) -> str:
        with self.admin() as connection:
            connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} {words}'.encode())
        self._made.add(name)
        return self.url(name)

    def drop(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self._made.discard(name)

    def admin(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """Whoever looks after the server, on one of its databases; each statement stands by itself."""
        return psycopg.connect(host=self.host, port=self.port, user="postgres", dbname=name, autocommit=True)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.host, **self._as())
        assert done.returncode == 0, done.stderr

    def _as(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        who = pwd.getpwnam(self._user)
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}

    @property
    def _new_enough(self) -> bool:
        with self.admin() as connection:
            return connection.info.server_version >= 150000


@contextlib.contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """Once it answers. ``durable``: as it is shipped, every commit on the disk."""
    programs = _programs()
    if programs is None:
        missing("PostgreSQL (Debian package postgresql)")
        raise AssertionError
    user = None if os.getuid() else "postgres" if _is_user("postgres") else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="affouage-pg-", dir="/tmp"))  # pytest's own are closed to another user
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = Server(programs, folder, user, durable=durable)
        try:
            server.begin()
            yield server
        finally:
            server.stop(signal.SIGINT if durable else signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = [one.parent for one in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)]
    elsewhere = shutil.which("initdb")
    return found[-1] if found else Path(elsewhere).parent if elsewhere else None


def _version(program: Path) -> float:
    return float(program.parents[1].name)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


class Elsewhere:
    """Every home has its books on the server, in a database named from its folder, made when it is first opened.

    What knows a home by its settings is told the address of that database; what opens the file ``affouage.db`` of a
    folder opens that database. Everything else is the product as it is.
    """

    def __init__(self, server: Server, patch: pytest.MonkeyPatch) -> None:
        self._server = server
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        make_engine = storage.make_engine

        def make(place: storage.Place) -> Any:
            return make_engine(self.of(place) if isinstance(place, Path) and place.name == "affouage.db" else place)

        patch.setattr(storage, "make_engine", make)
        patch.setattr(Settings, "database_place", property(lambda settings: self.of(settings.database_path)))

    def of(self, path: Path) -> str:
        """The address of the books of a home."""
        name = "t" + hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:20]
        with self._lock:
            if name not in self._known:
                self._known[name] = self._server.fresh(name)
                os.environ[_VARIABLE] = self._known[name]  # commands that a test starts are of the home it opened last
            return self._known[name]

    def forget(self, since: int) -> None:
        """Drop those that were made later than when there were so many, unless somebody still uses them."""
        for name in list(self._known)[since:]:
            self._server.drop(name)
            if os.environ.get(_VARIABLE) == self._known.pop(name):
                del os.environ[_VARIABLE]

    def __len__(self) -> int:
        return len(self._known)
