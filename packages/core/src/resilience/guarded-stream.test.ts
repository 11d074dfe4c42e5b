/** A call behind its rate limit and its circuit: what each of them learns, and when. */
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import type { ChatModel } from "../ports.ts";
import { createCircuitBreaker } from "./breaker.ts";
import { createCallBudget } from "./call-budget.ts";
import { createCallWindow } from "./call-window.ts";
import { streamGuarded } from "./guarded-stream.ts";

const MESSAGES = [{ role: "user", content: "How tall?" }] as const;

function scene({ perMinute = 1, tokensPerMinute = 1_000, usage }: { perMinute?: number; tokensPerMinute?: number; usage?: number } = {}) {
  const time = createFakeTime(0);
  const { clock, timers } = time;
  const breaker = createCircuitBreaker({ clock, failureThreshold: 1, openMs: 10_000 });
  const budget = createCallBudget({ window: createCallWindow({ clock, perMinute, tokensPerMinute }), clock, timers, maxWaitMs: 60_000 });
  let calls = 0;
  const chat: ChatModel = {
    name: "counted",
    async *stream(_, { onUsage }) {
      calls += 1;
      yield "330 metres";
      if (usage !== undefined) onUsage?.(usage);
    },
  };
  const told: number[] = [];
  const call = async (signal = new AbortController().signal): Promise<string> => {
    let text = "";
    const options = { signal, maxTokens: 100, onUsage: (tokens: number) => void told.push(tokens) };
    for await (const piece of streamGuarded({ chat, breaker, reserve: budget.reserve }, MESSAGES, options)) text += piece;
    return text;
  };
  /** Awaited later: its failure is no unhandled one. */
  const begin = (signal?: AbortSignal): Promise<unknown> => call(signal).catch((error: unknown) => error);
  return { time, breaker, budget, call, begin, told, calls: () => calls };
}

describe("streamGuarded", () => {
  it("reserves the prompt and the longest answer, and gives back what the upstream did not count", async () => {
    const { budget, call, told } = scene({ usage: 42 });
    await call();
    expect(budget.remaining()).toEqual({ calls: 0, tokens: 958 });
    expect(told).toEqual([42]);
  });

  it("keeps to the estimate when the upstream tells nothing", async () => {
    const { budget, call } = scene();
    await call();
    expect(budget.remaining().tokens).toBe(1_000 - (Math.ceil(9 / 3.5) + 8 + 100));
  });

  it("waits for its turn, which tells the circuit nothing", async () => {
    const { time, breaker, call, begin, calls } = scene();
    await call();
    const second = begin();
    await time.advance(59_999);
    expect(calls()).toBe(1);
    expect(breaker.state()).toBe("CLOSED");
    await time.advance(1);
    expect(await second).toBe("330 metres");
  });

  it("holds no probe of the circuit while it waits", async () => {
    const { time, breaker, call, begin } = scene();
    await call();
    breaker.enter().failed();
    await time.advance(10_000);
    expect(breaker.state()).toBe("HALF_OPEN");
    const waits = begin();
    await time.advance(1_000);
    // Another call may probe meanwhile: there is one slot.
    const probe = breaker.enter();
    probe.succeeded();
    await time.advance(50_000);
    expect(await waits).toBe("330 metres");
  });

  it("refuses at once while the circuit is open, rather than after a wait, and takes nothing from the budget", async () => {
    const { breaker, budget, call, begin } = scene({ perMinute: 2 });
    await call();
    breaker.enter().failed();
    expect(await begin()).toMatchObject({ code: "llm_circuit_open" });
    expect(budget.remaining().calls).toBe(1);
    breaker.reset();
    await call();
    breaker.enter().failed();
    expect(await begin()).toMatchObject({ code: "llm_circuit_open" });
    expect(budget.waiting()).toBe(0);
  });

  it("gives its reservation back when the circuit has opened during the wait", async () => {
    const { time, breaker, budget, call, begin, calls } = scene();
    await call();
    const waits = begin();
    await time.advance(55_000);
    breaker.enter().failed();
    await time.advance(5_000);
    expect(await waits).toMatchObject({ code: "llm_circuit_open" });
    expect(calls()).toBe(1);
    expect(budget.remaining()).toEqual({ calls: 1, tokens: 1_000 });
  });

  it("stops waiting with its client", async () => {
    const { time, budget, breaker, call, begin } = scene();
    await call();
    const client = new AbortController();
    const waits = begin(client.signal);
    await time.advance(1_000);
    expect(budget.waiting()).toBe(1);
    client.abort(new Error("left"));
    expect(await waits).toMatchObject({ message: "left" });
    expect(budget.waiting()).toBe(0);
    expect(breaker.state()).toBe("CLOSED");
  });
});
