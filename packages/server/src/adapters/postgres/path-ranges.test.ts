import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathRanges } from "./path-ranges.ts";

/** As PostgreSQL compares texts under the collation "C": by their bytes in UTF-8, which is the order of their code points. */
const compare = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

describe("ranges of paths", () => {
  it("hold the paths that begin with a prefix, each once, and no others", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"), maxLength: 4 });
    fc.assert(
      fc.property(fc.option(fc.array(text, { maxLength: 4 }), { nil: undefined }), text, (prefixes, path) => {
        const holding = pathRanges(prefixes).filter(({ first, end }) => compare(path, first) >= 0 && compare(path, end) < 0);
        expect(holding.length).toBe((prefixes ?? [""]).some((prefix) => path.startsWith(prefix)) ? 1 : 0);
      }),
      { numRuns: 5_000 },
    );
  });
});
