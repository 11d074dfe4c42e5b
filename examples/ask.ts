/** Asks a running server one question, whole and then streamed: API_KEY=… node examples/ask.ts "Why is the goat called Admiral?" */
import { createClient } from "@rag-personal/client";

const question = process.argv[2] ?? "Why is the goat called Admiral?";
const client = createClient({ baseUrl: process.env["BASE_URL"] ?? "http://127.0.0.1:8000", apiKey: process.env["API_KEY"] });

const { answer, citations } = await client.chat.ask(question);
console.log(answer);
for (const { number, path, quote } of citations) console.log(`[${number}] ${path}: ${quote}`);

console.log(await client.chat.stream(question).text());
