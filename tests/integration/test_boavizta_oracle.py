"""Our figures of parts against BoaviztAPI's own, in its own environment (it is never imported by the product)."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from affouage.footprint import gpu_model
from affouage.footprint.gpu_model import CardFacts, Making, exact
from affouage.footprint.parts import Archetype, archetype_making, facts_of, find_card, known_archetypes
from tests.conftest import ROOT, missing

ORACLE = ROOT / ".venv" / "oracle" / "bin" / "python"

# What it answers is rounded for its own interface only; here its model objects are asked, unrounded.
PROGRAM = """
import json, sys
from boaviztapi.compute.impacts_computation import compute_single_impact
from boaviztapi.dto.component import cpu, disk, gpu, other, ram

MAKERS = {
    "gpu": lambda more: gpu.mapper_gpu(gpu.GPU(**more)),
    "ram": lambda more: ram.mapper_ram(ram.RAM(**more)),
    "ssd": lambda more: disk.mapper_ssd(disk.Disk(type="ssd", **more)),
    "hdd": lambda more: disk.mapper_hdd(disk.Disk(type="hdd", **more)),
    "cpu": lambda more: cpu.mapper_cpu(cpu.CPU(**more)),
    "psu": lambda more: other.mapper_power_supply(other.PowerSupply(**more)),
    "motherboard": lambda more: other.mapper_motherboard(other.Motherboard(**more)),
}
for kind, more in json.load(sys.stdin):
    found = []
    for criterion in ("gwp", "adp", "pe"):
        part = MAKERS[kind](more)
        part.usage.hours_life_time.set_input(1.0)  # asked for longer than that, it charges the whole making
        found.append(compute_single_impact(part, "embedded", criterion, duration=2.0).value)
    print(json.dumps(found))
"""


def ask(*parts: tuple[str, dict[str, Any]]) -> list[list[float]]:
    if not ORACLE.exists():
        missing("BoaviztAPI, in an environment of its own: .venv/oracle")
    done = subprocess.run(
        [str(ORACLE), "-c", PROGRAM],
        input=json.dumps(parts),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def centrals(cost: Making) -> list[float]:
    assert cost.gwp_kg is not None
    assert cost.adpe_kg_sb is not None
    assert cost.primary_energy_mj is not None
    return [cost.gwp_kg.central, cost.adpe_kg_sb.central, cost.primary_energy_mj.central]


def test_graphics_cards_it_knows_by_name() -> None:
    pairs = {
        "NVIDIA GTX 1080 Ti": "GeForce GTX 1080 Ti",
        "NVIDIA RTX A4500": "RTX A4500",
        "NVIDIA P100": "Tesla P100 PCIe 16GB",
        "NVIDIA Tesla P4": "Tesla P4",
        "NVIDIA T4": "Tesla T4",
        "NVIDIA L4": "L4",
        "NVIDIA A100 PCIe 40GB": "A100 PCIe 40GB",
        "NVIDIA H100 SXM 80GB": "H100 SXM 80GB",
    }
    theirs = ask(*(("gpu", {"name": name}) for name in pairs))
    for name, found in zip(pairs.values(), theirs, strict=True):
        assert centrals(gpu_model.making(facts_of(find_card(name))[0])) == pytest.approx(found, rel=1e-6), name


def test_cards_described_by_their_facts() -> None:
    described = [
        {"gpu_surface": 1500.0, "vram": 8, "vram_dies": 8, "pwb_surface": 250.0},
        {"gpu_surface": 300.5, "vram": 24, "vram_dies": 12, "pwb_surface": 93.0},
        {"gpu_surface": 2900.0, "vram": 96, "vram_dies": 32, "pwb_surface": 310.0},
    ]
    masses = {"casing_weight": 0.3, "heatsink_weight": 0.6, "weight": 1.1}
    theirs = ask(*(("gpu", {**one, **masses}) for one in described))
    for one, found in zip(described, theirs, strict=True):
        card = CardFacts(
            die_mm2=1.0,
            wafer_mm2=float(one["gpu_surface"]),
            vram_gb=float(one["vram"]),
            vram_chips=int(one["vram_dies"]),
            board_cm2=exact(float(one["pwb_surface"])),
            casing_kg=exact(0.3),
            heatsink_kg=exact(0.6),
            mass_kg=exact(1.1),
        )
        assert centrals(gpu_model.making(card)) == pytest.approx(found, rel=1e-6)


def archetype(kind: str) -> Archetype:
    return next(one for one in known_archetypes() if one.kind == kind)


def test_the_other_parts() -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("cpu", {"die_size": 200.0}),
        ("motherboard", {}),
        ("psu", {"unit_weight": 2.0}),
        ("hdd", {"capacity": 1000}),
        ("ram", {"capacity": 16, "density": 1 / archetype("ram").amount_per_key[1]}),
        ("ssd", {"capacity": 1000, "density": 1 / archetype("ssd").amount_per_key[1]}),
    ]
    keys = {"cpu": 200.0, "psu": 2.0, "ram": 16.0, "ssd": 1000.0}
    for (kind, _), found in zip(asked, ask(*asked), strict=True):
        assert centrals(archetype_making(archetype(kind), keys.get(kind))) == pytest.approx(found, rel=1e-6), kind
