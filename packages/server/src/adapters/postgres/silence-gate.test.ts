import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSilenceGate, type SilenceGate } from "./silence-gate.ts";

const SILENCE_MS = 800;

/** A gate before a server that answers a probe after so many milliseconds, or never. */
function scene({ answersAfterMs }: { readonly answersAfterMs: number | undefined }) {
  const changes: boolean[] = [];
  let server = answersAfterMs;
  let probes = 0;
  const gate = createSilenceGate({
    silenceMs: SILENCE_MS,
    probe(withinMs) {
      probes += 1;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const isInTime = server !== undefined && server <= withinMs;
      setTimeout(() => resolve(isInTime), isInTime ? server : withinMs);
      return promise;
    },
    onChange: (isShut) => changes.push(isShut),
  });
  return {
    gate,
    changes,
    probes: () => probes,
    serverAnswersAfter(ms: number | undefined) {
      server = ms;
    },
  };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

async function passWithWords(gate: SilenceGate, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 90) {
    await pass(90);
    gate.heard();
  }
}

describe("the gate before a server", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("shuts within the silence when neither a call nor the probe is answered, and gives up the calls under way", async () => {
    const { gate, changes } = scene({ answersAfterMs: undefined });
    const givenUp: string[] = [];
    gate.enter(() => givenUp.push(`first, shut: ${gate.isShut}`));
    gate.enter(() => givenUp.push(`second, shut: ${gate.isShut}`));
    await pass(SILENCE_MS - 1);
    expect([gate.isShut, givenUp]).toEqual([false, []]);
    await pass(1);
    expect(givenUp).toEqual(["first, shut: true", "second, shut: true"]);
    expect(changes).toEqual([true]);
  });

  it("stays open for a long call on a server that answers the probe, however slowly within the silence", async () => {
    const { gate, changes } = scene({ answersAfterMs: 500 });
    gate.enter(() => expect.unreachable("the call was given up"));
    await pass(60_000);
    expect([gate.isShut, changes]).toEqual([false, []]);
  });

  it("does not even probe a server that answers others", async () => {
    const { gate, probes } = scene({ answersAfterMs: undefined });
    gate.enter(() => {});
    await passWithWords(gate, 30_000);
    expect(probes()).toBe(0);
  });

  it("does not take the time when nobody waited for silence", async () => {
    const { gate, probes } = scene({ answersAfterMs: undefined });
    gate.enter(() => {})();
    await pass(60_000);
    gate.enter(() => {});
    await pass(SILENCE_MS - 1);
    expect([gate.isShut, probes()]).toEqual([false, 1]);
  });

  it("probes on while it is shut, and opens at the first word", async () => {
    const { gate, changes, probes, serverAnswersAfter } = scene({ answersAfterMs: undefined });
    gate.enter(() => {})();
    gate.enter(() => {});
    await pass(60_000);
    expect(probes()).toBeGreaterThan(30);
    serverAnswersAfter(5);
    await pass(3 * SILENCE_MS);
    expect([gate.isShut, changes]).toEqual([false, [true, false]]);
  });

  it("opens for a word to whomever", async () => {
    const { gate } = scene({ answersAfterMs: undefined });
    gate.enter(() => {});
    await pass(SILENCE_MS);
    gate.heard();
    expect(gate.isShut).toBe(false);
  });

  it("shuts also when every call ends at a deadline that is shorter than the silence", async () => {
    const { gate } = scene({ answersAfterMs: undefined });
    const leave = gate.enter(() => {});
    await pass(100);
    leave();
    gate.suspect();
    await pass(SILENCE_MS);
    expect(gate.isShut).toBe(true);
  });

  it("gives up nobody who has left", async () => {
    const { gate } = scene({ answersAfterMs: undefined });
    gate.enter(() => expect.unreachable("it had left"))();
    gate.enter(() => {});
    await pass(SILENCE_MS);
    expect(gate.isShut).toBe(true);
  });

  it("leaves no timer behind, neither when nobody waits nor when it is closed", async () => {
    const quiet = scene({ answersAfterMs: 10 });
    quiet.gate.enter(() => {})();
    await pass(5_000);
    const shut = scene({ answersAfterMs: undefined });
    shut.gate.enter(() => {});
    await pass(2_000);
    shut.gate.close();
    await pass(5_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
