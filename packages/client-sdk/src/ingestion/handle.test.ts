import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import type { IngestionEvent, IngestionJob } from "../index.ts";
import { brokenConnection, events, type Reply, refusal, refusedStream, result, sampleJob } from "../testing.ts";

const running = sampleJob({ state: "running", finishedAt: null });
const done: IngestionEvent = { type: "done", job: sampleJob() };
const progress = (count: number): IngestionEvent => ({ type: "progress", progress: { done: count, total: 3 } });
const begun: IngestionEvent = { type: "job", job: running };
const cut = (list: readonly IngestionEvent[]): Reply => events(list, { ending: "cut" });

async function started(script: readonly Reply[], options = {}) {
  const scene = createScene([result(running), ...script], options);
  return { ...scene, job: await scene.client.admin.ingest() };
}

async function waited(script: readonly Reply[], options = {}) {
  const { job, time, requests } = await started(script);
  const seen: string[] = [];
  const outcome = job.wait({ ...options, onEvent: ({ type }) => void seen.push(type) }).catch((error: unknown) => error);
  await time.advance(120_000);
  return { outcome: await outcome, seen, requests, pending: time.pending() };
}

describe("a job", () => {
  it("is started, and followed to its end", async () => {
    const sent = [begun, { type: "file", file: { path: "a.md", outcome: "added", chunks: 2 } } as const, progress(1), done];
    const { job, requests, time } = await started([events(sent)]);
    const seen: IngestionEvent[] = [];
    for await (const event of job.events()) seen.push(event);
    expect(seen).toEqual(sent);
    expect(requests).toMatchObject([
      { url: "http://rag.test/base/trpc/admin.ingest" },
      { body: { id: running.id }, headers: { accept: "text/event-stream" } },
    ]);
    expect(time.pending()).toBe(0);
  });

  it("tells its state", async () => {
    const { job } = await started([result(running)]);
    expect(await job.status()).toEqual(running);
  });

  it("is left alone by a loop that ends early, and the request is not", async () => {
    const { job, requests } = await started([events([begun, progress(1)], { ending: "stall" })]);
    for await (const { type } of job.events()) if (type === "progress") break;
    expect(requests[1]?.isAborted).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it("is never taken for ended before it is", async () => {
    const { job } = await started([cut([begun, progress(2)])]);
    const reading = (async () => {
      for await (const _ of job.events());
    })();
    expect(await failureOf(reading)).toMatchObject({ name: "IncompleteStreamError" });
  });

  it("passes over events that are newer than this package", async () => {
    const { outcome, seen } = await waited([events([begun, { type: "pause" }, done])]);
    expect([outcome, seen]).toEqual([done.job, ["job", "done"]]);
  });
});

describe("waiting for a job", () => {
  it("gives the job as it ended, whatever that is", async () => {
    const failed: IngestionJob = sampleJob({ state: "failed", error: "The folder is gone." });
    expect((await waited([events([{ type: "done", job: failed }])])).outcome).toEqual(failed);
  });

  it("looks again when the connection breaks", async () => {
    const { outcome, seen, requests, pending } = await waited([
      cut([begun, progress(1)]),
      cut([begun, progress(2)]),
      cut([begun]),
      events([begun, done]),
    ]);
    expect(outcome).toEqual(done.job);
    expect(seen).toEqual(["job", "progress", "job", "progress", "job", "job", "done"]);
    expect(requests).toHaveLength(5);
    expect(pending).toBe(0);
  });

  it("looks again when the stream goes silent", async () => {
    const { outcome } = await waited([events([begun], { ending: "stall" }), events([begun, done])], { idleTimeoutMs: 1_000 });
    expect(outcome).toEqual(done.job);
  });

  it("gives up when nothing new comes, time after time", async () => {
    const { outcome, requests } = await waited([cut([begun]), cut([begun]), cut([begun]), events([begun, done])]);
    expect(outcome).toMatchObject({ name: "IncompleteStreamError" });
    expect(requests).toHaveLength(4);
  });

  it("is over when the server says no", async () => {
    expect((await waited([refusedStream(404, "not_found")])).outcome).toMatchObject({ name: "NotFoundError", status: 404 });
  });

  it("is over at its deadline, across connections", async () => {
    const stalled = events([begun, progress(1)], { ending: "stall" });
    const { outcome, requests } = await waited([stalled, stalled, stalled], { idleTimeoutMs: 1_000, timeoutMs: 2_000 });
    expect(outcome).toMatchObject({ name: "TimeoutError", phase: "deadline" });
    expect(requests.length).toBeLessThanOrEqual(3);
  });

  it("is over when its caller gives up, also between two connections", async () => {
    const { job, time } = await started([cut([begun])]);
    const controller = new AbortController();
    const waiting = failureOf(job.wait({ signal: controller.signal }));
    await time.advance(0);
    controller.abort("enough");
    expect(await waiting).toMatchObject({ name: "AbortError", cause: "enough" });
  });

  it("ends with what the listener throws", async () => {
    const { job } = await started([events([begun, done])]);
    const waiting = job.wait({
      onEvent: () => {
        throw new RangeError("no such bar");
      },
    });
    expect(await failureOf(waiting)).toEqual(new RangeError("no such bar"));
  });
});

describe("starting a job", () => {
  it("is not repeated when it may have started already", async () => {
    const { client, requests } = createScene([brokenConnection()]);
    expect(await failureOf(client.admin.ingest())).toMatchObject({ name: "ConnectionError" });
    expect(requests).toHaveLength(1);
  });

  it("fails as the server says", async () => {
    const { client } = createScene([refusal(403, "forbidden")]);
    expect(await failureOf(client.admin.ingest())).toMatchObject({ name: "PermissionError" });
  });
});
