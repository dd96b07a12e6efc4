"""``affouage pool broker-config``: what a nats-server elsewhere needs to be the broker of this commons."""

from __future__ import annotations

import click

from affouage.cli.console import echo_json, telling


@click.command("broker-config")
@click.option("--folder", default="/var/lib/nats/affouage", show_default=True, help="Where that broker keeps accounts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def broker_config(folder: str, as_json: bool) -> None:
    """Print the part of a nats-server's configuration that makes it the broker of this commons.

    For a broker on another machine; on this one, `affouage up --pool` starts its own. Nothing printed is secret. The
    keys of this commons are made if there are none yet. The rest is in docs/how-to/use-an-existing-broker.md.

    \b
    Examples:
      affouage pool broker-config > affouage.conf
      affouage pool broker-config --folder /srv/nats/accounts
    """
    with telling():
        from affouage import settings as settings_of
        from affouage.adapters.buses.pool_bus import need_extra
        from affouage.clock import SystemClock
        from affouage.storage.home import prepare

        need_extra()
        from affouage.adapters.buses.broker_config import accounts, existing_config
        from affouage.pool.nodes.commons_keys import commons_keys
        from affouage.pool.nodes.revoked import read_revoked

        settings = settings_of.read()
        prepare(settings.home)
        keys, now_s = commons_keys(settings.home), SystemClock().now_ms() // 1000
        revoked = read_revoked(settings.home)
        if as_json:
            echo_json(accounts(keys, now_s, revoked))
        else:
            click.echo(existing_config(keys, folder, now_s, revoked), nl=False)
