"""What code editors do while somebody types: fill in between, streamed, stopped at a line, and given up for the next.

Both ways are tried: a prompt and a suffix, and the marks of the model's own template in the prompt.
"""

import json
import os

import httpx
from asked import AFTER, BEFORE

client = httpx.Client(
    base_url=os.environ["AFFOUAGE_URL"],
    headers={"authorization": f"Bearer {os.environ['AFFOUAGE_KEY']}"},
    timeout=60,
    trust_env=False,
)


def typed(**asked):
    with client.stream("POST", "/completions", json={"model": "default", "stream": True, **asked}) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])["choices"][0]["text"]


got = {"models": [one["id"] for one in client.get("/models").json()["data"]]}
asked = {"max_tokens": 40, "temperature": 0.0}
got["stream"] = list(typed(prompt=BEFORE, suffix=AFTER, **asked))
got["infill"] = "".join(got["stream"])
marked = f"<|fim_prefix|>{BEFORE}<|fim_suffix|>{AFTER}<|fim_middle|>"
stops = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
got["marks"] = "".join(typed(prompt=marked, stop=stops, **asked))

with client.stream(
    "POST", "/completions", json={"model": "default", "stream": True, "prompt": BEFORE, "suffix": AFTER, **asked}
) as given_up:
    next(given_up.iter_raw())
    got["receipt"] = given_up.headers["x-affouage-receipt"]

no = client.post("/completions", json={"model": "gpt-4o", "prompt": BEFORE, "suffix": AFTER})
got["error"] = [no.status_code, no.json()["error"]["code"]]
print(json.dumps(got))
