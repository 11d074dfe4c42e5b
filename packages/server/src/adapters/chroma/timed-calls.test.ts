import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../../../core/test-support/fake-time.ts";
import { createTimedCalls, NoAnswer, type TimedCallOptions } from "./timed-calls.ts";

/** A call whose server says nothing until it is told to, and what became of it. */
function silentCall(options: Partial<TimedCallOptions>) {
  const time = createFakeTime();
  const calls = createTimedCalls(time.timers);
  const answer = Promise.withResolvers<string>();
  let outcome: unknown;
  const run = (ended: AbortSignal): Promise<string> => {
    // As the client does, which does not say why.
    ended.addEventListener("abort", () => answer.reject(new Error("Failed to connect to Chroma")));
    return answer.promise;
  };
  calls.run(run, { timeoutMs: 1_000, ...options }).then(
    (value) => {
      outcome = value;
    },
    (error) => {
      outcome = error;
    },
  );
  return { time, calls, answer: answer.resolve, outcome: () => outcome };
}

describe("a call", () => {
  it("is given up after its deadline, and counted", async () => {
    const call = silentCall({});
    await call.time.advance(999);
    expect(call.outcome()).toBeUndefined();
    expect(call.calls.stats()).toEqual({ inFlight: 1, timeouts: 0 });
    await call.time.advance(1);
    await call.time.advance(0);
    expect(call.outcome()).toBeInstanceOf(NoAnswer);
    expect(call.calls.stats()).toEqual({ inFlight: 0, timeouts: 1 });
  });

  it("leaves no timer behind when it is answered", async () => {
    const call = silentCall({ watch: { everyMs: 100, isThere: async () => true } });
    call.answer("answer");
    await call.time.advance(0);
    expect(call.outcome()).toBe("answer");
    expect(call.time.pending()).toBe(0);
  });

  it("ends with the reason of its signal, or of whoever ends all", async () => {
    const abort = new AbortController();
    const left = silentCall({ signal: abort.signal });
    abort.abort("the client left");
    await left.time.advance(0);
    expect(left.outcome()).toBe("the client left");
    const closed = silentCall({});
    const reason = new Error("closed");
    closed.calls.abortAll(reason);
    await closed.time.advance(0);
    expect(closed.outcome()).toBe(reason);
    expect(closed.calls.stats().timeouts).toBe(0);
  });
});

describe("a call that may take long", () => {
  it("goes on while the server shows that it is there, until its own deadline", async () => {
    let asked = 0;
    const isThere = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    const call = silentCall({ timeoutMs: 30_000, watch: { everyMs: 1_000, isThere } });
    await call.time.advance(29_999);
    expect(call.outcome()).toBeUndefined();
    expect(asked).toBe(29);
    await call.time.advance(1);
    await call.time.advance(0);
    expect(call.outcome()).toBeInstanceOf(NoAnswer);
  });

  it("is given up as soon as the server does not", async () => {
    let isAlive = true;
    const call = silentCall({ timeoutMs: 30_000, watch: { everyMs: 1_000, isThere: async () => isAlive } });
    await call.time.advance(5_500);
    isAlive = false;
    await call.time.advance(500);
    await call.time.advance(0);
    expect(call.outcome()).toBeInstanceOf(NoAnswer);
    expect(call.time.pending()).toBe(0);
  });
});
