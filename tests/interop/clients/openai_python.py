"""Everything a program does with the `openai` package; prints what it got, as JSON."""

import json
import os

import openai
from asked import AFTER, BEFORE, MESSAGES, SCHEMA, TOOL

client = openai.OpenAI(base_url=os.environ["AFFOUAGE_URL"], api_key=os.environ["AFFOUAGE_KEY"], max_retries=0)
got = {"models": [one.id for one in client.models.list()]}

raw = client.chat.completions.with_raw_response.create(model="default", messages=MESSAGES)
got["chat"] = raw.parse().choices[0].message.content
got["receipt"] = raw.headers["x-affouage-receipt"]

stream = client.chat.completions.create(model="default", messages=MESSAGES, stream=True)
got["stream"] = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]

called = client.chat.completions.create(model="default", messages=MESSAGES, tools=[TOOL], tool_choice="required")
call = called.choices[0].message.tool_calls[0].function
got["tools"] = [call.name, json.loads(call.arguments)]

shaped = {"type": "json_schema", "json_schema": {"name": "bois", "schema": SCHEMA, "strict": True}}
formed = client.chat.completions.create(model="default", messages=MESSAGES, response_format=shaped)
got["schema"] = json.loads(formed.choices[0].message.content)

try:
    client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
except openai.NotFoundError as no:
    got["error"] = [no.status_code, no.code]

got["infill"] = client.completions.create(model="default", prompt=BEFORE, suffix=AFTER, max_tokens=40).choices[0].text
got["embeddings"] = len(client.embeddings.create(model="default", input=["le bois"]).data[0].embedding)
print(json.dumps(got))
