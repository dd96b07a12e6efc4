"""What a person brought back: believed only as far as its fingerprints go; every trick of archives refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from affouage import errors
from affouage.training.bundle import import_results
from affouage.training.folder import Began, End, Exported, Progress, RunFolder
from tests.integration.bundle_away import TINY, away_of, done_of, made_once, shell  # noqa: F401  # fixtures


def test_the_folder_itself_may_come_back_and_twice_is_once(done: tuple[Path, Path]) -> None:
    folder, there = done
    (there / "run" / "tokens").mkdir()
    first, second = import_results(there, folder), import_results(there, folder)
    assert first.whole
    assert first.new > 0
    assert second == msgspec.structs.replace(first, new=0)


def test_the_sites_counter_is_told_as_the_sites_word(done: tuple[Path, Path]) -> None:
    folder, there = done
    (there / "site" / "sacct-4711.txt").write_text("4711|COMPLETED|0:0|5400|600|r1i0n1|gpu_p13|\n")
    (there / "site" / "sacct-4712.txt").write_text("4712|COMPLETED|0:0|600|60|r1i0n1|gpu_p13|\n")
    found = import_results(there, folder)
    assert found.energy_uj == 6_000_000_000
    assert found.energy_source == "slurm ConsumedEnergyRaw"
    assert found.elapsed_s == 660
    (there / "site" / "sacct-4712.txt").write_text("4712|COMPLETED|0:0|0|60|r1i0n1|gpu_p13|\n")
    assert import_results(there, folder).energy_uj is None


def change_settings(there: Path) -> None:
    file = there / "run" / "settings.json"
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(TINY, seed=9)))


def change_corpus(there: Path) -> None:
    (there / "run" / "corpus" / "manifest.json").write_text("{}")


def change_code(there: Path) -> None:
    with (there / "source" / "affouage" / "training" / "folder.py").open("a") as code:
        code.write("# plus\n")


def change_model(there: Path) -> None:
    (there / "run" / "out" / "model.gguf").write_bytes(b"GGUF, un autre")


def lose_model(there: Path) -> None:
    (there / "run" / "out" / "model.gguf").unlink()


def link(there: Path) -> None:
    (there / "run" / "out" / "lien").symlink_to("/etc/passwd")


def device(there: Path) -> None:
    os.mkfifo(there / "run" / "out" / "tube")


def foreign(there: Path) -> None:
    (there / "run" / "virus.sh").write_text("id")


def other_manifest(there: Path) -> None:
    file = there / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"mairie-1", b"mairie-2"))


def no_manifest(there: Path) -> None:
    (there / "manifest.json").unlink()


def other_steps(there: Path) -> None:
    event = Progress(at_ms=1, step=7, steps=7, tokens=1, loss=0.5, learning_rate=0.1)
    RunFolder(there / "run").tell(event)


def commands_a_terminal(there: Path) -> None:
    RunFolder(there / "run").tell(End(at_ms=1, step=6, reason="done", told="\x1b[2J"))


def lost_on_the_way(there: Path) -> None:
    assert shell(there, "rapporter.sh").returncode == 0
    (there / "run" / "events.jsonl").write_bytes((there / "run" / "events.jsonl").read_bytes()[:-20])


@pytest.mark.parametrize(
    "harm",
    [
        change_settings, change_corpus, change_code, change_model, lose_model, link, device, foreign, other_manifest,
        no_manifest, other_steps, commands_a_terminal, lost_on_the_way,
    ],
)  # fmt: skip
def test_what_was_changed_is_refused_and_nothing_is_put_in_place(
    done: tuple[Path, Path], harm: Callable[[Path], None]
) -> None:
    folder, there = done
    before = sorted(folder.rglob("*"))
    harm(there)
    with pytest.raises((errors.BadRequest, errors.NotFound)) as refused:
        import_results(there, folder)
    assert refused.value.code in ("bundle_results", "bundle_unknown")
    assert refused.value.remedy
    assert sorted(folder.rglob("*")) == before


def test_another_story_than_the_one_begun_here_is_refused(done: tuple[Path, Path]) -> None:
    folder, there = done
    RunFolder(folder).tell(Began(at_ms=5, step=0, parameters=1, trained=1, device="here", threads=1))
    with pytest.raises(errors.BadRequest, match="another story"):
        import_results(there, folder)


def test_files_the_run_does_not_speak_of_are_left_out(done: tuple[Path, Path]) -> None:
    folder, there = done
    (there / "run" / "out" / "plus.bin").write_bytes(b"?")
    assert import_results(there, folder).unlisted == ("plus.bin",)
    assert not (folder / "out" / "plus.bin").exists()


def packed(there: Path, *more: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for path in ("manifest.json", "run/settings.json", "run/corpus/manifest.json", "run/events.jsonl"):
            tar.add(there / path, f"affouage-mairie-1/{path}")
        for member, content in more:
            member.size = len(content) if member.isreg() else member.size
            tar.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.incident("archive-tricks")
@pytest.mark.parametrize(
    "trick",
    [
        member("affouage-mairie-1/../../../etc/cron.d/x"),
        member("/etc/passwd"),
        member("affouage-mairie-1/run/out/x", tarfile.SYMTYPE, "/etc/passwd"),
        member("affouage-mairie-1/run/out/x", tarfile.LNKTYPE, "affouage-mairie-1/manifest.json"),
        member("affouage-mairie-1/run/out/x", tarfile.CHRTYPE),
        member("affouage-mairie-1/manifest.json"),
        member("affouage-mairie-1/run/out/../../../../x"),
        member("affouage-mairie-1/run\\out\\x"),
        member("affouage-mairie-1/run/settings.json/x"),
        member("affouage-mairie-1/bundles/x.json"),
    ],
    ids=lambda one: f"{one.name} {one.type!r}",
)
def test_tricks_of_archives_are_refused(done: tuple[Path, Path], tmp_path: Path, trick: tarfile.TarInfo) -> None:
    folder, there = done
    back = tmp_path / "retour.tar.gz"
    back.write_bytes(packed(there, (trick, b"x")))
    with pytest.raises(errors.BadRequest) as refused:
        import_results(back, folder)
    assert refused.value.code == "bundle_results"
    assert not (folder / "events.jsonl").exists()


@pytest.mark.incident("archive-tricks")
def test_bombs_are_refused_before_they_burst(done: tuple[Path, Path], tmp_path: Path) -> None:
    folder, there = done
    zeros = tarfile.TarInfo("affouage-mairie-1/run/out/model.gguf")
    zeros.size = 8 * 10**9
    back = tmp_path / "retour.tar.gz"
    whole = gzip.decompress(packed(there)).rstrip(b"\0")
    whole += b"\0" * (-len(whole) % 512)
    back.write_bytes(gzip.compress(whole + zeros.tobuf() + b"\0" * 10**6))
    with pytest.raises(errors.BadRequest, match="far more than it holds"):
        import_results(back, folder)
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 10**9
    back.write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 10**6))
    with pytest.raises(errors.BadRequest, match="header"):
        import_results(back, folder)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08 nothing", b"\x28\xb5\x2f\xfd\x00", b"PK\x03\x04", b"x" * 4096])
def test_what_is_no_archive_is_told(away: tuple[Path, Path], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "retour.tar.gz").write_bytes(content)
    with pytest.raises(errors.BadRequest) as refused:
        import_results(tmp_path / "retour.tar.gz", away[0])
    assert refused.value.code == "bundle_results"


def test_an_archive_cut_anywhere_is_told(done: tuple[Path, Path], tmp_path: Path) -> None:
    folder, there = done
    assert shell(there, "rapporter.sh").returncode == 0
    whole = (there / "retour-mairie-1.tar.gz").read_bytes()
    with tarfile.open(there / "retour-mairie-1.tar.gz") as back:  # no text of the corpus comes back, nor needs to
        assert not any("splits" in name for name in back.getnames())
    for share in (0.1, 0.5, 0.9):
        (tmp_path / "cut.tar.gz").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(errors.BadRequest):
            import_results(tmp_path / "cut.tar.gz", folder)
    found = import_results(there / "retour-mairie-1.tar.gz", folder)
    assert found.whole
    exported = [event for event, _ in RunFolder(folder).events() if isinstance(event, Exported)]
    digest = hashlib.sha256((folder / "out" / "model.gguf").read_bytes()).hexdigest()
    assert [one.sha256 for one in exported] == [digest]
