import fc from "fast-check";
import { expect, it } from "vitest";
import { chooseSet } from "./choose-set.ts";

const SETS = ["2025-12-24T03-00-00Z", "2025-12-24T15-30-00Z", "2025-12-23T03-00-00Z", ".unfinished-2025-12-24T23-00-00Z-01234567", "continuous"];

it("finds the newest set of a day, and a set by its name", () => {
  expect(chooseSet(SETS, "2025-12-24")).toBe("2025-12-24T15-30-00Z");
  expect(chooseSet(SETS, "2025-12-24T03-00-00Z")).toBe("2025-12-24T03-00-00Z");
});

it("says which one there is where there is none of that day", () => {
  expect(() => chooseSet(SETS, "2025-12-25")).toThrow("The newest one is 2025-12-24T15-30-00Z");
  expect(() => chooseSet([], "2025-12-25")).toThrow("There is no backup set.");
});

it.each([
  "../../x",
  "..",
  ".",
  "",
  "continuous",
  ".unfinished-2025-12-24T23-00-00Z-01234567",
  "2025-12-24/..",
  "2025-12-24T03-00-00Z/",
  "2025-02-30T00-00-00Z",
])("refuses %j", (wanted) => {
  expect(() => chooseSet(SETS, wanted)).toThrow("neither a day");
});

it("gives nothing but names of sets, whatever is typed", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom(...SETS), fc.constantFrom("2025-12-24", "2025-12-23")), (wanted) => {
      let chosen: string | undefined;
      try {
        chosen = chooseSet(SETS, wanted);
      } catch {
        return;
      }
      expect(SETS.slice(0, 3)).toContain(chosen);
    }),
  );
});
