/**
 * Imported before the server (`node --import`): an embedding model that works without pause, in a process of its own as the server's are,
 * with as much arithmetic as a MiniLM of six layers.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalEmbedder } from "../packages/server/src/adapters/transformers/embedder.ts";
import { embedderOptionsFor } from "../packages/server/test-support/local-model-options.ts";
import { writeTinyEmbedder } from "../packages/server/test-support/tiny-model/tiny-model.ts";

/** Multiplications that make the tiny model as slow as a real one. */
const ROUNDS = 150;
const TEXTS = Array.from({ length: 32 }, (_, at) => "gardens and ".repeat(at % 12));

const folder = mkdtempSync(join(tmpdir(), "rag-busy-model-"));
await writeTinyEmbedder(folder, { rounds: ROUNDS });
const embedder = await openLocalEmbedder(embedderOptionsFor(folder));
rmSync(folder, { recursive: true });
let isOver = false;

async function embed(): Promise<void> {
  while (!isOver) await embedder.embed(TEXTS, { purpose: "passage" });
}

void embed().catch(() => {});
// The server ends when nothing is left that holds it.
process.once("SIGTERM", () => {
  isOver = true;
  void embedder.close();
});
