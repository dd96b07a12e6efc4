// Everything a program does with the npm package `openai`; prints what it got, as JSON.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NPM_CLIENTS}/`);
const { OpenAI, NotFoundError } = require("openai");
const { MESSAGES, SCHEMA, TOOL, BEFORE, AFTER } = JSON.parse(process.env.ASKED);

const client = new OpenAI({ baseURL: process.env.AFFOUAGE_URL, apiKey: process.env.AFFOUAGE_KEY, maxRetries: 0 });
const got = { models: [] };
for await (const one of await client.models.list()) got.models.push(one.id);

const { data, response } = await client.chat.completions.create({ model: "default", messages: MESSAGES }).withResponse();
got.chat = data.choices[0].message.content;
got.receipt = response.headers.get("x-affouage-receipt");

got.stream = [];
const stream = await client.chat.completions.create({ model: "default", messages: MESSAGES, stream: true });
for await (const chunk of stream) got.stream.push(chunk.choices[0]?.delta?.content ?? "");

const called = await client.chat.completions.create({
  model: "default", messages: MESSAGES, tools: [TOOL], tool_choice: "required",
});
const call = called.choices[0].message.tool_calls[0].function;
got.tools = [call.name, JSON.parse(call.arguments)];

const formed = await client.chat.completions.create({
  model: "default",
  messages: MESSAGES,
  response_format: { type: "json_schema", json_schema: { name: "bois", schema: SCHEMA, strict: true } },
});
got.schema = JSON.parse(formed.choices[0].message.content);

try {
  await client.chat.completions.create({ model: "gpt-4o", messages: MESSAGES });
} catch (no) {
  if (!(no instanceof NotFoundError)) throw no;
  got.error = [no.status, no.code];
}

const filled = await client.completions.create({ model: "default", prompt: BEFORE, suffix: AFTER, max_tokens: 40 });
got.infill = filled.choices[0].text;
const vectors = await client.embeddings.create({ model: "default", input: ["le bois"] });
got.embeddings = vectors.data[0].embedding.length;
console.log(JSON.stringify(got));
