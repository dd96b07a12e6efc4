"""``python -m affouage.adapters.engines.llama_child``: llama.cpp's own server, alone in a process.

Reads its configuration from stdin (see ``llama_cpp.py``), says ``ready`` with its address, ends when stdin does. It
listens on the Unix socket that it is told, in its own folder; without one (a neighbour's server, in tests) on loopback.
The variables that keep OpenMP from burning a core while it waits are set by the parent, before this process starts.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from affouage.adapters.engines.child_side import ParentLine

NEEDED_X86 = ("avx2", "fma", "f16c", "bmi2")


def missing_features(cpuinfo: str) -> list[str]:
    """Instructions the library was built for and the text of ``/proc/cpuinfo`` lacks; [] when it tells none."""
    for line in cpuinfo.splitlines():
        if line.startswith("flags"):
            flags = line.partition(":")[2].split()
            return [name for name in NEEDED_X86 if name not in flags]
    return []


def _refused_by_processor() -> str | None:
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.exists():
        return None
    missing = missing_features(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    return f"this processor lacks {', '.join(missing)} (it is older than 2013)" if missing else None


def _parameters(config: dict[str, Any]) -> Any:
    """llama.cpp's parameters. ``context_tokens`` is per slot; llama.cpp counts them all together."""
    import xllamacpp

    chosen = xllamacpp.CommonParams()
    chosen.model.path = config["path"]
    chosen.model_alias = [config["model_id"]]
    chosen.n_parallel = config["slots"]
    chosen.n_ctx = config["slots"] * config["context_tokens"]
    chosen.n_batch = config["batch_tokens"]
    chosen.n_ubatch = config["batch_tokens"]
    chosen.cpuparams.n_threads = config["threads"]
    chosen.cpuparams_batch.n_threads = config["threads"]
    chosen.n_threads_http = config["slots"] + 4
    chosen.cache_ram_mib = config["prompt_cache_mib"]
    chosen.fit_params = False  # the context is ours to choose, not the library's to shrink
    chosen.use_jinja = True
    chosen.ui = False
    chosen.endpoint_slots = True
    chosen.hostnames = [config.get("socket", "127.0.0.1")]  # a name in .sock is a Unix socket
    chosen.port = 0
    chosen.api_keys = [config["key"]]
    if config.get("adapters"):
        chosen.lora_init_without_apply = True  # each request says what it wants of each
        chosen.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 0.0) for path in config["adapters"]]
    return chosen


def _served(config: dict[str, Any]) -> tuple[Any, str]:
    """The server, and why it runs without its adapters ("" when it has them): one that is bad must not take its base
    away from everybody. Raises whatever the library throws."""
    import xllamacpp

    try:
        return xllamacpp.Server(_parameters(config)), ""
    except Exception as refused:
        if not config.get("adapters"):
            raise
        if name := config.get("socket"):
            Path(name).unlink(missing_ok=True)  # what it listened on until then
        return xllamacpp.Server(_parameters({**config, "adapters": []})), str(refused) or type(refused).__name__


def main() -> None:
    line = ParentLine()
    if reason := _refused_by_processor():
        line.failed(reason, "Use another machine, or an OpenAI-compatible server: docs/how-to/add-an-engine.md.")
        return
    try:
        import xllamacpp

        server, without = _served(line.config)
    except Exception as refused:  # whatever the library throws is the parent's to tell
        line.failed(str(refused) or type(refused).__name__)
        return
    line.ready(address=server.listening_address, version=xllamacpp.__version__, without=without)
    line.wait_for_end()
    os._exit(0)  # at once: the library's own shutdown may wait for answers nobody reads


if __name__ == "__main__":
    main()
