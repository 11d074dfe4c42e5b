import { describe, expect, it } from "vitest";
import { indexOf, TEA } from "../../test-support/small-index.ts";
import { createHybridIndex, type HybridIndex } from "../retrieval/hybrid-index.ts";
import type { SemanticSpace } from "./semantic-space.ts";

function spaceOf(index: HybridIndex): SemanticSpace {
  const space = index.space();
  if (space === undefined) throw new Error("nothing was learnt");
  return space;
}

const length = (vector: Float32Array | undefined): number => Math.sqrt((vector ?? new Float32Array()).reduce((sum, value) => sum + value * value, 0));
const cosine = (left: Float32Array, right: Float32Array | undefined): number => left.reduce((sum, value, at) => sum + value * (right?.[at] ?? 0), 0);

describe("the semantic space of an index", () => {
  it("is there once something was learnt", async () => {
    expect(createHybridIndex().space()).toBeUndefined();
    const space = spaceOf(await indexOf(TEA));
    expect(space.dimensions).toBeGreaterThan(0);
  });

  it("has a vector of unit length for each chunk, near to questions about it", async () => {
    const space = spaceOf(await indexOf(TEA));
    const query = space.embedQuery("espresso coffee beans");
    expect(query).toHaveLength(space.dimensions);
    for (const id of Object.keys(TEA)) expect(length(space.vectorOf(`${id}.0`))).toBeCloseTo(1, 5);
    expect(cosine(query, space.vectorOf("coffee.0"))).toBeGreaterThan(cosine(query, space.vectorOf("rain.0")));
    expect(space.vectorOf("unknown.0")).toBeUndefined();
  });

  it("has one for a text of which it knows no word, too", async () => {
    expect(length(spaceOf(await indexOf(TEA)).embedQuery("zebra"))).toBeCloseTo(1, 5);
  });

  it("has the same name wherever it is loaded, and another once it was learnt anew", async () => {
    const index = await indexOf(TEA);
    const space = spaceOf(index);
    const copy = createHybridIndex();
    copy.fromSnapshot(index.toSnapshot() ?? new Uint8Array());
    copy.upsertDocument([{ ...CHUNK, id: "green.0", documentId: "green", text: String(TEA["green"]) }]);
    await copy.refresh({ train: false });
    expect(spaceOf(copy).id).toBe(space.id);
    expect(spaceOf(copy).embedQuery("boiling water")).toEqual(space.embedQuery("boiling water"));
    expect(spaceOf(await indexOf({ ...TEA, hen: "The hen lays an egg a day." })).id).not.toBe(space.id);
  });
});

const CHUNK = { ordinal: 0, start: 0, end: 1, headingPath: [], path: "a.md", title: "", contentHash: "" };
