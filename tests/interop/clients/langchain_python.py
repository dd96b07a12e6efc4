"""Everything a program does with LangChain's ChatOpenAI; prints what it got, as JSON."""

import json
import os

import openai
from asked import MESSAGES, SCHEMA, TOOL
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

way = {"base_url": os.environ["AFFOUAGE_URL"], "api_key": os.environ["AFFOUAGE_KEY"], "max_retries": 0}
model = ChatOpenAI(model="default", include_response_headers=True, **way)

answer = model.invoke(MESSAGES)
got = {"chat": answer.content, "receipt": answer.response_metadata["headers"]["x-affouage-receipt"]}
got["stream"] = [chunk.content for chunk in model.stream(MESSAGES)]

call = model.bind_tools([TOOL], tool_choice="required").invoke(MESSAGES).tool_calls[0]
got["tools"] = [call["name"], call["args"]]
got["schema"] = model.with_structured_output({"title": "bois", **SCHEMA}, method="json_schema").invoke(MESSAGES)

try:
    ChatOpenAI(model="gpt-4o", **way).invoke(MESSAGES)
except openai.NotFoundError as no:
    got["error"] = [no.status_code, no.code]

vectors = OpenAIEmbeddings(model="default", check_embedding_ctx_length=False, **way)
got["embeddings"] = len(vectors.embed_query("le bois"))
print(json.dumps(got))
