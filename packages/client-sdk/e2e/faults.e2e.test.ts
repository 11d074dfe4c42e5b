/** The client over a network that fails: never a hang past its limits, and never a part of an answer given as the whole. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Fault, type FaultProxy, startFaultProxy } from "../../server/test-support/fault-proxy.ts";
import { type Answer, type AnswerEvent, type Client, createClient, RagError } from "../src/index.ts";
import { type LiveServer, startLiveServer } from "../test-support/live-server.ts";

const QUESTION = "Who built the tower?";
/** Each call's, short enough that a hang shows. */
const LIMITS = { timeoutMs: 3_000, firstByteTimeoutMs: 700, idleTimeoutMs: 700, maxRetries: 0 };
/** For what is slow and goes on all the same, on a machine that is slow as well. */
const PATIENCE = { timeoutMs: 30_000, firstByteTimeoutMs: 15_000, idleTimeoutMs: 15_000, maxRetries: 0 };
/** What a loaded machine may add to a limit. */
const MARGIN_MS = 2_000;

let server: LiveServer;
let proxy: FaultProxy;
let client: Client;
let whole: Answer;

beforeAll(async () => {
  server = await startLiveServer();
  proxy = await startFaultProxy({ target: { port: server.port } });
  client = createClient({
    baseUrl: `http://127.0.0.1:${proxy.port}`,
    apiKey: server.apiKey,
    credentials: { username: "admin", password: server.adminPassword },
    timeoutMs: LIMITS.timeoutMs,
    maxRetries: 0,
  });
  whole = await client.chat.ask(QUESTION);
  await client.admin.stats();
});
afterAll(async () => {
  await proxy?.close();
  await server?.close();
});
afterEach(() => proxy.set({ kind: "pass" }));

interface Outcome {
  readonly result: Answer | RagError;
  readonly seen: readonly AnswerEvent[];
  readonly tookMs: number;
}

/** @throws what is no error of ours. */
async function outcomeOf(work: (seen: AnswerEvent[]) => Promise<Answer>): Promise<Outcome> {
  const seen: AnswerEvent[] = [];
  const startedAt = performance.now();
  const result = await work(seen).catch((error: unknown) => {
    if (error instanceof RagError) return error;
    throw error;
  });
  return { result, seen, tookMs: performance.now() - startedAt };
}

const streamed = (limits = LIMITS): Promise<Outcome> =>
  outcomeOf(async (seen) => {
    const stream = client.chat.stream(QUESTION, limits);
    for await (const event of stream) seen.push(event);
    return await stream.final();
  });

const asked = (limits = LIMITS): Promise<Outcome> => outcomeOf(() => client.chat.ask(QUESTION, limits));

/** An answer is the whole one, and nothing lasts longer than it may. */
function expectHonest({ result, seen, tookMs }: Outcome, limits = LIMITS): void {
  expect(tookMs).toBeLessThan(limits.timeoutMs + MARGIN_MS);
  if (result instanceof RagError) {
    expect(seen.some(({ type }) => type === "done")).toBe(false);
    return;
  }
  expect([result.answer, result.citations, result.answerable]).toEqual([whole.answer, whole.citations, whole.answerable]);
}

/** From the first byte of the head to behind the last of the body: status line, headers, each kind of event, the end. */
const POSITIONS = [0, 1, 9, 60, 180, 300, 340, 380, 420, 460, 500, 560, 640, 760, 900, 1_100, 1_300, 1_500, 1_700, 1_900, 2_100, 2_300, 2_600, 4_000];

describe("a connection that ends early", () => {
  it.each(["reset", "end", "half"] as const)("gives a stream whole or not at all, wherever it ends: %s", async (how) => {
    const codes = new Set<string>();
    for (const afterBytes of POSITIONS) {
      await proxy.set({ kind: "cut", afterBytes, how });
      const outcome = await streamed();
      expectHonest(outcome);
      codes.add(outcome.result instanceof RagError ? outcome.result.code : "answered");
    }
    expect([...codes]).toEqual(expect.arrayContaining(["answered", "incomplete_stream", "connection_failed"]));
  });

  it.each(["reset", "end", "half"] as const)("gives an answer whole or not at all, wherever it ends: %s", async (how) => {
    const codes = new Set<string>();
    for (const afterBytes of POSITIONS) {
      await proxy.set({ kind: "cut", afterBytes, how });
      const outcome = await asked();
      expectHonest(outcome);
      codes.add(outcome.result instanceof RagError ? outcome.result.code : "answered");
    }
    expect([...codes]).toEqual(expect.arrayContaining(["answered", "connection_failed"]));
    expect(codes).not.toContain("incomplete_stream");
  });

  it("while a question travels is an error, and the question is not asked twice", async () => {
    for (const afterBytes of [0, 20, 150]) {
      await proxy.set({ kind: "cut", afterBytes, how: "reset", direction: "toServer" });
      const before = proxy.counts.accepted;
      const outcome = await streamed();
      expectHonest(outcome);
      expect(outcome.result).toMatchObject({ code: "connection_failed" });
      expect(proxy.counts.accepted - before).toBeLessThanOrEqual(1);
    }
  });
});

describe("a server that is slow", () => {
  it.each<[string, Fault]>([
    ["one byte at a time", { kind: "slice", bytes: 1 }],
    ["late", { kind: "delay", ms: 100, jitterMs: 50 }],
  ])("is waited for: %s", async (_, fault) => {
    await proxy.set(fault);
    for (const outcome of [await streamed(PATIENCE), await asked(PATIENCE)]) {
      expectHonest(outcome, PATIENCE);
      expect(outcome.result).not.toBeInstanceOf(RagError);
    }
  });

  it.each<[string, Fault]>([
    ["never a byte", { kind: "silence" }],
    ["a few bytes in a second", { kind: "rate", bytesPerSecond: 40 }],
  ])("is not waited for longer than the limits say: %s", async (_, fault) => {
    await proxy.set(fault);
    for (const outcome of [await streamed(), await asked()]) {
      expectHonest(outcome);
      expect(outcome.result).toMatchObject({ code: "timed_out" });
    }
  });

  it("is not waited for once it falls silent within a stream", async () => {
    for (let events = 1; events <= 3; events += 1) {
      const outcome = await outcomeOf(async (seen) => {
        const stream = client.chat.stream(QUESTION, LIMITS);
        for await (const event of stream) {
          seen.push(event);
          if (seen.length === events) await proxy.set({ kind: "silence" });
        }
        return await stream.final();
      });
      // What had arrived before is given all the same; only the rest may be missing.
      expectHonest(outcome);
      await proxy.set({ kind: "pass" });
    }
  });
});

describe("a connection that refuses, flaps or spoils bytes", () => {
  it("that refuses is told at once, with nothing sent", async () => {
    await proxy.set({ kind: "refuse" });
    // What was open before is known to be gone only once it has been tried.
    await asked();
    for (const outcome of [await streamed(), await asked()]) {
      expectHonest(outcome);
      expect(outcome.result).toMatchObject({ code: "connection_failed", mayHaveBeenSent: false });
    }
  });

  it("that spoils a byte of the head or of the frame gives an error of ours or the answer", async () => {
    for (const atByte of [0, 5, 10, 40, 100, 200, 250, 300, 330]) {
      await proxy.set({ kind: "corrupt", atByte });
      const { tookMs } = await streamed();
      expect(tookMs).toBeLessThan(LIMITS.timeoutMs + MARGIN_MS);
    }
  });

  it("is overcome by calls that may be repeated", async () => {
    await proxy.set({ kind: "flap", everyMs: 150 });
    for (let call = 0; call < 5; call += 1) {
      const { hits } = await client.search(QUESTION, { maxRetries: 8, timeoutMs: 20_000 });
      expect(hits.length).toBeGreaterThan(0);
    }
  });
});

describe("a job over such a connection", () => {
  it("is waited for to its end", async () => {
    const job = await client.admin.ingest();
    await proxy.set({ kind: "cut", afterBytes: 420, how: "reset" });
    const waiting = job.wait({ maxRetries: 30 });
    const mended = setTimeout(() => void proxy.set({ kind: "pass" }), 800);
    expect(await waiting).toMatchObject({ id: job.id, state: "succeeded" });
    clearTimeout(mended);
  });

  it("brings a file in once, although its upload broke", async () => {
    await proxy.set({ kind: "cut", afterBytes: 30, how: "reset" });
    const mended = setTimeout(() => void proxy.set({ kind: "pass" }), 300);
    const uploaded = await client.documents.upload("# Kite\n\nThe kite was red.", {
      path: "kite.md",
      type: "text/markdown",
      maxRetries: 8,
      timeoutMs: 20_000,
    });
    clearTimeout(mended);
    await proxy.set({ kind: "pass" });
    expect(await uploaded.wait()).toMatchObject({ state: "succeeded" });
    const found = await client.documents.list({ pathPrefix: "uploads/kite" }).toArray();
    expect(found.map(({ path }) => path)).toEqual(["uploads/kite.md"]);
  });
});
