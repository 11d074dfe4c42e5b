import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadResponseError } from "../errors.ts";
import { sampleAnswer } from "../testing.ts";
import { requireShape } from "../trpc/calls.ts";
import { answerShape } from "../wire.ts";
import { absent, array, boolean, both, either, matches, number, object, oneOf, optional, string } from "./shape.ts";

const person = object<{ name: string; tags: readonly string[]; age?: number }>({ name: string, tags: array(string), age: optional(number) });

/** Every place in a value, as a list of keys. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => places(each, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy: Record<string, unknown> = { ...(value as object) };
  copy[key] = replaced(copy[key], rest, by);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

describe("a shape", () => {
  it("tells where a value first differs", () => {
    expect(person.mismatch({ name: "a", tags: [] }, "")).toBeUndefined();
    expect(person.mismatch({ name: "a", tags: ["b", 7] }, "")).toBe("tags[1]");
    expect(person.mismatch({ name: "a", tags: [], age: "7" }, "people[0]")).toBe("people[0].age");
    expect(person.mismatch({ tags: [] }, "")).toBe("name");
  });

  it("combines", () => {
    expect(matches(either(string, number), 7)).toBe(true);
    expect(matches(either(string, number), true)).toBe(false);
    expect(matches(both(object({ a: string }), object({ b: boolean })), { a: "", b: true })).toBe(true);
    expect(matches(both(object({ a: string }), object({ b: boolean })), { a: "" })).toBe(false);
    expect(matches(oneOf("up", "down"), "up")).toBe(true);
    expect(matches(oneOf("up", "down"), "left")).toBe(false);
    expect(matches(absent, undefined)).toBe(true);
  });

  it("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(matches(person, value)).toBeTypeOf("boolean");
      }),
    );
  });
});

describe("an answer", () => {
  const parsed = (value: unknown) =>
    requireShape(answerShape, JSON.parse(JSON.stringify(value)), "The answer", { status: 200, requestId: "request-1" });
  const complete = sampleAnswer({ standaloneQuestion: "How long is the warranty?" }, { answeredBy: "model", model: "large" });

  it("is what it was before it was sent", () => {
    expect(parsed(complete)).toEqual(complete);
  });

  it("is refused when any one of its values is of another kind", () => {
    for (const place of places(complete)) {
      for (const wrong of [null, { of: "another kind" }]) {
        expect(() => parsed(replaced(complete, place, wrong)), place.join(".")).toThrow(BadResponseError);
      }
    }
  });
});
