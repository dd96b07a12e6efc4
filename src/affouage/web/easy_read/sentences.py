"""What cannot be checked, and what would work."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "easy_read_empty": (N_("There is no text."), N_("Paste or give a text.")),
    "easy_read_too_long": (
        N_("The text has {length} characters; {most} at most are read at once."),
        N_("Check it in several parts."),
    ),
    "easy_read_not_text": (
        N_("This file is not a text."),
        N_("Save it as text, Markdown or HTML from the program that made it, then check that file."),
    ),
}
