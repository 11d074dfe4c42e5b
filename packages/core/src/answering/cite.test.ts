/** A model's text as it is sent: bound markers, no trace of those that were dropped, nothing to load or follow. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256, toHit, toStoredDocument } from "../../test-support/answer-scene.ts";
import type { StoredDocument } from "../model.ts";
import { createAnalyzer } from "../text/analyzer.ts";
import { createCitationBinder } from "./citation-binder.ts";
import { citeModelText } from "./cite.ts";
import { createSupportFinder } from "./support.ts";

const OWL = "The barn owl hunts voles at night. Its hearing is very good. A pair raises four to six young.";
const TEA = "The host whisks the tea with a bamboo whisk. Guests bow before they drink.";

const analyzer = createAnalyzer();

function createDesk(stored: readonly StoredDocument[] = [toStoredDocument("Owl", OWL), toStoredDocument("Tea", TEA)]) {
  const documents = new Map(stored.map((document) => [document.id, document]));
  const hits = [toHit("Owl", OWL), toHit("Tea", TEA)];
  let dropped = 0;
  const binder = createCitationBinder({
    hits,
    documents: { getDocument: async (id) => documents.get(id) },
    telemetry: {
      citationDropped() {
        dropped += 1;
      },
    },
  });
  const findSupport = createSupportFinder("What does the owl hunt?", analyzer, () => 1);
  return {
    binder,
    dropped: () => dropped,
    async cite(...pieces: string[]): Promise<string> {
      async function* stream(): AsyncGenerator<string> {
        yield* pieces;
      }
      let text = "";
      for await (const piece of citeModelText(stream(), { hits, binder, findSupport, secret: "5ec2e7c0ffee" })) text += piece;
      return text;
    },
  };
}

describe("citeModelText", () => {
  it("quotes the sentence that supports the statement before the marker, wherever the full stop stands", async () => {
    const desk = createDesk();
    expect(await desk.cite("Their hearing is good [1]. They raise up to six young. [1] Tea is whisked with bamboo [2].")).toBe(
      "Their hearing is good [1]. They raise up to six young. [1] Tea is whisked with bamboo [2].",
    );
    expect(desk.binder.citations().map(({ number, quote }) => [number, quote])).toEqual([
      [1, "Its hearing is very good."],
      [1, "A pair raises four to six young."],
      [2, "The host whisks the tea with a bamboo whisk."],
    ]);
  });

  it("quotes two sentences beside each other when the statement needs both", async () => {
    const desk = createDesk();
    await desk.cite("It hunts voles by night thanks to very good hearing [1].");
    expect(desk.binder.citations()[0]?.quote).toBe("The barn owl hunts voles at night. Its hearing is very good.");
  });

  it("quotes what answers the question when the statement shares no word with the source", async () => {
    const desk = createDesk();
    await desk.cite("Sie jagt Wühlmäuse [1].");
    expect(desk.binder.citations()[0]?.quote).toBe("The barn owl hunts voles at night.");
  });

  it("lists a span that is cited twice once", async () => {
    const desk = createDesk();
    expect(await desk.cite("Good hearing [1]. Very good hearing [1].")).toBe("Good hearing [1]. Very good hearing [1].");
    expect(desk.binder.citations()).toHaveLength(1);
  });

  it("splits a marker of several numbers and leaves out those without a source", async () => {
    const desk = createDesk();
    expect(await desk.cite("Owls hunt, hosts whisk [1, 2, 7].")).toBe("Owls hunt, hosts whisk [1][2].");
    expect(desk.dropped()).toBe(1);
  });

  it.each([
    ["a document that changed", [{ ...toStoredDocument("Owl", OWL), text: OWL.replace("hearing", "eyesight") }]],
    ["a document that only looks the same", [{ ...toStoredDocument("Owl", OWL), contentHash: sha256("another version") }]],
    ["a document that is gone", []],
  ])("drops a citation of %s, its marker and the space before it, and counts it", async (_, stored) => {
    const desk = createDesk(stored);
    expect(await desk.cite("Its hearing ", "is good ", "[1", "]. And so on.")).toBe("Its hearing is good. And so on.");
    expect(desk.binder.citations()).toEqual([]);
    expect(desk.dropped()).toBe(1);
  });

  it("sends no unbound marker and nothing to load or follow, whatever the text and the cut", async () => {
    const fragment = fc.oneof(
      fc.constantFrom(..."[ ] ( ) ! < > : [1] [2] [3] [1,9] ![ ]( ]: <img </ http://evil.example/ www.evil.example word . [0".split(" "), " ", "\n"),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fragment, { maxLength: 25 }), async (pieces) => {
        const desk = createDesk();
        const text = await desk.cite(...pieces);
        expect(text).not.toMatch(/\]\(|\]:|!\[|<[a-z/!?]|evil/i);
        const bound = new Set(desk.binder.citations().map(({ number }) => number));
        for (const [, number] of text.matchAll(/\[(\d+)\]/g)) expect(bound).toContain(Number(number));
      }),
      { numRuns: 2_000 },
    );
  });
});
