import { describe, expect, it } from "vitest";
import { shareRuns } from "./shared-runs.ts";

/** Work whose runs end when the test says so. */
function scene() {
  const share = shareRuns<number>();
  const runs: PromiseWithResolvers<number>[] = [];
  const ask = (key = "k"): Promise<number> =>
    share(key, () => {
      const run = Promise.withResolvers<number>();
      runs.push(run);
      return run.promise;
    });
  return { runs, ask };
}

describe("shared runs", () => {
  it("runs once more for all who called while it ran", async () => {
    const { runs, ask } = scene();
    const first = ask();
    const others = [ask(), ask(), ask()];
    expect(runs).toHaveLength(1);
    runs[0]?.resolve(1);
    expect(await first).toBe(1);
    await Promise.resolve();
    expect(runs).toHaveLength(2);
    runs[1]?.resolve(2);
    expect(await Promise.all(others)).toEqual([2, 2, 2]);
  });

  it("begins the shared run after the one under way has failed, and fails nobody else", async () => {
    const { runs, ask } = scene();
    const first = ask();
    const second = ask();
    runs[0]?.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await Promise.resolve();
    runs[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it("begins anew for whoever calls after the shared run has begun", async () => {
    const { runs, ask } = scene();
    const [first, second] = [ask(), ask()];
    runs[0]?.resolve(1);
    await first;
    await Promise.resolve();
    const third = ask();
    runs[1]?.resolve(2);
    await second;
    await Promise.resolve();
    runs[2]?.resolve(3);
    expect(await third).toBe(3);
  });

  it("keeps keys apart", async () => {
    const { runs, ask } = scene();
    const asked = [ask("a"), ask("b")];
    expect(runs).toHaveLength(2);
    for (const [at, run] of runs.entries()) run.resolve(at);
    expect(await Promise.all(asked)).toEqual([0, 1]);
  });
});
