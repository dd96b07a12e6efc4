"""A line of the log says what happened and where, and never what somebody wrote."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.cli.log_lines import said, write_log
from affouage.settings import LogSettings

SECRET = "ma voisine est malade"


@pytest.fixture
def alone() -> Iterator[logging.Logger]:
    """The root logger without the handlers of pytest, and given back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    yield root
    root.handlers[:] = before
    root.setLevel(level)


def written(monkeypatch: pytest.MonkeyPatch, settings: LogSettings) -> io.StringIO:
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    write_log(settings)
    return output


def fail() -> None:
    raise ValueError(SECRET)


@pytest.mark.parametrize("form", ["text", "json"])
def test_errors_are_told_by_kind_and_place(form: str, alone: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    output = written(monkeypatch, LogSettings(format=form))
    try:
        fail()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    logging.getLogger("affouage.queue").warning("the queue waits: %s", "disk")
    logging.getLogger("affouage.queue").info("nobody asked")
    lines = output.getvalue().splitlines()
    assert SECRET not in output.getvalue()
    assert len(lines) == 2, "info is under the level; an error takes one line"
    if form == "text":
        assert lines[0].startswith("Exception in ASGI application (ValueError at ")
        assert lines[1] == "the queue waits: disk"
        return
    first, second = (json.loads(one) for one in lines)
    assert first["error"].startswith("ValueError at ")
    assert first["error"].rpartition(":")[0].endswith("test_operations_log.py")
    assert set(second) == {"at", "level", "logger", "message"}
    assert (second["level"], second["logger"], second["message"]) == (
        "warning",
        "affouage.queue",
        "the queue waits: disk",
    )


def test_the_error_of_a_lost_task_is_not_quoted(alone: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio quotes it twice: in the message and as an error."""
    output = written(monkeypatch, LogSettings(format="json"))

    async def lose() -> None:
        async def work() -> None:
            fail()

        task = asyncio.create_task(work())
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(lose())
    (line,) = output.getvalue().splitlines()
    assert SECRET not in line
    assert json.loads(line)["message"] == "Task exception was never retrieved"
    assert json.loads(line)["error"].startswith("ValueError at ")


@given(st.text(max_size=200), st.sampled_from(["affouage.node", "asyncio", "affouagex"]))
def test_any_message_is_one_line(text: str, name: str) -> None:
    record = logging.LogRecord(name, logging.ERROR, "here", 1, "%s", (text,), None)
    told = said(record)
    assert told == " ".join(told.split())
    if name != "affouage.node":
        assert told == " ".join(text.partition("\n")[0].split())
