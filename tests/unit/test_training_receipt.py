"""What a run's program tells, its receipt that anybody computes again, and the card of what came out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from affouage.catalogue.card import Card, as_toml, load_cards, read_card
from affouage.catalogue.openness import AXES
from affouage.footprint.factors import grid_factors
from affouage.journal import canonical
from affouage.ledger.receipt import Energy
from affouage.training import folder as told
from affouage.training.folder import RunFolder
from affouage.training.runs import cards, receipt
from affouage.training.runs.booked import together
from affouage.training.runs.corpora import CorpusFacts
from affouage.training.runs.plan import Rates
from affouage.training.runs.receipt import Base, Hardware, Made
from affouage.training.runs.store import Run
from affouage.training.runs.story import hear_all, left_s, thinned
from affouage.training.settings import Adapter
from affouage.units import Interval
from tests.integration.training_house import TINY, planned

LORA = msgspec.structs.replace(TINY, kind="lora", shape=None, base="smollm3-3b", adapter=Adapter())


def run_of(settings: Any = TINY) -> Run:
    return Run(
        id="trn_1",
        name="mairie-1",
        created_ms=1_000,
        member_id="mbr_x",
        place="here",
        state="exported",
        touched_ms=9_000,
        settings=settings,
        corpus_sha256="c" * 64,
        plan=planned(TINY),
    )


def facts(**licences: int) -> CorpusFacts:
    return CorpusFacts(
        path=Path("corpus"),
        name="mairie",
        sha256="c" * 64,
        manifest_sha256="d" * 64,
        documents=sum(licences.values()),
        licences=licences or None,
        train_bytes=1,
        held_out_bytes=1,
    )


def progress(step: int, loss: float = 2.0, cpu_us: int = 0) -> told.Progress:
    return told.Progress(
        at_ms=step,
        step=step,
        steps=10,
        tokens=128 * step,
        loss=loss,
        learning_rate=0.1,
        tokens_per_s=64.0,
        cpu_us=cpu_us,
    )


def began(step: int = 0) -> told.Began:
    return told.Began(at_ms=0, step=step, parameters=9, trained=9, device="cpu", threads=1, packages={"torch": "2"})


EVENTS: list[told.Event] = [
    began(),
    told.HeldOut(at_ms=1, step=0, loss=5.0, tokens=9),
    *(progress(step, 5.0 - step / 10, cpu_us=step * 1_000) for step in range(1, 6)),
    told.Checkpoint(at_ms=5, step=5, bytes=7),
    progress(6, 9.0, cpu_us=6_000),
    began(5),  # killed after its sixth step: that one is done again
    progress(6, 4.4, cpu_us=1_500),
    told.HeldOut(at_ms=9, step=10, loss=4.0, tokens=9, best=True),
    told.Evaluated(at_ms=9, perplexity=54.6, recited=1, recited_of=20, french=41, french_of=60),
    told.Exported(at_ms=9, name="model.gguf", bytes=12, sha256="e" * 64),
    told.End(at_ms=10, step=10, reason="done", cpu_us=2_000),
]


def test_a_life_that_goes_on_forgets_what_the_one_before_did_after_its_checkpoint() -> None:
    story = hear_all(EVENTS)
    assert (story.lives, story.step, story.checkpoint_step) == (2, 10, 5)
    assert story.train[-1] == (6, 4.4)
    assert [step for step, _ in story.train] == [1, 2, 3, 4, 5, 6]
    assert story.best == (10, 4.0)
    assert story.cpu_us == 6_000 + 2_000, "the work that was lost was work all the same"
    assert left_s(story, TINY) is None
    going_on = hear_all(EVENTS[:6])
    assert left_s(going_on, TINY) == (10 - 4) * TINY.step_tokens / 64.0


@given(st.integers(0, 1_000), st.integers(2, 60))
def test_a_thinned_curve_keeps_its_ends_and_its_order(length: int, most: int) -> None:
    points = [(step, float(step % 7)) for step in range(length)]
    kept = thinned(points, most)
    assert len(kept) == min(length, most)
    assert kept[:1] + kept[-1:] == points[:1] + points[-1:]
    assert kept == sorted(kept)
    assert set(kept) <= set(points)


def test_the_story_is_read_from_a_folder_whose_last_line_is_torn(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for event in EVENTS[:5]:
        folder.tell(event)
    with folder.events_path.open("ab") as file:
        file.write(b'no event\n{"type":"progress","at_ms":')
    story = hear_all(event for event, _ in folder.events())
    assert story.step == 3


def made(settings: Any = TINY, **more: Any) -> Made:
    given_: dict[str, Any] = {
        "run": run_of(settings),
        "story": hear_all(EVENTS),
        "corpus": facts(**{"etalab-2.0": 60}),
        "base": None,
        "hardware": Hardware(machine="here", processor="p", processors=2, memory_bytes=None),
        "decided": {"rule": "training@3", "proposal": 12},
        "booked": [],
        "grid": grid_factors("FRA"),
        "rates": Rates(eur_per_kwh=0.25),
    }
    return Made(**{**given_, **more})


def measured(uj: int) -> Energy:
    return Energy(
        interval_uj=Interval(uj * 0.9, uj, uj * 1.1),
        static_uj=uj // 2,
        dynamic_uj=uj - uj // 2,
        quality="measured",
        method="plug",
        machine_share_us=5,
    )


def test_the_receipt_is_canonical_and_its_hash_computed_again() -> None:
    content = receipt.receipt(made())
    text, sha256 = receipt.written(content)
    assert sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert canonical.read(text) == content
    assert content["work"] | {"end": "done", "steps": 10, "lives": 2} == content["work"]
    seen = content["evaluation"]
    assert seen | {"perplexity": 54.6, "base_perplexity": None, "recited": 1, "recited_of": 20} == seen
    assert (seen["french"], seen["french_of"], seen["base_french"]) == (41, 60, None)
    leaf = receipt.leaf(content, sha256)
    assert leaf["receipt_sha256"] == sha256
    assert leaf["out_sha256"] == ["e" * 64]
    assert (leaf["rule"], leaf["proposal"]) == ("training@3", 12)
    assert "mbr_x" not in canonical.write(leaf)


def test_energy_is_what_meters_told_and_an_estimate_for_the_rest_said_to_be_one() -> None:
    whole = receipt.receipt(made(booked=[(measured(1_000_000), 8_000)]))
    assert whole["energy"]["interval_uj"]["central"] == 1_000_000
    assert (whole["energy"]["quality"], whole["work"]["cpu_us_no_meter"]) == ("measured", 0)
    half = receipt.receipt(made(booked=[(measured(1_000_000), 4_000)]))
    assert half["energy"]["interval_uj"]["central"] > 1_000_000
    assert (half["energy"]["quality"], half["work"]["cpu_us_no_meter"]) == ("estimated", 4_000)
    assert half["impacts"]["gwp_g"]["central"] > whole["impacts"]["gwp_g"]["central"] > 0
    assert half["money_eur"]["central"] > 0
    site = receipt.receipt(made(booked=[(measured(1), 1)], site_counter=measured(7_000_000)))
    assert site["energy"]["interval_uj"]["central"] == 7_000_000, "a site's own counter stands for the whole job"


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**12)), max_size=6))
def test_stretches_add_up_and_one_that_is_unknown_makes_a_lower_bound(parts: list[int | None]) -> None:
    total = together([Energy() if one is None else measured(one) for one in parts])
    known = [one for one in parts if one is not None]
    assert total.at_least == (None in parts)
    if not known:
        assert total.interval_uj is None
        return
    assert total.interval_uj is not None
    assert total.interval_uj.central == sum(known) == (total.static_uj or 0) + (total.dynamic_uj or 0)
    assert total.quality == ("unknown" if None in parts else "measured")


def out(name: str = "model.gguf") -> told.Exported:
    return told.Exported(at_ms=1, name=name, bytes=12, sha256="e" * 64)


def test_a_model_born_here_is_graded_by_what_its_manifest_tells() -> None:
    free = cards.card(run_of(), facts(**{"etalab-2.0": 3, "CC-BY-4.0": 2}), out(), None, None, "etalab-2.0")
    assert read_card(as_toml(free), "x") == free
    assert (free.base, free.trained_by, free.openness.training_data.level) == (None, "trn_1", "open")
    assert free.openness.weights.level == "partial", "nothing is put online"
    assert free.openness.licence.level == "open"
    consented = cards.card(run_of(), facts(**{"LicenseRef-member-consent": 1}), out(), None, None, None)
    assert (consented.openness.training_data.level, consented.openness.licence.level) == ("partial", "unknown")
    assert cards.card(run_of(), facts(), out(), None, None, None).openness.training_data.level == "unknown"


def test_an_adapter_is_never_more_open_than_its_base() -> None:
    rank = {"unknown": 0, "closed": 1, "partial": 2, "open": 3}
    corpus = facts(**{"etalab-2.0": 3})
    alone = cards.card(run_of(LORA), corpus, out("adapter.gguf"), None, None, None)
    for base in load_cards(None).values():
        made_on = cards.card(
            run_of(msgspec.structs.replace(LORA, base=base.id)), corpus, out("adapter.gguf"), None, base, None
        )
        assert isinstance(made_on, Card)
        assert (made_on.base, made_on.grade, made_on.licence) == (base.id, base.grade, base.licence)
        assert read_card(as_toml(made_on), "x") == made_on
        for axis in AXES:
            mine, theirs = made_on.openness.axis(axis).level, base.openness.axis(axis).level
            assert rank[mine] <= rank[theirs] or axis == "licence"
            if axis != "licence":
                assert rank[mine] <= rank[alone.openness.axis(axis).level]


def test_the_receipt_names_its_base() -> None:
    content = receipt.receipt(made(LORA, base=Base(id="smollm3-3b", sha256="b" * 64, licence="Apache-2.0")))
    assert content["base"] == {"id": "smollm3-3b", "sha256": "b" * 64, "licence": "Apache-2.0"}
    assert receipt.leaf(content, "x")["base_sha256"] == "b" * 64
