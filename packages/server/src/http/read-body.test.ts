import { connect } from "node:net";
import { RagError } from "@rag-personal/core";
import fc from "fast-check";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { type HttpServer, startHttpServer } from "../http-server.ts";
import type { HttpEnvironment } from "./environment.ts";
import { jsonDepth, readJson } from "./read-body.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("jsonDepth", () => {
  it("agrees with the parsed value, whatever brackets stand in strings", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonDepth(JSON.stringify(value))).toBe(depthOf(value));
      }),
    );
  });

  it("measures a hundred thousand levels without recursion", () => {
    expect(jsonDepth("[".repeat(100_000))).toBe(100_000);
  });

  it("is not fooled by escaped quotes", () => {
    expect(jsonDepth(String.raw`{"a\"[[[[":"\\"}`)).toBe(1);
  });
});

describe("readJson behind Node's server", () => {
  const schema = z.strictObject({ text: z.string() });
  let server: HttpServer | undefined;
  afterEach(() => server?.stop(0));

  /** A server that answers with the text it was sent, or with the code of the error. */
  async function scene() {
    const codes: string[] = [];
    const failed = Promise.withResolvers<void>();
    const app = new Hono<HttpEnvironment>();
    app.post("/", async (c) => c.text((await readJson(c, schema, { maxBodyBytes: 100, maxJsonDepth: 3 })).text));
    app.onError((error, c) => {
      codes.push(error instanceof RagError ? `${error.code}: ${error.message}` : String(error));
      failed.resolve();
      return c.text("refused", 400, { connection: "close" });
    });
    const limits = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 10 };
    server = await startHttpServer({ fetch: app.fetch, listenOn: { host: "127.0.0.1", port: 0 }, limits });
    return { address: server.address, codes, failed: failed.promise };
  }

  const headers = { "content-type": "application/json" };
  /** Sends a body whose length is not told. */
  const sendInPieces = (address: string, text: string): Promise<Response> => {
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body: new Blob([text]).stream(), duplex: "half" };
    return fetch(address, init);
  };

  it("reads a body whose length is told, and one whose length is not", async () => {
    const { address } = await scene();
    const body = JSON.stringify({ text: "ünïcode 🦉" });
    const told = await fetch(address, { method: "POST", headers, body });
    expect(await told.text()).toBe("ünïcode 🦉");
    const untold = await sendInPieces(address, body);
    expect(await untold.text()).toBe("ünïcode 🦉");
  });

  it("refuses a body beyond the limit, whether its length is told or not", async () => {
    const { address, codes } = await scene();
    const body = JSON.stringify({ text: "x".repeat(100) });
    await fetch(address, { method: "POST", headers, body });
    await sendInPieces(address, body);
    expect(codes.map((code) => code.split(":")[0])).toEqual(["payload_too_large", "payload_too_large"]);
  });

  it("refuses what is no UTF-8", async () => {
    const { address, codes } = await scene();
    await fetch(address, { method: "POST", headers, body: Uint8Array.of(0x22, 0xff, 0x22) });
    expect(codes).toEqual(["invalid_request: The body is not valid UTF-8."]);
  });

  it("takes no part of a body for the whole", async () => {
    const { address, codes, failed } = await scene();
    const socket = connect(Number(new URL(address).port), "127.0.0.1");
    socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"text":"whole"}', () =>
      socket.destroy(),
    );
    await failed;
    expect(codes).toEqual(["invalid_request: The request ended before its body was complete."]);
  });
});
