import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DutyState, dueAt, nextStep, nextTime } from "./duties.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAILY = { everyMs: DAY_MS, fromMidnightMs: 3 * HOUR_MS };
const at = (iso: string): number => Date.parse(iso);
const state = (given: Partial<DutyState> = {}): DutyState => ({
  rhythm: DAILY,
  lastSuccessMs: undefined,
  failures: 0,
  lastFailureMs: undefined,
  ...given,
});

const moment = fc.integer({ min: at("2000-01-01"), max: at("2100-01-01") });
const rhythm = fc.record({
  everyMs: fc.integer({ min: 5, max: 10_080 }).map((minutes) => minutes * 60_000),
  fromMidnightMs: fc.integer({ min: 0, max: DAY_MS - 1 }),
});

describe("a backup", () => {
  it.each([
    ["at three in the night after the one of the night before", "2026-11-24T03:00:01Z", "2026-11-24T12:00:00Z", "2026-11-25T03:00:00Z"],
    ["at three also after one that was taken by hand", "2026-11-24T15:00:00Z", "2026-11-24T15:01:00Z", "2026-11-25T03:00:00Z"],
    ["at the same time in UTC when clocks on walls change", "2026-03-28T03:00:01Z", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00Z"],
  ])("is due %s", (_, last, now, due) => {
    expect(dueAt(state({ lastSuccessMs: at(last) }), at(now))).toBe(at(due));
  });

  it("is due at once when there is none, and once when a week was slept through", () => {
    const now = at("2026-11-24T12:00:00Z");
    expect(nextStep({ backup: state() }, now)).toEqual({ duty: "backup" });
    expect(nextStep({ backup: state({ lastSuccessMs: now - 7 * DAY_MS }) }, now)).toEqual({ duty: "backup" });
    expect(nextStep({ backup: state({ lastSuccessMs: now }) }, now)).toEqual({ waitMs: 60_000 });
  });

  it("is due within a day though the last one says that it is from next year", () => {
    const now = at("2026-11-24T12:00:00Z");
    expect(dueAt(state({ lastSuccessMs: now + 365 * DAY_MS }), now)).toBe(at("2026-11-25T03:00:00Z"));
  });

  it("that failed is tried again after a minute, then ever later, and within an hour at most", () => {
    const now = at("2026-11-24T12:00:00Z");
    const waits = [1, 2, 3, 7, 20].map((failures) => dueAt(state({ failures, lastFailureMs: now }), now) - now);
    expect(waits).toEqual([1, 2, 4, 60, 60].map((minutes) => minutes * 60_000));
  });

  it("is due after every success at the next of its times, and not before", () => {
    fc.assert(
      fc.property(rhythm, moment, (times, last) => {
        const due = dueAt(state({ rhythm: times, lastSuccessMs: last }), last);
        expect(due).toBeGreaterThan(last);
        expect(due - last).toBeLessThanOrEqual(times.everyMs);
        expect((due - times.fromMidnightMs) % times.everyMs).toBe(0);
        expect(nextTime(times, due - 1)).toBe(due);
      }),
    );
  });

  it("is taken once for each of its times by a service that waits as it is told and never fails", () => {
    fc.assert(
      fc.property(rhythm, moment, (times, start) => {
        const taken: number[] = [start];
        let now = start;
        const end = start + 3 * times.everyMs;
        while (now < end) {
          const step = nextStep({ backup: state({ rhythm: times, lastSuccessMs: taken.at(-1) }) }, now);
          if ("duty" in step) taken.push(now);
          else now += step.waitMs;
        }
        expect(taken).toHaveLength(4);
      }),
      { numRuns: 20 },
    );
  });
});

it("what weighs more comes first when several are due", () => {
  const interval = state({ rhythm: { everyMs: HOUR_MS } });
  expect(nextStep({ drill: interval, backup: state() }, 0)).toEqual({ duty: "backup" });
  expect(nextStep({ drill: interval, "base backup": interval }, 0)).toEqual({ duty: "base backup" });
  expect(nextStep({ drill: { ...interval, lastSuccessMs: 0 } }, HOUR_MS)).toEqual({ duty: "drill" });
  expect(nextStep({ drill: { ...interval, lastSuccessMs: 0 } }, HOUR_MS - 1)).toEqual({ waitMs: 1 });
});
