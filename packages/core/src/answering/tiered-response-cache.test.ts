/** Which of the two caches is asked, and what each keeps. */
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import type { CachedAnswer, ResponseCache } from "../ports.ts";
import { createResponseCache } from "./response-cache.ts";
import { createTieredResponseCache } from "./tiered-response-cache.ts";

function entry(answer: string): CachedAnswer {
  return { answer: { answer, answerable: true, answeredBy: { kind: "extractive" }, citations: [], nearMisses: [], degraded: false }, sources: [] };
}

function scene() {
  const { clock } = createFakeTime();
  const asked: string[] = [];
  const stored = createResponseCache({ maxEntries: 10, clock });
  const far: ResponseCache = {
    get(key) {
      asked.push(key);
      return stored.get(key);
    },
    set: (key, value) => stored.set(key, value),
    clear: () => stored.clear(),
  };
  const near = createResponseCache({ maxEntries: 1, clock });
  return { cache: createTieredResponseCache({ near, far }), near, far, asked };
}

describe("createTieredResponseCache", () => {
  it("asks the far cache once for what another replica has stored", async () => {
    const { cache, far, asked } = scene();
    await far.set("a", entry("A"));
    expect(await cache.get("a")).toEqual(entry("A"));
    expect(await cache.get("a")).toEqual(entry("A"));
    expect(asked).toEqual(["a"]);
  });

  it("stores in both, so that the far one still has what the near one had to forget", async () => {
    const { cache, near, asked } = scene();
    await cache.set("a", entry("A"));
    await cache.set("b", entry("B"));
    expect(await near.get("a")).toBeUndefined();
    expect(await cache.get("a")).toEqual(entry("A"));
    expect(asked).toEqual(["a"]);
  });

  it("forgets in both", async () => {
    const { cache, near, far } = scene();
    await cache.set("a", entry("A"));
    await cache.set("b", entry("B"));
    expect(await cache.clear()).toBe(2);
    expect([await near.get("b"), await far.get("a"), await far.get("b")]).toEqual([undefined, undefined, undefined]);
  });

  it("knows nothing that neither has", async () => {
    expect(await scene().cache.get("a")).toBeUndefined();
  });

  it("keeps near what the far one cannot take", async () => {
    const { near } = scene();
    const cache = createTieredResponseCache({
      near,
      far: { get: async () => undefined, set: () => Promise.reject(new Error("full")), clear: async () => 0 },
    });
    await expect(cache.set("a", entry("A"))).rejects.toThrow("full");
    expect(await cache.get("a")).toEqual(entry("A"));
  });
});
