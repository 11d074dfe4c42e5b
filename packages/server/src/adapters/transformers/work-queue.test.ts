import { describe, expect, it } from "vitest";
import { createWorkQueue, type Slice, type WorkQueue, type WorkRequest } from "./work-queue.ts";

const request = (texts: readonly string[], options: Partial<WorkRequest> = {}): WorkRequest => ({ texts, isUrgent: false, ...options });

/** Answers each text with its length, so that an answer at the wrong place is seen. */
function answer(queue: WorkQueue, slice: Slice, tookMs = 1): void {
  queue.complete(slice, Float32Array.from(slice.texts.flatMap((text) => [text.length, slice.question?.length ?? 0])), tookMs);
}

function answerAll(queue: WorkQueue): readonly (readonly string[])[] {
  const taken: (readonly string[])[] = [];
  for (let slice = queue.take(); slice !== undefined; slice = queue.take()) {
    taken.push(slice.texts);
    answer(queue, slice);
  }
  return taken;
}

const open = (maxTexts = 100, charsPerSlice = 10) => createWorkQueue({ maxTexts, charsPerSlice });

describe("the work queue", () => {
  it("gives the rows in the order of the texts, however they were cut", async () => {
    const queue = open();
    const rows = queue.add(request(["12345678", "1", "123", "12", "123456789012345"], { question: "??" }));
    answerAll(queue);
    expect((await rows).map((row) => [...row])).toEqual([8, 1, 3, 2, 15].map((length) => [length, 2]));
  });

  it("cuts into slices of texts of like length, within the limit unless a text is alone", () => {
    const queue = open();
    void queue.add(request(["12345678", "1", "123", "12", "123456789012345"]));
    expect(answerAll(queue)).toEqual([["1", "12", "123"], ["12345678"], ["123456789012345"]]);
  });

  it("lets questions overtake documents that wait", () => {
    const queue = open(100, 1);
    void queue.add(request(["d", "e"]));
    expect(queue.take()?.texts).toEqual(["d"]);
    void queue.add(request(["q"], { isUrgent: true }));
    expect(answerAll(queue)).toEqual([["q"], ["e"]]);
  });

  it("refuses what is too much and says when to come again", async () => {
    const queue = open(3, 1);
    const waiting = queue.add(request(["a", "b"]));
    await expect(queue.add(request(["c", "d"]))).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 1 });
    const question = queue.add(request(["q", "r", "s"], { isUrgent: true }));
    await expect(queue.add(request(["t"], { isUrgent: true }))).rejects.toMatchObject({ code: "overloaded" });
    answerAll(queue);
    expect(await waiting).toHaveLength(2);
    expect(await question).toHaveLength(3);
    expect(queue.waiting()).toBe(0);
  });

  it("names a later time when the model is slow", async () => {
    const queue = open(30, 1);
    const first = queue.add(request(["a"]));
    const slice = queue.take();
    if (slice !== undefined) answer(queue, slice, 10_000);
    await first;
    void queue.add(request(Array.from({ length: 10 }, () => "a")));
    await expect(queue.add(request(Array.from({ length: 30 }, () => "a")))).rejects.toMatchObject({ retryAfterSeconds: 21 });
  });

  it("takes a single request that is larger than the limit when nothing waits before it", async () => {
    const queue = open(3, 1);
    const rows = queue.add(request(["a", "b", "c", "d", "e"]));
    answerAll(queue);
    expect(await rows).toHaveLength(5);
  });

  it("forgets what nobody waits for any more", async () => {
    const queue = open(100, 1);
    const leaving = new AbortController();
    const left = queue.add(request(["a", "b", "c"], { signal: leaving.signal }));
    const slice = queue.take();
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(queue.waiting()).toBe(0);
    if (slice !== undefined) answer(queue, slice);
    expect(queue.take()).toBeUndefined();
    expect(queue.waiting()).toBe(0);
  });

  it("takes a slice that was put back before the others, and ends a request with what its slice failed with", async () => {
    const queue = open(100, 1);
    const rows = queue.add(request(["a", "b"]));
    const other = queue.add(request(["c"]));
    const slice = queue.take();
    if (slice === undefined) throw new Error("nothing to take");
    queue.putBack(slice);
    expect(queue.take()).toBe(slice);
    queue.fail(slice, new Error("broken"));
    await expect(rows).rejects.toThrow("broken");
    expect(answerAll(queue)).toEqual([["c"]]);
    expect(await other).toHaveLength(1);
  });

  it("can end all requests", async () => {
    const queue = open();
    const both = [queue.add(request(["a"])), queue.add(request(["b"], { isUrgent: true }))];
    queue.failAll(new Error("over"));
    for (const each of both) await expect(each).rejects.toThrow("over");
    expect(queue.take()).toBeUndefined();
    expect(queue.waiting()).toBe(0);
  });
});
