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


def trust_lines(keys: CommonsKeys, folder: Path | str, now_s: int, revoked: Mapping[str, int]) -> str:
    """Whom the broker believes: the part that an existing nats-server needs. ``folder``: where it keeps accounts."""
    return f"""\
operator: {operator_jwt(keys, now_s)}
system_account: {keys.system.public}
resolver: {{
  type: full
  dir: {_text(folder)}
  allow_delete: false
  interval: "2m"
  limit: 1000
}}
resolver_preload: {{
  {keys.account.public}: {account_jwt(keys, now_s, revoked)}
  {keys.system.public}: {system_jwt(keys, now_s)}
}}
"""


LIMITS = """\
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
        LIMITS,
        trust_lines(keys, folder / "accounts", now_s, revoked),
    ]
    if listen.certificate is not None and listen.key is not None:
        files = f"  cert_file: {_text(listen.certificate)}\n  key_file: {_text(listen.key)}\n"
        parts.append(f"tls: {{\n{files}  timeout: 5\n}}\n")
    if listen.web_port:
        parts.append(
            f"websocket: {{\n  host: {_text(listen.web_host)}\n  port: {listen.web_port}\n  no_tls: true\n}}\n"
        )
    return "".join(parts)


def _text(value: Path | str) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
