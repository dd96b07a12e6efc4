"""What can go wrong with backups, by code, in words for whoever sits at the machine."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "backup_no_home": (N_("There is nothing to back up: this home does not exist."), N_("Set AFFOUAGE_HOME to it.")),
    "backup_not_found": (N_("This file cannot be read."), N_("See: affouage backup list")),
    "backup_exists": (N_("That file exists already: nothing is written over it."), N_("Give another name.")),
    "backup_damaged": (
        N_("This backup is damaged or was changed."),
        N_("Use another copy; nothing was restored from this one."),
    ),
    "backup_passphrase": (
        N_("This backup does not open with that passphrase (or its beginning is damaged)."),
        N_("Try the passphrase again."),
    ),
    "backup_passphrase_needed": (
        N_("This takes a passphrase, and nobody is there to type it."),
        N_("Set AFFOUAGE_PASSPHRASE, or give --passphrase-file FILE."),
    ),
    "backup_passphrase_short": (
        N_("A passphrase needs at least {least} characters: whoever finds the file can try as many as they like."),
        N_("Five words drawn by chance are easy to keep and hard to guess."),
    ),
    "backup_newer": (
        N_("This backup was made by a newer affouage ({version})."),
        N_("Update affouage, then try again."),
    ),
    "backup_disk_full": (N_("There is no room for it on this disk."), N_("Make room, or choose another place.")),
    "backup_changed": (N_("A file was cut short while it was being copied."), N_("Try again.")),
    "backup_refused": (N_("The backup could not be made."), N_("Mend what is said below and try again.")),
    "backup_log_broken": (
        N_("The public log of this backup does not hold, and cannot go on as it was."),
        N_("Restore it without --continue-log: the log then goes on under a new key."),
    ),
    "export_exists": (
        N_("That folder is there already: nothing is written over it."),
        N_("Give a folder that is empty, or not there yet."),
    ),
    "export_damaged": (N_("This export is damaged or was changed."), N_("Export it again.")),
    "export_newer": (
        N_("This export was made by a newer affouage ({version})."),
        N_("Update affouage, then try again."),
    ),
    "home_lived_in": (
        N_("Somebody is on the roll here already: an export is a beginning."),
        N_("Set AFFOUAGE_HOME to a folder that is not there yet."),
    ),
    "home_not_empty": (
        N_("That home is not empty: nothing is written over a home."),
        N_("Choose another place with --home DIR, or --over: what is there is set aside, whole."),
    ),
}
IN_DETAIL = (
    "backup_damaged",
    "backup_refused",
    "backup_changed",
    "home_not_empty",
    "backup_not_found",
    "export_damaged",
)
