/** Evidence is absolute: it means the same for any question and for a collection of any size. */
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, LIBRARY, type LibraryScene } from "../../test-support/answer-scene.ts";
import type { EvidenceSignals } from "../model.ts";
import { isEverydayWord } from "./everyday-words.ts";

let library: LibraryScene;
beforeAll(async () => {
  library = await createLibrary();
});

async function evidenceFor(question: string, title: string, scene = library): Promise<EvidenceSignals> {
  const hit = (await scene.index.search(question, { limit: 20 })).find(({ chunk }) => chunk.title === title);
  if (hit === undefined) throw new Error(`${title} was not found`);
  return hit.evidence;
}

describe("createEvidence", () => {
  it("is full where the passage holds every word of the question, in the order of the question", async () => {
    expect(await evidenceFor("barn owl hunts voles", "Barn owl")).toMatchObject({ termCoverage: 1, phraseCoverage: 1, knownTerms: 1 });
  });

  it("takes a word that no document holds for the rarest there is", async () => {
    const known = await evidenceFor("owl glacier", "Barn owl");
    const unknown = await evidenceFor("owl zyzzyva", "Barn owl");
    expect(unknown.termCoverage).toBeLessThan(known.termCoverage);
    expect(unknown.knownTerms).toBe(0.5);
  });

  it("misses an everyday word less than another", async () => {
    const everyday = await evidenceFor("what is the owl called", "Barn owl");
    const specific = await evidenceFor("what is the owl population", "Barn owl");
    expect(everyday.termCoverage).toBeGreaterThan(specific.termCoverage + 0.2);
  });

  it("counts title and headings as part of the passage", async () => {
    expect((await evidenceFor("moraine glacier ice", "Glacier moraine")).termCoverage).toBe(1);
  });

  it("finds no phrase where the words stand far apart, and none in a single word", async () => {
    const apart = await evidenceFor("eiffel year", "Eiffel Tower");
    expect(apart.termCoverage).toBe(1);
    expect(apart.phraseCoverage).toBe(0);
    expect((await evidenceFor("eiffel", "Eiffel Tower")).phraseCoverage).toBe(0);
  });

  it("stays within 0..1 and says about the same in a collection fifty times as large", async () => {
    const fillers = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`Filler ${index}`, `Ledger ${index * 7919} of invoice ${index * 104729}.`]),
    );
    const large = await createLibrary({ ...LIBRARY, ...fillers });
    for (const question of ["How tall is the Eiffel Tower?", "Which enzyme does the owl tower contain?"]) {
      const small = await evidenceFor(question, "Eiffel Tower");
      const big = await evidenceFor(question, "Eiffel Tower", large);
      for (const value of [...Object.values(small), ...Object.values(big)]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
      expect(Math.abs(big.termCoverage - small.termCoverage)).toBeLessThan(0.15);
    }
  });
});

describe("isEverydayWord", () => {
  it.each(["name", "Names", "called", "using", "country's", "often", "wrote"])("holds for %s", (word) => expect(isEverydayWord(word)).toBe(true));
  it.each(["owl", "enzyme", "surrender", "Bovary", ""])("does not hold for “%s”", (word) => expect(isEverydayWord(word)).toBe(false));
});
