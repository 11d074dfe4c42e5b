/**
 * Makes the models of the tests, to try `EMBEDDING_MODEL` and `RERANKER_MODEL` without a download. They know nothing.
 *
 * Usage: node packages/server/test-support/make-tiny-model.ts <folder>
 */
import { join, resolve } from "node:path";
import { writeTinyEmbedder, writeTinyReranker } from "./tiny-model/tiny-model.ts";

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write("Usage: node packages/server/test-support/make-tiny-model.ts <folder>\n");
  process.exit(64);
}
const folder = resolve(target);
await writeTinyEmbedder(join(folder, "embedder"));
await writeTinyReranker(join(folder, "reranker"));
process.stdout.write(`EMBEDDING_MODEL=${join(folder, "embedder")}\nRERANKER_MODEL=${join(folder, "reranker")}\n`);
