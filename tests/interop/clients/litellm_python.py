"""Everything a program does with LiteLLM's client; prints what it got, as JSON."""

import json
import os

import litellm
from asked import AFTER, BEFORE, MESSAGES, SCHEMA, TOOL

way = {"api_base": os.environ["AFFOUAGE_URL"], "api_key": os.environ["AFFOUAGE_KEY"], "num_retries": 0}
asked = {"model": "openai/default", "messages": MESSAGES, **way}
litellm.suppress_debug_info = True

answer = litellm.completion(**asked)
got = {"chat": answer.choices[0].message.content}
got["receipt"] = answer._response_headers["x-affouage-receipt"]
got["stream"] = [chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True)]

call = litellm.completion(**asked, tools=[TOOL], tool_choice="required").choices[0].message.tool_calls[0].function
got["tools"] = [call.name, json.loads(call.arguments)]

shaped = {"type": "json_schema", "json_schema": {"name": "bois", "schema": SCHEMA, "strict": True}}
got["schema"] = json.loads(litellm.completion(**asked, response_format=shaped).choices[0].message.content)

try:
    litellm.completion(**{**asked, "model": "openai/gpt-none"})
except litellm.NotFoundError as no:
    got["error"] = [no.status_code, "model_not_found" if "is not in this commons" in str(no) else str(no)]

filled = litellm.text_completion(
    model="text-completion-openai/default", prompt=BEFORE, suffix=AFTER, max_tokens=40, **way
)
got["infill"] = filled.choices[0].text
vectors = litellm.embedding(model="openai/default", input=["le bois"], encoding_format="float", **way)
got["embeddings"] = len(vectors.data[0]["embedding"])
print(json.dumps(got))
