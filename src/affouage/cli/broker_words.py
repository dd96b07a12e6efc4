"""Why there is no broker, and what would help, by the code of the error: for whoever runs the commons."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "broker_address": (
        N_("{key} is no address of a broker."),
        N_("Write tls://host:4222 or wss://host/path; nats:// and ws:// only for a broker on this machine."),
    ),
    "broker_in_clear": (
        N_("With {key}, what passes between the machines could be read on the way."),
        N_("Write tls:// or wss://; in clear, only for this machine alone: 127.0.0.1."),
    ),
    "broker_authority": (
        N_("The certificate for {key} cannot be used."),
        N_("Give the path of a file in PEM; pool.cert_file and pool.key_file go together."),
    ),
    "broker_place": (N_("{key} is no place to listen."), N_("Write host:port, as 127.0.0.1:4222.")),
    "broker_named": (
        N_("pool.url names a broker already: {url}."),
        N_("Use that one, without --pool; or empty pool.url to start one here."),
    ),
    "broker_port": (
        N_("The broker cannot listen on {host}:{port}."),
        N_("Free that port, give another in pool.listen, or name the broker that is there in pool.url."),
    ),
    "broker_program": (
        N_("There is no program to run at {program}."),
        N_("Give the path of a nats-server in pool.server, or leave it empty for the one that is installed."),
    ),
    "no_broker": (
        N_("There is no nats-server on this machine."),
        N_("To install it: make pool, in the folder of affouage; or: sudo apt install nats-server"),
    ),
    "broker_failed": (
        N_("The broker did not start."),
        N_("Look at pool.listen and pool.server in settings.toml."),
    ),
    "pool_key": (
        N_("The file {file} is damaged."),
        N_("Put it back from a backup. Without one, take its folder away: the machines then have to join again."),
    ),
    "pool_revoked": (
        N_("The file {file} is damaged: it names the machines that may no longer connect."),
        N_("Put it back from a backup."),
    ),
}
