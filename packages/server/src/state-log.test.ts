/** What is written of a state that changes, slowly and quickly. */
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../core/test-support/fake-time.ts";
import { createStateLog } from "./state-log.ts";

function scene() {
  const time = createFakeTime();
  const lines: string[] = [];
  const log = createStateLog<string>({
    clock: time.clock,
    timers: time.timers,
    quietMs: 5_000,
    isUrgent: (state) => state === "denied",
    write: (state, reason, changes) => void lines.push(`${state} ${reason ?? "-"} ${changes}`),
  });
  return { time, lines, log };
}

describe("createStateLog", () => {
  it("writes a change at once, and the same state once", () => {
    const { log, lines } = scene();
    log.observe("away", "refused");
    log.observe("away", "refused again");
    expect(lines).toEqual(["away refused 1"]);
  });

  it("writes at most one line in the quiet time while it flaps, and in the end the state that lasts", async () => {
    const { log, lines, time } = scene();
    for (let flap = 0; flap < 200; flap += 1) {
      log.observe(flap % 2 === 0 ? "away" : "ready");
      await time.advance(300);
    }
    expect(lines.length).toBeLessThanOrEqual(13);
    log.observe("ready");
    await time.advance(5_000);
    expect(lines.at(-1)).toMatch(/^ready/);
    expect(time.pending()).toBe(0);
  });

  it("writes nothing when the state has come back within the quiet time", async () => {
    const { log, lines, time } = scene();
    log.observe("ready");
    log.observe("away");
    log.observe("ready");
    await time.advance(10_000);
    expect(lines).toEqual(["ready - 1"]);
  });

  it("does not hold back what is urgent, nor repeat it", async () => {
    const { log, lines, time } = scene();
    log.observe("ready");
    for (let flap = 0; flap < 5; flap += 1) {
      log.observe("denied", "wrong password");
      log.observe("ready");
    }
    expect(lines).toEqual(["ready - 1", "denied wrong password 1"]);
    await time.advance(5_000);
    expect(lines).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/^ready/);
  });

  it("stops", async () => {
    const { log, lines, time } = scene();
    log.observe("ready");
    log.observe("away");
    log.stop();
    await time.advance(10_000);
    expect(lines).toHaveLength(1);
  });
});
