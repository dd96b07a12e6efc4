"""A real llama.cpp server for tests, started by our own child program: what a member's llama-server looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY = "key-of-a-neighbour"
ALIAS = "leur-modele"


@contextmanager
def llama_server(model: Path, *, slots: int = 2, context_tokens: int = 8192) -> Iterator[str]:
    """The address (with /v1) of a server of ``model`` under the name :data:`ALIAS`, with the key :data:`KEY`."""
    config = {
        "path": str(model),
        "model_id": ALIAS,
        "slots": slots,
        "context_tokens": context_tokens,
        "batch_tokens": 64,
        "prompt_cache_mib": 0,
        "threads": 1,
        "key": KEY,
        "parent": os.getpid(),
    }
    command = [sys.executable, "-I", "-m", "affouage.adapters.engines.llama_child"]
    environment = {**os.environ, "GOMP_SPINCOUNT": "0", "OMP_WAIT_POLICY": "passive"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **pipes) as child:  # type: ignore[call-overload]
        child.stdin.write(json.dumps(config).encode() + b"\n")
        child.stdin.flush()
        ready = json.loads(child.stdout.readline())
        assert ready["event"] == "ready", ready
        yield f"{ready['address']}/v1"
        child.stdin.close()
        child.wait(timeout=10)  # what a neighbour's server says as it ends is its own affair
