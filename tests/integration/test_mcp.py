"""``/mcp`` as any program sees it: messages, versions, who may read what, what a hostile sheet cannot do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from affouage import settings
from affouage.assembly.member import Role
from affouage.gateway.mcp import HANDSHAKE_VERSIONS, STATELESS_VERSIONS, VERSIONS
from affouage.gateway.mcp_tools import NOTICE, PART_CHARACTERS
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.explain_house import LONG, ORDER, fill, wait_until_found

META = "io.modelcontextprotocol/"
CARD = "Combien coûte la carte de la médiathèque ?"
ALARM = "Quel est le code de l'alarme du local ?"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("mcp") / "home"
    fill(home)
    with serving(settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}, home=home), engines=[EchoEngine()]) as it:
        wait_until_found(it)
        yield it


def caller(live: LiveCommons, key: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {key}", "accept": "application/json, text/event-stream"}
    return httpx.Client(base_url=live.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def member(live: LiveCommons) -> Iterator[httpx.Client]:
    with caller(live, live.api_key("Odile")) as it:
        yield it


@pytest.fixture(scope="module")
def steward(live: LiveCommons) -> Iterator[httpx.Client]:
    with caller(live, live.api_key("Irène", Role.STEWARD)) as it:
        yield it


def say(client: httpx.Client, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 7, "method": method} | ({} if params is None else {"params": params})
    return client.post("/mcp", json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def use(client: httpx.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = say(client, "tools/call", {"name": tool, "arguments": arguments})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def told(client: httpx.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured result, which is of the shape announced, and which the text quotes."""
    result = use(client, tool, **arguments)
    assert not result["isError"], result
    [text] = [one["text"] for one in result["content"]]
    notice, _, quoted = text.partition("\n")
    assert notice == NOTICE
    assert json.loads(quoted) == result["structuredContent"]
    assert "\n" not in quoted
    [described] = [one for one in say(client, "tools/list").json()["result"]["tools"] if one["name"] == tool]
    jsonschema.validate(result["structuredContent"], described["outputSchema"])
    jsonschema.validate(arguments, described["inputSchema"])
    structured: dict[str, Any] = result["structuredContent"]
    return structured


# --- Versions and messages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [*HANDSHAKE_VERSIONS, "2024-11-05", "2099-01-01", None])
def test_the_handshake_settles_on_a_version_of_ours(member: httpx.Client, wanted: str | None) -> None:
    result = say(member, "initialize", {"protocolVersion": wanted, "capabilities": {}}).json()["result"]
    assert result["protocolVersion"] == (wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1])
    assert result["serverInfo"]["name"] == "affouage"
    assert set(result["capabilities"]) == {"tools"}
    assert NOTICE in result["instructions"]
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    noted = member.post("/mcp", json=body, headers={"mcp-protocol-version": HANDSHAKE_VERSIONS[-1]})
    assert (noted.status_code, noted.content) == (202, b"")
    assert "mcp-session-id" not in noted.headers


def stateless(client: httpx.Client, method: str, params: dict[str, Any], **headers: str) -> httpx.Response:
    meta = {f"{META}protocolVersion": STATELESS_VERSIONS[0], f"{META}clientCapabilities": {}}
    usual = {"mcp_protocol_version": STATELESS_VERSIONS[0], "mcp_method": method}
    return say(client, method, {"_meta": meta, **params}, **{**usual, **headers})


def test_without_a_handshake_each_message_says_its_version(member: httpx.Client) -> None:
    found = stateless(member, "server/discover", {}).json()["result"]
    assert found["supportedVersions"] == list(VERSIONS)
    assert found["resultType"] == "complete"
    call = {"name": "search_sheets", "arguments": {"question": CARD}}
    answer = stateless(member, "tools/call", call, mcp_name="search_sheets")
    assert answer.json()["result"]["resultType"] == "complete"
    for wrong in (
        stateless(member, "tools/call", call, mcp_name="explain"),
        stateless(member, "tools/call", call),
        stateless(member, "tools/list", {}, mcp_method="ping"),
        stateless(member, "tools/list", {}, mcp_protocol_version=HANDSHAKE_VERSIONS[0]),
    ):
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32020)
    bare = {f"{META}protocolVersion": STATELESS_VERSIONS[0]}
    assert stateless(member, "tools/list", {"_meta": bare}).json()["error"]["code"] == -32602
    other = {f"{META}protocolVersion": "2099-01-01", f"{META}clientCapabilities": {}}
    refused = stateless(member, "tools/list", {"_meta": other}, mcp_protocol_version="2099-01-01")
    assert refused.json()["error"]["data"] == {"supported": list(VERSIONS), "requested": "2099-01-01"}
    assert stateless(member, "resources/list", {}).status_code == 404


def test_a_version_never_agreed_on_is_refused(member: httpx.Client) -> None:
    answer = say(member, "tools/list", mcp_protocol_version="1999-01-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32022)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "params": {"a": ' + b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": ' + b"[" * 80 + b"]" * 80 + b"}}", -32600),
    ],
)
def test_what_is_no_message_is_refused_as_json_rpc_wants(member: httpx.Client, body: bytes, code: int) -> None:
    answer = member.post("/mcp", content=body)
    assert answer.status_code == 400
    assert answer.json() == {"jsonrpc": "2.0", "id": None, "error": answer.json()["error"]}
    assert answer.json()["error"]["code"] == code


def test_errors_and_ids_of_messages(member: httpx.Client) -> None:
    assert say(member, "ping").json() == {"jsonrpc": "2.0", "id": 7, "result": {}}
    named = member.post("/mcp", json={"jsonrpc": "2.0", "id": "a-1", "method": "ping"}).json()
    assert named["id"] == "a-1"
    assert say(member, "resources/list").json()["error"]["code"] == -32601
    assert say(member, "tools/call", {"name": "delete"}).json()["error"]["code"] == -32602
    assert say(member, "tools/call", {}).json()["error"]["code"] == -32602
    answered = member.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "result": {}})
    assert answered.status_code == 202


MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "1.0", 2]),
        "id": st.one_of(st.none(), st.integers(-(2**70), 2**70), st.text(max_size=5), st.booleans()),
        "method": st.one_of(st.sampled_from(["tools/call", "tools/list", "initialize", "ping", ""]), st.integers()),
        "params": st.dictionaries(
            st.sampled_from(["name", "arguments", "_meta", "protocolVersion"]),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.text(max_size=9), st.sampled_from(["explain", "read_sheet"])),
                lambda inner: st.dictionaries(st.sampled_from(["question", "sheet", "most", "é"]), inner, max_size=3),
                max_leaves=5,
            ),
        ),
    },
)


@examples(max_examples=60)
@given(body=MESSAGES)
def test_whatever_comes_gets_an_answer_of_json_rpc(member: httpx.Client, body: dict[str, Any]) -> None:
    answer = member.post("/mcp", json=body)
    assert answer.status_code in (200, 202, 400)
    if answer.status_code != 202:
        reply = answer.json()
        assert reply["jsonrpc"] == "2.0"
        assert ("result" in reply) is not ("error" in reply)


# --- The door ---------------------------------------------------------------------------------------------------------


def test_only_members_with_a_key_and_no_page_of_another_site(live: LiveCommons, member: httpx.Client) -> None:
    assert say(httpx.Client(base_url=live.url), "ping").status_code == 401
    assert say(member, "ping", origin="https://ailleurs.example").status_code == 403
    assert say(member, "ping", origin=live.url).status_code == 200
    for method in ("GET", "DELETE"):
        answer = member.request(method, "/mcp")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_every_tool_only_reads(member: httpx.Client) -> None:
    tools = say(member, "tools/list").json()["result"]["tools"]
    assert [one["name"] for one in tools] == ["search_sheets", "read_sheet", "explain"]
    for one in tools:
        assert one["annotations"]["readOnlyHint"] is True
        for schema in (one["inputSchema"], one["outputSchema"]):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"


# --- The tools --------------------------------------------------------------------------------------------------------


def test_a_search_finds_what_the_pages_find(member: httpx.Client) -> None:
    found = told(member, "search_sheets", question=CARD)
    assert found["sheets"][0]["title"] == "Carte de la médiathèque"
    assert any("12 € par an" in one["text"] for one in found["sheets"][0]["passages"])
    assert len(told(member, "search_sheets", question=CARD, most=1)["sheets"]) == 1
    assert told(member, "search_sheets", question=CARD, collection="intendance")["sheets"] == []


def test_a_sheet_is_read_whole_in_parts(member: httpx.Client) -> None:
    sheet = told(member, "read_sheet", collection="commune", sheet="F1")
    assert sheet["next_block"] is None
    assert {"path": ["Vous êtes majeur", "Coût"], "text": "La carte de la médiathèque coûte 12 € par an."} in (
        sheet["blocks"]
    )
    assert [one["url"] for one in sheet["facts"] if one["kind"] == "online"] == [""]  # it was a javascript: address
    first, blocks = 0, []
    while first is not None:
        part = told(member, "read_sheet", collection="commune", sheet="F5", first_block=first)
        assert sum(len(one["text"]) for one in part["blocks"]) <= PART_CHARACTERS
        blocks += part["blocks"]
        first = part["next_block"]
    assert [one["path"][-1] for one in blocks] == [one.path[-1] for one in LONG.blocks]


def test_a_question_is_explained_word_for_word_and_nothing_is_generated(
    live: LiveCommons, member: httpx.Client
) -> None:
    before = member.get("/v1/receipts").json()["data"]
    answer = told(member, "explain", question=CARD)
    assert answer["answered"]
    assert any("12 € par an" in one["quote"] for one in answer["sentences"])
    assert {one["sheet"] for one in answer["cited"]} >= {"F1"}
    assert answer["receipt"] is None
    assert member.get("/v1/receipts").json()["data"] == before
    refused = told(member, "explain", question="Qui a gagné la coupe du monde de football ?")
    assert not refused["answered"]
    assert refused["sentences"] == []


def test_with_a_model_it_goes_the_way_of_every_request(member: httpx.Client) -> None:
    call = {"name": "explain", "arguments": {"question": CARD, "model": "echo"}}
    answer = say(member, "tools/call", call)
    receipt = answer.headers["x-affouage-receipt"]
    assert answer.json()["result"]["structuredContent"]["receipt"] == receipt
    kept = member.get(f"/v1/receipts/{receipt}").json()
    assert (kept["outcome"], kept["workshop"], kept["model"]["id"]) == ("completed", "explain", "echo")


@pytest.mark.parametrize(
    ("tool", "arguments", "word"),
    [
        ("read_sheet", {"collection": "commune", "sheet": "none"}, "sheet"),
        ("read_sheet", {"collection": "commune", "sheet": "F1", "first_block": 999}, "blocks"),
        ("read_sheet", {"collection": "commune"}, "sheet"),
        ("search_sheets", {"question": CARD, "most": 11}, "most"),
        ("search_sheets", {"question": CARD, "tags": ["role:steward"]}, "tags"),
        ("search_sheets", {"question": "x" * 5000}, "question"),
        ("explain", {"question": CARD, "model": "gpt-4o"}, "gpt-4o"),
    ],
)
def test_what_a_model_can_mend_is_told_to_it(
    member: httpx.Client, tool: str, arguments: dict[str, Any], word: str
) -> None:
    result = use(member, tool, **arguments)
    assert result["isError"]
    assert word in result["content"][0]["text"]


# --- What one may read, what a sheet may do ---------------------------------------------------------------------------


def test_nobody_finds_reads_or_has_explained_what_is_not_for_them(member: httpx.Client, steward: httpx.Client) -> None:
    for question in (ALARM, "code alarme 4711"):
        assert "4711" not in json.dumps(use(member, "search_sheets", question=question))
        assert "4711" not in json.dumps(use(member, "explain", question=question))
    hidden = use(member, "read_sheet", collection="intendance", sheet="S1")
    absent = use(member, "read_sheet", collection="intendance", sheet="S9")
    assert hidden["isError"]
    assert hidden["content"][0]["text"].replace("S1", "S9") == absent["content"][0]["text"]
    assert "4711" in json.dumps(told(steward, "search_sheets", question=ALARM))
    assert "4711" in json.dumps(told(steward, "read_sheet", collection="intendance", sheet="S1"))


def test_orders_in_a_sheet_are_left_out_and_counted(member: httpx.Client) -> None:
    sheet = told(member, "read_sheet", collection="commune", sheet="F4")
    assert sheet["left_out"] >= 1
    assert sheet["url"] == ""
    found = told(member, "search_sheets", question="Le piège à frelons asiatiques est-il prêté ?")
    assert [one["sheet"] for one in found["sheets"]][:1] == ["F4"]
    assert found["left_out"] >= 1
    for answer in (sheet, found):
        said = json.dumps(answer, ensure_ascii=False)
        assert "frelons asiatiques est prêté" in said
        assert ORDER.split(" et ")[0] not in said
        assert "javascript:" not in said
        assert "<" not in said  # nor what passes for a mark of a model's own template
        assert "alert('x')" in said  # the rest is text like any other
