"""How a computer run by Slurm is described, what its words mean, and what its counter tells. Pure."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage import errors
from affouage.adapters.trainers.elsewhere import AWAY, WITHDRAWN
from affouage.adapters.trainers.slurm import job_name, parameters
from affouage.adapters.trainers.slurm_words import (
    ENDS,
    FAILED,
    REASONS,
    SUSPENDED,
    ending,
    reason,
    refusal,
    seen,
    words_of,
)
from affouage.cli.train_bundle_words import PLACES, SENTENCES
from affouage.training.site import Site, checked, read_site, read_sites, sbatch_options, shell_lines
from affouage.training.site_energy import FIELDS, command, read_told

JEAN_ZAY = """
account = "abc@v100"
constraint = "v100-32g"
time_minutes = 1200
cpus = 10
gpus = 1
modules = ["pytorch-gpu/py3/2.6.0"]
variables = { HF_HOME = "/lustre/abc/it's here" }
"""


def described(home: Path, text: str, name: str = "jean-zay") -> Path:
    (home / "sites").mkdir(parents=True, exist_ok=True)
    (home / "sites" / f"{name}.toml").write_text(text, encoding="utf-8")
    return home


def test_a_site_is_read_with_its_conventions(home: Path) -> None:
    name, site = read_site(described(home, JEAN_ZAY))
    assert name == "jean-zay"
    options = sbatch_options(site)
    assert options["account"] == "abc@v100"
    assert options["constraint"] == "v100-32g"
    assert options["time"] == "20:00:00"
    assert options["gres"] == "gpu:1"
    assert options["hint"] == "nomultithread"
    assert "mem" not in options
    lines = shell_lines(site)
    assert lines[:2] == ["module purge", "module load pytorch-gpu/py3/2.6.0"]
    assert "export HF_HUB_OFFLINE=1" in lines
    asked = parameters(site, "affouage-x")
    assert asked["signal_delay_s"] == 120
    assert asked["additional_parameters"] == {"hint": "nomultithread", "requeue": True}


def test_time_is_always_told_and_offline_unless_said_otherwise() -> None:
    assert sbatch_options(Site())["time"] == "01:00:00"
    assert not any("OFFLINE" in line for line in shell_lines(Site(offline=False)))


def test_the_only_site_needs_no_name_and_several_do(home: Path) -> None:
    with pytest.raises(errors.NotFound) as none:
        read_site(home)
    assert "sites" in none.value.remedy
    described(home, "", "a")
    assert read_site(home)[0] == "a"
    described(home, "", "b")
    assert read_sites(home) == ["a", "b"]
    with pytest.raises(errors.NotFound) as which:
        read_site(home)
    assert "a, b" in which.value.remedy
    with pytest.raises(errors.NotFound):
        read_site(home, "../a")


@pytest.mark.parametrize(
    "text",
    [
        "accout = 'abc'",
        "time_minutes = 'long'",
        "time_minutes = 0",
        "time_minutes = 6001",
        "account = 'a b'",
        "account = 'x\\n#SBATCH --wrap'",
        "constraint = '$(id)'",
        "modules = ['a; rm -rf /']",
        "variables = { 'A B' = 'x' }",
        'variables = { A = "x\\ny" }',
        "checkpoint_s = 3600",
        "this is no TOML",
        "python = '/usr/bin/python3; id'",
    ],
)
def test_what_cannot_be_an_option_is_refused_with_its_key(home: Path, text: str) -> None:
    with pytest.raises(errors.SettingsError) as refused:
        read_site(described(home, text))
    assert refused.value.code == "site_file"
    assert "jean-zay.toml" in refused.value.message
    assert refused.value.remedy


@given(st.text(min_size=1, max_size=40))
def test_no_value_of_a_site_escapes_from_its_line(text: str) -> None:
    for field in ("account", "partition", "constraint", "qos", "hint"):
        try:
            site = checked(msgspec.structs.replace(Site(), **{field: text}))
        except errors.SettingsError:
            continue
        told = sbatch_options(site)[field]
        assert not set(told) & set(" \t\r\n'\"`$;<>\\#!~")
    try:
        site = checked(Site(variables={"A": text}))
    except errors.SettingsError:
        return
    line = next(one for one in shell_lines(site) if one.startswith("export A="))
    assert shlex.split(line) == ["export", f"A={text}"]


def test_a_variable_reaches_the_shell_as_it_was_written(home: Path) -> None:
    _, site = read_site(described(home, JEAN_ZAY))
    script = "\n".join(line for line in shell_lines(site) if not line.startswith("module")) + '\necho "$HF_HOME"\n'
    told = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True).stdout
    assert told == "/lustre/abc/it's here\n"


def test_a_job_has_one_name_for_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    assert job_name(tmp_path / "a b") == job_name(tmp_path / "x" / ".." / "a b")
    assert job_name(tmp_path / "a b") != job_name(tmp_path / "a-b")
    assert job_name(tmp_path / "a b").startswith("affouage-a-b-")


@pytest.mark.parametrize(
    ("said", "code", "kind"),
    [
        (
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
            "slurm_account",
            errors.BadRequest,
        ),
        ("sbatch: error: invalid partition specified: nope", "slurm_partition", errors.BadRequest),
        (
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds)",
            "slurm_time",
            errors.BadRequest,
        ),
        ("sbatch: error: Batch job submission failed: Invalid qos specification", "slurm_qos", errors.BadRequest),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit", "slurm_limit", errors.TooMuch),
        (
            "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates"
            " accounting/QOS policy (job submit limit, user's size and/or time limits)",
            "slurm_limit",
            errors.TooMuch,
        ),
        (
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
            "slurm_unreachable",
            errors.Unavailable,
        ),
        ('sbatch: error: Munge encode failed: Failed to access "/x"', "slurm_identity", errors.SetUpError),
        ("sbatch: error: the moon is full", "slurm_refused", errors.BadRequest),
    ],
)
def test_refusals_keep_the_sites_words_and_say_what_would_work(
    said: str, code: str, kind: type[errors.AffouageError]
) -> None:
    error = refusal(said, "jean-zay")
    assert type(error) is kind
    assert error.code == code
    assert error.remedy
    assert words_of(said) in error.message
    assert "jean-zay" in error.message


def test_reasons_and_ends_in_plain_words() -> None:
    assert reason("PENDING", "(Priority)") == "Jobs of others go first."
    assert reason("PENDING", "QOSGrpGRESMinutes") == "The hours of this account are spent."
    assert reason("PENDING", "ReqNodeNotAvail, UnavailableNodes:r1i0n1").startswith("The machines it needs")
    assert reason("PENDING", "None") == ""
    assert reason("PENDING", "SomethingNew") == "Slurm: SomethingNew"
    assert reason("SUSPENDED", "None") == SUSPENDED
    assert ending("COMPLETED", "0:0", "") == ""
    assert ending("FAILED", "3:0", "") == "It failed there. (status 3)"
    assert ending("FAILED", "0:9", "") == "It failed there. (signal 9)"
    assert "time limit" in ending("TIMEOUT", "0:0", "")
    assert "\x1b" not in seen("\x1b[31mred")


def test_every_sentence_of_a_place_has_its_translation() -> None:
    assert {*REASONS.values(), *ENDS.values(), FAILED, SUSPENDED, AWAY, WITHDRAWN} == set(PLACES)
    assert {"slurm_account", "slurm_unreachable", "bundle_results", "site_file"} <= SENTENCES.keys()


def rows(*told: str) -> str:
    return "\n".join(told)


def test_the_counter_is_read_over_every_go_of_a_job() -> None:
    text = rows(
        "4711|REQUEUED|0:0|120000|600|r1i0n1|gpu_p13|billing=1",
        "4711.batch|CANCELLED|0:15|118000|600|r1i0n1||",
        "4711|COMPLETED|0:0|0|300|r1i0n2|gpu_p13|billing=1",
        "4711.batch|COMPLETED|0:0|50000|300|r1i0n2||",
        "4711.extern|COMPLETED|0:0|52000|300|r1i0n2||",
        "4712|COMPLETED|0:0|999|1|x|y|",
        "nothing",
    )
    told = read_told(text, "4711")
    assert told is not None
    assert (told.state, told.goes, told.elapsed_s, told.nodes) == ("COMPLETED", 2, 900, "r1i0n2")
    assert told.energy_uj == (120_000 + 52_000) * 1_000_000  # steps count the same machine: the largest, not the sum


def test_what_slurmdbd_22_05_tells_of_a_job_that_came_back() -> None:
    """As it printed it here, with a database and no counter of energy."""
    text = rows(
        "1|REQUEUED|0:0||1|vm|debug|billing=1,cpu=1,node=1",
        "1.batch|CANCELLED|0:15|0|1|vm||cpu=1,mem=0,node=1",
        "1.0|CANCELLED|0:15|0|1|vm||cpu=1,mem=0,node=1",
        "1|COMPLETED|0:0||3|vm|debug|billing=1,cpu=1,node=1",
        "1.batch|COMPLETED|0:0|0|3|vm||cpu=1,mem=0,node=1",
        "1.0|COMPLETED|0:0|0|3|vm||cpu=1,mem=0,node=1",
    )
    told = read_told(text, "1")
    assert told is not None
    assert (told.state, told.goes, told.elapsed_s, told.energy_uj) == ("COMPLETED", 2, 4, None)


def test_a_counter_that_says_nothing_or_0_is_not_known() -> None:
    for silent in ("", "0", "18446744073709551614", "12.5K", "-3"):
        told = read_told(f"1|COMPLETED|0:0|{silent}|60|n|p|", "1")
        assert told is not None
        assert told.energy_uj is None
    assert read_told("1|COMPLETED|0:0|5|60|n|p|\n1|COMPLETED|0:0|0|60|n|p|", "1").energy_uj is None  # type: ignore[union-attr]
    assert read_told("Slurm accounting storage is disabled", "1") is None
    assert "--duplicates" in command("1")
    assert len(FIELDS) == 8


@given(st.text(), st.integers(0, 10**6).map(str))
def test_anything_read_as_a_counter_is_unknown_or_a_plain_number(text: str, job: str) -> None:
    told = read_told(text, job)
    assert told is None or told.energy_uj is None or told.energy_uj > 0
