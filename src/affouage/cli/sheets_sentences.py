"""What can go wrong with collections of documents, by code, in words for whoever sits at the machine."""

from __future__ import annotations

from affouage.sheets.unreadable import REASONS
from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    **REASONS,
    "no_sheets": (N_("There is no such collection."), N_("They are all in: affouage sheets list")),
    "no_sheet": (N_("There is no such sheet."), N_("Look for it: affouage sheets search WORDS")),
    "sheets_no_source": (
        N_("“{source}” is nothing that sheets are imported from."),
        N_(
            "Give official:particuliers, official:associations or official:professionnels, an archive of official "
            "sheets, or a folder of documents."
        ),
    ),
    "address_refused": (
        N_("“{address}” is not an address that is fetched from."),
        N_(
            "Give one that begins with https://, on the open internet; name a host of your own network in "
            "settings.toml: [outward] local_hosts."
        ),
    ),
    "sheets_name": (N_("A collection needs a name with letters."), N_("Give one: --name")),
    "sheets_readers": (
        N_("“{tag}” names nobody."),
        N_("Write public, members, role:NAME, college:NAME or member:ID."),
    ),
    "sheets_other_kind": (
        N_("The collection {collection} comes from something else."),
        N_("Give this one another name: --name"),
    ),
    "sheets_shrink": (
        N_("{gone} of the {there} sheets of {collection} are gone from its source: none was withdrawn."),
        N_("Look at the source; if it is right, add --shrink."),
    ),
    "sheets_fetch": (N_("The sheets could not be fetched."), N_("What was here is unchanged.")),
    "sheets_busy": (N_("Another program is fetching these sheets."), N_("Wait for it to end.")),
}

_REASONS = (
    N_("It is larger than {most_mb} MB: no official sheet is."),
    N_("Its elements are nested more than {most} deep."),
    N_("It declares entities of its own, which no official sheet does."),
    N_("It is not in the encoding it announces, or in one that is not read."),
    N_("It is not well-formed XML: cut short, or damaged."),
    N_("It is not a sheet: {tag} where a Publication was expected."),
    N_("It has no title."),
    N_("It calls itself {id}, its file says otherwise."),
    N_("Another document of the same id, {id}, was read before it."),
    N_("It is encrypted."),
    N_("It is damaged in the archive."),
    N_("It is packed more tightly than any text is: a trap."),
    N_("Its name points outside of the archive."),
    N_("It is not written as the others are: {key} is missing or wrong."),
    N_("It is no zip archive, or one that was cut short."),
    N_("Download it again."),
    N_("It holds more than {most} files."),
    N_("No official archive does: see where it comes from."),
    N_("It unpacks to more than {most_mb} MB."),
    N_("It is no JSON of the labour ministry's sheets, or one that was cut short."),
    N_("Get it again."),
    N_("It is larger than {most_mb} MB."),
    N_("No official file is: see where it comes from."),
    N_("It holds no sheet at all."),
    N_("Give an archive of official sheets, or a folder of documents."),
    N_("It cannot be read: {why}."),
    N_("See its name, and who may read it."),
    # documents of a folder
    N_("It is a link to another place, and links are not followed."),
    N_("Put the document itself in the folder."),
    N_("It is not an ordinary file."),
    N_("Take it out of the folder."),
    N_("It could not be opened."),
    N_("See who may read it."),
    N_("It weighs {mb} MB; at most {most_mb} MB are read."),
    N_("Split it, or save it with smaller pictures."),
    N_("It lies too deep in the folder."),
    N_("Put it at most {most} folders down."),
    N_("The folder holds more than {most} files: the rest was left out."),
    N_("Share them out."),
    N_("It is the same document as {other}."),
    N_("Keep a single copy of it."),
    N_("This format is not read."),
    N_("Save it as PDF, ODT, DOCX, HTML, Markdown, text, PNG, JPEG or TIFF."),
    N_("It is in an old office format, or protected by a password."),
    N_("Open it and save it as ODT, DOCX or PDF, without a password."),
    N_("Its content is not what its name says ({kind})."),
    N_("Open it and save it again in that format."),
    N_("It is protected by a password."),
    N_("Save a copy of it without a password."),
    N_("It is damaged or cut short."),
    N_("Open it, save it again, or copy it anew."),
    N_("It has {pages} pages; at most {most} are read."),
    N_("Split it."),
    N_("Its text is too long: more than {most} characters."),
    N_("Unpacked, it would take more than {most_mb} MB."),
    N_("Save it again, or split it."),
    N_("It is not built as a document of its kind is."),
    N_("Open it and save it again."),
    N_("Reading it took too much time or memory, and was stopped."),
    N_("Save it again as PDF or as text; large pictures may be made smaller."),
    N_("It is not a text that can be read."),
    N_("Save it as text in UTF-8."),
    N_("There is nothing to read in it."),
    N_("If its pages are pictures, scan them again, darker."),
    N_("Its pages are pictures, and the program that reads those, Tesseract, is not installed."),
    N_("On Debian or Ubuntu: sudo apt install tesseract-ocr tesseract-ocr-fra. Then import again."),
    N_("Its pages are pictures, and Tesseract has not learnt French here."),
    N_("On Debian or Ubuntu: sudo apt install tesseract-ocr-fra. Then import again."),
)
"""For translators: why a document is left out, as ``sheets.unreadable`` and ``sheets.folder.refusals`` say it."""
