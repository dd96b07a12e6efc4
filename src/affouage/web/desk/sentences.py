"""What the desk refuses, in words: (what happened, what would work) by code."""

from __future__ import annotations

from affouage.web.language import N_

_RELOAD = N_("Reload the page to see where it stands.")

SENTENCES: dict[str, tuple[str, str]] = {
    "not_at_desk": (
        N_("You are not at the desk."),
        N_("The rule of the desk says who is. Members give the mandate of clerk by a vote."),
    ),
    "desk_item_not_found": (N_("There is no such question."), N_("It may have been deleted. See the queue.")),
    "desk_question_empty": (N_("There is no question."), N_("Write it in a sentence.")),
    "desk_question_long": (
        N_("A question has at most {most} characters."),
        N_("Shorten it, or ask several questions one after the other."),
    ),
    "desk_contact": (N_("That is too long for a telephone number or an address."), N_("Give one way to be reached.")),
    "desk_answer": (N_("An answer has 1 to {most} characters."), N_("Write it, or shorten it.")),
    "desk_reason": (N_("Say it in {least} to {most} characters."), N_("Write a sentence or two.")),
    "desk_words": (N_("That has more than {most} characters."), N_("Shorten it.")),
    "desk_unread": (
        N_("Open at least one of the passages first: this question asks for care."),
        N_("Press “Open this passage”, read it, then send."),
    ),
    "desk_write_first": (N_("Write your own answer first."), N_("The draft is shown once yours is kept.")),
    "desk_passage": (N_("This passage was not found for this question."), _RELOAD),
    "desk_source": (N_("This sheet was not found for this question."), N_("Choose among those on the page.")),
    "desk_cap": (
        N_("You have sent {most} answers within an hour, which is what the rule of the desk bears."),
        N_("Take a break: you may go on in {minutes} min, or leave it to somebody else."),
    ),
    "desk_taken": (N_("Somebody else has taken this question."), N_("Take another one.")),
    "desk_not_yours": (N_("Take this question first."), N_("Press “Take this question”.")),
    "desk_state": (N_("This cannot be done with this question now."), _RELOAD),
    "desk_no_draft": (
        N_("There is no draft for this question."),
        N_("Answer by yourself, say whom to turn to, or say why there is no answer."),
    ),
    "desk_draft_changed": (N_("The draft is no longer the one you read."), N_("Read it again, then send.")),
    "desk_stopped": (N_("The tool is stopped: no draft is made nor shown."), N_("Answer by hand.")),
    "desk_closed": (N_("The desk does not take questions from this page."), N_("Come to the desk, or call.")),
    "desk_full": (
        N_("Many questions are waiting: the desk takes no more for now."),
        N_("Come back later, or come to the desk."),
    ),
    "desk_often": (N_("That is a lot from the same place in a short time."), N_("Try again in a quarter of an hour.")),
    "desk_no_such_code": (
        N_("No question has this code."),
        N_("Check it letter by letter. Questions are deleted after some time: ask again, or come to the desk."),
    ),
}
