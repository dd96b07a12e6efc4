"""A turn in the queue, in words: where one stands, why, and how long it should still take. Never who."""

from __future__ import annotations

from affouage.pool.ticket import Turn
from affouage.web import format as wording
from affouage.web.language import N_, Language

_REASONS = {
    "turn": N_("The others before you are being answered."),
    "lighter": N_("Somebody who has used less passes before you."),
    "no_hurry": N_("Nothing presses: it goes when nobody else asks, or in the cheap hours. Keep this page open."),
    "closed": N_("No machine that may read your question is open at the moment."),
    "owner": N_("The machine is lent: whoever owns it passes first."),
}


def sentence(turn: Turn, language: Language) -> str:
    """Place, reason, estimate: one to three short sentences."""
    return " ".join(
        part for part in (_place(turn, language), _reason(turn, language), _estimate(turn, language)) if part
    )


def _place(turn: Turn, language: Language) -> str:
    _ = language.gettext
    if turn.position == 1 and turn.reason in ("turn", "lighter"):
        return _("You are next: your answer begins as soon as another one ends.")
    place = wording.ordinal(turn.position, language)
    return _("Waiting for your turn: you are {place} of {waiting}.").format(place=place, waiting=turn.waiting)


def _reason(turn: Turn, language: Language) -> str:
    if turn.position == 1 and turn.reason in ("turn", "lighter"):
        return ""
    return language.gettext(_REASONS[turn.reason])


def _estimate(turn: Turn, language: Language) -> str:
    _ = language.gettext
    if turn.low_ms is None or turn.high_ms is None:
        return ""
    low, high = (wording.duration(ms, language) for ms in (turn.low_ms, turn.high_ms))
    if turn.low_ms == 0:
        return _("It should take less than {high}.").format(high=high)
    if turn.low_ms == turn.high_ms:
        return _("It should take about {high}.").format(high=high)
    return _("It should take from {low} to {high}.").format(low=low, high=high)
