import fc from "fast-check";
import { expect, it } from "vitest";
import { compareSetNames, createSetName, isUnfinished, momentOfSetName, unfinishedName } from "./set-name.ts";

const moment = fc.integer({ min: 0, max: Date.UTC(2999, 0) / 1_000 }).map((seconds) => seconds * 1_000);

it("tells its moment", () => {
  fc.assert(fc.property(moment, (ms) => void expect(momentOfSetName(createSetName(ms, () => false))).toBe(ms)));
});

it("is another one for a second set of the same second, in the order of their making", () => {
  const taken: string[] = [];
  for (let count = 0; count < 12; count += 1) taken.push(createSetName(0, (name) => taken.includes(name)));
  expect(taken.slice(0, 3)).toEqual(["1970-01-01T00-00-00Z", "1970-01-01T00-00-00Z-2", "1970-01-01T00-00-00Z-3"]);
  expect([...taken].sort(compareSetNames)).toEqual(taken);
});

it.each([
  "",
  "..",
  "2026-11-24",
  "2026-11-24T03-00-00Z/..",
  "2026-13-01T00-00-00Z",
  "2026-11-24T25-00-00Z",
  "2026-11-24T03-00-00Z-1",
  "x2026-11-24T03-00-00Z",
])("is not %j", (name) => {
  expect(momentOfSetName(name)).toBeUndefined();
});

it("is not mistaken for what is in the making", () => {
  const name = unfinishedName("2026-11-24T03-00-00Z", "0123abcd");
  expect([isUnfinished(name), momentOfSetName(name), isUnfinished("2026-11-24T03-00-00Z")]).toEqual([true, undefined, false]);
});
