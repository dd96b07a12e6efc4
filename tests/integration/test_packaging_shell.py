"""Completion in a real shell, and the manual as the real ``man`` reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from affouage.cli import main
from affouage.cli.installed import SHELLS
from affouage.cli.man_page import escaped, pages

SYNTAX = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.fixture(scope="module")
def manual() -> dict[str, str]:
    return pages(main)


def script(shell: str) -> str:
    said = CliRunner().invoke(main, ["completion", shell])
    assert said.exit_code == 0, said.output
    return said.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_the_command_and_is_one_of_its_shell(shell: str, tmp_path: Path) -> None:
    text = script(shell)
    assert f"_AFFOUAGE_COMPLETE={shell}_complete" in text
    if shutil.which(SYNTAX[shell][0]):
        (tmp_path / "script").write_text(text)
        subprocess.run([*SYNTAX[shell], str(tmp_path / "script")], check=True, timeout=30)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin", "LC_ALL": "C.UTF-8", **more}


def test_bash_completes_commands_words_and_options(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("missing: bash")
    (tmp_path / "script").write_text(script("bash"))

    def completed(*words: str) -> list[str]:
        line = " ".join(f'"{word}"' for word in words)
        ask = (
            f"source {tmp_path}/script; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
            '_affouage_completion affouage; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        run = ["bash", "--norc", "-c", ask]
        said = subprocess.run(run, env=environment(), capture_output=True, text=True, check=True, timeout=60)
        return said.stdout.split()

    assert completed("affouage", "mem") == ["members"]
    assert {"create", "list", "revoke"} == set(completed("affouage", "keys", ""))
    assert "--offline" in completed("affouage", "up", "--off")
    assert completed("affouage", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_ask_and_are_answered(shell: str) -> None:
    words = {
        "COMP_WORDS": "affouage doc" if shell == "zsh" else "affouage",
        "COMP_CWORD": "1" if shell == "zsh" else "doc",
    }
    program = str(Path(sys.executable).with_name("affouage"))
    environ = environment(_AFFOUAGE_COMPLETE=f"{shell}_complete", **words)
    said = subprocess.run([program], env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert "doctor" in said.stdout
    assert "members" not in said.stdout


def test_a_key_pressed_imports_no_command(tmp_path: Path) -> None:
    """Else every press of the key would wait for all of them."""
    ask = (
        "import sys, click; from affouage.cli import main; "
        "items = main.shell_complete(click.Context(main), 'j'); "
        "print([one.value for one in items], any('cli.journal' in name for name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "['journal'] False"


# --- The manual -------------------------------------------------------------------------------------------------------


def walk(path: tuple[str, ...], command: click.Command) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            following = command.get_command(context, name)
            assert following is not None
            found += walk((*path, name), following)
    return found


def test_every_command_and_option_is_in_the_manual(manual: dict[str, str]) -> None:
    for path, command in walk((), main):
        page = manual["affouage.1" if not path else f"affouage-{path[0]}.1"]
        assert escaped(" ".join(("affouage", *path))) in page
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) and not parameter.hidden else ():
                assert escaped(option) in page, (path, option)


def test_man_reads_every_page_without_a_warning(manual: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("missing: man, groff")
    said = CliRunner().invoke(main, ["man", str(tmp_path / "man1")])
    assert said.exit_code == 0, said.output
    assert {one.name for one in (tmp_path / "man1").iterdir()} == set(manual)
    for name in sorted(manual):
        read = subprocess.run(
            ["groff", "-k", "-man", "-Tutf8", "-ww", "-b", str(tmp_path / "man1" / name)],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert read.stderr == "", (name, read.stderr[:400])
    shown = subprocess.run(
        ["man", "-l", str(tmp_path / "man1" / "affouage-keys.1")],
        env=environment(MANPAGER="cat", MANWIDTH="100"),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    assert "affouage keys create Ali --days 90 --scope inference --json" in shown, "examples can be copied"


@given(st.text(alphabet="abc .'\\-\"\n", max_size=30))
def test_no_text_is_taken_for_an_order(text: str) -> None:
    from affouage.cli.man_page import _line

    line = _line(text.replace("\n", " "))
    assert not line.startswith((".", "'"))
    assert line.replace("\\&", "").replace("\\e", "\0").replace("\\-", "-").replace("\\(dq", '"').replace(
        "\0", "\\"
    ) == text.replace("\n", " ")


def test_a_folder_that_cannot_be_written_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = CliRunner().invoke(main, ["man", str(tmp_path / "file" / "man1")])
    assert said.exit_code == 2
    assert "Choose a folder where this user may write." in said.stderr
