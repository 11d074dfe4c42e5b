import { describe, expect, it } from "vitest";
import { checkFeedback, checkRequests, checkSession } from "./checker.ts";
import type { RecordedRequest } from "./record.ts";

const GOOD: RecordedRequest = {
  kind: "chat",
  startedAtMs: 1_000,
  durationMs: 20,
  status: 200,
  code: undefined,
  hasRetryAfter: false,
  problem: undefined,
};
const kindsOf = (request: Partial<RecordedRequest>): string[] =>
  checkRequests([{ ...GOOD, ...request }], { answered: new Set(["chat"]), deadlineMs: () => 1_000 }, 0).map(({ kind }) => kind);

describe("checkRequests", () => {
  it("finds nothing wrong with an answer in time, or with one within the tolerance", () => {
    expect([kindsOf({}), kindsOf({ durationMs: 1_250 })]).toEqual([[], []]);
  });

  it("finds a request past its deadline", () => {
    expect(kindsOf({ durationMs: 1_251 })).toEqual(["late"]);
  });

  it("lets what may be refused be refused with 502, 503 and 504, and with nothing else", () => {
    const refused = (status: number | undefined) => kindsOf({ kind: "session", status, problem: "away", hasRetryAfter: true });
    expect([502, 503, 504].flatMap(refused)).toEqual([]);
    expect([500, 501, 404, 429, undefined].flatMap(refused)).toEqual(Array(5).fill("failed"));
  });

  it("finds a refusal of what must be answered, whatever its status", () => {
    expect(kindsOf({ status: 503, problem: "away", hasRetryAfter: true })).toEqual(["failed"]);
  });

  it("finds a 503 that does not say when to come again", () => {
    expect(kindsOf({ kind: "session", status: 503, problem: "away" })).toEqual(["no retry-after"]);
  });

  it("says when it happened", () => {
    expect(checkRequests([{ ...GOOD, durationMs: 9_000 }], { answered: new Set(), deadlineMs: () => 1_000 }, 400)[0]?.atMs).toBe(600);
  });
});

describe("checkFeedback", () => {
  const record = { sentFeedback: new Set(["a", "b", "c"]), acknowledgedFeedback: new Set(["a", "b"]) };
  const rows = (...ids: string[]) => ids.map((id) => ({ id, comment: id }));

  it("is content with what was acknowledged, and with what was sent and lost its acknowledgement", () => {
    expect([checkFeedback(rows("a", "b"), record), checkFeedback(rows("a", "b", "c"), record)]).toEqual([[], []]);
  });

  it("finds what was acknowledged and is not there", () => {
    expect(checkFeedback(rows("a"), record)).toMatchObject([{ kind: "lost", detail: expect.stringContaining("b") }]);
  });

  it("finds a copy under another id, and what nobody sent", () => {
    expect(checkFeedback([...rows("a", "b"), { id: "x", comment: "a" }], record)).toMatchObject([{ kind: "doubled" }]);
    expect(checkFeedback(rows("a", "b", "d"), record)).toMatchObject([{ kind: "doubled", detail: expect.stringContaining("never sent") }]);
  });
});

describe("checkSession", () => {
  it("is content with the acknowledged turns in order, and with unknown ones between them", () => {
    expect([checkSession("s", ["1", "2"], ["1", "2"]), checkSession("s", ["1", "?", "2"], ["1", "2"], ["?"])]).toEqual([[], []]);
  });

  it("finds a session or a turn that is not there", () => {
    expect(checkSession("s", undefined, ["1"])).toMatchObject([{ kind: "lost" }]);
    expect(checkSession("s", ["1"], ["1", "2"])).toMatchObject([{ kind: "lost" }]);
  });

  it("finds a turn that is there twice, out of order, or that nobody asked", () => {
    expect(checkSession("s", ["1", "1"], ["1"])).toMatchObject([{ kind: "doubled" }]);
    expect(checkSession("s", ["2", "1"], ["1", "2"])).toMatchObject([{ kind: "disagrees" }]);
    expect(checkSession("s", ["1", "3"], ["1"])).toMatchObject([{ kind: "disagrees" }]);
  });
});
