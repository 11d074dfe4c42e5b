/** The cache in memory: its bound, its age, its order of forgetting; and the key that nothing else may share. */
import { describe, expect, it } from "vitest";
import { sha256 } from "../../test-support/answer-scene.ts";
import { createFakeTime } from "../../test-support/fake-time.ts";
import type { CachedAnswer } from "../ports.ts";
import { type CacheKeyParts, computeCacheKey } from "./cache-key.ts";
import { createResponseCache } from "./response-cache.ts";

function entry(answer: string): CachedAnswer {
  return { answer: { answer, answerable: true, answeredBy: { kind: "extractive" }, citations: [], nearMisses: [], degraded: false }, sources: [] };
}

describe("createResponseCache", () => {
  it("gives back what was set, and nothing else", async () => {
    const cache = createResponseCache({ maxEntries: 2, clock: createFakeTime().clock });
    await cache.set("a", entry("A"));
    expect(await cache.get("a")).toEqual(entry("A"));
    expect(await cache.get("b")).toBeUndefined();
    await cache.set("a", entry("A2"));
    expect(await cache.get("a")).toEqual(entry("A2"));
  });

  it("forgets what was used longest ago beyond its bound", async () => {
    const cache = createResponseCache({ maxEntries: 2, clock: createFakeTime().clock });
    await cache.set("a", entry("A"));
    await cache.set("b", entry("B"));
    await cache.get("a");
    await cache.set("c", entry("C"));
    expect(await cache.get("b")).toBeUndefined();
    expect(await cache.get("a")).toEqual(entry("A"));
  });

  it("gives out nothing of the age given, however often it was used", async () => {
    const time = createFakeTime();
    const cache = createResponseCache({ maxEntries: 2, maxAgeMs: 100, clock: time.clock });
    await cache.set("a", entry("A"));
    await time.advance(99);
    expect(await cache.get("a")).toEqual(entry("A"));
    await time.advance(1);
    expect(await cache.get("a")).toBeUndefined();
  });

  it.each([{ maxEntries: 0 }, { maxEntries: 1.5 }, { maxEntries: 1, maxAgeMs: 0 }, { maxEntries: 1, maxAgeMs: Number.NaN }])(
    "refuses %j",
    (options) => {
      expect(() => createResponseCache({ ...options, clock: createFakeTime().clock })).toThrow(RangeError);
    },
  );
});

describe("computeCacheKey", () => {
  const parts: CacheKeyParts = { principal: "ada", question: "How tall is it?", standalone: "How tall is it? (tower)", filters: undefined };
  const services = { digest: sha256, indexFingerprint: () => "3" };
  const keyOf = (changes: Partial<CacheKeyParts> = {}, generation = 3) =>
    computeCacheKey({ ...parts, ...changes }, { ...services, indexFingerprint: () => String(generation) });

  it.each([{ question: "how tall  is it" }, { question: " HOW TALL IS IT ?? " }, { question: "How tall is it？" }])(
    "takes %j for the same question",
    async (changes) => {
      expect(await keyOf(changes)).toBe(await keyOf());
    },
  );

  it("does not depend on the order of the filters", async () => {
    expect(await keyOf({ filters: { documentIds: ["a", "b"] } })).toBe(await keyOf({ filters: { documentIds: ["b", "a", "b"] } }));
  });

  it("differs in everything that the answer depends on", async () => {
    const keys = await Promise.all([
      keyOf(),
      keyOf({ principal: "eve" }),
      keyOf({ question: "How wide is it?" }),
      keyOf({ standalone: "How tall is it? (bridge)" }),
      keyOf({ filters: {} }),
      keyOf({ filters: { pathPrefixes: ["a"] } }),
      keyOf({ filters: { documentIds: ["a"] } }),
      keyOf({ principal: 'ada","how tall is it' }),
      keyOf({}, 4),
    ]);
    // No filter and an empty one admit the same documents.
    expect(new Set(keys).size).toBe(keys.length - 1);
  });
});
