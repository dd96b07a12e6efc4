"""The programs people already have, against the real server: ``openai``, ``llm``, ``curl``.

The examples of the guide are taken out of it and run as they stand.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.conftest import ROOT
from tests.contracts.tiny_gguf import DICE_PROMPT, INFILL, SENTENCE

GUIDE = ROOT / "docs" / "how-to" / "use-from-openai-clients.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
DOCUMENTED_ADDRESS = "http://127.0.0.1:8420"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[LiveCommons]:
    """Real llama.cpp with a tiny model that always recites the same sentence, and the real embedder."""
    home = tmp_path_factory.mktemp("clients") / "home"
    chosen = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "tiny", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=home)
    clock = SystemClock()
    dying = EchoEngine("dying")
    dying.fail_after_words = 2
    engines = [
        LlamaCppEngine(model_id="tiny", path=tiny_model, file_sha256=None, settings=chosen.engine, clock=clock),
        UsemEmbedder(settings=chosen.engine, clock=clock),
        dying,
    ]
    with serving(chosen, engines=engines) as running:
        yield running


@pytest.fixture(scope="module")
def client(live: LiveCommons) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=live.api_key(), max_retries=0, timeout=60) as client:
        yield client


def environment(live: LiveCommons, tmp_path: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        "PATH": path,
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "LLM_USER_PATH": str(tmp_path / "llm"),
        "AFFOUAGE_URL": f"{live.url}/v1",
        "AFFOUAGE_KEY": live.api_key(),
        "NO_PROXY": "*",
    }


def run(command: list[str], environ: dict[str, str]) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# --- The guide --------------------------------------------------------------------------------------------------------


def test_the_guide_has_examples_of_each_kind() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds.count("python") >= 6
    assert kinds.count("bash") >= 4
    assert kinds.count("yaml") == 1


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "python"])
def test_each_python_example_of_the_guide_runs(live: LiveCommons, tmp_path: Path, code: str) -> None:
    printed = run([sys.executable, "-W", "error::SyntaxWarning", "-c", code], environment(live, tmp_path))
    assert printed.strip()


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "bash"])
def test_each_command_of_the_guide_runs(live: LiveCommons, tmp_path: Path, code: str) -> None:
    if "curl" in code and shutil.which("curl") is None:
        pytest.fail("curl is needed by the tests: install it")
    folder = tmp_path / "llm"
    folder.mkdir()
    [settings] = [block for kind, block in BLOCKS if kind == "yaml"]
    (folder / "extra-openai-models.yaml").write_text(settings.replace(DOCUMENTED_ADDRESS, live.url), encoding="utf-8")
    printed = run(["bash", "-euo", "pipefail", "-c", code], environment(live, tmp_path))
    if "/receipts/" in code:
        assert '"object":"receipt"' in printed
    elif "/queue" in code:
        assert '"object":"queue"' in printed
    else:
        assert "forêt" in printed


# --- The openai package -----------------------------------------------------------------------------------------------


def test_chat_streamed_and_whole_say_the_same(client: openai.OpenAI) -> None:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "Bonjour"}]}
    whole = client.chat.completions.create(**asked)
    assert whole.choices[0].message.content == SENTENCE
    assert whole.choices[0].finish_reason == "stop"
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == SENTENCE
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"tiny"}
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


def test_the_stream_helper_of_the_client(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="tiny", messages=[{"role": "user", "content": "Bonjour"}]) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].message.content == SENTENCE


def test_seeds_decide_and_log_probabilities_come(client: openai.OpenAI) -> None:
    def throw(seed: int) -> str:
        thrown = client.completions.create(model="tiny", prompt=DICE_PROMPT, max_tokens=12, seed=seed, temperature=1)
        return thrown.choices[0].text

    assert throw(7) == throw(7)
    assert throw(-1) == throw(-1)
    assert len({throw(seed) for seed in range(5)}) > 1
    told = client.completions.create(model="tiny", prompt=DICE_PROMPT, max_tokens=3, logprobs=2, temperature=1)
    logprobs = told.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs.tokens or []) == len(logprobs.token_logprobs or []) == len(logprobs.text_offset or []) == 3
    assert all(2 <= len(one) <= 3 for one in logprobs.top_logprobs or [])  # the chosen one is always among them


@pytest.mark.parametrize("wanted", [None, 0, 3])
@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_of_a_chat(client: openai.OpenAI, wanted: int | None, stream: bool) -> None:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "max_tokens": 3, "logprobs": True}
    if wanted is not None:
        asked["top_logprobs"] = wanted
    content = []
    if stream:
        for chunk in client.chat.completions.create(**asked, stream=True):
            if chunk.choices and chunk.choices[0].logprobs:
                content += chunk.choices[0].logprobs.content or []
    else:
        logprobs = client.chat.completions.create(**asked).choices[0].logprobs
        assert logprobs is not None
        content += logprobs.content or []
    assert len(content) == 3
    assert all(len(one.top_logprobs) == (wanted or 0) for one in content)
    assert all(one.logprob <= 0 for one in content)


def test_infilling(client: openai.OpenAI) -> None:
    filled = client.completions.create(model="tiny", prompt="def add(a, b):\n    ", suffix="\n", max_tokens=40)
    assert filled.choices[0].text == INFILL


def test_a_tool_by_name_is_called_and_nothing_is_added_to_the_prompt(client: openai.OpenAI) -> None:
    def tool(name: str) -> dict[str, object]:
        parameters = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}
        return {"type": "function", "function": {"name": name, "parameters": parameters}}

    prompts = []
    for choice in ("auto", "required", {"type": "function", "function": {"name": "b"}}):
        answer = client.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": "x"}],
            tools=[tool("a"), tool("b")],
            tool_choice=choice,
            max_completion_tokens=400,
            temperature=0,
            extra_body={"affouage": {"prompt": True}},
        )
        prompts.append(answer.affouage["prompt"])
        if choice == "auto":
            assert answer.choices[0].message.content == SENTENCE
            continue
        assert answer.choices[0].finish_reason == "tool_calls"
        [call] = answer.choices[0].message.tool_calls
        assert call.function.name == "b" if choice != "required" else call.function.name in ("a", "b")
    assert len(set(prompts)) == 1


def test_the_model_reads_the_prefix_the_question_and_nothing_else(client: openai.OpenAI) -> None:
    prefix = urllib.request.urlopen(f"{str(client.base_url).removesuffix('/v1/')}/prefix").read()
    text = json.loads(prefix)["prefixes"]["fr"]["text"]
    show = {"affouage": {"prompt": True}}
    chat = client.chat.completions.create(
        model="tiny",
        messages=[{"role": "developer", "content": "Sois bref."}, {"role": "user", "content": "Bonjour"}],
        extra_body=show,
    )
    assert chat.affouage["prompt"] == (
        f"<|im_start|>system\n{text}\n\nSois bref.<|im_end|>\n"
        "<|im_start|>user\nBonjour<|im_end|>\n<|im_start|>assistant\n"
    )
    plain = client.completions.create(model="tiny", prompt="Bonjour", extra_body=show)
    assert plain.affouage["prompt"] == "Bonjour"
    filled = client.completions.create(model="tiny", prompt="un", suffix="trois", extra_body=show)
    assert filled.affouage["prompt"] == "<|fim_prefix|>un<|fim_suffix|>trois<|fim_middle|>"


def test_embeddings_in_both_encodings_are_the_same_vectors(client: openai.OpenAI) -> None:
    texts = ["le bois", "la forêt"]
    packed = client.embeddings.create(model="default", input=texts)  # base64, as the client asks by itself
    plain = client.embeddings.create(model="usem3-multilingual", input=texts, encoding_format="float")
    assert packed.model == "usem3-multilingual"
    for one, other in zip(packed.data, plain.data, strict=True):
        assert len(one.embedding) == len(other.embedding) == 512
        assert max(abs(a - b) for a, b in zip(one.embedding, other.embedding, strict=True)) < 1e-6
    assert packed.usage is not None
    fitting = client.embeddings.create(model="default", input="x", dimensions=512)
    assert len(fitting.data[0].embedding) == 512
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="default", input="x", dimensions=100)
    assert refused.value.param == "dimensions"


def test_errors_arrive_as_the_client_s_own(client: openai.OpenAI, live: LiveCommons) -> None:
    messages = [{"role": "user", "content": "un deux trois quatre"}]
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4o", messages=messages)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="tiny", messages=messages, n=2)
    assert (refused.value.param, refused.value.code) == ("n", "unsupported_parameter")
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "mot " * 10_000}])
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.InternalServerError) as died:
        client.chat.completions.create(model="dying", messages=messages)
    assert died.value.code == "engine_failed"
    with pytest.raises(openai.APIError) as broke:
        list(client.chat.completions.create(model="dying", messages=messages, stream=True))
    assert broke.value.code == "engine_failed"
    stranger = openai.OpenAI(base_url=f"{live.url}/v1", api_key="aff_no_no", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_models_through_the_client(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == {"dying", "tiny", "usem3-multilingual"}
    assert client.models.retrieve("default").id == "tiny"
