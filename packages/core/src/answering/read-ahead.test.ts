import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAhead } from "./read-ahead.ts";

async function* count(to: number, told: number[] = []): AsyncGenerator<number, string, undefined> {
  for (let at = 1; at <= to; at += 1) {
    told.push(at);
    yield at;
  }
  return "done";
}

describe("readAhead", () => {
  it("hands on everything in order, and what the source returns", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 50 }), async (to) => {
        const ahead = readAhead(count(to));
        const seen: number[] = [];
        let next = await ahead.next();
        for (; next.done !== true; next = await ahead.next()) seen.push(next.value);
        expect([seen, next.value]).toEqual([Array.from({ length: to }, (_, at) => at + 1), "done"]);
      }),
    );
  });

  it("lets the source come to its end although the reader pauses", async () => {
    const told: number[] = [];
    const ahead = readAhead(count(5, told));
    await ahead.next();
    await expect.poll(() => told.length).toBe(5);
  });

  it("ends the source when the reader leaves, even one without an end", async () => {
    let isClosed = false;
    const endless = async function* (): AsyncGenerator<number, void, undefined> {
      try {
        for (;;) yield 1;
      } finally {
        isClosed = true;
      }
    };
    for await (const _ of readAhead(endless())) break;
    expect(isClosed).toBe(true);
  });

  it("throws what the source throws, after all it gave before", async () => {
    const ahead = readAhead(
      (async function* (): AsyncGenerator<number, void, undefined> {
        yield 1;
        throw new Error("broken");
      })(),
    );
    expect((await ahead.next()).value).toBe(1);
    await expect(ahead.next()).rejects.toThrow("broken");
  });
});
