import { RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../../core/test-support/fake-time.ts";
import { UnreadableSnapshot } from "../snapshot/snapshot-format.ts";
import { createSnapshotLoading } from "./snapshot-loading.ts";

function createScene() {
  const time = createFakeTime();
  const failures: unknown[] = [];
  /** `load` is what the next attempts do. */
  const source = { attempts: 0, load: async (_: AbortSignal): Promise<string> => "knowledge" };
  const loading = createSnapshotLoading({
    load(signal) {
      source.attempts += 1;
      return source.load(signal);
    },
    clock: time.clock,
    timers: time.timers,
    onFailure: (error) => failures.push(error),
  });
  /** What one who asks now is refused with; undefined for one who is not. */
  const refusal = async (): Promise<Pick<RagError, "code" | "message" | "retryAfterSeconds"> | undefined> => {
    try {
      await loading.get();
      return undefined;
    } catch (error) {
      if (!(error instanceof RagError)) throw error;
      const { code, message, retryAfterSeconds } = error;
      return { code, message, retryAfterSeconds };
    }
  };
  return { time, failures, source, loading, refusal };
}

const broken = async (): Promise<never> => {
  throw new UnreadableSnapshot("damaged", "its checksum does not match");
};
const DAMAGED = "The snapshot cannot be used: its checksum does not match. Upload it again.";

describe("loading a snapshot", () => {
  it("happens once, whoever asks, and not before somebody does", async () => {
    const { loading, source } = createScene();
    expect([loading.loaded, source.attempts]).toEqual([undefined, 0]);
    expect(await Promise.all([loading.get(), loading.get()])).toEqual(["knowledge", "knowledge"]);
    expect(await loading.get()).toBe("knowledge");
    expect([loading.loaded, source.attempts]).toEqual(["knowledge", 1]);
  });

  it("that fails is told to all who wait, logged once, and not tried again at once", async () => {
    const scene = createScene();
    scene.source.load = broken;
    const refusal = { code: "not_ready", message: DAMAGED, retryAfterSeconds: 1 };
    expect(await Promise.all([scene.refusal(), scene.refusal()])).toEqual([refusal, refusal]);
    expect(await scene.refusal()).toEqual(refusal);
    expect([scene.source.attempts, scene.failures.length]).toEqual([1, 1]);
  });

  it("is tried less and less often, but at least once a minute, and then goes well", async () => {
    const scene = createScene();
    scene.source.load = broken;
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      const retryAfterSeconds = (await scene.refusal())?.retryAfterSeconds ?? Number.NaN;
      waits.push(retryAfterSeconds);
      await scene.time.advance(retryAfterSeconds * 1_000 - 1);
      await scene.refusal();
      expect(scene.source.attempts).toBe(attempt);
      await scene.time.advance(1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    scene.source.load = async () => "knowledge";
    expect(await scene.refusal()).toBeUndefined();
  });

  it("that takes too long is given up, its signal aborted, and tried anew", async () => {
    const scene = createScene();
    let isAborted = false;
    scene.source.load = (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          isAborted = true;
          reject(signal.reason);
        }),
      );
    const waiting = scene.refusal();
    await scene.time.advance(20_000);
    expect(await waiting).toMatchObject({ code: "not_ready", message: "The snapshot could not be loaded; the log of the worker says why." });
    expect(isAborted).toBe(true);
    scene.source.load = async () => "knowledge";
    await scene.time.advance(1_000);
    expect(await scene.refusal()).toBeUndefined();
  });

  it("that says nothing any more, because its request has ended, holds up nobody for ever", async () => {
    const scene = createScene();
    scene.source.load = () => new Promise(() => {});
    const waiting = [scene.refusal(), scene.refusal()];
    await scene.time.advance(20_000);
    expect(await Promise.all(waiting)).toMatchObject([{ code: "not_ready" }, { code: "not_ready" }]);
    expect(scene.failures).toHaveLength(1);
    scene.source.load = async () => "knowledge";
    await scene.time.advance(1_000);
    expect(await scene.refusal()).toBeUndefined();
  });
});
