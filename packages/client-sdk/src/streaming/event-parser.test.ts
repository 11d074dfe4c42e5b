import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventParser, type ParsedEvent } from "./event-parser.ts";

function parse(...pieces: readonly string[]): ParsedEvent[] {
  const parser = createEventParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

/** The standard's algorithm word by word, on the whole text. */
function parseWhole(text: string): ParsedEvent[] {
  const events: ParsedEvent[] = [];
  let type = "";
  let data = "";
  const lines = text.split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) {
    if (line === "") {
      if (data !== "") events.push({ event: type || "message", data: data.replace(/\n$/, "") });
      type = "";
      data = "";
    } else if (!line.startsWith(":")) {
      const [, name, value = ""] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(line) ?? [];
      if (name === "event") type = value;
      if (name === "data") data += `${value}\n`;
    }
  }
  return events;
}

/** The bytes cut at random places, in the middle of characters too. */
function decodePieces(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const decoder = new TextDecoder();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => decoder.decode(bytes.subarray(places[index], end), { stream: true }));
}

const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
const line = fc.oneof(
  fc.constantFrom("", "", "data", "data:", "data: ", "event:", ": keep-alive", ":", "id: 7", "retry: 5", "unknown: x"),
  fc
    .tuple(fc.constantFrom("data:", "data: ", "event: "), fc.string({ unit: "grapheme" }))
    .map(([name, text]) => name + text.replaceAll(/[\r\n]/g, "")),
);
const stream = fc.array(fc.tuple(line, lineEnd), { maxLength: 40 }).map((lines) => lines.flat().join(""));

describe("event parser", () => {
  it("gives the same events however the bytes are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), (text, cuts) => {
        const bytes = new TextEncoder().encode(text);
        expect(parse(...decodePieces(bytes, cuts))).toEqual(parseWhole(new TextDecoder().decode(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives the same events byte by byte", () => {
    fc.assert(
      fc.property(stream, (text) => {
        const bytes = new TextEncoder().encode(text);
        const everywhere = Array.from(bytes.keys());
        expect(parse(...decodePieces(bytes, everywhere))).toEqual(parseWhole(new TextDecoder().decode(bytes)));
      }),
    );
  });

  it.each(["\n", "\r", "\r\n"])("ends lines with %j", (end) => {
    expect(parse(["event: delta", "data: one", "data: two", "", ""].join(end))).toEqual([{ event: "delta", data: "one\ntwo" }]);
  });

  it("takes an LF that follows a CR in the next piece for the same line's end", () => {
    expect(parse("data: one\r", "\n\r", "\ndata: two\r", "\r")).toEqual([
      { event: "message", data: "one" },
      { event: "message", data: "two" },
    ]);
  });

  it("passes over comments, unknown fields and events without data", () => {
    expect(parse(": keep-alive\n\nid: 7\nretry: 5\nevent: empty\n\nfoo: bar\ndata: x\n\n")).toEqual([{ event: "message", data: "x" }]);
  });

  it("takes one blank after the colon away and no more", () => {
    expect(parse("data:x\n\n", "data:  x\n\n")).toEqual([
      { event: "message", data: "x" },
      { event: "message", data: " x" },
    ]);
  });

  it("drops what the stream's end leaves incomplete", () => {
    expect(parse("data: one\n\ndata: two\n")).toEqual([{ event: "message", data: "one" }]);
  });

  it("tells how much it holds", () => {
    const parser = createEventParser();
    parser.push("data: 12345");
    expect(parser.pendingLength).toBe(11);
    parser.push("\ndata: 1");
    expect(parser.pendingLength).toBe(13);
    parser.push("\n\n");
    expect(parser.pendingLength).toBe(0);
  });
});
