import { describe, expect, it } from "vitest";
import type { Session, Turn } from "../model.ts";
import { continuationOf } from "./continuation.ts";

const turn = (question: string): Turn => ({ question, standaloneQuestion: question, answer: "", answerable: true, citedTitles: [], atMs: 1 });
const [a, b, c, d] = [turn("a"), turn("b"), turn("c"), turn("d")] as const;
const session = (version: number, turns: readonly Turn[], principal = "ada"): Session => ({
  id: "s",
  principal,
  version,
  turns,
  createdAtMs: 1,
  updatedAtMs: version,
});

describe("continuationOf", () => {
  it.each([
    ["a turn more", [a, b, c], { dropped: 0, added: [c] }],
    ["the oldest gone for it", [b, c, d], { dropped: 1, added: [c, d] }],
    ["nothing new", [a, b], { dropped: 0, added: [] }],
  ])("tells of %s", (_, turns, expected) => {
    expect(continuationOf(session(2, turns), session(1, [a, b]))).toEqual(expected);
  });

  it.each([
    ["the version after the next", session(3, [a, b, c])],
    ["another principal's", session(2, [a, b, c], "eve")],
    ["one that keeps nothing", session(2, [c])],
    ["one without turns", session(2, [])],
    ["one that leaves out a turn in between", session(2, [a, c])],
    ["one whose turns only look the same", session(2, [turn("a"), b, c])],
  ])("is none for %s", (_, next) => {
    expect(continuationOf(next, session(1, [a, b]))).toBeUndefined();
  });

  it("is none without a version before", () => {
    expect(continuationOf(session(1, [a]), undefined)).toBeUndefined();
  });
});
