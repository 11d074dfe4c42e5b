/** The list of models: who is asked, who writes, and what is told when nobody does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { RagError } from "../errors.ts";
import type { ChatModel } from "../ports.ts";
import { createCircuitBreaker } from "./breaker.ts";
import { createCallBudget } from "./call-budget.ts";
import { createCallWindow } from "./call-window.ts";
import { isModelEvidence, UpstreamStatusError } from "./model-evidence.ts";
import { createFallbackChatModel, type FallbackCandidate } from "./model-fallback.ts";

/** What one model does when it is asked: some pieces, and then perhaps an error. */
interface Script {
  readonly pieces: readonly string[];
  readonly error?: Error | undefined;
}

const broken = new RagError("llm_failed", "broken", { cause: new Error("cut") });
const slow = new RagError("llm_timeout", "slow");
const limited = new RagError("rate_limited", "limited", { retryAfterSeconds: 9 });
const wrongKey = new RagError("llm_failed", "refused", { cause: new UpstreamStatusError(401, "key") });

function scene(scripts: readonly Script[], { perMinute = 1_000 }: { readonly perMinute?: number } = {}) {
  let now = 0;
  const clock = { monotonic: () => now };
  const asked: string[] = [];
  const fallbacks: string[] = [];
  const current = [...scripts];
  const models = scripts.map((_, position) => {
    const name = `model ${position}`;
    const chat: ChatModel = {
      name,
      async *stream(_, { signal }) {
        asked.push(name);
        const script = current[position];
        for (const piece of script?.pieces ?? []) {
          signal.throwIfAborted();
          yield piece;
        }
        if (script?.error !== undefined) throw script.error;
      },
    };
    const budget = createCallBudget({ window: createCallWindow({ clock, perMinute }), clock, timers: createFakeTime().timers });
    return { chat, breaker: createCircuitBreaker({ clock }), reserve: budget.reserve } satisfies FallbackCandidate;
  });
  const chat = createFallbackChatModel({ models, onFallback: ({ from, to }) => fallbacks.push(`${from} → ${to}`) });
  return {
    models,
    asked,
    fallbacks,
    chat,
    set: (position: number, script: Script) => {
      current[position] = script;
    },
    wait: (ms: number) => {
      now += ms;
    },
    async ask(signal = new AbortController().signal) {
      asked.length = 0;
      const writers: string[] = [];
      let text = "";
      let error: unknown;
      try {
        for await (const piece of chat.stream([], { signal, maxTokens: 8, onWriter: (model) => writers.push(model) })) text += piece;
      } catch (thrown) {
        error = thrown;
      }
      return { text, error, writers, asked: [...asked] };
    },
  };
}

describe("createFallbackChatModel", () => {
  it("asks the first model alone while it answers", async () => {
    const { ask } = scene([{ pieces: ["a", "b"] }, { pieces: ["c"] }]);
    expect(await ask()).toEqual({ text: "ab", error: undefined, writers: ["model 0"], asked: ["model 0"] });
  });

  it.each([
    ["broke", broken],
    ["was too slow", slow],
    ["reached its rate limit", limited],
    ["threw what nobody classified", new TypeError("x")],
  ])("asks the next one when the first %s before its first piece", async (_, error) => {
    const { ask, fallbacks } = scene([{ pieces: ["", ""], error }, { pieces: ["c"] }]);
    expect(await ask()).toEqual({ text: "c", error: undefined, writers: ["model 1"], asked: ["model 0", "model 1"] });
    expect(fallbacks).toEqual(["model 0 → model 1"]);
  });

  it("asks nobody else once a piece has been given", async () => {
    const { ask } = scene([{ pieces: ["a"], error: broken }, { pieces: ["c"] }]);
    expect(await ask()).toEqual({ text: "a", error: broken, writers: ["model 0"], asked: ["model 0"] });
  });

  it("asks nobody else when the request or the key was wrong", async () => {
    const { ask } = scene([{ pieces: [], error: wrongKey }, { pieces: ["c"] }]);
    expect(await ask()).toMatchObject({ text: "", error: wrongKey, writers: [], asked: ["model 0"] });
  });

  it("passes a model over while its circuit is open, and comes back to it", async () => {
    const { ask, set, wait, models } = scene([{ pieces: [], error: broken }, { pieces: ["c"] }]);
    for (let time = 0; time < 5; time += 1) await ask();
    expect(models.map(({ breaker }) => breaker.state())).toEqual(["OPEN", "CLOSED"]);
    expect(await ask()).toMatchObject({ text: "c", asked: ["model 1"] });
    set(0, { pieces: ["a"] });
    wait(30_000);
    for (let time = 0; time < 3; time += 1) expect(await ask()).toMatchObject({ text: "a", asked: ["model 0"] });
    expect(models[0]?.breaker.state()).toBe("CLOSED");
  });

  it("spends nothing on a model whose circuit is open, and passes over one that has nothing left", async () => {
    const { ask } = scene([{ pieces: ["a"] }, { pieces: ["c"] }], { perMinute: 1 });
    expect(await ask()).toMatchObject({ writers: ["model 0"] });
    expect(await ask()).toMatchObject({ writers: ["model 1"], asked: ["model 1"] });
    expect((await ask()).error).toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
  });

  it("says when the first of them may be back, when all are away", async () => {
    const { ask, wait } = scene([
      { pieces: [], error: broken },
      { pieces: [], error: broken },
    ]);
    for (let time = 0; time < 5; time += 1) expect((await ask()).error).toBe(broken);
    wait(10_000);
    expect(await ask()).toMatchObject({ error: { code: "llm_circuit_open", retryAfterSeconds: 20 }, asked: [] });
  });

  it("tells of the failure before the rate limit, with the soonest time", async () => {
    const { ask } = scene([
      { pieces: [], error: broken },
      { pieces: [], error: limited },
    ]);
    const { error } = await ask();
    expect(error).toMatchObject({ code: "llm_failed", message: "broken", retryAfterSeconds: 9 });
    expect(isModelEvidence(error)).toBe(true);
  });

  it("ends with the reason of a client that leaves, which tells nothing of any model", async () => {
    const { chat, models, asked } = scene([{ pieces: ["a", "b"] }, { pieces: ["c"] }]);
    const controller = new AbortController();
    const reason = new Error("gone");
    await expect(async () => {
      for await (const _ of chat.stream([], { signal: controller.signal, maxTokens: 8 })) controller.abort(reason);
    }).rejects.toBe(reason);
    expect(asked).toEqual(["model 0"]);
    expect(models.map(({ breaker }) => breaker.state())).toEqual(["CLOSED", "CLOSED"]);
  });

  it("lets go of a probe when its reader stops", async () => {
    const { chat, models, wait, ask, set } = scene([{ pieces: [], error: broken }]);
    for (let time = 0; time < 5; time += 1) await ask();
    wait(30_000);
    set(0, { pieces: ["a", "b"] });
    for await (const _ of chat.stream([], { signal: new AbortController().signal, maxTokens: 8 })) break;
    expect(models[0]?.breaker.state()).toBe("HALF_OPEN");
    expect(await ask()).toMatchObject({ text: "ab" });
  });

  it("is named after all its models, and refuses to have none", () => {
    expect(scene([{ pieces: [] }, { pieces: [] }]).chat.name).toBe("model 0 or model 1");
    expect(() => createFallbackChatModel({ models: [] })).toThrow(RangeError);
  });
});

const scripts = fc.record({
  pieces: fc.array(fc.constantFrom("", "x", "y"), { maxLength: 3 }),
  error: fc.constantFrom(undefined, broken, broken, slow, slow, limited, wrongKey),
});
const steps = fc.array(
  fc.record({ waitMs: fc.constantFrom(0, 0, 0, 1_000, 30_000, 60_000), scripts: fc.array(scripts, { minLength: 3, maxLength: 3 }) }),
  {
    maxLength: 40,
  },
);

describe("any history of calls", () => {
  it("asks exactly those who may be asked, and has exactly one of them write", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { models, set, wait, ask } = scene(Array.from({ length: 3 }, () => ({ pieces: [] })));
        for (const step of history) {
          wait(step.waitMs);
          step.scripts.forEach((script, position) => {
            set(position, script);
          });
          const isOpen = models.map(({ breaker }) => breaker.state() === "OPEN");
          const { text, error, writers, asked } = await ask();

          const expected: string[] = [];
          let decided: Script | undefined;
          for (const [position, script] of step.scripts.entries()) {
            if (isOpen[position] === true) continue;
            expected.push(`model ${position}`);
            const isPassedOver = script.pieces.join("") === "" && script.error !== undefined && script.error !== wrongKey;
            if (isPassedOver) continue;
            decided = script;
            break;
          }
          expect(asked).toEqual(expected);
          expect(text).toBe(decided?.pieces.join("") ?? "");
          expect(writers).toEqual(text === "" ? [] : [asked.at(-1)]);
          if (decided !== undefined) expect(error).toBe(decided.error);
          else expect(error).toBeInstanceOf(RagError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
