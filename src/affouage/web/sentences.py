"""What went wrong, in words for people, by the code of the error: (what happened, what would work).

The errors themselves speak English, to programs and to the command line. ``{names}`` are filled from their details.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.errors import AffouageError, EngineLoading, NotFound, TooMuch, Unavailable
from affouage.web import count_refusals, house_sentences, node_sentences, reports_sentences
from affouage.web import format as wording
from affouage.web.assembly import refusals as assembly_refusals
from affouage.web.blind import sentences as blind_sentences
from affouage.web.desk import sentences as desk_sentences
from affouage.web.easy_read import sentences as easy_read_sentences
from affouage.web.explain import sentences as explain_sentences
from affouage.web.language import N_, Language
from affouage.web.refusals import refused
from affouage.web.work import sentences as work_sentences

SENTENCES: dict[str, tuple[str, str]] = {
    # what was asked
    "invalid_request": (N_("The request could not be understood."), N_("Go back, check what you typed and try again.")),
    "unsupported_parameter": (N_("This model cannot do that."), N_("Choose another model.")),
    "context_length_exceeded": (
        N_("Your text has {prompt_tokens} word-pieces; this model can hold {context_tokens}, answer included."),
        N_("Shorten the text, or start a new conversation."),
    ),
    "request_too_large": (N_("That is too much text at once."), N_("Send a shorter text.")),
    "request_timeout": (N_("Your text did not arrive in time."), N_("Check the connection and send it again.")),
    "unsupported_content_encoding": (N_("Compressed forms are not read here."), N_("Send it uncompressed.")),
    "two_credentials": (N_("Your browser sent two different proofs of who you are."), N_("Send only one of them.")),
    # who asks
    "invalid_api_key": (N_("This key is not valid."), N_("Check that it was copied whole.")),
    "missing": (N_("You are not signed in."), N_("Sign in to continue.")),
    "session_expired": (N_("Your session is over."), N_("Sign in again.")),
    "key_expired": (N_("This key has expired."), N_("Create another one in your account.")),
    "key_revoked": (N_("This key was revoked."), N_("Create another one in your account.")),
    "member_deactivated": (N_("This account is deactivated."), N_("Ask a steward of the collective.")),
    "wrong_name_or_password": (
        N_("The name or the password is not right."),
        N_("Type both again. If you forgot the password, ask an operator for a new link."),
    ),
    "too_many_attempts": (
        N_("Too many attempts."),
        N_("Wait {wait}, then try again. An operator can also give you a new link."),
    ),
    "too_often": (N_("That is too many requests in a short time."), N_("Wait {wait}, then go on more slowly.")),
    "too_many_invitations": (
        N_("You already made many invitations that nobody has used yet."),
        N_("Withdraw those not needed any more, or wait until they end."),
    ),
    # what they may do
    "insufficient_permissions": (N_("You may not do this."), N_("Ask a steward or an operator of the collective.")),
    "insufficient_role": (N_("Your role does not allow this."), N_("Ask a steward or an operator of the collective.")),
    "insufficient_scope": (N_("This key was not made for this."), N_("Sign in with your name and password.")),
    "commons_account": (N_("The commons is the collective itself, not an account."), N_("Choose a member.")),
    "cross_site": (N_("This form came from another site."), N_("Open the page here and try again.")),
    "form_expired": (N_("This form is no longer valid."), N_("Reload the page and send it again.")),
    # what is not there
    "not_found": (N_("There is nothing at this address."), N_("Check the address, or start from the home page.")),
    "model_not_found": (N_("This model is not installed here."), N_("Choose another model.")),
    "conversation_not_found": (
        N_("There is no such conversation."),
        N_("It may have been deleted. Your kept conversations are listed under “Conversations”."),
    ),
    "invitation_not_found": (
        N_("This link does not exist."),
        N_("Check that the whole link was copied, or ask for a new one."),
    ),
    "invitation_used": (
        N_("This link has already been used."),
        N_("If you used it yourself, sign in. Otherwise ask for a new one."),
    ),
    "invitation_expired": (N_("This link has expired."), N_("Ask the person who sent it for a new one.")),
    "invitation_revoked": (N_("This link was withdrawn."), N_("Ask a steward for a new one.")),
    "key_not_found": (N_("There is no such key in use."), N_("See the list of your keys.")),
    "member_not_found": (N_("There is no such member."), N_("See the roll of members.")),
    # what cannot be done now
    "conflict": (N_("This cannot be done at present."), N_("Reload the page to see where things stand.")),
    "name_taken": (N_("Somebody already has that name."), N_("Add a surname, an initial or a place.")),
    "last_operator": (
        N_("This is the last operator: nobody could look after the commons any more."),
        N_("First give another member the role of operator."),
    ),
    "member_erased": (N_("This account was erased."), N_("Invite the person again.")),
    "too_many_conversations": (N_("You already keep as many conversations as possible."), N_("Delete some of them.")),
    "too_many_keys": (N_("You already have as many keys as possible."), N_("Revoke those you no longer need.")),
    "invalid_name": (
        N_("This name cannot be used."),
        N_("Type the name people know you by: 60 characters at most, at least one letter."),
    ),
    "weak_password": (
        N_("This password is too easy to guess."),
        N_("At least 12 characters, not your name, not a common one. Four words without a link between them do well."),
    ),
    "invalid_conversation": (N_("This conversation cannot be kept."), N_("Start a new one.")),
    "invalid_expiry": (N_("That number of days is not possible."), N_("Give a number from 1 to 3650, or none.")),
    "unknown_language": (N_("These pages do not speak that language."), N_("Choose French or English.")),
    "unknown_role": (N_("There is no such role."), N_("Choose one from the list.")),
    "unknown_scope": (N_("A key needs at least one use."), N_("Tick what the key is for.")),
    # the energy allowance: told with their facts by ``refusals``; these stand where the facts are not
    "allowance_spent": (
        N_("The energy allowance does not leave enough for this."),
        N_("Ask for something shorter, choose a smaller model, or come back when the allowance begins again."),
    ),
    "allowance_promised": (
        N_("What is left of the energy allowance is promised to answers under way."),
        N_("Ask again in a moment."),
    ),
    "allowance_uncountable": (N_("A limit of the energy allowance can no longer be counted."), N_("Tell an operator.")),
    "closed": (N_("The commons is closed at this hour."), N_("Try again in {wait}.")),
    "closed_by_settings": (N_("The commons is closed at present."), N_("Ask whoever looks after the machine.")),
    "tokens_spent": (
        N_("You have read and written {used} word-pieces with the models today; each member has {most} a day."),
        N_("Ask again in {wait}."),
    ),
    "model_not_admitted": (N_("The members do not admit this model."), N_("Choose another model.")),
    "refused_use": (N_("The members refuse this use."), N_("Another rule can be proposed to the assembly.")),
    "suspended": (N_("You are suspended at present."), N_("The decision and its reasons are on your page of reports.")),
    "reach_capped": (
        N_("The members decided that questions go no further than that."),
        N_("Choose fewer machines that may read it."),
    ),
    "unknown_use": (N_("No rule exempts this use."), N_("Declare one of these, or none: {known}.")),
    "rule_refused": (N_("This rule could not be applied."), N_("Check it and try again.")),
    "bad_period": (N_("This is not a period."), N_("Choose a day, a month or a year from the page “La coupe”.")),
    "not_a_voice": (
        N_("This model is no voice: nothing can be set more or less strongly."),
        N_("Leave the scale out, or choose a voice."),
    ),
    # machine and engine
    "voice_not_loaded": (
        N_("This voice cannot be loaded beside its model."),
        N_("Choose another model, or tell an operator: its file is gone or does not match."),
    ),
    "rate_limit_exceeded": (N_("The commons is full at the moment."), N_("Try again in {wait}.")),
    "too_many_waiting": (
        N_("You already have {waiting} questions waiting for this model."),
        N_("Wait for one of them to be answered, or stop one."),
    ),
    "no_machine": (
        N_("No machine that may read your question has this model at the moment."),
        N_("Let more machines read it, choose another model, or come back later."),
    ),
    "wait_exceeded": (
        N_("Your turn does not come within {limit_s} seconds: you are {position} of {waiting}."),
        N_("Accept a longer wait, choose another model, or ask again later."),
    ),
    "turn_lost": (
        N_("The commons lost sight of your question for a moment, and its turn went to somebody else."),
        N_("Ask again."),
    ),
    "unavailable": (N_("The commons cannot answer at the moment."), N_("Try again in {wait}.")),
    "model_loading": (N_("The model is waking up."), N_("Try again in {wait}.")),
    "engine_failed": (N_("The program that runs the model stopped."), N_("Ask again: it is being restarted.")),
    "no_room": (
        N_("There is not enough free memory for this model."),
        N_("Try again later, or choose a smaller model."),
    ),
    "memory_short": (
        N_("The machine of the commons is short of memory."),
        N_("Try again in {wait}, or send less at once."),
    ),
    "ledger_unavailable": (
        N_("The ledger cannot be written at the moment, so nothing may be answered."),
        N_("Tell an operator: the disk may be full."),
    ),
    "error": (N_("Something went wrong on our side."), N_("Try again; if it goes on, tell an operator.")),
    # seen by those who look after the machine
    "model_file_refused": (N_("The file of this model is damaged or not the right one."), N_("Tell an operator.")),
    "pull_failed": (N_("The model could not be fetched."), N_("Tell an operator: what arrived is kept.")),
    "gated": (N_("The publisher of this model asks for an agreement first."), N_("Tell an operator.")),
    "set_up": (N_("The machine is not in order."), N_("Tell an operator.")),
    "settings": (N_("A setting of the commons is wrong."), N_("Tell an operator.")),
    "home_in_use": (N_("Another server already runs on this commons."), N_("Tell an operator.")),
    "home_read_only": (N_("Nothing can be written on this machine's disk."), N_("Tell an operator.")),
    "database_unusable": (N_("The database cannot be used."), N_("Tell an operator.")),
    "card_refused": (N_("A model card is wrong."), N_("Tell an operator.")),
    "no_port": (N_("No free port on this machine."), N_("Tell an operator.")),
    # machines of members
    **assembly_refusals.SENTENCES,
    **count_refusals.SENTENCES,
    **easy_read_sentences.SENTENCES,
    **desk_sentences.SENTENCES,
    **explain_sentences.SENTENCES,
    **house_sentences.SENTENCES,
    **node_sentences.SENTENCES,
    **reports_sentences.SENTENCES,
    **work_sentences.SENTENCES,
    **blind_sentences.SENTENCES,
    "server_stopped": (N_("The server stopped before the end of the answer."), N_("Ask again.")),
}

_ANYTHING = SENTENCES["error"]
_BLANK = "{"


def explain(
    error: AffouageError, language: Language, sentences: Mapping[str, tuple[str, str]] = SENTENCES
) -> tuple[str, str]:
    """(what happened, what would work) in the reader's language; ``sentences``: by code, "error" among them."""
    if (told := refused(error, language)) is not None:
        return told
    message, remedy = sentences.get(error.code) or sentences[_nearest(error, sentences)]
    facts = _facts(error, language)
    return _filled(message, facts, language), _filled(remedy, facts, language)


def explain_code(code: str, language: Language) -> str:
    """What happened, for a code read on a receipt."""
    message, _ = SENTENCES.get(code) or _ANYTHING
    sentence = _ANYTHING[0] if _BLANK in message else message  # a receipt does not hold the facts to fill in
    return language.gettext(sentence)


def _nearest(error: AffouageError, sentences: Mapping[str, tuple[str, str]]) -> str:
    """The code of the closest class of the tree that has a sentence."""
    codes = (getattr(kind, "code", "") for kind in type(error).__mro__)
    return next((code for code in codes if code in sentences), "error")


def _facts(error: AffouageError, language: Language) -> dict[str, Any]:
    facts = {
        name: wording.whole(value, language) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in error.details.items()
    }
    if rule := house_sentences.rule_fact(error.details, language):
        facts["rule"] = rule
    if isinstance(error, (TooMuch, Unavailable)):
        facts["wait"] = wording.duration(error.retry_after_s * 1000, language)
    return facts


def _filled(sentence: str, facts: dict[str, Any], language: Language) -> str:
    try:
        return language.gettext(sentence).format_map(facts)
    except KeyError:  # an error raised without the facts its sentence needs
        return language.gettext(_ANYTHING[0])


def title_of(error: AffouageError, status: int, language: Language) -> str:
    """The heading of the page that says it."""
    _ = language.gettext
    if isinstance(error, NotFound) or status == 404:
        return _("Not found")
    if status in (401, 403):
        return _("Not allowed")
    if isinstance(error, EngineLoading):
        return _("One moment")
    if status in (429, 503):
        return _("Not now")
    if status >= 500:
        return _("Something went wrong")
    return _("That did not work")
