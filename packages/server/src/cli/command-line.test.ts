import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { share, wholeNumber } from "./command-line.ts";
import { describeFile, tellJob } from "./job-following.ts";
import { createOutput } from "./output.ts";
import { targetOf } from "./upload.ts";

describe("a number on the command line", () => {
  it("is the number that was written", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), (value) => wholeNumber(1, 1_000_000)(String(value)) === value));
    fc.assert(fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (value) => share(String(value)) === value));
  });

  it.each(["0", "11", "-1", "1.5", "1e1", "x", ""])("is not %j from 1 to 10", (raw) => {
    expect(() => wholeNumber(1, 10)(raw)).toThrow("from 1 to 10");
  });

  it.each(["1.1", "-0", "x", "", ".", "Infinity"])("is no share when it is %j", (raw) => {
    expect(() => share(raw)).toThrow("from 0 to 1");
  });
});

describe("the path of an upload", () => {
  it("is the file's name, in a folder or replaced on demand", () => {
    expect(targetOf("/home/eve/a.md", {})).toBe("a.md");
    expect(targetOf("/home/eve/a.md", { to: "notes/" })).toBe("notes/a.md");
    expect(targetOf("-", { as: "b/c.md" })).toBe("b/c.md");
  });
});

describe("a file of a job in words", () => {
  it("is one line with what became of it", () => {
    expect(describeFile({ path: "a.md", outcome: "added", chunks: 1 })).toBe("a.md: added, 1 chunk");
    expect(describeFile({ path: "a.md", outcome: "unchanged" })).toBe("a.md: unchanged");
    expect(describeFile({ path: "a\nb", outcome: "failed", stage: "decode", reason: "no\ntext", keptEarlierVersion: true })).toBe(
      "a b: failed: no text (decode); the earlier version is kept",
    );
  });
});

describe("a job in words", () => {
  const counts = { added: 1, changed: 0, removed: 0, unchanged: 2, failed: 0 };
  const job = {
    id: "j",
    state: "succeeded",
    startedAt: "",
    finishedAt: "",
    progress: { done: 3, total: 3 },
    counts,
    files: [],
    error: null,
  } as const;

  function tell(given: Partial<Parameters<typeof tellJob>[0]>) {
    const out: string[] = [];
    const sink = { write: (text: string) => out.push(text) };
    return { exitCode: tellJob({ ...job, ...given }, createOutput({ json: false, quiet: false, stdout: sink, stderr: sink })), text: out.join("") };
  }

  it("ends with 0, with 6 when files were set aside, and with 1 when it failed itself", () => {
    expect(tell({})).toEqual({ exitCode: 0, text: "1 added, 0 changed, 0 removed, 2 unchanged, 0 failed\n" });
    const failed = tell({ counts: { ...counts, failed: 1 }, files: [{ path: "x.md", outcome: "failed", reason: "empty" }] });
    expect(failed).toMatchObject({ exitCode: 6, text: expect.stringContaining("x.md: failed: empty\n") });
    expect(tell({ state: "failed", error: "the store is away" })).toMatchObject({ exitCode: 1, text: expect.stringContaining("the store is away") });
    expect(tell({ state: "interrupted" }).exitCode).toBe(1);
  });
});
