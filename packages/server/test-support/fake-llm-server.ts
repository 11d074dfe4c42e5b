/** A chat-completions server on a loopback port that misbehaves in every way seen in the field. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What the server does with a request. */
export type FakeLlmMode =
  | "answers"
  | "answers with a byte per write"
  | "answers without [DONE]"
  | "answers and keeps the connection open"
  | "answers and resets after finishing"
  | "stops at the token limit"
  | "is silent"
  | "sends headers and stalls"
  | "stalls mid-answer"
  | "only pings"
  | "cuts the body"
  | "resets mid-answer"
  | "ends without finish_reason"
  | "says [DONE] without finish_reason"
  | "finishes without text"
  | "is stopped by a filter"
  | "sends 200 with HTML"
  | "sends 200 with {}"
  | "sends 200 with an empty body"
  | "sends an empty event stream"
  | "sends {} as an event"
  | "sends bad JSON"
  | "sends an error event"
  | "floods"
  | "redirects"
  | "refuses the connection at once"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** What was received, for assertions. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export interface FakeLlmServer {
  /** Ends in `/v1`. */
  readonly baseUrl: string;
  readonly requests: readonly ReceivedRequest[];
  /** The mode of all following requests. */
  behave(mode: FakeLlmMode): void;
  /** The words that a good answer consists of, one event each. */
  readonly words: readonly string[];
  /** Resolves when the client has closed the connection of a request under way. */
  readonly clientGone: Promise<void>;
  /** Resolves when a request has arrived. */
  readonly requestArrived: Promise<void>;
  close(): Promise<void>;
}

const WORDS = ["The ", "owl ", "– ", "“Eule” ", "🦉 ", "sleeps ", "[1]."];

const chunk = (content: string, finishReason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] })}\n\n`;
const finish = (reason = "stop") => chunk("", reason);
const USAGE = `data: ${JSON.stringify({ choices: [], usage: { total_tokens: 7 } })}\n\n`;
const DONE = "data: [DONE]\n\n";

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

function openStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.flushHeaders();
}

async function respond(mode: FakeLlmMode, response: ServerResponse): Promise<void> {
  if (typeof mode === "object") {
    response.writeHead(mode.status, { "content-type": "application/json", ...mode.headers }).end(mode.body ?? '{"error":{"message":"no"}}');
    return;
  }
  const half = WORDS.slice(0, 3)
    .map((word) => chunk(word))
    .join("");
  const whole = WORDS.map((word) => chunk(word)).join("");
  const stream = (text: string) => {
    openStream(response);
    response.end(text);
  };
  switch (mode) {
    case "answers":
      return stream(`: hello\n\n${whole}${finish()}${USAGE}${DONE}`);
    case "answers with a byte per write":
      openStream(response);
      for (const byte of Buffer.from(whole + finish() + DONE)) {
        if (!response.write(Buffer.of(byte))) await drained(response);
        // Each byte in a turn of its own, so that characters are split over packets.
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
      return;
    case "answers without [DONE]":
      return stream(whole + finish());
    case "answers and keeps the connection open":
      openStream(response);
      response.write(whole + finish());
      return;
    case "answers and resets after finishing":
      openStream(response);
      response.write(whole + finish(), () => response.socket?.resetAndDestroy());
      return;
    case "stops at the token limit":
      return stream(whole + finish("length") + DONE);
    case "is silent":
      return;
    case "sends headers and stalls":
      return openStream(response);
    case "stalls mid-answer":
      openStream(response);
      response.write(half);
      return;
    case "only pings":
      openStream(response);
      while (!response.destroyed) {
        response.write(": ping\n\n");
        await delay(10);
      }
      return;
    case "cuts the body":
      response.writeHead(200, { "content-type": "text/event-stream", "content-length": "100000" });
      response.write(half, () => response.socket?.end());
      return;
    case "resets mid-answer":
      openStream(response);
      response.write(half, () => response.socket?.resetAndDestroy());
      return;
    case "ends without finish_reason":
      return stream(whole);
    case "says [DONE] without finish_reason":
      return stream(whole + DONE);
    case "finishes without text":
      return stream(finish() + DONE);
    case "is stopped by a filter":
      return stream(half + finish("content_filter") + DONE);
    case "sends 200 with HTML":
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Welcome to the captive portal</body></html>");
      return;
    case "sends 200 with {}":
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
      return;
    case "sends 200 with an empty body":
      response.writeHead(200).end();
      return;
    case "sends an empty event stream":
      return stream("");
    case "sends {} as an event":
      return stream(`data: {}\n\n${whole}${finish()}${DONE}`);
    case "sends bad JSON":
      return stream(`${half}data: {"choices": [{"delta\n\n${finish()}${DONE}`);
    case "sends an error event":
      return stream(`${half}data: {"error":{"message":"internal secret detail"}}\n\n`);
    case "floods":
      openStream(response);
      while (!response.destroyed) {
        if (!response.write(chunk("x".repeat(64 * 1024)))) await drained(response);
      }
      return;
    case "redirects":
      response.writeHead(307, { location: "/elsewhere" }).end();
      return;
    case "refuses the connection at once":
      response.socket?.resetAndDestroy();
      return;
  }
}

/** Starts the server on a free loopback port, behaving well. */
export async function startFakeLlmServer(): Promise<FakeLlmServer> {
  let mode: FakeLlmMode = "answers";
  const requests: ReceivedRequest[] = [];
  const clientGone = Promise.withResolvers<void>();
  const requestArrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) clientGone.resolve();
    });
    // Writing to a client that left is part of the game.
    response.on("error", () => undefined);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    requests.push({
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body: JSON.parse(Buffer.concat(parts).toString()),
    });
    requestArrived.resolve();
    await respond(mode, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the fake server has no port");
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    words: WORDS,
    behave(next) {
      mode = next;
    },
    clientGone: clientGone.promise,
    requestArrived: requestArrived.promise,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
