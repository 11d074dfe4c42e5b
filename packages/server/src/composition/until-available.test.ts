import { RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../../core/test-support/fake-time.ts";
import { ExitError } from "../exit-error.ts";
import { untilAvailable } from "./until-available.ts";

const AWAY = new RagError("store_unavailable", "away");

/** An attempt that fails with each of the errors in turn, and then succeeds. */
function scene(errors: readonly Error[]) {
  const time = createFakeTime();
  const controller = new AbortController();
  const lines: string[] = [];
  const left = [...errors];
  let attempts = 0;
  const outcome = untilAvailable(
    async () => {
      attempts += 1;
      const error = left.shift();
      if (error !== undefined) throw error;
    },
    {
      timers: time.timers,
      signal: controller.signal,
      log: {
        warn: (_: unknown, message?: string) => void lines.push(message ?? ""),
        info: (_: unknown, message?: string) => void lines.push(message ?? ""),
      },
    },
  ).then(
    () => "done",
    (error: unknown) => error,
  );
  return { time, controller, lines, outcome, attempts: () => attempts };
}

describe("untilAvailable", () => {
  it("is done at once where nothing is away, and says nothing", async () => {
    const { outcome, lines } = scene([]);
    expect([await outcome, lines]).toEqual(["done", []]);
  });

  it("tries each second until the store is there, and logs one line when it begins and one when it ends", async () => {
    const { time, outcome, lines, attempts } = scene(Array<Error>(5).fill(AWAY));
    await time.advance(4_900);
    expect(attempts()).toBe(5);
    await time.advance(200);
    expect([await outcome, attempts(), lines.length]).toEqual(["done", 6, 2]);
    expect(time.pending()).toBe(0);
  });

  it("does not wait for what waiting cannot mend", async () => {
    const error = new ExitError("the database is newer than this program");
    expect(await scene([error]).outcome).toBe(error);
  });

  it("ends when the server stops", async () => {
    const { time, controller, outcome } = scene(Array<Error>(100).fill(AWAY));
    await time.advance(1_500);
    controller.abort(new Error("stopping"));
    expect(await outcome).toEqual(new Error("stopping"));
    expect(time.pending()).toBe(0);
  });
});
