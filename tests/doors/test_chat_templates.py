"""A model's own template is a program by a stranger: it runs in the engine's child, or nowhere, and does nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import affouage
from affouage import settings
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.testing import serving
from tests.contracts import tiny_gguf

pytestmark = pytest.mark.incident("template-injection")
ROOT = Path(affouage.__file__).parent

HOSTILE = """\
{%- set ns = namespace(x='') -%}
{{ cycler.__init__.__globals__.os.popen('touch MARK').read() }}
{{ ''.__class__.__mro__[1].__subclasses__() }}
{{ self.__init__.__globals__.__builtins__.__import__('os').system('touch MARK') }}
{{ lipsum.__globals__['os'].system('touch MARK') }}{{ raise_exception(messages[0].content) }}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}<|im_start|>assistant
"""
QUESTION = "{{ cycler.__init__.__globals__.os.popen('touch MARK').read() }}{{ 7 * 7 }}"


def test_a_hostile_template_of_a_model_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama-cpp-python's CVE-2024-34359: a real llama.cpp loads a model whose template tries to run a command."""
    mark = tmp_path / "mark"
    monkeypatch.setattr(tiny_gguf, "CHAT_TEMPLATE", HOSTILE.replace("MARK", str(mark)))
    model = tiny_gguf.write_tiny_model(tmp_path / "hostile.gguf")
    answer = asked(tmp_path, model, "Bonjour")
    assert not mark.exists()
    assert answer.status_code in (200, 400, 500, 503)
    assert answer.headers["content-type"].startswith("application/json")
    assert "__subclasses__" not in answer.text or "error" in answer.json()


def test_a_template_in_a_question_is_text(tmp_path: Path) -> None:
    """LiteLLM's ``/prompts/test`` (GHSA-r75f-5x8p-qvmc): what a member writes is filled in nowhere, and reaches the
    engine to the letter."""
    model = tiny_gguf.write_tiny_model(tmp_path / "tiny.gguf")
    question = QUESTION.replace("MARK", str(tmp_path / "mark"))
    answer = asked(tmp_path, model, question, affouage={"prompt": True})
    assert answer.status_code == 200
    assert question in answer.json()["affouage"]["prompt"]
    assert not (tmp_path / "mark").exists()
    refused = asked(tmp_path, model, "Bonjour", chat_template="{{ 7 * 7 }}")
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "chat_template"


def asked(folder: Path, model: Path, question: str, **more: object) -> httpx.Response:
    home = folder / f"home-{len(list(folder.iterdir()))}"
    chosen = settings.read({"AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=home)
    engine = LlamaCppEngine(model_id="tiny", path=model, file_sha256=None, settings=chosen.engine, clock=SystemClock())
    with serving(chosen, engines=[engine]) as live:
        headers = {"authorization": f"Bearer {live.api_key()}"}
        body = {"model": "tiny", "max_tokens": 4, "messages": [{"role": "user", "content": question}], **more}
        return httpx.post(f"{live.url}/v1/chat/completions", json=body, headers=headers, timeout=90, trust_env=False)


def sources(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """Those of the package that hold one of the words, read."""
    for source in ROOT.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield source.relative_to(ROOT).as_posix(), ast.parse(text)


def test_no_source_fills_in_a_template_that_it_did_not_ship() -> None:
    """Jinja is used for the pages of this package alone, by their names; nothing is compiled from a text."""
    importing, compiling = set(), []
    for name, tree in sources("jinja2", "from_string", "apply_chat_template", "compile", "eval(", "exec("):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [one.name for one in node.names] + [getattr(node, "module", None) or ""]
                if any(one.partition(".")[0] == "jinja2" for one in names):
                    importing.add(name)
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in (
                "from_string",
                "apply_chat_template",
                "compile_expression",
            ):
                compiling.append(name)
            if isinstance(called, ast.Name) and called.id in ("eval", "exec", "compile"):
                compiling.append(name)
    assert importing == {"web/site.py"}
    assert compiling == []


@pytest.mark.incident("unpickled")
def test_nothing_is_unpickled() -> None:
    """ShadowRay, vLLM and others ran what they unpickled: checkpoints hold tensors alone, models are GGUF."""
    for source, tree in sources("pickle", "shelve", "torch.load"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            whose = getattr(node.func.value, "id", "")
            assert (whose, node.func.attr) not in {("pickle", "load"), ("pickle", "loads"), ("shelve", "open")}, source
            if (whose, node.func.attr) == ("torch", "load"):
                assert any(one.arg == "weights_only" and one.value.value is True for one in node.keywords), source  # type: ignore[attr-defined]
