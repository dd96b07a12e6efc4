"""What happened elsewhere, and which tests stand in its way here: the page docs/reference/incidents.md.

A test says so itself, by ``@pytest.mark.incident("name")`` or, for a whole file, ``pytestmark``: this module only names
the incidents and reads the marks. A name without a test, and a mark without a name, fail ``test_incidents``.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Incident:
    """``happened``: where and what; ``here``: what stands in the way, in a sentence."""

    name: str
    happened: str
    here: str


INCIDENTS = (
    Incident(
        "poisoned-package",
        "LiteLLM on PyPI, versions 1.82.7 and 1.82.8, carried malware in a `.pth` file (24 March 2026, BerriAI/litellm "
        "#24512, #24518).",
        "Few dependencies, locked by hash, nothing younger than a week; LiteLLM is none of them.",
    ),
    Incident(
        "key-injection",
        "LiteLLM GHSA-r75f-5x8p-qvmc: SQL injection while an API key was being verified.",
        "A key has one form, judged before anything is asked of the database, which is asked with parameters only.",
    ),
    Incident(
        "template-injection",
        "LiteLLM's `/prompts/test` and llama-cpp-python CVE-2024-34359: templates of users or of a GGUF file were run.",
        "Nothing of a user's or of a model's is filled in by us; a model's own template runs in the engine's child.",
    ),
    Incident(
        "unauthenticated-route",
        "LiteLLM CVE-2026-12795, CVE-2026-12796: routes that nobody guarded.",
        "Each route declares its policy; all of them are tried with every bad credential.",
    ),
    Incident(
        "session-outlives",
        "LiteLLM CVE-2026-12772: access went on after signing out or losing a role.",
        "Sessions and keys are looked up at each request; ended anywhere, they are ended everywhere, at once.",
    ),
    Incident(
        "role-and-scope",
        "Credentials that opened more than they were made for, or more than their owner's role (the same advisories).",
        "One function decides, for every channel, by role and by scope.",
    ),
    Incident(
        "budget-bypassed",
        "LiteLLM budgets: never reset (#7129), passed by (#28033).",
        "Energy is promised before the work, in one transaction; every way to a model is the same one.",
    ),
    Incident(
        "credential-channel",
        "Open WebUI GHSA-57q6-fvp4-pqmm: restrictions of a key did not hold when it came by `x-api-key`.",
        "A credential is found in one place, whatever header or cookie carried it, and judged in another.",
    ),
    Incident(
        "fetcher-inside",
        "Open WebUI #4217 and CVE-2025-29446, Ollama CVE-2026-5530: the server fetched addresses of its own network.",
        "One guard for all fetchers: https, public addresses only, pinned, redirects judged one by one; for "
        "administrators too, but for hosts that the settings name.",
    ),
    Incident(
        "model-file",
        "Ollama CVE-2026-7482: a GGUF file read out of bounds gave away chats and keys.",
        "Counts, lengths and offsets are checked before a model is loaded; its sha256 is known; the engine is another "
        "process.",
    ),
    Incident(
        "open-port",
        "175,108 Ollama servers open to all; Mesh-LLM #379; ggml-org/llama.cpp #13061 (RPC).",
        "Loopback unless an administrator and https are there; engines listen on a socket of their own, and no program "
        "of ours starts RPC.",
    ),
    Incident(
        "unpickled",
        "Ray CVE-2023-48022 (ShadowRay), vLLM and others: job interfaces open to all, and pickles that ran.",
        "No dashboard and no jobs over HTTP; weights are GGUF or safetensors; a checkpoint holds tensors alone.",
    ),
    Incident(
        "empty-token",
        "LocalAI: the file server of a worker let everybody in when its token was empty.",
        "What is empty, missing or wrong is refused everywhere: routes, machines that join, the broker.",
    ),
    Incident(
        "archive-tricks",
        "Decompression bombs and paths that climb out of an archive, in uploaded documents.",
        "Size, ratio and number are bounded before reading; no name of an archive becomes a path unjudged.",
    ),
    Incident(
        "forged-request",
        "Forms sent by another site with a member's cookie (CSRF).",
        "SameSite cookies, the origin of each post, and a token that ends with the session.",
    ),
    Incident(
        "session-fixation",
        "A session planted before signing in, or kept across it.",
        "Each sign-in gives a new one; cookies are out of reach of scripts and of other sites.",
    ),
    Incident(
        "script-in-page",
        "Answers, sheets, names and file names that became markup in a member's browser (XSS).",
        "Escaped where written, without HTML or images; and a policy of the page that runs nothing inline.",
    ),
    Incident(
        "framed-page",
        "A page shown in a frame of another site, and clicked through it.",
        "`frame-ancestors 'none'` on every answer.",
    ),
    Incident(
        "open-redirect",
        "A link to the sign-in page that ends on another site.",
        "Only a path of this server is followed.",
    ),
    Incident(
        "header-injection",
        "Line ends in a value that became a header; requests that two servers read in two ways.",
        "Values are data; what is ambiguous ends the connection.",
    ),
    Incident(
        "forged-host",
        "Links and redirects built from the `Host` of a request.",
        "They are built from `server.public_url`; what is no host name is never written.",
    ),
    Incident(
        "forged-address",
        "`X-Forwarded-For` of anybody believed: limits evaded, others shut out.",
        "It counts from the proxy that the settings name, and from nobody else.",
    ),
    Incident(
        "unbounded-use",
        "Guessing, flooding, filling up (OWASP LLM10).",
        "Limits by name, by address, by member and by day, told with 429 and the seconds to wait.",
    ),
    Incident(
        "timing",
        "Secrets told letter by letter by how long a refusal takes.",
        "Only digests are looked up; they are compared in constant time; an unknown name takes as long as a wrong "
        "password.",
    ),
    Incident(
        "secret-in-a-log",
        "Keys, prompts and answers in logs that many can read.",
        "No access log; every log is read again after journeys, at its finest level.",
    ),
    Incident(
        "operator-reads",
        "Administrators who could read everybody's conversations.",
        "No route and no command gives them to anybody else; taking an account over finds it empty.",
    ),
    Incident(
        "injected-instruction",
        "Instructions hidden in retrieved texts (OWASP LLM01).",
        "They are quoted data; an explanation whose words are not in the sheets is left out.",
    ),
)


def marks() -> dict[str, list[str]]:
    """Incident -> the tests that are marked with it: ``tests/x/test_y.py`` for a whole file, else ``...::test_z``."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.incident(" in text:
            for name, test in _of_file(ast.parse(text), path.relative_to(TESTS.parent).as_posix()):
                found[name].append(test)
    return dict(found)


def _of_file(tree: ast.Module, path: str) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from ((name, path) for name in _names(node.value))
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                yield from ((name, f"{path}::{node.name}") for name in _names(decorator))


def _names(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.incident"):
            yield ast.literal_eval(node.args[0])


_HEAD = """\
# What happened elsewhere, and what stands in its way here

<!-- Written by `python -m tests.docs.generate` from tests/doors/incidents.py and the marks of the tests. -->

Each row is something that happened to a program of this kind, or to web programs of all kinds. The tests named are
run by `make test`; a row without a test fails them. What is worth protecting, from whom, and what is *not* protected
from: [the threat model](threat-model.md).

| what happened | here | tests |
|---|---|---|
"""


def page() -> str:
    """docs/reference/incidents.md."""
    marked = marks()
    rows = []
    for one in INCIDENTS:
        tests = "<br>".join(f"`{_short(test)}`" for test in _listed(marked.get(one.name, [])))
        rows.append(f"| {one.happened} | {one.here} | {tests} |\n")
    return _HEAD + "".join(rows)


def _listed(tests: list[str]) -> list[str]:
    """A file stands for its tests, where all of it or most of it is about this."""
    whole = {one for one in tests if "::" not in one}
    return [one for one in dict.fromkeys(tests) if one in whole or one.partition("::")[0] not in whole]


def _short(test: str) -> str:
    return test.removeprefix("tests/")
