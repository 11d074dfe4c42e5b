import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planIngestion } from "./plan.ts";

const path = fc.constantFrom("a.md", "b.md", "c/d.md", "c/e.md", "f.md");
const sourceHash = fc.constantFrom("1", "2");
const found = fc.uniqueArray(fc.record({ path, sourceHash }), { selector: (file) => file.path });
const stored = fc.uniqueArray(fc.record({ id: fc.uuid(), path, sourceHash }), { selector: (file) => file.id });

describe("planIngestion", () => {
  it("tells new, changed, gone and unchanged files apart", () => {
    const plan = planIngestion(
      [
        { path: "new.md", sourceHash: "1" },
        { path: "changed.md", sourceHash: "2" },
        { path: "same.md", sourceHash: "3" },
      ],
      [
        { id: "c", path: "changed.md", sourceHash: "1" },
        { id: "s", path: "same.md", sourceHash: "3" },
        { id: "g", path: "gone.md", sourceHash: "4" },
      ],
    );
    expect(plan.add.map((file) => file.path)).toEqual(["new.md"]);
    expect(plan.change.map(({ stored: { id } }) => id)).toEqual(["c"]);
    expect(plan.remove.map((file) => file.id)).toEqual(["g"]);
    expect(plan.unchanged.map((file) => file.id)).toEqual(["s"]);
  });

  it("leads from any store to exactly the files found, and then has nothing left to do", () => {
    fc.assert(
      fc.property(found, stored, (files, documents) => {
        const plan = planIngestion(files, documents);
        const after = [
          ...plan.unchanged,
          ...plan.change.map(({ found: file, stored: { id } }) => ({ ...file, id })),
          ...plan.add.map((file, position) => ({ ...file, id: `new${position}` })),
        ];
        const removed = new Set(plan.remove.map((document) => document.id));
        expect(after.length + removed.size).toBe(documents.length + plan.add.length);
        expect(after.map((file) => `${file.path} ${file.sourceHash}`).sort()).toEqual(files.map((file) => `${file.path} ${file.sourceHash}`).sort());
        const again = planIngestion(files, after);
        expect([...again.add, ...again.change, ...again.remove]).toEqual([]);
      }),
    );
  });
});
