/** What stands in Chroma, read past the program. */
import type { Collection } from "chromadb";
import type { Api } from "../test-support/api.ts";
import { type ChromaServer, chromaClient } from "../test-support/chroma-server.ts";

/** A vector found by itself has this cosine at least; the rest is rounding. */
const ITSELF = 0.999;
const READ_AT_ONCE = 1_000;

/** The collection that the server answers from. */
export async function liveCollection(chroma: Pick<ChromaServer, "port">, api: Api): Promise<Collection> {
  const { body } = await api.admin("GET", "/admin/index");
  return await chromaClient(chroma).getCollection({ name: `rag-chunks-g${body.vectors.live.generation}` });
}

export async function listIds(collection: Collection): Promise<ReadonlySet<string>> {
  return new Set((await readVectors(collection)).keys());
}

/** Every vector, by its chunk. */
export async function readVectors(collection: Collection): Promise<ReadonlyMap<string, readonly number[]>> {
  const vectors = new Map<string, readonly number[]>();
  for (let offset = 0; ; offset += READ_AT_ONCE) {
    const { ids, embeddings } = await collection.get({ include: ["embeddings"], limit: READ_AT_ONCE, offset });
    for (const [at, id] of ids.entries()) vectors.set(id, embeddings?.[at] ?? []);
    if (ids.length < READ_AT_ONCE) return vectors;
  }
}

/** How many of so many vectors, taken evenly from all, are not the nearest to themselves. */
export async function countUnfound(collection: Collection, ids: readonly string[], sought: number): Promise<number> {
  const step = Math.max(1, Math.floor(ids.length / sought));
  const chosen = ids.filter((_, at) => at % step === 0).slice(0, sought);
  let unfound = 0;
  for (let first = 0; first < chosen.length; first += 50) {
    const { embeddings } = await collection.get({ ids: chosen.slice(first, first + 50), include: ["embeddings"] });
    const found = await collection.query({ queryEmbeddings: embeddings ?? [], nResults: 1, include: ["distances"] });
    for (const [nearest] of found.distances) if (!(1 - (nearest ?? 1) >= ITSELF)) unfound += 1;
  }
  return unfound;
}
