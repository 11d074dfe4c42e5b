import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type BatchesOptions, createBatches } from "./batches.ts";

/** Batches that end when the test says so; each item becomes its own result, in capitals. */
function scene(options: Partial<BatchesOptions<string, string>> = {}) {
  const batches: { readonly items: readonly string[]; end(): void; fail(error: Error): void }[] = [];
  const put = createBatches<string, string>({
    run: (items) =>
      new Promise((resolve, reject) => {
        batches.push({ items, end: () => resolve(items.map((item) => item.toUpperCase())), fail: reject });
      }),
    maxUnits: 10,
    concurrency: 1,
    ...options,
  });
  return { put, batches, items: () => batches.map((batch) => batch.items) };
}

describe("batches", () => {
  it("carry out together what was asked for in one turn of the event loop, and give each caller its own result", async () => {
    const { put, batches, items } = scene();
    const asked = Promise.all([put("a"), put("b"), put("c")]);
    await nextTurn();
    expect(items()).toEqual([["a", "b", "c"]]);
    batches[0]?.end();
    expect(await asked).toEqual(["A", "B", "C"]);
  });

  it("gather while one is under way, so that what they read is no older than the call", async () => {
    const { put, batches, items } = scene();
    const first = put("a");
    await nextTurn();
    const later = Promise.all([put("b"), put("c")]);
    await nextTurn();
    expect(items()).toEqual([["a"]]);
    batches[0]?.end();
    await first;
    await nextTurn();
    expect(items()).toEqual([["a"], ["b", "c"]]);
    batches[1]?.end();
    expect(await later).toEqual(["B", "C"]);
  });

  it("are no larger than allowed, but for a single item", async () => {
    const { put, batches, items } = scene({ unitsOf: (item) => item.length, maxUnits: 3, concurrency: 9 });
    const asked = Promise.all(["ab", "cd", "much too long", "e"].map(put));
    await nextTurn();
    expect(items().flat().toSorted()).toEqual(["ab", "cd", "e", "much too long"]);
    expect(items().every((batch) => batch.length === 1 || batch.join("").length <= 3)).toBe(true);
    for (const batch of batches) batch.end();
    expect(await asked).toEqual(["AB", "CD", "MUCH TOO LONG", "E"]);
  });

  it("never hold one key twice, nor two of them at once, and keep the order of its calls", async () => {
    const { put, batches, items } = scene({ keyOf: (item) => item.charAt(0), concurrency: 2 });
    const asked = Promise.all(["a1", "a2", "b1", "a3"].map(put));
    await nextTurn();
    expect(items()).toEqual([["a1", "b1"]]);
    batches[0]?.end();
    await nextTurn();
    expect(items()).toEqual([["a1", "b1"], ["a2"]]);
    batches[1]?.end();
    await nextTurn();
    batches[2]?.end();
    expect(await asked).toEqual(["A1", "A2", "B1", "A3"]);
  });

  it("fail all their callers, and the next one goes on", async () => {
    const { put, batches } = scene();
    const asked = Promise.allSettled([put("a"), put("b")]);
    await nextTurn();
    batches[0]?.fail(new Error("away"));
    expect((await asked).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = put("c");
    await nextTurn();
    batches[1]?.end();
    expect(await next).toBe("C");
  });

  it("let the fault of one item fail nobody else", async () => {
    const put = createBatches<string, string>({
      run: async (items) => {
        if (items.includes("bad")) throw new Error("wrong data");
        return items;
      },
      maxUnits: 10,
      concurrency: 1,
      isOfOneItem: () => true,
    });
    const asked = await Promise.allSettled([put("a"), put("bad"), put("c")]);
    expect(asked.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
