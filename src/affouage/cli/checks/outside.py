"""What keeps a commons reachable and its clock right: the address members type, its certificate, the unit, the time."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from affouage.cli.checks import Finding, ok, problem, warning
from affouage.settings import Settings
from affouage.web.language import N_

ANSWERS_WITHIN_S = 5.0
DAY_MS = 86_400_000
RENEW_MS = 14 * DAY_MS
UNIT = "affouage.service"


def check_address(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Whether ``server.public_url`` leads to somebody who proves to be who they say, and for how long yet."""
    url = settings.server.public_url
    if not url.startswith("https://"):
        return
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        ends_ms = certificate_ends_ms(host, port)
    except ssl.SSLCertVerificationError as wrong:
        yield problem(
            "address",
            N_("The certificate of {url} is not believed: {reason}."),
            N_("Renew it, and give nginx the whole chain: docs/how-to/behind-nginx.md."),
            url=url,
            reason=wrong.verify_message,
        )
        return
    except (OSError, ValueError) as away:
        yield warning(
            "address",
            N_("{url} cannot be reached from here: {reason}."),
            N_("Is nginx running, does the name lead to this machine? docs/how-to/behind-nginx.md."),
            url=url,
            reason=getattr(away, "strerror", None) or str(away),
        )
        return
    yield judge_certificate(url, ends_ms, now_ms)


def check_broker_certificate(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """That of ``pool.cert_file``; one of the commons' own making is renewed by itself."""
    if not settings.pool.cert_file:
        return
    try:
        from cryptography import x509
    except ImportError:  # the extra of the pool: said by check_pool
        return
    path = Path(settings.pool.cert_file)
    try:
        shown = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as wrong:
        yield problem(
            "address",
            N_("{of} cannot be read as a certificate: {reason}."),
            N_("Set pool.cert_file to a PEM file: docs/how-to/open-a-pool.md."),
            of=path,
            reason=getattr(wrong, "strerror", None) or str(wrong),
        )
        return
    yield judge_certificate(str(path), int(shown.not_valid_after_utc.timestamp() * 1000), now_ms)


def certificate_ends_ms(host: str, port: int) -> int:
    """When the certificate shown there ends. Raises SSLCertVerificationError, OSError."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=ANSWERS_WITHIN_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert() or {}
    return int(ssl.cert_time_to_seconds(str(shown["notAfter"])) * 1000)


def judge_certificate(of: str, ends_ms: int, now_ms: int) -> Finding:
    """``of``: an address or a file. Pure."""
    days = (ends_ms - now_ms) // DAY_MS
    if ends_ms <= now_ms:
        return problem(
            "address", N_("The certificate of {of} has ended."), N_("Renew it: docs/how-to/behind-nginx.md."), of=of
        )
    if ends_ms - now_ms < RENEW_MS:
        return warning(
            "address",
            N_("The certificate of {of} ends in {days} days."),
            N_("What renews it by itself has not: systemctl status certbot.timer"),
            of=of,
            days=days,
        )
    return ok("address", N_("The certificate of {of} is good for {days} days."), of=of, days=days)


def check_unit(settings: Settings) -> Iterator[Finding]:
    """The unit that starts a commons with the machine, where systemd runs and knows it."""
    program = shutil.which("systemctl")
    if program is None or not Path("/run/systemd/system").is_dir():
        return
    told = _said([program, "show", UNIT, "--property=LoadState,ActiveState,UnitFileState,Result,Environment"])
    yield from judge_unit(_properties(told), settings.home)


def _properties(text: str) -> dict[str, str]:
    """``systemctl show``: a property a line."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def judge_unit(unit: dict[str, str], home: Path) -> Iterator[Finding]:
    """``unit``: properties as systemd tells them; nothing is found of one that serves another home. Pure."""
    if unit.get("LoadState") != "loaded":
        yield ok("unit", N_("None is installed: a person starts this commons (docs/how-to/run-as-a-service.md)."))
        return
    if f"AFFOUAGE_HOME={home}" not in unit.get("Environment", "").split():
        return
    state, result = unit.get("ActiveState", ""), unit.get("Result", "success")
    if state == "failed" or result != "success":
        yield problem(
            "unit",
            N_("{unit} stopped and stays so ({result})."),
            N_("journalctl -u affouage -n 50 says why; then: systemctl restart affouage"),
            unit=UNIT,
            result=result,
        )
    elif unit.get("UnitFileState") != "enabled":
        yield warning("unit", N_("{unit} does not start with the machine."), "systemctl enable affouage", unit=UNIT)
    else:
        yield ok("unit", N_("{unit} starts with the machine; it is {state} now."), unit=UNIT, state=state)


def check_time() -> Iterator[Finding]:
    """Whether something keeps the clock right, where the system tells."""
    program = shutil.which("timedatectl")
    if program is None or not Path("/run/systemd/system").is_dir():
        return
    yield from judge_time(_said([program, "show", "--property=NTPSynchronized", "--value"]).strip())


def judge_time(synchronized: str) -> Iterator[Finding]:
    """``synchronized``: yes, no, or empty where it is not told. Pure."""
    if synchronized == "no":
        yield warning(
            "clock",
            N_("Nothing sets the clock of this machine by a server of time."),
            N_("apt install systemd-timesyncd, or: timedatectl set-ntp true"),
        )
    elif synchronized == "yes":
        yield ok("clock", N_("A server of time keeps it right."))


def _said(command: list[str]) -> str:
    """What a program of the system says; "" when it says nothing in time."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWERS_WITHIN_S, env={"LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
