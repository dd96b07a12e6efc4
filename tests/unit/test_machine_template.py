"""The description that ``machine init`` writes: read as it stands, whatever the machine says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from affouage.cli.footprint.machine_template import Seen, SeenCard, disks, look, nvidia_cards, template
from affouage.footprint.machine import read_machine

TODAY = "2026-11-22"


def test_what_the_driver_names_is_found_again() -> None:
    seen = Seen(
        id="tower",
        day=TODAY,
        cards=(
            SeenCard("NVIDIA GeForce RTX 3090", 24.0),
            SeenCard("NVIDIA GeForce RTX 4060 Ti", 15.996),
            SeenCard("Tesla P40", 22.5),  # what is left of its memory with error correction
        ),
    )
    found = read_machine(template(seen), today=TODAY)
    assert [part.model for part in found.parts] == [
        "desktop",
        "GeForce RTX 3090",
        "GeForce RTX 4060 Ti 16GB",
        "Tesla P40",
    ]


def test_a_card_nobody_knows_is_left_for_its_owner() -> None:
    text = template(Seen(id="tower", day=TODAY, cards=(SeenCard("NVIDIA GeForce RTX 9999", 64.0),), laptop=True))
    assert [part.model for part in read_machine(text, today=TODAY).parts] == ["laptop"]
    assert "# vram_gb = 64" in text
    block = text[text.index("# [[part]]") :].split("\n\n")[0]
    added = read_machine(text + "\n" + re.sub("^# ", "", block, flags=re.M), today=TODAY)
    assert added.parts[-1].gwp_kg is not None


def test_the_commented_parts_can_be_used() -> None:
    text = template(Seen(id="tower", day=TODAY, memory_gb=31.2, disks=(("ssd", 1000.2), ("hdd", 4000.8))))
    head, _, parts = text.partition("# ... or, instead of the computer above")
    rows = "\n".join(line.removeprefix("# ").removeprefix("#") for line in parts.splitlines()[1:])
    alone = head.replace('[[part]]\nkind = "computer"\nmodel = "desktop"', "") + rows
    kinds = [part.kind for part in read_machine(alone, today=TODAY).parts]
    assert kinds == ["motherboard", "cpu", "psu", "case", "ram", "ssd", "hdd"]


hosts = st.text(alphabet="abcXYZ019._-", min_size=1, max_size=30)


@given(hosts, st.text(max_size=30), st.lists(st.builds(SeenCard, st.text(max_size=20), st.floats(0, 1e6)), max_size=3))
def test_it_can_be_read_whatever_was_seen(host: str, processor: str, cards: list[SeenCard]) -> None:
    seen = Seen(id=host, day=TODAY, processor=processor, cards=tuple(cards), memory_gb=0.2)
    assert read_machine(template(seen), today=TODAY).id == host
    odd = template(Seen(id="tour de Zoé", day=TODAY))
    assert read_machine(odd, today=TODAY).id == "tour-de-Zo-"


def test_disks_are_read_from_the_system(tmp_path: Path) -> None:
    for name, sectors, turns in (("sda", "2000000", "1"), ("nvme0n1", "4000000", "0"), ("loop0", "9", "0")):
        (tmp_path / name / "queue").mkdir(parents=True)
        (tmp_path / name / "size").write_text(sectors + "\n")
        (tmp_path / name / "queue" / "rotational").write_text(turns + "\n")
    (tmp_path / "sdb").mkdir()  # says nothing
    assert disks(tmp_path) == (("ssd", 2.048), ("hdd", 1.024))
    assert disks(tmp_path / "nowhere") == ()


def test_looking_at_this_very_machine() -> None:
    seen = look("here", TODAY)
    assert seen.memory_gb is not None
    assert seen.memory_gb > 0
    assert isinstance(nvidia_cards(), tuple)
    assert read_machine(template(seen), today=TODAY).parts
