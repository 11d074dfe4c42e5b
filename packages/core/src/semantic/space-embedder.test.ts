import { expect, it } from "vitest";
import { indexOf, TEA } from "../../test-support/small-index.ts";
import { createSpaceEmbedder } from "./space-embedder.ts";

it("embeds texts that are no part of the collection as the space does, in order, and lets others run between", async () => {
  const space = (await indexOf(TEA)).space();
  if (space === undefined) throw new Error("nothing was learnt");
  let pauses = 0;
  const embedder = createSpaceEmbedder(space, async () => {
    pauses += 1;
  });
  const texts = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? "espresso coffee beans" : "boiling water"));
  const vectors = await embedder.embed(texts, { purpose: "passage" });
  expect(vectors).toEqual(texts.map((text) => space.embedQuery(text)));
  expect([embedder.id, embedder.dimensions]).toEqual([space.id, space.dimensions]);
  expect(pauses).toBe(3);
});

it("stops when the caller has left", async () => {
  const space = (await indexOf(TEA)).space();
  if (space === undefined) throw new Error("nothing was learnt");
  const caller = new AbortController();
  const embedder = createSpaceEmbedder(space, async () => caller.abort("left"));
  await expect(embedder.embed(["tea"], { purpose: "query", signal: caller.signal })).rejects.toBe("left");
});
