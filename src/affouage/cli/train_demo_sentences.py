"""What can go wrong with a lesson, by code, in words for whoever gives it."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "lesson_short": (
        N_("This text is too short to learn anything from."),
        N_("Give some two pages at least; a chapter or a whole book is better."),
    ),
    "lesson_same": (
        N_("This text says the same words again and again: nothing can be learnt from it."),
        N_("Give a text that goes on: a chapter, a tale, articles."),
    ),
    "lesson_large": (N_("This file is too large for a lesson."), N_("Give a part of it: two million characters do.")),
    "lesson_not_text": (
        N_("This file is not a plain text."),
        N_("Open it, then save it as plain text (.txt, UTF-8)."),
    ),
    "lesson_unread": (N_("This file cannot be read."), N_("Give the path of a text file.")),
    "lesson_other": (
        N_("{folder} holds a lesson of another text, or with other options."),
        N_("Give another folder (--output), or the same text and options to go on with that one."),
    ),
    "lesson_folder": (
        N_("{folder} holds something else."),
        N_("Give a folder that is empty, or not there yet: --output FOLDER"),
    ),
    "lesson_unwritten": (N_("Nothing can be written in {folder}."), N_("Give a folder of your own: --output FOLDER")),
    "lesson_silent": (
        N_("The program that learns ended without a word."),
        N_("Is the extra “training” installed? See also: affouage doctor"),
    ),
    "lesson_nothing": (
        N_("It ended before anything could be shown."),
        N_("Run the same command again: it goes on where it stopped."),
    ),
}
