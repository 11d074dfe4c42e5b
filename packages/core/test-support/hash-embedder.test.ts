import { expect, it } from "vitest";
import { embedderContract } from "../src/semantic/embedder.contract.ts";
import { createHashEmbedder } from "./hash-embedder.ts";

embedderContract("the hash embedder", createHashEmbedder);

it("is another embedder with another seed or length", async () => {
  const [one] = await createHashEmbedder().embed(["tea"], { purpose: "query" });
  const [other] = await createHashEmbedder({ seed: 2 }).embed(["tea"], { purpose: "query" });
  expect(other).not.toEqual(one);
  expect(new Set([{}, { seed: 2 }, { dimensions: 8 }].map((options) => createHashEmbedder(options).id)).size).toBe(3);
});
