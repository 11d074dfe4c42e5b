import { posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uploadPath } from "./upload-path.ts";

const accepts = (path: string): boolean => {
  try {
    uploadPath(path);
    return true;
  } catch {
    return false;
  }
};

/** Pieces of which attacks on paths are made, and some that are harmless. */
const piece = fc.constantFrom(
  ..."a,b.md,notes,..,.,/,//,\\,%2e,%2E%2e,%2f,%5c,%00,%252e,%c0%ae,:,C:,~, ,\t,\0,\n,\u007f,\u0085,\u2028,\u202e,\u2066,\uff0e\uff0e,\uff0f,\u2024,\ufeff,\ud800,\uffff".split(
    ",",
  ),
  "ü",
  "u\u0308",
  "🦉",
  "x".repeat(250),
);
const hostile = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }), { maxLength: 6 }).map((names) => names.join("/")),
);

describe("the path of an upload", () => {
  it.each([
    "a.md",
    "notes/2024/März.md",
    "README",
    "a b.txt",
    "100 %.md",
    "50% off.md",
    "a..b/c...md",
    "10:30.md",
    "日本語/メモ.md",
    "uploads/a.md",
    "x".repeat(255),
  ])("may be %j", (path) => {
    expect(uploadPath(path)).toBe(`uploads/${path.normalize("NFC")}`);
  });

  it.each([
    ["", "empty"],
    ["../a.md", "dot"],
    ["a/../../b.md", "dot"],
    ["a/./b.md", "dot"],
    [".env", "dot"],
    ["a/.git/config", "dot"],
    ["...", "dot"],
    ["/etc/passwd", "absolute"],
    ["C:/a.md", "absolute"],
    ["c:a.md", "absolute"],
    ["a//b.md", "empty name"],
    ["a/", "empty name"],
    ["..\\a.md", "backslash"],
    ["a\\b.md", "backslash"],
    ["%2e%2e/a.md", "percent"],
    ["%2E%2E%2Fa.md", "percent"],
    ["%252e%252e/a.md", "percent"],
    ["a%00.md", "percent"],
    ["a\0.md", "control"],
    ["a\r\nb.md", "control"],
    ["a\u202egpj.md", "direction"],
    ["a\u2028b.md", "control"],
    ["a\ud800.md", "half"],
    ["a\uffff.md", "control"],
    [" a.md", "space"],
    ["a /b.md", "space"],
    ["x".repeat(256), "255 bytes"],
    [`${"ü".repeat(128)}.md`, "255 bytes"],
    ["a/".repeat(500), "bytes"],
  ])("may not be %j", (path, reason) => {
    expect(() => uploadPath(path)).toThrow(expect.objectContaining({ code: "invalid_request", message: expect.stringContaining(reason) }));
  });

  it("is one for all spellings of a name in Unicode", () => {
    expect(uploadPath("u\u0308ber.md")).toBe(uploadPath("über.md"));
  });

  it("never leads out of its folder, on no system and however often it is decoded, whatever was given", () => {
    let accepted = 0;
    fc.assert(
      fc.property(hostile, (given) => {
        if (!accepts(given)) return;
        accepted += 1;
        const path = uploadPath(given);
        expect(path).toMatch(/^uploads\/[^/]/);
        expect(path).toBe(path.normalize("NFC"));
        expect(path.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(1_000);
        expect(posix.normalize(path)).toBe(path);
        expect(posix.join("/data", path).startsWith("/data/uploads/")).toBe(true);
        expect(win32.join("C:\\data", path).startsWith("C:\\data\\uploads\\")).toBe(true);
        expect(path.replace(/%[0-9a-f]{2}/gi, "")).toBe(path);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(path).not.toMatch(/[\\\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        for (const name of path.split("/")) expect(name).toMatch(/^[^.\s](?:.*\S)?$/u);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it("is another one for another name", () => {
    fc.assert(
      fc.property(hostile, hostile, (left, right) => {
        if (!accepts(left) || !accepts(right)) return;
        expect(uploadPath(left) === uploadPath(right)).toBe(left.normalize("NFC") === right.normalize("NFC"));
      }),
      { numRuns: 20_000 },
    );
  });
});
