"""The parsers of outside input. Each answers or refuses by name, whatever it is given; anything else is a fault.

One table for both: hypothesis in every run of the tests (``test_targets.py``), and hours of coverage-guided fuzzing
(``python -m tests.fuzz``).
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from affouage.adapters import joining
from affouage.adapters.engines.openai_wire import ChunkReader
from affouage.adapters.engines.sse_reader import EventTooLong, SseReader
from affouage.archive import reading
from affouage.assembly import access, credentials
from affouage.assembly.belenios.archive import read_archive as read_election
from affouage.assembly.tally import file as vote_file
from affouage.catalogue import gguf
from affouage.catalogue.card import read_card
from affouage.chat import ChatRequest, Message
from affouage.errors import AffouageError
from affouage.footprint import factor_file, machine, windows
from affouage.gateway import embeddings, mcp, wire
from affouage.gateway import nodes as node_routes
from affouage.journal import canonical, note, offline_verifier, tree
from affouage.pool import trace
from affouage.pool.nodes import jwt, nkey, sealing
from affouage.pool.nodes import wire as pool_wire
from affouage.settings import read as read_settings
from affouage.sheets.dila import xml
from affouage.sheets.dila.guides import Guides
from affouage.sheets.dila.publication import read_publication
from affouage.sheets.dila.reader import read_archive
from affouage.sheets.dila.services import read_service
from affouage.sheets.folder import docx, html_page, markdown, odt, pdf, picture, tesseract, text
from affouage.sheets.folder.limits import LIMITS
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.labour.reader import read_file
from affouage.sheets.unreadable import Unreadable
from affouage.training.bundle.returned import take_out
from affouage.workshops.easy_read import document as easy_read
from tests.fuzz import seeds

_MOST = 1_000_000
_KEYS = sealing.new_key(), sealing.public_of(sealing.new_key())


@dataclass(frozen=True)
class Target:
    """``parse``: given any bytes, it returns or raises one of ``refuses``. ``seeds``: well-formed ones, to change.

    ``who``: whose bytes they are. ``also``: tests that look at it more closely. ``draws``: of hypothesis, in each run.
    """

    name: str
    who: str
    parse: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    seeds: Callable[[], list[bytes]]
    also: str = ""
    draws: int = 8

    def feed(self, data: bytes) -> bool:
        """Whether it was taken; False when it was refused as it should be. Raises whatever else happens."""
        try:
            self.parse(data)
        except self.refuses:
            return False
        return True


def in_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """For a parser that takes a path. ``name``: what the file is called."""

    def parse(data: bytes) -> object:
        with tempfile.TemporaryDirectory(prefix="affouage-fuzz-") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            return read(path)

    return parse


def _joining(data: bytes) -> None:
    """What a machine asks, and what a commons answers it: no, or yes."""
    for read in (
        lambda: joining._understood(400, data, "https://commons.example"),
        lambda: joining._understood(200, data, "https://commons.example"),
    ):
        try:
            read()
        except AffouageError:
            continue
    node_routes._asked(data)


def _headers(data: bytes) -> None:
    lines = [line.partition(b":")[::2] for line in data.split(b"\n")]
    found = access.credentials_of([(name.strip().lower(), value.strip()) for name, value in lines])
    if found is not None:
        credentials.parse_api_key(found.text)


def _body(data: bytes) -> None:
    for read in (lambda: wire.read_chat(data, "m"), lambda: wire.read_completion(data, "m")):
        try:
            read()
        except AffouageError:
            continue
    embeddings.read_embedding(data)


def _stream(data: bytes) -> None:
    """Cut in two at a place that the bytes choose, read as chat and as a completion."""
    cut = data[0] if data else 0
    for request in (
        ChatRequest(model="m", messages=(Message("user", "?"),)),
        ChatRequest(model="m", kind="completion", prompt="?", options={"logprobs": 1}),
    ):
        stream, reader = SseReader(max_event_bytes=65_536), ChunkReader(request)
        for events in (stream.feed(data[1 : cut + 1]), stream.feed(data[cut + 1 :]), stream.end()):
            for event in events:
                list(reader.read(event))
        reader.final()


def _sheet(data: bytes) -> None:
    root = xml.parse(data)
    read_service(root)
    guides = Guides()
    guides.add(root)
    read_publication(root, "F1", guides, {})


def _proof(data: bytes) -> None:
    """Numbers and hashes as a stranger would send them."""
    numbers, path = list(data[:8]), [data[at : at + 32] for at in range(8, min(len(data), 2_000), 32)]
    numbers += [0] * (8 - len(numbers))
    tree.inclusion_holds(data[:32], int.from_bytes(data[:4], "big"), numbers[1], path, data[-32:])
    tree.inclusion_holds(data[:32], numbers[0], numbers[1], path, data[-32:])
    tree.consistency_holds(numbers[2], numbers[3], data[:32], data[-32:], path)
    tree.consistency_holds(int.from_bytes(data[:6], "big"), int.from_bytes(data[:7], "big"), data[:32], data, path)


def _bundle(path: Path) -> None:
    leaves, checkpoints, _key = offline_verifier.read_bundle(str(path))
    offline_verifier.check(leaves, checkpoints, offline_verifier.Key(seeds.JOURNAL_KEY), checkpoints[:1])


def _note(data: bytes) -> None:
    for read in (lambda: note.read_verifier_key(data.decode()), lambda: note.read_signer_key(data.decode())):
        try:
            read()
        except (note.NoteRefused, UnicodeDecodeError):
            continue
    key = note.read_verifier_key(seeds.JOURNAL_KEY)
    note.read_checkpoint(note.read(data))
    note.open_checkpoint(data, key)


def _messages(data: bytes) -> None:
    for read in (pool_wire.from_node, pool_wire.to_node):
        try:
            read(data)
        except pool_wire.Malformed:
            continue


def _tokens(data: bytes) -> None:
    said = data.decode("latin-1")
    for read in (nkey.from_seed, nkey.public_bytes):
        try:
            read(said)
        except nkey.BadKey:
            continue
    nkey.verify(said[:56], data, data[-64:])
    jwt.decode(said, issuer=seeds.ISSUER, now_s=1_800_000_000)


def _settings(path: Path) -> None:
    read_settings({}, home=path.parent)


def _pages(data: bytes) -> None:
    document = pdf.open_pdf(data, LIMITS)
    pdf.head_of(document)
    for at, _page in enumerate(pdf.pages_of(document)):
        if at == 3:
            return


def _easy(data: bytes) -> None:
    said = data.decode(errors="replace")
    for form in ("text", "markdown", "html"):
        easy_read.read_document(said, form)  # type: ignore[arg-type]


def _picture(data: bytes) -> None:
    picture.kind_of(data)
    picture.tiff_pages(data, 100)
    found = picture.packed(data)
    if found is not None:
        picture.pdf_around(found)
        picture.dots_per_inch(found.width, found.height)


def _election(data: bytes) -> None:
    """As it is; then as what an archive holds, each line under the hash it must have."""
    try:
        read_election(data)
    except AffouageError:
        pass
    else:
        return
    read_election(seeds.election_of(data.split(b"\n")))


def _returned(path: Path) -> None:
    aside = path.parent / "aside"
    aside.mkdir()
    take_out(path, aside)
    outside = [one for one in path.parent.iterdir() if one not in (path, aside)]
    assert outside == [], "nothing is written beside the folder it was given"


_PACKED = in_file("x.json.xz", lambda path: list(read_file(path)))
TARGETS = (
    Target("credentials", "a client", _headers, (AffouageError,), seeds.headers, "unit/test_access.py"),
    Target("bodies", "a client", _body, (AffouageError,), seeds.bodies, "integration/test_gateway_bad_input.py"),
    Target("events", "an engine", _stream, (AffouageError, EventTooLong), seeds.events, "unit/test_sse.py"),
    Target(
        *("gguf", "whoever made a model"),
        in_file("x.gguf", gguf.read_tensors),
        (AffouageError,),
        seeds.models,
        "unit/test_catalogue_gguf.py",
    ),
    Target("sheet", "a publisher", _sheet, (Unreadable,), seeds.sheets, "unit/test_sheets_hostile.py"),
    Target(
        *("sheets-zip", "a publisher"),
        in_file("x.zip", lambda path: list(read_archive(path))),
        (Unreadable,),
        seeds.sheet_archives,
        "unit/test_sheets_hostile.py",
    ),
    Target(
        *("labour-json", "a publisher"),
        in_file("x.json", lambda path: list(read_file(path))),
        (Unreadable,),
        seeds.labour,
        "unit/test_sheets_labour.py",
    ),
    Target("labour-xz", "a publisher", _PACKED, (Unreadable,), seeds.labour_packed, "unit/test_sheets_labour.py"),
    Target("pool", "a machine, a commons", _messages, (), seeds.messages, "integration/test_agent_hostile.py"),
    Target(
        "joining",
        "a machine, a commons",
        _joining,
        (AffouageError,),
        seeds.joinings,
        "integration/test_enrolment_hostile.py",
    ),
    Target("mcp", "a client", mcp._read, (mcp.Rejected,), seeds.rpc, "integration/test_mcp.py"),
    Target(
        *("sealed", "a broker"),
        lambda data: sealing.Seal(*_KEYS).open(data),
        (sealing.Unsealable,),
        seeds.sealed,
        "faults/test_pool_hostile.py",
    ),
    Target("passes", "a machine", _tokens, (jwt.BadJwt,), seeds.passes, "unit/test_pool_credentials.py"),
    Target(
        *("card", "whoever shares a card"),
        lambda data: read_card(data.decode(errors="replace"), "x"),
        (AffouageError,),
        seeds.cards,
        "unit/test_catalogue_card.py",
    ),
    Target(
        "settings",
        "an operator",
        in_file("settings.toml", _settings),
        (AffouageError,),
        seeds.settings,
        "unit/test_settings.py",
    ),
    Target(
        *("machine", "an operator"),
        lambda data: machine.read_machine(data.decode(errors="replace")),
        (AffouageError,),
        seeds.machines,
        "unit/test_machine.py",
    ),
    Target(
        *("factors", "whoever shares factors"),
        lambda data: factor_file.read_set(data.decode(errors="replace"), "x"),
        (AffouageError,),
        seeds.factors,
        "unit/test_factors_file.py",
        draws=2,
    ),
    Target(
        *("votes", "whoever shares a count"),
        lambda data: vote_file.count_file(vote_file.read(data)),
        (AffouageError,),
        seeds.votes,
        "unit/test_tally_file.py",
    ),
    Target(
        "election", "a Belenios server", _election, (AffouageError,), seeds.elections, "integration/test_belenios.py"
    ),
    Target(
        *("canonical", "a log"),
        lambda data: canonical.write(canonical.read(data.decode(errors="replace"))),
        (AffouageError,),
        seeds.canonical,
        "unit/test_journal_canonical.py",
    ),
    Target("note", "a log, a witness", _note, (AffouageError,), seeds.notes, "unit/test_journal_note.py"),
    Target("proof", "a log", _proof, (), seeds.proofs, "unit/test_journal_tree.py"),
    Target(
        *("bundle", "a log"),
        in_file("x.jsonl", _bundle),
        (offline_verifier.Unreadable, UnicodeDecodeError),
        seeds.bundles,
        "integration/test_journal_verify.py",
    ),
    Target(
        *("backup", "whoever gives a backup"),
        in_file("x.backup", lambda path: reading.read(path, lambda: "passphrase")),
        (AffouageError,),
        seeds.backups,
        "integration/test_backup.py",
    ),
    Target(
        "training-results",
        "a public computer",
        in_file("x.tar", _returned),
        (AffouageError,),
        seeds.results,
        "integration/test_training_bundle_back.py",
    ),
    Target(
        *("docx", "whoever wrote a document"),
        lambda data: docx.read_docx(io.BytesIO(data), _MOST, _MOST),
        (CannotRead,),
        seeds.docx,
        "unit/test_folder_office.py",
    ),
    Target(
        *("odt", "whoever wrote a document"),
        lambda data: odt.read_odt(io.BytesIO(data), _MOST, _MOST),
        (CannotRead,),
        seeds.odt,
        "unit/test_folder_office.py",
    ),
    Target(
        *("html", "whoever wrote a document"),
        lambda data: html_page.read_html(data, _MOST),
        (CannotRead,),
        seeds.html,
        "unit/test_folder_markup.py",
    ),
    Target(
        *("markdown", "whoever wrote a document"),
        lambda data: markdown.read_markdown(data, _MOST),
        (CannotRead,),
        seeds.markdown,
        "unit/test_folder_markup.py",
    ),
    Target(
        *("text", "whoever wrote a document"),
        lambda data: text.read_text(data, _MOST),
        (CannotRead,),
        seeds.texts,
        "unit/test_folder_text.py",
    ),
    Target("easy-to-read", "a member", _easy, (), seeds.html, "unit/test_easy_read_check.py"),
    Target("pdf", "whoever wrote a document", _pages, (CannotRead,), seeds.pdf, "unit/test_folder_layout.py", 2),
    Target(
        "pictures", "whoever took a picture", _picture, (CannotRead,), seeds.pictures, "unit/test_folder_pictures.py"
    ),
    Target(
        *("sighted", "Tesseract"),
        lambda data: tesseract.parse_tsv(data.decode(errors="replace")),
        (),
        seeds.sighted,
        "unit/test_folder_pictures.py",
    ),
    Target(
        "readings", "a machine", windows.unpack, (ValueError, RecursionError), seeds.readings, "unit/test_windows.py"
    ),
    Target("trace", "whoever shares a trace", trace.read_trace, (AffouageError,), seeds.traces, "unit/test_trace.py"),
)
BY_NAME = {one.name: one for one in TARGETS}


def kept(target: Target) -> list[bytes]:
    """What stands in ``corpus``: found by fuzzing, worth keeping; a ``fault-...`` was one, once."""
    folder = Path(__file__).with_name("corpus") / target.name
    return [one.read_bytes() for one in sorted(folder.glob("*"))] if folder.is_dir() else []


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
