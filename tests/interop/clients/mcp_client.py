"""The reference client of the Model Context Protocol, in both ways of speaking; prints what it got, as JSON."""

import asyncio
import json
import os

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

URL, KEY = os.environ["AFFOUAGE_URL"].removesuffix("/v1") + "/mcp", os.environ["AFFOUAGE_KEY"]


async def spoken(mode):
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, trust_env=False)
    async with http, Client(streamable_http_client(URL, http_client=http), mode=mode) as client:
        tools = await client.list_tools()
        searched = await client.call_tool("search_sheets", {"question": os.environ["QUESTION"]})
        first = searched.structured_content["sheets"][0]
        where = {"collection": first["collection"], "sheet": first["sheet"]}
        read = await client.call_tool("read_sheet", where)
        explained = await client.call_tool("explain", {"question": os.environ["QUESTION"]})
        missing = await client.call_tool("read_sheet", {"collection": first["collection"], "sheet": "none"})
        return {
            "version": client.protocol_version,
            "server": client.server_info.name,
            "tools": [one.name for one in tools.tools],
            "read_only": all(one.annotations.read_only_hint for one in tools.tools),
            "found": first["title"],
            "read": read.structured_content["title"],
            "said": [one["quote"] for one in explained.structured_content["sentences"]],
            "quoted": explained.content[0].text,
            "missing": [missing.is_error, missing.content[0].text],
        }


async def main():
    print(json.dumps({mode: await spoken(mode) for mode in ("legacy", "auto")}))


asyncio.run(main())
