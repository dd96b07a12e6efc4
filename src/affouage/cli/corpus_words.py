"""Corpora told on the command line: what a build holds, what did not enter and why, licences, faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from affouage.sheets.folder.refusals import REASONS as DOCUMENTS
from affouage.sheets.unreadable import REASONS as SHEETS
from affouage.training.corpus.document import Removed
from affouage.training.corpus.licences import Licence, known
from affouage.training.corpus.manifest import SPLITS, Manifest
from affouage.training.corpus.store import Build, Holding
from affouage.training.corpus.verifying import Fault
from affouage.web import format as wording
from affouage.web.language import N_, Language

_STEPS = {
    "read": N_("reading"),
    "consent": N_("consent"),
    "licence": N_("licence"),
    "reservation": N_("reservation"),
    "extract": N_("extraction"),
    "language": N_("language"),
    "length": N_("the length"),
    "quality": N_("quality"),
    "repetition": N_("repetition"),
    "personal": N_("personal data"),
    "duplicates": N_("copies"),
    "near-duplicates": N_("near copies"),
    "decontaminate": N_("decontamination"),
}
_REASONS = {
    "withdrawn": N_("the member took their consent back"),
    "no_consent": N_("no member is named who consents"),
    "readers": N_("a collection that only some may read"),
    "licence_missing": N_("no licence is stated"),
    "licence_forbids": N_("the licence does not permit it"),
    "licence_unknown": N_("a licence of which nothing is known here"),
    "robots": N_("the site's robots.txt closes it"),
    "noai": N_("the page refuses training"),
    "noindex": N_("the page is not to be found"),
    "tdm_reservation": N_("its rights holder reserves text and data mining"),
    "other_language": N_("another language"),
    "too_short": N_("too short"),
    "too_long": N_("too long"),
    "few_letters": N_("mostly numbers"),
    "word_length": N_("words of unusual length"),
    "few_stop_words": N_("no sentences"),
    "symbols": N_("many symbols"),
    "bullets": N_("nothing but lists"),
    "ellipses": N_("cut lines"),
    "capitals": N_("mostly capitals"),
    "repeated_lines": N_("the same lines again and again"),
    "frequent_2_words": N_("the same two words again and again"),
    "frequent_3_words": N_("the same three words again and again"),
    "frequent_4_words": N_("the same four words again and again"),
    "repeated_5_words": N_("the same passages again and again"),
    "repeated_10_words": N_("the same passages again and again"),
    "directory": N_("a list of personal data"),
    "same_text": N_("the same text as another document"),
    "nearly_same_text": N_("nearly the same text as another document"),
    "same_id": N_("read twice"),
    "evaluation": N_("holds text of an evaluation set"),
    "empty": N_("empty"),
    "no_text": N_("without text"),
    "nothing_to_read": N_("a page without text"),
    "not_extracted": N_("a web page, and no step extracts its text"),
    "extraction_failed": N_("a page that cannot be taken apart"),
    "extraction_too_long": N_("a page that takes too long"),
    "not_utf8": N_("not in UTF-8"),
    "encoding": N_("in an encoding that is not read"),
    "line_too_long": N_("a line beyond the bound"),
    "line_damaged": N_("a damaged line"),
    "record_damaged": N_("a damaged record"),
    "record_cut": N_("a record cut short"),
    "record_trap": N_("packed more tightly than any text: a trap"),
    "page_too_large": N_("a page beyond the bound"),
    "group_damaged": N_("damaged rows"),
    "group_too_large": N_("rows beyond the bound"),
    "shard_cut": N_("a file cut short: what follows is lost"),
    "shard_damaged": N_("a damaged file: what follows is lost"),
    "shard_trap": N_("packed more tightly than any text: a trap"),
    "shard_missing": N_("a file that is gone"),
    "shard_refused": N_("a file that cannot be read"),
    "format": N_("a format that is not read there"),
    "document_too_large": N_("too large"),
    "document_too_deep": N_("too deep in the folder"),
    "too_many_documents": N_("more files than are read"),
    "document_same": N_("the same text as another document"),
    "document_not_what_it_says": N_("not what its name says"),
    "document_pages": N_("too many pages"),
    "document_long": N_("too long"),
    "document_swells": N_("packed more tightly than any text: a trap"),
}
_TRAINING = {"yes": N_("permits training"), "no": N_("does not permit training"), "unknown": N_("not decided")}
_MASKED = {
    "email": N_("e-mail addresses"),
    "phone": N_("telephone numbers"),
    "iban": N_("account numbers"),
    "nir": N_("social security numbers"),
    "name": N_("names after a title"),
}
_SPLIT_NAMES = {"train": N_("training"), "held_out": N_("held out"), "test": N_("test")}
_MOST_REMOVED = 200
"""Told one by one; --json tells them all."""


def corpus_line(name: str, build: Build | None, language: Language) -> str:
    _ = language.gettext
    if build is None:
        unbuilt = _("not built yet")
        return f"{name}  {unbuilt}"
    return f"{name}  {_amount(build.manifest.documents, build.manifest.characters, language)}  {build.path.name}"


def _amount(documents: int, characters: int, language: Language) -> str:
    told = language.ngettext(
        "{documents} document, {characters} characters", "{documents} documents, {characters} characters", documents
    )
    return told.format(documents=wording.whole(documents, language), characters=wording.whole(characters, language))


def build_lines(build: Build, language: Language, *, again: bool = False) -> Iterator[str]:
    _, manifest = language.gettext, build.manifest
    if again:
        yield _("The same corpus as before: nothing changed.")
    if build.erased:
        yield _("The texts of this build of {name} were erased: a member took their consent back.").format(
            name=manifest.name
        )
    yield f"{manifest.name}  {_amount(manifest.documents, manifest.characters, language)}"
    yield f"  sha256 {manifest.sha256}"
    for split in SPLITS:
        one = manifest.splits[split]
        amount = _amount(one.documents, one.characters, language)
        yield "  " + _("{name}: {amount}").format(name=_(_SPLIT_NAMES[split]), amount=amount)
    for stated, documents in manifest.licences.items():
        yield "  " + _("{name}: {amount}").format(name=stated, amount=wording.whole(documents, language))
    for kind, count in manifest.masked.items():
        what = _(_MASKED[kind]) if kind in _MASKED else kind
        yield "  " + _("masked: {kind}, {count} times").format(kind=what, count=wording.whole(count, language))
    if manifest.removed:
        yield _("Did not enter:")
    for row in manifest.removed:
        why = f"{step_words(row.step, language)}, {reason_words(row.reason, language)}"
        yield f"  {wording.whole(row.documents, language):>8}  {why}"
    for override, count in zip(manifest.overrides, manifest.overridden, strict=True):
        yield _("Let in by {who}, against {what} of {source}: {count}. {reason}").format(
            who=override.who, what=override.what, source=override.source, count=count, reason=override.reason
        )
    yield _("In {path}").format(path=build.path)


def step_words(step: str, language: Language) -> str:
    return language.gettext(_STEPS[step]) if step in _STEPS else step


def reason_words(reason: str, language: Language) -> str:
    """Those of the library's importers too, but for one that has blanks to fill."""
    told = _REASONS.get(reason) or next((one[reason][0] for one in (DOCUMENTS, SHEETS) if reason in one), reason)
    return reason if "{" in told else language.gettext(told).rstrip(".")


def removed_lines(removed: list[Removed], language: Language) -> Iterator[str]:
    for one in removed[:_MOST_REMOVED]:
        why = f"{step_words(one.step, language)}, {reason_words(one.reason, language)}"
        detail = "" if one.reason in DOCUMENTS and language.code != "en" else one.detail  # a sentence in English
        yield f"{one.id}  {one.at}  {why}" + (f" ({detail})" if detail else "")
    if len(removed) > _MOST_REMOVED:
        more = language.gettext("... and {more} more: add --json, or see removed.jsonl")
        yield more.format(more=wording.whole(len(removed) - _MOST_REMOVED, language))


def licence_lines(manifest: Manifest, language: Language) -> Iterator[str]:
    _ = language.gettext
    for stated, documents in manifest.licences.items():
        one = known(stated)
        count = wording.whole(documents, language)
        yield f"{stated}  {count}  {_(_TRAINING[one.training if one else 'unknown'])}"
    for source in manifest.sources:
        named = source.attribution or _("the recipe names nobody (attribution)")
        yield _("{source}: {licence}; to name: {named}").format(
            source=source.name, licence=source.licence or _("not said"), named=named
        )
    for consent in manifest.consents:
        yield _("{source}: texts of {member}, who consents since {day}").format(
            source=consent.source, member=consent.member, day=consent.day
        )
    for override in manifest.overrides:
        yield _("{source}: {what} overridden by {who}. {reason}").format(
            source=override.source, what=override.what, who=override.who, reason=override.reason
        )


def table_lines(table: Iterable[Licence], language: Language) -> Iterator[str]:
    """The reasons stay in the language of the table."""
    for one in table:
        yield f"{one.id}  {language.gettext(_TRAINING[one.training])}"
        yield f"    {' '.join(one.because.split())}"


def withdrawn_lines(name: str, member: str, day: str, found: Iterable[Holding], language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _("From now on {name} is built without the texts of {member} (taken back on {day}).").format(
        name=name, member=member, day=day
    )
    for one in found:
        told = _("{corpus} {build} holds {count} of them.")
        if one.erased:
            told = _("{corpus} {build} held {count} of them; its texts are erased.")
        elif one.current:
            told = _("{corpus} {build} holds {count} of them; it is the one in use: build it again.")
        yield told.format(corpus=one.corpus, build=one.sha256[:12], count=one.documents)


def fault_lines(build: Build, faults: Iterable[Fault], language: Language) -> Iterator[str]:
    _ = language.gettext
    listed = list(faults)
    if not listed:
        yield _("The corpus holds: {documents} documents, sha256 {sha256}.").format(
            documents=wording.whole(build.manifest.documents, language), sha256=build.manifest.sha256
        )
    for one in listed:
        yield f"{one.what}: {one.detail}"
