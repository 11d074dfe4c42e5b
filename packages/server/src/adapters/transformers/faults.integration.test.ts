import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { beforeAll, describe, expect, it } from "vitest";
import { ABORT, END, HANG, HOLD, HOLD_MB, SEGFAULT } from "../../../test-support/faulty-model-texts.ts";
import { createModelFolder, end, openFaultyEmbedder } from "../../../test-support/local-model-scene.ts";
import { writeTinyEmbedder } from "../../../test-support/tiny-model/tiny-model.ts";

const BACK_WITHIN_MS = 3_000;
/** How long requests wait here for a model to be loaded three times. */
const PATIENCE_MS = 50_000;
/** Being back is to load once more; a machine that is busy takes its time for either. */
const backWithin = (openedMs: number) => Math.max(BACK_WITHIN_MS, 4 * openedMs);

const sentence = (at: number) => `Paragraph ${at} speaks of ${"gardens and ".repeat((at * 7) % 13)}tea.`;
const passages = (count: number) => Array.from({ length: count }, (_, at) => sentence(at));
const passage = { purpose: "passage" } as const;
const question = { purpose: "query" } as const;

describe("a local model", () => {
  let models: string;
  let tiny: string;
  beforeAll(async () => {
    models = await createModelFolder();
    tiny = join(models, "tiny");
    await writeTinyEmbedder(tiny);
  });

  it.each(["SIGKILL", "SIGABRT", "SIGSEGV"] as const)("answers again soon after its process was ended by %s", async (signal) => {
    const { embedder, processes, openedMs } = await openFaultyEmbedder(tiny);
    const [before] = await embedder.embed(["tea"], question);
    await end(processes[0], signal);
    expect(embedder.status()).toMatchObject({ isReady: false, reason: `its process was ended by ${signal}`, restarts: 1 });
    const startedAt = performance.now();
    expect((await embedder.embed(["tea"], question))[0]).toEqual(before);
    expect(performance.now() - startedAt).toBeLessThan(backWithin(openedMs));
    expect(embedder.status()).toMatchObject({ isReady: true, reason: undefined, waiting: 0 });
  });

  it("loses nothing of what it was at when its process is ended twice", async () => {
    const { embedder, processes, openedMs } = await openFaultyEmbedder(tiny);
    const texts = passages(1_500);
    const undisturbed = await embedder.embed(texts, passage);
    const disturbed = embedder.embed(texts, passage);
    for (const life of [0, 1]) {
      const { waiting } = embedder.status();
      await expect.poll(() => embedder.status().waiting, { timeout: backWithin(openedMs), interval: 1 }).toBeLessThan(waiting);
      expect(embedder.status()).toMatchObject({ isReady: true, restarts: life });
      await end(processes[life], "SIGKILL");
      expect(embedder.status().waiting).toBeGreaterThan(0);
    }
    expect(await disturbed).toEqual(undisturbed);
    expect(embedder.status().restarts).toBe(2);
  });

  it.each([END, ABORT, SEGFAULT])("gives up a text at which its process ends, and nothing else: %s", async (text) => {
    const { embedder, processes } = await openFaultyEmbedder(tiny, { maxAwayMs: PATIENCE_MS });
    const fatal = embedder.embed([text], passage);
    const others = embedder.embed(passages(100), passage);
    await expect(fatal).rejects.toMatchObject({ code: "not_ready", retryAfterSeconds: 3 });
    expect(await others).toHaveLength(100);
    expect(processes).toHaveLength(3);
  });

  it("gives up a text at which it hangs, and is back soon for the others", async () => {
    const { embedder, openedMs } = await openFaultyEmbedder(tiny, { timeoutMs: 1_000 });
    const hanging = embedder.embed([HANG], question);
    const other = embedder.embed(["tea"], question);
    await expect(hanging).rejects.toMatchObject({ code: "not_ready", message: expect.stringContaining("longer than 1000 ms") });
    const hungUntil = performance.now();
    expect(await other).toHaveLength(1);
    expect(performance.now() - hungUntil).toBeLessThan(backWithin(openedMs));
  });

  it("is loaded anew when it has grown, and loses no request", async () => {
    const reasons: string[] = [];
    const maxGrowthMb = 4.5 * HOLD_MB;
    const { embedder, processes } = await openFaultyEmbedder(tiny, {
      maxGrowthMb,
      onEvent: (event) => event.type === "away" && reasons.push(event.reason),
    });
    for (let at = 0; at < 6; at += 1) expect(await embedder.embed([HOLD], passage)).toHaveLength(1);
    expect(await embedder.embed(["tea"], question)).toHaveLength(1);
    expect(reasons).toEqual([expect.stringMatching(/^it has grown by \d+ MiB$/)]);
    expect(Number(/\d+/.exec(reasons[0] ?? ""))).toBeGreaterThanOrEqual(maxGrowthMb);
    expect(processes).toHaveLength(2);
  });

  it("answers a question before the documents that came first", async () => {
    const { embedder } = await openFaultyEmbedder(tiny);
    const order: string[] = [];
    const documents = embedder.embed(passages(1_000), passage).then(() => order.push("documents"));
    await embedder.embed(["tea"], question).then(() => order.push("question"));
    expect(order).toEqual(["question"]);
    await documents;
  });

  it("refuses more than may wait, and takes requests again when there is room", async () => {
    const { embedder } = await openFaultyEmbedder(tiny, { maxWaitingTexts: 50 });
    const documents = embedder.embed(passages(50), passage);
    await expect(embedder.embed(["one more"], passage)).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: expect.any(Number) });
    expect(await embedder.embed(["tea"], question)).toHaveLength(1);
    await documents;
    expect(await embedder.embed(["one more"], passage)).toHaveLength(1);
  });

  it("goes on for the others when somebody leaves", async () => {
    const { embedder } = await openFaultyEmbedder(tiny);
    const leaving = new AbortController();
    const left = embedder.embed(passages(2_000), { ...passage, signal: leaving.signal });
    const stays = embedder.embed(passages(10), passage);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(await stays).toHaveLength(10);
    expect(embedder.status().waiting).toBe(0);
  });

  it("does not answer out of files that were changed while it ran, until they are what they were", async () => {
    const changing = join(models, "changing");
    const network = join("onnx", "model.onnx");
    await writeTinyEmbedder(changing);
    const { embedder, processes } = await openFaultyEmbedder(changing, { maxAwayMs: 1_000 });
    const [before] = await embedder.embed(["tea"], question);
    await writeTinyEmbedder(changing, { seed: 2 });
    await end(processes[0], "SIGKILL");
    await expect.poll(() => embedder.status().reason, { timeout: 15_000 }).toContain("files were changed");
    await expect(embedder.embed(["tea"], question)).rejects.toMatchObject({
      code: "not_ready",
      message: expect.stringContaining("files were changed"),
    });
    expect(embedder.status()).toMatchObject({ isReady: false, reason: expect.stringContaining("files were changed") });
    await copyFile(join(tiny, network), join(changing, network));
    await expect.poll(() => embedder.status().isReady, { timeout: 15_000 }).toBe(true);
    expect((await embedder.embed(["tea"], question))[0]).toEqual(before);
  });

  it("lets the program do other things during a run that takes long", async () => {
    const slow = join(models, "slow");
    await writeTinyEmbedder(slow, { rounds: 15 });
    const { embedder } = await openFaultyEmbedder(slow);
    const before = performance.eventLoopUtilization();
    await embedder.embed(
      Array.from({ length: 16 }, () => "tea ".repeat(60)),
      passage,
    );
    // A run in this process would leave it no idle moment, however fast the machine is.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });

  it("fails what waits when it is closed, and whatever comes after", async () => {
    const { embedder } = await openFaultyEmbedder(tiny);
    const waiting = embedder.embed(passages(2_000), passage);
    const refused = expect(waiting).rejects.toMatchObject({ code: "not_ready" });
    await embedder.close();
    await refused;
    await expect(embedder.embed(["tea"], question)).rejects.toMatchObject({ code: "not_ready" });
    expect(embedder.status()).toMatchObject({ isReady: false, waiting: 0 });
  });
});
