"""Machines of members, in words: their state, and what can go wrong in joining, by code."""

from __future__ import annotations

from typing import Any

from affouage.cli.language import zone_here
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.station import REACHES
from affouage.web.language import N_, Language

TRUSTS = ("collective", "trusted", "everyone")
"""By number, from 1: see ``pool.station.Trust``."""

TRUST_WORDS = {
    "local": N_("machine of the collective, where the commons itself runs"),
    "collective": N_("machine of the collective"),
    "trusted": N_("machine of a trusted member"),
    "everyone": N_("machine of a member"),
}
STATES = {"pending": N_("waits"), "approved": N_("approved"), "refused": N_("refused"), "revoked": N_("revoked")}

SENTENCES: dict[str, tuple[str, str]] = {
    # on the commons
    "node_owner_twice": (
        N_("An invitation is for the machine of one member, or for one of the collective's own."),
        N_("Say one of them: --for MEMBER, or --collective."),
    ),
    "no_pool": (
        N_("This commons has no pool: no machine can join it."),
        N_("Whoever runs it starts it with “affouage up --pool”, or sets pool.url in settings.toml."),
    ),
    "node_no_address": (
        N_("The address of this commons is not known: it does not run, and server.public_url is not set."),
        N_("Start it with “affouage up”, or set server.public_url in settings.toml."),
    ),
    "node_not_found": (N_("There is no such machine."), N_("They are all in: affouage node list")),
    "node_approved": (N_("This machine is approved already."), N_("To shut it out: affouage node revoke NAME")),
    "node_closed": (
        N_("This machine was refused or revoked: its keys may be anywhere."),
        N_("Invite it again: affouage node invite"),
    ),
    "node_trust": (
        N_("A member's machine is not the collective's: whoever asks is told whose it is."),
        N_("Approve it as trusted or everyone, or invite it again with --collective."),
    ),
    "node_hours": (N_("An invitation cannot last that long."), N_("Give 1 to 720 hours.")),
    "node_watts": (
        N_("That is not what a machine can draw."),
        N_("Give watts, above 0: the figure stands on the power supply."),
    ),
    # on the machine
    "node_token": (
        N_("This is not a whole invitation: a part is missing or mistyped."),
        N_("Copy all of the line, from https:// to its last letter, between quotes."),
    ),
    "node_address": (
        N_("{url} is not an address that a machine may join: what passes there could be read on the way."),
        N_(
            "It takes an https:// address (http:// only from a machine to itself). Whoever runs the commons sets "
            "server.public_url."
        ),
    ),
    "invalid_node_name": (
        N_("This name cannot be a machine's."),
        N_("Give one of 1 to 40 characters that can be seen: --name NAME"),
    ),
    "node_name_taken": (N_("A machine of this commons already has that name."), N_("Choose another: --name NAME")),
    "node_invitation_not_found": (
        N_("This commons never made that invitation: it is for another commons, or was withdrawn."),
        N_("Look at the address it begins with, or ask for a new one."),
    ),
    "node_invitation_used": (
        N_("This invitation has already been used, for another machine or by keys that are gone."),
        N_("One invitation, one machine: ask for a new one."),
    ),
    "node_invitation_expired": (N_("This invitation has expired."), N_("Ask for a new one: it lasts a few days.")),
    "too_many_joins": (N_("Too many invitations were tried from this address."), N_("Wait a quarter of an hour.")),
    "node_no_invitation": (
        N_("This machine has not asked to join any commons."),
        N_('Ask a steward for an invitation, then: affouage node join "INVITATION"'),
    ),
    "node_elsewhere": (
        N_("This machine already belongs to another commons: {url}."),
        N_(
            "To leave that one: affouage node leave. To belong to both, give this one a home of its own with "
            "AFFOUAGE_HOME."
        ),
    ),
    "node_refused": (N_("A steward refused this machine."), N_("Ask them why; it takes a new invitation.")),
    "node_revoked": (
        N_("This machine was revoked: it serves this commons no more."),
        N_("Ask a steward why; it takes a new invitation."),
    ),
    "node_unreachable": (
        N_("{url} cannot be reached from here."),
        N_("Look whether this machine is on line and the address right; then the same command again."),
    ),
    "node_certificate": (
        N_("The certificate of {url} is not one this machine trusts."),
        N_(
            "Check the address and this machine's clock. For an authority of your own, put its certificate in a file "
            "named by SSL_CERT_FILE."
        ),
    ),
    "node_no_commons": (
        N_("What answers at {url} is not a commons that takes machines."),
        N_("Check the address with whoever gave you the invitation."),
    ),
    "node_signature": (
        N_("The commons does not recognise the keys of this machine."),
        N_("Leave it (affouage node leave), then join again with a new invitation."),
    ),
    "node_clock": (N_("The clock of this machine is wrong."), N_("Put it right, then the same command again.")),
    "node_keys": (N_("These are not keys of a machine."), N_("Install the same version of affouage on both sides.")),
    "node_request": (
        N_("The commons does not understand how this machine asks to join."),
        N_("Install the same version of affouage on both sides."),
    ),
    "pool_extra": (
        N_("The part of the program for machines together is not installed."),
        N_('To install it: make pool, in the folder of affouage (or: pip install "affouage[pool]")'),
    ),
    "identity_unreadable": (
        N_("What this machine keeps of its commons cannot be read ({path})."),
        N_("Put that file aside and join again with a new invitation."),
    ),
}


def in_words(record: NodeRecord, shape: dict[str, Any], language: Language) -> str:
    """One machine, a line each. ``shape``: the same as it stands in JSON."""
    _ = language.gettext
    watts = _("not declared") if record.max_watts is None else f"{record.max_watts:g} W"
    rows = [
        (_("machine"), f"{record.name}  ({record.id})"),
        (_("state"), _(STATES[record.state])),
        (_("owner"), shape["owner"] or _("the collective")),
        (_("fingerprint"), shape["fingerprint"]),
        (_("draws at most"), watts),
        (_("asked on"), when(record.created_ms, language)),
    ]
    if record.state == "approved":
        rows.insert(2, (_("counts as"), _(TRUST_WORDS[REACHES[record.trust]])))
        rows.append((_("last heard of"), when(record.seen_ms, language) or _("never yet")))
    if record.revoked_ms is not None:
        rows.append((_("revoked on"), when(record.revoked_ms, language)))
    return "\n".join(f"{name:<18} {value}" for name, value in rows)


def when(time_ms: int | None, language: Language) -> str:
    """A moment with its hour; empty for none."""
    from affouage.web import format as wording

    return "" if time_ms is None else wording.moment(time_ms, language, zone_here())
