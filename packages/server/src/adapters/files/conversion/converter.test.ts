import type { Timers } from "@rag-personal/core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ConversionJob } from "./convert.ts";
import { createConverter } from "./converter.ts";

const timers: Timers = {
  set(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

function openConverter(options: { readonly deadlineMs?: number; readonly maxHeapMb?: number } = {}) {
  const converter = createConverter({ timers, ...options });
  onTestFinished(() => converter.close());
  return converter;
}

const job = (syntax: ConversionJob["syntax"], text: string): ConversionJob => ({ syntax, text, maxChars: 1_000_000 });
const small = job("html", "<title>Tea</title><p>Text.</p>");

describe("the converter", () => {
  it("converts one job after the other, also when they come at once", async () => {
    const converter = openConverter();
    const results = await Promise.all([
      converter.convert(small),
      converter.convert(job("csv", "a,b\nx,y")),
      converter.convert(job("json", '{"a":"b"}')),
    ]);
    expect(results.map((result) => result.text)).toEqual(["# Tea\n\nText.", "a: x; b: y", "a: b"]);
  });

  it("tells what is wrong with a file and goes on", async () => {
    const converter = openConverter();
    await expect(converter.convert(job("json", "{"))).rejects.toMatchObject({ stage: "parse", code: "unprocessable_document" });
    expect((await converter.convert(small)).title).toBe("Tea");
  });

  it("gives up on a page that takes too long, and converts the next one", async () => {
    const converter = openConverter({ deadlineMs: 1_500 });
    const hostile = converter.convert(job("html", "<div><p>".repeat(1_000_000)));
    const next = converter.convert(small);
    await expect(hostile).rejects.toMatchObject({ stage: "parse", message: "its conversion took longer than 1500 ms" });
    expect((await next).title).toBe("Tea");
  });

  it("survives a file that takes more memory than allowed, and converts the next one", async () => {
    const converter = openConverter({ maxHeapMb: 64, deadlineMs: 60_000 });
    const hostile = converter.convert({ syntax: "json", text: `[${"1,".repeat(3_000_000)}1]`, maxChars: 1e9 });
    await expect(hostile).rejects.toMatchObject({ stage: "parse", message: "its conversion took too much memory" });
    expect((await converter.convert(small)).title).toBe("Tea");
  });

  it("stops a conversion when the signal says so", async () => {
    const converter = openConverter();
    const stopping = new AbortController();
    const hostile = converter.convert(job("html", "<div><p>".repeat(1_000_000)), stopping.signal);
    stopping.abort(new Error("enough"));
    await expect(hostile).rejects.toThrow("enough");
    expect((await converter.convert(small)).title).toBe("Tea");
  });

  it("can be closed twice, and before its first job", async () => {
    const converter = openConverter();
    await converter.close();
    await converter.convert(small);
    await converter.close();
    await converter.close();
  });

  it("ends its process when it has been idle, and starts it again", async () => {
    const due: { readonly delayMs: number; readonly fn: () => void }[] = [];
    const converter = createConverter({
      timers: {
        set(delayMs, fn) {
          due.push({ delayMs, fn });
          return () => {};
        },
      },
      idleMs: 5_000,
    });
    onTestFinished(() => converter.close());
    await converter.convert(small);
    due.find(({ delayMs }) => delayMs === 5_000)?.fn();
    expect((await converter.convert(small)).title).toBe("Tea");
  });
});
