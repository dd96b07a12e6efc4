"""What a nats-server is told to be the broker of a pool. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from affouage.pool.nodes.commons_keys import CommonsKeys
from affouage.pool.nodes.credentials import account_jwt, operator_jwt, system_jwt


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker of our own listens. ``certificate`` and ``key``: PEM files, for TLS; None: in clear.

    ``web_host``, ``web_port``: WebSocket in clear for a reverse proxy; port 0: none.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    web_host: str = ""
    web_port: int = 0


def accounts(keys: CommonsKeys, now_s: int, revoked: Mapping[str, int]) -> dict[str, str]:
    """What the broker has to know of the commons: JWTs signed by its operator, none of them secret."""
    return {
        "operator": operator_jwt(keys, now_s),
        "account": keys.account.public,
        "account_jwt": account_jwt(keys, now_s, revoked),
        "system_account": keys.system.public,
        "system_account_jwt": system_jwt(keys, now_s),
    }


def _trust(keys: CommonsKeys, folder: Path | str, now_s: int, revoked: Mapping[str, int]) -> str:
    """Whom the broker believes. ``folder``: where it keeps accounts."""
    known = accounts(keys, now_s, revoked)
    return f"""\
operator: {known["operator"]}
system_account: {known["system_account"]}
resolver: {{
  type: full
  dir: {_text(folder)}
  allow_delete: false
  interval: "2m"
  limit: 1000
}}
resolver_preload: {{
  {known["account"]}: {known["account_jwt"]}
  {known["system_account"]}: {known["system_account_jwt"]}
}}
"""


_LIMITS = """\
# A node that hangs or a link that is cut is known within seconds.
ping_interval: "2s"
ping_max: 2
write_deadline: "2s"
max_pending: 8MB
max_payload: 1MB
max_connections: 2048
"""


def own_config(keys: CommonsKeys, listen: Listen, folder: Path, now_s: int, revoked: Mapping[str, int]) -> str:
    """The whole file of the broker that ``affouage up --pool`` starts. Nothing in it is secret."""
    parts = [
        "# Written by affouage at each start: changes made here are lost.\n",
        'server_name: "affouage"\n',
        f"host: {_text(listen.host)}\nport: {listen.port}\n",
        f"pid_file: {_text(folder / 'broker.pid')}\n",
        _LIMITS,
        _trust(keys, folder / "accounts", now_s, revoked),
    ]
    if listen.certificate is not None and listen.key is not None:
        files = f"  cert_file: {_text(listen.certificate)}\n  key_file: {_text(listen.key)}\n"
        parts.append(f"tls: {{\n{files}  timeout: 5\n}}\n")
    if listen.web_port:
        parts.append(
            f"websocket: {{\n  host: {_text(listen.web_host)}\n  port: {listen.web_port}\n  no_tls: true\n}}\n"
        )
    return "".join(parts)


def existing_config(keys: CommonsKeys, folder: str, now_s: int, revoked: Mapping[str, int]) -> str:
    """The part of its configuration that a nats-server elsewhere needs; where it listens is its administrator's."""
    return f"""\
# The broker of a commons, as affouage needs it: put this in the configuration of a nats-server (2.9 or later) that
# serves nothing else, with a tls block of its own. {folder} must be writable by it.
{_LIMITS}{_trust(keys, folder, now_s, revoked)}"""


def _text(value: Path | str) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
