import { type ChatModel, createCallBudget, createCallWindow, createCircuitBreaker, RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { measureChatModel, measureGuards } from "./measured-chat-model.ts";

/** A model that says two words, one second each, and then ends as told. */
function scene(end: () => void) {
  let now = 0;
  const records: (readonly [number, string])[] = [];
  const model: ChatModel = {
    name: "m",
    async *stream() {
      for (const word of ["a", "b"]) {
        now += 1_000;
        yield word;
      }
      end();
    },
  };
  const measured = measureChatModel(model, { clock: { monotonic: () => now }, record: (...record) => records.push(record) });
  const controller = new AbortController();
  const words = async (limit = Number.POSITIVE_INFINITY): Promise<string[]> => {
    const said: string[] = [];
    for await (const word of measured.stream([], { signal: controller.signal, maxTokens: 1 })) {
      said.push(word);
      if (said.length >= limit) break;
    }
    return said;
  };
  return { words, records, controller, name: measured.name };
}

describe("measureChatModel", () => {
  it("passes on what the model says and records how long it took", async () => {
    const { words, records, name } = scene(() => {});
    expect(await words()).toEqual(["a", "b"]);
    expect([name, records]).toEqual(["m", [[2, "success"]]]);
  });

  it.each([
    [new Error("broken"), "failed"],
    [new RagError("llm_failed", "broken"), "failed"],
    [new RagError("llm_timeout", "too long"), "timeout"],
    [new RagError("rate_limited", "later"), "rate_limited"],
    [new RagError("llm_circuit_open", "all of them"), "circuit_open"],
  ])("records %s as %s and passes it on", async (error, outcome) => {
    const { words, records } = scene(() => {
      throw error;
    });
    await expect(words()).rejects.toBe(error);
    expect(records).toEqual([[2, outcome]]);
  });

  it("records nothing of a call that its client gave up", async () => {
    const aborted = scene(() => {
      aborted.controller.abort();
      throw new Error("aborted");
    });
    await expect(aborted.words()).rejects.toThrow("aborted");
    const brokenOff = scene(() => {});
    await brokenOff.words(1);
    const readTooSlowly = scene(() => {
      throw new RagError("request_timeout", "too slow");
    });
    await expect(readTooSlowly.words()).rejects.toThrow("too slow");
    expect([...aborted.records, ...brokenOff.records, ...readTooSlowly.records]).toEqual([]);
  });
});

it("measureGuards tells of each call that the circuit or the budget refuses, and of no other", async () => {
  const clock = { now: () => 0, monotonic: () => 0 };
  const refusals: string[] = [];
  const { breaker, budget } = measureGuards(
    {
      breaker: createCircuitBreaker({ clock, failureThreshold: 1 }),
      budget: createCallBudget({ window: createCallWindow({ clock, perMinute: 1 }), clock, timers: { set: () => () => {} } }),
    },
    (by) => refusals.push(by),
  );
  const { signal } = new AbortController();
  await budget.reserve(1, signal);
  breaker.enter().failed();
  expect(refusals).toEqual([]);
  await expect(budget.reserve(1, signal)).rejects.toMatchObject({ code: "rate_limited" });
  await expect(budget.reserve(1, AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
  expect(() => breaker.enter()).toThrow(RagError);
  expect([refusals, breaker.state()]).toEqual([["budget_spent", "circuit_open"], "OPEN"]);
});
