"""Backups in words: what was made, what was restored, and what then has to be done."""

from __future__ import annotations

from collections.abc import Iterator

from affouage.archive.looking import Looked
from affouage.archive.making import Made
from affouage.archive.reading import Backup
from affouage.web import format as wording
from affouage.web.language import Language


def told_made(made: Made, language: Language) -> Iterator[str]:
    """A backup that was made, and what has to be known of it."""
    _ = language.gettext
    yield _("Backup: {path}").format(path=made.path)
    size = wording.size(made.bytes, language)
    yield _("Files: {files}; size: {size}; sha256: {digest}").format(files=made.files, size=size, digest=made.sha256)
    if made.log is not None:
        yield _("Public log: signed at size {size}.").format(size=made.log.size)
        if not made.log.key:
            yield _("The key of the public log is NOT in it: it is missing in the home.")
    if not made.models:
        yield _("Models are not in it: they are fetched again.")
    if made.left_out:
        yield _("Left out, being neither files nor folders: {names}").format(names=", ".join(made.left_out))
    if made.sealed:
        yield _("It is sealed: without the passphrase, nobody opens it, you included.")
    else:
        yield _("It is NOT sealed: it holds the signing key and what members keep. Whoever has it can read all of it.")
    yield _("Carry it to another disk, in another place. To try it: affouage backup verify {path}").format(
        path=made.path
    )


def told_backup(backup: Backup, language: Language) -> Iterator[str]:
    """One that was read to its end."""
    _ = language.gettext
    when = wording.moment(backup.about.made_ms, language)
    unknown = _("none")
    yield _("Made on {when} by affouage {version}, schema {schema}.").format(
        when=when, version=backup.about.affouage, schema=backup.about.schema or unknown
    )
    size = wording.size(sum(one.bytes for one in backup.manifest.entries), language)
    yield _("Files: {files}; once unpacked: {size}.").format(files=len(backup.manifest.entries), size=size)
    if backup.manifest.log is not None:
        yield _("Public log: signed at size {size}.").format(size=backup.manifest.log.size)
    yield _("Every file is what was copied: this backup holds.")


def told_restored(home: str, before: str | None, looked: Looked, backup: Backup, language: Language) -> Iterator[str]:
    """What was restored, what was found in it, and what people have to do."""
    _ = language.gettext
    when = wording.moment(backup.about.made_ms, language)
    yield _("Restored in {home}, as it was on {when}.").format(home=home, when=when)
    if before is not None:
        yield _("The home that was there is now {path}: nothing of it was deleted.").format(path=before)
    if looked.schema != looked.schema_was:
        yield _("Brought from schema {old} to {new}.").format(old=looked.schema_was, new=looked.schema)
    yield from _told_books(looked, language)
    yield from _told_log(looked, language)
    if looked.server:
        yield _(
            "Its books are in a file of the home now, and settings.toml says so. On a server again: affouage database "
            "move URL"
        )
    if looked.schema is not None:
        yield _("Sessions are ended: everybody signs in again.")
        yield _(
            "API keys that answer: {count}. Those revoked since the backup answer again: affouage keys list"
        ).format(count=looked.keys_open)
        yield _("Accounts and conversations erased since the backup are back: erase them again.")
    if not backup.about.models:
        yield _("Models are not in it: affouage models pull")
    yield _("Serve it here or there, never in two places.")


def _told_books(looked: Looked, language: Language) -> Iterator[str]:
    _ = language.gettext
    if looked.ledger is None:
        return
    if looked.ledger.problems:
        yield _("The ledger does NOT hold: {problem}").format(problem=looked.ledger.problems[0])
    else:
        yield _("The ledger holds; entries: {entries}.").format(entries=looked.ledger.entries)


def _told_log(looked: Looked, language: Language) -> Iterator[str]:
    _ = language.gettext
    for problem in looked.log_problems:
        yield _("The public log does NOT hold: {problem}").format(problem=problem)
    if looked.log == "none":
        return
    if not looked.log_problems:
        yield _("The public log holds; entries: {entries}.").format(entries=looked.log_entries)
    if looked.log == "continued":
        yield _("It goes on under the same key: the original must never sign anything again.")
        return
    yield _("From now on it is signed by: {key}").format(key=looked.key)
    yield _(
        "Nobody vouched that nothing was signed after this backup, and two histories under one key would be a fork. "
        "Tell the new key to members and witnesses; or, when the original has stopped for good and this is its last "
        "word, restore again with --continue-log."
    )
