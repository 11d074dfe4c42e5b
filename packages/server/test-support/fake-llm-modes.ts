/** The ways in which a chat-completions server answers and misbehaves, each as it was seen in the field or in a specification's margin. */
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/** The words that a good answer consists of, one event each. */
export const WORDS: readonly string[] = ["The ", "owl ", "– ", "“Eule” ", "🦉 ", "sleeps ", "[1]."];

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const choice = (content: string | null, finishReason: string | null = null, index = 0) => ({
  index,
  delta: { content },
  finish_reason: finishReason,
});
const chunk = (...choices: unknown[]) => event({ id: "c", object: "chat.completion.chunk", choices });
const text = (content: string | null) => chunk(choice(content));
const finish = (reason = "stop") => chunk(choice("", reason));
const USAGE = event({ choices: [], usage: { total_tokens: 7 } });
const DONE = "data: [DONE]\n\n";
const HALF = WORDS.slice(0, 3).map(text).join("");
const WHOLE = WORDS.map(text).join("");
const ANSWER = WHOLE + finish() + DONE;
const KILOBYTES = "x".repeat(64 * 1024);
const SSE = { "content-type": "text/event-stream; charset=utf-8" };

/** Resolves when the client has read what was written, or has left. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      response.off("drain", wake).off("close", wake);
      resolve();
    };
    response.on("drain", wake).on("close", wake);
  });
}

/** Writes until the client leaves. */
async function flood(response: ServerResponse, what: string | Buffer): Promise<void> {
  while (!response.destroyed) {
    if (!response.write(what)) await drained(response);
  }
}

function open(response: ServerResponse, headers: Readonly<Record<string, string>> = SSE): ServerResponse {
  response.writeHead(200, headers);
  response.flushHeaders();
  return response;
}

async function sayForEver(response: ServerResponse, what: string): Promise<void> {
  open(response);
  while (!response.destroyed) {
    response.write(what);
    await delay(10);
  }
}

/** Answers with bytes of its own choosing instead of HTTP. */
function raw(response: ServerResponse, bytes: string): void {
  response.socket?.end(bytes);
}

type Behaviour = (response: ServerResponse) => void | Promise<void>;

const stream =
  (body: string | Buffer, headers?: Readonly<Record<string, string>>): Behaviour =>
  (response) =>
    void open(response, headers).end(body);

/** What the client must take for a whole answer. */
export const GOOD_MODES = {
  answers: stream(`: hello\n\n${WHOLE}${finish()}${USAGE}${DONE}`),
  "answers with a byte per write": async (response) => {
    open(response);
    for (const byte of Buffer.from(ANSWER)) {
      if (!response.write(Buffer.of(byte))) await drained(response);
      // Each byte in a turn of its own, so that characters are split over packets.
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  },
  "answers without [DONE]": stream(WHOLE + finish()),
  "answers and keeps the connection open": (response) => void open(response).write(WHOLE + finish()),
  "answers and resets after finishing": (response) => void open(response).write(WHOLE + finish(), () => response.socket?.resetAndDestroy()),
  "answers and reports an error after finishing": stream(`${WHOLE}${finish()}${event({ error: { message: "late" } })}`),
  "answers and floods after finishing": (response) => {
    open(response).write(WHOLE + finish());
    return flood(response, `: ${KILOBYTES}\n\n`);
  },
  "answers with the end in the last word": stream(`${WORDS.slice(0, -1).map(text).join("")}${chunk(choice(WORDS.at(-1) ?? "", "stop"))}${DONE}`),
  "answers with a duplicated final event": stream(WHOLE + finish() + finish() + USAGE + USAGE + DONE + DONE),
  "answers with usage at the end": stream(WHOLE + finish() + event({ choices: [], usage: { total_tokens: 31 } }) + DONE),
  "answers with usage as Groq gives it": stream(
    `${event({ x_groq: { id: "r" }, choices: [choice("")] })}${WHOLE}${event({ x_groq: { id: "r", usage: { total_tokens: 29 } }, choices: [choice("", "stop")] })}${DONE}`,
  ),
  "answers with usage that is none": stream(
    `${WHOLE}${finish()}${event({ choices: [], usage: { total_tokens: -4 } })}${event({ usage: { total_tokens: "many" } })}${DONE}`,
  ),
  "answers with usage before the end": stream(
    `${HALF}${USAGE}${event({ usage: { total_tokens: 3 } })}${WORDS.slice(3).map(text).join("")}${finish()}${DONE}`,
  ),
  "answers with null content": stream(
    `${chunk({ index: 0, delta: { role: "assistant", content: null } })}${chunk({ index: 0, delta: null })}${WHOLE}${text(null)}${finish()}${DONE}`,
  ),
  "answers with unknown fields": stream(
    `${WORDS.map((word) => event({ x_groq: { id: "r" }, choices: [{ ...choice(word), logprobs: null, extra: [1, { deep: true }] }], service_tier: 1 })).join("")}${finish()}${DONE}`,
  ),
  "answers with two choices": stream(
    `${WORDS.map((word) => chunk(choice("other", null, 1), choice(word)) + chunk(choice("other", null, 1))).join("")}${chunk(choice("", "stop", 1))}${finish()}${DONE}`,
  ),
  "answers in one huge event": stream(event({ padding: "x".repeat(1024 * 1024), choices: [choice(WORDS.join(""), "stop")] }) + DONE),
  "answers between pings": stream(`: ping\n\n${WORDS.map((word) => `: ping\n\n${text(word)}`).join("")}: ping\n\n${finish()}${DONE}`),
  "answers with CRLF lines": stream(ANSWER.replaceAll("\n", "\r\n")),
  "answers after a byte order mark": stream(`\uFEFF${ANSWER}`),
  "answers with named and numbered events": stream(ANSWER.replaceAll("data:", "event: message\nid: 7\nretry: 1000\ndata:")),
  "answers with data over several lines": stream(
    `${WORDS.map((word) => `data: ${JSON.stringify({ choices: [choice(word)] }, undefined, 1).replaceAll("\n", "\ndata: ")}\n\n`).join("")}${finish()}${DONE}`,
  ),
  "answers with characters cut in halves": stream(
    `${[...WORDS.join("")]
      .flatMap((character) => character.split(""))
      .map(text)
      .join("")}${finish()}${DONE}`,
  ),
  "answers in gzip": stream(gzipSync(ANSWER), { ...SSE, "content-encoding": "gzip" }),
  "stops at the token limit": stream(WHOLE + finish("length") + DONE),
} satisfies Record<string, Behaviour>;

/** What the client must not take for an answer, and need not wait for. */
export const BROKEN_MODES = {
  "refuses the connection at once": (response) => void response.socket?.resetAndDestroy(),
  "closes without an answer": (response) => void response.socket?.end(),
  "speaks no HTTP": (response) => raw(response, "SSH-2.0-OpenSSH_9.2\r\n"),
  "sends endless headers": (response) => raw(response, `HTTP/1.1 200 OK\r\n${`x-filler: ${"x".repeat(1000)}\r\n`.repeat(100)}\r\n`),
  "sends a broken chunk length": (response) =>
    raw(response, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
  "switches protocols": (response) => raw(response, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
  "cuts the body": (response) => void response.writeHead(200, { ...SSE, "content-length": "100000" }).write(HALF, () => response.socket?.end()),
  "resets mid-answer": (response) => void open(response).write(HALF, () => response.socket?.resetAndDestroy()),
  "ends without finish_reason": stream(WHOLE),
  "ends inside the last event": stream((WHOLE + finish()).slice(0, -1)),
  "says [DONE] without finish_reason": stream(WHOLE + DONE),
  "finishes without text": stream(finish() + DONE),
  "is stopped by a filter": stream(HALF + finish("content_filter") + DONE),
  "calls a tool instead": stream(
    chunk({ index: 0, delta: { tool_calls: [{ index: 0, function: { name: "shell", arguments: "{}" } }] }, finish_reason: null }) +
      finish("tool_calls") +
      DONE,
  ),
  "calls a tool and stops": stream(chunk({ index: 0, delta: { tool_calls: [{ index: 0 }] }, finish_reason: "stop" }) + DONE),
  "sends 200 with HTML": stream("<html><body>Welcome to the captive portal</body></html>", { "content-type": "text/html" }),
  "sends 200 with {}": stream("{}", { "content-type": "application/json" }),
  "sends 200 with an empty body": (response) => void response.writeHead(200).end(),
  "sends 204": (response) => void response.writeHead(204).end(),
  "sends a whole completion as JSON": stream(JSON.stringify({ choices: [{ message: { content: "The owl." }, finish_reason: "stop" }] }), {
    "content-type": "application/json",
  }),
  "sends the stream under a wrong type": stream(ANSWER, { "content-type": "application/json" }),
  "sends the stream without a type": stream(ANSWER, {}),
  "sends an empty event stream": stream(""),
  "sends {} as an event": stream(`data: {}\n\n${ANSWER}`),
  "sends null as an event": stream(`data: null\n\n${ANSWER}`),
  "sends a number as content": stream(chunk({ index: 0, delta: { content: 7 }, finish_reason: null }) + ANSWER),
  "sends bad JSON": stream(`${HALF}data: {"choices": [{"delta\n\n${finish()}${DONE}`),
  "sends bytes that are no text": stream(
    Buffer.concat([Buffer.from(`${HALF}data: {"choices":[{"delta":{"content":"`), Buffer.of(0xc3, 0x28), Buffer.from(`"}}]}\n\n${finish()}`)]),
  ),
  "sends an error event": stream(`${HALF}data: {"error":{"message":"internal secret detail"}}\n\n`),
  "sends a named error event": stream(`${HALF}event: error\ndata: {"message":"internal secret detail"}\n\n`),
  "sends garbage as gzip": stream(ANSWER, { ...SSE, "content-encoding": "gzip" }),
  "cuts the gzip": stream(gzipSync(ANSWER).subarray(0, 60), { ...SSE, "content-encoding": "gzip" }),
} satisfies Record<string, Behaviour>;

/** What the client must cut off by size. */
export const FLOOD_MODES = {
  floods: (response) => flood(open(response), text(KILOBYTES)),
  "floods with pings": (response) => flood(open(response), `: ${KILOBYTES}\n\n`),
  "floods with one event": (response) => {
    open(response).write("data: ");
    return flood(response, KILOBYTES);
  },
  "floods out of a small gzip": stream(gzipSync(`: ${"x".repeat(100_000_000)}\n\n${ANSWER}`), { ...SSE, "content-encoding": "gzip" }),
} satisfies Record<string, Behaviour>;

/** What the client must give up by time. */
export const SLOW_MODES = {
  "is silent": () => undefined,
  "sends headers and stalls": (response) => void open(response),
  "stalls mid-answer": (response) => void open(response).write(HALF),
  "only pings": (response) => sayForEver(response, ": ping\n\n"),
  "never comes to an end": (response) => sayForEver(response, text("again ")),
  "only thinks": (response) => sayForEver(response, chunk({ index: 0, delta: { reasoning: "Hm. " } })),
} satisfies Record<string, Behaviour>;

/** Refusals whose body is a fault of its own. */
export const REFUSAL_MODES = {
  "refuses with 429 and stalls in its body": (response) => void response.writeHead(429, { "retry-after": "7" }).write("{"),
  "refuses with 500 and floods": (response) => {
    response.writeHead(500);
    return flood(response, KILOBYTES);
  },
  "refuses with 500 in garbage for gzip": (response) => void response.writeHead(500, { "content-encoding": "gzip" }).end("no gzip"),
} satisfies Record<string, Behaviour>;

/** The names of a group of modes. */
export function namesOf<Modes extends object>(modes: Modes): Extract<keyof Modes, string>[] {
  const names: Extract<keyof Modes, string>[] = [];
  for (const name in modes) names.push(name);
  return names;
}

const MODES = { ...GOOD_MODES, ...BROKEN_MODES, ...FLOOD_MODES, ...SLOW_MODES, ...REFUSAL_MODES };

/** What the server does with a request: a behaviour by name, or a plain response. */
export type FakeLlmMode =
  | keyof typeof MODES
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Answers one request. */
export async function respond(mode: FakeLlmMode, response: ServerResponse): Promise<void> {
  if (typeof mode === "string") return MODES[mode](response);
  response.writeHead(mode.status, { "content-type": "application/json", ...mode.headers }).end(mode.body ?? '{"error":{"message":"no"}}');
}
