/** The client against real connections: what a double cannot know is how `fetch` itself tells a fault. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./options.ts";
import { sampleAnswer, sampleEvents } from "./testing.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface LoopbackServer {
  readonly address: string;
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

const open: LoopbackServer[] = [];

async function listen(handler: Handler): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const server = createServer(handler);
  server.on("connection", (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const running: LoopbackServer = {
    address: `http://127.0.0.1:${port}`,
    sockets,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  open.push(running);
  return running;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function clientOf(handler: Handler, options: Partial<ClientOptions> = {}) {
  const server = await listen(handler);
  return { client: createClient({ baseUrl: server.address, apiKey: "key-1", ...options }), server };
}

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

const sendJson: Handler = (_, response) => {
  response
    .setHeader("content-type", "application/json")
    .setHeader("x-request-id", "request-1")
    .end(JSON.stringify({ result: { data: sampleAnswer() } }));
};

const startStream = (response: ServerResponse): void => void response.setHeader("content-type", "text/event-stream; charset=utf-8");

const blocks = sampleEvents().map((event) => `data: ${JSON.stringify(event)}\n\n`);

describe("over a real connection", () => {
  it("asks", async () => {
    let received = "";
    const { client } = await clientOf((request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => {
        received += text;
      });
      request.on("end", () => sendJson(request, response));
    });
    expect(await client.chat.ask({ question: "Wie lange? 🛡️", sessionId: "s1" })).toEqual(sampleAnswer());
    expect(JSON.parse(received)).toEqual({ question: "Wie lange? 🛡️", sessionId: "s1" });
  });

  it("streams, one byte at a time", async () => {
    const { client } = await clientOf(async (_, response) => {
      startStream(response);
      for (const byte of new TextEncoder().encode(blocks.join(""))) {
        if (!response.write(Uint8Array.of(byte))) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const seen = [];
    for await (const event of client.chat.stream("?")) seen.push(event);
    expect(seen).toEqual(sampleEvents());
  });

  it("uses the same connection again after a loop that ran to its end", async () => {
    let current: ServerResponse | undefined;
    const { client, server } = await clientOf((_, response) => {
      current = response;
      startStream(response);
      response.write(blocks.join(""));
    });
    for (let asked = 0; asked < 3; asked += 1) {
      let last = "";
      for await (const { type } of client.chat.stream("?")) {
        last = type;
        // The end comes when the client has the answer already.
        if (type === "done") current?.end();
      }
      expect(last).toBe("done");
      // Node's fetch takes a connection back one turn of the event loop after its response is complete.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    }
    expect(server.sockets.size).toBe(1);
  });

  it("asks again after a refusal that names a time", async () => {
    let requests = 0;
    const { client } = await clientOf(
      (request, response) => {
        requests += 1;
        if (requests > 1) sendJson(request, response);
        else response.writeHead(503, { "retry-after": "0", "content-type": "text/plain" }).end("starting");
      },
      { random: () => 0 },
    );
    expect(await client.chat.ask("?")).toEqual(sampleAnswer());
    expect(requests).toBe(2);
  });

  it("knows that a refused connection sent nothing", async () => {
    const { address, close } = await listen(sendJson);
    await close();
    const client = createClient({ baseUrl: address, random: () => 0 });
    expect(await failure(client.chat.ask("?"))).toMatchObject({ name: "ConnectionError", mayHaveBeenSent: false });
  });

  it("does not know it of one that was reset", async () => {
    let requests = 0;
    const { client } = await clientOf((request) => {
      requests += 1;
      request.socket.resetAndDestroy();
    });
    expect(await failure(client.chat.ask("?"))).toMatchObject({ name: "ConnectionError", mayHaveBeenSent: true });
    expect(requests).toBe(1);
  });

  it("takes an answer that breaks off for none", async () => {
    const { client } = await clientOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
      response.write('{"answer":"The w', () => response.destroy());
    });
    expect(await failure(client.chat.ask("?"))).toMatchObject({ name: "ConnectionError", mayHaveBeenSent: true });
  });

  it.each([
    ["reset", (response: ServerResponse) => void response.socket?.resetAndDestroy()],
    ["closed", (response: ServerResponse) => void response.destroy()],
    ["ended in good order", (response: ServerResponse) => void response.end()],
  ])("takes a stream that is %s before done for incomplete", async (_, finish) => {
    let current: ServerResponse | undefined;
    const { client } = await clientOf((_request, response) => {
      current = response;
      startStream(response);
      response.write(blocks.slice(0, 4).join(""));
    });
    const stream = client.chat.stream("?");
    const reading = (async () => {
      let seen = 0;
      for await (const _event of stream) {
        seen += 1;
        if (seen === 4 && current !== undefined) finish(current);
      }
    })();
    expect(await failure(reading)).toMatchObject({ name: "IncompleteStreamError", partialText: "The warranty " });
  });

  it("ends a stream that went silent", async () => {
    const { client } = await clientOf((_, response) => {
      startStream(response);
      response.write(blocks[0]);
    });
    expect(await failure(client.chat.stream("?", { idleTimeoutMs: 50 }).final())).toMatchObject({ name: "TimeoutError", phase: "idle" });
  });

  it("ends a stream that sends signs of life and nothing else", async () => {
    const { client } = await clientOf((_, response) => {
      startStream(response);
      const beat = setInterval(() => response.write(": keep-alive\n\n"), 5);
      response.on("close", () => clearInterval(beat));
    });
    expect(await failure(client.chat.stream("?", { timeoutMs: 100 }).final())).toMatchObject({ name: "TimeoutError", phase: "deadline" });
  });

  it("tells the server when the loop is left", async () => {
    let gone: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const { client } = await clientOf((_, response) => {
      response.on("close", gone);
      startStream(response);
      response.write(blocks.slice(0, 3).join(""));
    });
    for await (const event of client.chat.stream("?")) if (event.type === "delta") break;
    await left;
  });

  it("tells the server when a call is aborted", async () => {
    const controller = new AbortController();
    let gone: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const { client } = await clientOf((_, response) => {
      response.on("close", gone);
      controller.abort();
    });
    expect(await failure(client.chat.ask("?", { signal: controller.signal }))).toMatchObject({ name: "AbortError" });
    await left;
  });

  it("does not take its key to where a redirect points", async () => {
    const keys: unknown[] = [];
    const elsewhere = await listen((request, response) => {
      keys.push(request.headers["x-api-key"]);
      sendJson(request, response);
    });
    const { client } = await clientOf((_, response) => void response.writeHead(307, { location: `${elsewhere.address}/chat` }).end());
    expect(await failure(client.chat.ask("?"))).toMatchObject({ name: "BadResponseError", status: 307 });
    expect(keys).toEqual([]);
  });
});
