"""What went wrong and what is going on, in words for whoever sits at the machine.

Errors speak English, and in English they are shown as they are. In French they are told by their code, as on the pages;
the sentences below stand where a page would say "tell an operator": here, the reader is one. Where a code does not say
everything, the English follows.
"""

from __future__ import annotations

import re

from affouage.cli import (
    assembly_sentences,
    backup_sentences,
    belenios_words,
    broker_words,
    corpus_sentences,
    database_sentences,
    journal_words,
    meter_words,
    node_words,
    owner_sentences,
    period_words,
    rule_words,
    sheets_sentences,
    train_bundle_words,
    train_demo_sentences,
    train_sentences,
)
from affouage.errors import AffouageError
from affouage.web.language import N_, Language

SENTENCES: dict[str, tuple[str, str]] = {
    # what was typed
    "no_question": (N_("There is no question."), N_('Write it after the command: affouage ask "…"')),
    "nobody_to_confirm": (N_("Nobody is there to confirm."), N_("Add --yes to the command.")),
    "invalid_request": (N_("The request could not be understood."), N_("See what the command takes: add --help.")),
    "not_found": (N_("There is no such thing here."), ""),
    "receipt_not_found": (N_("There is no receipt of that number."), N_("Check it: affouage receipts list NAME")),
    "model_not_found": (N_("There is no model of that name here."), N_("They are all in: affouage models list")),
    "member_not_found": (N_("There is no such member."), N_("They are all in: affouage members list")),
    "key_not_found": (N_("There is no such key in use."), N_("They are all in: affouage keys list NAME")),
    "reading_reason": (
        N_("Reading what is about somebody demands a reason, of {least} to {most} characters."),
        N_('Add --reason "…": the person concerned will read it.'),
    ),
    "key_needed": (
        N_("Say who you are: running commands on this machine makes nobody a moderator, nor a member of a panel."),
        N_("Add --key, with a key that may manage your account (“My account”, in the pages)."),
    ),
    "key_votes": (
        N_("A key of scope account votes in its member’s name: since the founding, only they make one."),
        N_("They make it in the pages, under “My account”; or leave that scope out."),
    ),
    "desk_key_needed": (
        N_("Say who you are: running commands on this machine puts nobody at the desk."),
        N_("Add --key, with a key that may manage your account (“My account”, in the pages)."),
    ),
    "desk_month": (N_("“{text}” is no month."), N_("Write a month, for instance 2026-11.")),
    "no_draw": (N_("No panel was drawn for this report."), ""),
    "conflict": (N_("This cannot be done at present."), ""),
    "member_deactivated": (N_("This account is deactivated."), N_("Open it again: affouage members reactivate NAME")),
    # what cannot be done now
    "rate_limit_exceeded": (N_("The commons is full at the moment."), N_("Ask again in a moment.")),
    "unavailable": (N_("The commons cannot answer at the moment."), N_("Ask again in a moment.")),
    "model_loading": (N_("The model is not ready yet."), N_("Ask again in a moment.")),
    "engine_failed": (N_("The program that runs the model stopped."), N_("If it goes on: affouage doctor")),
    "ledger_unavailable": (
        N_("The ledger cannot be written at the moment, so nothing may be answered."),
        N_("The disk may be full: affouage doctor"),
    ),
    "error": (N_("Something went wrong."), N_("To look for the cause: affouage doctor")),
    # the machine and the home
    "model_file_refused": (N_("The file of this model is damaged or not the right one."), ""),
    "pull_failed": (N_("The model could not be fetched. What has arrived is kept."), N_("Try the same command again.")),
    "gated": (N_("The publisher of this model asks for an agreement first."), ""),
    "set_up": (N_("The machine is not in order."), N_("To look for the cause: affouage doctor")),
    "settings": (N_("A setting of the commons is wrong."), N_("Mend settings.toml, or the variable that says it.")),
    "exposed": (
        N_("Listening on {host} would open this commons to the network."),
        N_(
            "First create the administrator on 127.0.0.1, put a TLS proxy in front and set server.public_url to its "
            "https:// address."
        ),
    ),
    "no_card": (N_("engine.default_model names {model}, which has no card."), N_("See: affouage models list")),
    "factor_file": (
        N_("{file}, line {line}: this set of factors is not in order."),
        N_("Mend that line; the form is in docs/how-to/add-a-factor.md."),
    ),
    "no_factor_set": (N_("No set of factors is called {set}."), N_("Those there are: {known}.")),
    "no_country": (
        N_("The set of factors {set} has no figure for the country {country}."),
        N_("It has: {known}. Leave the country empty: carbon is then shown as unknown."),
    ),
    "home_in_use": (
        N_("Another server already runs on this home."),
        N_("Use that one, stop it, or set AFFOUAGE_HOME to another folder."),
    ),
    "database_in_use": (
        N_("Another affouage already serves from this database."),
        N_("Stop it, or give this commons a database of its own. Several processes: affouage up --workers"),
    ),
    "workers_on_sqlite": (
        N_("{workers} processes cannot share the books of a file."),
        N_("Take PostgreSQL (docs/how-to/use-postgresql.md), or leave --workers out."),
    ),
    "first_worker": (N_("The first process could not begin."), N_("It says above why.")),
    "home_read_only": (
        N_("Nothing can be written in this home."),
        N_("Give this user the right to write there, or set AFFOUAGE_HOME to another folder."),
    ),
    "database_unusable": (
        N_("The database cannot be used."),
        N_("Put it aside and restore a backup; nothing was changed in it."),
    ),
    "card_refused": (N_("A model card is wrong."), N_("Mend the file named below.")),
    "machine_file": (N_("The description of the machine is wrong."), N_("Mend the line named below.")),
    "machine_described": (
        N_("This machine is described already."),
        N_("Edit machine.toml, or add --force to write over it."),
    ),
    "machine_undescribed": (
        N_("Nobody has described this machine."),
        N_("To describe it: affouage footprint machine init"),
    ),
    "no_port": (N_("No free port on this machine."), N_("Choose another with --port, or free one.")),
    # elections of persons
    **belenios_words.SENTENCES,
    # the meters
    **meter_words.SENTENCES,
    # the rules
    **rule_words.SENTENCES,
    # the assembly
    **assembly_sentences.SENTENCES,
    # periods
    **period_words.SENTENCES,
    # the public log
    **journal_words.SENTENCES,
    # machines of members
    **node_words.SENTENCES,
    **owner_sentences.SENTENCES,
    # collections of documents
    **sheets_sentences.SENTENCES,
    # corpora
    **corpus_sentences.SENTENCES,
    # runs of training
    **train_bundle_words.SENTENCES,
    **train_demo_sentences.SENTENCES,
    **train_sentences.SENTENCES,
    # backups
    **backup_sentences.SENTENCES,
    # where the books are
    **database_sentences.SENTENCES,
    # their broker
    **broker_words.SENTENCES,
}

_NOT_ALL = frozenset(
    [
        *("error", "invalid_request", "unsupported_parameter", "insufficient_permissions", "conflict", "unavailable"),
        *("engine_failed", "ledger_unavailable", "model_file_refused", "pull_failed", "gated", "set_up", "settings"),
        *("home_in_use", "home_read_only", "database_unusable", "card_refused", "no_port", "invalid_name"),
        *("factor_file", "broker_failed", "belenios_refused", "belenios_archive", "belenios_other_election"),
        *("not_found", "model_not_found", "machine_file"),
        *("sheets_fetch", "sheets_other_kind", *corpus_sentences.IN_DETAIL, *train_bundle_words.IN_DETAIL),
        *backup_sentences.IN_DETAIL,
        *("meter_unreadable", "meter_file", "meter_unreachable", "meter_silent", "nvml_absent", "nvml_silent"),
    ]
)
"""Codes told in general terms: which file, which key, which address only the error itself says."""


def told(error: AffouageError, language: Language) -> list[str]:
    """What is wrong, then what would work, a line each."""
    if language.code == "en":
        return [error.message, *([error.remedy] if error.remedy else [])]
    from affouage.web import sentences as pages

    known = {**pages.SENTENCES, **SENTENCES}
    message, remedy = pages.explain(error, language, known)
    anything = pages.SENTENCES["error"][0]
    unfilled = message == language.gettext(anything)  # the facts of its sentence did not come
    lines = [message, *([remedy] if remedy else [])]
    if unfilled or error.code in _NOT_ALL or error.code not in known:
        lines.append(language.gettext("In detail, in English: {text}").format(text=str(error).replace("\n", " ")))
    return lines


def loading(error: AffouageError, language: Language) -> str:
    """The model is not ready: how far it is."""
    return error.message if language.code == "en" else note(error.message, language)


_NOTES: tuple[tuple[str, str], ...] = (
    (r"The model (?P<model>\S+) is being loaded \((?P<share>\d+)%\)\..*", N_("The model is being loaded: {share} %.")),
    (r"The model (?P<model>\S+) is being loaded\..*", N_("The model is being loaded.")),
    (
        r"turn (?P<place>\d+) of (?P<waiting>\d+); it goes when .*",
        N_("Nothing presses: waiting for an idle machine or the cheap hours ({place} of {waiting})."),
    ),
    (
        r"turn (?P<place>\d+) of (?P<waiting>\d+); no machine .*",
        N_("No machine that may read it is open: waiting ({place} of {waiting})."),
    ),
    (
        r"turn (?P<place>\d+) of (?P<waiting>\d+), about (?P<span>[\d-]+ \w+)(;.*)?",
        N_("Waiting for a turn: {place} of {waiting}, about {span}."),
    ),
    (r"turn (?P<place>\d+) of (?P<waiting>\d+)(;.*)?", N_("Waiting for a turn: {place} of {waiting}.")),
    (r"waiting", N_("Waiting.")),
    (
        r"reading the prompt, (?P<done>\d+) of (?P<total>\d+) tokens",
        N_("The model is reading: {done} of {total} tokens."),
    ),
    (r"reading the prompt", N_("The model is reading.")),
    (r"settled", N_("The answer is complete; its receipt is written.")),
    (r"going on from (?P<kept>\d+) bytes", N_("Going on from what had arrived ({kept} bytes).")),
    (r"the hub gives the whole file again: starting over", N_("The hub gives the whole file again: starting over.")),
    (r"(?P<why>.+) Going on with registry packages\.", N_("Going on with registry packages, for: {why}")),
    (r"(?P<why>.+); trying again in (?P<pause>\S+) s", N_("Trying again in {pause} s, for: {why}")),
)


def note(text: str, language: Language) -> str:
    """A word of the server or of a pull, in the reader's language; one that is not known, as it is. Pure."""
    if language.code == "en":
        return text
    for pattern, sentence in _NOTES:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found is not None:
            return language.gettext(sentence).format(**found.groupdict())
    return text
