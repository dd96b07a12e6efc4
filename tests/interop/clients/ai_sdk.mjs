// Everything a program does with the npm packages `ai` and `@ai-sdk/openai-compatible`; prints what it got, as JSON.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NPM_CLIENTS}/`);
const { APICallError, Output, embed, generateText, jsonSchema, streamText, tool } = require("ai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");
const { SCHEMA } = JSON.parse(process.env.ASKED);

const commons = createOpenAICompatible({
  name: "affouage",
  baseURL: process.env.AFFOUAGE_URL,
  apiKey: process.env.AFFOUAGE_KEY,
  supportsStructuredOutputs: true,
});
const asked = { model: commons("default"), prompt: "Bonjour", maxRetries: 0 };
const got = {};

const answer = await generateText(asked);
got.chat = answer.text;
got.receipt = answer.response.headers["x-affouage-receipt"];

got.stream = [];
for await (const part of streamText(asked).textStream) got.stream.push(part);

const choose = tool({ description: "Choisir un bois.", inputSchema: jsonSchema(SCHEMA) });
const [call] = (await generateText({ ...asked, tools: { choisir: choose }, toolChoice: "required" })).toolCalls;
got.tools = [call.toolName, call.input];

got.schema = (await generateText({ ...asked, output: Output.object({ schema: jsonSchema(SCHEMA) }) })).output;

try {
  await generateText({ ...asked, model: commons("gpt-4o") });
} catch (no) {
  if (!APICallError.isInstance(no)) throw no;
  got.error = [no.statusCode, JSON.parse(no.responseBody).error.code];
}

got.embeddings = (await embed({ model: commons.embeddingModel("default"), value: "le bois", maxRetries: 0 })).embedding.length;
console.log(JSON.stringify(got));
