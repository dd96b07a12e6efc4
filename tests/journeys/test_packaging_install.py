"""The wheel holds what it must and nothing else; and the steps of the Containerfile, run as the plain shell they are,
end with a commons that serves from an empty folder, under the memory rule of the systemd unit."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage import __version__

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "packaging" / "Containerfile"
PLACES = re.compile(r"(?<![\w./])/(?=(opt/affouage|var/lib/affouage|build|dist|src)\b)")
"""The absolute folders of the recipe, which stand under a folder of the test instead of under the root."""
_PR_SET_MDWE = 65


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sdist and wheel, by the build back end that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


def sources() -> set[str]:
    package = ROOT / "src" / "affouage"
    found = {one.relative_to(package.parent).as_posix() for one in package.rglob("*") if one.is_file()}
    return {one for one in found if "__pycache__" not in one}


def test_the_wheel_holds_the_whole_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith(f"affouage-{__version__}.dist-info/")}
        records = [name for name in wheel.namelist() if name not in names]
        entry = wheel.read(f"affouage-{__version__}.dist-info/entry_points.txt").decode()
        metadata = wheel.read(f"affouage-{__version__}.dist-info/METADATA").decode()
    assert names == sources()
    assert {Path(one).suffix for one in names} >= {
        ".py",
        ".html",
        ".css",
        ".js",
        ".toml",
        ".po",
        ".md",
        ".mako",
        ".typ",
    }
    assert "affouage = affouage.__main__:main" in entry
    assert any(name.endswith("licenses/LICENSE") for name in records)
    assert "License-Expression: AGPL-3.0-or-later" in metadata
    assert not [name for name in names if name.endswith((".pth", ".pyc", ".so", ".gguf", ".db"))]


def test_the_sdist_can_be_built_from_and_holds_no_data(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {one.name.partition("/")[2] for one in archive.getmembers()}
        largest = max(archive.getmembers(), key=lambda one: one.size)
    assert {"pyproject.toml", "README.md", "LICENSE", "requirements.txt", "Makefile"} <= names
    assert {f"src/{one}" for one in sources()} <= names
    assert not [name for name in names if name.startswith((".venv", ".cache", ".git/", "build/"))]
    assert largest.size < 3_000_000, largest.name


class Recipe:
    """What of the Containerfile is plain shell: its stages, each a list of instructions."""

    def __init__(self, text: str) -> None:
        lines = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.M)).splitlines()
        self.steps = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]

    def of(self, word: str) -> list[str]:
        return [rest for name, rest in self.steps if name == word]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe(CONTAINERFILE.read_text(encoding="utf-8"))


def test_the_recipe_is_closed_and_says_what_it_copies(recipe: Recipe) -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in recipe.steps} == known | {"HEALTHCHECK"}
    assert recipe.of("USER") == ["10001:10001"], "never root"
    assert all("--require-hashes" in one or "--no-index" in one for one in recipe.of("RUN") if "pip install" in one)
    assert any("libgomp1" in one for one in recipe.of("RUN")), "the engine is linked with it"
    allowed = (ROOT / ".containerignore").read_text(encoding="utf-8").split()
    assert allowed[0] == "*", "nothing is sent to the builder unless it is named"
    for copied in recipe.of("COPY"):
        for name in [] if copied.startswith("--from") else copied.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert any(Path(name).match(one.removeprefix("!")) for one in allowed if one.startswith("!")), name
    check = json.loads(recipe.of("HEALTHCHECK")[0].partition("CMD ")[2])
    compile(check[2], "healthcheck", "exec")
    assert "/healthz" in check[2]


LOCKED = re.compile(r"(\S+)/bin/python -m pip install .*--require-hashes")


@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fetched", [False, pytest.param(True, marks=pytest.mark.long)])
def test_its_steps_end_with_a_commons_that_serves(recipe: Recipe, tmp_path: Path, fetched: bool) -> None:
    """The road of a newcomer: an empty folder, an empty environment, the locked packages, the wheel, ``up``.

    ``fetched``: the packages come anew, as there (a minute: `pytest -m long` on this file); else from this environment.
    """
    lent: list[Path] = []
    image = tmp_path / "image"
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    folder = image
    for word, rest in recipe.steps:
        placed = PLACES.sub(f"{image}/", rest)
        if word == "WORKDIR":
            folder = Path(placed)
            folder.mkdir(parents=True)
        elif word == "COPY" and not rest.startswith("--from"):
            *names, _ = rest.split()
            copy(names, folder)
        elif word == "ENV":
            environ |= dict(pair.split("=", 1) for pair in placed.split())
        elif word == "RUN" and not rest.startswith("apt-get"):  # the image's own system, not this one
            mine = placed.replace("-o 10001 -g 10001", f"-o {os.getuid()} -g {os.getgid()}")
            locked = None if fetched else LOCKED.match(mine)
            if locked:
                lent.append(Path(locked[1]))
            else:
                if "-m pip" not in mine:  # pip would take our own affouage for an installed one
                    lend(lent)
                subprocess.run(
                    ["/bin/sh", "-euc", mine], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL
                )
    shutil.rmtree(image / "src")  # not in the second stage, nor what built it
    shutil.rmtree(image / "build")
    assert (image / "var/lib/affouage").stat().st_mode & 0o777 == 0o700
    serve(recipe, environ, tmp_path)


def lend(environments: list[Path]) -> None:
    """Packages of this environment are found there from now on; its own affouage, which is a .pth, is not."""
    for one in environments:
        (site,) = one.glob("lib/python*/site-packages")
        (site / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")


def copy(names: list[str], folder: Path) -> None:
    for name in names:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, folder / name)


def serve(recipe: Recipe, environ: dict[str, str], tmp_path: Path) -> None:
    """As its entry point says, on another port, where there is nothing; then its own check of health."""
    empty = tmp_path / "empty"
    empty.mkdir()
    program = shutil.which(json.loads(recipe.of("ENTRYPOINT")[0])[0], path=environ["PATH"])
    assert program is not None
    version = subprocess.run([program, "--version"], cwd=empty, env=environ, check=True, capture_output=True, text=True)
    assert version.stdout == f"affouage, version {__version__}\n"
    where = [str(Path(program).with_name("python")), "-c", "import affouage; print(affouage.__file__)"]
    found = subprocess.run(where, cwd=empty, env=environ, check=True, capture_output=True, text=True).stdout
    assert Path(found).is_relative_to(tmp_path / "image"), "the wheel's, not that of the sources"
    words = [program, *json.loads(recipe.of("CMD")[0]), "--port", "8490"]
    with subprocess.Popen(
        words,
        cwd=empty,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=no_new_code,
    ) as process:
        try:
            url = address(process)
            with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
                assert json.loads(answer.read()) == {"status": "ok"}
            with urllib.request.urlopen(url, timeout=10) as page:
                assert "text/html" in page.headers["content-type"]
            check = json.loads(recipe.of("HEALTHCHECK")[0].partition("CMD ")[2])
            port = url.rsplit(":", 1)[1]
            subprocess.run([sys.executable, "-c", check[2].replace("8420", port)], check=True, timeout=30)
        finally:
            process.send_signal(getattr(signal, recipe.of("STOPSIGNAL")[0]))
            assert process.wait(timeout=30) == 0
    assert list(empty.iterdir()) == [], "nothing is written where it is started"


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = []
    deadline = time.monotonic() + 60
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found.group()
        assert time.monotonic() < deadline
    raise AssertionError("".join(said))


def no_new_code() -> None:
    """MemoryDenyWriteExecute= of the unit, in a kernel's own words (Linux 6.3); where it has none, as it is."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_MDWE, 1, 0, 0, 0)


# --- The systemd unit -------------------------------------------------------------------------------------------------

UNIT = ROOT / "packaging" / "affouage.service"


def values() -> Iterator[tuple[str, str]]:
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def test_what_the_unit_starts_is_a_command_with_options_that_exist() -> None:
    import click

    from affouage.cli import main

    program, name, *options = next(value for key, value in values() if key == "ExecStart").split()
    assert program == "/opt/affouage/bin/affouage", "where the Containerfile and the how-to install it"
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert set(options) <= {text for one in command.params for text in one.opts}
    told = dict(values())
    home = told["Environment"].removeprefix("AFFOUAGE_HOME=")
    assert home == f"/var/lib/{told['StateDirectory']}"
    howto = (ROOT / "docs" / "how-to" / "run-as-a-service.md").read_text(encoding="utf-8")
    for place in (program, home, told["EnvironmentFile"].removeprefix("-"), "packaging/affouage.service"):
        assert place in howto, place


def test_systemd_reads_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    analyse = shutil.which("systemd-analyze")
    if analyse is None:
        pytest.skip("missing: systemd-analyze")
    copied = tmp_path / "affouage.service"
    text = UNIT.read_text(encoding="utf-8")
    copied.write_text(text.replace("/opt/affouage/bin/affouage", str(Path(sys.executable).with_name("affouage"))))
    said = subprocess.run([analyse, "verify", "--man=no", str(copied)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    security = [analyse, "security", "--offline=true", "--no-pager", "--threshold=20", str(copied)]
    judged = subprocess.run(security, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-400:]
