"""The gateway that anybody writes first, to compare with: FastAPI, pydantic, httpx, each event read and re-written.

``python naive_proxy.py PORT UPSTREAM_PORT``; it checks a key and the shape of a request, counts tokens, keeps nothing.
"""

import json
import sys
from collections.abc import AsyncIterator

import httpx
import uvicorn
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Message(BaseModel):
    role: str
    content: str


class Asked(BaseModel):
    model: str
    messages: list[Message]
    stream: bool = False
    max_tokens: int | None = None
    temperature: float | None = None


app = FastAPI()
client = httpx.AsyncClient(timeout=300, limits=httpx.Limits(max_connections=1000, max_keepalive_connections=1000))
url = f"http://127.0.0.1:{sys.argv[2]}/v1/chat/completions"
tokens = {"bench": 0}


@app.post("/v1/chat/completions", response_model=None)
async def chat(asked: Asked, authorization: str = Header()) -> dict | StreamingResponse:  # type: ignore[type-arg]
    key = authorization.removeprefix("Bearer ")
    if key not in tokens:
        raise HTTPException(401, "unknown key")
    if asked.stream:
        return StreamingResponse(relay(asked, key), media_type="text/event-stream")
    answer = (await client.post(url, json=asked.model_dump(exclude_none=True))).json()
    tokens[key] += answer["usage"]["total_tokens"]
    return answer


async def relay(asked: Asked, key: str) -> AsyncIterator[str]:
    async with client.stream("POST", url, json=asked.model_dump(exclude_none=True)) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                chunk = json.loads(line[6:])
                tokens[key] += (chunk.get("usage") or {}).get("total_tokens", 0)
                yield f"data: {json.dumps(chunk)}\n\n"
            elif line:
                yield f"{line}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
