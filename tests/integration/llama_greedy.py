"""``python llama_greedy.py MODEL ADAPTER|- CONTEXT THREADS``: llama.cpp's server in 32 bits, until its stdin ends.

In a process of its own: now and then the library's server waits for ever when it is taken down.
"""

from __future__ import annotations

import os
import sys

import xllamacpp


def main(model: str, adapter: str, context_tokens: str, threads: str) -> None:
    chosen = xllamacpp.CommonParams()
    chosen.model.path = model
    chosen.n_ctx, chosen.n_parallel, chosen.port, chosen.hostnames = int(context_tokens), 1, 0, ["127.0.0.1"]
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = int(threads)
    chosen.fit_params, chosen.ui, chosen.use_jinja, chosen.warmup = False, False, True, False
    chosen.cache_type_k = chosen.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    if adapter != "-":
        chosen.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter, 1.0)]
    server = xllamacpp.Server(chosen)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
