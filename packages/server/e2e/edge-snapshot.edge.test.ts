/** A worker and its snapshot: where it comes from, loaded once for all, and what is said of one that cannot be used. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleEdge, EDGE_SECRETS, type EdgeBundle, type EdgeWorker, startEdgeWorker } from "../test-support/edge-worker.ts";
import { makeSmallSnapshot } from "../test-support/small-snapshot.ts";

const QUESTION = { body: { question: "Who built the tower?" } };
const BINDINGS = { ...EDGE_SECRETS, LOG_LEVEL: "silent" };

let bundle: EdgeBundle;
let good: Uint8Array<ArrayBuffer>;
/** What the server of files gives, and how often it was asked. */
const files = { body: new Uint8Array() as Uint8Array, status: 200, asked: 0, hold: undefined as Promise<void> | undefined };
let fileServer: Server;
let worker: EdgeWorker | undefined;

beforeAll(async () => {
  bundle = await bundleEdge();
  good = await makeSmallSnapshot({ "lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912." });
  fileServer = createServer(async (_, response) => {
    files.asked += 1;
    await files.hold;
    response.writeHead(files.status).end(files.body);
  });
  await new Promise<void>((resolve) => fileServer.listen(0, "127.0.0.1", resolve));
});
afterEach(() => worker?.dispose());
afterAll(() => {
  fileServer.closeAllConnections();
  fileServer.close();
});

async function startOver(file: Partial<typeof files>): Promise<EdgeWorker> {
  Object.assign(files, { status: 200, asked: 0, hold: undefined }, file);
  const { port } = fileServer.address() as AddressInfo;
  worker = await startEdgeWorker(bundle, { bindings: { ...BINDINGS, SNAPSHOT_URL: `http://127.0.0.1:${port}/knowledge.bin` } });
  return worker;
}

const changed = (change: (bytes: Uint8Array<ArrayBuffer>) => void): Uint8Array => {
  const bytes = good.slice();
  change(bytes);
  return bytes;
};

describe("a snapshot is read", () => {
  it("from an address", async () => {
    expect(await (await startOver({ body: good })).client("POST", "/chat", QUESTION)).toMatchObject({ status: 200, body: { answerable: true } });
  });

  it.each(["bucket", "namespace"] as const)("from a %s, under a key of the operator's choice", async (kind) => {
    const places = kind === "bucket" ? { r2Buckets: ["SNAPSHOT"] } : { kvNamespaces: ["SNAPSHOT"] };
    worker = await startEdgeWorker(bundle, { bindings: { ...BINDINGS, SNAPSHOT_KEY: "of/today.bin" }, ...places });
    await worker.put(kind, "SNAPSHOT", "of/today.bin", good);
    expect(await worker.client("POST", "/chat", QUESTION)).toMatchObject({ status: 200, body: { answerable: true } });
  });

  it("from another worker, such as one for assets", async () => {
    const serviceBindings = {
      SNAPSHOT: async ({ url }: { readonly url: string }) =>
        new URL(url).pathname === "/knowledge.bin" ? new Response(good) : new Response("none", { status: 404 }),
    };
    // The platform's own types and Node's are two for the same thing.
    worker = await startEdgeWorker(bundle, { bindings: BINDINGS, serviceBindings: serviceBindings as never });
    expect(await worker.client("POST", "/chat", QUESTION)).toMatchObject({ status: 200, body: { answerable: true } });
  });

  it("from bytes that come with the worker", async () => {
    worker = await startEdgeWorker(bundle, { bindings: BINDINGS, dataBlobBindings: { SNAPSHOT: good } as never });
    expect(await worker.client("POST", "/chat", QUESTION)).toMatchObject({ status: 200, body: { answerable: true } });
  });

  it("once, for all who ask meanwhile, and for all who ask later", async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const { client, send } = await startOver({ body: good, hold });
    const waiting = Array.from({ length: 8 }, () => client("POST", "/chat", QUESTION));
    expect((await send("GET", "/health")).body).toEqual({ status: "starting" });
    expect((await send("GET", "/health/live")).body).toEqual({ status: "alive" });
    release();
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
    expect((await send("GET", "/health")).body).toEqual({ status: "healthy" });
    expect((await client("POST", "/chat", QUESTION)).status).toBe(200);
    expect(files.asked).toBe(1);
  });
});

describe("a snapshot that cannot be used", () => {
  it.each([
    ["is cut short", () => good.slice(0, good.length - 7), /cannot be used: it has \d+ of at least \d+ bytes\. Upload it again\./],
    ["is damaged", () => changed((bytes) => bytes.fill(7, 100, 110)), /checksum does not match\. Upload it again\./],
    [
      "is of another version",
      () => changed((bytes) => bytes.fill(9, 4, 5)),
      /it is of version 9, and this program reads version 1\. Write it anew with/,
    ],
    ["is something else", () => new TextEncoder().encode("<!doctype html>"), /it is no snapshot\. Upload what `rag snapshot/],
    ["is empty", () => new Uint8Array(), /it is no snapshot\./],
  ])("because it %s is told to whoever asks, and readiness says so", async (_, make, reason) => {
    const { client, send } = await startOver({ body: make() });
    const refusal = { status: 503, body: { code: "not_ready", detail: expect.stringMatching(reason), retryAfterSeconds: expect.any(Number) } };
    expect(await client("POST", "/chat", QUESTION)).toMatchObject(refusal);
    expect(await client("POST", "/chat", { body: { ...QUESTION.body, stream: true } })).toMatchObject(refusal);
    expect(await client("POST", "/search", { body: { query: "tower" } })).toMatchObject(refusal);
    expect(await send("GET", "/health/ready")).toMatchObject(refusal);
    expect((await client("GET", "/health/detailed")).body).toMatchObject({
      status: "starting",
      components: { snapshot: { status: "unhealthy", detail: expect.stringMatching(reason) } },
    });
    expect(files.asked).toBe(1);
    expect((await client("GET", "/sessions")).status).toBe(200);
  });

  it("is not there, by address and by key", async () => {
    const { client } = await startOver({ status: 404, body: new Uint8Array() });
    expect((await client("POST", "/chat", QUESTION)).body.detail).toMatch(/^There is no snapshot under SNAPSHOT_URL \(status 404\)\. Upload what/);
    await worker?.dispose();
    worker = await startEdgeWorker(bundle, { bindings: BINDINGS, r2Buckets: ["SNAPSHOT"] });
    expect((await worker.client("POST", "/chat", QUESTION)).body.detail).toMatch(/^There is no snapshot under knowledge\.bin\. Upload what/);
  });

  it("keeps to itself why a source failed, and what its address is", async () => {
    worker = await startEdgeWorker(bundle, { bindings: { ...BINDINGS, SNAPSHOT_URL: "http://user:pass@127.0.0.1:1/secret.bin" } });
    const { body } = await worker.client("POST", "/chat", QUESTION);
    expect(body).toMatchObject({ code: "not_ready", detail: "The snapshot could not be loaded; the log of the worker says why." });
  });

  it("is asked for again after a while, and then all is well", async () => {
    const { client } = await startOver({ body: good.slice(0, 60) });
    const { status, body } = await client("POST", "/chat", QUESTION);
    expect([status, body.retryAfterSeconds]).toEqual([503, 1]);
    files.body = good;
    await expect.poll(async () => (await client("POST", "/chat", QUESTION)).status, { timeout: 5_000, interval: 100 }).toBe(200);
    expect(files.asked).toBe(2);
  });
});

describe("a configuration that cannot be used", () => {
  it.each([
    ["no key", { API_KEY: "" }],
    ["a weak key", { API_KEY: "change-me" }],
    ["a password without the secret of tokens", { SECRET_KEY: "" }],
    ["what only a server has", { CHROMA_URL: "http://127.0.0.1:8000" }],
    ["nothing to read the snapshot from", {}],
  ])("because it has %s is told to the log, and nobody is let in", async (_, bindings) => {
    worker = await startEdgeWorker(bundle, { bindings: { ...BINDINGS, ...bindings } });
    const refusal = await worker.client("POST", "/chat", QUESTION);
    expect(refusal).toMatchObject({ status: 503, body: { code: "not_ready", detail: expect.stringMatching(/configuration of this worker/) } });
    expect(JSON.stringify(refusal.body)).not.toMatch(/API_KEY|SECRET_KEY|CHROMA/);
  });
});
