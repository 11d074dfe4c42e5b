import { expect, it } from "vitest";
import { problemOf, type ServiceState, serveBackups } from "./backup-service.ts";

const HOUR_MS = 3_600_000;

/** A service whose clock goes on only while it waits. */
function scene() {
  let now = Date.UTC(2026, 0, 1, 2);
  const stop = new AbortController();
  const notes: ServiceState[] = [];
  const said: string[] = [];
  const done: string[] = [];
  let last: number | undefined = now;
  let failuresLeft = 0;
  return {
    notes,
    said,
    done,
    stop,
    fail(times: number) {
      failuresLeft = times;
    },
    now: () => now,
    /** Serves for so long. */
    async serve(forMs: number): Promise<void> {
      const endMs = now + forMs;
      await serveBackups(
        {
          duties: {
            backup: {
              rhythm: { everyMs: 24 * HOUR_MS, fromMidnightMs: 3 * HOUR_MS },
              lastSuccessMs: async () => last,
              async work() {
                if (failuresLeft > 0) {
                  failuresLeft -= 1;
                  throw new Error("the disk is full");
                }
                last = now;
                done.push(new Date(now).toISOString());
              },
            },
          },
          clock: { now: () => now },
          async wait(ms) {
            now += ms;
            if (now >= endMs) stop.abort();
          },
          note: async (state) => void notes.push(state),
          say: (_, message) => void said.push(message),
        },
        stop.signal,
      );
    },
  };
}

it("takes a backup at its time, day by day", async () => {
  const { serve, done } = scene();
  await serve(49 * HOUR_MS);
  expect(done).toEqual(["2026-01-01T03:00:00.000Z", "2026-01-02T03:00:00.000Z"]);
});

it("tries again after a failure, says it loudly, and is well again after a success", async () => {
  const { serve, fail, done, said, notes, now } = scene();
  fail(2);
  await serve(2 * HOUR_MS);
  expect(done).toEqual(["2026-01-01T03:03:00.000Z"]);
  expect(said).toEqual(["backup failed: the disk is full", "backup failed: the disk is full"]);
  const ill = notes.filter(({ problems }) => problems["backup"] !== undefined);
  expect(problemOf(ill[0], Date.parse(ill[0]?.at ?? ""))).toBe("backup failed: the disk is full");
  expect(problemOf(notes.at(-1), now())).toBeUndefined();
});

it("is not well when it has said nothing for minutes, unless it works", () => {
  const at = "2026-01-01T03:00:00.000Z";
  const later = Date.parse(at) + 600_000;
  expect(problemOf({ at, working: null, problems: {} }, later)).toContain(at);
  expect(problemOf({ at, working: "backup", problems: {} }, later)).toBeUndefined();
  expect(problemOf(undefined, later)).toContain("not noted");
});

it("ends what is under way when it is stopped, and calls that no failure", async () => {
  const stop = new AbortController();
  const said: string[] = [];
  await serveBackups(
    {
      duties: {
        backup: {
          rhythm: { everyMs: HOUR_MS },
          lastSuccessMs: async () => undefined,
          async work(signal) {
            stop.abort();
            signal.throwIfAborted();
          },
        },
      },
      clock: { now: () => 0 },
      wait: async () => {},
      note: async () => {},
      say: (_, message) => void said.push(message),
    },
    stop.signal,
  );
  expect(said).toEqual([]);
});
