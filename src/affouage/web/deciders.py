"""Who decided a version of a rule, in words. Pure."""

from __future__ import annotations

from affouage.assembly.charter import COMMAND_LINE, Version
from affouage.web.language import Language

FOUNDING = "founding"
"""What ``decided_by`` begins with for the rules of the first day; ``:`` and the preset may follow."""


def decider(one: Version, language: Language) -> str:
    """The vote, the founding, or the name that was given before there were votes."""
    _ = language.gettext
    if one.proposal_id is not None:
        return _("the vote on proposal no. {number}").format(number=one.proposal_id)
    if one.decided_by.partition(":")[0] == FOUNDING:
        return _("the founding of the assembly")
    if one.decided_by == COMMAND_LINE:
        return _("whoever looks after the machine")
    return one.decided_by
