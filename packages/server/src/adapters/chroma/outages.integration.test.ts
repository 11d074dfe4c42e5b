/** What callers see while a real Chroma is not there, is killed, is frozen, or has lost its files. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ChunkVector, VectorCollection } from "@rag-personal/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectForTest, type TestedChroma } from "../../../test-support/chroma-scene.ts";
import { type ChromaServer, startChromaServer } from "../../../test-support/chroma-server.ts";
import { SLACK_MS } from "../../../test-support/redis-harness.ts";
import { timed, until } from "../../../test-support/redis-scene.ts";
import { createChromaVectorStore } from "./vector-store.ts";

const TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 500;
const PROBE_EVERY_MS = 100;
const DESCRIPTION = { generation: 1, embedderId: "test/embedder@1", dimensions: 16 };
const AWAY = expect.objectContaining({ code: "store_unavailable" });

let server: ChromaServer;
let chroma: TestedChroma;

beforeEach(async () => {
  server = await startChromaServer();
  chroma = connectForTest(server.url, { timeoutMs: TIMEOUT_MS, queryTimeoutMs: QUERY_TIMEOUT_MS });
});

afterEach(async () => {
  chroma.close();
  await server.remove();
});

/** Every vector differs from every other one. */
const vector = (number: number): Float32Array => Float32Array.from({ length: DESCRIPTION.dimensions }, (_, at) => Math.sin((number + 1) * (at + 1)));
const chunks = (count: number): ChunkVector[] =>
  Array.from({ length: count }, (_, number) => ({ chunkId: `chunk-${number}`, documentId: `doc-${number % 10}`, vector: vector(number) }));
const ask = (vectors: VectorCollection) => timed(() => vectors.nearest(vector(3), { limit: 1 }));
const untilReady = () => timed(() => until(() => chroma.state() === "ready", `Chroma is ${chroma.state()}`));

async function opened(count: number): Promise<VectorCollection> {
  const vectors = await createChromaVectorStore(chroma).open(DESCRIPTION);
  await vectors.upsert(chunks(count));
  return vectors;
}

describe("a Chroma that is not there", () => {
  it("fails calls at once, and is used as soon as it comes", async () => {
    await server.kill();
    const early = connectForTest(server.url);
    const store = createChromaVectorStore(early);
    const { error, ms } = await timed(() => store.open(DESCRIPTION));
    expect(error).toEqual(AWAY);
    expect(ms).toBeLessThan(SLACK_MS);
    await server.restart();
    await until(() => early.state() === "ready", "it was not found");
    expect(await (await store.open(DESCRIPTION)).listChunkIds()).toEqual(new Set());
    expect(early.lines[0]).toMatchObject({ level: "warn", message: "Chroma is away" });
    early.close();
  });

  it("is called by nobody after it was closed", async () => {
    const store = createChromaVectorStore(chroma);
    expect(await store.ping()).toMatch(/^Chroma 1\./);
    chroma.close();
    await expect(store.ping()).rejects.toEqual(AWAY);
    expect(chroma.state()).toBe("closed");
  });
});

describe("a Chroma that is killed and restarted", () => {
  it("still has every vector that it acknowledged, and the same handle finds them", async () => {
    const vectors = await opened(300);
    await server.kill();
    const down = await ask(vectors);
    expect(down.error).toEqual(AWAY);
    expect(down.ms).toBeLessThan(SLACK_MS);
    await server.restart();
    const back = await untilReady();
    expect(back.ms).toBeLessThan(PROBE_EVERY_MS + SLACK_MS);
    expect((await vectors.listChunkIds()).size).toBe(300);
    for (const number of [0, 150, 299]) expect((await vectors.nearest(vector(number), { limit: 1 }))[0]?.chunkId).toBe(`chunk-${number}`);
  });
});

describe("a Chroma that has just come back", () => {
  it("is not asked by everybody at once, but by one, until that one has its answer", async () => {
    const vectors = await opened(300);
    await server.kill();
    await ask(vectors);
    await server.restart();
    await untilReady();
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => ask(vectors)));
    expect(first?.result?.[0]?.chunkId).toBe("chunk-3");
    for (const { error } of others) expect(error).toEqual(AWAY);
    expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(SLACK_MS);
    for (const { result } of await Promise.all(Array.from({ length: 10 }, () => ask(vectors)))) expect(result?.[0]?.chunkId).toBe("chunk-3");
  });
});

describe("a Chroma that is frozen", () => {
  it("costs one question its deadline, the others nothing, and is used again as soon as it goes on", async () => {
    const vectors = await opened(20);
    await ask(vectors);
    server.freeze();
    const first = await ask(vectors);
    expect(first.error).toEqual(AWAY);
    expect(first.ms).toBeLessThan(QUERY_TIMEOUT_MS + SLACK_MS);
    const later = await Promise.all(Array.from({ length: 50 }, () => ask(vectors)));
    for (const { error } of later) expect(error).toEqual(AWAY);
    const slowest = Math.max(...later.map(({ ms }) => ms));
    expect(slowest).toBeLessThan(SLACK_MS);
    expect(chroma.stats().timeouts).toBe(1);
    expect(chroma.state()).toBe("away");
    server.thaw();
    const back = await untilReady();
    expect(back.ms).toBeLessThan(1_000);
    expect((await ask(vectors)).result?.[0]?.chunkId).toBe("chunk-3");
    console.info(`frozen: first ${first.ms.toFixed(0)} ms, the next fifty ${slowest.toFixed(1)} ms, back after ${back.ms.toFixed(0)} ms`);
  });

  it("is known to be away though no search was answered yet, once it does not even say its version", async () => {
    const vectors = await opened(20);
    server.freeze();
    const asked = await Promise.all(Array.from({ length: 10 }, () => ask(vectors)));
    for (const { error } of asked) expect(error).toEqual(AWAY);
    await until(() => chroma.state() === "away", "it was not noticed");
    server.thaw();
    await untilReady();
  });

  it("gives up every kind of call after its deadline", async () => {
    const vectors = await opened(20);
    const store = createChromaVectorStore(chroma);
    server.freeze();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => vectors.upsert(chunks(5)),
      () => vectors.remove(["chunk-1"]),
      () => vectors.listChunkIds(),
      () => store.open({ ...DESCRIPTION, generation: 2 }),
      () => store.list(),
      () => store.drop(7),
      () => store.ping(),
    ];
    for (const { error, ms } of await Promise.all(calls.map((call) => timed(call)))) {
      expect(error).toEqual(AWAY);
      expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    }
    expect(chroma.stats().inFlight).toBeLessThanOrEqual(1);
  });

  it("keeps nobody who has given up, and thinks no worse of Chroma for it", async () => {
    const vectors = await opened(20);
    server.freeze();
    const reason = new Error("the client left");
    const abort = new AbortController();
    const asking = timed(() => vectors.nearest(vector(3), { limit: 1, signal: abort.signal }));
    abort.abort(reason);
    const { error, ms } = await asking;
    expect(error).toBe(reason);
    expect(ms).toBeLessThan(SLACK_MS);
    expect(chroma.state()).toBe("ready");
    server.thaw();
    expect((await ask(vectors)).result).toHaveLength(1);
  });
});

describe("whoever wants to know when Chroma is ready", () => {
  it("is told each time it has come, at a moment when calls are carried out", async () => {
    const answers: Promise<unknown>[] = [];
    const told = connectForTest(server.url);
    told.onReady(() => void answers.push(createChromaVectorStore(told).ping()));
    await until(() => answers.length === 1, "nobody was told of the first time");
    // A kill while it is being asked would fail this answer, and rightly so.
    await answers[0];
    await server.kill();
    await expect(createChromaVectorStore(told).list()).rejects.toEqual(AWAY);
    await server.restart();
    await until(() => answers.length === 2, "nobody was told that it is back");
    expect(await Promise.all(answers)).toEqual([expect.stringContaining("Chroma 1."), expect.stringContaining("Chroma 1.")]);
    told.close();
  });
});

describe("a Chroma that has lost its collections", () => {
  it("says so to whoever holds one, until it is opened again and filled anew", async () => {
    const vectors = await opened(20);
    await server.kill();
    rmSync(join(server.folder, "chroma.sqlite3"));
    await server.restart();
    await ask(vectors);
    await untilReady();
    for (const call of [() => ask(vectors), () => timed(() => vectors.upsert(chunks(5))), () => timed(() => vectors.listChunkIds())]) {
      const { error } = await call();
      expect(error).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("gone") });
    }
    expect(chroma.state()).toBe("ready");
    const again = await createChromaVectorStore(chroma).open(DESCRIPTION);
    expect(await again.listChunkIds()).toEqual(new Set());
    await again.upsert(chunks(20));
    expect((await ask(again)).result?.[0]?.chunkId).toBe("chunk-3");
  });
});
