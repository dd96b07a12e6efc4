"""The description of the gateway says what the gateway does: its form, its bodies, its bounds, its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from affouage import gateway
from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.assembly.access import Policy
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.errors import BadRequest, UnsupportedParameter
from affouage.gateway import wire
from affouage.gateway.embeddings import read_embedding
from affouage.gateway.openapi import BOUNDS, REQUIRED
from affouage.gateway.openapi_table import OPERATIONS
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.explain_house import fill, wait_until_found

ADDRESS = "urn:affouage:openapi"
ASKED = {"model": "echo", "messages": [{"role": "user", "content": "un deux"}]}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("openapi") / "home"
    fill(home)
    chosen = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=home)
    dying = EchoEngine("dying")
    dying.fail_after_words = 1
    engines = [EchoEngine(), dying, UsemEmbedder(settings=chosen.engine, clock=SystemClock())]
    with serving(chosen, engines=engines) as running:
        wait_until_found(running)
        yield running


@pytest.fixture(scope="module")
def told(live: LiveCommons) -> dict[str, Any]:
    answer = httpx.get(f"{live.url}/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    described: dict[str, Any] = answer.json()
    return described


@pytest.fixture(scope="module")
def member(live: LiveCommons) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {live.api_key()}"}, timeout=60) as client:
        yield client


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(told: dict[str, Any], pointer: str) -> jsonschema.Draft202012Validator:
    registry = Registry().with_resource(ADDRESS, Resource(contents=told, specification=DRAFT202012))
    return jsonschema.Draft202012Validator({"$ref": f"{ADDRESS}#{pointer}"}, registry=registry)


def hold(told: dict[str, Any], path: str, method: str, answer: httpx.Response) -> None:
    """The answer is one of those that the description tells of this operation."""
    answers = told["paths"][path][method]["responses"]
    status = str(answer.status_code)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if status not in answers or "content" not in answers[status]:
        assert answer.status_code >= 400 or status in answers, (path, status)
        if answer.status_code >= 400 and "content" not in answers.get(status, {}):
            validator(told, "/components/schemas/Error").validate(answer.json())
        return
    assert kind in answers[status]["content"], (path, kind)
    if kind == "application/json":
        place = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        pointer = f"/paths/{place}/{method}/responses/{status}/content/application~1json/schema"
        validator(told, pointer).validate(answer.json())


# --- Its form ---------------------------------------------------------------------------------------------------------


def test_its_form_is_that_of_openapi_3_1(told: dict[str, Any]) -> None:
    """What the meta-schema of OpenAPI asks of the parts that are used here."""
    assert re.fullmatch(r"3\.1\.\d+", told["openapi"])
    assert set(told) <= {"openapi", "info", "servers", "paths", "components", "tags", "security"}
    assert {"title", "version"} <= set(told["info"])
    assert set(told["info"]["license"]) <= {"name", "identifier"}
    names: list[str] = []
    for path, method, one in operations(told):
        assert path.startswith("/")
        assert method in METHODS
        known = {"operationId", "summary", "tags", "parameters", "requestBody", "responses", "security"}
        assert {name for name in one if not name.startswith("x-")} <= known
        names.append(one["operationId"])
        assert {two["name"] for two in one["parameters"] if two["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        for parameter in one["parameters"]:
            assert parameter["in"] in ("path", "query", "header")
            assert parameter["required"] or parameter["in"] != "path"
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])
        assert one["responses"]
        for status, answer in one["responses"].items():
            assert re.fullmatch(r"[1-5][0-9X]{2}|default", status)
            assert "$ref" in answer or answer["description"]
        for scheme in one["security"]:
            assert set(scheme) <= set(told["components"]["securitySchemes"])
    assert len(names) == len(set(names))
    for name, schema in told["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_no_schema_is_idle(told: dict[str, Any]) -> None:
    seen = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(to := value.get("$ref"), str):
                seen.add(to)
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(told)
    for to in seen:
        found = told
        for step in to.removeprefix("#/").split("/"):
            found = found[step]
    schemas = {to.rpartition("/")[2] for to in seen if to.startswith("#/components/schemas/")}
    assert schemas == set(told["components"]["schemas"])


# --- What it is made of -----------------------------------------------------------------------------------------------


def test_every_route_of_the_gateway_is_described_with_who_may_enter(live: LiveCommons, told: dict[str, Any]) -> None:
    there = set()
    for route in gateway.routes(live.commons):
        path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path)
        for method in (route.methods or set()) - {"HEAD"}:
            there.add((method, path))
            one = told["paths"][path][method.lower()]
            assert one["x-affouage-policy"] == route.app.policy.value
            assert bool(one["security"]) is (route.app.policy is not Policy.PUBLIC)
            assert one.get("x-affouage-scope") == (None if route.app.scope is None else str(route.app.scope))
    assert there == set(OPERATIONS), "a row in gateway/openapi_table.py for each route"


def test_what_it_calls_required_is_asked_for_by_name_and_nothing_else_is(member: httpx.Client) -> None:
    whole = {
        "/v1/chat/completions": ("ChatRequest", ASKED),
        "/v1/completions": ("CompletionRequest", {"model": "echo", "prompt": "un"}),
        "/v1/embeddings": ("EmbeddingRequest", {"model": "default", "input": "un"}),
        "/v1/explain": ("ExplainRequest", {"question": "Combien coûte la carte de la médiathèque ?"}),
    }
    for path, (name, body) in whole.items():
        assert set(body) == set(REQUIRED[name])
        assert member.post(path, json=body).status_code == 200, path
        for missing in body:
            rest = {key: value for key, value in body.items() if key != missing}
            error = member.post(path, json=rest).json()["error"]
            assert (error["code"], error["param"]) == ("missing_required_parameter", missing)


def taken(name: str, value: Any, *, ours: bool = False) -> bool:
    """Whether the reader of that parameter takes the value. ``ours``: it stands in the member affouage."""
    given = {"affouage": {name: value}} if ours else {name: value}
    try:
        if name in ("encoding_format", "dimensions"):
            read_embedding(json.dumps({"model": "m", "input": "x", **given}).encode())
        else:
            beside = {"logprobs": True} if name == "top_logprobs" else {}
            wire.read_chat(json.dumps({**ASKED, **beside, **given}).encode(), "m")
    except UnsupportedParameter:
        raise
    except BadRequest as no:
        return name not in (no.param or "")  # refused for something else
    return True


@pytest.mark.parametrize("name", [name for name, told in BOUNDS.items() if {"minimum", "maximum"} & set(told)])
def test_its_bounds_are_those_of_the_readers(name: str) -> None:
    told = BOUNDS[name]
    for end, step in (("minimum", -1), ("maximum", 1)):
        if end in told:
            ours = name == "voice_scale"
            assert taken(name, told[end], ours=ours)
            assert not taken(name, told[end] + step, ours=ours), f"{name}: {told[end] + step}"


def test_its_lists_of_values_and_lengths_are_those_of_the_readers() -> None:
    for tier in BOUNDS["service_tier"]["enum"]:
        assert taken("service_tier", tier)
    assert not taken("service_tier", "gold")
    for encoding in BOUNDS["encoding_format"]["enum"]:
        assert taken("encoding_format", encoding)
    assert not taken("encoding_format", "hex")
    assert taken("stop", ["a"] * BOUNDS["stop"]["maxItems"])
    assert not taken("stop", ["a"] * (BOUNDS["stop"]["maxItems"] + 1))
    assert not taken("messages", [])
    for role in BOUNDS["role"]["enum"]:
        one = {"role": role, "content": "x", **({"tool_call_id": "c"} if role == "tool" else {})}
        assert taken("messages", [one])


@pytest.mark.parametrize("name", wire._ChatBody.REFUSED)
def test_what_it_says_is_refused_is_and_what_asks_for_nothing_passes(told: dict[str, Any], name: str) -> None:
    described = told["components"]["schemas"]["ChatRequest"]["properties"][name]
    for value in described["enum"]:
        assert taken(name, value)
    with pytest.raises(UnsupportedParameter) as no:
        taken(name, 2 if name == "n" else "something")
    assert no.value.remedy in described["description"]


# --- The answers of a real server -------------------------------------------------------------------------------------

GETS = [
    *("/v1/models", "/v1/models/default", "/v1/receipts", "/v1/receipts?limit=1", "/queue", "/v1/queue", "/health"),
    *("/healthz", "/readyz"),
    *("/prefix", "/openapi.json", "/journal/checkpoint", "/journal/key", "/journal/entries"),
    *("/journal/proof/inclusion?seq=0&size=1", "/journal/proof/consistency?from=1&to=1"),
    *("/v1/models/none", "/v1/receipts/none", "/v1/receipts?limit=0", "/nodes/join", "/metrics"),
    *("/journal/checkpoint/cosigned", "/journal/entries?first=x", "/nodes/join/n_aaaaaaaaaaaa"),
]
TEMPLATES = {"/v1/models/": "/v1/models/{model_id}", "/v1/receipts/": "/v1/receipts/{receipt_id}"}
TEMPLATES["/nodes/join/"] = "/nodes/join/{node_id}"


@pytest.mark.parametrize("path", GETS)
def test_what_is_read_is_as_described(told: dict[str, Any], member: httpx.Client, path: str) -> None:
    answer = member.get(path)
    bare = path.partition("?")[0]
    template = next((one for start, one in TEMPLATES.items() if bare.startswith(start)), bare)
    hold(told, template, "get", answer)


def test_metrics_for_an_operator(told: dict[str, Any], live: LiveCommons) -> None:
    async def key() -> str:
        who, _ = await live.commons.accounts.add_member("Opéra", Role.OPERATOR, "fr")
        return (await live.commons.accounts.create_key(who, "tests", frozenset({"metrics"}), None))[1]

    answer = httpx.get(f"{live.url}/metrics", headers={"authorization": f"Bearer {live.run(key())}"})
    assert answer.status_code == 200
    hold(told, "/metrics", "get", answer)


TOOL = {"type": "function", "function": {"name": "meteo", "parameters": {"type": "object"}}}
CALL = '{"name": "meteo", "arguments": {"ville": "Dole"}}'
POSTS: list[tuple[str, dict[str, Any], int]] = [
    ("/v1/chat/completions", ASKED, 200),
    ("/v1/chat/completions", {**ASKED, "max_tokens": 1}, 200),
    ("/v1/chat/completions", {**ASKED, "affouage": {"prompt": True}}, 200),
    ("/v1/chat/completions", {**ASKED, "messages": [{"role": "user", "content": CALL}], "tools": [TOOL]}, 200),
    ("/v1/chat/completions", {**ASKED, "stream": True}, 200),
    ("/v1/chat/completions", {**ASKED, "model": "dying"}, 503),
    ("/v1/chat/completions", {**ASKED, "model": "gpt-4o"}, 404),
    ("/v1/chat/completions", {**ASKED, "n": 2}, 400),
    ("/v1/completions", {"model": "echo", "prompt": "un deux"}, 200),
    ("/v1/completions", {"model": "echo", "prompt": "un", "suffix": "trois"}, 200),
    ("/v1/embeddings", {"model": "default", "input": ["un", "deux"]}, 200),
    ("/v1/embeddings", {"model": "default", "input": "un", "encoding_format": "float"}, 200),
    ("/v1/embeddings", {"model": "default", "input": []}, 400),
    ("/v1/explain", {"question": "Combien coûte la carte de la médiathèque ?"}, 200),
    ("/v1/explain", {"question": "Combien coûte la carte de la médiathèque ?", "model": "echo"}, 200),
    ("/v1/explain", {"question": "?", "wrong": 1}, 400),
    ("/v1/explain", {"question": "x" * (BOUNDS["question"]["maxLength"] + 1)}, 400),
    ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, 200),
    ("/nodes/join", {}, 503),
]


@pytest.mark.parametrize(("path", "body", "status"), POSTS)
def test_what_is_answered_is_as_described(
    told: dict[str, Any], member: httpx.Client, path: str, body: dict[str, Any], status: int
) -> None:
    answer = member.post(path, json=body)
    assert answer.status_code == status, answer.text
    hold(told, path, "post", answer)
    asks = any(one["name"] == "Prefer" for one in told["paths"][path]["post"]["parameters"])
    if "x-affouage-receipt" in answer.headers:
        assert asks
    if status == 200 and path != "/nodes/join":
        schema = told["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        validator(told, schema.removeprefix("#")).validate(body)
    if body.get("stream"):
        events = [line for line in answer.text.split("\n\n") if line.startswith("data: {")]
        for event in events:
            validator(told, "/components/schemas/Chunk").validate(json.loads(event[6:]))
        assert '"affouage"' in events[-1]


def test_a_stranger_s_refusal_is_as_described(told: dict[str, Any], live: LiveCommons) -> None:
    for path, method, one in operations(told):
        if one["security"]:
            answer = httpx.request(method, live.url + re.sub(r"{\w+}", "0", path))
            assert answer.status_code == 401
            hold(told, path, method, answer)
