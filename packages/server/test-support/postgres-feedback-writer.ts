/**
 * A process that opens the embedded database in the folder it is given and stores feedback until it is killed, saying the id of each on a
 * line of its own once that is acknowledged.
 */
import { startEmbeddedPostgres } from "../src/adapters/pglite/embedded-postgres.ts";
import { connectPostgres } from "../src/adapters/postgres/connection.ts";

const [dataDir, prefix] = process.argv.slice(2);
if (dataDir === undefined || prefix === undefined) throw new Error("usage: postgres-feedback-writer.ts <folder> <prefix of the ids>");

const embedded = await startEmbeddedPostgres({ dataDir });
const { feedback } = await connectPostgres({ server: embedded.connection, maxConnections: 1, timeoutMs: 10_000 });
for (let n = 0; ; n += 1) {
  const id = `${prefix}-${n}`;
  await feedback.saveFeedback({ id, principal: "ada", rating: "up", comment: "c".repeat(n % 2_000), atMs: n });
  process.stdout.write(`${id}\n`);
}
