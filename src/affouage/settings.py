"""Every setting: its unit, its default and a sentence. Read once (TOML, then environment), then frozen.

``AFFOUAGE_HOME/settings.toml`` holds them by table; ``AFFOUAGE_<TABLE>_<KEY>`` in the environment wins over the file.
Nothing here is a rule of the collective: rules are voted. What may stand in the way of one for safety is in
``[safety]``: it only takes away, never allows, and is shown on the public page.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from affouage.errors import SettingsError
from affouage.setting import key as _key
from affouage.setting import read_table

HUB_URL = "https://huggingface.co"


@dataclass(frozen=True)
class ServerSettings:
    host: str = _key("127.0.0.1", "Address to listen on; anything else than loopback needs an administrator and TLS.")
    port: int = _key(8420, "Port; when it is taken the next free one is used and said.", most=65535)
    public_url: str = _key("", "Address members type, when a reverse proxy stands in front (https://...).")
    trusted_proxies: str = _key(
        "127.0.0.1 ::1",
        "Addresses or networks of that proxy, separated by spaces: X-Forwarded-For and -Proto of nobody else count.",
    )
    max_body_bytes: int = _key(12_000_000, "Largest request body accepted.", least=1)
    max_connections: int = _key(512, "Connections open at once; further ones get 503.", least=1)
    read_timeout_ms: int = _key(15_000, "A request whose headers or body have not arrived by then is closed.", least=1)
    stall_timeout_ms: int = _key(
        30_000, "A client that reads nothing for so long is cut; its answer is settled.", least=1
    )


@dataclass(frozen=True)
class EngineSettings:
    threads: int = _key(0, "Threads per model; 0: physical cores less one, at least one.")
    slots: int = _key(2, "Answers generated at the same time per model.", least=1)
    context_tokens: int = _key(8192, "Tokens of context per slot, unless the model has fewer.", least=16)
    idle_unload_ms: int = _key(15 * 60_000, "A model nobody uses for so long leaves the memory.")
    load_wait_ms: int = _key(4_000, "How long a request waits for a model being loaded before it is told to come back.")
    max_waiting: int = _key(64, "Requests that may wait per model; twice that for members who have none there.")
    suspend_command: str = _key("", "Command run when nobody asked anything for suspend_after_ms (systemctl suspend).")
    suspend_after_ms: int = _key(30 * 60_000, "How long nobody asks before suspend_command is run.", least=60_000)
    default_model: str = _key("qwen2.5-coder-1.5b-instruct", "Model of members who choose none.")
    walls: str = _key("on", "Walls around engines; off only if a card needs more than them.", choices=("on", "off"))


@dataclass(frozen=True)
class FootprintSettings:
    country: str = _key("", "ISO 3166 alpha-3 code of the electricity; empty: carbon is unknown, and shown so.")
    factor_set: str = _key("", "Set of factors to count with; empty: the newest of this version.")
    meter: str = _key(
        "",
        "Id of the meter to count by (`affouage meter list`), or several of a group: A + B; empty: the best there is.",
    )
    declared_watts: float = _key(0.0, "Watts of this machine at full load, as its owner declares; 0: none.")
    declared_idle_watts: float = _key(0.0, "Watts of this machine when it does nothing, as declared; 0: none.")
    base_watts: float = _key(0.0, "Watts of what the processor's and cards' own counters leave out; 0: none declared.")
    psu_efficiency_low: float = _key(0.80, "Worst efficiency of the power supply.", least=0.3, most=1)
    psu_efficiency_high: float = _key(0.92, "Best efficiency of the power supply.", least=0.3, most=1)
    powercap_root: str = _key("/sys/class/powercap", "Where the processor's energy counters are read.")
    hwmon_root: str = _key("/sys/class/hwmon", "Where the sensors of the machine are read.")
    pue: float = _key(1.0, "Electricity of the place / electricity of the machine; 1 at home.", least=1, most=3)
    water_on_site_l_per_kwh: float = _key(0.0, "Litres evaporated to cool the machine, per kWh; 0 at home.")
    price_eur_per_kwh: float = _key(0.0, "What a kWh costs the commons, taxes included; 0: not told.")
    hosting_eur_per_month: float = _key(0.0, "Rent, connection, repairs: what the machine costs besides, per month.")
    subscription_eur_per_month: float = _key(20.0, "Subscription that a member's share is compared with, per month.")


@dataclass(frozen=True)
class PoolSettings:
    url: str = _key("", "Broker of the pool (tls://, wss://; nats:// or ws:// on this machine); empty: no pool.")
    public_url: str = _key("", "Address of the broker as machines of members reach it; empty: the same.")
    ca_file: str = _key("", "Certificate authority of the broker, when it is not a public one (PEM).")
    server: str = _key("", "The nats-server to start with `affouage up --pool`; empty: the one that is installed.")
    listen: str = _key("127.0.0.1:4222", "Where the broker of `affouage up --pool` listens; beyond loopback with TLS.")
    cert_file: str = _key("", "Certificate of that broker (PEM, its chain included); empty: one of our own making.")
    key_file: str = _key("", "Key of that certificate (PEM).")
    websocket: str = _key("", "Where it also listens for WebSocket, in clear, for a TLS proxy: 127.0.0.1:4223.")
    invitation_hours: int = _key(48, "How long an invitation for a machine may be used.", least=1, most=720)
    max_node_watts: float = _key(3000.0, "No machine draws more, whatever it tells, unless its owner declared it.")
    max_waiting_per_member: int = _key(32, "Requests of one member that may wait, per model.", least=1)


@dataclass(frozen=True)
class CommonsSettings:
    name: str = _key("", "Name of the collective, shown on the pages.")
    language: str = _key("fr", "Language of the commons: fr or en.", choices=("fr", "en"))
    time_zone: str = _key("", "Time zone of days and months (Europe/Paris); empty: this machine's own.")
    keep_days: int = _key(
        365, "Most days a kept conversation is kept: it only shortens what the rule of retention says.", least=1
    )


@dataclass(frozen=True)
class SafetySettings:
    """What whoever looks after the machine may take away, whatever was voted; never more. Public."""

    refused_models: str = _key("", "Models refused whatever the rule: ids or sha256 of files, separated by spaces.")
    reach_most: str = _key(
        "",
        "Nobody's question goes further than these machines; empty: as the rule says.",
        choices=("", "local", "collective", "trusted", "everyone"),
    )
    closed: str = _key("", "Closed besides the hours of the rule: always, or 23:00-06:00; empty: no.")
    keep_days: int = _key(0, "Most days a kept conversation is kept; 0: as the rule says.", most=365)
    member_tokens_per_day: int = _key(0, "Most tokens one member reads and writes in a day; 0: as the rules say.")

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(self.refused_models.replace(",", " ").split())

    @property
    def always_closed(self) -> bool:
        return self.closed == "always"

    @property
    def closed_hours(self) -> tuple[str, str] | None:
        """From, until (HH:MM); None for none, or always."""
        start, _, end = self.closed.partition("-")
        return (start.strip(), end.strip()) if end else None


@dataclass(frozen=True)
class LimitsSettings:
    """How often. More is answered 429, with the seconds to wait. What is counted a minute is counted by each gateway
    process for itself, in memory; failed sign-ins are counted in the database."""

    sign_in_failures: int = _key(10, "Failed sign-ins of one name from one address, in a quarter of an hour.", least=1)
    sign_in_failures_wide: int = _key(
        50, "Failed sign-ins of one name from anywhere, or from one address under any name, in that time.", least=1
    )
    strangers_per_minute: int = _key(
        3_000, "Requests without a credential from one address, a minute, by each process; 0: no limit."
    )
    refused_per_minute: int = _key(
        600, "Requests with a key or a session that is refused, from one address, a minute; 0: no limit."
    )
    member_per_minute: int = _key(
        0, "Requests of one member, by whatever key or page, a minute; 0: no limit, for turns are shared by rule."
    )
    pending_invitations: int = _key(100, "Links to join that one person made and nobody used yet.", least=1)


@dataclass(frozen=True)
class OutwardSettings:
    """What may be fetched from besides the open internet, by commands that open an address somebody wrote."""

    local_hosts: str = _key(
        "",
        "Hosts of this machine or of your own network that may be fetched from, separated by spaces: mirror.lan.",
    )

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.local_hosts.replace(",", " ").split())


@dataclass(frozen=True)
class SheetsSettings:
    """Collections of documents. Nothing is fetched unless somebody asks: by a command, or here."""

    official_url: str = _key(
        "https://lecomarquage.service-public.fr/vdd", "Where the archives of official sheets are fetched from."
    )
    update_hours: int = _key(
        0, "Every how many hours a serving commons updates collections that were fetched; 0: never.", most=8760
    )


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the books are. Several gateways at a time need a server of PostgreSQL."""

    url: str = _key(
        "",
        "Database of a PostgreSQL server: postgresql://user@host/database, no password in it (PGPASSFILE); empty: a "
        "file of the home.",
    )


@dataclass(frozen=True)
class LogSettings:
    """What a server writes on its error output while it runs; never what somebody wrote, nor who asked."""

    format: str = _key("text", "text: sentences; json: a JSON object a line, for programs.", choices=("text", "json"))
    level: str = _key("warning", "From which gravity on: info, warning or error.", choices=("info", "warning", "error"))


@dataclass(frozen=True)
class UpstreamSettings:
    """One OpenAI-compatible server (a ``[[upstream]]`` row)."""

    id: str = _key("", "Model name members use.")
    url: str = _key("", "Base address, with /v1.")
    model: str = _key("", "The server's own name for the model.")
    key_env: str = _key("", "Environment variable that holds its key; the key itself never stands in this file.")
    slots: int = _key(2, "Requests it may serve at once.", least=1)
    context_tokens: int = _key(0, "Its context in tokens; 0: not known.")
    machine: str = _key("", "What members read on receipts as the machine's name.")


@dataclass(frozen=True)
class MeterSettings:
    """One meter of this machine (a ``[[meter]]`` row)."""

    id: str = _key("", "Name of the meter, shown on receipts.")
    kind: str = _key(
        "plug_http", "plug_http, plug_mqtt or counter_file.", choices=("plug_http", "plug_mqtt", "counter_file")
    )
    url: str = _key("", "Address that answers JSON (plug_http) or the broker, mqtt://host:port (plug_mqtt).")
    topic: str = _key("", "Topic the plug publishes JSON on (plug_mqtt).")
    path: str = _key("", "File that holds the reading (counter_file).")
    energy_field: str = _key("", "Where the energy counter stands, dots between names: aenergy.total.")
    energy_unit: str = _key(
        "",
        "Unit of the energy counter: Wh, kWh, J, mJ or uJ; empty: Wh for a plug, J for a file.",
        choices=("", "Wh", "kWh", "J", "mJ", "uJ"),
    )
    power_field: str = _key("", "Where the power in watts stands, when there is no energy counter.")
    uncertainty_percent: float = _key(3.0, "How far the meter may be from the truth, in percent.", most=100)
    user: str = _key("", "User name of the plug or broker.")
    password_env: str = _key("", "Environment variable that holds its password; never the password itself.")


@dataclass(frozen=True)
class Settings:
    home: Path
    server: ServerSettings = ServerSettings()
    engine: EngineSettings = EngineSettings()
    footprint: FootprintSettings = FootprintSettings()
    commons: CommonsSettings = CommonsSettings()
    pool: PoolSettings = PoolSettings()
    safety: SafetySettings = SafetySettings()
    limits: LimitsSettings = LimitsSettings()
    outward: OutwardSettings = OutwardSettings()
    sheets: SheetsSettings = SheetsSettings()
    database: DatabaseSettings = DatabaseSettings()
    log: LogSettings = LogSettings()
    upstreams: tuple[UpstreamSettings, ...] = ()
    meters: tuple[MeterSettings, ...] = ()
    hub_url: str = _key(HUB_URL, "Hub that model files are pulled from.")

    @property
    def database_place(self) -> Path | str:
        """Where the books are: a file of the home, or the address of a database."""
        return self.database.url or self.database_path

    @property
    def fetched_from(self) -> tuple[str, ...]:
        """Hosts that these settings name, and which may therefore lie in a private network."""
        official = urlsplit(self.sheets.official_url).hostname
        return (*self.outward.hosts, *((official,) if official else ()))

    @property
    def database_path(self) -> Path:
        """The file of the books, when they are in the home."""
        return self.home / "affouage.db"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def run_dir(self) -> Path:
        """What exists only while the server runs: its address, its lock."""
        return self.home / "run"


TABLES: dict[str, type] = {
    "server": ServerSettings,
    "engine": EngineSettings,
    "footprint": FootprintSettings,
    "commons": CommonsSettings,
    "pool": PoolSettings,
    "safety": SafetySettings,
    "limits": LimitsSettings,
    "outward": OutwardSettings,
    "sheets": SheetsSettings,
    "database": DatabaseSettings,
    "log": LogSettings,
}


def default_home(environ: Mapping[str, str]) -> Path:
    """``AFFOUAGE_HOME``, else the user's data directory (XDG). Raises SettingsError when the user has no home."""
    try:
        if environ.get("AFFOUAGE_HOME"):
            return Path(environ["AFFOUAGE_HOME"]).expanduser().absolute()
        base = environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(base).expanduser().absolute() / "affouage"
    except RuntimeError as nowhere:
        raise SettingsError("This user has no home folder.", remedy="Set AFFOUAGE_HOME to a folder.") from nowhere


def read(environ: Mapping[str, str] | None = None, home: Path | None = None) -> Settings:
    """Read the settings once. Raises SettingsError naming the key, what it holds and what would do."""
    environ = os.environ if environ is None else environ
    home = home or default_home(environ)
    path = home / "settings.toml"
    document: dict[str, Any] = {}
    if path.is_file():
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as refused:
            raise SettingsError(
                f"{path} cannot be read: {refused.strerror}.", remedy="Give this user the right to read it."
            ) from refused
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
            raise SettingsError(f"{path} is not TOML: {wrong}.", remedy="Mend the line it names.") from wrong
    known = {*TABLES, "upstream", "meter", "hub_url"}
    for name in document:
        if name not in known:
            raise SettingsError(f"{path}: unknown table [{name}].", remedy=f"Known: {', '.join(sorted(known))}.")
    tables = {name: read_table(name, kind, document.get(name, {}), environ) for name, kind in TABLES.items()}
    _check_closed(tables["safety"].closed)
    _check_proxies(tables["server"].trusted_proxies)
    _web_address("sheets.official_url", tables["sheets"].official_url)
    check_database_url(tables["database"].url)
    hub_url = _web_address("hub_url", environ.get("AFFOUAGE_HUB_URL") or document.get("hub_url") or HUB_URL)
    upstreams, meters = _read_upstreams(document.get("upstream", [])), _read_meters(document.get("meter", []))
    return Settings(home=home, upstreams=upstreams, meters=meters, hub_url=hub_url, **tables)


_CLOSED = re.compile(r"(?:([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)|always|", re.ASCII)


def _check_closed(closed: str) -> None:
    start, _, end = closed.partition("-")
    if not _CLOSED.fullmatch(closed) or (end and start == end):
        raise SettingsError(
            f"safety.closed = {closed!r} is no time of closing.", remedy='Write "always", or "23:00-06:00".'
        )


def _check_proxies(proxies: str) -> None:
    for one in proxies.split():
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise SettingsError(
                f"server.trusted_proxies: {one!r} is no address and no network.", remedy="127.0.0.1, or 10.0.0.0/24."
            ) from None


def check_database_url(url: str) -> None:
    """Raises SettingsError for what is no address of a database, or holds a password: it would be read by too many."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        password, name = parts.password or parse_qs(parts.query).get("password"), parts.path.strip("/")
    except ValueError:
        password, name = None, ""
    if password:
        raise SettingsError(
            "database.url holds a password.",
            remedy="Take it out, and put it in a file that PGPASSFILE names (or in PGPASSWORD).",
            code="database_password",
        )
    if not name or not url.startswith("postgresql://"):
        raise SettingsError(
            f"database.url = {url!r} is no address of a database.", remedy="Write postgresql://user@host/database."
        )


def _read_upstreams(rows: Any) -> tuple[UpstreamSettings, ...]:
    how_to = "See docs/how-to/add-an-engine.md."
    upstreams: list[UpstreamSettings] = _read_rows("upstream", UpstreamSettings, rows, how_to)
    for row in upstreams:
        if not row.id or not row.url:
            raise SettingsError("An [[upstream]] row needs id and url.", remedy=how_to)
        _web_address("upstream.url", row.url)
    return tuple(upstreams)


def _read_meters(rows: Any) -> tuple[MeterSettings, ...]:
    how_to = "See docs/how-to/add-a-meter.md."
    meters: list[MeterSettings] = _read_rows("meter", MeterSettings, rows, how_to)
    needed = {"plug_http": ("url",), "plug_mqtt": ("url", "topic"), "counter_file": ("path",)}
    for row in meters:
        for key in ("id", *needed[row.kind]):
            if not getattr(row, key):
                raise SettingsError(f"The [[meter]] row {row.id!r} ({row.kind}) needs {key}.", remedy=how_to)
    return tuple(meters)


def _read_rows(name: str, kind: Any, rows: Any, how_to: str) -> list[Any]:
    if not isinstance(rows, list):
        raise SettingsError(f"[{name}] is one table.", remedy=f"Write [[{name}]], with two brackets. {how_to}")
    read_rows = [read_table(name, kind, row, {}) for row in rows]
    ids = [row.id for row in read_rows]
    for one in ids:
        if one and ids.count(one) > 1:
            raise SettingsError(f"Two [[{name}]] rows have the id {one!r}.", remedy="Rename one of them.")
    return read_rows


def _web_address(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise SettingsError(f"{key} = {value!r} is no address.", remedy="Write http://... or https://...")
    return value.rstrip("/")
