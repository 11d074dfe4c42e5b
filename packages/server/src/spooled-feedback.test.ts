import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Feedback, type FeedbackStore, RagError } from "@rag-personal/core";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeTime } from "../../core/test-support/fake-time.ts";
import { openFeedbackSpool } from "./adapters/data-directory/feedback-spool.ts";
import { createSpooledFeedbackStore } from "./spooled-feedback.ts";

const judgement = (id: string): Feedback => ({ id, principal: "apiKey:default", rating: "up", comment: "“good” 🦉\n", atMs: 7 });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-spool-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store that may be away, or take a write and fail to say so, over a real spool. */
async function scene({ maxWaiting = 100 } = {}) {
  const rows = new Map<string, Feedback>();
  const state: { mode: "here" | "away" | "late" } = { mode: "here" };
  let hold: (() => Promise<void>) | undefined;
  const store: FeedbackStore = {
    async saveFeedback(feedback) {
      if (hold !== undefined) {
        const wait = hold;
        hold = undefined;
        await wait();
      }
      if (state.mode === "away") throw new RagError("store_unavailable", "away");
      const isNew = !rows.has(feedback.id);
      rows.set(feedback.id, feedback);
      if (state.mode === "late") throw new RagError("store_unavailable", "no answer in time");
      return isNew;
    },
    countFeedback: async () => ({ up: rows.size, down: 0 }),
  };
  const time = createFakeTime();
  const spooled = createSpooledFeedbackStore({
    store,
    spool: await openFeedbackSpool(join(folder, "spool"), randomUUID),
    timers: time.timers,
    log: pino({ level: "silent" }),
    maxWaiting,
  });
  function holdNextSave(): { started: Promise<void>; release(): void } {
    const started = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    hold = () => {
      started.resolve();
      return released.promise;
    };
    return { started: started.promise, release: released.resolve };
  }
  return { rows, state, time, spooled, holdNextSave, files: () => readdir(join(folder, "spool")) };
}

describe("feedback whose store is away", () => {
  it("is refused, to be sent again, when it can be kept neither in the store nor on disk", async () => {
    const { spooled, state } = await scene();
    state.mode = "away";
    await rm(join(folder, "spool"), { recursive: true });
    await expect(spooled.saveFeedback(judgement("a"))).rejects.toMatchObject({ code: "store_unavailable", retryAfterSeconds: 2 });
    expect(spooled.waiting()).toBe(0);
  });

  it("goes straight to the store while that is there", async () => {
    const { spooled, rows, files } = await scene();
    expect(await spooled.saveFeedback(judgement("a"))).toBe(true);
    expect(await spooled.saveFeedback(judgement("a"))).toBe(false);
    expect([rows.size, await files()]).toEqual([1, []]);
  });

  it("is handed over even when its turn comes while an earlier hand-over is still under way", async () => {
    const { spooled, state, time, rows, holdNextSave } = await scene();
    state.mode = "away";
    await spooled.saveFeedback(judgement("a"));
    state.mode = "here";
    const held = holdNextSave();
    const first = spooled.replay();
    await held.started;
    state.mode = "away";
    await spooled.saveFeedback(judgement("b"));
    await time.advance(1_000);
    state.mode = "here";
    held.release();
    await first;
    await expect
      .poll(async () => {
        await time.advance(1_000);
        return [...rows.keys()];
      })
      .toEqual(["a", "b"]);
    expect(spooled.waiting()).toBe(0);
  });

  it("waits on disk and is stored as it was once the store is back", async () => {
    const { spooled, rows, state, time, files } = await scene();
    state.mode = "away";
    for (const id of ["a", "b", "c"]) expect(await spooled.saveFeedback(judgement(id))).toBe(true);
    expect([spooled.waiting(), (await files()).length]).toEqual([3, 3]);
    await time.advance(1_000);
    expect(rows.size).toBe(0);
    state.mode = "here";
    await expect
      .poll(async () => {
        await time.advance(1_000);
        return spooled.waiting();
      })
      .toBe(0);
    expect(rows).toEqual(new Map(["a", "b", "c"].map((id) => [id, judgement(id)])));
    expect(await files()).toEqual([]);
  });

  it("counts once although the store took it and failed to say so", async () => {
    const { spooled, rows, state, files } = await scene();
    state.mode = "late";
    await spooled.saveFeedback(judgement("a"));
    state.mode = "here";
    await spooled.replay();
    expect([rows.size, await files()]).toEqual([1, []]);
  });

  it("outlives the program", async () => {
    const before = await scene();
    before.state.mode = "away";
    await before.spooled.saveFeedback(judgement("a"));
    await before.spooled.stop();
    const after = await scene();
    expect(await after.spooled.replay()).toBe(1);
    expect([...after.rows.keys()]).toEqual(["a"]);
  });

  it("is not held up by a file that cannot be read, which stays", async () => {
    const { spooled, rows, state, files } = await scene();
    state.mode = "away";
    await spooled.saveFeedback(judgement("a"));
    const damaged = "00000000-0000-4000-8000-000000000000.json";
    await writeFile(join(folder, "spool", damaged), '{"id": ');
    state.mode = "here";
    await spooled.replay();
    expect([[...rows.keys()], await files()]).toEqual([["a"], [damaged]]);
  });

  it("is refused when too much waits already", async () => {
    const { spooled, state } = await scene({ maxWaiting: 1 });
    state.mode = "away";
    await spooled.saveFeedback(judgement("a"));
    await expect(spooled.saveFeedback(judgement("b"))).rejects.toMatchObject({ code: "store_unavailable" });
  });
});
