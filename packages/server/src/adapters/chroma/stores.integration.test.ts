/** The contract of every vector store, kept by a real Chroma. */
import { afterAll, beforeAll } from "vitest";
import { vectorStoreContract } from "../../../../core/src/vectors/vector-store.contract.ts";
import { connectForTest, type TestedChroma } from "../../../test-support/chroma-scene.ts";
import { type ChromaServer, startChromaServer } from "../../../test-support/chroma-server.ts";
import { createChromaVectorStore } from "./vector-store.ts";

let server: ChromaServer;
let chroma: TestedChroma;

beforeAll(async () => {
  server = await startChromaServer();
  chroma = connectForTest(server.url);
});

afterAll(async () => {
  chroma.close();
  await server.remove();
});

vectorStoreContract(
  "Chroma",
  async () => {
    const store = createChromaVectorStore(chroma);
    for (const { generation } of await store.list()) await store.drop(generation);
    return store;
  },
  { runs: 20 },
);
