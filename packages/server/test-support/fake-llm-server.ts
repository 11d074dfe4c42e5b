/** A chat-completions server on a loopback port that misbehaves on demand. */
import { createServer, type IncomingMessage } from "node:http";
import { type FakeLlmMode, respond, WORDS } from "./fake-llm-modes.ts";

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
  /** Resolves as soon as no request is under way, whoever ended the last one. */
  quiet(): Promise<void>;
  /** Connections taken so far, and those still open, whether in use or kept for the next request. */
  connections(): { readonly accepted: number; readonly open: number };
  close(): Promise<void>;
}

/** Starts the server on a free loopback port, behaving well. */
export async function startFakeLlmServer(): Promise<FakeLlmServer> {
  let mode: FakeLlmMode = "answers";
  let underWay = 0;
  let accepted = 0;
  let open = 0;
  let wakeQuiet: (() => void)[] = [];
  const requests: ReceivedRequest[] = [];
  const clientGone = Promise.withResolvers<void>();
  const requestArrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    underWay += 1;
    response.on("close", () => {
      underWay -= 1;
      if (!response.writableFinished) clientGone.resolve();
      if (underWay > 0) return;
      for (const wake of wakeQuiet) wake();
      wakeQuiet = [];
    });
    // Writing to a client that left is part of the game.
    response.on("error", () => undefined);
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return;
    }
    const body = parseBody(Buffer.concat(parts).toString());
    requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    requestArrived.resolve();
    await respond(body === undefined ? { status: 400 } : mode, response);
  });
  server.on("connection", (socket) => {
    accepted += 1;
    open += 1;
    socket.on("close", () => {
      open -= 1;
    });
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
    quiet: () =>
      new Promise((resolve) => {
        if (underWay === 0) resolve();
        else wakeQuiet.push(resolve);
      }),
    connections: () => ({ accepted, open }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Undefined for what was damaged on its way. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
