"""Where collections come from: what a source is, what its collection is called, and its documents."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from affouage.clock import Clock
from affouage.errors import BadRequest, Conflict
from affouage.sheets.age import today_utc
from affouage.sheets.importing import OnProgress, Progress, Summary, import_documents
from affouage.sheets.passages import CUTTING
from affouage.sheets.reading import Read, Refused, Same
from affouage.sheets.sheet import MEMBERS, PUBLIC, Collection
from affouage.sheets.store import Store
from affouage.sheets.unreadable import Unreadable, nothing_read

Kind = Literal["dila", "labour", "folder"]

OnBytes = Callable[[int, int | None], None]
"""Told bytes done, and in all (None: unknown)."""

SCHEMAS = ("3.4", "3.3")
"""Asked for in this order: the second where the first is not published."""

_READERS = "1"
"""Raised when official files are read otherwise: the same archive is then read again."""
_LABOUR = (".json", ".json.xz", ".tgz", ".tar.gz")
_TAG = re.compile(r"public|members|(?:role|college|member):[A-Za-z0-9_.-]{1,64}", re.ASCII)


class Official(msgspec.Struct, frozen=True):
    """A guide of service-public.fr. ``code``: in its address."""

    id: str
    name: str
    code: str


OFFICIAL = {
    one.id: one
    for one in (
        Official("particuliers", "Service-public.fr, particuliers", "part"),
        Official("associations", "Service-public.fr, associations", "asso"),
        Official("professionnels", "Service-public.fr, professionnels", "pro"),
    )
}

_SOURCES: Mapping[str, tuple[str, str]] = {
    "dila": ("service-public.fr (DILA)", "Licence Ouverte 2.0"),
    "labour": ("Ministère du Travail", "Licence Ouverte 2.0"),
}
"""kind: (the mention its licence asks for, the licence)."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is. ``text``: as it is recorded, to update from. ``addresses``: where it is fetched from, the first
    that has it; else ``path``, a file or a folder. ``id``, ``name``: of its collection, unless another is wished."""

    kind: Kind
    text: str
    id: str
    name: str
    addresses: tuple[str, ...] = ()
    path: Path | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a collection; None leaves what it has, or the usual. ``readers``: tags, see ``sheet.PUBLIC``."""

    name: str | None = None
    readers: tuple[str, ...] | None = None
    licence: str | None = None
    old_after_days: int | None = None


def origin_of(source: str, official_url: str) -> Origin:
    """``official:particuliers``, an https address, a zip of the DILA, a JSON of the labour ministry, a folder.

    ``official_url``: where official archives are. Raises BadRequest when it is none of them.
    """
    if source.startswith("official:"):
        return _official(source, official_url)
    if is_fetched(source):
        name = Path(urlsplit(source).path).name
        return Origin(kind=_kind_of(name, source), text=source, id=_plain(name), name=name, addresses=(source,))
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        return Origin(kind="folder", text=str(path), id=slug(path.name), name=path.name, path=path)
    if not path.is_file():
        raise BadRequest(
            f"There is no file or folder {source}.",
            remedy=f"Give one, or official:{', official:'.join(OFFICIAL)}.",
            code="sheets_no_source",
            source=source,
        )
    return Origin(kind=_kind_of(path.name, source), text=str(path), id=_plain(path.name), name=_named(path), path=path)


def is_fetched(source: str) -> bool:
    """Does it come from an address rather than from this machine?"""
    return source.startswith(("official:", "https://", "http://"))


def _official(source: str, official_url: str) -> Origin:
    one = OFFICIAL.get(source.removeprefix("official:"))
    if one is None:
        raise BadRequest(
            f"There is no official guide {source}.",
            remedy=f"Choose official:{', official:'.join(OFFICIAL)}.",
            code="sheets_no_source",
            source=source,
        )
    base = official_url.rstrip("/")
    addresses = tuple(f"{base}/{schema}/{one.code}/zip/vosdroits-latest.zip" for schema in SCHEMAS)
    return Origin(kind="dila", text=source, id=one.id, name=one.name, addresses=addresses)


def _kind_of(name: str, source: str) -> Kind:
    if name.lower().endswith(".zip"):
        return "dila"
    if name.lower().endswith(_LABOUR):
        return "labour"
    raise BadRequest(
        f"{source} is no archive of official sheets.",
        remedy="Give a .zip of the DILA, a .json, .json.xz or .tgz of the labour ministry, or a folder of documents.",
        code="sheets_no_source",
        source=source,
    )


def _plain(name: str) -> str:
    """``vosdroits-particuliers.zip`` -> ``particuliers``."""
    stem = name.split(".", 1)[0].lower()
    bare = stem.removeprefix("vosdroits-")
    return slug(stem if bare == "latest" else bare)


def _named(path: Path) -> str:
    official = OFFICIAL.get(_plain(path.name))
    return official.name if official else path.name.split(".", 1)[0]


def slug(name: str) -> str:
    """``Règlements de la mairie`` -> ``reglements-de-la-mairie``. Raises BadRequest when nothing is left."""
    bare = unicodedata.normalize("NFD", name.replace("œ", "oe")).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60].strip("-")
    if not found:
        raise BadRequest("A collection needs a name with letters.", remedy="Give one: --name.", code="sheets_name")
    return found


def collection_of(origin: Origin, wish: Wish, store: Store) -> Collection:
    """The collection that ``origin`` fills, as it is to be. Official sheets are for everybody unless wished otherwise,
    the collective's own documents for its members. Raises BadRequest, Conflict (its name is taken by another kind)."""
    collection_id = origin.id if wish.name is None else slug(wish.name)
    before = next((one for one in store.collections() if one.id == collection_id), None)
    if before is not None and before.kind != origin.kind:
        raise Conflict(
            f"The collection {collection_id} comes from something else: {before.origin}.",
            remedy="Give this one another name: --name.",
            code="sheets_other_kind",
            collection=collection_id,
        )
    source, licence = _SOURCES.get(origin.kind, (wish.name or origin.name, ""))
    if before is None:
        before = Collection(
            id=collection_id,
            name=wish.name or origin.name,
            kind=origin.kind,
            source=source,
            licence=licence,
            origin=origin.text,
            readers=(MEMBERS,) if origin.kind == "folder" else (PUBLIC,),
        )
    return wished(msgspec.structs.replace(before, origin=origin.text), wish)


def wished(collection: Collection, wish: Wish) -> Collection:
    """``collection`` changed as asked. Raises BadRequest for readers that are none."""
    for tag in wish.readers or ():
        if not _TAG.fullmatch(tag):
            raise BadRequest(
                f"Nobody is called {tag}.",
                remedy="Write public, members, role:NAME, college:NAME or member:ID.",
                code="sheets_readers",
                tag=tag,
            )
    changes = {name: getattr(wish, name) for name in ("readers", "licence", "old_after_days")}
    return msgspec.structs.replace(collection, **{name: one for name, one in changes.items() if one is not None})


async def local(
    origin: Origin,
    collection: Collection,
    folder: Path,
    *,
    local_hosts: Sequence[str] = (),
    on_bytes: OnBytes = lambda _done, _total: None,
) -> Path:
    """Where ``origin`` can be read on this machine: fetched into ``folder`` of the library if it changed there.

    ``local_hosts``: of a private network, that the settings name. Raises PullFailed, BadRequest ``address_refused``,
    Conflict.
    """
    if origin.path is not None:
        return origin.path
    from affouage.outward import Outward
    from affouage.sheets.fetching import fetch  # aiohttp takes a quarter of a second to import

    suffix = next((one for one in (*_LABOUR, ".zip") if origin.addresses[0].lower().endswith(one)), ".zip")
    target = folder / "archives" / f"{collection.id}{suffix}"
    outward = Outward.naming(local_hosts=local_hosts)
    return (await fetch(origin.addresses, target, on_bytes=on_bytes, outward=outward)).path


def import_from(
    store: Store,
    collection: Collection,
    path: Path,
    clock: Clock,
    *,
    again: bool = False,
    shrink: bool = False,
    on_progress: OnProgress = lambda _progress: None,
) -> Summary | None:
    """Fill ``collection`` from the file or folder at ``path``. It blocks.

    None when it was already imported from this very file; ``again``: even so. Raises BadRequest (nothing in it can be
    read; nothing was changed), Conflict (most of its sheets would go).
    """
    digest = "" if collection.kind == "folder" else f"{_READERS}.{CUTTING}:{_sha256(path)}"
    if digest and digest == store.archive_digest(collection.id) and not again:
        store.put_collection(collection)
        return None
    documents = _documents(store, collection, path, clock, on_progress)
    quiet = collection.kind == "folder"  # it tells itself, page by page
    try:
        return import_documents(
            store,
            collection,
            documents,
            clock,
            archive=digest,
            shrink=shrink,
            on_progress=(lambda _progress: None) if quiet else on_progress,
        )
    except Unreadable as why:
        raise nothing_read(path.name, why) from why


def _documents(
    store: Store, collection: Collection, path: Path, clock: Clock, on_progress: OnProgress
) -> Iterator[Read | Same | Refused]:
    if collection.kind == "dila":
        from affouage.sheets.dila.reader import read_archive

        return read_archive(path)
    if collection.kind == "labour":
        from affouage.sheets.labour.reader import read_file

        return read_file(path)
    from affouage.sheets.folder.read import read_folder

    known = {sheet_id: one.fingerprint for sheet_id, one in store.known(collection.id).items() if one.fingerprint}
    return read_folder(
        path,
        today=today_utc(clock.now_ms()),
        known=known,
        on_progress=lambda one: on_progress(Progress(done=one.done, total=one.total, name=one.told)),
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise nothing_read(path.name, Unreadable("source_unreadable", why=why.strerror or "refused")) from why
