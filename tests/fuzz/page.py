"""The page docs/reference/fuzzing.md, from the table of targets."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.targets import TARGETS

_HEAD = """\
# What is fuzzed

<!-- Written by `python -m tests.docs.generate` from tests/fuzz/targets.py: change that file, not this one. -->

Every parser of what comes from outside answers, or refuses by name: no input whatever ends in another way. Each is
tried in three manners:

- in every run of the tests, on well-formed input changed here and there and on bytes of no kind, the same for everybody
  (`tests/fuzz/test_targets.py`, hypothesis);
- for as long as one likes, guided by what its code covers: `make fuzz`, or `FUZZ_SECONDS=600 make fuzz` (atheris, in an
  environment of its own; Linux). What is learnt stays in `.cache/fuzz` and is gone on from;
- on what was a fault once, kept in `tests/fuzz/corpus`.

Besides: raw bytes at the real server (`tests/fuzz/test_http.py`), and requests that the served OpenAPI description
allows or does not, made by Schemathesis (`tests/fuzz/test_description_fuzzed.py`).

| target | whose bytes | read by | looked at more closely in |
|---|---|---|---|
"""
_FOOT = """

A document is read in a program of its own, within walls ([who could do harm](threat-model.md)): there a fault, even in
a library, costs that document and nothing else. The same holds for a model; its header is read by us first. Web
archives (WARC) are tried by `tests/unit/test_corpus_warc.py`.
"""
_READ_BY = {
    "credentials": "`assembly/access.py`",
    "bodies": "`gateway/wire.py`, `gateway/embeddings.py`",
    "events": "`adapters/engines/sse_reader.py`, `openai_wire.py`",
    "gguf": "`catalogue/gguf.py`",
    "sheet": "`sheets/dila`",
    "sheets-zip": "`sheets/archive.py`",
    "labour-json": "`sheets/labour`",
    "labour-xz": "`sheets/labour`",
    "pool": "`pool/nodes/wire.py`",
    "joining": "`gateway/nodes.py`, `adapters/joining.py`",
    "mcp": "`gateway/mcp.py`",
    "sealed": "`pool/nodes/sealing.py`",
    "passes": "`pool/nodes/jwt.py`, `nkey.py`",
    "card": "`catalogue/card.py`",
    "settings": "`settings.py`",
    "machine": "`footprint/machine.py`",
    "factors": "`footprint/factor_file.py`",
    "votes": "`assembly/tally/file.py`",
    "election": "`assembly/belenios/archive.py`",
    "canonical": "`journal/canonical.py`",
    "note": "`journal/note.py`",
    "proof": "`journal/tree.py`",
    "bundle": "`journal/offline_verifier.py`",
    "backup": "`archive/reading.py`, `sealed.py`",
    "training-results": "`training/bundle/returned.py`",
    "docx": "`sheets/folder/docx.py`",
    "odt": "`sheets/folder/odt.py`",
    "html": "`sheets/folder/html_page.py`",
    "markdown": "`sheets/folder/markdown.py`",
    "text": "`sheets/folder/text.py`",
    "easy-to-read": "`workshops/easy_read/document.py`",
    "pdf": "`sheets/folder/pdf.py` (pdfium)",
    "pictures": "`sheets/folder/picture.py`",
    "sighted": "`sheets/folder/tesseract.py`",
    "readings": "`footprint/windows.py`",
    "trace": "`pool/trace.py`",
}


def page() -> str:
    return _HEAD + "\n".join(_rows()) + _FOOT


def _rows() -> Iterator[str]:
    for one in TARGETS:
        yield f"| {one.name} | {one.who} | {_READ_BY[one.name]} | `tests/{one.also}` |"
